//! A server that plays a script: what no honest server sends, byte for byte, and what the client sent back.
//!
//! A script is a text, one step a line; `#` starts a comment. What is sent is built from *pieces*:
//!
//! | piece | bytes |
//! |---|---|
//! | `word`, `"text"` | the text itself; escapes `\n \t \0 \\ \" \xHH` in quotes |
//! | `z"text"` | the text and a NUL |
//! | `i8:5 i16:-1 i32:70000` | big-endian integers |
//! | `x:00ff41` | hexadecimal bytes |
//! | `fill:1000:x` | 1000 times the text after it |
//!
//! Steps for the server:
//!
//! | step | meaning |
//! |---|---|
//! | `greet` | `expect startup`, then what an honest server answers up to ReadyForQuery |
//! | `expect startup` | a start-up packet of any version |
//! | `expect startup 3.2` | of this version |
//! | `expect ssl`, `expect cancel` | an SSLRequest, a CancelRequest |
//! | `expect Q` | a message of this type; pieces after it are its whole body |
//! | `until S` | messages up to one of this type |
//! | `expect close` | the client goes; it may send Terminate before |
//! | `send MESSAGE ...` | a backend message: its name in the manual, then what [`message`] says |
//! | `message T pieces` | a message of type T with this body and the right length |
//! | `raw pieces` | these bytes |
//! | `pieces N` | from here on, N bytes at a time; 0 is all at once |
//! | `repeat N` ... `end` | the steps between them N times |
//! | `hangup` | end of what the server says; what the client says is read to its end |
//! | `close` | closes the socket at once |
//! | `next` | what follows is for the next connection |
//!
//! and for the test around it, see [`super::scripts`]: `client`, `conninfo`, `listen`, `memory`, `limit`, `covers`.
//!
//! A script never sleeps: it goes on when the client has sent what was expected. At its end the server waits for the
//! client to close.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    ExpectStartup(Option<i32>),
    ExpectMessage(u8, Option<Vec<u8>>),
    Until(u8),
    ExpectClose,
    Send(Vec<u8>),
    Pieces(usize),
    Repeat(usize, Vec<Step>),
    HangUp,
    Close,
}

/// What the server does, a list of steps for each connection, in order.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub connections: Vec<Vec<Step>>,
}

const SSL_REQUEST: i32 = 80_877_103;
const CANCEL_REQUEST: i32 = 80_877_102;

/// Splits a line into words, keeping quoted texts whole.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                word.push(c);
            }
            '\\' if quoted => {
                word.push(c);
                word.push(chars.next().ok_or("a backslash at the end")?);
            }
            '#' if !quoted && word.is_empty() => break,
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if quoted {
        return Err("a quote is not closed".into());
    }
    if !word.is_empty() {
        all.push(word);
    }
    Ok(all)
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'\\' {
            out.push(bytes[i]);
            i += 1;
            continue;
        }
        match bytes.get(i + 1) {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'0') => out.push(0),
            Some(b'x') => {
                let digits = text.get(i + 2..i + 4).ok_or("\\x wants two digits")?;
                out.push(u8::from_str_radix(digits, 16).map_err(|e| e.to_string())?);
                i += 2;
            }
            Some(&c) => out.push(c),
            None => return Err("a backslash at the end".into()),
        }
        i += 2;
    }
    Ok(out)
}

/// The bytes of one piece.
pub fn piece(word: &str) -> Result<Vec<u8>, String> {
    let number = |text: &str| text.parse::<i64>().map_err(|e| format!("{text}: {e}"));
    let fits = |text: &str, low: i64, high: i64| match number(text)? {
        n if (low..=high).contains(&n) => Ok(n),
        n => Err(format!("{n} does not fit")),
    };
    if let Some(text) = word.strip_prefix("z\"").and_then(|t| t.strip_suffix('"')) {
        let mut out = unescape(text)?;
        out.push(0);
        return Ok(out);
    }
    if let Some(text) = word.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        return unescape(text);
    }
    if let Some(text) = word.strip_prefix("i8:") {
        return Ok(vec![fits(text, -128, 255)? as u8]);
    }
    if let Some(text) = word.strip_prefix("i16:") {
        return Ok((fits(text, -32768, 65535)? as u16).to_be_bytes().to_vec());
    }
    if let Some(text) = word.strip_prefix("i32:") {
        return Ok(
            (fits(text, i64::from(i32::MIN), i64::from(u32::MAX))? as u32)
                .to_be_bytes()
                .to_vec(),
        );
    }
    if let Some(text) = word.strip_prefix("x:") {
        return (0..text.len())
            .step_by(2)
            .map(|i| {
                let digits = text.get(i..i + 2).ok_or("an odd number of digits")?;
                u8::from_str_radix(digits, 16).map_err(|e| format!("{digits}: {e}"))
            })
            .collect();
    }
    if let Some(text) = word.strip_prefix("fill:") {
        let (count, what) = text.split_once(':').ok_or("fill:COUNT:TEXT")?;
        return Ok(piece(what)?.repeat(number(count)? as usize));
    }
    Ok(word.as_bytes().to_vec())
}

