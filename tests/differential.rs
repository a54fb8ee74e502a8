//! Every C program of `c-tests/diff_*.c` on libpq 18.6 and on ours, against the same server: same exit status, same
//! standard output, same standard error.
//!
//! Where things are, say environment variables; `tests/setup/with_servers.sh` sets them all, and one that is missing
//! fails the tests:
//!
//! | variable | meaning |
//! |---|---|
//! | `PQP_REF_LIB` | the reference libpq 18.6 |
//! | `PQP_LIB` | the library under test |
//! | `PQP_BIN18` | programs of PostgreSQL 18; psql makes the databases |
//! | `PQP_DSN15`, `PQP_DSN18` | connection strings of superusers |
//! | `PQP_INCLUDE` | headers to compile with, if not the project's own `include/` |
//!
//! A program runs in a database of its own with nothing in its environment but PATH, HOME (an empty directory),
//! LC_ALL=C, TZ=UTC and LD_LIBRARY_PATH, and proves through /proc/self/maps which library it has loaded. Nothing is
//! normalised in the transcripts: the programs do not print what must differ (process ids, keys, OIDs).
//! Differences that are meant are listed in `tests/data/deliberate_differences.txt`. Transcripts that differ are kept
//! under the target directory, `tmp/transcripts/`.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use support::compare::{assert_same, compare};
use support::programs::{Call, Database, Library, run_on};

/// Runs a program on both libraries against the server of this version.
fn same_on(version: &str, program: &'static str) {
    let run = |library: &Library| {
        // the same name for both, the process id aside: a database of its own for each
        let database = Database::new(version, program);
        run_on(
            library,
            &Call {
                name: format!("{program}-{version}"),
                program,
                conninfo: database.conninfo(),
                ..Call::default()
            },
        )
    };
    let reference = run(Library::reference());
    let ours = run(Library::ours());
    assert!(
        reference.succeeded(),
        "{program} on {version}: the program itself fails on the reference\n{}",
        reference.transcript()
    );
    assert_same(&format!("{program}-{version}"), program, &reference, &ours);
}

macro_rules! programs {
    ($($name:ident)*) => {
        mod postgresql_15 {
            $(#[test] fn $name() { super::same_on("15", stringify!($name)); })*
        }
        mod postgresql_18 {
            $(#[test] fn $name() { super::same_on("18", stringify!($name)); })*
        }
        const LISTED: &[&str] = &[$(stringify!($name)),*];
    };
}

programs! {
    diff_async diff_build diff_cancel diff_connect diff_conninfo diff_copy diff_dial diff_errors diff_escape diff_events diff_events_reset diff_exec diff_extensions diff_failing
    diff_fastpath diff_files diff_gone diff_lobj diff_memory diff_misc diff_misuse diff_notice diff_notify diff_oauth diff_parameter diff_params diff_passfile diff_pipeline diff_pipeline_work
    diff_prepare diff_print diff_receive diff_reset diff_rows diff_service diff_startup diff_status diff_too_long diff_trace diff_trace_startup diff_wire
}

/// Programs with a runner of their own.
const ELSEWHERE: &[&str] = &["diff_scripted", "diff_nullargs"];

#[test]
fn every_program_is_run() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("c-tests");
    let there: BTreeSet<String> = fs::read_dir(directory)
        .expect("c-tests")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter_map(|name| name.strip_suffix(".c").map(String::from))
        .filter(|name| name.starts_with("diff_"))
        .collect();
    let run: BTreeSet<String> = LISTED
        .iter()
        .chain(ELSEWHERE)
        .map(|name| name.to_string())
        .collect();
    assert_eq!(there, run);
}

#[test]
fn every_program_says_which_behaviours_it_covers() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("c-tests");
    for name in LISTED.iter().chain(ELSEWHERE) {
        let text = fs::read_to_string(directory.join(format!("{name}.c"))).expect("a program");
        let numbers: Vec<u32> = text
            .lines()
            .filter_map(|line| line.strip_prefix("/* covers:")?.strip_suffix("*/"))
            .flat_map(str::split_whitespace)
            .map(|word| {
                word.parse()
                    .unwrap_or_else(|_| panic!("{name}: {word} is no number of a behaviour"))
            })
            .collect();
        assert!(!numbers.is_empty(), "{name} has no line /* covers: ... */");
        assert!(
            numbers.iter().all(|n| (1..=418).contains(n)),
            "{name}: behaviours are numbered 1 to 418"
        );
    }
}

#[test]
fn a_difference_is_seen() {
    // the bench itself
    let difference = compare(
        "differential",
        "self-test",
        "none",
        "== a\n1 = 1\n-- exit 0\n",
        "== a\n1 = 2\n-- exit 0\n",
    );
    assert!(
        difference.contains("-1 = 1") && difference.contains("+1 = 2"),
        "{difference}"
    );
    assert!(compare("differential", "self-test", "none", "same", "same").is_empty());
}
