//! Connection strings of the form `keyword = value` (libpq manual, "Keyword/Value Connection Strings").

use zeroize::Zeroizing;

use super::error::ConfigError;
use super::settings::Settings;
use super::text::{append, error_with, is_space, trim_start};

/// Reads `conninfo` into `settings`; a repeated keyword overwrites.
pub(super) fn parse(conninfo: &[u8], settings: &mut Settings) -> Result<(), ConfigError> {
    let mut rest = trim_start(conninfo);
    while !rest.is_empty() {
        let keyword;
        (keyword, rest) = take_keyword(rest)?;
        let value;
        (value, rest) = take_value(trim_start(rest))?;
        settings.set_from_string(keyword, &value)?;
        rest = trim_start(rest);
    }
    Ok(())
}

/// Splits off the keyword and its `=`.
fn take_keyword(text: &[u8]) -> Result<(&[u8], &[u8]), ConfigError> {
    let end = text
        .iter()
        .position(|&b| b == b'=' || is_space(b))
        .unwrap_or(text.len());
    let (keyword, rest) = text.split_at(end);
    match trim_start(rest).split_first() {
        Some((b'=', rest)) => Ok((keyword, rest)),
        _ => Err(error_with(keyword, |keyword| ConfigError::MissingEquals {
            keyword,
        })),
    }
}

/// Splits off a value, quoted or not, and takes its escapes away.
fn take_value(text: &[u8]) -> Result<(Value<'_>, &[u8]), ConfigError> {
    let (quoted, rest) = match text.split_first() {
        Some((b'\'', rest)) => (true, rest),
        _ => (false, text),
    };
    let ends = |b| if quoted { b == b'\'' } else { is_space(b) };
    let plain = rest
        .iter()
        .position(|&b| b == b'\\' || ends(b))
        .unwrap_or(rest.len());
    let (run, after) = rest.split_at(plain);
    match after {
        [b'\\', ..] => take_escaped(rest, quoted),
        [] if quoted => Err(ConfigError::UnterminatedQuote),
        [_, tail @ ..] if quoted => Ok((Value::AsWritten(run), tail)),
        tail => Ok((Value::AsWritten(run), tail)),
    }
}

/// A value, which may be a password.
enum Value<'a> {
    AsWritten(&'a [u8]),
    Unescaped(Zeroizing<Vec<u8>>),
}

impl std::ops::Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Value::AsWritten(text) => text,
            Value::Unescaped(text) => text,
        }
    }
}

fn take_escaped(text: &[u8], quoted: bool) -> Result<(Value<'_>, &[u8]), ConfigError> {
    let mut rest = text;
    // One allocation, so that no outgrown buffer keeps part of a password.
    let mut value = Zeroizing::new(Vec::new());
    value
        .try_reserve(raw_length(rest, quoted))
        .map_err(|_| ConfigError::OutOfMemory)?;
    loop {
        let plain = rest
            .iter()
            .position(|&b| b == b'\\' || if quoted { b == b'\'' } else { is_space(b) })
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at(plain);
        append(&mut value, run)?;
        match after {
            [b'\\', escaped, tail @ ..] => {
                append(&mut value, &[*escaped])?;
                rest = tail;
            }
            // A backslash that escapes nothing is dropped.
            [b'\\'] => rest = &[],
            [b'\'', tail @ ..] if quoted => return Ok((Value::Unescaped(value), tail)),
            [] if quoted => return Err(ConfigError::UnterminatedQuote),
            tail => return Ok((Value::Unescaped(value), tail)),
        }
    }
}

/// The length of a value as written, escapes and all.
fn raw_length(text: &[u8], quoted: bool) -> usize {
    let mut escaped = false;
    text.iter()
        .position(|&b| {
            let ends = !escaped && if quoted { b == b'\'' } else { is_space(b) };
            escaped = !escaped && b == b'\\';
            ends
        })
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::super::options::Opt;
    use super::*;

    fn host(conninfo: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        Settings::parse(conninfo.as_bytes())
            .map(|settings| settings.get(Opt::Host).map(<[u8]>::to_vec))
    }

    fn host_is(conninfo: &str, value: &str) {
        assert_eq!(host(conninfo), Ok(Some(value.into())), "{conninfo:?}");
    }

    #[test]
    fn white_space_may_surround_everything() {
        // behaviours 1, 7, 12
        host_is(" \t\x0bhost\n=\r\x0c a ", "a");
        host_is("host= port=1", "port=1");
        host_is("host=", "");
        assert_eq!(host("  "), Ok(None));
    }

    #[test]
    fn a_backslash_takes_the_next_bytes_meaning() {
        // behaviours 3, 4, 5
        host_is("host=a\\ b\\'\\\\", "a b'\\");
        host_is("host='a\\'b\\\\'", "a'b\\");
        host_is("host=a\\", "a");
        assert_eq!(host("host='a\\"), Err(ConfigError::UnterminatedQuote));
    }

    #[test]
    fn quotes_count_only_around_a_value() {
        // behaviours 6, 8
        host_is("host='a b'port=1", "a b");
        host_is("host=a'b=c", "a'b=c");
        assert_eq!(host("host='a"), Err(ConfigError::UnterminatedQuote));
        assert_eq!(
            host("'host'=a"),
            Err(ConfigError::UnknownOption {
                keyword: b"'host'".to_vec()
            })
        );
    }

    #[test]
    fn the_last_of_equal_keywords_wins() {
        // behaviour 9
        host_is("host=a host=b", "b");
    }

    #[test]
    fn a_keyword_needs_its_equals_sign() {
        for conninfo in ["host", "host x=y", " host "] {
            let missing = ConfigError::MissingEquals {
                keyword: b"host".to_vec(),
            };
            assert_eq!(host(conninfo), Err(missing), "{conninfo:?}");
        }
    }

    #[test]
    fn requiressl_is_an_alias_of_strings_only() {
        // behaviour 10
        let settings = Settings::parse(b"requiressl=1").unwrap();
        assert_eq!(settings.get(Opt::Sslmode), Some(&b"require"[..]));
        let settings = Settings::parse(b"requiressl=0").unwrap();
        assert_eq!(settings.get(Opt::Sslmode), Some(&b"prefer"[..]));
    }
}
