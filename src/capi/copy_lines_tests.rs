use super::*;
use crate::capi::r#async::{PQconsumeInput, PQgetResult, PQsetnonblocking};
use crate::capi::exec::PQexec;
use crate::capi::result::{PQclear, PQresultStatus};
use crate::capi::testing_server::{Scripted, complete, error, message, text};
use crate::protocol::types::ExecStatus;

const COPY: &std::ffi::CStr = c"copy";

fn copy_out(binary: u8, rows: &[&str], end: &[u8]) -> Vec<u8> {
    let mut answer = message(b'H', &[binary, 0, 0]);
    for row in rows {
        answer.extend(message(b'd', row.as_bytes()));
    }
    answer.extend_from_slice(end);
    answer
}

fn copied() -> Vec<u8> {
    [message(b'c', b""), complete("COPY 3")].concat()
}

fn copy_in() -> Vec<u8> {
    message(b'G', &[0, 0, 0])
}

/// Begins a COPY on a server that answers like this.
fn begin(replies: &[Vec<u8>]) -> Scripted {
    let scripted = Scripted::new(replies);
    // SAFETY: the connection lives; the result is ours.
    unsafe { PQclear(PQexec(scripted.conn, COPY.as_ptr())) };
    scripted
}

fn line(scripted: &Scripted, room: c_int) -> (c_int, Option<String>) {
    let mut buffer = [b'#' as c_char; 32];
    // SAFETY: the buffer is larger than every `room` here.
    let code = unsafe { PQgetline(scripted.conn, buffer.as_mut_ptr(), room) };
    (
        code,
        buffer.contains(&0).then(|| text(buffer.as_ptr()).unwrap()),
    )
}

fn piece(scripted: &Scripted, room: c_int) -> Result<String, c_int> {
    let mut buffer = [0 as c_char; 32];
    // SAFETY: the buffer is larger than every `room` here, and zeroed behind what is written.
    match unsafe { PQgetlineAsync(scripted.conn, buffer.as_mut_ptr(), room) } {
        len if len > 0 => Ok(text(buffer.as_ptr()).unwrap()),
        code => Err(code),
    }
}

fn end(scripted: &Scripted) -> c_int {
    // SAFETY: the connection lives.
    unsafe { PQendcopy(scripted.conn) }
}

/// The status of the next result, -1 for none.
fn next_status(scripted: &Scripted) -> c_int {
    // SAFETY: the connection lives; the result is ours.
    unsafe {
        let result = PQgetResult(scripted.conn);
        let status = if result.is_null() {
            -1
        } else {
            PQresultStatus(result)
        };
        PQclear(result);
        status
    }
}

#[test]
fn behaviour_217_lines_full_buffers_and_the_end() {
    let c = begin(&[copy_out(
        0,
        &["one\n", "twotwo\n", "\n", "\\N\n"],
        &copied(),
    )]);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(line(&c, 10), (0, some("one")));
    assert_eq!(line(&c, 5), (1, some("twot")));
    assert_eq!(line(&c, 5), (0, some("wo")));
    assert_eq!(line(&c, 3), (0, some("")));
    assert_eq!(line(&c, 3), (1, some("\\N")));
    assert_eq!(line(&c, 2), (-1, some("")));
    assert_eq!(line(&c, 0), (-1, None));
    assert_eq!(line(&c, -1), (-1, None));
    assert_eq!(c.error(), "");
    assert_eq!(line(&c, 3), (0, some("")));
    assert_eq!(line(&c, 10), (0, some("\\.")));
    assert_eq!(line(&c, 10), (-1, some("")));
    assert_eq!(c.error(), "PQgetline: not doing text COPY OUT\n");
    c.finish();
}

#[test]
fn behaviour_219_endcopy_after_the_last_line_finds_no_copy() {
    let c = begin(&[copy_out(0, &[], &copied())]);
    assert_eq!(line(&c, 10).0, 0);
    assert_eq!(end(&c), 1);
    assert_eq!(c.error(), "no COPY in progress\n");
    assert_eq!(next_status(&c), ExecStatus::CommandOk as c_int);
    assert_eq!(next_status(&c), -1);
    c.finish();
}

#[test]
fn behaviour_219_endcopy_skips_what_was_not_read() {
    let c = begin(&[copy_out(0, &["one\n", "two\n"], &copied())]);
    assert_eq!(line(&c, 10).0, 0);
    assert_eq!(end(&c), 0);
    assert_eq!(next_status(&c), -1);
    c.finish();
}

