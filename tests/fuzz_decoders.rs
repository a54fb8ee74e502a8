//! Seeded mutations of what servers, files and callers may hand to the decoders. No server is needed.
//!
//! What is asserted, besides that nothing panics: a stream means the same whole, byte by byte and in random pieces; no
//! value reaches over its block and each ends with a NUL; memory stays in proportion to the bytes fed; what was parsed
//! and written again parses to the same; what was escaped and unescaped is the same.
//!
//! `PQP_SEED` and `PQP_CASES` as in `tests/generative/`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use pq::config::{Opt, Settings};
use pq::protocol::auth::{ChannelBinding, Scram, ScramSecret};
use pq::protocol::backend::Reader;
use pq::protocol::encoding::{max_len, mblen, verify};
use pq::protocol::error_format::build_message;
use pq::protocol::escape::{
    escape_bytea, escape_identifier, escape_literal, escape_string, unescape_bytea,
};
use pq::protocol::frontend::Param;
use pq::protocol::result::QueryResult;
use pq::protocol::session::{CopyStep, NextResult, Session, State, Target, parse_fields};
use pq::protocol::startup::{BindingPolicy, Channel, Credentials, Policy, Startup, Step, Versions};
use pq::protocol::trace::Trace;
use pq::protocol::types::{ContextVisibility, ExecStatus, Verbosity};

use sha2::Sha256;

#[path = "generative/rng.rs"]
mod rng;

use rng::Rng;

// ---- memory ----

thread_local! {
    static USED: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(change: isize) {
    // A thread that ends has no counters any more.
    let _ = USED.try_with(|used| {
        used.set(used.get() + change);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(used.get())));
    });
}

// SAFETY: everything is System's, whose contract callers keep; the counters take no part in it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps alloc's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps dealloc's contract, and the block is System's.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller keeps realloc's contract, and the block is System's.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` and fails if it needed much more memory than the bytes it was fed justify.
fn bounded<T>(fed: usize, work: impl FnOnce() -> T) -> T {
    let before = USED.get();
    PEAK.set(before);
    let result = work();
    let needed = PEAK.get() - before;
    let allowed = 256 * 1024 + 64 * fed;
    assert!(
        needed <= allowed as isize,
        "{needed} bytes of memory for {fed} bytes of input"
    );
    result
}

// ---- cases ----

fn settings(test: &str, default_cases: usize) -> (Rng, usize) {
    let text = |name: &str| std::env::var(name).unwrap_or_default();
    let seed = match text("PQP_SEED").as_str() {
        "" => 18_006,
        "clock" => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |t| t.as_nanos() as u64),
        text => text.parse().expect("PQP_SEED is a number, or `clock`"),
    };
    let cases = match text("PQP_CASES").as_str() {
        "" => default_cases,
        // Its unit is a case on two libraries and a server, which takes ten times as long.
        text => text.parse::<usize>().expect("PQP_CASES is a number") * 10,
    };
    let _ = writeln!(std::io::stderr(), "{test}: PQP_SEED={seed}, {cases} cases");
    (Rng::new(seed), cases)
}

/// Changes some bytes, or moves pieces about.
fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    const TELLING: &[u8] = b"\0\x01\x04\x05\x7f\x80\xffZTDCEGHWNAs12tn=' \\,";
    for _ in 0..rng.below(5) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.below(bytes.len());
        match rng.below(8) {
            0..=2 => bytes[at] = TELLING[rng.below(TELLING.len())],
            3 => bytes[at] = rng.next() as u8,
            4 => bytes[at] ^= 1 << rng.below(8),
            5 => drop(bytes.drain(at..(at + rng.range(1, 9)).min(bytes.len()))),
            6 => bytes.insert(at, TELLING[rng.below(TELLING.len())]),
            _ => {
                let piece = bytes[at..(at + rng.range(1, 30)).min(bytes.len())].to_vec();
                let to = rng.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
        }
    }
    if rng.percent(5) {
        bytes.truncate(rng.below(bytes.len() + 1));
    }
}

