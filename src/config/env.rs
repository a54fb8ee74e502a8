//! What configuration needs from its surroundings, behind one trait.
//!
//! [`RealEnv`] is the only place of this room that touches the process environment, files and the user database;
//! tests use their own.

use std::ffi::OsStr;
use std::io::{BufRead, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use zeroize::Zeroizing;

use super::error::ConfigError;
use super::options::OPTIONS;
use super::policy::Policy;
use super::sys;

/// What `stat` says about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Whether it is a regular file.
    pub is_regular: bool,
    /// Its permission bits.
    pub mode: u32,
}

/// A locale, as far as it says how text is encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locale {
    /// Its name in the category `LC_CTYPE`.
    pub name: Vec<u8>,
    /// The name of its encoding, `nl_langinfo(CODESET)`.
    pub codeset: Vec<u8>,
}

/// The surroundings configuration is read from.
pub trait Env {
    /// The value of an environment variable.
    fn var(&self, name: &str) -> Option<Vec<u8>>;

    /// Shows name and value of each environment variable that libpq reads and that begins with PG. Of several with one name
    /// the first counts.
    fn pg_variables(&self, see: &mut dyn FnMut(&[u8], &[u8])) {
        let of_options = OPTIONS.iter().filter_map(|def| def.envvar);
        let others = ["PGREQUIRESSL", "PGDATESTYLE", "PGTZ", "PGGEQO"];
        for name in of_options.chain(others) {
            if let Some(value) = self.var(name) {
                see(name.as_bytes(), &value);
            }
        }
    }

    /// Opens a file for reading; `None` where it cannot be opened.
    fn open(&self, path: &[u8]) -> Option<Box<dyn BufRead>>;

    /// Looks at a file, following links; `None` where that fails.
    fn stat(&self, path: &[u8]) -> Option<FileStat>;

    /// The name of the effective user.
    ///
    /// # Errors
    /// [`ConfigError::LocalUserMissing`] and [`ConfigError::LocalUserLookup`].
    fn os_user_name(&self) -> Result<Vec<u8>, ConfigError>;

    /// The home directory the user database has for the effective user.
    fn account_home(&self) -> Option<Vec<u8>>;

    /// The process's locale for character types.
    fn locale(&self) -> Locale;

    /// Shows the user a warning: `line` with its newline.
    fn warn(&self, line: &[u8]);

    /// What a context changes about where values come from; `None` where nothing is changed.
    fn policy(&self) -> Option<&Policy> {
        None
    }

    /// The home directory: `HOME`, or the user database's where that is unset or empty.
    fn home_dir(&self) -> Option<Vec<u8>> {
        self.var("HOME")
            .filter(|home| !home.is_empty())
            .or_else(|| self.account_home())
    }
}

/// The process's own surroundings; warnings go to standard error.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealEnv;

impl Env for RealEnv {
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        sys::variable(name.as_bytes())
    }

    fn pg_variables(&self, see: &mut dyn FnMut(&[u8], &[u8])) {
        sys::pg_variables(see);
    }

    fn open(&self, path: &[u8]) -> Option<Box<dyn BufRead>> {
        let file = std::fs::File::open(OsStr::from_bytes(path)).ok()?;
        Some(Box::new(WipingReader::new(file)))
    }

    fn stat(&self, path: &[u8]) -> Option<FileStat> {
        let meta = std::fs::metadata(OsStr::from_bytes(path)).ok()?;
        Some(FileStat {
            is_regular: meta.is_file(),
            mode: meta.permissions().mode() & 0o7777,
        })
    }

    fn os_user_name(&self) -> Result<Vec<u8>, ConfigError> {
        sys::effective_account().map(|account| account.name)
    }

    fn account_home(&self) -> Option<Vec<u8>> {
        sys::effective_account().ok().map(|account| account.home)
    }

    fn locale(&self) -> Locale {
        sys::locale()
    }

    fn warn(&self, line: &[u8]) {
        // There is nobody to tell when standard error is closed.
        let _ = std::io::stderr().write_all(line);
    }
}

