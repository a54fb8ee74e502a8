//! The lines of recorded sessions: what the reference printed for the bytes that it sent and received.
//!
//! A recording begins with `flags N`; `> hex` is what the frontend sent, `< hex` what it received, `= text` what it
//! traced. Sessions that were traced from their start begin with a packet without a type byte.

use super::*;
use crate::protocol::session::{NextResult, Session};

struct Recording {
    flags: i32,
    /// Whether the frontend sent it, and the bytes.
    chunks: Vec<(bool, Vec<u8>)>,
    /// Traced lines; those that begin with no direction belong to the one before.
    lines: Vec<Vec<u8>>,
}

impl Recording {
    fn parse(text: &[u8]) -> Recording {
        let mut recording = Recording {
            flags: 0,
            chunks: Vec::new(),
            lines: Vec::new(),
        };
        for line in text.split(|&b| b == b'\n').filter(|l| !l.is_empty()) {
            if let Some(flags) = line.strip_prefix(b"flags ") {
                recording.flags = std::str::from_utf8(flags).unwrap().parse().unwrap();
            } else if let Some(traced) = line.strip_prefix(b"= ") {
                let line = [traced, b"\n"].concat();
                if traced.starts_with(b"F\t") || traced.starts_with(b"B\t") {
                    recording.lines.push(line);
                } else {
                    recording.lines.last_mut().unwrap().extend(line);
                }
            } else {
                let digits = std::str::from_utf8(&line[2..]).unwrap();
                let bytes = (0..digits.len() / 2)
                    .map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
                    .collect();
                recording.chunks.push((line[0] == b'>', bytes));
            }
        }
        recording
    }

    fn trace(&self) -> Trace {
        let mut trace = Trace::new(|out| out.extend_from_slice(b"never"));
        trace.set_flags(self.flags);
        trace
    }

    fn lines_of(&self, direction: u8) -> Vec<u8> {
        let of = |l: &&Vec<u8>| l[0] == direction;
        self.lines.iter().filter(of).flatten().copied().collect()
    }
}

/// Splits a message off the front. A packet without a type byte begins with the high byte of its length.
fn split_message(bytes: &[u8]) -> (&[u8], &[u8]) {
    let skip = usize::from(bytes[0] != 0);
    let length = length_word(bytes.get(skip..)).unwrap();
    bytes.split_at(length + skip)
}

/// Feeds a whole recording and compares, each direction by itself.
#[track_caller]
fn check(recording: &[u8]) {
    let recording = Recording::parse(recording);
    let (mut frontend, mut backend) = (recording.trace(), recording.trace());
    let mut hint = AuthenticationMessage::Password;
    let mut asked_for_tls = false;
    for (ours, chunk) in &recording.chunks {
        let mut rest = &chunk[..];
        if !ours && std::mem::take(&mut asked_for_tls) {
            backend.encryption_answer(EncryptionRequest::Ssl, rest[0]);
            rest = &rest[1..];
        }
        while !rest.is_empty() {
            let (message, behind) = split_message(rest);
            rest = behind;
            match (ours, message[0]) {
                (true, 0) => {
                    asked_for_tls = message.len() == 8;
                    frontend.frontend_untyped(message);
                }
                (true, b'p') => frontend.frontend_authentication(hint, message),
                (true, _) => frontend.frontend(message),
                (false, kind) => {
                    if kind == b'R' {
                        hint = match message[8] {
                            10 => AuthenticationMessage::SaslInitialResponse,
                            11 => AuthenticationMessage::SaslResponse,
                            _ => AuthenticationMessage::Password,
                        };
                    }
                    backend.backend(message);
                }
            }
        }
    }
    for (ours, theirs) in [
        (&frontend.lines, recording.lines_of(b'F')),
        (&backend.lines, recording.lines_of(b'B')),
    ] {
        assert_eq!(
            String::from_utf8_lossy(ours),
            String::from_utf8_lossy(&theirs)
        );
        assert_eq!(*ours, theirs);
    }
    assert!(!recording.lines.is_empty());
}

/// Replays a recording of simple queries through a session, and compares lines and their order.
#[track_caller]
fn replay(recording: &[u8]) {
    let recording = Recording::parse(recording);
    let mut session = Session::default();
    session.trace = Some(Box::new(recording.trace()));
    // Of the start nothing but its end is the session's business.
    let begins_at_start = recording.chunks[0].1[0] == 0;
    let skipped = if begins_at_start { 2 } else { 0 };
    for (ours, chunk) in &recording.chunks[skipped..] {
        match (ours, chunk[0]) {
            (true, b'Q') => {
                session.check_command().unwrap();
                session.send_query(&chunk[5..chunk.len() - 1]).unwrap();
            }
            (true, _) => session.trace.as_mut().unwrap().frontend(chunk),
            (false, _) => {
                let (block, room) = session.space().unwrap();
                assert!(room >= chunk.len());
                block.extend_from_slice(chunk);
                while matches!(session.next_result(), NextResult::Ready(_)) {}
            }
        }
    }
    let is_start =
        |l: &[u8]| begins_at_start && !l.starts_with(b"F\t") || l.starts_with(b"F\t27\tStartup");
    let mut theirs = &recording.lines[..];
    while theirs.first().is_some_and(|l| is_start(l)) {
        theirs = &theirs[1..];
    }
    let theirs = theirs.concat();
    let ours = &session.trace.unwrap().lines;
    assert_eq!(
        String::from_utf8_lossy(ours),
        String::from_utf8_lossy(&theirs)
    );
}

