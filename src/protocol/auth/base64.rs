//! Base64 as the server and libpq 18 read it in SCRAM messages, secrets and the `scram_client_key` option.
//!
//! Writing is plain RFC 4648. Reading is laxer than RFC 4648 in two ways that libpq 18.6 was seen to have: unused
//! trailing bits may be anything, and text may go on after the padding, where every further group of four is cut to
//! as many bytes as the first padded one. Spaces, other characters and a length that is no multiple of four are refused.

use base64ct::{Base64, Encoding};

/// Decodes `text` into `out` and returns how many bytes it held.
///
/// `None` when the text is not base64 or does not fit.
pub fn decode(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut len = 0;
    // Bytes a group yields: three until padding has been seen, then one or two for good.
    let mut yield_bytes = 3;
    let mut groups = text.chunks_exact(4);
    for group in &mut groups {
        let mut bits = 0u32;
        for (place, &byte) in group.iter().enumerate() {
            let value = match sextet(byte) {
                Some(value) => value,
                None if byte == b'=' => {
                    if yield_bytes == 3 {
                        yield_bytes = match place {
                            2 => 1,
                            3 => 2,
                            _ => return None,
                        };
                    }
                    0
                }
                None => return None,
            };
            bits = bits << 6 | value;
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        let target = out.get_mut(len..len + yield_bytes)?;
        target.copy_from_slice(bytes.get(..yield_bytes)?);
        len += yield_bytes;
    }
    groups.remainder().is_empty().then_some(len)
}

/// Appends the base64 form of `bytes`, which must be small and bounded (keys, salts, nonces).
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(Base64::encode_string(bytes).as_bytes());
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut out = [0; 100];
        decode(text.as_bytes(), &mut out).map(|len| out[..len].to_vec())
    }

    #[test]
    fn ordinary_base64_is_read() {
        assert_eq!(decoded("").as_deref(), Some(&b""[..]));
        assert_eq!(decoded("YQ==").as_deref(), Some(&b"a"[..]));
        assert_eq!(decoded("YWI=").as_deref(), Some(&b"ab"[..]));
        assert_eq!(decoded("YWJj").as_deref(), Some(&b"abc"[..]));
        assert_eq!(decoded("+/+/").as_deref(), Some(&[0xfb, 0xff, 0xbf][..]));
    }

    #[test]
    fn unused_bits_and_text_after_the_padding_are_tolerated_as_in_the_reference() {
        assert_eq!(decoded("YR==").as_deref(), Some(&b"a"[..]));
        assert_eq!(decoded("YQ==YQ==").as_deref(), Some(&b"aa"[..]));
        assert_eq!(decoded("YWI=YQ==").as_deref(), Some(&b"aba\0"[..]));
        assert_eq!(decoded("YQ=a").as_deref(), Some(&b"a"[..]));
    }

    #[test]
    fn missing_padding_spaces_and_foreign_characters_are_refused() {
        for text in [
            "Y", "YQ", "YQ=", "=", "====", "Y===", "YQ== ", " YQ==", "YQ-_", "YW\nJ",
        ] {
            assert_eq!(decoded(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(decode(b"YWJj", &mut [0; 2]), None);
        assert_eq!(decode(b"YWJj", &mut [0; 3]), Some(3));
    }
}