/// A buffered reader that wipes what it has read: password and service files hold passwords.
struct WipingReader<R> {
    source: R,
    buffer: Zeroizing<[u8; 4096]>,
    /// The part of the buffer not yet consumed.
    unread: std::ops::Range<usize>,
}

impl<R: Read> WipingReader<R> {
    fn new(source: R) -> Self {
        WipingReader {
            source,
            buffer: Zeroizing::new([0; 4096]),
            unread: 0..0,
        }
    }
}

impl<R: Read> Read for WipingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let taken = self.fill_buf()?.read(out)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: Read> BufRead for WipingReader<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.unread.is_empty() {
            self.unread = 0..0;
            self.unread.end = self.source.read(self.buffer.as_mut_slice())?;
        }
        Ok(self.buffer.get(self.unread.clone()).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.unread.start = self.unread.end.min(self.unread.start + amount);
    }
}

/// How a line of a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// The line is complete.
    Complete,
    /// The line has more than `limit` bytes; the rest of it is still to be read.
    TooLong,
    /// There was nothing left.
    EndOfFile,
}

/// Reads one line, its newline included, into `line`, but at most `limit` bytes of it.
///
/// A read error ends the file, as it does for C's `fgets`.
pub(super) fn read_line(
    file: &mut dyn BufRead,
    line: &mut Vec<u8>,
    limit: usize,
) -> Result<LineEnd, ConfigError> {
    line.clear();
    loop {
        let chunk = match file.fill_buf() {
            Ok(chunk) => chunk,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => &[],
        };
        if chunk.is_empty() {
            return Ok(match line.is_empty() {
                true => LineEnd::EndOfFile,
                false => LineEnd::Complete,
            });
        }
        let newline = chunk.iter().position(|&b| b == b'\n').map(|i| i + 1);
        let wanted = newline.unwrap_or(chunk.len());
        let taken = wanted.min(limit - line.len());
        super::text::append(line, chunk.get(..taken).unwrap_or_default())?;
        file.consume(taken);
        if taken < wanted {
            return Ok(LineEnd::TooLong);
        }
        if newline.is_some() {
            return Ok(LineEnd::Complete);
        }
    }
}

#[cfg(test)]
pub(super) mod fake {
    //! Surroundings made of maps.

    use super::*;
    use std::cell::RefCell;
    use std::collections::HashMap;

    /// A world of its own: variables, files with their modes, an account, and the warnings given.
    #[derive(Default)]
    pub struct FakeEnv {
        pub vars: HashMap<String, Vec<u8>>,
        pub files: HashMap<Vec<u8>, (u32, Vec<u8>)>,
        pub user: Option<Vec<u8>>,
        pub locale: Locale,
        pub policy: Policy,
        pub warnings: RefCell<Vec<Vec<u8>>>,
    }

    impl FakeEnv {
        pub fn new() -> Self {
            FakeEnv {
                user: Some(b"osuser".to_vec()),
                ..Default::default()
            }
            .var("HOME", "/home/osuser")
        }

        pub fn var(mut self, name: &str, value: &str) -> Self {
            self.vars.insert(name.into(), value.into());
            self
        }

        pub fn locale(mut self, name: &str, codeset: &str) -> Self {
            self.locale = Locale {
                name: name.into(),
                codeset: codeset.into(),
            };
            self
        }

        pub fn file(mut self, path: &str, mode: u32, text: &str) -> Self {
            self.files.insert(path.into(), (mode, text.into()));
            self
        }
    }

