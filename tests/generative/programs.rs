//! The C programs, the two libraries to run them on, and databases for them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An environment variable without which there is no test; `tests/setup/with_servers.sh` sets them all.
pub fn wanted(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run this through tests/setup/with_servers.sh cargo test")
    })
}

/// A new file name under the target directory.
pub fn scratch(name: &str) -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generative");
    fs::create_dir_all(&directory).expect("a directory for scratch files");
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    directory.join(format!("{name}-{}-{number}", std::process::id()))
}

/// A libpq to run programs on.
#[derive(Clone)]
pub struct Library {
    file: PathBuf,
    /// Where it goes by the name libpq.so.5.
    directory: PathBuf,
}

impl Library {
    fn at(path: &Path) -> Library {
        let file = fs::canonicalize(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let directory = scratch("lib");
        fs::create_dir_all(&directory).expect("a directory for a link");
        std::os::unix::fs::symlink(&file, directory.join("libpq.so.5"))
            .expect("a link to the library");
        Library { file, directory }
    }

    /// libpq 18.6.
    pub fn reference() -> Library {
        Library::at(Path::new(&wanted("PQP_REF_LIB")))
    }

    /// The library under test.
    pub fn ours() -> Library {
        Library::at(Path::new(&wanted("PQP_LIB")))
    }

    /// Ours built with the features the reference is built with: option defaults depend on them.
    pub fn ours_with_all_features() -> Library {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("all-features");
        let output = Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "build",
                "--quiet",
                "--lib",
                "--all-features",
                "--target-dir",
            ])
            .arg(&target)
            .output()
            .expect("cargo runs");
        assert!(
            output.status.success(),
            "the library with all features: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Library::at(&target.join("debug/libpq.so"))
    }

    /// A command that runs `program` on this library with nothing else in its environment.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("HOME", "/nonexistent")
            .env("LD_LIBRARY_PATH", &self.directory);
        command
    }

    /// Fails unless `proof`, which a program wrote, names this library.
    pub fn check_proof(&self, proof: &Path) {
        let said = fs::read_to_string(proof).expect("the program writes its proof");
        assert_eq!(
            Path::new(said.trim_end()),
            self.file,
            "the program loaded another libpq"
        );
    }
}

/// Compiles `c-tests/NAME.c`, once a run.
pub fn compile(name: &str) -> PathBuf {
    static DONE: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("generative-{name}"));
    let mut done = DONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if done.get_or_insert_default().insert(name.to_string()) {
        let output = Command::new(std::env::var("CC").unwrap_or_else(|_| "cc".into()))
            .args([
                "-std=gnu11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-O1",
                "-g",
                "-I",
            ])
            .arg(root.join("include"))
            .arg("-o")
            .arg(&program)
            .arg(root.join("c-tests").join(format!("{name}.c")))
            .arg(wanted("PQP_REF_LIB"))
            .output()
            .expect("the C compiler runs");
        assert!(
            output.status.success(),
            "{name}.c: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    program
}

/// A database of its own, dropped at the end.
pub struct Database {
    server: &'static str,
    name: String,
}

impl Database {
    /// On the server of this version ("15" or "18"); `options` follow CREATE DATABASE.
    pub fn new(server: &'static str, options: &str) -> Database {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("generative_{}_{number}", std::process::id());
        let database = Database { server, name };
        let output = database.psql(&format!("create database {} {options}", database.name));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        database
    }

    fn psql(&self, sql: &str) -> Output {
        Command::new(Path::new(&wanted("PQP_BIN18")).join("psql"))
            .args([
                "-X",
                "-q",
                "-d",
                &wanted(&format!("PQP_DSN{}", self.server)),
                "-c",
                sql,
            ])
            .output()
            .expect("psql runs")
    }

    /// How to reach it: by its own server, or by one at `host` and `port`.
    pub fn conninfo(&self, through: Option<(&Path, u16)>) -> String {
        let (host, port) = match through {
            Some((host, port)) => (host.display().to_string(), port.to_string()),
            None => (
                wanted(&format!("PQP_HOST{}", self.server)),
                wanted(&format!("PQP_PORT{}", self.server)),
            ),
        };
        format!("host={host} port={port} user=postgres dbname={}", self.name)
    }

    /// The socket of its server.
    pub fn socket(&self) -> PathBuf {
        let port = wanted(&format!("PQP_PORT{}", self.server));
        Path::new(&wanted(&format!("PQP_HOST{}", self.server))).join(format!(".s.PGSQL.{port}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.psql(&format!("drop database {} with (force)", self.name));
    }
}
