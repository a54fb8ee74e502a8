//! Connection URIs (libpq manual, "Connection URIs").
//!
//! The generic shape is RFC 3986's, but libpq's reading of it is looser, and this is libpq's reading: the host list
//! is decoded as one piece after it has been put together, so an encoded comma separates hosts; a port may be any
//! text; user information may hold a question mark.

use zeroize::Zeroizing;

use super::error::ConfigError;
use super::options::Opt;
use super::settings::Settings;
use super::text::{append, error_with};

/// Whether `text` is a connection URI.
pub(super) fn is_uri(text: &[u8]) -> bool {
    after_scheme(text).is_some()
}

/// Reads the URI `uri` into `settings`; query parameters override what stands before them.
///
/// A text that is no URI is refused as an unknown option.
pub(super) fn parse(uri: &[u8], settings: &mut Settings) -> Result<(), ConfigError> {
    let Some(rest) = after_scheme(uri) else {
        return Err(error_with(uri, |keyword| ConfigError::UnknownOption {
            keyword,
        }));
    };
    let rest = take_user_info(rest, settings)?;
    let rest = take_hosts(uri, rest, settings)?;
    let rest = take_dbname(rest, settings)?;
    match rest.split_first() {
        Some((b'?', query)) => take_query(query, settings),
        _ => Ok(()),
    }
}

fn after_scheme(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"postgresql://")
        .or_else(|| text.strip_prefix(b"postgres://"))
}

/// Splits before the first byte that `stop` likes.
fn split_where(text: &[u8], stop: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&b| stop(b)).unwrap_or(text.len()))
}

/// Stores a decoded component, unless it is empty as written.
fn set_component(settings: &mut Settings, opt: Opt, raw: &[u8]) -> Result<(), ConfigError> {
    if raw.is_empty() {
        return Ok(());
    }
    settings.set_explicit(opt, &decode(raw)?)
}

/// `user[:password]@`, where an `@` comes before any `/`.
fn take_user_info<'a>(text: &'a [u8], settings: &mut Settings) -> Result<&'a [u8], ConfigError> {
    let (info, rest) = split_where(text, |b| b == b'@' || b == b'/');
    let Some((b'@', rest)) = rest.split_first() else {
        return Ok(text);
    };
    let (user, password) = split_where(info, |b| b == b':');
    set_component(settings, Opt::User, user)?;
    set_component(
        settings,
        Opt::Password,
        password.get(1..).unwrap_or_default(),
    )?;
    Ok(rest)
}

/// `host[:port][,...]`, joined into the two lists.
fn take_hosts<'a>(
    uri: &[u8],
    text: &'a [u8],
    settings: &mut Settings,
) -> Result<&'a [u8], ConfigError> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    let mut rest = text;
    loop {
        let host;
        (host, rest) = match rest.split_first() {
            Some((b'[', inner)) => take_bracketed(uri, inner)?,
            _ => split_where(rest, |b| matches!(b, b':' | b'/' | b'?' | b',')),
        };
        append(&mut hosts, host)?;
        if let Some((b':', after)) = rest.split_first() {
            let port;
            (port, rest) = split_where(after, |b| matches!(b, b'/' | b'?' | b','));
            append(&mut ports, port)?;
        }
        match rest.split_first() {
            Some((b',', after)) => rest = after,
            _ => break,
        }
        append(&mut hosts, b",")?;
        append(&mut ports, b",")?;
    }
    set_component(settings, Opt::Host, &hosts)?;
    set_component(settings, Opt::Port, &ports)?;
    Ok(rest)
}

