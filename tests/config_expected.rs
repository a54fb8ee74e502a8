//! Our answers to the table of connection-option inputs, held against what the reference library said.
//!
//! `tests/data/conninfo_cases.txt` is the table, `conninfo_expected.txt` what `c-tests/conninfo_dump.c` printed for it
//! on libpq 18.6. This test plays the same program on the configuration room alone, in surroundings of its own: no
//! server, no file, no environment variable of the machine is touched. The reference has TLS and GSSAPI, so this
//! needs the features `tls` and `gssapi`.
//!
//! Another table and its answers, made by a generator, are taken from the files that the environment variables
//! `CONNINFO_CASES` and `CONNINFO_EXPECTED` name.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufRead, Cursor};
use std::path::{Path, PathBuf};

use pq::config::{
    ConfigError, ConnectPlan, Env, FileStat, HostKind, HostSpec, Locale, Opt, PortError, Rejected,
    SetdbArgs, Settings, parse_port,
};

const SCRATCH: &str = "$D";

/// A file of the imagined machine; a directory has no text.
struct File {
    mode: u32,
    text: Option<Vec<u8>>,
}

/// The imagined machine: its user is root with the home directory /root.
#[derive(Default)]
struct Machine {
    vars: HashMap<String, Vec<u8>>,
    files: HashMap<Vec<u8>, File>,
    warnings: RefCell<Vec<u8>>,
}

impl Machine {
    fn reset(&mut self) {
        *self = Machine::default();
        self.vars
            .insert("HOME".into(), format!("{SCRATCH}/home").into());
        for directory in [SCRATCH.to_string(), format!("{SCRATCH}/home")] {
            self.files.insert(
                directory.into(),
                File {
                    mode: 0o700,
                    text: None,
                },
            );
        }
    }
}

impl Env for Machine {
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        self.vars.get(name).cloned()
    }

    fn open(&self, path: &[u8]) -> Option<Box<dyn BufRead>> {
        let file = self.files.get(path)?;
        Some(Box::new(Cursor::new(file.text.clone().unwrap_or_default())))
    }

    fn stat(&self, path: &[u8]) -> Option<FileStat> {
        if path == b"/dev/null" {
            return Some(FileStat {
                is_regular: false,
                mode: 0o666,
            });
        }
        let file = self.files.get(path)?;
        Some(FileStat {
            is_regular: file.text.is_some(),
            mode: file.mode,
        })
    }

    fn os_user_name(&self) -> Result<Vec<u8>, ConfigError> {
        Ok(b"root".to_vec())
    }

    fn account_home(&self) -> Option<Vec<u8>> {
        Some(b"/root".to_vec())
    }

    fn locale(&self) -> Locale {
        Locale {
            name: b"C".to_vec(),
            codeset: b"ANSI_X3.4-1968".to_vec(),
        }
    }

    fn warn(&self, line: &[u8]) {
        self.warnings.borrow_mut().extend_from_slice(line);
    }
}

/// Decodes the escapes of a table line; `$D` stays, for the expected answers have it too.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return out,
            [b'\\', b'x', hex @ ..] if hex.len() >= 2 => {
                let digits =
                    std::str::from_utf8(&hex[..2]).expect("the table's hex digits are ASCII");
                out.push(u8::from_str_radix(digits, 16).expect("two hex digits follow \\x"));
                &hex[2..]
            }
            [b'\\', escape, tail @ ..] => {
                out.push(match escape {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 0x0b,
                    b'f' => 0x0c,
                    other => *other,
                });
                tail
            }
            [byte, tail @ ..] => {
                out.push(*byte);
                tail
            }
        };
    }
}

#[derive(Default)]
struct Printer {
    out: Vec<u8>,
}