fn pieces(words: &[String]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for word in words {
        out.extend(piece(word)?);
    }
    Ok(out)
}

/// A message: type, length, body.
pub fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend((body.len() as u32 + 4).to_be_bytes());
    out.extend(body);
    out
}

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes);
    out.push(0);
}

/// A length word and the value; `null` alone is NULL.
fn value(out: &mut Vec<u8>, word: &str) -> Result<(), String> {
    if word == "null" {
        out.extend((-1i32).to_be_bytes());
    } else {
        let bytes = piece(word)?;
        out.extend((bytes.len() as u32).to_be_bytes());
        out.extend(bytes);
    }
    Ok(())
}

/// A backend message by its name in the manual. What follows the name:
///
/// AuthenticationMD5Password salt; AuthenticationSASL mechanism...; AuthenticationSASLContinue, AuthenticationSASLFinal
/// data; Authentication code data; BackendKeyData process-id key; CommandComplete tag; CopyData data;
/// CopyInResponse, CopyOutResponse, CopyBothResponse format column-format...; DataRow value... (`null` is NULL);
/// ErrorResponse, NoticeResponse FIELD=text...; FunctionCallResponse value; NegotiateProtocolVersion version option...;
/// NotificationResponse process-id channel payload; ParameterDescription type...; ParameterStatus name value;
/// ReadyForQuery status; RowDescription name:type[:format]...; nothing for the others.
pub fn message(name: &str, rest: &[String]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    let argument = |i: usize| rest.get(i).ok_or_else(|| format!("{name} wants more"));
    let integer = |word: &str| word.parse::<i64>().map_err(|e| format!("{word}: {e}"));
    let kind = match name {
        "AuthenticationOk" => {
            body.extend(0i32.to_be_bytes());
            b'R'
        }
        "AuthenticationCleartextPassword" => {
            body.extend(3i32.to_be_bytes());
            b'R'
        }
        "AuthenticationMD5Password" => {
            body.extend(5i32.to_be_bytes());
            body.extend(piece(argument(0)?)?);
            b'R'
        }
        "AuthenticationSASL" => {
            body.extend(10i32.to_be_bytes());
            for mechanism in rest {
                text(&mut body, &piece(mechanism)?);
            }
            body.push(0);
            b'R'
        }
        "AuthenticationSASLContinue" | "AuthenticationSASLFinal" => {
            body.extend(if name.ends_with("Final") { 12i32 } else { 11 }.to_be_bytes());
            body.extend(pieces(rest)?);
            b'R'
        }
        "Authentication" => {
            body.extend((integer(argument(0)?)? as i32).to_be_bytes());
            body.extend(pieces(&rest[1..])?);
            b'R'
        }
        "BackendKeyData" => {
            body.extend((integer(argument(0)?)? as i32).to_be_bytes());
            body.extend(piece(argument(1)?)?);
            b'K'
        }
        "BindComplete" => b'2',
        "CloseComplete" => b'3',
        "CommandComplete" => {
            text(&mut body, &piece(argument(0)?)?);
            b'C'
        }
        "CopyData" => {
            body.extend(pieces(rest)?);
            b'd'
        }
        "CopyDone" => b'c',
        "CopyInResponse" | "CopyOutResponse" | "CopyBothResponse" => {
            body.push(integer(argument(0)?)? as u8);
            body.extend((rest.len() as u16 - 1).to_be_bytes());
            for format in &rest[1..] {
                body.extend((integer(format)? as u16).to_be_bytes());
            }
            match name {
                "CopyInResponse" => b'G',
                "CopyOutResponse" => b'H',
                _ => b'W',
            }
        }
        "DataRow" => {
            body.extend((rest.len() as u16).to_be_bytes());
            for word in rest {
                value(&mut body, word)?;
            }
            b'D'
        }
        "EmptyQueryResponse" => b'I',
        "ErrorResponse" | "NoticeResponse" => {
            for field in rest {
                let (code, what) = field.split_once('=').ok_or("FIELD=text wanted")?;
                body.extend(code.as_bytes());
                text(&mut body, &piece(what)?);
            }
            body.push(0);
            if name == "ErrorResponse" { b'E' } else { b'N' }
        }
        "FunctionCallResponse" => {
            value(&mut body, argument(0)?)?;
            b'V'
        }
        "NegotiateProtocolVersion" => {
            let (major, minor) = argument(0)?.split_once('.').ok_or("MAJOR.MINOR wanted")?;
            body.extend((((integer(major)? as i32) << 16) | integer(minor)? as i32).to_be_bytes());
            body.extend((rest.len() as u32 - 1).to_be_bytes());
            for option in &rest[1..] {
                text(&mut body, &piece(option)?);
            }
            b'v'
        }
        "NoData" => b'n',
        "NotificationResponse" => {
            body.extend((integer(argument(0)?)? as i32).to_be_bytes());
            text(&mut body, &piece(argument(1)?)?);
            text(&mut body, &piece(argument(2)?)?);
            b'A'
        }
        "ParameterDescription" => {
            body.extend((rest.len() as u16).to_be_bytes());
            for oid in rest {
                body.extend((integer(oid)? as u32).to_be_bytes());
            }
            b't'
        }
        "ParameterStatus" => {
            text(&mut body, &piece(argument(0)?)?);
            text(&mut body, &piece(argument(1)?)?);
            b'S'
        }
        "ParseComplete" => b'1',
        "PortalSuspended" => b's',
        "ReadyForQuery" => {
            body.extend(piece(argument(0)?)?);
            b'Z'
        }
        "RowDescription" => {
            body.extend((rest.len() as u16).to_be_bytes());
            for column in rest {
                let end = match column.rfind('"') {
                    Some(quote) => quote + 1,
                    None => column.find(':').unwrap_or(column.len()),
                };
                text(&mut body, &piece(&column[..end])?);
                let mut parts = column[end..].split(':').skip(1);
                body.extend(0u32.to_be_bytes());
                body.extend(0u16.to_be_bytes());
                body.extend((integer(parts.next().unwrap_or("25"))? as u32).to_be_bytes());
                body.extend((-1i16).to_be_bytes());
                body.extend((-1i32).to_be_bytes());
                body.extend((integer(parts.next().unwrap_or("0"))? as u16).to_be_bytes());
            }
            b'T'
        }
        _ => return Err(format!("no message {name}")),
    };
    Ok(frame(kind, &body))
}

