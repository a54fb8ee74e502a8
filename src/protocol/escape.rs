//! Escaping for inclusion in SQL (manual: "Escaping Strings for Inclusion in SQL Commands"; behaviours 286 to 296).
//!
//! Owns quoting and the refusal of invalid multibyte input, in any client encoding. Refuses to know a connection: its
//! encoding and its `standard_conforming_strings` are arguments. Called by `capi` and by `PQchangePassword`.
//!
//! A quote or backslash is only seen where a character begins, so the second byte of a Shift-JIS or GBK character is
//! never taken for one; and bytes that are no character never reach the server, which could read them otherwise
//! (CVE-2025-1094).

use crate::protocol::encoding;

/// Why input cannot be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscapeError {
    /// A character is cut off by the end of the input.
    IncompleteCharacter,
    /// Bytes are no character of the encoding.
    InvalidCharacter,
    /// The escaped form of a bytea would be longer than any size can say.
    ByteaTooLong,
    /// No memory.
    OutOfMemory,
}

impl EscapeError {
    /// Appends libpq's wording, without a trailing newline.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            EscapeError::IncompleteCharacter => {
                out.extend_from_slice(b"incomplete multibyte character");
            }
            EscapeError::InvalidCharacter => {
                out.extend_from_slice(b"invalid multibyte character");
            }
            EscapeError::ByteaTooLong => out.extend_from_slice(
                format!(
                    "escaped bytea size exceeds the maximum allowed ({})",
                    usize::MAX
                )
                .as_bytes(),
            ),
            EscapeError::OutOfMemory => out.extend_from_slice(b"out of memory"),
        }
    }
}

/// What [`escape_string`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscapedString {
    /// Bytes given out, at most twice the input's.
    pub len: usize,
    /// The first thing that was wrong with the input.
    pub error: Option<EscapeError>,
}

/// Escapes the inside of a string constant, giving the result to `emit` piece by piece, without a NUL.
///
/// Quotes are doubled, and backslashes too unless `std_strings` (`standard_conforming_strings`). The input ends at a
/// NUL. Each byte that begins no valid character becomes two bytes that are invalid for the server as well, so that a
/// caller who ignores the error is refused there.
pub fn escape_string(
    from: &[u8],
    client_encoding: i32,
    std_strings: bool,
    mut emit: impl FnMut(&[u8]),
) -> EscapedString {
    let mut result = EscapedString {
        len: 0,
        error: None,
    };
    let mut rest = until_nul(from);
    while let [first, ..] = rest {
        let (piece, taken) = match first {
            b'\'' => (&b"''"[..], 1),
            b'\\' if !std_strings => (&b"\\\\"[..], 1),
            0x00..=0x7f => (rest.get(..1).unwrap_or_default(), 1),
            _ => match character(rest, client_encoding) {
                Ok(len) => (rest.get(..len).unwrap_or(rest), len),
                Err(error) => {
                    result.error.get_or_insert(error);
                    (surely_invalid(client_encoding), 1)
                }
            },
        };
        emit(piece);
        result.len += piece.len();
        rest = rest.get(taken..).unwrap_or_default();
    }
    result
}

/// A string constant with its quotes; with a backslash inside, in the form ` E'...'` with doubled backslashes.
///
/// The input ends at a NUL.
///
/// # Errors
/// Input that is invalid in the encoding, or no memory.
pub fn escape_literal(from: &[u8], client_encoding: i32) -> Result<Vec<u8>, EscapeError> {
    quoted(from, client_encoding, b'\'', true)
}

/// An identifier with its double quotes.
///
/// The input ends at a NUL.
///
/// # Errors
/// Input that is invalid in the encoding, or no memory.
pub fn escape_identifier(from: &[u8], client_encoding: i32) -> Result<Vec<u8>, EscapeError> {
    quoted(from, client_encoding, b'"', false)
}

fn quoted(
    from: &[u8],
    client_encoding: i32,
    quote: u8,
    as_literal: bool,
) -> Result<Vec<u8>, EscapeError> {
    let text = until_nul(from);
    let (mut quotes, mut backslashes) = (0usize, 0usize);
    for character in valid_characters(text, client_encoding)? {
        quotes += usize::from(character == [quote]);
        backslashes += usize::from(as_literal && character == b"\\");
    }
    let mut out = Vec::new();
    // None of the sums overflows: each is at most twice the size of a slice.
    out.try_reserve_exact(text.len() + quotes + backslashes + 4)
        .map_err(|_| EscapeError::OutOfMemory)?;
    if backslashes > 0 {
        out.extend_from_slice(b" E");
    }
    out.push(quote);
    for character in valid_characters(text, client_encoding)? {
        if character == [quote] || (as_literal && character == b"\\") {
            out.extend_from_slice(character);
        }
        out.extend_from_slice(character);
    }
    out.push(quote);
    Ok(out)
}

