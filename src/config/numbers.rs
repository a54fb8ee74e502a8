//! Options that are numbers: integers, ports, and the SCRAM keys' base64.

use zeroize::{Zeroize, Zeroizing};

use super::error::{ConfigError, ScramSide};
use super::options::Opt;
use super::text::{error_with, trim_end, trim_start};

/// The integer that `value` is for `option`: decimal, with a sign if need be, white space around it allowed.
///
/// # Errors
/// [`ConfigError::InvalidInteger`] for anything else, and for what does not fit 32 bits.
pub fn parse_int_option(value: &[u8], option: Opt) -> Result<i32, ConfigError> {
    read_int(value)
        .ok_or_else(|| error_with(value, |value| ConfigError::InvalidInteger { option, value }))
}

fn read_int(value: &[u8]) -> Option<i32> {
    let digits = trim_end(trim_start(value));
    // Rust's rules for a signed decimal are C's once the white space is gone.
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Why a port cannot be used; the two cases have different consequences (behaviour 70).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortError {
    /// It is no integer: the whole connection attempt ends.
    NotAnInteger(ConfigError),
    /// It is no port: the next host is tried.
    OutOfRange(ConfigError),
}

impl PortError {
    /// The error to report.
    pub fn error(&self) -> &ConfigError {
        match self {
            PortError::NotAnInteger(error) | PortError::OutOfRange(error) => error,
        }
    }
}

/// The port that one element of `port` names; the default port for an empty one.
///
/// # Errors
/// [`PortError`].
pub fn parse_port(text: &[u8]) -> Result<u16, PortError> {
    let text = match text.is_empty() {
        true => super::build::DEFAULT_PORT.as_bytes(),
        false => text,
    };
    let number = parse_int_option(text, Opt::Port).map_err(PortError::NotAnInteger)?;
    match u16::try_from(number) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(PortError::OutOfRange(error_with(text, |value| {
            ConfigError::PortOutOfRange { value }
        }))),
    }
}

/// Length of a SCRAM-SHA-256 key in bytes.
pub const SCRAM_KEY_LEN: usize = 32;

/// Decodes a SCRAM key.
pub(super) fn read_scram_key(
    value: &[u8],
    side: ScramSide,
) -> Result<Zeroizing<[u8; SCRAM_KEY_LEN]>, ConfigError> {
    let decoded = decode_base64(value)?.ok_or(ConfigError::ScramKey { side })?;
    let mut key = Zeroizing::new([0; SCRAM_KEY_LEN]);
    if decoded.len() != SCRAM_KEY_LEN {
        return Err(ConfigError::ScramKeyLength {
            side,
            length: decoded.len(),
        });
    }
    key.copy_from_slice(&decoded);
    Ok(key)
}

/// Decodes base64 as leniently as libpq, which a strict decoder would not: bits left over are dropped, and after
/// padding more groups may follow, each as short as the first padded one. `None` is no base64.
fn decode_base64(text: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, ConfigError> {
    if !text.len().is_multiple_of(4) {
        return Ok(None);
    }
    let mut out = Zeroizing::new(Vec::new());
    out.try_reserve_exact(text.len() / 4 * 3)
        .map_err(|_| ConfigError::OutOfMemory)?;
    let mut group_len = None;
    for group in text.chunks(4) {
        let mut bits = 0u32;
        for (place, &byte) in group.iter().enumerate() {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if group_len.is_some() || place >= 2 => {
                    group_len.get_or_insert_with(|| place - 1);
                    0
                }
                _ => return Ok(None),
            };
            bits = bits << 6 | u32::from(digit);
        }
        let mut bytes = bits.to_be_bytes();
        let decoded = bytes.iter().skip(1).take(group_len.unwrap_or(3));
        out.extend(decoded);
        bytes.zeroize();
        bits.zeroize();
    }
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_may_have_white_space_and_sign() {
        for (text, number) in [
            ("1", 1),
            (" \t\x0b-7\n ", -7),
            ("+3", 3),
            ("007", 7),
            ("2147483647", i32::MAX),
        ] {
            assert_eq!(
                parse_int_option(text.as_bytes(), Opt::Keepalives),
                Ok(number),
                "{text:?}"
            );
        }
        for text in [
            "",
            " ",
            "1x",
            "x",
            "0x1",
            "1 2",
            "2147483648",
            "- 1",
            "+-1",
            "1.0",
            "--1",
        ] {
            assert!(
                parse_int_option(text.as_bytes(), Opt::Keepalives).is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn ports_out_of_range_differ_from_ports_that_are_no_numbers() {
        // behaviours 69, 70
        assert_eq!(parse_port(b""), Ok(5432));
        assert_eq!(parse_port(b" 1 "), Ok(1));
        assert_eq!(parse_port(b"65535"), Ok(65535));
        assert!(matches!(parse_port(b"0"), Err(PortError::OutOfRange(_))));
        assert!(matches!(
            parse_port(b"65536"),
            Err(PortError::OutOfRange(_))
        ));
        assert!(matches!(parse_port(b"-1"), Err(PortError::OutOfRange(_))));
        assert!(matches!(
            parse_port(b"99999999999"),
            Err(PortError::NotAnInteger(_))
        ));
        assert!(matches!(parse_port(b"x"), Err(PortError::NotAnInteger(_))));
    }

    #[test]
    fn base64_is_as_lenient_as_libpq() {
        let len = |text: &[u8]| decode_base64(text).unwrap().map(|bytes| bytes.len());
        for (text, length) in [
            ("", Some(0)),
            ("QUJD", Some(3)),
            ("QUI=", Some(2)),
            ("QQ==", Some(1)),
            ("QQ=Q", Some(1)),
            ("QUI=QUJD", Some(4)),
            ("QQ==QUI=QUJD", Some(3)),
            ("QUI==QQQ", Some(4)),
            ("QUI", None),
            ("Q===", None),
            ("=QQQ", None),
            ("QUJD=QQQ", None),
            ("QU D", None),
            ("QUJ-", None),
        ] {
            assert_eq!(len(text.as_bytes()), length, "{text:?}");
        }
        assert_eq!(decode_base64(b"QUJD").unwrap().unwrap().as_slice(), b"ABC");
    }
}