/// Cuts `bytes` in one of three ways.
fn pieces<'a>(rng: &mut Rng, bytes: &'a [u8], way: usize) -> Vec<&'a [u8]> {
    match way {
        0 => vec![bytes],
        1 => bytes.chunks(1).collect(),
        _ => {
            let mut rest = bytes;
            let mut all = Vec::new();
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(rng.range(1, 40).min(rest.len()));
                all.push(piece);
                rest = behind;
            }
            all
        }
    }
}

fn feed(session: &mut Session, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let (block, room) = session.space().expect("memory");
        let n = room.min(bytes.len());
        assert!(n > 0, "there is no room to receive");
        block.extend_from_slice(&bytes[..n]);
        bytes = &bytes[n..];
    }
}

// ---- messages ----

fn message(kind: u8, body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let mut out = vec![kind];
    out.extend((body.len() as u32 + 4).to_be_bytes());
    out.extend(body);
    out
}

fn row_description(rng: &mut Rng, columns: usize) -> Vec<u8> {
    let mut body = (columns as u16).to_be_bytes().to_vec();
    for n in 0..columns {
        body.extend(format!("column{n}\0").bytes());
        body.extend([
            0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0,
        ]);
        body.push(u8::from(rng.percent(15)));
    }
    message(b'T', &[&body])
}

fn data_row(rng: &mut Rng, columns: usize) -> Vec<u8> {
    let mut body = (columns as u16).to_be_bytes().to_vec();
    for _ in 0..columns {
        if rng.percent(15) {
            body.extend([255; 4]);
            continue;
        }
        let kinds = if rng.percent(5) { 4 } else { 3 };
        let most = [3, 20, 300, 9000][rng.below(kinds)];
        let length = rng.below(most);
        body.extend((length as u32).to_be_bytes());
        body.extend((0..length).map(|n| b'a' + (n % 26) as u8));
    }
    message(b'D', &[&body])
}

fn error(rng: &mut Rng, kind: u8) -> Vec<u8> {
    let mut body = b"SERROR\0VERROR\0C42601\0Msyntax error at or near \"x\"\0".to_vec();
    for field in [
        &b"Dsome detail\0"[..],
        b"Ha hint\0",
        b"P3\0",
        b"p2\0",
        b"qselect x\0",
        b"Wa context\0",
        b"spublic\0tt\0cc\0dd\0nn\0",
        b"Ff.c\0L7\0Rr\0",
        b"?what\0",
    ] {
        if rng.percent(40) {
            body.extend(field);
        }
    }
    body.push(0);
    message(kind, &[&body])
}

fn ready(rng: &mut Rng) -> Vec<u8> {
    message(b'Z', &[rng.pick(&[&b"I"[..], b"T", b"E"])])
}

/// Messages that may come between others.
fn aside(rng: &mut Rng, out: &mut Vec<u8>) {
    match rng.below(12) {
        0 => out.extend(error(rng, b'N')),
        1 => out.extend(message(b'A', &[b"\0\0\0\x07chan\0load\0"])),
        2 => out.extend(message(
            b'S',
            &[
                b"client_encoding\0",
                rng.pick(&[&b"UTF8\0"[..], b"SJIS\0", b"x\0"]),
            ],
        )),
        3 => out.extend(message(
            b'S',
            &[
                b"server_version\0",
                rng.pick(&[&b"18.6\0"[..], b"9.4.1\0", b"devel\0"]),
            ],
        )),
        _ => {}
    }
}