/// Escapes a bytea for a string constant; no NUL is added.
///
/// `hex` selects the form `\x..`, which servers from 9.0 read; else bytes outside printable ASCII become `\ooo`.
/// Backslashes of the form itself are doubled unless `std_strings`.
///
/// # Errors
/// [`EscapeError::ByteaTooLong`] and [`EscapeError::OutOfMemory`].
pub fn escape_bytea(from: &[u8], std_strings: bool, hex: bool) -> Result<Vec<u8>, EscapeError> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS[usize::from(value & 15)];
    let backslash: &[u8] = if std_strings { b"\\" } else { b"\\\\" };
    let mut out = Vec::new();
    if hex {
        let size = escaped_bytea_size(from.len(), std_strings)?;
        out.try_reserve_exact(size)
            .map_err(|_| EscapeError::OutOfMemory)?;
        out.extend_from_slice(backslash);
        out.push(b'x');
        for byte in from {
            out.extend_from_slice(&[digit(byte >> 4), digit(*byte)]);
        }
        return Ok(out);
    }
    let size = from.iter().try_fold(1usize, |size, byte| {
        size.checked_add(match byte {
            b'\'' => 2,
            b'\\' => 2 * backslash.len(),
            b' '..=b'~' => 1,
            _ => backslash.len() + 3,
        })
    });
    out.try_reserve_exact(size.ok_or(EscapeError::ByteaTooLong)?)
        .map_err(|_| EscapeError::OutOfMemory)?;
    for byte in from {
        match byte {
            b'\'' => out.extend_from_slice(b"''"),
            b'\\' => {
                out.extend_from_slice(backslash);
                out.extend_from_slice(backslash);
            }
            b' '..=b'~' => out.push(*byte),
            _ => {
                out.extend_from_slice(backslash);
                out.extend_from_slice(&[digit(byte >> 6), digit(byte >> 3 & 7), digit(byte & 7)]);
            }
        }
    }
    Ok(out)
}

/// Size of the hexadecimal form of `len` bytes with a NUL, which a caller must ask before it trusts a length from C.
///
/// # Errors
/// [`EscapeError::ByteaTooLong`].
pub fn escaped_bytea_size(len: usize, std_strings: bool) -> Result<usize, EscapeError> {
    let frame = if std_strings { 3 } else { 4 };
    len.checked_mul(2)
        .and_then(|size| size.checked_add(frame))
        .ok_or(EscapeError::ByteaTooLong)
}

/// Reads the text form of a bytea, either form (behaviour 295). The input ends at a NUL.
///
/// Never fails on its input: what is no hexadecimal pair is skipped, a backslash that begins no escape is dropped.
///
/// # Errors
/// [`EscapeError::OutOfMemory`].
pub fn unescape_bytea(text: &[u8]) -> Result<Vec<u8>, EscapeError> {
    let text = until_nul(text);
    let mut out = Vec::new();
    // One byte more than needed, as libpq gives.
    out.try_reserve_exact(text.len() + 1)
        .map_err(|_| EscapeError::OutOfMemory)?;
    if let Some(digits) = text.strip_prefix(b"\\x") {
        let value = |byte: u8| char::from(byte).to_digit(16);
        let mut digits = digits.iter().copied();
        while let Some(high) = digits.next() {
            // A first digit takes the byte after it along, whether that is a digit or not.
            let Some(high) = value(high) else { continue };
            if let Some(low) = digits.next().and_then(value) {
                out.push((high << 4 | low) as u8);
            }
        }
        return Ok(out);
    }
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (
                b'\\',
                [
                    a @ b'0'..=b'3',
                    b @ b'0'..=b'7',
                    c @ b'0'..=b'7',
                    after @ ..,
                ],
            ) => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            (b'\\', [next, after @ ..]) => {
                out.push(*next);
                rest = after;
            }
            (b'\\', []) => {}
            _ => out.push(first),
        }
    }
    Ok(out)
}