/// The rest of `[address]`, with what may follow it checked.
fn take_bracketed<'a>(uri: &[u8], inner: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), ConfigError> {
    let (address, rest) = split_where(inner, |b| b == b']');
    let Some((_, rest)) = rest.split_first() else {
        return Err(error_with(uri, |uri| ConfigError::UriUnclosedBracket {
            uri,
        }));
    };
    if address.is_empty() {
        return Err(error_with(uri, |uri| ConfigError::UriEmptyBrackets { uri }));
    }
    match rest.first() {
        None | Some(b':' | b'/' | b'?' | b',') => Ok((address, rest)),
        Some(&byte) => Err(error_with(uri, |uri| ConfigError::UriAfterBracket {
            byte,
            // `rest` is a tail of the URI.
            position: uri.len() - rest.len() + 1,
            uri,
        })),
    }
}

/// `/dbname`.
fn take_dbname<'a>(text: &'a [u8], settings: &mut Settings) -> Result<&'a [u8], ConfigError> {
    let Some((b'/', after)) = text.split_first() else {
        return Ok(text);
    };
    let (dbname, rest) = split_where(after, |b| b == b'?');
    set_component(settings, Opt::Dbname, dbname)?;
    Ok(rest)
}

/// `key=value[&...]`; one `&` may end the list.
fn take_query(query: &[u8], settings: &mut Settings) -> Result<(), ConfigError> {
    let mut rest = query;
    while !rest.is_empty() {
        let pair;
        (pair, rest) = split_where(rest, |b| b == b'&');
        rest = rest.get(1..).unwrap_or_default();

        let (keyword, value) = split_where(pair, |b| b == b'=');
        let Some((_, value)) = value.split_first() else {
            return Err(error_with(keyword, |keyword| {
                ConfigError::UriMissingSeparator { keyword }
            }));
        };
        if value.contains(&b'=') {
            return Err(error_with(keyword, |keyword| {
                ConfigError::UriExtraSeparator { keyword }
            }));
        }
        let (keyword, value) = (decode(keyword)?, decode(value)?);
        // What JDBC's URLs write for sslmode=require.
        if keyword[..] == b"ssl"[..] && value[..] == b"true"[..] {
            settings.set_explicit(Opt::Sslmode, b"require")?;
            continue;
        }
        settings
            .set_from_string(&keyword, &value)
            .map_err(|e| match e {
                ConfigError::UnknownOption { keyword } => {
                    ConfigError::UriUnknownParameter { keyword }
                }
                other => other,
            })?;
    }
    Ok(())
}

