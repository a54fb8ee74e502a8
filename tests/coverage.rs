//! Which case observes which behaviour: a table made from the marks in the cases themselves, and a failure for a
//! behaviour that none observes.
//!
//! `tests/data/behaviours.tsv` numbers what a client of libpq 18 can observe. A case says what it covers:
//!
//! - a C program of `c-tests/` by lines `/* covers: 12 13 */`;
//! - a script of `tests/data/scripts/` by a line `covers 12 13`;
//! - a table of inputs (`tests/data/*_cases.txt`), a consumer's script (`tests/consumers/`), a shell script of `tests/` and a
//!   program of `tests/tls/` by lines with `covers: 12 13`;
//! - rows of recorded answers by a line of `tests/data/connect_facts_covers.tsv`, `tls_facts_covers.tsv` or
//!   `tls_steps_covers.tsv`: a number, names of rows, each of which may end in `*`;
//! - a Rust test by its name, `behaviour_12_...` or `behaviours_12_and_13_...`, or by the words "behaviour 12",
//!   "behaviours 12, 13 and 15 to 17" in its body. Outside a function marked `#[test]` such words count for nothing.
//!
//! The table is `tests/data/coverage.tsv`; `UPDATE_COVERAGE=1` writes it anew. Behaviours that belong to parts that are
//! not written yet are listed in `tests/data/behaviours_elsewhere.txt` with what they wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Behaviours are numbered from 1 to this.
const LAST: u32 = 418;

/// Number of a behaviour, cases that observe it.
type Cover = BTreeMap<u32, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a directory whose names end so, in order.
fn files(directory: &str, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![root().join(directory)];
    while let Some(next) = pending.pop() {
        let entries =
            fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display()));
        for entry in entries {
            let path = entry.expect("an entry of a directory").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A path as the table shows it.
fn shown(path: &Path) -> String {
    let inside = path.strip_prefix(root()).expect("a file of the project");
    inside.to_string_lossy().into_owned()
}

/// The numbers of a mark: "12 13", words that are no numbers are errors.
fn plain_numbers(place: &str, text: &str) -> Vec<u32> {
    text.split_whitespace()
        .map(|word| match word.parse() {
            Ok(number) if (1..=LAST).contains(&number) => number,
            _ => panic!("{place}: \"{word}\" is no number of a behaviour"),
        })
        .collect()
}

/// The numbers after "behaviour" or "behaviours" in prose or in a name: single ones, lists with ",", "and", "or",
/// "_", ranges with "to" or "-".
fn told_numbers(text: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for part in text.split("behaviour").skip(1) {
        let spaced = part
            .strip_prefix('s')
            .unwrap_or(part)
            .replace(['_', ','], " ");
        let spaced = spaced.replace('-', " to ");
        let mut range = false;
        for word in spaced.split_whitespace() {
            let digits = word.trim_end_matches([':', ';', '.', ')', '"', '(']);
            match (word, digits.parse::<u32>()) {
                ("and" | "or", _) => {}
                ("to", _) => range = true,
                (_, Ok(number)) if (1..=LAST).contains(&number) => {
                    let first = numbers.last().map_or(number, |&last: &u32| last + 1);
                    numbers.extend(if std::mem::take(&mut range) {
                        first..=number
                    } else {
                        number..=number
                    });
                    if digits != word {
                        break;
                    }
                }
                _ => break,
            }
        }
    }
    numbers
}

/// Adds what the Rust tests of a source text cover; `place` names the file.
fn rust_tests(place: &str, source: &str, cover: &mut Cover) {
    let mut expected = false;
    let mut test: Option<(String, String)> = None;
    for line in source.lines() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        if code == "#[test]" {
            expected = true;
        } else if let (true, Some(rest)) = (expected, code.strip_prefix("fn ")) {
            expected = false;
            let name = rest.split('(').next().unwrap_or_default();
            for number in told_numbers(name) {
                cover
                    .entry(number)
                    .or_default()
                    .insert(format!("{place}::{name}"));
            }
            test = Some((format!("{place}::{name}"), format!("{indent}}}")));
        } else if let Some((name, end)) = &test {
            for number in told_numbers(code) {
                cover.entry(number).or_default().insert(name.clone());
            }
            if line == end {
                test = None;
            }
        }
    }
}

