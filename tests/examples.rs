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
fn asyncio_with_ctypes() {
    let library = wanted("PQP_LIB");
    let script = home().join("tests/examples/asyncio_ctypes.py");
    let output = run(
        Command::new("python3")
            .arg(script)
            .args([&library, &wanted("PQP_DSN18")]),
        LIMIT,
    );
    assert_says(&output, "the answers are 7, 14, 21, 28, 35, 42");
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
