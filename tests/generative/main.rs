//! Random cases, the same ones on libpq 18.6 and on ours: what the two say must be equal.
//!
//! | test | cases |
//! |---|---|
//! | connection options | strings, URIs, parameter arrays, service and password files (`c-tests/conninfo_dump.c`) |
//! | escaping | random bytes in every client encoding, both ways to read a backslash (`c-tests/machine.c`) |
//! | calls | queries, COPY, pipelines in valid and invalid orders |
//! | schedules | the same with bytes delivered in pieces, small socket buffers and storms of signals |
//!
//! Run through `tests/setup/with_servers.sh`. Each run prints its seed; `PQP_SEED` sets it (a number, or `clock`; the
//! default is fixed, so that a run depends on the code alone) and `PQP_CASES` the number of cases of each test (a fifth
//! of it for schedules, which take their time). `make test-long` makes many, with a seed of its own. A difference is made as small as it gets and printed: it
//! becomes a file in `tests/data/machine_cases/`, which are all played, too.

mod conninfo;
#[path = "../support/differences.rs"]
#[allow(dead_code)] // the list has more than one suite's lines
mod differences;
mod escapes;
mod machine;
mod programs;
mod proxy;
mod rng;
mod scripts;
mod shrink;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use machine::{Case, Pair, read_case};
use programs::Library;
use rng::Rng;

const DEFAULT_SEED: u64 = 18_006;
/// Differences that are made small and printed; there may be more.
const MOST: usize = 5;
/// Cases played by one run of the machine.
const BATCH: usize = 250;

/// The seed and the number of cases, said aloud.
fn settings(test: &str, default_cases: usize) -> (Rng, usize) {
    let number = |name: &str| std::env::var(name).ok();
    let seed = match number("PQP_SEED").as_deref() {
        None | Some("") => DEFAULT_SEED,
        Some("clock") => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |t| t.as_nanos() as u64),
        Some(text) => text.parse().expect("PQP_SEED is a number, or `clock`"),
    };
    let cases = match number("PQP_CASES").as_deref() {
        None | Some("") => default_cases,
        Some(text) => text.parse().expect("PQP_CASES is a number"),
    };
    // Not through eprintln!, which the test runner would keep to itself.
    let _ = writeln!(
        std::io::stderr(),
        "{test}: PQP_SEED={seed} PQP_CASES={cases}"
    );
    // Tests must not share their numbers.
    let salt = test.bytes().fold(0, |a: u64, b| {
        a.wrapping_mul(131).wrapping_add(u64::from(b))
    });
    (Rng::new(seed ^ salt), cases)
}

fn fail_on(texts: Vec<String>) {
    assert!(
        texts.is_empty(),
        "ours is not as the reference (of {MOST} at most)\n{}",
        texts.join("\n")
    );
}

/// Plays `count` scripts, most on a server of 18, some on one of 15.
fn compare_scripts(rng: &mut Rng, count: usize, scheduled: bool) {
    let mut found = Vec::new();
    for (server, count) in [("18", count - count / 4), ("15", count / 4)] {
        let pair = Pair::new(server, "");
        let mut left = count;
        while left > 0 && found.len() < MOST {
            let batch = left.min(BATCH);
            let cases: Vec<Case> = (0..batch).map(|_| scripts::write(rng, scheduled)).collect();
            found.extend(pair.compare(&cases, MOST - found.len()));
            left -= batch;
        }
    }
    fail_on(found);
}

#[test]
fn connection_options_are_read_as_the_reference_reads_them() {
    let (mut rng, count) = settings("conninfo", 6000);
    let (reference, ours) = (Library::reference(), Library::ours_with_all_features());
    let mut found = Vec::new();
    let mut left = count;
    while left > 0 && found.len() < MOST {
        let batch = left.min(2000);
        let lines = conninfo::write(&mut rng, batch);
        found.extend(conninfo::compare(
            &reference,
            &ours,
            &lines,
            MOST - found.len(),
        ));
        left -= batch;
    }
    assert!(
        found.is_empty(),
        "ours is not as the reference\n{}",
        found.join("\n")
    );
}

#[test]
fn the_table_of_connection_options_is_answered_as_the_reference_answers_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/conninfo_cases.txt");
    let text = fs::read_to_string(path).expect("the table");
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_string)
        .collect();
    let (reference, ours) = (Library::reference(), Library::ours_with_all_features());
    let found = conninfo::compare(&reference, &ours, &lines, MOST);
    assert!(
        found.is_empty(),
        "ours is not as the reference\n{}",
        found.join("\n")
    );
    let untrue = conninfo::untrue(&reference, &ours, &lines);
    assert!(
        untrue.is_empty(),
        "listed as different and are not: {untrue:?}"
    );
}

#[test]
fn bytes_are_escaped_as_the_reference_escapes_them_in_every_encoding() {
    let (mut rng, count) = settings("escapes", 8000);
    // A SQL_ASCII server leaves text as it is and so allows every client encoding.
    let pair = Pair::new(
        "18",
        "template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'",
    );
    fail_on(pair.compare(&escapes::write(&mut rng, count), MOST));
}

#[test]
fn calls_in_any_order_answer_as_the_reference_answers() {
    let (mut rng, count) = settings("calls", 500);
    compare_scripts(&mut rng, count, false);
}

#[test]
fn no_schedule_of_bytes_and_signals_changes_what_calls_answer() {
    let (mut rng, count) = settings("schedules", 500);
    compare_scripts(&mut rng, count.div_ceil(5), true);
}

#[test]
fn cases_that_once_differed_do_not_differ_again() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/machine_cases");
    let mut names: Vec<_> = fs::read_dir(&directory)
        .expect("the fixed cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no fixed cases");
    for server in ["15", "18"] {
        let pair = Pair::new(server, "");
        let (scheduled, plain): (Vec<Case>, Vec<Case>) = names
            .iter()
            .map(|name| read_case(name))
            .partition(|case| case.schedule.is_some());
        let mut found = pair.compare(&plain, MOST);
        if !scheduled.is_empty() {
            found.extend(pair.compare(&scheduled, MOST));
        }
        fail_on(found);
    }
}