impl Printer {
    fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
    }

    fn show(&mut self, label: &str, text: Option<&[u8]>) {
        let shown = match text {
            None => "NULL".to_string(),
            Some(text) => {
                let mut shown = String::from("[");
                for &byte in text {
                    match byte {
                        b'\\' => shown.push_str("\\\\"),
                        32..=126 => shown.push(byte as char),
                        _ => shown.push_str(&format!("\\x{byte:02x}")),
                    }
                }
                shown + "]"
            }
        };
        self.line(&format!("  {label}: {shown}"));
    }

    fn values(&mut self, settings: &Settings) {
        let set = |opt: &Opt| settings.get(*opt).is_some();
        if !Opt::ALL.iter().any(set) {
            self.line("  options: none");
        }
        for opt in Opt::ALL.into_iter().filter(set) {
            self.show(opt.keyword(), settings.get(opt));
        }
    }

    fn changes(&mut self, settings: &Settings) {
        for opt in Opt::ALL {
            let value = settings.get(opt);
            if value != opt.def().compiled.map(str::as_bytes) {
                self.show(opt.keyword(), value);
            }
        }
    }

    fn table(&mut self, settings: &Settings) {
        for opt in Opt::ALL.into_iter().filter(|opt| !opt.is_extension()) {
            let def = opt.def();
            self.line(&format!(
                "  option {} env={} compiled={} label={} char={} size={}",
                def.keyword,
                def.envvar.unwrap_or("NULL"),
                def.compiled.unwrap_or("NULL"),
                def.label,
                def.dispchar,
                def.dispsize
            ));
            if settings.get(opt).is_some() {
                self.show(opt.keyword(), settings.get(opt));
            }
        }
    }

    /// What a connection shows that got no further than `gathered`.
    fn connection(&mut self, gathered: Result<Settings, ConfigError>, env: &Machine) {
        let settings = match gathered {
            Ok(settings) => settings,
            Err(error) => {
                self.line("  reached: nothing");
                self.show("error", Some(&error.to_line()));
                self.show("PQhost", Some(b""));
                self.show("PQport", Some(b"5432"));
                self.show("PQpass", Some(b""));
                for label in ["PQuser", "PQdb", "PQoptions"] {
                    self.show(label, None);
                }
                self.line("  options: none");
                return;
            }
        };
        match ConnectPlan::new(settings, env) {
            Err(rejected) => {
                let Rejected {
                    settings,
                    hosts,
                    error,
                } = *rejected;
                self.line("  reached: nothing");
                self.show("error", Some(&error.to_line()));
                self.accessors(&settings, hosts.first());
            }
            Ok(plan) => {
                let (reached, errors, host) = dial(&plan);
                self.line(&format!("  reached: {reached}"));
                self.show("error", Some(&errors));
                self.accessors(plan.settings(), Some(host));
            }
        }
    }

    fn accessors(&mut self, settings: &Settings, host: Option<&HostSpec>) {
        let host = host.expect("every connection has a host");
        self.show("PQhost", Some(host.shown_host()));
        self.show("PQport", Some(host.shown_port()));
        let from_file = host.password.as_ref().map(|password| password.as_slice());
        self.show(
            "PQpass",
            Some(
                from_file
                    .or(settings.get(Opt::Password))
                    .unwrap_or_default(),
            ),
        );
        self.show("PQuser", settings.get(Opt::User));
        self.show("PQdb", settings.get(Opt::Dbname));
        self.show("PQoptions", settings.get(Opt::Options));
        self.changes(settings);
    }
}

/// Goes through the hosts as a dialler would on a machine where no server listens: sockets fail at once, addresses
/// hang. Says how far it got, the errors up to the first real attempt, and the host it stopped at.
fn dial(plan: &ConnectPlan) -> (&'static str, Vec<u8>, &HostSpec) {
    let mut errors = Vec::new();
    let mut reached = "nothing";
    for host in &plan.hosts {
        match parse_port(&host.port_text) {
            Err(e) => {
                // The program cuts the text at the first attempt.
                if reached == "nothing" {
                    errors.extend(e.error().to_line());
                }
                if matches!(e, PortError::NotAnInteger(_)) {
                    return (reached, errors, host);
                }
            }
            Ok(_) if host.kind == HostKind::Addr => return ("dialling", errors, host),
            Ok(_) if plan.gssencmode == pq::config::GssEncMode::Require => {
                errors.extend(
                    b"GSSAPI encryption required but it is not supported over a local socket\n",
                );
                return (reached, errors, host);
            }
            Ok(_) => reached = "dialling",
        }
    }
    (
        reached,
        errors,
        plan.hosts.last().expect("a plan has hosts"),
    )
}

fn split_once(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&b| b == separator) {
        Some(i) => (&text[..i], Some(&text[i + 1..])),
        None => (text, None),
    }
}

fn mode_and_rest(text: &[u8]) -> (u32, &[u8]) {
    let (mode, rest) = split_once(text, b' ');
    let mode = std::str::from_utf8(mode).expect("a mode is ASCII");
    (
        u32::from_str_radix(mode, 8).expect("a mode is octal"),
        rest.unwrap_or_default(),
    )
}

