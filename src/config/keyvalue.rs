//! Connection strings of the form `keyword = value` (libpq manual, "Keyword/Value Connection Strings").

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
        settings.set_from_string(keyword, value)?;
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
fn take_value(text: &[u8]) -> Result<(Vec<u8>, &[u8]), ConfigError> {
    let (quoted, mut rest) = match text.split_first() {
        Some((b'\'', rest)) => (true, rest),
        _ => (false, text),
    };
    // One allocation, so that no outgrown buffer keeps part of a password.
    let mut value = Vec::new();
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
            [b'\'', tail @ ..] if quoted => return Ok((value, tail)),
            [] if quoted => return Err(ConfigError::UnterminatedQuote),
            tail => return Ok((value, tail)),
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