/// What an honest server says after a start-up packet it likes.
pub fn greeting() -> Vec<u8> {
    let mut out = Vec::new();
    for line in [
        "AuthenticationOk",
        "ParameterStatus server_version 18.6",
        "ParameterStatus server_encoding UTF8",
        "ParameterStatus client_encoding UTF8",
        "ParameterStatus standard_conforming_strings on",
        "ParameterStatus integer_datetimes on",
        "BackendKeyData 4711 x:01020304",
        "ReadyForQuery I",
    ] {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        out.extend(message(&words[0], &words[1..]).expect("the greeting is well formed"));
    }
    out
}

fn kind(word: &str) -> Result<u8, String> {
    match piece(word)?.as_slice() {
        [kind] => Ok(*kind),
        _ => Err(format!("{word} is no message type")),
    }
}

/// Appends the steps of one line.
fn parse_step(words: &[String], steps: &mut Vec<Step>) -> Result<(), String> {
    let argument = |i: usize| {
        words
            .get(i)
            .map(String::as_str)
            .ok_or_else(|| format!("{} wants more", words[0]))
    };
    match words[0].as_str() {
        "greet" => {
            steps.push(Step::ExpectStartup(None));
            steps.push(Step::Send(greeting()));
        }
        "expect" => steps.push(match argument(1)? {
            "startup" => Step::ExpectStartup(match words.get(2) {
                None => None,
                Some(version) => {
                    let (major, minor) = version.split_once('.').ok_or("MAJOR.MINOR wanted")?;
                    let number = |text: &str| text.parse::<i32>().map_err(|e| e.to_string());
                    Some((number(major)? << 16) | number(minor)?)
                }
            }),
            "ssl" => Step::ExpectStartup(Some(SSL_REQUEST)),
            "cancel" => Step::ExpectStartup(Some(CANCEL_REQUEST)),
            "close" => Step::ExpectClose,
            word => {
                let body = if words.len() > 2 {
                    Some(pieces(&words[2..])?)
                } else {
                    None
                };
                Step::ExpectMessage(kind(word)?, body)
            }
        }),
        "until" => steps.push(Step::Until(kind(argument(1)?)?)),
        "send" => steps.push(Step::Send(message(argument(1)?, &words[2..])?)),
        "message" => steps.push(Step::Send(frame(
            kind(argument(1)?)?,
            &pieces(&words[2..])?,
        ))),
        "raw" => steps.push(Step::Send(pieces(&words[1..])?)),
        "pieces" => steps.push(Step::Pieces(
            argument(1)?.parse().map_err(|_| "a number wanted")?,
        )),
        "hangup" => steps.push(Step::HangUp),
        "close" => steps.push(Step::Close),
        other => return Err(format!("no step {other}")),
    }
    Ok(())
}

