//! Reads `tests/data/deliberate_differences.txt`, the one list of what ours answers otherwise than libpq on purpose. The
//! file itself says what its lines are; `differences.py` beside this one reads it for the suites in Python.

use std::fs;
use std::path::Path;

/// Why some answers differ, and which.
pub struct Reason {
    /// As the README has it in bold.
    pub title: String,
    /// What the README says after that.
    pub text: String,
    pub lines: Vec<Line>,
}

/// An answer that differs.
pub struct Line {
    pub suite: String,
    /// A cargo feature with which it does not.
    without: Option<String>,
    /// What the suite wants to know.
    pub columns: Vec<String>,
}

/// The whole list.
pub fn reasons() -> Vec<Reason> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/deliberate_differences.txt");
    parse(&fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The list in this text.
pub fn parse(text: &str) -> Vec<Reason> {
    let mut all: Vec<Reason> = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        assert!(
            cells.iter().all(|cell| !cell.trim().is_empty()),
            "an empty column in: {line}"
        );
        if cells[0] == "reason" {
            let [_, title, text] = cells[..] else {
                panic!("title and text wanted: {line}")
            };
            all.push(Reason {
                title: title.to_string(),
                text: text.to_string(),
                lines: Vec::new(),
            });
            continue;
        }
        let (suite, without) = match cells[0].split_once(" without ") {
            Some((suite, feature)) => (suite, Some(feature.to_string())),
            None => (cells[0], None),
        };
        let reason = all
            .last_mut()
            .unwrap_or_else(|| panic!("no reason for: {line}"));
        reason.lines.push(Line {
            suite: suite.to_string(),
            without,
            columns: cells[1..].iter().map(|cell| cell.to_string()).collect(),
        });
    }
    all
}

/// The lines of one suite that are true for what this test is built with, each of `N` columns.
pub fn listed<const N: usize>(suite: &str) -> Vec<[String; N]> {
    let lines = reasons().into_iter().flat_map(|reason| reason.lines);
    lines
        .filter(|line| line.suite == suite)
        .filter(|line| match line.without.as_deref() {
            None => true,
            Some("tls-aws-lc-rs") => !cfg!(feature = "tls-aws-lc-rs"),
            Some(other) => panic!("{suite}: feature {other} is not known here"),
        })
        .map(|line| {
            let columns = line.columns;
            columns
                .try_into()
                .unwrap_or_else(|got| panic!("{suite}: {N} columns wanted, not {got:?}"))
        })
        .collect()
}
