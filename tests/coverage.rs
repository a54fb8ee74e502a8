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
//!
//! Where the answer is not libpq's on purpose stands in `tests/data/deliberate_differences.txt`. Its lines are for the suites
//! to prove; here it is seen that there is a suite to do so, and that README.md gives the same reasons.

#[path = "support/differences.rs"]
#[allow(dead_code)] // the list is looked at as a whole
mod differences;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use differences::{Reason, reasons};

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

/// The suites that read the list of differences, and how many columns a line of theirs has.
const SUITES: &[(&str, usize)] = &[
    ("differential", 2),
    ("hostile", 2),
    ("connect_facts", 2),
    ("tls_facts", 2),
    ("nullargs", 2),
    ("generative", 1),
    ("tls_steps", 3),
    ("tls/real_servers", 3),
    ("tls/api", 3),
    ("tls/broken", 3),
    ("own", 2),
];

/// What README.md says of differences: title and text of each, on one line.
fn told_differences(readme: &str) -> Vec<String> {
    let section = readme
        .split("\n## What differs from libpq on purpose\n")
        .nth(1);
    let section = section.expect("a section on differences");
    let section = section.split("\n## ").next().unwrap_or_default();
    let list = section.split("\n- ").skip(1);
    list.map(|entry| {
        let entry = entry.split("\n\n").next().unwrap_or_default();
        entry.split_whitespace().collect::<Vec<&str>>().join(" ")
    })
    .collect()
}

/// What is wrong with the list of differences: reasons that README.md does not give or gives beyond it, lines that nothing
/// proves. `names` has the cases of a suite whose lines may mean nothing at all.
fn wrong_differences(
    listed: &[Reason],
    readme: &str,
    names: &dyn Fn(&str) -> Vec<String>,
    has_function: &dyn Fn(&str, &str) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let told = told_differences(readme);
    let reasons: Vec<String> = listed
        .iter()
        .map(|reason| format!("**{}.** {}", reason.title, reason.text))
        .collect();
    let missing = reasons.iter().filter(|reason| !told.contains(reason));
    wrong.extend(missing.map(|reason| format!("not in README.md: {reason}")));
    let beyond = told.iter().filter(|entry| !reasons.contains(entry));
    wrong.extend(beyond.map(|entry| format!("only in README.md: {entry}")));
    for reason in listed {
        if reason.lines.is_empty() {
            wrong.push(format!("no answer shows it: {}", reason.title));
        }
        for line in &reason.lines {
            let shown = format!("{} {}", line.suite, line.columns.join(" "));
            let suite = SUITES.iter().find(|(suite, _)| *suite == line.suite);
            if suite.is_none_or(|(_, columns)| *columns != line.columns.len()) {
                wrong.push(format!("no suite reads it: {shown}"));
            } else if line.suite == "own" && !has_function(&line.columns[0], &line.columns[1]) {
                wrong.push(format!("there is no such test: {shown}"));
            } else if ["differential", "hostile"].contains(&line.suite.as_str()) {
                let name = &line.columns[0];
                let start = name.strip_suffix('*');
                let mut all = names(&line.suite).into_iter();
                if !all.any(|n| start.map_or(n == *name, |start| n.starts_with(start))) {
                    wrong.push(format!("there is no such case: {shown}"));
                }
            }
        }
    }
    wrong
}

/// The programs or scripts of a suite.
fn cases_of(suite: &str) -> Vec<String> {
    let (directory, end) = match suite {
        "differential" => ("c-tests", ".c"),
        _ => ("tests/data/scripts", ".txt"),
    };
    let names = files(directory, end).into_iter();
    names
        .map(|path| {
            let name = path.file_stem().expect("a file has a name");
            name.to_string_lossy().into_owned()
        })
        .collect()
}

#[test]
fn every_deliberate_difference_has_its_reason_in_the_readme_and_a_suite() {
    let readme = read(&root().join("README.md"));
    let wrong = wrong_differences(&reasons(), &readme, &cases_of, &|file, name| {
        let text = read(&root().join(file));
        text.contains(&format!("fn {name}(")) || text.contains(&format!("def {name}("))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_difference_without_its_reason_or_its_case_is_seen() {
    // the check itself
    let listed = differences::parse(
        "# words\nreason\tOne\tFor this.\nhostile\ta*\t*\nhostile\tb\t*\nown\tf.rs\tgone\nelsewhere\tx\n\
         reason\tTwo\tFor that.\n",
    );
    let readme = "\n## What differs from libpq on purpose\n\nWords.\n\n- **One.** For\n  this.\n- **Three.** No.\n\nEnd.\n";
    let names = |_: &str| vec!["ab".to_string()];
    let wrong = wrong_differences(&listed, readme, &names, &|_, _| false);
    assert_eq!(
        wrong,
        [
            "not in README.md: **Two.** For that.",
            "only in README.md: **Three.** No.",
            "there is no such case: hostile b *",
            "there is no such test: own f.rs gone",
            "no suite reads it: elsewhere x",
            "no answer shows it: Two",
        ]
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