/// Adds the lines of a text that say `covers`, and fails if there is none.
fn marked_lines(place: &str, text: &str, mark: &str, wanted: bool, cover: &mut Cover) {
    let mut some = false;
    for line in text.lines() {
        let line = line.trim_start_matches(['/', '*', '#', '-', ' ', '\t']);
        if let Some(numbers) = line.strip_prefix(mark) {
            some = true;
            for number in plain_numbers(place, numbers.trim_end_matches("*/")) {
                cover.entry(number).or_default().insert(place.to_string());
            }
        }
    }
    assert!(some || !wanted, "{place} does not say what it covers");
}

/// Adds what the rows of a table of recorded answers cover.
fn recorded_rows(table: &str, cover: &mut Cover) {
    let rows = read(&root().join(format!("tests/data/{table}.tsv")));
    let rows: BTreeSet<&str> = rows
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    let place = format!("{table}_covers.tsv");
    for line in read(&root().join("tests/data").join(&place)).lines() {
        let Some((number, names)) = line.split_once('\t').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        for name in names.split(' ') {
            let there = match name.strip_suffix('*') {
                Some(beginning) => rows.iter().any(|row| row.starts_with(beginning)),
                None => rows.contains(name),
            };
            assert!(there, "{place}: there is no row {name}");
            for number in plain_numbers(&place, number) {
                cover
                    .entry(number)
                    .or_default()
                    .insert(format!("{} {name}", table.replace("connect_facts", "fact")));
            }
        }
    }
}

/// All marks of the project.
fn collect() -> Cover {
    let mut cover = Cover::new();
    for path in files("c-tests", ".c") {
        let wanted = shown(&path).starts_with("c-tests/diff_");
        marked_lines(&shown(&path), &read(&path), "covers:", wanted, &mut cover);
    }
    for path in files("tests/data/scripts", ".txt") {
        let place = format!(
            "script {}",
            path.file_stem().expect("a file").to_string_lossy()
        );
        marked_lines(&place, &read(&path), "covers ", false, &mut cover);
    }
    let scripts = files("tests/consumers", "")
        .into_iter()
        .chain(files("tests", ".sh"))
        .chain(files("tests/tls", ".py"));
    for path in files("tests/data", "_cases.txt").into_iter().chain(scripts) {
        marked_lines(&shown(&path), &read(&path), "covers:", false, &mut cover);
    }
    for table in ["connect_facts", "tls_facts", "tls_steps"] {
        recorded_rows(table, &mut cover);
    }
    for path in files("src", ".rs").into_iter().chain(files("tests", ".rs")) {
        if path.file_name().is_some_and(|name| name != "coverage.rs") {
            rust_tests(&shown(&path), &read(&path), &mut cover);
        }
    }
    cover
}

/// The numbered behaviours: number, subject, text.
fn behaviours() -> BTreeMap<u32, String> {
    let text = read(&root().join("tests/data/behaviours.tsv"));
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split('\t').collect();
        assert!(
            parts.len() == 3 && parts.iter().all(|p| !p.is_empty()),
            "number, subject, text wanted: {line}"
        );
        let number = parts[0]
            .parse()
            .unwrap_or_else(|_| panic!("no number: {line}"));
        assert!(
            all.insert(number, parts[2].to_string()).is_none(),
            "{number} is there twice"
        );
    }
    all
}

