//! The rules of the house, checked on the source itself.
//!
//! 1. A lower room never imports a higher one; `config` and `net` do not import each other.
//! 2. `protocol` knows no socket, clock, file, environment or C type.
//! 3. `unsafe` only in `capi`, in files named `sys.rs`; every other room forbids or denies it.
//! 4. Every exported C function goes through the guard; the exported names are those of
//!    `tests/exports.txt`, and beside them only `pqp_*`.
//! 5. A file has one subject: none past 800 lines, but those listed here with a reason.
//! 6. What tables and files say of each other agrees: `exports.txt` with the table it is made from,
//!    the headers with both.
//! 7. Sources hold no control characters as such.
//!
//! Each checker is run on snippets that break its rule, too: a check that cannot fail is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms and their floors, lowest first.
const ROOMS: &[(&str, u8)] = &[
    ("protocol", 0),
    ("config", 1),
    ("net", 1),
    ("connect", 2),
    ("client", 3),
    ("high", 4),
    ("capi", 5),
];

/// Words that have no business in `protocol`: each would tie it to a machine.
const FORBIDDEN_IN_PROTOCOL: &[&str] = &[
    "std::net",
    "std::fs",
    "std::env",
    "std::time",
    "std::os",
    "std::io",
    "std::thread",
    "std::process",
    "std::ffi",
    "core::ffi",
    "Instant",
    "SystemTime",
    "c_char",
    "c_int",
    "libc",
    "socket2",
    "getrandom",
    "env!",
];

/// Exported functions that need no guard, each with its reason.
const UNGUARDED: &[(&str, &str)] = &[
    ("PQlibVersion", "returns a constant"),
    ("PQisthreadsafe", "returns a constant"),
    ("pqp_version", "returns a constant"),
];

/// Files that may be longer than 800 lines, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

const MAX_LINES: usize = 800;

// ---- reading Rust ----

/// The source with comments, strings and character literals blanked, line breaks kept: what is
/// left is code. Raw strings, nested comments and lifetimes are understood.
fn code_of(source: &str) -> String {
    let bytes: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    let blank = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while i < bytes.len() {
        let c = bytes[i];
        let next = bytes.get(i + 1).copied().unwrap_or('\0');
        let before = if i == 0 { ' ' } else { bytes[i - 1] };
        let starts_word = !(before.is_alphanumeric() || before == '_');
        if c == '/' && next == '/' {
            while i < bytes.len() && bytes[i] != '\n' {
                blank(&mut out, bytes[i]);
                i += 1;
            }
        } else if c == '/' && next == '*' {
            let mut depth = 0;
            while i < bytes.len() {
                let pair = (bytes[i], bytes.get(i + 1).copied().unwrap_or('\0'));
                let step = match pair {
                    ('/', '*') => {
                        depth += 1;
                        2
                    }
                    ('*', '/') => {
                        depth -= 1;
                        2
                    }
                    _ => 1,
                };
                for c in bytes.iter().skip(i).take(step) {
                    blank(&mut out, *c);
                }
                i += step;
                if depth == 0 {
                    break;
                }
            }
        } else if let Some(hashes) = raw_string_at(&bytes, i).filter(|_| starts_word) {
            // blank up to the quote that is followed by as many hashes
            while i < bytes.len() && bytes[i] != '"' {
                blank(&mut out, bytes[i]);
                i += 1;
            }
            blank(&mut out, '"');
            i += 1;
            while i < bytes.len() {
                let end = bytes[i] == '"' && (1..=hashes).all(|n| bytes.get(i + n) == Some(&'#'));
                blank(&mut out, bytes[i]);
                i += 1;
                if end {
                    for _ in 0..hashes {
                        blank(&mut out, '#');
                        i += 1;
                    }
                    break;
                }
            }
        } else if c == '"' {
            out.push('"');
            i += 1;
            while i < bytes.len() && bytes[i] != '"' {
                let escaped = bytes[i] == '\\';
                blank(&mut out, bytes[i]);
                i += 1;
                if escaped && i < bytes.len() {
                    blank(&mut out, bytes[i]);
                    i += 1;
                }
            }
            if i < bytes.len() {
                out.push('"');
                i += 1;
            }
        } else if c == '\'' && (next == '\\' || bytes.get(i + 2) == Some(&'\'')) {
            // a character literal, not a lifetime
            out.push(' ');
            i += 1;
            if bytes.get(i) == Some(&'\\') {
                blank(&mut out, ' ');
                i += 1;
            }
            blank(&mut out, ' ');
            i += 1;
            while i < bytes.len() && bytes[i] != '\'' {
                blank(&mut out, bytes[i]);
                i += 1;
            }
            out.push(' ');
            i += 1;
        } else {
            out.push(c);
            i += 1;
        }
    }
    out
}

