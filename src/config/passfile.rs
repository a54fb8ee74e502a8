//! The password file (libpq manual, "The Password File").
//!
//! One line a password, `host:port:database:user:password`; a field that is `*` matches anything; a backslash takes
//! the next byte's meaning away. A file others could read is not used.

use zeroize::Zeroizing;

use super::build::DEFAULT_SOCKET_DIR;
use super::env::{Env, LineEnd, read_line};
use super::error::ConfigError;

/// Longest line that is read, in bytes. Libpq has no limit; longer lines are passed over.
const MAX_LINE_BYTES: usize = 1 << 20;

/// What a line's first four fields are compared with.
pub(super) struct Wanted<'a> {
    pub host: &'a [u8],
    pub port: &'a [u8],
    pub dbname: &'a [u8],
    pub user: &'a [u8],
}

/// The host a password is looked up for: the name or address the caller used, `localhost` for the socket
/// directory of this build.
pub(super) fn host_to_match<'a>(host: &'a [u8], hostaddr: &'a [u8]) -> &'a [u8] {
    let used = match (host, hostaddr) {
        ([], []) => b"localhost",
        ([], hostaddr) => hostaddr,
        (host, _) => host,
    };
    match used == DEFAULT_SOCKET_DIR.as_bytes() {
        true => b"localhost",
        false => used,
    }
}

/// The password of the first line that matches, from the file at `path`; `None` where there is no such file or line.
///
/// Warns about a file that is not used because of its kind or permissions.
pub(super) fn lookup(
    path: &[u8],
    wanted: &Wanted<'_>,
    env: &dyn Env,
) -> Result<Option<Zeroizing<Vec<u8>>>, ConfigError> {
    let Some(stat) = env.stat(path) else {
        return Ok(None);
    };
    if !stat.is_regular {
        warn(env, path, b"is not a plain file");
        return Ok(None);
    }
    if stat.mode & 0o077 != 0 {
        warn(
            env,
            path,
            b"has group or world access; permissions should be u=rw (0600) or less",
        );
        return Ok(None);
    }
    let Some(mut file) = env.open(path) else {
        return Ok(None);
    };

    // Reserved at once, so that for any usual line no outgrown buffer keeps a password.
    let mut buffer = Zeroizing::new(Vec::new());
    buffer
        .try_reserve_exact(8192)
        .map_err(|_| ConfigError::OutOfMemory)?;
    let mut skipping = false;
    loop {
        let end = read_line(&mut *file, &mut buffer, MAX_LINE_BYTES)?;
        if end == LineEnd::EndOfFile {
            return Ok(None);
        }
        let rest_of_skipped = std::mem::replace(&mut skipping, end == LineEnd::TooLong);
        if rest_of_skipped || skipping {
            continue;
        }
        if let Some(password) = match_line(strip_line_end(&buffer), wanted) {
            return unescape(password).map(Some);
        }
    }
}

fn warn(env: &dyn Env, path: &[u8], complaint: &[u8]) {
    let line = [b"WARNING: password file \"", path, b"\" ", complaint, b"\n"].concat();
    env.warn(&line);
}

fn strip_line_end(line: &[u8]) -> &[u8] {
    let line = line.split(|&b| b == 0).next().unwrap_or_default();
    let end = line
        .iter()
        .rposition(|&b| b != b'\n' && b != b'\r')
        .map_or(0, |i| i + 1);
    line.get(..end).unwrap_or_default()
}

/// The still escaped password of a line, if the line is for `wanted`.
fn match_line<'a>(line: &'a [u8], wanted: &Wanted<'_>) -> Option<&'a [u8]> {
    if line.first() == Some(&b'#') {
        return None;
    }
    let rest = match_field(line, wanted.host)?;
    let rest = match_field(rest, wanted.port)?;
    let rest = match_field(rest, wanted.dbname)?;
    match_field(rest, wanted.user)
}

/// What follows the first field and its colon, if the field matches `value`.
fn match_field<'a>(line: &'a [u8], value: &[u8]) -> Option<&'a [u8]> {
    if let [b'*', b':', rest @ ..] = line {
        return Some(rest);
    }
    let mut line = line;
    let mut value = value;
    loop {
        let (byte, rest) = match line {
            [b':', rest @ ..] => return value.is_empty().then_some(rest),
            [b'\\', byte, rest @ ..] => (byte, rest),
            [byte, rest @ ..] => (byte, rest),
            [] => return None,
        };
        match value.split_first() {
            Some((wanted, after)) if wanted == byte => value = after,
            _ => return None,
        }
        line = rest;
    }
}