/// What a server says to one command.
fn answer(rng: &mut Rng, out: &mut Vec<u8>) {
    aside(rng, out);
    match rng.below(10) {
        0..=3 => {
            let columns = rng.below(5);
            out.extend(row_description(rng, columns));
            for _ in 0..rng.below(12) {
                out.extend(data_row(rng, columns));
                aside(rng, out);
            }
            if rng.percent(80) {
                out.extend(message(b'C', &[b"SELECT 5\0"]));
            } else {
                out.extend(error(rng, b'E'));
            }
        }
        4 => out.extend(message(
            b'C',
            &[rng.pick(&[&b"INSERT 0 1\0"[..], b"BEGIN\0", b"INSERT 7 1\0"])],
        )),
        5 => out.extend(error(rng, b'E')),
        6 => out.extend(message(b'I', &[])),
        7 => {
            out.extend(message(b'H', &[b"\0\0\x02\0\0\0\0"]));
            for _ in 0..rng.below(5) {
                out.extend(message(b'd', &[rng.pick(&[&b"1\tabc\n"[..], b"", b"x"])]));
                aside(rng, out);
            }
            out.extend(message(b'c', &[]));
            out.extend(message(b'C', &[b"COPY 3\0"]));
        }
        8 => {
            out.extend(message(b'G', &[b"\0\0\x01\0\0"]));
            out.extend(message(b'C', &[b"COPY 3\0"]));
        }
        _ => {
            out.extend(message(b'1', &[]));
            out.extend(message(b'2', &[]));
            out.extend(message(b't', &[b"\0\x02\0\0\0\x17\0\0\0\x19"]));
            out.extend(message(b'n', &[]));
            out.extend(message(b'3', &[]));
        }
    }
}

/// The commands of a session.
#[derive(Clone, Copy)]
struct Plan {
    pipeline: bool,
    commands: usize,
    rows: usize,
    traced: bool,
    kinds: u64,
}

impl Plan {
    fn new(rng: &mut Rng) -> Plan {
        Plan {
            pipeline: rng.percent(50),
            commands: rng.range(1, 4),
            rows: rng.below(5),
            traced: rng.percent(20),
            kinds: rng.next(),
        }
    }

    fn begin(&self) -> Session {
        let mut session = Session::default();
        if self.traced {
            session.trace = Some(Box::new(Trace::new(|out| out.extend(b"now"))));
        }
        if !self.pipeline {
            session.send_query(b"select x from t").expect("a command");
        } else {
            session.enter_pipeline().expect("pipeline mode");
            let none: &[Param<'_>] = &[];
            for n in 0..self.commands {
                match self.kinds >> (4 * n) & 3 {
                    0 => session.send_prepare(b"s", b"select 1", &[]),
                    1 => session.send_describe(Target::Statement, b"s"),
                    2 => session.send_close(Target::Portal, b""),
                    _ => session.send_query_params(b"select 1", &[], none, 0),
                }
                .expect("a command");
            }
            session.send_pipeline_sync().expect("a sync");
        }
        match self.rows {
            0 => drop(session.set_single_row_mode()),
            1 => drop(session.set_chunked_rows_mode(3)),
            _ => {}
        }
        session
    }

    fn transcript(&self, rng: &mut Rng) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..self.commands {
            answer(rng, &mut bytes);
        }
        bytes.extend(ready(rng));
        aside(rng, &mut bytes);
        bytes
    }
}

/// Everything that came of a session.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    results: Vec<String>,
    notices: Vec<String>,
    notifications: Vec<String>,
    end: String,
}

fn look_at(result: &QueryResult) -> String {
    let mut text = format!(
        "{:?} {:?}",
        result.status,
        String::from_utf8_lossy(result.tag.text())
    );
    assert_eq!(result.tag.text_with_nul().last(), Some(&0));
    if let Some(error) = &result.error {
        assert_eq!(error.message_with_nul().last(), Some(&0));
        text += &String::from_utf8_lossy(error.message());
    }
    for n in 0..result.columns.len() {
        let name = result
            .columns
            .name_with_nul(n)
            .expect("a column has a name");
        assert_eq!(name.last(), Some(&0));
        text += &format!(" {name:?}");
    }
    for row in 0..result.rows.rows() {
        for column in 0..result.rows.columns() {
            let length = result.rows.length(row, column);
            match result.rows.value_with_nul(row, column) {
                None => assert_eq!(length, -1, "only a NULL has no value"),
                Some(value) => {
                    assert_eq!(value.len() as i32, length + 1);
                    assert_eq!(value.last(), Some(&0), "every value ends with a NUL");
                    text += &String::from_utf8_lossy(value);
                }
            }
        }
        text.push('|');
    }
    assert_eq!(result.rows.length(result.rows.rows(), 0), -1);
    assert!(result.rows.value_with_nul(result.rows.rows(), 0).is_none());
    text
}

