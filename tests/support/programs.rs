//! Compiles the programs of `c-tests/`, finds the two libraries and the servers, and runs a program on a library.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::process::{Outcome, run};

/// A run that takes longer than this hangs.
pub const LIMIT: Duration = Duration::from_secs(120);

/// An environment variable without which there is no test; `tests/setup/with_servers.sh` sets them all.
pub fn wanted(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests through tests/setup/with_servers.sh (see tests/differential.rs)")
    })
}

/// A libpq to run programs on.
pub struct Library {
    /// For messages: "reference" or "ours".
    pub name: &'static str,
    /// The file itself, links resolved: what the program must have loaded.
    pub file: PathBuf,
    /// A directory in which it goes by the name `libpq.so.5`.
    pub directory: PathBuf,
}

impl Library {
    fn named(name: &'static str, variable: &str) -> Library {
        let path = PathBuf::from(wanted(variable));
        let file = fs::canonicalize(&path)
            .unwrap_or_else(|error| panic!("{variable}={}: {error}", path.display()));
        let directory = if path.file_name().is_some_and(|n| n == "libpq.so.5") {
            path.parent().expect("a file has a directory").to_path_buf()
        } else {
            let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lib-{name}"));
            fs::create_dir_all(&directory).expect("a directory for a link");
            let link = directory.join("libpq.so.5");
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(&file, &link).expect("a link to the library");
            directory
        };
        Library {
            name,
            file,
            directory,
        }
    }

    /// libpq 18.6.
    pub fn reference() -> &'static Library {
        static REFERENCE: OnceLock<Library> = OnceLock::new();
        REFERENCE.get_or_init(|| Library::named("reference", "PQP_REF_LIB"))
    }

    /// The library under test.
    pub fn ours() -> &'static Library {
        static OURS: OnceLock<Library> = OnceLock::new();
        OURS.get_or_init(|| Library::named("ours", "PQP_LIB"))
    }
}

/// How many directories are in use.
static IN_USE: Mutex<usize> = Mutex::new(0);

/// The place of this test process's directories: a path short enough for sockets in it.
fn scratch() -> PathBuf {
    std::env::temp_dir().join(format!("pqd-{}", std::process::id()))
}

/// A new directory, removed when dropped; the last one takes the place of all along.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new(name: &str) -> Directory {
        let mut in_use = IN_USE
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *in_use += 1;
        let path = scratch().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Directory(path)
    }

    pub fn unique() -> Directory {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Directory::new(&NEXT.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let mut in_use = IN_USE
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *in_use -= 1;
        let _ = fs::remove_dir_all(&self.0);
        if *in_use == 0 {
            let _ = fs::remove_dir(scratch());
        }
    }
}

/// The project's own headers.
fn own_headers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include")
}

/// Compiles a program of the project's, linked with a library; a symbol that is missing there shows when it is called.
fn compile(source: &Path, include: &Path, library: &Library, program: &Path) {
    let fresh = program.with_extension(std::process::id().to_string());
    let outcome = run(
        Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
            .args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror"])
            .args(["-pthread", "-I"])
            .arg(include)
            .arg(source)
            .arg("-o")
            .arg(&fresh)
            .arg("-L")
            .arg(&library.directory)
            .args([
                "-l:libpq.so.5",
                "-Wl,--unresolved-symbols=ignore-in-shared-libs",
                "-Wl,-z,lazy",
            ]),
        LIMIT,
    );
    assert!(
        outcome.succeeded(),
        "{} does not compile:\n{}",
        source.display(),
        outcome.transcript()
    );
    fs::rename(&fresh, program).expect("the program in its place");
}

/// Compiles `c-tests/NAME.c` once a process, linked with the reference library: which one is loaded is said at run
/// time. PQP_INCLUDE has the headers, or the project's own are taken.
pub fn compiled(name: &str) -> PathBuf {
    static DONE: OnceLock<Mutex<HashMap<String, PathBuf>>> = OnceLock::new();
    let mut done = DONE
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(path) = done.get(name) {
        return path.clone();
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c-tests");
    fs::create_dir_all(&directory).expect("a directory for programs");
    let path = directory.join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("c-tests/{name}.c"));
    let include = std::env::var_os("PQP_INCLUDE").map_or_else(own_headers, PathBuf::from);
    compile(&source, &include, Library::reference(), &path);
    done.insert(name.to_string(), path.clone());
    path
}