/// Number of hashes when a raw string (`r"`, `br#"`, `cr"` ...) begins at `i`.
fn raw_string_at(chars: &[char], i: usize) -> Option<usize> {
    let mut at = i;
    if matches!(chars.get(at), Some('b' | 'c')) {
        at += 1;
    }
    if chars.get(at) != Some(&'r') {
        return None;
    }
    at += 1;
    let mut hashes = 0;
    while chars.get(at) == Some(&'#') {
        hashes += 1;
        at += 1;
    }
    (chars.get(at) == Some(&'"')).then_some(hashes)
}

/// Splits code into words (identifiers, numbers) and single other characters, with their lines.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let len = if c.is_alphanumeric() || c == '_' {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(rest.len())
            } else {
                c.len_utf8()
            };
            let (token, tail) = rest.split_at(len);
            if !c.is_whitespace() {
                found.push((number + 1, token));
            }
            rest = tail;
        }
    }
    found
}

/// Rooms a source names through `crate::room`, `crate::{room, ...}` or `super` chains that leave
/// the room, each with the line. `depth` is how many `super` lead from the file's own module to
/// the crate root (1 for `src/net/mod.rs`, 2 for `src/net/dns.rs`).
fn imported_rooms(code: &str, depth: usize) -> Vec<(usize, String)> {
    let tokens = tokens(code);
    let word = |i: usize| tokens.get(i).map_or("", |(_, token)| *token);
    let mut found = Vec::new();
    // inline modules (`mod tests`) add a step to the root
    let mut inline_until = Vec::new();
    let mut braces = 0usize;
    let mut i = 0;
    while i < tokens.len() {
        match word(i) {
            "mod" if word(i + 2) == "{" => inline_until.push(braces),
            "{" => braces += 1,
            "}" => {
                braces = braces.saturating_sub(1);
                if inline_until.last() == Some(&braces) {
                    inline_until.pop();
                }
            }
            _ => {}
        }
        let mut at = i;
        if word(at) == "crate" {
            at += 1;
        } else if word(at) == "super" && (i < 2 || word(i - 1) != ":") {
            let mut steps = 0;
            while word(at) == "super" {
                steps += 1;
                at += 1;
                if word(at) == ":" && word(at + 1) == ":" && word(at + 2) == "super" {
                    at += 2;
                }
            }
            if steps < depth + inline_until.len() {
                i += 1;
                continue;
            }
        } else {
            i += 1;
            continue;
        }
        if word(at) == ":" && word(at + 1) == ":" {
            at += 2;
            if word(at) == "{" {
                // the heads of the list, at its own level only
                let mut level = 0;
                let mut head = true;
                while at < tokens.len() {
                    match word(at) {
                        "{" => level += 1,
                        "}" => level -= 1,
                        "," => head = level == 1,
                        name if level == 1 && head => {
                            found.push((tokens[at].0, name.to_string()));
                            head = false;
                        }
                        _ => {}
                    }
                    if level == 0 {
                        break;
                    }
                    if word(at) == "{" && level == 1 {
                        head = true;
                    }
                    at += 1;
                }
            } else {
                found.push((tokens[at].0, word(at).to_string()));
            }
        }
        i += 1;
    }
    found
}

// ---- the rules ----

