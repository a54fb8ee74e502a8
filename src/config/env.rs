//! What configuration needs from its surroundings, behind one trait.
//!
//! [`RealEnv`] is the only place of this room that touches the process environment, files and the user database;
//! tests use their own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;

use super::error::ConfigError;
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
        std::env::var_os(name).map(OsStringExt::into_vec)
    }

    fn open(&self, path: &[u8]) -> Option<Box<dyn BufRead>> {
        let file = std::fs::File::open(OsStr::from_bytes(path)).ok()?;
        Some(Box::new(BufReader::new(file)))
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
        fn warn(&self, line: &[u8]) {
            self.warnings.borrow_mut().push(line.to_vec());
        }
    }
}
