//! All rows of `tests/data/nullargs.tsv`: every function with NULL for its arguments.
//!
//! The reference must answer as the table says; ours the same, and where the reference crashes the plain failure that
//! `tests/data/deliberate_differences.txt` lists for the function. Wants the variables of `tests/differential.rs`.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use support::differences::listed;
use support::programs::{Call, Database, Library, run_on};

/// (function, arguments) -> outcome.
type Table = BTreeMap<(String, String), String>;

fn table(text: &str) -> Table {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("function\t"))
        .map(|line| {
            let parts: Vec<&str> = line.splitn(3, '\t').collect();
            assert_eq!(parts.len(), 3, "not a row: {line}");
            (
                (parts[0].to_string(), parts[1].to_string()),
                parts[2].to_string(),
            )
        })
        .collect()
}

/// What the reference answers.
fn recorded() -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nullargs.tsv");
    table(&fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Function -> what ours answers where the reference crashes.
fn plain_failures() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for [answer, functions] in listed("nullargs") {
        for function in functions.split(' ') {
            let other = all.insert(function.to_string(), answer.clone());
            assert!(other.is_none(), "{function} is listed twice");
        }
    }
    all
}

fn measured(library: &Library, version: &str) -> Table {
    let database = Database::new(version, &format!("nullargs_{}", library.name));
    let outcome = run_on(
        library,
        &Call {
            name: format!("nullargs-{version}-{}", library.name),
            program: "diff_nullargs",
            conninfo: database.conninfo(),
            ..Call::default()
        },
    );
    assert!(outcome.succeeded(), "{}", outcome.transcript());
    table(&String::from_utf8_lossy(&outcome.stdout))
}

fn differing(expected: &Table, got: &Table) -> Vec<String> {
    let mut out = Vec::new();
    for (key, outcome) in expected {
        match got.get(key) {
            Some(measured) if measured == outcome => {}
            other => out.push(format!(
                "{} ({}): {outcome} wanted, {other:?} came",
                key.0, key.1
            )),
        }
    }
    out.extend(
        got.keys()
            .filter(|key| !expected.contains_key(*key))
            .map(|key| format!("{key:?} is not in the table")),
    );
    out
}

#[test]
fn the_table_has_every_row_once() {
    assert_eq!(recorded().len(), 360);
}

#[test]
fn the_reference_answers_null_arguments_as_the_table_says() {
    let wrong = differing(&recorded(), &measured(Library::reference(), "18"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ours_answers_null_arguments_as_the_reference_and_never_crashes() {
    let mut expected = recorded();
    let plain = plain_failures();
    let mut crashing = BTreeSet::new();
    for (key, outcome) in &mut expected {
        if outcome.starts_with("crash") {
            *outcome = plain
                .get(&key.0)
                .unwrap_or_else(|| panic!("{key:?} is not in deliberate_differences.txt"))
                .clone();
            crashing.insert(&key.0);
        }
    }
    let untrue: Vec<&String> = plain.keys().filter(|f| !crashing.contains(f)).collect();
    assert!(untrue.is_empty(), "libpq survives {untrue:?}");
    for version in ["15", "18"] {
        let wrong = differing(&expected, &measured(Library::ours(), version));
        assert!(wrong.is_empty(), "on {version}:\n{}", wrong.join("\n"));
    }
}