impl Script {
    /// Reads a script. Lines whose first word `other` accepts are its business.
    pub fn parse(
        text: &str,
        mut other: impl FnMut(&[String], &str) -> bool,
    ) -> Result<Script, String> {
        let mut connections = vec![Vec::new()];
        let mut open: Option<(usize, Vec<Step>)> = None;
        for (number, line) in text.lines().enumerate() {
            let place = |error: String| format!("line {}: {error}", number + 1);
            let words = words(line).map_err(place)?;
            if words.is_empty() || other(&words, line) {
                continue;
            }
            let current = match (&mut open, connections.last_mut()) {
                (Some((_, steps)), _) => steps,
                (None, Some(steps)) => steps,
                (None, None) => unreachable!("there is a first connection"),
            };
            match words[0].as_str() {
                "next" => connections.push(Vec::new()),
                "repeat" => {
                    let count = words
                        .get(1)
                        .and_then(|w| w.parse().ok())
                        .ok_or_else(|| place("repeat COUNT".into()))?;
                    open = Some((count, Vec::new()));
                }
                "end" => {
                    let (count, steps) =
                        open.take().ok_or_else(|| place("end of nothing".into()))?;
                    connections
                        .last_mut()
                        .expect("there is a first")
                        .push(Step::Repeat(count, steps));
                }
                _ => parse_step(&words, current).map_err(place)?,
            }
        }
        if open.is_some() {
            return Err("a repeat is not ended".into());
        }
        Ok(Script { connections })
    }

    /// How many bytes the server says on the first connection.
    pub fn sent_bytes(&self) -> usize {
        fn count(steps: &[Step]) -> usize {
            steps
                .iter()
                .map(|step| match step {
                    Step::Send(bytes) => bytes.len(),
                    Step::Repeat(times, steps) => times * count(steps),
                    _ => 0,
                })
                .sum()
        }
        self.connections.first().map_or(0, |steps| count(steps))
    }
}

/// How a script is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// As written.
    AsWritten,
    /// The first connection's steps for every connection, the n-th cut after n bytes of the server, n from 0.
    CutAtEveryByte,
}

/// Where a server listens.
pub enum Place<'a> {
    /// As `.s.PGSQL.5432` in this directory.
    Unix(&'a Path),
    /// On a free port of 127.0.0.1.
    Loopback,
}

trait Peer: Read + Write + Send {
    fn end_output(&self);
}

impl Peer for UnixStream {
    fn end_output(&self) {
        let _ = self.shutdown(Shutdown::Write);
    }
}

impl Peer for TcpStream {
    fn end_output(&self) {
        let _ = self.shutdown(Shutdown::Write);
    }
}

enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

/// Nothing that a test waits for takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

impl Listener {
    fn accept(&self) -> std::io::Result<Box<dyn Peer>> {
        Ok(match self {
            Listener::Unix(listener) => {
                let stream = listener.accept()?.0;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Box::new(stream)
            }
            Listener::Tcp(listener) => {
                let stream = listener.accept()?.0;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Box::new(stream)
            }
        })
    }
}

/// What the client did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// What it sent, one entry a connection.
    pub connections: Vec<Vec<u8>>,
    /// Where it did not do what the script expects.
    pub complaints: Vec<String>,
}

