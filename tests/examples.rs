//! The worked examples of `tests/examples/`, in C, Python and Rust, and `c-tests/hooks.c` and `c-tests/tokens.c`, which say
//! themselves what is wrong.
//!
//! Wants `PQP_LIB` and `PQP_DSN18` (tests/setup/with_servers.sh).

mod support;

use std::path::Path;
use std::process::Command;

use support::process::{Outcome, run};
use support::programs::{LIMIT, compiled_with_ours, run_on_ours, wanted};

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn assert_says(outcome: &Outcome, expected: &str) {
    assert!(outcome.succeeded(), "{}", outcome.transcript());
    assert_contains(outcome, expected);
}

fn assert_contains(outcome: &Outcome, expected: &str) {
    let said = outcome.transcript();
    assert!(said.contains(expected), "no {expected:?} in\n{said}");
}

#[test]
fn hooks_do_what_the_header_says() {
    let output = run_on_ours(&compiled_with_ours("c-tests/hooks.c"), &[]);
    assert_says(&output, "hooks: all as it should be");
}

#[test]
fn tokens_are_asked_for_where_the_header_says() {
    let output = run_on_ours(&compiled_with_ours("c-tests/tokens.c"), &[]);
    assert_says(&output, "tokens: all as it should be");
}

#[test]
fn an_epoll_loop_in_c() {
    let program = compiled_with_ours("tests/examples/epoll.c");
    let dsn = wanted("PQP_DSN18");
    assert_says(&run_on_ours(&program, &[&dsn]), "the answer is 42");
    // With a deadline the descriptor is a composite one.
    let with_deadline = format!("{dsn} connect_timeout=20 connect_deadline_ms=20000");
    assert_says(
        &run_on_ours(&program, &[&with_deadline]),
        "the answer is 42",
    );
    let output = run_on_ours(&program, &["host=/nonexistent"]);
    assert_eq!(output.end, "exit 1");
    assert_contains(&output, "\"failure\":\"network\"");
}

#[test]
fn a_factory_with_a_password_provider_in_c() {
    let program = compiled_with_ours("tests/examples/factory.c");
    let port = wanted("PQP_PORT18");
    let tcp = format!("host=127.0.0.1 port={port} user=pqp_scram dbname=postgres");
    let output = run_on_ours(&program, &[&tcp, "pw-scram"]);
    assert_says(&output, "connection 2: pqp_scram");
    assert_contains(&output, "a password for pqp_scram at 127.0.0.1");
    let output = run_on_ours(&program, &[&tcp, "wrong"]);
    assert_eq!(output.end, "exit 1", "{}", output.transcript());
}

#[test]
fn values_and_rows_by_the_many_in_c() {
    let output = run_on_ours(
        &compiled_with_ours("tests/examples/bulk.c"),
        &[&wanted("PQP_DSN18")],
    );
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
    let output = run(
        Command::new("python3")
            .arg(home().join("tests/examples").join(name))
            .args([wanted("PQP_LIB"), wanted("PQP_DSN18")]),
        LIMIT,
    );
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
    let output = run(Command::new(&program).arg(wanted("PQP_DSN18")), LIMIT);
    assert_says(&output, "the answer is 42");
    assert_contains(&output, "AttemptEnded");
}
