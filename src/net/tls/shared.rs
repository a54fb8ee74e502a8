//! One configuration for many connections that are asked to be the same: files are read and decoded once, and again
//! when they are not what they were. Whether they are is asked of the file system for each connection.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::config::{self, Config};
use super::error::TlsError;
use super::options::{Roots, Source, TlsOptions, TlsVersion, Verify};

/// A file that was changed less than this before it was looked at may be changed again without looking otherwise, for the
/// file system's clock is coarse.
const SETTLED: Duration = Duration::from_secs(2);

/// The newest configuration, for whoever comes with the same options.
///
/// Threads may share it; none ever waits for another, and after fork() in the midst of another thread's look it only remembers
/// nothing.
#[derive(Default)]
pub struct SharedConfig {
    newest: Mutex<Option<Arc<Kept>>>,
}

struct Kept {
    options: Options,
    files: Vec<File>,
    config: Config,
}

impl SharedConfig {
    /// The configuration for these options: one that is known, or a new one.
    ///
    /// Not for options with a hook that gives a pass phrase: what that went into must not be kept, for each connection is to
    /// show that it knows it.
    ///
    /// # Errors
    /// As [`Config::new`].
    pub fn get(&self, options: &TlsOptions) -> Result<Config, TlsError> {
        self.get_at(options, SystemTime::now())
    }

    fn get_at(&self, options: &TlsOptions, now: SystemTime) -> Result<Config, TlsError> {
        let Some(wanted) = Options::of(options) else {
            return Config::new(options);
        };
        let newest = self.newest.try_lock().ok().and_then(|kept| kept.clone());
        if let Some(kept) = newest
            && kept.options == wanted
            && kept.files.iter().all(File::is_unchanged)
        {
            return Ok(kept.config.clone());
        }
        // Before they are read: a change in between shows the next time.
        let files = wanted.files();
        let config = Config::new(options)?;
        if files.iter().all(|file| file.is_settled(now))
            && let Ok(mut newest) = self.newest.try_lock()
        {
            let kept = Kept {
                options: wanted,
                files,
                config: config.clone(),
            };
            let former = newest.replace(Arc::new(kept));
            drop(newest);
            drop(former);
        }
        Ok(config)
    }
}

impl std::fmt::Debug for SharedConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedConfig").finish_non_exhaustive()
    }
}

/// What of [`TlsOptions`] a configuration is made of.
#[derive(PartialEq)]
struct Options {
    verify: Verify,
    sni: bool,
    roots: Roots,
    crl_file: Option<PathBuf>,
    crl_dir: Option<PathBuf>,
    certificate: Option<(Source, Source)>,
    versions: (Option<TlsVersion>, Option<TlsVersion>),
    alpn: bool,
}

impl Options {
    /// `None` where it is not known whether what they name has changed (the system's authorities), for a key log, which may be
    /// taken away from under us, and with a pass phrase.
    fn of(options: &TlsOptions) -> Option<Options> {
        if matches!(options.roots, Roots::System) || options.key_log.is_some() {
            return None;
        }
        let certificate = options.certificate.as_ref();
        if certificate.is_some_and(|c| c.password.is_some()) {
            return None;
        }
        Some(Options {
            verify: options.verify,
            sni: options.sni,
            roots: options.roots.clone(),
            crl_file: options.crl_file.clone(),
            crl_dir: options.crl_dir.clone(),
            certificate: certificate.map(|c| (c.certificate.clone(), c.key.clone())),
            versions: (options.min_version, options.max_version),
            alpn: options.alpn,
        })
    }

    /// All files that are looked at, as they are now.
    fn files(&self) -> Vec<File> {
        let mut files = Vec::new();
        let mut look = |path: &Path| {
            let file = File::now(path);
            let is_there = matches!(file.stamp, Stamp::There { .. });
            files.push(file);
            is_there
        };
        let trusts = match &self.roots {
            Roots::File { path, .. } => look(path),
            Roots::Pem(_) => true,
            Roots::None | Roots::System => false,
        };
        if trusts {
            for path in [&self.crl_file, &self.crl_dir].into_iter().flatten() {
                look(path);
            }
            for path in self.crl_dir.iter().flat_map(|dir| config::crl_files(dir)) {
                look(&path);
            }
        }
        if let Some((certificate, key)) = &self.certificate
            && certificate.path().is_none_or(&mut look)
            && let Some(path) = key.path()
        {
            look(path);
        }
        files
    }
}

