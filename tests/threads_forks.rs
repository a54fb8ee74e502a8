//! Threads, forks and hooks: runs C programs of `c-tests/` on the library under test, which say themselves what
//! is wrong. The same programs under valgrind and the sanitizers: `make sanitize`.
//!
//! Wants `PQP_LIB`, `PQP_DSN15` and `PQP_DSN18` (tests/setup/with_servers.sh).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn wanted(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run tests/setup/with_servers.sh"))
}

/// The directory in which the library under test goes by the name that programs look for.
fn library_directory() -> PathBuf {
    let library = PathBuf::from(wanted("PQP_LIB"));
    assert!(
        library.ends_with("libpq.so.5") && library.exists(),
        "no libpq.so.5 at {}",
        library.display()
    );
    library.parent().unwrap().to_path_buf()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{}{}{}",
        text(&output.stdout),
        text(&output.stderr),
        output.status
    )
}

fn compile(name: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args([
            "-std=gnu11",
            "-g",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-pthread",
            "-DCOUNT_ALLOCATIONS",
            "-I",
        ])
        .arg(home.join("include"))
        .arg(home.join("c-tests").join(name).with_extension("c"))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(library_directory())
        .args([
            "-l:libpq.so.5",
            "-Wl,--unresolved-symbols=ignore-in-shared-libs",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    program
}

/// Runs a program on both servers. A program that loads another library fails.
fn passes(name: &str) {
    passes_with(name, "");
}

/// The same, with `options` in the connection string.
fn passes_with(name: &str, options: &str) {
    let program = compile(name);
    let directory = library_directory();
    let call = || {
        let mut command = Command::new(&program);
        command.env("LD_LIBRARY_PATH", &directory);
        command
    };
    let loaded = call().env("LD_TRACE_LOADED_OBJECTS", "1").output().unwrap();
    let ours = format!("libpq.so.5 => {}/libpq.so.5 ", directory.display());
    assert!(said(&loaded).contains(&ours), "{}", said(&loaded));
    for dsn in ["PQP_DSN15", "PQP_DSN18"] {
        let conninfo = format!("{} {options}", wanted(dsn));
        let output = call().arg(conninfo).output().unwrap();
        assert!(output.status.success(), "on {dsn}:\n{}", said(&output));
        assert_eq!(output.stdout, b"all as it should be\n");
    }
}

#[test]
fn a_connection_inherited_over_fork_fails_every_call_and_the_parents_session_goes_on() {
    passes("fork");
}

#[test]
fn threads_with_a_connection_each_shared_results_and_cancels_from_elsewhere() {
    passes("threads");
}

#[cfg(feature = "tls")]
#[test]
fn encrypted_cancel_requests_from_signal_handlers_many_threads_and_children() {
    passes_with("cancel_tls", "host=localhost sslmode=require");
}

#[test]
fn hooks_may_set_what_they_may_and_do_what_they_should_not() {
    passes("pqp_hooks");
}

#[test]
fn values_and_copy_rows_by_the_many_are_those_of_one_by_one() {
    passes("pqp_bulk");
}

#[test]
fn contexts_with_opposite_settings_never_see_each_other() {
    passes("pqp_contexts");
}