/// Takes all that can be taken now.
fn take(session: &mut Session, seen: &mut Seen) {
    let mut before = None;
    loop {
        if session.state() == State::CopyOut {
            match session.get_copy_data() {
                CopyStep::Data(data) => seen.results.push(format!("{data:?}")),
                CopyStep::Pending => break,
                CopyStep::Done => seen.results.push("end of data".into()),
                CopyStep::Lost => seen.results.push("lost".into()),
            }
            continue;
        }
        match session.next_result() {
            NextResult::Pending => break,
            NextResult::None => {
                // In pipeline mode None follows each command. The end is where nothing moves any more.
                let now = (session.state(), session.input.unparsed().len());
                if before == Some(now) {
                    break;
                }
                before = Some(now);
            }
            NextResult::Ready(result) => {
                before = None;
                seen.results.push(look_at(&result));
                if matches!(result.status, ExecStatus::CopyIn | ExecStatus::CopyBoth) {
                    session.put_copy_end(None).expect("the end of COPY data");
                }
            }
        }
    }
    for notice in session.notices.drain(..) {
        // Between two commands it depends on the moment whose text a position points into.
        let text = look_at(&notice);
        let first = text.lines().next().unwrap_or_default();
        seen.notices.push(
            first
                .split(" at character ")
                .next()
                .unwrap_or_default()
                .to_string(),
        );
    }
    for n in session.notifications.drain(..) {
        seen.notifications.push(format!("{n:?}"));
    }
}

fn play(plan: &Plan, pieces: &[&[u8]]) -> Seen {
    let mut seen = Seen::default();
    let mut session = plan.begin();
    for piece in pieces {
        if session.is_lost() {
            // The transport would be gone.
            break;
        }
        feed(&mut session, piece);
        take(&mut session, &mut seen);
    }
    seen.end = format!(
        "{:?} {:?} {:?} {} {} {:?} lost={}",
        session.state(),
        session.pipeline_status(),
        session.facts.transaction_status,
        session.facts.client_encoding,
        session.facts.server_version,
        String::from_utf8_lossy(session.errors.text()),
        session.is_lost()
    );
    seen
}