fn until_nul(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|&byte| byte == 0);
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

/// Length of the valid character at the start of `text`, which is not empty.
fn character(text: &[u8], client_encoding: i32) -> Result<usize, EscapeError> {
    encoding::verify(client_encoding, text).ok_or_else(|| {
        // GB18030 tells the length by the second byte: a lone first one is incomplete by any reading.
        if encoding::mblen(client_encoding, text) > text.len() {
            EscapeError::IncompleteCharacter
        } else {
            EscapeError::InvalidCharacter
        }
    })
}

/// The characters of `text`, once all are known to be valid.
///
/// The reference reads from the first byte above 127 to the end in one go and, if anything there is invalid, judges
/// by the character at that first byte alone.
fn valid_characters(
    text: &[u8],
    client_encoding: i32,
) -> Result<impl Iterator<Item = &[u8]>, EscapeError> {
    if let Some(start) = text.iter().position(|byte| !byte.is_ascii()) {
        let tail = text.get(start..).unwrap_or_default();
        let mut rest = tail;
        while !rest.is_empty() {
            let Some(len) = encoding::verify(client_encoding, rest) else {
                return Err(if encoding::mblen(client_encoding, tail) > tail.len() {
                    EscapeError::IncompleteCharacter
                } else {
                    EscapeError::InvalidCharacter
                });
            };
            rest = rest.get(len..).unwrap_or_default();
        }
    }
    let mut rest = text;
    Ok(core::iter::from_fn(move || {
        let len = encoding::verify(client_encoding, rest)?;
        let (character, after) = rest.split_at_checked(len)?;
        rest = after;
        Some(character)
    }))
}

