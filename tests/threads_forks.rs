//! Threads, forks and hooks: runs C programs of `c-tests/` on the library under test, which say themselves what
//! is wrong. The same programs under valgrind and the sanitizers: `make sanitize`.
//!
//! Wants `PQP_LIB`, `PQP_DSN15` and `PQP_DSN18` (tests/setup/with_servers.sh).

mod support;

use support::programs::{compiled_with_ours, run_on_ours, wanted};

/// Runs a program on both servers.
fn passes(name: &str) {
    passes_with(name, "");
}

/// The same, with `options` in the connection string.
fn passes_with(name: &str, options: &str) {
    let program = compiled_with_ours(&format!("c-tests/{name}.c"));
    for dsn in ["PQP_DSN15", "PQP_DSN18"] {
        let outcome = run_on_ours(&program, &[&format!("{} {options}", wanted(dsn))]);
        assert!(outcome.succeeded(), "on {dsn}:\n{}", outcome.transcript());
        assert_eq!(outcome.stdout, b"all as it should be\n");
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