/// One connection being played.
struct Player {
    peer: Box<dyn Peer>,
    heard: Vec<u8>,
    /// Bytes the server may still say.
    budget: Option<usize>,
    pieces: usize,
    /// Said, and not sent yet: what stands together in a script goes out in one write, so that when it arrives does not
    /// depend on the schedule.
    unsent: Vec<u8>,
}

enum Stop {
    /// The connection has ended as it may.
    Ended,
    /// The client did something else.
    Complaint(String),
}

impl Player {
    fn read(&mut self, count: usize) -> Result<Vec<u8>, Stop> {
        let mut out = vec![0; count];
        let mut have = 0;
        while have < count {
            match self.peer.read(&mut out[have..]) {
                Ok(0) => {
                    self.heard.extend(&out[..have]);
                    return Err(Stop::Complaint("the client has closed".into()));
                }
                Ok(n) => have += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.heard.extend(&out[..have]);
                    return Err(Stop::Complaint(format!(
                        "nothing came from the client: {}",
                        error.kind()
                    )));
                }
            }
        }
        self.heard.extend(&out);
        Ok(out)
    }

    fn length(&mut self) -> Result<usize, Stop> {
        let word = self.read(4)?;
        let length = u32::from_be_bytes([word[0], word[1], word[2], word[3]]) as usize;
        if (4..=1 << 26).contains(&length) {
            Ok(length - 4)
        } else {
            Err(Stop::Complaint(format!(
                "the client says a message has {length} bytes"
            )))
        }
    }

    fn message(&mut self) -> Result<(u8, Vec<u8>), Stop> {
        let kind = self.read(1)?[0];
        let length = self.length()?;
        Ok((kind, self.read(length)?))
    }

    fn read_all(&mut self) {
        let mut buffer = [0; 8192];
        loop {
            match self.peer.read(&mut buffer) {
                Ok(0) => return,
                Ok(n) => self.heard.extend(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let bytes = std::mem::take(&mut self.unsent);
        let bytes = bytes.as_slice();
        let (bytes, last) = match self.budget {
            Some(left) if left < bytes.len() => (&bytes[..left], true),
            Some(left) => {
                self.budget = Some(left - bytes.len());
                (bytes, false)
            }
            None => (bytes, false),
        };
        let step = if self.pieces == 0 {
            bytes.len().max(1)
        } else {
            self.pieces
        };
        for part in bytes.chunks(step) {
            // a client that has gone is not to be told; what it did is compared at its side
            if self.peer.write_all(part).is_err() {
                return Err(Stop::Ended);
            }
            if self.pieces != 0 {
                thread::yield_now();
            }
        }
        if last { self.hang_up() } else { Ok(()) }
    }

    fn say(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.unsent.extend(bytes);
        if self.unsent.len() > 1 << 16 {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn hang_up(&mut self) -> Result<(), Stop> {
        self.peer.end_output();
        self.read_all();
        Err(Stop::Ended)
    }

    /// Plays a whole connection; gives what the client sent, and what it did that is not in the script.
    fn play_whole(mut self, steps: &[Step], how: Play) -> (Vec<u8>, Option<String>) {
        match self.play(steps).and_then(|()| self.flush()) {
            Ok(()) => self.read_all(),
            Err(Stop::Ended) => {}
            // where a connection is cut, the client may go before the script's end
            Err(Stop::Complaint(_)) if how == Play::CutAtEveryByte => self.read_all(),
            Err(Stop::Complaint(what)) => return (self.heard, Some(what)),
        }
        (self.heard, None)
    }

    fn play(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for step in steps {
            if !matches!(step, Step::Send(_) | Step::Repeat(..)) {
                self.flush()?;
            }
            match step {
                Step::ExpectStartup(version) => {
                    let length = self.length()?;
                    let body = self.read(length)?;
                    let got = body
                        .get(..4)
                        .map(|w| i32::from_be_bytes([w[0], w[1], w[2], w[3]]));
                    match (version, got) {
                        (Some(wanted), got) if Some(*wanted) != got => {
                            return Err(Stop::Complaint(format!(
                                "start-up code {wanted} expected, {got:?} came"
                            )));
                        }
                        (None, Some(SSL_REQUEST | CANCEL_REQUEST) | None) => {
                            return Err(Stop::Complaint(format!(
                                "a start-up packet expected, {got:?} came"
                            )));
                        }
                        _ => {}
                    }
                }
                Step::ExpectMessage(wanted, body) => {
                    let (kind, got) = self.message()?;
                    if kind != *wanted || body.as_ref().is_some_and(|b| *b != got) {
                        return Err(Stop::Complaint(format!(
                            "message {} expected, {} came: \"{}\"",
                            char::from(*wanted),
                            char::from(kind),
                            got.escape_ascii()
                        )));
                    }
                }
                Step::Until(wanted) => while self.message()?.0 != *wanted {},
                Step::ExpectClose => {
                    self.read_all();
                    return Err(Stop::Ended);
                }
                Step::Send(bytes) => self.say(bytes)?,
                Step::Pieces(size) => self.pieces = *size,
                Step::Repeat(times, steps) => {
                    for _ in 0..*times {
                        self.play(steps)?;
                    }
                }
                Step::HangUp => self.hang_up()?,
                Step::Close => return Err(Stop::Ended),
            }
        }
        Ok(())
    }
}

/// A running scripted server.
pub struct ScriptedServer {
    thread: Option<JoinHandle<Heard>>,
    stop: Arc<AtomicBool>,
    /// Where to knock to wake it up.
    door: Door,
}

enum Door {
    Unix(std::path::PathBuf),
    Tcp(u16),
}

impl ScriptedServer {
    /// Starts listening. Connections take the script's parts in the order in which they come, each by itself.
    pub fn start(place: &Place<'_>, script: Script, play: Play) -> std::io::Result<ScriptedServer> {
        let (listener, door) = match place {
            Place::Unix(directory) => {
                let path = directory.join(".s.PGSQL.5432");
                let _ = std::fs::remove_file(&path);
                (Listener::Unix(UnixListener::bind(&path)?), Door::Unix(path))
            }
            Place::Loopback => {
                let listener = TcpListener::bind("127.0.0.1:0")?;
                let port = listener.local_addr()?.port();
                (Listener::Tcp(listener), Door::Tcp(port))
            }
        };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            // each connection by itself: a cancel request comes while the session it is for stays open
            let mut players = Vec::new();
            let mut heard = Heard::default();
            for number in 0.. {
                let Ok(peer) = listener.accept() else { break };
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (steps, budget) = match play {
                    Play::AsWritten => (script.connections.get(number), None),
                    Play::CutAtEveryByte => (script.connections.first(), Some(number)),
                };
                let Some(steps) = steps.cloned() else {
                    heard
                        .complaints
                        .push(format!("connection {number} is not in the script"));
                    continue;
                };
                let player = Player {
                    peer,
                    heard: Vec::new(),
                    budget,
                    pieces: 0,
                    unsent: Vec::new(),
                };
                players.push(thread::spawn(move || player.play_whole(&steps, play)));
            }
            for (number, player) in players.into_iter().enumerate() {
                let (bytes, complaint) = player
                    .join()
                    .expect("a connection of the scripted server does not panic");
                heard.connections.push(bytes);
                heard
                    .complaints
                    .extend(complaint.map(|what| format!("connection {number}: {what}")));
            }
            heard
        });
        Ok(ScriptedServer {
            thread: Some(thread),
            stop,
            door,
        })
    }

    /// How a client gets here.
    pub fn conninfo(&self) -> String {
        match &self.door {
            Door::Unix(path) => format!(
                "host={} port=5432",
                path.parent().unwrap_or(Path::new("/")).display()
            ),
            Door::Tcp(port) => format!("host=127.0.0.1 port={port}"),
        }
    }

    /// Its port, where it has one.
    pub fn port(&self) -> Option<u16> {
        match self.door {
            Door::Unix(_) => None,
            Door::Tcp(port) => Some(port),
        }
    }

    fn knock(&self) {
        self.stop.store(true, Ordering::SeqCst);
        match &self.door {
            Door::Unix(path) => drop(UnixStream::connect(path)),
            Door::Tcp(port) => drop(TcpStream::connect(("127.0.0.1", *port))),
        }
    }

    /// Stops it and tells what the client did. The client must have ended.
    pub fn finish(mut self) -> Heard {
        self.knock();
        let thread = self.thread.take().expect("finished once");
        thread.join().expect("the scripted server does not panic")
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.knock();
            let _ = thread.join();
        }
    }
}