/// Two bytes that every server refuses in this encoding. The second is neither a quote nor a backslash.
fn surely_invalid(client_encoding: i32) -> &'static [u8] {
    match client_encoding {
        encoding::UTF8 => b"\xc0 ",
        _ => b"\x8d ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::encoding::{GBK, LATIN1, SJIS, SQL_ASCII, UTF8};
    use EscapeError::{IncompleteCharacter, InvalidCharacter};

    fn string(
        from: &[u8],
        client_encoding: i32,
        std_strings: bool,
    ) -> (Vec<u8>, Option<EscapeError>) {
        let mut out = Vec::new();
        let done = escape_string(from, client_encoding, std_strings, |piece| {
            out.extend_from_slice(piece);
        });
        assert_eq!(done.len, out.len());
        assert!(out.len() <= 2 * from.len());
        (out, done.error)
    }

    #[test]
    fn quotes_are_doubled_and_backslashes_only_without_standard_conforming_strings() {
        // behaviour 286
        assert_eq!(string(b"a'b\\c", UTF8, true), (b"a''b\\c".to_vec(), None));
        assert_eq!(
            string(b"a'b\\c", UTF8, false),
            (b"a''b\\\\c".to_vec(), None)
        );
        assert_eq!(string(b"a\0b'", UTF8, true), (b"a".to_vec(), None));
    }

    #[test]
    fn invalid_bytes_of_a_string_become_a_sequence_the_server_refuses() {
        // behaviour 287
        for (from, out, error) in [
            (&b"\xc3"[..], &b"\xc0 "[..], IncompleteCharacter),
            (b"\xc3'", b"\xc0 ''", InvalidCharacter),
            (b"\xc3\xc3\xa9", b"\xc0 \xc3\xa9", InvalidCharacter),
            (b"\xff\xfe'x", b"\xc0 \xc0 ''x", InvalidCharacter),
            (b"a\xe3\x81", b"a\xc0 \xc0 ", IncompleteCharacter),
            (b"\xe3\0\x81", b"\xc0 ", IncompleteCharacter),
            (b"\xe3\x81\xc3", b"\xc0 \xc0 \xc0 ", InvalidCharacter),
        ] {
            assert_eq!(string(from, UTF8, true), (out.to_vec(), Some(error)));
        }
        assert_eq!(
            string(b"\x83'", SJIS, true),
            (b"\x8d ''".to_vec(), Some(InvalidCharacter))
        );
        assert_eq!(
            string(b"\xc3\xe3", SJIS, true),
            (b"\xc3\x8d ".to_vec(), Some(IncompleteCharacter))
        );
    }

    #[test]
    fn single_byte_encodings_take_any_byte() {
        for client_encoding in [SQL_ASCII, LATIN1, -1, 99] {
            assert_eq!(
                string(b"\xff'", client_encoding, true),
                (b"\xff''".to_vec(), None)
            );
        }
    }

    #[test]
    fn a_backslash_or_quote_inside_a_character_is_left_alone() {
        // behaviour 296
        assert_eq!(
            string(b"\x83\\'", SJIS, false),
            (b"\x83\\''".to_vec(), None)
        );
        assert_eq!(
            string(b"\x81\\\\", GBK, false),
            (b"\x81\\\\\\".to_vec(), None)
        );
        assert_eq!(
            escape_literal(b"\x83\\", SJIS).as_deref(),
            Ok(&b"'\x83\\'"[..])
        );
    }

    #[test]
    fn a_literal_with_a_backslash_takes_the_e_form() {
        // behaviour 290
        let literal = |from| escape_literal(from, UTF8).unwrap();
        assert_eq!(literal(b""), b"''");
        assert_eq!(literal(b"a'b"), b"'a''b'");
        assert_eq!(literal(b"a'b\\c"), b" E'a''b\\\\c'");
        assert_eq!(literal(b"a\0'"), b"'a'");
    }

    #[test]
    fn an_identifier_doubles_double_quotes_only() {
        // behaviour 291
        let identifier = |from| escape_identifier(from, UTF8).unwrap();
        assert_eq!(identifier(b""), b"\"\"");
        assert_eq!(identifier(b"a\"'\\"), b"\"a\"\"'\\\"");
    }

    #[test]
    fn invalid_literals_and_identifiers_are_refused_by_the_first_high_byte() {
        // behaviour 289
        for (from, client_encoding, error) in [
            (&b"\xc3"[..], UTF8, IncompleteCharacter),
            (b"\xc3'", UTF8, InvalidCharacter),
            (b"\xc3\xa9\xc3", UTF8, InvalidCharacter),
            (b"a\xe3\x81", UTF8, IncompleteCharacter),
            (b"\xe3", SJIS, IncompleteCharacter),
            (b"\xc3\xe3", SJIS, InvalidCharacter),
        ] {
            assert_eq!(escape_literal(from, client_encoding), Err(error));
            assert_eq!(escape_identifier(from, client_encoding), Err(error));
        }
    }

    #[test]
    fn bytea_is_written_in_both_forms() {
        // behaviours 293, 294
        let from = b"a\\'\0\x80\x1f\x7f~ ";
        let written = |std_strings, hex| escape_bytea(from, std_strings, hex).unwrap();
        assert_eq!(written(true, true), b"\\x615c2700801f7f7e20");
        assert_eq!(written(false, true), b"\\\\x615c2700801f7f7e20");
        assert_eq!(written(true, false), b"a\\\\''\\000\\200\\037\\177~ ");
        assert_eq!(
            written(false, false),
            b"a\\\\\\\\''\\\\000\\\\200\\\\037\\\\177~ "
        );
    }

    #[test]
    fn a_bytea_size_beyond_any_is_refused() {
        let half = usize::MAX / 2;
        assert_eq!(
            escaped_bytea_size(half, true),
            Err(EscapeError::ByteaTooLong)
        );
        assert_eq!(escaped_bytea_size(half - 1, true), Ok(usize::MAX));
        assert_eq!(
            escaped_bytea_size(half - 1, false),
            Err(EscapeError::ByteaTooLong)
        );
        let mut text = Vec::new();
        EscapeError::ByteaTooLong.write_text(&mut text);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "escaped bytea size exceeds the maximum allowed (18446744073709551615)"
        );
    }

    #[test]
    fn bytea_is_read_from_both_forms() {
        // behaviour 295
        for (text, bytes) in [
            (&b""[..], &b""[..]),
            (b"\\x", b""),
            (b"\\x41", b"A"),
            (b"\\x4g1", b""),
            (b"\\x4142zz43", b"ABC"),
            (b"\\x414", b"A"),
            (b"\\X41", b"X41"),
            (b"\\\\x41", b"\\x41"),
            (b"a\\101b", b"aAb"),
            (b"a\\401b", b"a401b"),
            (b"a\\189", b"a189"),
            (b"a\\10", b"a10"),
            (b"\\3777", b"\xff7"),
            (b"\\000a", b"\0a"),
            (b"a\\", b"a"),
        ] {
            assert_eq!(unescape_bytea(text).as_deref(), Ok(bytes), "{text:?}");
        }
    }
}