/// Rule 1: what a file of `room` names that it may not.
fn wrong_imports(room: &str, depth: usize, source: &str) -> Vec<String> {
    let floor_of = |name: &str| ROOMS.iter().find(|(r, _)| *r == name).map(|(_, f)| *f);
    let own = floor_of(room).expect("a room of the house");
    imported_rooms(&code_of(source), depth)
        .into_iter()
        .filter_map(|(line, name)| {
            if name == "*" || name == "self" {
                return Some(format!("line {line}: imports the whole crate"));
            }
            let other = floor_of(&name)?;
            (name != room && other >= own).then(|| {
                format!("line {line}: {room} (floor {own}) imports {name} (floor {other})")
            })
        })
        .collect()
}

/// Rule 2: words in `protocol` that tie it to a machine.
fn machine_words(source: &str) -> Vec<String> {
    let code = code_of(source);
    // `use std::{net, fs}` is the same as `std::net`
    let flat: String = tokens(&code)
        .iter()
        .map(|(_, token)| *token)
        .collect::<Vec<_>>()
        .join(" ");
    let mut found = Vec::new();
    for word in FORBIDDEN_IN_PROTOCOL {
        let spaced = tokens(word)
            .iter()
            .map(|(_, token)| *token)
            .collect::<Vec<_>>()
            .join(" ");
        if format!(" {flat} ").contains(&format!(" {spaced} ")) {
            found.push((*word).to_string());
        }
    }
    for root in ["std", "core"] {
        let mut rest = flat.as_str();
        while let Some(at) = rest.find(&format!("{root} : : {{")) {
            rest = &rest[at + root.len() + 6..];
            let list = rest.split(';').next().unwrap_or("");
            for word in FORBIDDEN_IN_PROTOCOL {
                if let Some(name) = word.strip_prefix(&format!("{root}::"))
                    && list.split(' ').any(|token| token == name)
                {
                    found.push((*word).to_string());
                }
            }
        }
    }
    found
}

/// Rule 3: whether a file may hold `unsafe`.
fn may_be_unsafe(path: &str) -> bool {
    path.starts_with("src/capi/") || path.ends_with("/sys.rs")
}

/// Rule 3: lines that hold the keyword (the lints' names do not count).
fn unsafe_lines(source: &str) -> Vec<usize> {
    tokens(&code_of(source))
        .into_iter()
        .filter(|(_, token)| *token == "unsafe")
        .map(|(line, _)| line)
        .collect()
}

/// An exported C function or static.
#[derive(Debug, PartialEq)]
struct Export {
    name: String,
    kind: char,
    guarded: bool,
}

/// Rule 4: the functions of a file with the words of their bodies.
fn bodies<'a>(tokens: &[(usize, &'a str)]) -> Vec<(&'a str, Vec<&'a str>)> {
    let word = |i: usize| tokens.get(i).map_or("", |(_, token)| *token);
    let mut found = Vec::new();
    for i in 0..tokens.len() {
        if word(i) != "fn" || word(i + 1) == "(" {
            continue;
        }
        let mut at = i;
        while at < tokens.len() && !matches!(word(at), "{" | ";") {
            at += 1;
        }
        let mut level = 0;
        let mut body = Vec::new();
        while at < tokens.len() {
            match word(at) {
                "{" => level += 1,
                "}" => level -= 1,
                token => body.push(token),
            }
            at += 1;
            if level == 0 {
                break;
            }
        }
        found.push((word(i + 1), body));
    }
    found
}

/// Rule 4: whether a body calls one of these functions.
fn calls(body: &[&str], names: &BTreeSet<String>) -> bool {
    body.windows(2)
        .any(|pair| (pair[1] == "(" || pair[1] == ":") && names.contains(pair[0]))
}

/// Rule 4: the functions of `guard.rs` that others may call.
fn guards_of(source: &str) -> BTreeSet<String> {
    let code = code_of(source);
    let tokens = tokens(&code);
    let word = |i: usize| tokens.get(i).map_or("", |(_, token)| *token);
    (0..tokens.len())
        .filter(|&i| word(i) == "pub")
        .filter_map(|i| (i..i + 8).find(|&at| word(at) == "fn"))
        .map(|at| word(at + 1).to_string())
        .filter(|name| name == "catch" || name.starts_with("with_") || name.starts_with("see_"))
        .collect()
}

