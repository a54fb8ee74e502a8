//! What the backend (the server) sends: type bytes, the framing rule, and a cursor over a message's body.
//!
//! A message is Byte1 type, Int32 length (which counts itself, not the type), and the body. Source: the manual's
//! chapter "Frontend/Backend Protocol", section "Message Formats".

use super::types::Oid;

/// Type bytes of backend messages, named after the message.
pub mod tag {
    #![allow(missing_docs)] // each constant is named after its message in the manual
    pub const AUTHENTICATION: u8 = b'R';
    pub const BACKEND_KEY_DATA: u8 = b'K';
    pub const BIND_COMPLETE: u8 = b'2';
    pub const CLOSE_COMPLETE: u8 = b'3';
    pub const COMMAND_COMPLETE: u8 = b'C';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_IN_RESPONSE: u8 = b'G';
    pub const COPY_OUT_RESPONSE: u8 = b'H';
    pub const COPY_BOTH_RESPONSE: u8 = b'W';
    pub const DATA_ROW: u8 = b'D';
    pub const EMPTY_QUERY_RESPONSE: u8 = b'I';
    pub const ERROR_RESPONSE: u8 = b'E';
    pub const FUNCTION_CALL_RESPONSE: u8 = b'V';
    pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
    pub const NO_DATA: u8 = b'n';
    pub const NOTICE_RESPONSE: u8 = b'N';
    pub const NOTIFICATION_RESPONSE: u8 = b'A';
    pub const PARAMETER_DESCRIPTION: u8 = b't';
    pub const PARAMETER_STATUS: u8 = b'S';
    pub const PARSE_COMPLETE: u8 = b'1';
    pub const PORTAL_SUSPENDED: u8 = b's';
    pub const READY_FOR_QUERY: u8 = b'Z';
    pub const ROW_DESCRIPTION: u8 = b'T';
}

/// Bytes before the body: the type byte and the length word.
pub const HEADER_LEN: usize = 5;

/// The longest body-with-length word a message may announce that is not one of the long kinds (behaviour 343).
const SHORT_MESSAGE_LIMIT: i32 = 30_000;

/// Whether `length` (the length word) is believable for a message of type `kind` (behaviour 343).
#[inline]
pub fn length_is_valid(kind: u8, length: i32) -> bool {
    use tag::*;
    length >= 4
        && (length <= SHORT_MESSAGE_LIMIT
            || matches!(
                kind,
                COPY_DATA
                    | DATA_ROW
                    | ERROR_RESPONSE
                    | FUNCTION_CALL_RESPONSE
                    | NOTICE_RESPONSE
                    | NOTIFICATION_RESPONSE
                    | ROW_DESCRIPTION
                    | PARAMETER_DESCRIPTION
            ))
}

/// A cursor over a message's body. Every read is bounded by the body; `None` means the body was too short.
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `body`.
    pub fn new(body: &'a [u8]) -> Self {
        Reader { rest: body }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(head)
    }

    /// Byte1.
    pub fn byte(&mut self) -> Option<u8> {
        Some(self.bytes(1)?[0])
    }

    /// Int16, unsigned.
    pub fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    /// Int16, sign-extended.
    pub fn i16(&mut self) -> Option<i16> {
        Some(self.u16()? as i16)
    }

    /// Int32.
    pub fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    /// Int32 holding an object identifier.
    pub fn oid(&mut self) -> Option<Oid> {
        Some(self.i32()? as Oid)
    }

    /// String: bytes up to a NUL, which is read too and not returned.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let len = find_nul(self.rest)?;
        let text = &self.rest[..len];
        self.rest = &self.rest[len + 1..];
        Some(text)
    }
}

/// Where the first NUL is, looked for a word at a time.
pub(super) fn find_nul(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest bit that is set is the top bit of the first byte that is 0.
        let zeros = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
        if zeros != 0 {
            return Some(i * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|&b| b == 0)?;
    Some(words.len() * 8 + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_343_only_long_kinds_may_pass_thirty_thousand() {
        assert!(length_is_valid(b'Z', 30_000));
        assert!(!length_is_valid(b'Z', 30_001));
        assert!(length_is_valid(b'D', i32::MAX));
        assert!(!length_is_valid(b'D', 3));
        assert!(!length_is_valid(b'D', -1));
    }

    #[test]
    fn the_first_nul_is_found_wherever_it_is() {
        for len in 0..40 {
            for at in 0..len {
                let mut bytes = vec![0x80; len];
                bytes[at] = 0;
                bytes[len - 1] = 0;
                assert_eq!(find_nul(&bytes), Some(at));
                bytes.iter_mut().for_each(|b| *b |= 1);
                assert_eq!(find_nul(&bytes), None);
            }
        }
        assert_eq!(find_nul(b"\x01\0"), Some(1));
        assert_eq!(find_nul(b"abc\x01\x01\0\x01\x01"), Some(5));
    }

    #[test]
    fn reader_stops_at_the_end() {
        let mut r = Reader::new(b"ab\0\0\x01");
        assert_eq!(r.string(), Some(&b"ab"[..]));
        assert_eq!(r.u16(), Some(1));
        assert_eq!(r.byte(), None);
        assert!(r.is_at_end());
        assert_eq!(Reader::new(b"no end").string(), None);
    }
}