/// A file, and what it looked like.
struct File {
    path: PathBuf,
    stamp: Stamp,
}

/// What tells a file that has changed, or another one in its place. An error is its number.
#[derive(PartialEq)]
enum Stamp {
    There {
        place: (u64, u64),
        access: (u32, u32),
        len: u64,
        modified: (i64, i64),
        changed: (i64, i64),
    },
    Missing(i32),
}

impl Stamp {
    fn of(about: &Metadata) -> Stamp {
        Stamp::There {
            place: (about.dev(), about.ino()),
            access: (about.uid(), about.mode()),
            len: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }

    fn now(path: &Path) -> Stamp {
        match fs::metadata(path) {
            Ok(about) => Stamp::of(&about),
            Err(error) => Stamp::Missing(crate::net::errno_of(&error)),
        }
    }
}

impl File {
    fn now(path: &Path) -> File {
        File {
            path: path.to_path_buf(),
            stamp: Stamp::now(path),
        }
    }

    fn is_unchanged(&self) -> bool {
        Stamp::now(&self.path) == self.stamp
    }

    /// Whether a change after `now` would show.
    fn is_settled(&self, now: SystemTime) -> bool {
        let Stamp::There { changed, .. } = self.stamp else {
            return true;
        };
        let changed = UNIX_EPOCH.checked_add(Duration::from_secs(changed.0.max(0) as u64 + 1));
        changed.is_some_and(|at| now.duration_since(at).is_ok_and(|age| age >= SETTLED))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::options::ClientCertificate;
    use super::*;

    /// Files as a home directory has them, and another identity beside.
    struct Home {
        dir: PathBuf,
        shared: SharedConfig,
    }

    impl Home {
        fn new() -> Home {
            static HOMES: AtomicU32 = AtomicU32::new(0);
            let number = HOMES.fetch_add(1, Ordering::Relaxed);
            let name = format!("pqp-shared-{}-{number}", std::process::id());
            let home = Home {
                dir: std::env::temp_dir().join(name),
                shared: SharedConfig::default(),
            };
            fs::create_dir(&home.dir).unwrap();
            for name in ["one", "other"] {
                let made = Command::new("openssl")
                    .args(["req", "-x509", "-newkey", "ec", "-nodes", "-pkeyopt"])
                    .args(["ec_paramgen_curve:P-256", "-subj", "/CN=localhost"])
                    .arg("-keyout")
                    .arg(home.path(&format!("{name}.key")))
                    .arg("-out")
                    .arg(home.path(&format!("{name}.crt")))
                    .output()
                    .expect("openssl is needed");
                assert!(made.status.success());
            }
            home.put("one.crt", "root.crt");
            home.put("one.crt", "my.crt");
            home.put("one.key", "my.key");
            home
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.join(name)
        }

        fn put(&self, from: &str, to: &str) {
            fs::write(self.path(to), fs::read(self.path(from)).unwrap()).unwrap();
            self.protect(to, 0o600);
        }

        fn protect(&self, name: &str, mode: u32) {
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }

        fn options(&self) -> TlsOptions {
            let source = |name| Source::File(self.path(name));
            TlsOptions {
                verify: Verify::Ca,
                roots: Roots::File {
                    path: self.path("root.crt"),
                    required: true,
                },
                crl_file: Some(self.path("root.crl")),
                crl_dir: Some(self.path("lists")),
                certificate: Some(ClientCertificate {
                    certificate: source("my.crt"),
                    key: source("my.key"),
                    password: None,
                    password_hook: None,
                }),
                ..TlsOptions::default()
            }
        }

        /// When all that has been done to the files is long ago.
        fn get(&self, options: &TlsOptions) -> Result<Config, TlsError> {
            let later = SystemTime::now() + Duration::from_secs(60);
            self.shared.get_at(options, later)
        }

        /// Whether the configuration is the one that was there before.
        fn is_kept(&self, before: &Config) -> bool {
            same(before, &self.get(&self.options()).unwrap())
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.dir).unwrap();
        }
    }

    fn same(a: &Config, b: &Config) -> bool {
        Arc::ptr_eq(&a.base, &b.base)
    }