/// Decodes `%xx` and drops spaces around the component, which may be a password; the errors show it as written.
fn decode(raw: &[u8]) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let start = raw.iter().position(|&b| b != b' ').unwrap_or(raw.len());
    let mut rest = raw.get(start..).unwrap_or_default();
    let mut out = Zeroizing::new(Vec::new());
    out.try_reserve(rest.len())
        .map_err(|_| ConfigError::OutOfMemory)?;
    loop {
        let plain;
        (plain, rest) = split_where(rest, |b| b == b'%' || b == b' ');
        out.extend_from_slice(plain);
        match rest {
            [] => return Ok(out),
            [b' ', ..] if rest.iter().all(|&b| b == b' ') => return Ok(out),
            [b' ', ..] => return Err(error_with(raw, |token| ConfigError::UriSpaces { token })),
            [_, high, low, tail @ ..] => {
                let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low)) else {
                    return Err(error_with(raw, |token| ConfigError::UriBadPercent {
                        token,
                    }));
                };
                let byte = high << 4 | low;
                if byte == 0 {
                    return Err(error_with(raw, |token| ConfigError::UriNulByte { token }));
                }
                out.push(byte);
                rest = tail;
            }
            _ => {
                return Err(error_with(raw, |token| ConfigError::UriBadPercent {
                    token,
                }));
            }
        }
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    // A digit of base 16 is below 16.
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The options a URI sets, as `keyword=value` words in table order, or the error's text.
    fn read(uri: &str) -> String {
        let settings = match Settings::parse(uri.as_bytes()) {
            Ok(settings) => settings,
            Err(error) => {
                let mut text = Vec::new();
                error.write_text(&mut text);
                return String::from_utf8(text).unwrap();
            }
        };
        let word = |opt: Opt| {
            let value = settings.get(opt)?;
            Some(format!(
                "{}={}",
                opt.keyword(),
                String::from_utf8_lossy(value)
            ))
        };
        Opt::ALL
            .into_iter()
            .filter_map(word)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn scheme_is_exact() {
        // behaviour 11
        assert!(is_uri(b"postgresql://") && is_uri(b"postgres://x"));
        assert!(!is_uri(b"Postgres://x") && !is_uri(b" postgres://x") && !is_uri(b"postgresql:/x"));
    }

    #[test]
    fn every_component_is_optional() {
        assert_eq!(read("postgresql://"), "");
        assert_eq!(read("postgres://@:/?"), "");
        assert_eq!(
            read("postgresql://u:p@h:1/d?sslmode=require"),
            "user=u password=p dbname=d host=h port=1 sslmode=require"
        );
    }

    #[test]
    fn user_info_runs_to_the_first_at_sign_before_a_slash() {
        // behaviours 18, 19
        assert_eq!(read("postgresql://a?b@c"), "user=a?b host=c");
        assert_eq!(read("postgresql://a:b:c@d"), "user=a password=b:c host=d");
        assert_eq!(read("postgresql://a@b@c"), "user=a host=b@c");
        assert_eq!(read("postgresql:///a@b"), "dbname=a@b");
    }

    #[test]
    fn hosts_and_ports_are_joined_before_they_are_decoded() {
        // behaviours 20, 23, 30, 31
        assert_eq!(read("postgresql://h1,h2:5/"), "host=h1,h2 port=,5");
        assert_eq!(read("postgresql://:1,:2/"), "host=, port=1,2");
        assert_eq!(read("postgresql://%2Fx%2Cy"), "host=/x,y");
    }

    #[test]
    fn brackets_are_checked_and_not_kept() {
        // behaviours 21, 22
        assert_eq!(read("postgresql://[::1]:5,[::2]"), "host=::1,::2 port=5,");
        assert_eq!(
            read("postgresql://[::1"),
            "end of string reached when looking for matching \"]\" in IPv6 host address in URI: \"postgresql://[::1\""
        );
        assert_eq!(
            read("postgresql://[]"),
            "IPv6 host address may not be empty in URI: \"postgresql://[]\""
        );
        assert_eq!(
            read("postgresql://[::1]x"),
            "unexpected character \"x\" at position 19 in URI (expected \":\" or \"/\"): \"postgresql://[::1]x\""
        );
    }

    #[test]
    fn query_parameters_override_and_need_one_equals_sign() {
        // behaviours 25, 27, 28
        assert_eq!(read("postgresql://u@h?user=v&host=i&"), "user=v host=i");
        assert_eq!(read("postgresql://h?ssl=true"), "host=h sslmode=require");
        assert_eq!(
            read("postgresql://?ssl=on"),
            "invalid URI query parameter: \"ssl\""
        );
        assert_eq!(
            read("postgresql://?a=b=c"),
            "extra key/value separator \"=\" in URI query parameter: \"a\""
        );
        assert_eq!(
            read("postgresql://?user=a&&"),
            "missing key/value separator \"=\" in URI query parameter: \"\""
        );
    }

    #[test]
    fn percent_decoding_is_strict() {
        // behaviours 26, 29
        assert_eq!(read("postgresql://?user= +%20a "), "user=+ a");
        assert_eq!(
            read("postgresql://?user=%4"),
            "invalid percent-encoded token: \"%4\""
        );
        assert_eq!(
            read("postgresql://?user=x%+1"),
            "invalid percent-encoded token: \"x%+1\""
        );
        assert_eq!(
            read("postgresql://?user=a%00"),
            "forbidden value %00 in percent-encoded value: \"a%00\""
        );
        assert_eq!(
            read("postgresql://?user=a b"),
            "unexpected spaces found in \"a b\", use percent-encoded spaces (%20) instead"
        );
    }
}