fn run(line: &[u8], machine: &mut Machine, print: &mut Printer) {
    let (command, arg) = split_once(line, b' ');
    let arg = arg.unwrap_or_default();
    match command {
        b"reset" => machine.reset(),
        b"env" => {
            let (name, value) = split_once(arg, b'=');
            let name = String::from_utf8_lossy(name).into_owned();
            machine.vars.insert(name, decode(value.unwrap_or_default()));
        }
        b"unset" => {
            machine.vars.remove(&*String::from_utf8_lossy(arg));
        }
        b"file" | b"dir" => {
            let (path, rest) = split_once(arg, b' ');
            let (mode, text) = mode_and_rest(rest.unwrap_or_default());
            let text = (command == b"file").then(|| decode(text));
            machine.files.insert(decode(path), File { mode, text });
        }
        b"parse" => match Settings::parse(&decode(arg)) {
            Ok(settings) => {
                print.show("errmsg", None);
                print.values(&settings);
            }
            Err(error) => {
                print.show("errmsg", Some(&error.to_line()));
                print.line("  options: NULL");
            }
        },
        b"conn" => print.connection(Settings::from_conninfo(&decode(arg), machine), machine),
        b"params" => {
            let (expand, list) = split_once(arg, b' ');
            let pairs: Vec<(Vec<u8>, Option<Vec<u8>>)> = list
                .into_iter()
                .flat_map(|list| list.split(|&b| b == b'|'))
                .map(|pair| {
                    let (keyword, value) = split_once(pair, b'=');
                    (decode(keyword), value.map(decode))
                })
                .collect();
            let pairs: Vec<(&[u8], Option<&[u8]>)> = pairs
                .iter()
                .map(|(keyword, value)| (keyword.as_slice(), value.as_deref()))
                .collect();
            print.connection(
                Settings::from_params(&pairs, expand == b"1", machine),
                machine,
            );
        }
        b"setdb" => {
            let values: Vec<Option<Vec<u8>>> = arg
                .splitn(7, |&b| b == b'|')
                .map(|value| (value != b"-").then(|| decode(value)))
                .collect();
            let value = |i: usize| values.get(i).and_then(|value| value.as_deref());
            let args = SetdbArgs {
                host: value(0),
                port: value(1),
                options: value(2),
                tty: value(3),
                dbname: value(4),
                user: value(5),
                password: value(6),
            };
            print.connection(Settings::from_setdb(args, machine), machine);
        }
        b"defaults" => print.table(&Settings::defaults(machine).expect("memory does not run out")),
        other => panic!("unknown command {}", String::from_utf8_lossy(other)),
    }
}

/// One block of output a case, its first line the case itself.
fn blocks(text: &[u8]) -> Vec<Vec<u8>> {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    for line in text.split_inclusive(|&b| b == b'\n') {
        match blocks.last_mut() {
            Some(block) if line.starts_with(b"  ") => block.extend_from_slice(line),
            _ => blocks.push(line.to_vec()),
        }
    }
    blocks
}

/// Reads a file of `tests/data`, or the one the environment variable names in its place.
fn data(name: &str, variable: &str) -> Vec<u8> {
    let path = std::env::var_os(variable).map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/data")
                .join(name)
        },
        PathBuf::from,
    );
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_case_is_answered_as_the_reference_answers_it() {
    let cases = data("conninfo_cases.txt", "CONNINFO_CASES");
    let expected = blocks(&data("conninfo_expected.txt", "CONNINFO_EXPECTED"));

    let mut machine = Machine::default();
    machine.reset();
    let mut print = Printer::default();
    for (i, line) in cases.split(|&b| b == b'\n').enumerate() {
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        print
            .out
            .extend_from_slice(format!("{}: ", i + 1).as_bytes());
        print.out.extend_from_slice(line);
        print.out.push(b'\n');
        run(line, &mut machine, &mut print);
        let warnings = machine.warnings.take();
        if !warnings.is_empty() {
            print.show("stderr", Some(&warnings));
        }
    }
    let ours = blocks(&print.out);

    let mut differences = 0;
    for (ours, expected) in ours.iter().zip(&expected) {
        if ours != expected {
            differences += 1;
            println!(
                "--- reference\n{}+++ ours\n{}",
                String::from_utf8_lossy(expected),
                String::from_utf8_lossy(ours)
            );
        }
    }
    assert_eq!(
        ours.len(),
        expected.len(),
        "conninfo_expected.txt is of another table"
    );
    assert_eq!(differences, 0, "of {} cases", ours.len());
}