/// Rule 4: the `#[unsafe(no_mangle)]` items of a file. Guarded is one that calls a guard, or a
/// private function of the same file that does, or jumps to the C shim, which calls only exports.
fn exports_of(source: &str, guards: &BTreeSet<String>) -> Vec<Export> {
    let code = code_of(source);
    let tokens = tokens(&code);
    let word = |i: usize| tokens.get(i).map_or("", |(_, token)| *token);
    let bodies = bodies(&tokens);
    let mut items = Vec::new();
    for i in (0..tokens.len()).filter(|&i| word(i) == "no_mangle") {
        if let Some(at) = (i..tokens.len()).find(|&at| matches!(word(at), "fn" | "static")) {
            items.push((word(at + 1), if word(at) == "fn" { 'T' } else { 'D' }));
        }
    }
    let mut guards = guards.clone();
    for _ in 0..bodies.len() {
        let before = guards.len();
        for (name, body) in &bodies {
            if calls(body, &guards) && !items.iter().any(|(item, _)| item == name) {
                guards.insert((*name).to_string());
            }
        }
        if guards.len() == before {
            break;
        }
    }
    items
        .into_iter()
        .map(|(name, kind)| Export {
            name: name.to_string(),
            kind,
            guarded: kind == 'D'
                || bodies.iter().any(|(owner, body)| {
                    *owner == name && (calls(body, &guards) || body.contains(&"naked_asm"))
                }),
        })
        .collect()
}

/// The guards of the house.
fn guards() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("src/capi/guard.rs")).expect("src/capi/guard.rs");
    let found = guards_of(&text);
    assert!(found.contains("catch"), "guard.rs has no catch: {found:?}");
    // a file may also catch by itself, where there is no connection to leave an error in
    found
        .into_iter()
        .chain(["catch_unwind".to_string()])
        .collect()
}

/// Rule 4: the variadic functions, which C defines: names followed by `(` in a shim, at the start
/// of a definition.
fn shim_exports(source: &str) -> Vec<String> {
    ["printfPQExpBuffer", "appendPQExpBuffer"]
        .into_iter()
        .filter(|name| {
            source.lines().any(|line| {
                line.split_once(&format!("{name}("))
                    .is_some_and(|(before, _)| before.is_empty() || before.ends_with(' '))
            })
        })
        .map(str::to_string)
        .collect()
}

