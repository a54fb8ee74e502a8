//! The worked examples of `tests/examples/`, in C, Python and Rust, and `c-tests/hooks.c` and `c-tests/tokens.c`, which say
//! themselves what is wrong.
//!
//! Wants `PQP_LIB` and `PQP_DSN18` (tests/setup/with_servers.sh).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn wanted(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run tests/setup/with_servers.sh"))
}

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program on the library under test; in a directory of its own.
fn runs(program: &Path, arguments: &[&str]) -> Output {
    let library = PathBuf::from(wanted("PQP_LIB"));
    let name = program.file_stem().unwrap().to_str().unwrap();
    let directory = std::env::temp_dir().join(format!("pqx{}{name}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(&directory)
        .env("LD_LIBRARY_PATH", library.parent().unwrap())
        .output()
        .unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    output
}

fn compile(source: &str) -> PathBuf {
    let source = home().join(source);
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("example-{name}"));
    let library = PathBuf::from(wanted("PQP_LIB"));
    let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args([
            "-std=gnu11",
            "-g",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-pthread",
            "-I",
        ])
        .arg(home().join("include"))
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(library.parent().unwrap())
        .arg("-l:libpq.so.5")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    program
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

fn assert_says(output: &Output, expected: &str) {
    assert!(output.status.success(), "{}", said(output));
    assert!(
        said(output).contains(expected),
        "no {expected:?} in\n{}",
        said(output)
    );
}

#[test]
fn hooks_do_what_the_header_says() {
    let output = runs(&compile("c-tests/hooks.c"), &[]);
    assert_says(&output, "hooks: all as it should be");
}

#[test]
fn tokens_are_asked_for_where_the_header_says() {
    let output = runs(&compile("c-tests/tokens.c"), &[]);
    assert_says(&output, "tokens: all as it should be");
}

#[test]
fn an_epoll_loop_in_c() {
    let program = compile("tests/examples/epoll.c");
    let dsn = wanted("PQP_DSN18");
    assert_says(&runs(&program, &[&dsn]), "the answer is 42");
    // With a deadline the descriptor is a composite one.
    let with_deadline = format!("{dsn} connect_timeout=20 connect_deadline_ms=20000");
    assert_says(&runs(&program, &[&with_deadline]), "the answer is 42");
    let output = runs(&program, &["host=/nonexistent"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("\"failure\":\"network\""),
        "{}",
        said(&output)
    );
}

#[test]
fn a_factory_with_a_password_provider_in_c() {
    let program = compile("tests/examples/factory.c");
    let port = wanted("PQP_PORT18");
    let tcp = format!("host=127.0.0.1 port={port} user=pqp_scram dbname=postgres");
    let output = runs(&program, &[&tcp, "pw-scram"]);
    assert_says(&output, "connection 2: pqp_scram");
    assert!(said(&output).contains("a password for pqp_scram at 127.0.0.1"));
    let output = runs(&program, &[&tcp, "wrong"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn values_and_rows_by_the_many_in_c() {
    let output = runs(&compile("tests/examples/bulk.c"), &[&wanted("PQP_DSN18")]);
    for expected in [
        "column 1: 450000 bytes, 1000 nulls",
        "the longest value has 99 bytes",
        "passed on: 100000 rows",
        "in the target: 100003 rows, 3260000 bytes",
    ] {
        assert_says(&output, expected);
    }
}

/// A Python script on the library under test, which it loads itself.
fn script_says(name: &str, expected: &[&str]) {
    let output = Command::new("python3")
        .arg(home().join("tests/examples").join(name))
        .args([wanted("PQP_LIB"), wanted("PQP_DSN18")])
        .output()
        .unwrap();
    for line in expected {
        assert_says(&output, line);
    }
}

#[test]
fn asyncio_with_ctypes() {
    script_says(
        "asyncio_ctypes.py",
        &["the answers are 7, 14, 21, 28, 35, 42"],
    );
}

#[test]
fn values_and_rows_by_the_many_with_ctypes() {
    script_says(
        "columns_ctypes.py",
        &[
            "the sum is 3126250",
            "nulls: 833",
            "rows, bytes, newlines: 5000, 50000, 5000",
        ],
    );
}

#[test]
fn rust() {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", "connect"])
        .current_dir(home())
        .status()
        .unwrap();
    assert!(built.success());
    let tests = std::env::current_exe().unwrap();
    let program = tests
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/connect");
    let output = Command::new(&program)
        .arg(wanted("PQP_DSN18"))
        .output()
        .unwrap();
    assert_says(&output, "the answer is 42");
    assert!(said(&output).contains("AttemptEnded"), "{}", said(&output));
}
