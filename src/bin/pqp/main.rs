//! `pqp`: a small client for the command line, made of what drivers can use and nothing else.

#![forbid(unsafe_code)]

mod advice;
mod doctor;
mod json;
mod screen;

use std::io::IsTerminal;
use std::process::ExitCode;

const USAGE: &str = "\
usage: pqp doctor [--json] [CONNINFO]

  doctor    connects as a program would and tells how that went: every attempt
            with the time each part of it took, what was negotiated, what the
            server is, and what to do about the usual mistakes

  CONNINFO  keywords and values or a URI, as libpq takes them; what it leaves
            open comes from service file, environment and defaults
  --json    one JSON object instead of text

Exit status, as pg_isready's: 0 the server accepts connections, 1 it rejects
them for now, 2 nobody answered, 3 nothing was tried. Colours on a terminal,
unless NO_COLOR is set.
";

fn main() -> ExitCode {
    let mut json = false;
    let mut words = Vec::new();
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--json") => json = true,
            Some("--help" | "-h") => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Some("--version") => {
                println!("pqp {}", env!("CARGO_PKG_VERSION"));
                return ExitCode::SUCCESS;
            }
            Some(text) if text.starts_with("--") => return misused(),
            _ => words.push(argument),
        }
    }
    use std::os::unix::ffi::OsStrExt;
    let conninfo = match &words[..] {
        [command] if command == "doctor" => b"".to_vec(),
        [command, conninfo] if command == "doctor" => conninfo.as_bytes().to_vec(),
        _ => return misused(),
    };
    let coloured = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    doctor::run(&conninfo, json, coloured)
}

fn misused() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(3)
}