#[test]
fn a_binary_copy_has_no_lines() {
    let c = begin(&[copy_out(1, &["PGCOPY"], &copied())]);
    assert_eq!(line(&c, 10).0, -1);
    assert_eq!(c.error(), "PQgetline: not doing text COPY OUT\n");
    assert_eq!(piece(&c, 4), Ok("PGCO".into()));
    c.finish();
}

#[test]
fn behaviour_218_rows_come_in_pieces_without_waiting() {
    let c = begin(&[copy_out(0, &["onetwo\n"], &[])]);
    assert_eq!(piece(&c, 4), Ok("onet".into()));
    assert_eq!(piece(&c, 0), Err(0));
    assert_eq!(piece(&c, 10), Ok("wo\n".into()));
    assert_eq!(piece(&c, 10), Err(0));
    c.finish();
    let c = begin(&[copy_out(0, &[], &copied())]);
    assert_eq!(piece(&c, 10), Err(-1));
    assert_eq!(piece(&c, 10), Err(-1));
    assert_eq!(c.error(), "");
    c.finish();
}

#[test]
fn behaviour_216_a_backslash_dot_line_is_sent_as_it_is() {
    let none = Vec::new();
    let c = begin(&[
        copy_in(),
        none.clone(),
        none.clone(),
        none,
        complete("COPY 1"),
    ]);
    // SAFETY: the connection lives, the texts have the lengths given.
    unsafe {
        assert_eq!(PQputline(c.conn, c"a\n".as_ptr()), 0);
        assert_eq!(PQputnbytes(c.conn, c"b\ncut".as_ptr(), 2), 0);
        assert_eq!(PQputnbytes(c.conn, std::ptr::null(), 0), 0);
        assert_eq!(PQputline(c.conn, c"\\.\n".as_ptr()), 0);
        assert_eq!(PQputline(c.conn, std::ptr::null()), -1);
    }
    assert_eq!(end(&c), 0);
    let sent = c.finish();
    let rows: Vec<_> = sent[1..4].iter().map(|m| &m[5..]).collect();
    assert_eq!(rows, [&b"a\n"[..], b"b\n", b"\\.\n"]);
    assert_eq!(sent[4], b"c\0\0\0\x04");
}

#[test]
fn behaviour_216_nothing_is_sent_outside_copy() {
    let c = Scripted::new(&[]);
    // SAFETY: the connection lives.
    unsafe { assert_eq!(PQputline(c.conn, c"a\n".as_ptr()), -1) };
    assert_eq!(c.error(), "no COPY in progress\n");
    assert_eq!(end(&c), 1);
    c.finish();
}

#[test]
fn behaviour_219_a_failure_is_shown_as_a_notice() {
    use crate::capi::notice::PQsetNoticeProcessor;
    use std::ffi::c_void;
    unsafe extern "C" fn keep(kept: *mut c_void, notice: *const c_char) {
        // SAFETY: `kept` is the test's own string.
        unsafe { (*kept.cast::<String>()).push_str(&text(notice).unwrap()) };
    }
    let c = begin(&[copy_in(), error("bad row")]);
    let mut shown = String::new();
    // SAFETY: `shown` outlives the connection.
    unsafe { PQsetNoticeProcessor(c.conn, Some(keep), (&raw mut shown).cast()) };
    assert_eq!(end(&c), 1);
    assert_eq!(shown, "ERROR:  bad row\n");
    assert_eq!(c.error(), "ERROR:  bad row\n");
    c.finish();
}

#[test]
fn behaviour_220_a_nonblocking_endcopy_does_not_wait() {
    let c = begin(&[copy_in(), Vec::new(), complete("COPY 0")]);
    // SAFETY: the connection lives.
    unsafe { PQsetnonblocking(c.conn, 1) };
    assert_eq!(end(&c), 1);
    assert_eq!(c.error(), "");
    assert_eq!(end(&c), 1);
    assert_eq!(c.error(), "no COPY in progress\n");
    // SAFETY: the connection lives.
    unsafe { PQconsumeInput(c.conn) };
    c.finish();
}

#[test]
fn a_lost_connection_ends_the_lines() {
    let c = begin(&[copy_out(0, &["one\n"], &[])]);
    assert_eq!(line(&c, 10).0, 0);
    // SAFETY: the connection lives; its descriptor stays open.
    unsafe { libc::shutdown((*c.conn).connection.link.raw_fd(), libc::SHUT_RDWR) };
    assert_eq!(line(&c, 10), (-1, Some(String::new())));
    assert!(
        c.error()
            .starts_with("server closed the connection unexpectedly\n")
    );
    c.finish();
}
