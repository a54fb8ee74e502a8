//! Script files: `tests/data/scripts/*.txt`, what a hostile or odd server does and what the client calls meanwhile.
//!
//! Beside the server's steps (see [`super::scripted`]) a file has lines for the test:
//!
//! | line | meaning |
//! |---|---|
//! | `client OPERATION` | what `c-tests/diff_scripted.c` does, one line each, in order; it lists the operations |
//! | `conninfo OPTIONS` | added to the connection string |
//! | `listen tcp` | on loopback instead of a unix socket |
//! | `memory KIB` | bound of the client's address space |
//! | `covers NUMBERS` | behaviours, for the index |
//! | `bytes may differ: REASON` | what the client sends is not compared |

use std::fs;
use std::path::{Path, PathBuf};

use super::compare::{compare, difference, differs_by_design};
use super::programs::{Call, Directory, Library, run_on};
use super::scripted::{Heard, Place, Play, Script, ScriptedServer};

/// A script file.
pub struct ScriptFile {
    pub name: String,
    pub script: Script,
    pub client: Vec<String>,
    pub conninfo: String,
    pub tcp: bool,
    pub memory_kib: Option<u64>,
    pub bytes_may_differ: bool,
}

/// All script files whose name starts with `prefix`, in order.
pub fn files(prefix: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scripts");
    let mut all: Vec<PathBuf> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("an entry of a directory").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .filter(|path| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with(prefix))
        })
        .collect();
    all.sort();
    assert!(!all.is_empty(), "no script named {prefix}*");
    all
}

/// Reads a script file.
pub fn read(path: &Path) -> ScriptFile {
    let name = path
        .file_stem()
        .expect("a file has a name")
        .to_string_lossy()
        .into_owned();
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&name, &text)
}

/// Reads a script from a text.
pub fn parse(name: &str, text: &str) -> ScriptFile {
    let mut file = ScriptFile {
        name: name.to_string(),
        script: Script::default(),
        client: Vec::new(),
        conninfo: String::new(),
        tcp: false,
        memory_kib: None,
        bytes_may_differ: false,
    };
    let rest = |line: &str| {
        line.trim_start()
            .split_once(' ')
            .map_or("", |(_, rest)| rest)
            .trim()
            .to_string()
    };
    let script = Script::parse(text, |words, line| {
        match words[0].as_str() {
            "client" => file.client.push(rest(line)),
            "conninfo" => file.conninfo = rest(line),
            "listen" => file.tcp = rest(line) == "tcp",
            "memory" => {
                file.memory_kib = Some(
                    rest(line)
                        .parse()
                        .unwrap_or_else(|_| panic!("{name}: {line}")),
                )
            }
            "covers" => {
                for number in &words[1..] {
                    let known = number.parse().is_ok_and(|n: u32| (1..=418).contains(&n));
                    assert!(known, "{name}: {number} is no behaviour");
                }
            }
            "bytes" => file.bytes_may_differ = true,
            _ => return false,
        }
        true
    });
    file.script = script.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!file.client.is_empty(), "{name}: the client does nothing");
    file
}

/// Runs the client against the script on one library: transcript, and what the server heard.
fn play(library: &Library, file: &ScriptFile, how: Play, directory: &Path) -> (String, Heard) {
    let place = if file.tcp {
        Place::Loopback
    } else {
        Place::Unix(directory)
    };
    let server = ScriptedServer::start(&place, file.script.clone(), how).unwrap_or_else(|error| {
        panic!("{}: the scripted server does not start: {error}", file.name)
    });
    let mut arguments = file.client.clone();
    if how == Play::CutAtEveryByte {
        arguments.push(format!("again {}", file.script.sent_bytes()));
    }
    let outcome = run_on(
        library,
        &Call {
            name: file.name.clone(),
            program: "diff_scripted",
            // last, so that a script can say otherwise
            conninfo: format!(
                "{} user=u dbname=d sslmode=disable {}",
                server.conninfo(),
                file.conninfo
            ),
            arguments,
            memory_kib: file.memory_kib,
            ..Call::default()
        },
    );
    let port = server.port();
    let heard = server.finish();
    let mut transcript = outcome.transcript();
    if let Some(port) = port {
        transcript = transcript.replace(&port.to_string(), "<port>");
    }
    (transcript, heard)
}

fn dump(heard: &Heard) -> String {
    let mut out = String::new();
    for complaint in &heard.complaints {
        out.push_str(&format!(
            "the client does not follow the script: {complaint}\n"
        ));
    }
    for (number, bytes) in heard.connections.iter().enumerate() {
        out.push_str(&format!("connection {number} sent:\n"));
        for chunk in bytes.chunks(64) {
            out.push_str(&format!("  {}\n", chunk.escape_ascii()));
        }
    }
    out
}

/// Plays a script against both libraries; what is wrong, empty if nothing: a transcript or a client's bytes that are
/// not the reference's, a client of ours that crashes or hangs, a script the reference does not follow.
pub fn check(file: &ScriptFile, how: Play) -> String {
    let directory = Directory::new(&format!("s-{}", file.name));
    let (reference, reference_heard) = play(Library::reference(), file, how, &directory.0);
    let (ours, ours_heard) = play(Library::ours(), file, how, &directory.0);
    let mut failure = String::new();
    if !reference_heard.complaints.is_empty() {
        failure.push_str(&format!(
            "the reference does not follow the script: {:?}\n{reference}",
            reference_heard.complaints
        ));
    }
    if !reference.ends_with("-- exit 0\n") && !ours.ends_with("-- exit 0\n") {
        failure.push_str(&format!("the client does not end well:\n{ours}"));
    }
    failure.push_str(&compare(
        "hostile",
        &format!("scripted-{}", file.name),
        &file.name,
        &reference,
        &ours,
    ));
    if !file.bytes_may_differ && how == Play::AsWritten && !differs_by_design("hostile", &file.name)
    {
        failure.push_str(&difference(
            &format!("scripted-{}-bytes", file.name),
            &dump(&reference_heard),
            &dump(&ours_heard),
        ));
    }
    failure
}