macro_rules! recordings {
    ($check:ident: $($name:ident $file:literal)*) => {$(
        #[test]
        fn $name() {
            $check(include_bytes!(concat!("../../tests/data/trace/", $file, ".txt")));
        }
    )*};
}

recordings! { check:
    behaviour_309_simple_queries "simple"
    behaviour_311_simple_queries_in_regress_mode "simple-regress"
    behaviour_312_extended_queries "extended"
    behaviour_311_extended_queries_in_regress_mode "extended-regress"
    behaviour_309_copy "copy"
    behaviour_311_copy_in_regress_mode "copy-regress"
    behaviour_310_pipeline "pipeline"
    behaviour_311_pipeline_in_regress_mode "pipeline-regress"
    behaviour_312_function_calls "function"
    behaviour_311_function_calls_in_regress_mode "function-regress"
    behaviour_309_values_no_honest_server_sends "odd-values"
    behaviour_311_values_no_honest_server_sends_in_regress_mode "odd-values-regress"
    behaviour_315_start_with_md5 "start-md5"
    behaviour_317_start_with_scram "start-scram"
    behaviour_311_start_with_scram_in_regress_mode "start-scram-regress"
    behaviour_317_start_with_clear_password "start-clear"
    behaviour_314_start_with_refused_ssl_request "start-ssl"
    behaviour_314_start_with_protocol_3_2 "start-32"
    behaviour_311_start_with_protocol_3_2_in_regress_mode "start-32-regress"
    start_with_a_wrong_password "start-badpw"
    start_with_gss "start-gss"
    start_with_gss_continue "start-gss-continue"
    behaviour_311_start_with_gss_continue_in_regress_mode "start-gss-continue-regress"
    start_with_sspi "start-sspi"
    behaviour_316_start_with_negotiated_version "start-negotiate"
    unknown_message_of_a_negative_char "unknown"
    copy_both "copyboth"
    messages_while_idle "idle"
    portal_suspended "portal-suspended"
}

recordings! { replay:
    lines_come_in_the_order_of_a_session "simple"
    malformed_data_row_is_not_traced "malformed-3"
    malformed_asynchronous_messages_are_not_traced "malformed-6"
    malformed_error_is_not_traced "malformed-7"
    a_row_description_that_waits_is_traced_once "tworows"
    a_row_without_description_is_traced "nodesc"
}

#[test]
fn behaviour_308_the_time_stamp_comes_first() {
    let mut trace = Trace::new(|out| out.extend_from_slice(b"2026-01-02 03:04:05.000006"));
    trace.frontend(b"S\0\0\0\x04Q\0\0\0\x06a\0");
    assert_eq!(
        trace.lines,
        b"2026-01-02 03:04:05.000006\tF\t4\tSync\n2026-01-02 03:04:05.000006\tF\t6\tQuery\t \"a\"\n"
    );
}

#[test]
fn a_message_that_is_too_short_ends_its_line() {
    let mut trace = Trace::new(|_| ());
    trace.set_flags(1);
    trace.backend(b"D\0\0\0\x08\0\x03\0\0");
    trace.backend(b"T\0\0\0\x08\0\x01x\0");
    trace.backend(b"v\0\0\0\x0c\0\x03\0\0\x7f\xff\xff\xff");
    assert_eq!(
        String::from_utf8_lossy(&trace.lines),
        "B\t8\tDataRow\t 3\n\
         mismatched message length: consumed 6, expected 8\n\
         B\t8\tRowDescription\t 1 \"x\"\n\
         B\t12\tNegotiateProtocolVersion\t 196608 2147483647\n"
    );
}

#[test]
fn cut_messages_are_ignored() {
    let mut trace = Trace::new(|_| ());
    for len in 0..5 {
        trace.backend(&b"R\0\0\0\x08"[..len]);
        trace.frontend(&b"Q\0\0\0\x08"[..len]);
        trace.frontend_untyped(&b"\0\0\0\x08\0"[..len]);
    }
    trace.backend(b"R\0\0\0\x08\0\0\0");
    assert_eq!(trace.lines, b"");
}
