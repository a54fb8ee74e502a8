//! Which of libpq's texts some case makes the reference say, and so compares with ours.
//!
//! `tests/data/messages.tsv` lists their shapes. They are looked for in the transcripts of the reference that the
//! differential tests have left under the target directory (`tmp/reference/`), and in what has been recorded from it and
//! is compared elsewhere (`connect_facts.tsv`, `conninfo_expected.txt`, `tls_steps.tsv`, `tls_facts.tsv`). `tests/data/messages_unprovoked.tsv` lists those
//! that no case provokes, each with a reason.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use support::programs::gathered;

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts between the conversions of a shape, `\n` and `\t` as what they stand for.
fn fixed_parts(shape: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = shape.chars().peekable();
    while let Some(c) = chars.next() {
        let literal = match (c, chars.peek()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('t')) => '\t',
            ('%', Some('%')) => '%',
            ('%', Some(_)) => {
                // up to the letter that says what it is
                while chars
                    .next()
                    .is_some_and(|c| !c.is_ascii_alphabetic() || "lzh".contains(c))
                {
                }
                parts.push(String::new());
                continue;
            }
            _ => {
                parts.last_mut().expect("there is one").push(c);
                continue;
            }
        };
        chars.next();
        parts.last_mut().expect("there is one").push(literal);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// A transcript with the escapes of `show_text` undone.
fn plain(text: &str) -> String {
    text.replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\x09", "\t")
        .replace("\\\"", "\"")
        .replace("\\\\", "\\")
}

/// Whether the parts follow each other somewhere, on one line but for the line breaks they have themselves.
fn said(parts: &[String], text: &str) -> bool {
    let Some((first, others)) = parts.split_first() else {
        return false;
    };
    text.match_indices(first.as_str()).any(|(at, _)| {
        let mut rest = &text[at + first.len()..];
        others.iter().all(|part| {
            let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
            // the part itself may begin with the line's end and go on behind it
            match rest.find(part.as_str()) {
                Some(found) if found < line => {
                    rest = &rest[found + part.len()..];
                    true
                }
                _ => false,
            }
        })
    })
}

/// Shapes by where they come from.
fn shapes() -> Vec<(String, String)> {
    let text = data("messages.tsv");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('\t').unwrap_or_else(|| panic!("{line}")));
    pairs
        .map(|(from, shape)| (from.to_string(), shape.to_string()))
        .collect()
}

/// What is listed as unprovoked: where from, shape (`*` is all of them), reason.
fn unprovoked() -> BTreeMap<(String, String), String> {
    let text = data("messages_unprovoked.tsv");
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split('\t').collect();
        let [from, shape, reason] = parts[..] else {
            panic!("where from, shape, reason wanted: {line}");
        };
        assert!(!reason.is_empty(), "{line}");
        let key = (from.to_string(), shape.to_string());
        assert!(
            all.insert(key, reason.to_string()).is_none(),
            "listed twice: {line}"
        );
    }
    all
}

#[test]
#[ignore = "looks at what the differential tests have left: run after them, as make test does"]
fn every_text_is_said_in_some_case() {
    let mut texts = vec![
        plain(&data("connect_facts.tsv")),
        plain(&data("conninfo_expected.txt")),
        plain(&data("tls_steps.tsv")),
        plain(&data("tls_facts.tsv")),
    ];
    let directory = gathered();
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run the differential tests first",
            directory.display()
        )
    });
    for entry in entries {
        let bytes = fs::read(entry.expect("an entry").path()).expect("a transcript");
        texts.push(plain(&String::from_utf8_lossy(&bytes)));
    }
    let listed = unprovoked();
    let shapes = shapes();
    let mut wrong = Vec::new();
    for (from, shape) in &shapes {
        let parts = fixed_parts(shape);
        let said = texts.iter().any(|text| said(&parts, text));
        let known = listed.contains_key(&(from.clone(), shape.clone()));
        let all_known = listed.contains_key(&(from.clone(), "*".to_string()));
        if said && known {
            wrong.push(format!("listed as unprovoked, and said: {from}\t{shape}"));
        } else if !said && !known && !all_known {
            wrong.push(format!("said in no case: {from}\t{shape}"));
        }
    }
    let there: BTreeSet<&(String, String)> = shapes.iter().collect();
    for key in listed
        .keys()
        .filter(|key| key.1 != "*" && !there.contains(key))
    {
        wrong.push(format!(
            "listed as unprovoked, and no text at all: {}\t{}",
            key.0, key.1
        ));
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_shape_is_found_where_it_is_said_and_only_there() {
    // the check itself
    let parts =
        fixed_parts("could not match %d host names to %zu of \"%s\"\\n\\tsee 100%% %0.2lf!");
    assert_eq!(
        parts,
        [
            "could not match ",
            " host names to ",
            " of \"",
            "\"\n\tsee 100% ",
            "!"
        ]
    );
    let transcript =
        "  error: \"x: could not match 2 host names to 3 of \\\"a\\\"\\n\\tsee 100% 1.5!\"\n";
    assert!(said(&parts, &plain(transcript)));
    assert!(!said(
        &parts,
        &plain(&transcript.replace("names to", "numbers to"))
    ));
    assert!(!said(&fixed_parts("one %s two"), "one and\nthen two"));
    assert!(!said(&fixed_parts("%s"), "anything"));
}