/// Compiles a program that uses what only ours has; `source` is its path in the project.
pub fn compiled_with_ours(source: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("with-ours");
    fs::create_dir_all(&directory).expect("a directory for programs");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let program = directory.join(source.file_stem().expect("a name"));
    compile(&source, &own_headers(), Library::ours(), &program);
    program
}

/// Runs a program on ours, in a directory of its own. One that loads another library fails the test.
pub fn run_on_ours(program: &Path, arguments: &[&str]) -> Outcome {
    let library = Library::ours();
    let directory = Directory::unique();
    let call = || {
        let mut command = Command::new(program);
        command
            .env("LD_LIBRARY_PATH", &library.directory)
            .current_dir(&directory.0);
        command
    };
    let loaded = run(call().env("LD_TRACE_LOADED_OBJECTS", "1"), LIMIT).transcript();
    let ours = format!("libpq.so.5 => {}/libpq.so.5 ", library.directory.display());
    assert!(loaded.contains(&ours), "{loaded}");
    run(call().args(arguments), LIMIT)
}

/// How to run a program.
#[derive(Clone, Default)]
pub struct Call {
    /// Of the test: its runs share the path of their home directory, which may occur in messages, and no other test's.
    pub name: String,
    pub program: &'static str,
    pub conninfo: String,
    pub arguments: Vec<String>,
    /// Beside PATH, HOME, LC_ALL, TZ and the library path, which are always set and alone.
    pub environment: Vec<(String, String)>,
    /// Bound of the address space, in KiB.
    pub memory_kib: Option<u64>,
    /// [`LIMIT`] unless said otherwise.
    pub limit: Option<Duration>,
}

/// Runs a program on a library in an empty home directory. A program that has loaded another library, or does not say
/// which, fails the test.
pub fn run_on(library: &Library, call: &Call) -> Outcome {
    let program = compiled(call.program);
    let directory = Directory::unique();
    let proof = directory.0.join("proof");
    let home = Directory::new(&format!("home-{}", call.name));
    let mut command = match call.memory_kib {
        None => Command::new(&program),
        Some(bound) => {
            let mut shell = Command::new("sh");
            shell
                .args([
                    "-c",
                    &format!("ulimit -c 0; ulimit -v {bound}; exec \"$0\" \"$@\""),
                ])
                .arg(&program);
            shell
        }
    };
    command
        .arg(&proof)
        .arg(&call.conninfo)
        .args(&call.arguments)
        .current_dir(&home.0)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", &home.0)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("LD_LIBRARY_PATH", &library.directory)
        .envs(call.environment.iter().map(|(k, v)| (k, v)));
    let outcome = run(&mut command, call.limit.unwrap_or(LIMIT));
    let proved = fs::read_to_string(&proof).unwrap_or_default();
    let loaded: Vec<PathBuf> = proved
        .lines()
        .map(|line| fs::canonicalize(line).unwrap_or_else(|_| PathBuf::from(line)))
        .collect();
    assert!(
        loaded == [library.file.clone()],
        "{} was to run on {} and has loaded {loaded:?}\n{}",
        call.program,
        library.file.display(),
        outcome.transcript()
    );
    if library.name == "reference" {
        keep(call, &outcome);
    }
    outcome
}

/// Where the reference's transcripts are gathered, for the test of messages.
pub fn gathered() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference")
}

fn keep(call: &Call, outcome: &Outcome) {
    let directory = gathered();
    fs::create_dir_all(&directory).expect("a directory for transcripts");
    fs::write(
        directory.join(format!("{}.txt", call.name)),
        outcome.transcript(),
    )
    .expect("a transcript");
}

/// A database of its own on one of the servers, dropped at the end.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// `version` is "15" or "18".
    pub fn new(version: &str, name: &str) -> Database {
        let database = Database {
            server: wanted(&format!("PQP_DSN{version}")),
            name: format!("{name}_{}", std::process::id()),
        };
        database.psql(&format!(
            "CREATE DATABASE {} TEMPLATE template0",
            database.name
        ));
        database
    }

    pub fn conninfo(&self) -> String {
        format!("{} dbname={}", self.server, self.name)
    }

    fn psql(&self, sql: &str) {
        let outcome = run(
            Command::new(Path::new(&wanted("PQP_BIN18")).join("psql"))
                .args([
                    "-X",
                    "-q",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-d",
                    &self.server,
                    "-c",
                    sql,
                ])
                .env_clear()
                .env("HOME", "/nonexistent")
                .env("LD_LIBRARY_PATH", &Library::reference().directory),
            LIMIT,
        );
        assert!(outcome.succeeded(), "{sql}:\n{}", outcome.transcript());
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.psql(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}
