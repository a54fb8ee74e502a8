//! Compares two transcripts, apart from the differences that are meant and listed in
//! `tests/data/deliberate_differences.txt`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::differences::listed;
use super::process::Outcome;

/// Text before the first heading, then (heading, text) of each case.
fn cases(transcript: &str) -> Vec<(String, String)> {
    let mut all = vec![(String::new(), String::new())];
    for line in transcript.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            all.push((name.to_string(), String::new()));
        } else if line.starts_with("-- ") && !line.starts_with("-- round") {
            all.push((line.to_string(), format!("{line}\n")));
        } else {
            let last = all.last_mut().expect("there is a first case");
            last.1.push_str(line);
            last.1.push('\n');
        }
    }
    all
}

/// The unified difference of two texts; empty if they are equal. The texts stay under the target directory.
pub fn difference(name: &str, reference: &str, ours: &str) -> String {
    if reference == ours {
        return String::new();
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("transcripts");
    fs::create_dir_all(&directory).expect("a directory for transcripts");
    let left = directory.join(format!("{name}.reference"));
    let right = directory.join(format!("{name}.ours"));
    fs::write(&left, reference).expect("a transcript");
    fs::write(&right, ours).expect("a transcript");
    let output = Command::new("diff")
        .args(["-u", "-F", "^==", "--label", "reference", "--label", "ours"])
        .arg(&left)
        .arg(&right)
        .output()
        .expect("diff runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.is_empty() {
        "the texts differ".to_string()
    } else {
        text
    }
}

/// Fails unless both outcomes are the same but for the cases listed as deliberate. A listed case that does not differ
/// fails, too.
pub fn assert_same(name: &str, program: &str, reference: &Outcome, ours: &Outcome) {
    let (reference, ours) = (reference.transcript(), ours.transcript());
    let failure = compare("differential", name, program, &reference, &ours);
    assert!(
        failure.is_empty(),
        "{name}: ours is not as the reference\n{failure}"
    );
}

/// Whether a listed name means this one; `*` at its end stands for any ending.
fn means(listed: &str, name: &str) -> bool {
    match listed.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => listed == name,
    }
}

/// Whether all that this program shows is listed as meant to differ.
pub fn differs_by_design(suite: &str, program: &str) -> bool {
    cases_that_differ(suite, program).iter().any(|c| c == "*")
}

/// The cases of a program that are listed.
fn cases_that_differ(suite: &str, program: &str) -> Vec<String> {
    let listed = listed(suite).into_iter();
    listed
        .filter(|[name, _]| means(name, program))
        .map(|[_, case]| case)
        .collect()
}

/// What is wrong, empty if nothing. `suite` says whose lines of the list count.
pub fn compare(suite: &str, name: &str, program: &str, reference: &str, ours: &str) -> String {
    let listed = cases_that_differ(suite, program);
    if listed.is_empty() {
        return difference(name, reference, ours);
    }
    if listed.iter().any(|case| case == "*") {
        return if reference == ours {
            format!("{program} is listed as deliberate and does not differ\n")
        } else if !ours.ends_with("-- exit 0\n") {
            format!("{program} may differ, but not end badly:\n{ours}")
        } else {
            String::new()
        };
    }
    let mut failure = String::new();
    let mut left = cases(reference);
    let mut right = cases(ours);
    for case in &listed {
        let pick = |all: &mut Vec<(String, String)>| {
            let mut picked = String::new();
            all.retain(|(heading, text)| {
                let hit = heading == case;
                if hit {
                    picked.push_str(text);
                }
                !hit
            });
            picked
        };
        let (a, b) = (pick(&mut left), pick(&mut right));
        if a == b {
            failure.push_str(&format!(
                "case \"{case}\" is listed as deliberate and does not differ\n"
            ));
        }
    }
    let join = |all: &[(String, String)]| {
        all.iter()
            .map(|(heading, text)| format!("== {heading}\n{text}"))
            .collect::<String>()
    };
    failure.push_str(&difference(name, &join(&left), &join(&right)));
    failure
}