/// The password up to an unescaped colon, without its escapes.
fn unescape(raw: &[u8]) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let mut password = Zeroizing::new(Vec::new());
    password
        .try_reserve_exact(raw.len())
        .map_err(|_| ConfigError::OutOfMemory)?;
    let mut rest = raw;
    loop {
        rest = match rest {
            [] | [b':', ..] => return Ok(password),
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                // Within the capacity: no more bytes than the raw text has.
                password.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::env::fake::FakeEnv;
    use super::*;

    fn find(text: &str, host: &str, port: &str) -> Option<Vec<u8>> {
        let env = FakeEnv::new().file("/pw", 0o600, text);
        let wanted = Wanted {
            host: host.as_bytes(),
            port: port.as_bytes(),
            dbname: b"db",
            user: b"me",
        };
        lookup(b"/pw", &wanted, &env).unwrap().map(|p| p.to_vec())
    }

    #[test]
    fn first_matching_line_wins_and_fields_may_be_stars() {
        // behaviours 57, 58
        let text = "# *:*:*:*:no\n\nh:1:db:you:no\nh:*:db:me:yes\r\nh:1:db:me:late\n";
        assert_eq!(find(text, "h", "1").as_deref(), Some(&b"yes"[..]));
        assert_eq!(find(text, "i", "1"), None);
    }

    #[test]
    fn backslash_takes_meaning_away_in_every_field() {
        // behaviour 57
        assert_eq!(
            find("a\\:b:1:d\\b:m\\e:p\\:w\\\\x:rest", "a:b", "1").as_deref(),
            Some(&b"p:w\\x"[..])
        );
        assert_eq!(find("\\*:1:db:me:pw", "h", "1"), None);
        assert_eq!(
            find("\\*:1:db:me:pw", "*", "1").as_deref(),
            Some(&b"pw"[..])
        );
    }

    #[test]
    fn ports_are_compared_as_text() {
        // behaviour 60
        assert_eq!(find("h:5432:db:me:pw", "h", " 5432"), None);
    }

    #[test]
    fn a_password_may_be_empty_and_a_line_may_be_short() {
        assert_eq!(
            find("h:1:db:me:\nh:1:db:me:x", "h", "1").as_deref(),
            Some(&b""[..])
        );
        assert_eq!(find("h:1:db:me", "h", "1"), None);
        assert_eq!(find("h:1", "h", "1"), None);
        assert_eq!(
            find("h:1:db:me:x\\", "h", "1").as_deref(),
            Some(&b"x\\"[..])
        );
    }

    #[test]
    fn lines_beyond_the_bound_are_passed_over_whole() {
        let text = format!("{}:1:db:me:no\nh:1:db:me:pw", "h".repeat(MAX_LINE_BYTES));
        assert_eq!(find(&text, "h", "1").as_deref(), Some(&b"pw"[..]));
    }

    #[test]
    fn a_readable_file_is_not_used_and_warned_about() {
        // behaviour 56
        let env = FakeEnv::new().file("/pw", 0o640, "*:*:*:*:pw");
        let wanted = Wanted {
            host: b"h",
            port: b"1",
            dbname: b"d",
            user: b"u",
        };
        assert!(lookup(b"/pw", &wanted, &env).unwrap().is_none());
        assert_eq!(
            env.warnings.borrow().concat(),
            b"WARNING: password file \"/pw\" has group or world access; permissions should be u=rw (0600) or less\n"
        );
    }

    #[test]
    fn default_socket_directory_is_localhost() {
        // behaviour 59
        assert_eq!(host_to_match(b"", b""), b"localhost");
        assert_eq!(
            host_to_match(DEFAULT_SOCKET_DIR.as_bytes(), b""),
            b"localhost"
        );
        assert_eq!(host_to_match(b"", b"1.2.3.4"), b"1.2.3.4");
        assert_eq!(host_to_match(b"n", b"1.2.3.4"), b"n");
    }
}