/// Behaviours that wait for a part not written yet: number, whether some of it is covered all the same.
fn elsewhere() -> BTreeMap<u32, bool> {
    let mut all = BTreeMap::new();
    for line in read(&root().join("tests/data/behaviours_elsewhere.txt")).lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts: Vec<&str> = line.splitn(3, '\t').collect();
        let [numbers, "partly" | "whole", reason] = parts[..] else {
            panic!("numbers, \"partly\" or \"whole\", reason wanted: {line}");
        };
        assert!(!reason.trim().is_empty(), "{line}");
        for number in plain_numbers("behaviours_elsewhere.txt", numbers) {
            assert!(
                all.insert(number, parts[1] == "partly").is_none(),
                "{number} is listed twice"
            );
        }
    }
    all
}

/// What is wrong with the cover: numbers that nothing covers, entries that wait for nothing.
fn gaps(
    cover: &Cover,
    elsewhere: &BTreeMap<u32, bool>,
    behaviours: &BTreeMap<u32, String>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, text) in behaviours {
        match (cover.contains_key(number), elsewhere.get(number)) {
            (false, None) => wrong.push(format!("{number} is observed by no case: {text}")),
            (true, Some(false)) => wrong.push(format!(
                "{number} is listed as waiting and has a case: {text}"
            )),
            (false, Some(true)) => wrong.push(format!(
                "{number} is listed as covered in part and has no case: {text}"
            )),
            (true, _) | (false, Some(false)) => {}
        }
    }
    wrong
}

fn table(cover: &Cover) -> String {
    let mut out = String::from(
        "# behaviour\tcases that observe it; made by UPDATE_COVERAGE=1 cargo test --test coverage, do not edit\n",
    );
    for number in 1..=LAST {
        let cases: Vec<&str> = cover
            .get(&number)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        out.push_str(&format!("{number}\t{}\n", cases.join(", ")));
    }
    out
}

#[test]
fn the_behaviours_are_numbered_without_a_gap() {
    assert_eq!(
        behaviours().into_keys().collect::<Vec<u32>>(),
        (1..=LAST).collect::<Vec<u32>>()
    );
}

#[test]
fn every_behaviour_is_observed_by_a_case() {
    let wrong = gaps(&collect(), &elsewhere(), &behaviours());
    assert!(
        wrong.is_empty(),
        "{} of {LAST}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_table_of_cases_is_fresh() {
    let path = root().join("tests/data/coverage.tsv");
    let fresh = table(&collect());
    if std::env::var_os("UPDATE_COVERAGE").is_some() {
        fs::write(&path, &fresh).expect("the table is written");
    }
    assert!(
        read(&path) == fresh,
        "tests/data/coverage.tsv is stale: UPDATE_COVERAGE=1 cargo test --test coverage"
    );
}

#[test]
fn marks_count_only_in_tests() {
    // the check itself
    let source = "/// behaviour 1\nfn f() {\n    // behaviour 2\n}\n#[test]\nfn behaviours_3_to_5_and_7_hold() {\n    \
                  // behaviours 9, 10 and 12-14: and 99 bottles\n}\n// behaviour 15\n";
    let mut cover = Cover::new();
    rust_tests("x.rs", source, &mut cover);
    assert_eq!(
        cover.keys().copied().collect::<Vec<u32>>(),
        [3, 4, 5, 7, 9, 10, 12, 13, 14]
    );
    assert_eq!(
        cover[&9].first().map(String::as_str),
        Some("x.rs::behaviours_3_to_5_and_7_hold")
    );
}

#[test]
fn a_gap_is_seen() {
    // the check itself
    let behaviours: BTreeMap<u32, String> = (1..=5).map(|n| (n, "text".to_string())).collect();
    let cover: Cover = [1, 2, 3]
        .into_iter()
        .map(|n| (n, BTreeSet::from(["case".to_string()])))
        .collect();
    let elsewhere = BTreeMap::from([(2, false), (3, true), (4, true)]);
    let wrong = gaps(&cover, &elsewhere, &behaviours);
    let numbers: Vec<&str> = wrong
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(numbers, ["2", "4", "5"]);
}