#[test]
fn a_stream_means_the_same_however_it_is_cut() {
    let (mut rng, count) = settings("streams", 6_000);
    for case in 0..count {
        let plan = Plan::new(&mut rng);
        let mut bytes = plan.transcript(&mut rng);
        if rng.percent(85) {
            mutate(&mut rng, &mut bytes);
        }
        let fed = bytes.len();
        let whole = bounded(fed, || play(&plan, &[&bytes]));
        for way in [1, 2] {
            let pieces = pieces(&mut rng, &bytes, way);
            let cut = bounded(fed + 32 * pieces.len(), || play(&plan, &pieces));
            assert_eq!(
                whole,
                cut,
                "case {case}: {:?}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn nonsense_behind_a_result_waits_until_the_result_is_taken() {
    for nonsense in [
        message(b'N', &[b"S"]),
        message(b'A', &[b"\0"]),
        b"?\xff\xff\xff\xff".to_vec(),
    ] {
        let mut session = Session::default();
        session.send_query(b"select 1").expect("a command");
        feed(&mut session, &message(b'C', &[b"SELECT 1\0"]));
        feed(&mut session, &nonsense);
        let NextResult::Ready(result) = session.next_result() else {
            panic!("the result is there");
        };
        assert_eq!(
            (result.status, result.tag.text()),
            (ExecStatus::CommandOk, &b"SELECT 1"[..])
        );
        let NextResult::Ready(result) = session.next_result() else {
            panic!("the error is there");
        };
        assert_eq!(result.status, ExecStatus::FatalError);
    }
}

#[test]
fn random_bytes_are_no_stream() {
    let (mut rng, count) = settings("noise", 8_000);
    for case in 0..count {
        let plan = Plan::new(&mut rng);
        let mut bytes = Vec::new();
        for _ in 0..rng.range(1, 6) {
            bytes.push(b"ZTDCEGHWNAStn123IVRKvcds"[rng.below(24)]);
            let length = [4, 5, 6, 10, 40, 70_000, 0x7fff_ffff][rng.below(7)] as u32;
            bytes.extend(length.to_be_bytes());
            let body = rng.below(60);
            bytes.extend((0..body).map(|_| rng.next() as u8));
        }
        let whole = bounded(bytes.len(), || play(&plan, &[&bytes]));
        let pieces = pieces(&mut rng, &bytes, 1);
        assert_eq!(whole, play(&plan, &pieces), "case {case}: {bytes:?}");
    }
}

// ---- start-up ----

fn start_up(allow: bool, pieces: &[&[u8]]) -> (Vec<u8>, String) {
    let mut session = Session::default();
    let mut startup = Startup::new(
        Policy {
            require_auth: None,
            channel_binding: BindingPolicy::Prefer,
            certificate_required: false,
            mechanisms: None,
        },
        Channel::default(),
        Credentials {
            user: b"user".to_vec(),
            password: allow.then(|| b"pencil".to_vec().into()),
            scram_client_key: None,
            scram_server_key: None,
            oauth: Default::default(),
            scram_cache: None,
        },
        Versions {
            min: 0x0003_0000,
            max: 0x0003_0002,
        },
        |nonce| {
            nonce.fill(7);
            true
        },
    );
    startup
        .write_message(&mut session, &[(b"user", b"user")])
        .expect("memory");
    session.output.clear();
    let mut sent = Vec::new();
    for piece in pieces {
        feed(&mut session, piece);
        loop {
            let step = startup.advance(&mut session);
            sent.extend_from_slice(session.output.pending());
            session.output.clear();
            match step {
                Ok(Step::NeedInput) => break,
                Ok(Step::Progress) => {}
                Ok(Step::Needs) => return (sent, "needs something".into()),
                Ok(Step::NeedPassword) => startup.set_password(None),
                Ok(Step::Authenticated) => return (sent, "authenticated".into()),
                Err(error) => {
                    let mut text = session.errors.text().to_vec();
                    error.write_text(&mut text);
                    return (sent, String::from_utf8_lossy(&text).into_owned());
                }
            }
        }
    }
    (sent, "unfinished".into())
}

#[test]
fn a_start_up_means_the_same_however_it_is_cut() {
    let (mut rng, count) = settings("start-up", 12_000);
    let request = |code: u32, body: &[u8]| message(b'R', &[&code.to_be_bytes(), body]);
    let salt = b"r=BwcHBwcHBwcHBwcHBwcHBwcHBwcHserver,s=c2FsdA==,i=3";
    for case in 0..count {
        let mut bytes = Vec::new();
        if rng.percent(30) {
            let version = [0x0003_0000u32, 0x0003_0001, 0x0003_0002, 0x0003_270f][rng.below(4)];
            let options: &[u8] = [
                &b"\0\0\0\0"[..],
                b"\0\0\0\x01_pq_.x\0",
                b"\0\0\0\x02_pq_.x\0_pq_.y\0",
            ][rng.below(3)];
            bytes.extend(message(b'v', &[&version.to_be_bytes(), options]));
        }
        match rng.below(6) {
            0 => bytes.extend(request(3, b"")),
            1 => bytes.extend(request(5, b"salt")),
            2 | 3 => {
                bytes.extend(request(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"));
                bytes.extend(request(11, salt));
                bytes.extend(request(12, b"v=QUJD"));
            }
            4 => bytes.extend(error(&mut rng, b'E')),
            _ => bytes.extend(request([7, 8, 9, 2, 4, 77][rng.below(6)], b"x")),
        }
        bytes.extend(request(0, b""));
        mutate(&mut rng, &mut bytes);
        // A server may ask for any number of iterations; this test has no time for them.
        let iterations = bytes.windows(2).position(|w| w == b"i=").map_or(0, |at| {
            bytes[at + 2..]
                .iter()
                .take_while(|b| b.is_ascii_digit() || b.is_ascii_whitespace())
                .count()
        });
        if iterations > 3 {
            continue;
        }
        let allow = rng.percent(90);
        let whole = bounded(bytes.len(), || start_up(allow, &[&bytes]));
        for way in [1, 2] {
            let cut = start_up(allow, &pieces(&mut rng, &bytes, way));
            assert_eq!(
                whole,
                cut,
                "case {case}: {:?}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn a_changed_scram_message_is_never_taken_for_the_right_one() {
    let (mut rng, count) = settings("scram", 6_000);
    let scram = || {
        let secret = ScramSecret::new(b"pencil", None, None).expect("memory");
        let mut scram = Scram::new(secret, [7; 18], ChannelBinding::Unsupported);
        let first = scram.client_first();
        (scram, first)
    };
    let (mut honest, first) = scram();
    let nonce = first
        .rsplit(|&b| b == b'=')
        .next()
        .expect("a nonce")
        .to_vec();
    let server_first = [&b"r="[..], &nonce, b"server,s=c2FsdA==,i=3"].concat();
    let answer = honest
        .handle_server_first(&server_first)
        .expect("an honest message");
    let without_proof = answer
        .windows(3)
        .position(|w| w == b",p=")
        .expect("a proof");
    let exchange = [
        &first[3..],
        b",",
        &server_first,
        b",",
        &answer[..without_proof],
    ]
    .concat();
    let server_final = server_final(b"pencil", b"salt", 3, &exchange);
    honest
        .handle_server_final(&server_final)
        .expect("the right signature");
    for case in 0..count {
        let (mut machine, _) = scram();
        let mut message = server_first.clone();
        mutate(&mut rng, &mut message);
        let digits = message
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if digits > 3 {
            continue;
        }
        if machine.handle_server_first(&message).is_ok() {
            assert!(
                message.starts_with(&[b"r=", nonce.as_slice()].concat()),
                "case {case}: another nonce"
            );
            let taken = machine.handle_server_final(&server_final).is_ok();
            assert_eq!(
                taken,
                message == server_first,
                "case {case}: a signature over another message"
            );
        }
        let (mut machine, _) = scram();
        machine
            .handle_server_first(&server_first)
            .expect("an honest message");
        let mut last = server_final.clone();
        mutate(&mut rng, &mut last);
        if machine.handle_server_final(&last).is_ok() {
            // Only what is behind the signature may have changed, and the bits of its last digit that mean nothing.
            let digits = server_final.len() - 2;
            assert!(
                last.starts_with(&server_final)
                    || (last.starts_with(&server_final[..digits])
                        && last[digits + 1..].starts_with(b"=")),
                "case {case}: {:?}",
                String::from_utf8_lossy(&last)
            );
        }
    }
}

/// What a server that knows the password says at the end of this exchange (RFC 5802 section 3).
fn server_final(password: &[u8], salt: &[u8], rounds: u32, exchange: &[u8]) -> Vec<u8> {
    let hmac = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key");
        mac.update(text);
        mac.finalize().into_bytes()
    };
    let mut salted = [0; 32];
    pbkdf2::pbkdf2::<Hmac<Sha256>>(password, salt, rounds, &mut salted).expect("rounds");
    let signature = hmac(&hmac(&salted, b"Server Key"), exchange);
    let mut message = b"v=".to_vec();
    message.extend(Base64::encode_string(&signature).bytes());
    message
}

// ---- errors ----

#[test]
fn fields_of_any_error_are_shown() {
    let (mut rng, count) = settings("errors", 12_000);
    for _ in 0..count {
        let mut body = error(&mut rng, b'E')[5..].to_vec();
        mutate(&mut rng, &mut body);
        bounded(body.len(), || {
            let Some(fields) = parse_fields(&mut Reader::new(&body)) else {
                return;
            };
            let mut query = b"select x\n\tfrom y; \xe3\x81\x82 ".repeat(rng.below(6));
            mutate(&mut rng, &mut query);
            let verbosity = [
                Verbosity::Terse,
                Verbosity::Default,
                Verbosity::Verbose,
                Verbosity::Sqlstate,
            ][rng.below(4)];
            let visibility = [
                ContextVisibility::Never,
                ContextVisibility::Errors,
                ContextVisibility::Always,
            ][rng.below(3)];
            let mut text = Vec::new();
            let encoding = rng.below(44) as i32 - 1;
            build_message(
                &fields,
                rng.percent(50),
                verbosity,
                visibility,
                Some(&query),
                encoding,
                &mut text,
            )
            .expect("memory");
            assert!(
                text.ends_with(b"\n"),
                "{:?}",
                String::from_utf8_lossy(&text)
            );
        });
    }
}

// ---- connection strings ----

#[test]
fn settings_written_again_are_the_same() {
    let (mut rng, count) = settings("conninfo", 20_000);
    let starts: &[&[u8]] = &[
        b"host=a port=5432 dbname='x y' user=u\\'v",
        b"host = '/tmp' connect_timeout=10 application_name='\\\\'",
        b"postgresql://user:p%20w@host:1,[::1]:2/db?sslmode=prefer&application_name=x",
        b"postgres:///?host=/tmp&options=-c%20a%3Db",
        b"postgresql://%2Ftmp/db",
        b"",
    ];
    for case in 0..count {
        let mut text = rng.pick(starts).to_vec();
        mutate(&mut rng, &mut text);
        mutate(&mut rng, &mut text);
        let Ok(settings) = bounded(text.len(), || Settings::parse(&text)) else {
            continue;
        };
        let mut written = Vec::new();
        for opt in Opt::ALL {
            if let Some(value) = settings.get(opt) {
                written.extend(opt.keyword().bytes());
                written.extend(b"='");
                for &byte in value {
                    if matches!(byte, b'\'' | b'\\') {
                        written.push(b'\\');
                    }
                    written.push(byte);
                }
                written.extend(b"' ");
            }
        }
        let again = Settings::parse(&written);
        let again = again
            .unwrap_or_else(|_| panic!("case {case}: {:?}", String::from_utf8_lossy(&written)));
        for opt in Opt::ALL {
            assert_eq!(
                settings.get(opt),
                again.get(opt),
                "case {case}: {:?}",
                String::from_utf8_lossy(&text)
            );
        }
    }
}

// ---- characters and escapes ----

#[test]
fn escapes_keep_to_their_room_and_come_back() {
    let (mut rng, count) = settings("escapes", 20_000);
    for _ in 0..count {
        let length = rng.below(20);
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                if rng.percent(40) {
                    b"\\'\"x0\x81\x8f\xe0\xf0"[rng.below(9)]
                } else {
                    rng.next() as u8
                }
            })
            .collect();
        let encoding = rng.below(42) as i32;
        let std_strings = rng.percent(50);
        bounded(length, || {
            for hex in [true, false] {
                let escaped = escape_bytea(&bytes, std_strings, hex).expect("memory");
                if std_strings {
                    // Otherwise the server's string syntax takes one layer of backslashes away.
                    let single: Vec<u8> = String::from_utf8(escaped)
                        .expect("ASCII")
                        .replace("''", "'")
                        .into();
                    assert_eq!(unescape_bytea(&single).expect("memory"), bytes);
                }
            }
            let mut unescaped = bytes.clone();
            unescaped.retain(|&b| b != 0);
            assert!(unescape_bytea(&unescaped).expect("memory").len() <= unescaped.len());
            for quoted in [
                escape_literal(&bytes, encoding),
                escape_identifier(&bytes, encoding),
            ]
            .into_iter()
            .flatten()
            {
                assert!(quoted.len() <= 2 * bytes.len() + 6);
            }
            let mut out = Vec::new();
            let told = escape_string(&bytes, encoding, std_strings, |piece| {
                out.extend_from_slice(piece)
            });
            assert_eq!(told.len, out.len());
            assert!(
                out.len() <= 2 * bytes.len() + 1,
                "more than the caller's buffer holds"
            );
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let step = mblen(encoding, rest);
                assert!(
                    (1..=max_len(encoding)).contains(&step),
                    "encoding {encoding}: {step}"
                );
                if let Some(n) = verify(encoding, rest) {
                    assert!(n >= 1 && n <= rest.len());
                }
                rest = &rest[step.min(rest.len())..];
            }
        });
    }
}
