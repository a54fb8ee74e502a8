use super::*;
use crate::capi::exec::PQexec;
use crate::capi::result::PQclear;
use crate::capi::testing_server::{Scripted, complete};

/// A stream to write to, and to read what has left its buffer.
struct File(*mut libc::FILE);

impl File {
    fn new() -> File {
        // SAFETY: tmpfile has no conditions.
        let file = unsafe { libc::tmpfile() };
        assert!(!file.is_null());
        File(file)
    }

    /// What has been flushed so far.
    fn flushed(&self) -> String {
        let mut content = vec![0; 4096];
        // SAFETY: the stream is open; the length is the buffer's.
        let len = unsafe {
            libc::pread(
                libc::fileno(self.0),
                content.as_mut_ptr().cast(),
                content.len(),
                0,
            )
        };
        content.truncate(len.try_into().unwrap());
        String::from_utf8(content).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the stream is open and not used afterwards.
        unsafe { libc::fclose(self.0) };
    }
}

fn run(c: &Scripted) {
    // SAFETY: the connection lives; the result is ours.
    unsafe { PQclear(PQexec(c.conn, c"q".as_ptr())) };
}

const QUERY: &str = "F\t6\tQuery\t \"q\"\n";
const ANSWER: &str = "B\t6\tCommandComplete\t \"A\"\nB\t5\tReadyForQuery\t I\n";

#[test]
fn behaviour_318_the_stream_is_flushed_with_the_output_and_at_the_end() {
    let c = Scripted::new(&[complete("A"), complete("A"), complete("A")]);
    let file = File::new();
    // SAFETY: the connection lives, the stream is open.
    unsafe {
        PQtrace(c.conn, file.0);
        PQsetTraceFlags(c.conn, 1);
        run(&c);
        assert_eq!(file.flushed(), QUERY);
        run(&c);
        assert_eq!(file.flushed(), [QUERY, ANSWER, QUERY].concat());
        PQuntrace(c.conn);
        let all = [QUERY, ANSWER, QUERY, ANSWER].concat();
        assert_eq!(file.flushed(), all);
        run(&c);
        PQuntrace(c.conn);
        assert_eq!(file.flushed(), all);
    }
    c.finish();
}

#[test]
fn behaviour_306_tracing_anew_resets_the_flags_and_null_ends_it() {
    let c = Scripted::new(&[complete("A"), complete("A")]);
    let file = File::new();
    // SAFETY: the connection lives, the stream is open.
    unsafe {
        // Not tracing yet: ignored.
        PQsetTraceFlags(c.conn, 1);
        PQtrace(c.conn, file.0);
        run(&c);
        PQtrace(c.conn, std::ptr::null_mut());
        run(&c);
    }
    let text = file.flushed();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        let (stamp, rest) = line.split_once('\t').unwrap();
        let shape: String = stamp
            .chars()
            .map(|c| if c.is_ascii_digit() { '9' } else { c })
            .collect();
        assert_eq!(shape, "9999-99-99 99:99:99.999999");
        assert!(rest.starts_with("F\t") || rest.starts_with("B\t"));
    }
    c.finish();
}

#[test]
fn the_end_of_the_session_is_traced() {
    let c = Scripted::new(&[]);
    let file = File::new();
    // SAFETY: the connection lives, the stream is open until after the end.
    unsafe {
        PQtrace(c.conn, file.0);
        PQsetTraceFlags(c.conn, 1);
    }
    c.finish();
    assert_eq!(file.flushed(), "F\t4\tTerminate\n");
}
