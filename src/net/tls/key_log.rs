//! The secrets of connections in a file, for network analysers (`sslkeylogfile`, behaviour 367).

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustls::KeyLog;
use zeroize::Zeroizing;

/// A key log. A file that cannot be opened or written is a warning on standard error, as in libpq.
pub(super) struct KeyLogFile {
    path: PathBuf,
    file: Option<Mutex<File>>,
}

impl std::fmt::Debug for KeyLogFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyLogFile").finish_non_exhaustive()
    }
}

impl KeyLogFile {
    /// Opens the file for appending; only its owner can read what is made here.
    pub fn open(path: &Path) -> KeyLogFile {
        let opened = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path);
        let file = match opened {
            Ok(file) => Some(Mutex::new(file)),
            Err(error) => {
                warn("could not open SSL key logging file", path, &error);
                None
            }
        };
        KeyLogFile {
            path: path.to_path_buf(),
            file,
        }
    }
}

/// Nobody is there to hear of a failed warning.
fn warn(what: &str, path: &Path, error: &std::io::Error) {
    use std::os::unix::ffi::OsStrExt;
    let mut text = Vec::new();
    text.extend_from_slice(b"WARNING: ");
    text.extend_from_slice(what.as_bytes());
    text.extend_from_slice(b" \"");
    text.extend_from_slice(path.as_os_str().as_bytes());
    text.extend_from_slice(b"\": ");
    crate::net::write_os_error(crate::net::errno_of(error), &mut text);
    text.push(b'\n');
    let _ = std::io::stderr().write_all(&text);
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let Some(file) = &self.file else {
            return;
        };
        let mut line = Zeroizing::new(Vec::with_capacity(label.len() + 2 * 32 + 2 * 64 + 3));
        line.extend_from_slice(label.as_bytes());
        for bytes in [client_random, secret] {
            line.push(b' ');
            for byte in bytes {
                let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
                line.extend([digit(byte >> 4), digit(byte & 15)]);
            }
        }
        line.push(b'\n');
        let Ok(mut file) = file.lock() else {
            return;
        };
        if let Err(error) = file.write_all(&line) {
            warn(
                "could not write to SSL key logging file",
                &self.path,
                &error,
            );
        }
    }

    fn will_log(&self, _label: &str) -> bool {
        self.file.is_some()
    }
}