    impl Env for FakeEnv {
        fn var(&self, name: &str) -> Option<Vec<u8>> {
            self.vars.get(name).cloned()
        }
        fn open(&self, path: &[u8]) -> Option<Box<dyn BufRead>> {
            let (_, text) = self.files.get(path)?;
            Some(Box::new(std::io::Cursor::new(text.clone())))
        }
        fn stat(&self, path: &[u8]) -> Option<FileStat> {
            let (mode, _) = self.files.get(path)?;
            Some(FileStat {
                is_regular: true,
                mode: *mode,
            })
        }
        fn os_user_name(&self) -> Result<Vec<u8>, ConfigError> {
            self.user
                .clone()
                .ok_or(ConfigError::LocalUserMissing { uid: 7 })
        }
        fn account_home(&self) -> Option<Vec<u8>> {
            None
        }
        fn locale(&self) -> Locale {
            self.locale.clone()
        }
        fn policy(&self) -> Option<&Policy> {
            Some(&self.policy)
        }
        fn warn(&self, line: &[u8]) {
            self.warnings.borrow_mut().push(line.to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn the_real_account_is_the_one_the_system_names() {
        let id = std::process::Command::new("id")
            .arg("-un")
            .output()
            .unwrap()
            .stdout;
        assert_eq!(RealEnv.os_user_name().unwrap(), id.trim_ascii_end());
        assert!(RealEnv.account_home().is_some());
    }

    #[test]
    fn variables_are_found_by_their_whole_names() {
        // cargo sets these for its tests
        let name = std::env::var_os("CARGO_PKG_NAME").map(OsStringExt::into_vec);
        assert!(name.is_some());
        assert_eq!(RealEnv.var("CARGO_PKG_NAME"), name);
        assert_eq!(RealEnv.var("CARGO_PKG_NAM"), None);
        assert_eq!(RealEnv.var("CARGO_PKG_NAME="), None);
        assert_eq!(RealEnv.var(""), None);
        let mut seen = Vec::new();
        RealEnv.pg_variables(&mut |name, _| seen.push(name.to_vec()));
        assert!(seen.iter().all(|name| name.starts_with(b"PG")));
    }

    #[test]
    fn real_files_are_seen_for_what_they_are() {
        assert_eq!(
            RealEnv.stat(b"/dev/null").map(|stat| stat.is_regular),
            Some(false)
        );
        assert_eq!(RealEnv.stat(b"/nonexistent/file"), None);
        assert!(RealEnv.open(b"/nonexistent/file").is_none());
        assert!(RealEnv.open(b"nul\0byte").is_none());
        let path = std::env::current_exe().unwrap().into_os_string().into_vec();
        assert!(
            RealEnv
                .stat(&path)
                .is_some_and(|stat| stat.is_regular && stat.mode & 0o400 != 0)
        );
    }

    #[test]
    fn a_directory_reads_as_an_empty_file() {
        let mut line = Vec::new();
        let mut file = RealEnv.open(b"/").unwrap();
        assert_eq!(
            read_line(&mut *file, &mut line, 100),
            Ok(LineEnd::EndOfFile)
        );
    }

    #[test]
    fn the_wiping_reader_loses_nothing() {
        let text: Vec<u8> = (0..10_000u32)
            .flat_map(|i| format!("{i}\n").into_bytes())
            .collect();
        let mut file = WipingReader::new(text.as_slice());
        let (mut line, mut all) = (Vec::new(), Vec::new());
        while read_line(&mut file, &mut line, 100) == Ok(LineEnd::Complete) {
            all.extend_from_slice(&line);
        }
        assert!(all == text);
        let mut rest = Vec::new();
        WipingReader::new(text.as_slice())
            .read_to_end(&mut rest)
            .unwrap();
        assert!(rest == text);
    }

    #[test]
    fn lines_are_cut_at_the_limit() {
        let mut file = std::io::Cursor::new(b"ab\nabc\nx");
        let mut line = Vec::new();
        let mut next = |expected: LineEnd, text: &[u8]| {
            assert_eq!(read_line(&mut file, &mut line, 3), Ok(expected));
            assert_eq!(line, text);
        };
        next(LineEnd::Complete, b"ab\n");
        next(LineEnd::TooLong, b"abc");
        next(LineEnd::Complete, b"\n");
        next(LineEnd::Complete, b"x");
        next(LineEnd::EndOfFile, b"");
    }
}