    fn text(error: &TlsError) -> String {
        let mut text = Vec::new();
        error.write_text(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn files_that_stay_what_they_are_are_read_once() {
        let home = Home::new();
        let first = home.get(&home.options()).unwrap();
        assert!(home.is_kept(&first));
        // Whom the connection is to does not matter.
        let host = TlsOptions {
            host: b"elsewhere".to_vec(),
            ..home.options()
        };
        assert!(same(&first, &home.get(&host).unwrap()));
    }

    #[test]
    fn a_file_that_has_changed_is_read_again() {
        let home = Home::new();
        let root = |config: &Config| config.store.is_some();
        let shown = |config: &Config| config.identity.as_ref().unwrap().cert.clone();
        let mut last = home.get(&home.options()).unwrap();
        assert!(root(&last));
        let one = shown(&last);
        // In place; the next in a new file that takes the other's name.
        home.put("other.crt", "my.crt");
        home.put("other.key", "new");
        fs::rename(home.path("new"), home.path("my.key")).unwrap();
        for (step, change) in [
            None,
            Some(("other.crt", "root.crt")),
            Some(("one.crt", "root.crl")),
        ]
        .into_iter()
        .enumerate()
        {
            if let Some((from, to)) = change {
                home.put(from, to);
            }
            let next = home.get(&home.options()).unwrap();
            assert!(!same(&last, &next), "step {step}");
            assert_ne!(shown(&next), one);
            assert!(home.is_kept(&next), "step {step}");
            last = next;
        }
        fs::create_dir(home.path("lists")).unwrap();
        assert!(!home.is_kept(&last));
        last = home.get(&home.options()).unwrap();
        home.put("one.crt", "lists/0123abcd.r0");
        assert!(!home.is_kept(&last));
        last = home.get(&home.options()).unwrap();
        home.put("other.crt", "lists/0123abcd.r0");
        assert!(!home.is_kept(&last));
        last = home.get(&home.options()).unwrap();
        assert!(home.is_kept(&last));
    }

    #[test]
    fn what_is_wrong_later_is_said_as_if_nothing_had_been_kept() {
        type Harm = fn(&Home);
        let harms: [Harm; 5] = [
            |home| home.protect("my.key", 0o644),
            |home| home.put("one.key", "root.crt"),
            |home| home.put("other.key", "my.key"),
            |home| fs::remove_file(home.path("my.key")).unwrap(),
            |home| fs::remove_file(home.path("root.crt")).unwrap(),
        ];
        for harm in harms {
            let home = Home::new();
            home.get(&home.options()).unwrap();
            harm(&home);
            let error = home.get(&home.options()).err().unwrap();
            assert_eq!(
                text(&error),
                text(&Config::new(&home.options()).err().unwrap())
            );
        }
        // No certificate any more is no error.
        let home = Home::new();
        home.get(&home.options()).unwrap();
        fs::remove_file(home.path("my.crt")).unwrap();
        assert!(home.get(&home.options()).unwrap().identity.is_none());
    }

    #[test]
    fn other_options_get_another_configuration() {
        let home = Home::new();
        let first = home.get(&home.options()).unwrap();
        let others: [fn(&mut TlsOptions); 5] = [
            |o| o.verify = Verify::Full,
            |o| o.sni = false,
            |o| o.min_version = Some(TlsVersion::V1_3),
            |o| o.certificate = None,
            |o| o.roots = Roots::None,
        ];
        for change in others {
            let mut options = home.options();
            change(&mut options);
            if matches!(options.roots, Roots::None) {
                options.verify = Verify::None;
            }
            assert!(!same(&first, &home.get(&options).unwrap()));
        }
    }

    #[test]
    fn nothing_is_kept_that_may_change_unseen_or_took_a_pass_phrase() {
        let home = Home::new();
        let now = || home.shared.get(&home.options()).unwrap();
        assert!(!same(&now(), &now()));
        let locked = || {
            let mut options = home.options();
            let certificate = options.certificate.as_mut().unwrap();
            certificate.password = Some(b"secret".to_vec().into());
            home.get(&options).unwrap()
        };
        assert!(!same(&locked(), &locked()));
        let first = home.get(&home.options()).unwrap();
        assert!(same(&first, &now()));
        let logged = || TlsOptions {
            key_log: Some(home.path("log")),
            ..home.options()
        };
        assert!(!same(
            &home.get(&logged()).unwrap(),
            &home.get(&logged()).unwrap()
        ));
        assert!(home.is_kept(&first));
    }
}