// ---- the house itself ----

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under `dir` with one of the endings, as (path from the root, contents).
fn files(dir: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut todo: Vec<PathBuf> = vec![root().join(dir)];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                todo.push(path);
            } else if endings
                .iter()
                .any(|e| path.extension().is_some_and(|x| x == *e))
            {
                let name = path.strip_prefix(root()).expect("below the root");
                let text = fs::read_to_string(&path).expect("source is text");
                found.push((name.to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources under {dir}");
    found
}

/// The room a path lies in, and how many `super` lead from its module to the crate root.
fn room_of(path: &str) -> Option<(&str, usize)> {
    let inside = path.strip_prefix("src/")?;
    let (room, rest) = inside.split_once('/')?;
    let depth = rest.matches('/').count() + if rest.ends_with("mod.rs") { 1 } else { 2 };
    (room != "bin").then_some((room, depth))
}

#[test]
fn lower_rooms_never_import_higher_ones() {
    let mut wrong = Vec::new();
    for (path, source) in files("src", &["rs"]) {
        if let Some((room, depth)) = room_of(&path) {
            for what in wrong_imports(room, depth, &source) {
                wrong.push(format!("{path}: {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn protocol_knows_no_machine() {
    let mut wrong = Vec::new();
    for (path, source) in files("src/protocol", &["rs"]) {
        for word in machine_words(&source) {
            wrong.push(format!("{path}: {word}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let entry = fs::read_to_string(root().join("src/protocol/mod.rs")).expect("src/protocol");
    assert!(entry.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn unsafe_stays_in_capi_and_sys() {
    let mut wrong = Vec::new();
    for (path, source) in files("src", &["rs"]) {
        if !may_be_unsafe(&path) {
            for line in unsafe_lines(&source) {
                wrong.push(format!("{path}:{line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "unsafe in {}", wrong.join(", "));
    let top = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    assert!(top.contains("#![deny(unsafe_code)]"));
}

#[test]
fn exported_functions_go_through_the_guard() {
    let mut wrong = Vec::new();
    let guards = guards();
    for (path, source) in files("src", &["rs"]) {
        for export in exports_of(&source, &guards) {
            if !path.starts_with("src/capi/") {
                wrong.push(format!("{path}: {} is exported outside capi", export.name));
            }
            if !export.guarded && !UNGUARDED.iter().any(|(name, _)| *name == export.name) {
                wrong.push(format!("{path}: {} has no guard", export.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn exported_names_are_those_of_the_list() {
    let listed: BTreeMap<String, char> = listed_exports();
    let mut found: BTreeMap<String, char> = BTreeMap::new();
    let mut twice = Vec::new();
    for (_, source) in files("src", &["rs"]) {
        for export in exports_of(&source, &BTreeSet::new()) {
            if found.insert(export.name.clone(), export.kind).is_some() {
                twice.push(export.name);
            }
        }
    }
    for (_, source) in files("src", &["rs", "c"]) {
        for name in shim_exports(&code_of(&source)) {
            found.entry(name).or_insert('T');
        }
    }
    let missing: Vec<_> = listed
        .iter()
        .filter(|(name, kind)| found.get(*name) != Some(kind))
        .map(|(name, _)| name.as_str())
        .collect();
    let extra: Vec<_> = found
        .keys()
        .filter(|name| !name.starts_with("pqp_") && !listed.contains_key(*name))
        .map(String::as_str)
        .collect();
    assert!(twice.is_empty(), "exported twice: {twice:?}");
    assert!(extra.is_empty(), "exported and not listed: {extra:?}");
    assert!(
        missing.is_empty(),
        "{} listed and not exported: {missing:?}",
        missing.len()
    );
}

fn listed_exports() -> BTreeMap<String, char> {
    let text = fs::read_to_string(root().join("tests/exports.txt")).expect("tests/exports.txt");
    text.lines()
        .map(|line| {
            let (name, kind) = line.split_once(' ').expect("NAME KIND");
            (name.to_string(), kind.chars().next().expect("a kind"))
        })
        .collect()
}

#[test]
fn the_list_of_exports_is_that_of_the_table() {
    let table = fs::read_to_string(root().join("tests/data/exports.tsv")).expect("exports.tsv");
    let from_table: BTreeMap<String, char> = table
        .lines()
        .skip(1)
        .map(|line| {
            let mut columns = line.split('\t');
            let name = columns.next().expect("a symbol").to_string();
            let kind = columns.nth(4).expect("a kind");
            (name, if kind == "data" { 'D' } else { 'T' })
        })
        .collect();
    assert_eq!(from_table.len(), 211);
    assert_eq!(listed_exports(), from_table);
}

#[test]
fn headers_declare_every_export_that_has_a_header() {
    let table = fs::read_to_string(root().join("tests/data/exports.tsv")).expect("exports.tsv");
    let mut missing = Vec::new();
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (name, header) = (columns[0], columns[6]);
        if header.starts_with("none") {
            continue;
        }
        let text = fs::read_to_string(root().join("include").join(header)).expect("a header");
        if !text
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word == name)
        {
            missing.push(format!("{header}: {name}"));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn files_have_one_subject_and_fewer_than_801_lines() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, source) in files("src", &["rs"]) {
        let lines = source.lines().count();
        let listed = LONG_FILES.iter().find(|(name, _)| *name == path);
        if let Some((name, _)) = listed {
            seen.insert(*name);
        }
        if lines > MAX_LINES && listed.is_none() {
            wrong.push(format!("{path} has {lines} lines"));
        }
        if lines <= MAX_LINES && listed.is_some() {
            wrong.push(format!("{path} is listed as long and has {lines} lines"));
        }
    }
    for (name, reason) in LONG_FILES {
        assert!(!reason.is_empty(), "{name} is listed without a reason");
        if !seen.contains(name) {
            wrong.push(format!("{name} is listed as long and is not there"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Control characters that stand in a text as such: git then takes the file for a binary one and shows no changes of it.
fn raw_controls(source: &str) -> Vec<char> {
    let is_raw = |c: &char| c.is_control() && !matches!(c, '\n' | '\t');
    source.chars().filter(is_raw).collect()
}

#[test]
fn sources_are_text_without_raw_control_characters() {
    assert_eq!(raw_controls("\tb\"\\0\"\n"), []);
    assert_eq!(raw_controls("b\"a\0b\x01\""), ['\0', '\x01']);
    let endings = ["rs", "c", "h", "py", "sh"];
    for (path, source) in ["src", "tests", "c-tests", "include"]
        .iter()
        .flat_map(|dir| files(dir, &endings))
    {
        assert_eq!(raw_controls(&source), [], "{path}");
    }
}

#[test]
fn every_room_is_declared_and_known() {
    for entry in fs::read_dir(root().join("src")).expect("src") {
        let path = entry.expect("an entry of src").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && name != "bin" {
            assert!(
                ROOMS.iter().any(|(room, _)| *room == name),
                "src/{name} has no floor: add it to ROOMS"
            );
        }
    }
}

#[test]
fn top_level_is_as_agreed() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "cbindgen.toml",
        "src",
        "include",
        "tests",
        "c-tests",
        "pkgconfig",
        "Makefile",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "ARCHITECTURE.md",
        ".ci",
        ".cargo",
        ".gitignore",
        ".git",
        "target",
    ];
    for entry in fs::read_dir(root()).expect("the root") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_string_lossy();
        assert!(
            allowed.contains(&name.as_ref()),
            "{name} is not on the agreed top level"
        );
    }
}

// ---- the checkers on what they must refuse ----

#[test]
fn import_checker_refuses_a_higher_room_however_it_is_written() {
    for bad in [
        "use crate::client::Connection;",
        "use crate::{protocol::types, client};",
        "use crate::{\n    protocol::{a, b},\n    capi::guard,\n};",
        "fn f() { let x = crate::connect::start(); }",
        "use super::super::client::Connection;",
        "mod tests { use super::super::super::client; }",
        "use crate::*;",
        "pub use crate :: high :: oauth;",
    ] {
        assert!(!wrong_imports("net", 2, bad).is_empty(), "passes: {bad}");
    }
    assert!(!wrong_imports("net", 2, "use crate::config::Options;").is_empty());
    assert!(!wrong_imports("config", 2, "use crate::net::Socket;").is_empty());
    assert!(!wrong_imports("config", 1, "use super::net::Socket;").is_empty());
    assert!(!wrong_imports("client", 2, "use crate::capi::PGconn;").is_empty());
    for good in [
        "use crate::protocol::types::Oid;",
        "use crate::net::sys;",
        "use crate::{protocol::{connect, client}, net};",
        "use super::client;",
        "mod tests { use super::*; use super::super::client; }",
        "// use crate::client::Connection;\n/* crate::capi */",
        "let s = \"crate::client\"; let r = r#\"crate::capi \" \"#; let c = '\"';",
        "fn f<'a>(x: &'a str) -> &'a str { x }",
    ] {
        assert_eq!(
            wrong_imports("net", 2, good),
            Vec::<String>::new(),
            "{good}"
        );
    }
    assert!(wrong_imports("capi", 2, "use crate::{client, high, net, protocol};").is_empty());
}

#[test]
fn machine_checker_refuses_sockets_clocks_files_and_c_types() {
    for bad in [
        "use std::net::TcpStream;",
        "use std::{fmt, net};",
        "use std::{fmt, time::Duration};",
        "let now = Instant::now();",
        "fn f(t: SystemTime) {}",
        "let home = std::env::var(\"HOME\");",
        "std :: fs :: read(path);",
        "libc::getpid();",
        "socket2::Socket::new();",
        "use std::ffi::c_char;",
    ] {
        assert!(!machine_words(bad).is_empty(), "passes: {bad}");
    }
    for good in [
        "use std::fmt;",
        "// libc and std::net are not for here",
        "let words = \"std::fs Instant\";",
        "struct Instantly; let libcurl = 1;",
        "use std::{fmt, mem};",
    ] {
        assert_eq!(machine_words(good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn unsafe_checker_sees_the_keyword_and_not_the_word() {
    assert_eq!(unsafe_lines("fn a() {}\nunsafe { b() }"), [2]);
    assert_eq!(unsafe_lines("unsafe impl Send for A {}"), [1]);
    assert!(unsafe_lines("#![forbid(unsafe_code)]\n// unsafe\nlet s = \"unsafe\";").is_empty());
    assert!(may_be_unsafe("src/capi/exec.rs") && may_be_unsafe("src/net/sys.rs"));
    assert!(!may_be_unsafe("src/net/socket.rs") && !may_be_unsafe("src/client/mod.rs"));
    assert!(!may_be_unsafe("src/net/not_sys.rs"));
}

#[test]
fn guard_checker_sees_a_body_without_one() {
    let source = r#"
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn PQbare(conn: *mut PGconn) -> c_int { unsafe { (*conn).x } }
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn PQheld(conn: *mut PGconn) -> c_int {
            // SAFETY: as above
            unsafe { with_conn(conn, 0, |c| { c.flush() }) }
        }
        #[unsafe(no_mangle)]
        pub extern "C" fn PQcaught() -> c_int { guard::catch(0, || 1) }
        #[unsafe(no_mangle)]
        pub extern "C" fn PQthrough(conn: *mut PGconn) -> c_int { helper(conn) }
        #[unsafe(no_mangle)]
        pub extern "C" fn PQother(conn: *mut PGconn) -> c_int { PQheld(conn) + with_luck(conn) }
        #[unsafe(no_mangle)]
        pub static pgresStatus: Names = Names([]);
        fn helper(conn: *mut PGconn) -> c_int { let x = 1; if x == 1 { second(conn) } else { 0 } }
        fn second(conn: *mut PGconn) -> c_int { with_conn(conn, 0, |c| c.x()) }
        #[unsafe(no_mangle)]
        pub extern "C" fn PQcomment() -> c_int { /* guard::catch( */ 0 }
    "#;
    let guards = guards_of(
        "pub(crate) fn catch<R>(f: R) {} pub(crate) unsafe fn with_conn<R>() {} fn with_luck() {}",
    );
    assert_eq!(
        guards.iter().collect::<Vec<_>>(),
        ["catch", "with_conn"],
        "private functions are no guards"
    );
    let seen: Vec<(String, char, bool)> = exports_of(source, &guards)
        .into_iter()
        .map(|e| (e.name, e.kind, e.guarded))
        .collect();
    let expected = [
        ("PQbare", 'T', false),
        ("PQheld", 'T', true),
        ("PQcaught", 'T', true),
        ("PQthrough", 'T', true),
        ("PQother", 'T', false),
        ("pgresStatus", 'D', true),
        ("PQcomment", 'T', false),
    ];
    assert_eq!(
        seen,
        expected.map(|(name, kind, guarded)| (name.to_string(), kind, guarded))
    );
}

#[test]
fn shim_checker_sees_definitions_and_not_calls() {
    assert_eq!(
        shim_exports("void printfPQExpBuffer(PQExpBuffer str, ...)\n{\n"),
        ["printfPQExpBuffer"]
    );
    assert!(shim_exports("pq_c_printfPQExpBuffer(x);").is_empty());
}

/// Phony targets of a Makefile without a rule: make takes them for done.
fn targets_without_rule(makefile: &str) -> Vec<&str> {
    let mut lines = makefile.lines();
    let phony = lines.find_map(|l| l.strip_prefix(".PHONY: "));
    phony
        .unwrap_or_default()
        .split_whitespace()
        .filter(|target| {
            !makefile
                .lines()
                .any(|l| l.strip_prefix(*target).is_some_and(|l| l.starts_with(':')))
        })
        .collect()
}

#[test]
fn every_target_of_the_makefile_has_a_rule() {
    let makefile = fs::read_to_string(root().join("Makefile")).expect("the Makefile is there");
    assert!(targets_without_rule(&makefile).is_empty());
    assert_eq!(
        targets_without_rule(".PHONY: a b\n\na: c\n"),
        ["b"],
        "a lost rule is seen"
    );
}
