use super::*;
use crate::capi::pipeline::PQenterPipelineMode;
use crate::capi::status::PQstatus;
use crate::capi::testing_server::{Scripted, complete, error, rows, value};
use std::ffi::CString;
use std::path::PathBuf;

const FUNCTIONS: [&str; 13] = [
    "lo_open",
    "lo_close",
    "lo_creat",
    "lo_unlink",
    "lo_lseek",
    "lo_tell",
    "loread",
    "lowrite",
    "lo_create",
    "lo_truncate",
    "lo_lseek64",
    "lo_tell64",
    "lo_truncate64",
];

/// The answer to the look-up, without the functions named; their OIDs count from 1.
fn functions(without: &[&str]) -> Vec<u8> {
    let oids: Vec<String> = (1..=FUNCTIONS.len()).map(|oid| oid.to_string()).collect();
    let all: Vec<[&str; 2]> = FUNCTIONS
        .iter()
        .zip(&oids)
        .map(|(name, oid)| [*name, oid])
        .collect();
    let kept: Vec<&[&str]> = all
        .iter()
        .filter(|r| !without.contains(&r[0]))
        .map(|r| &r[..])
        .collect();
    rows(2, &kept)
}

fn int(number: i32) -> Vec<u8> {
    value(Some(&number.to_be_bytes()))
}

/// A connection that knows the functions already asked for, and then answers like this.
fn ready(answers: &[Vec<u8>]) -> Scripted {
    let mut replies = vec![functions(&[])];
    replies.extend_from_slice(answers);
    Scripted::new(&replies)
}

/// OIDs of the functions called, from the third message on of a finished connection, Terminate left out.
fn called(messages: &[Vec<u8>]) -> Vec<u8> {
    let calls = messages.iter().filter(|m| m[0] == b'F');
    calls.map(|m| m[8]).collect()
}

fn temporary(name: &str) -> (PathBuf, CString) {
    let path = std::env::temp_dir().join(format!("pq-unit-{}-{name}", std::process::id()));
    let name = CString::new(path.to_str().unwrap()).unwrap();
    (path, name)
}

#[test]
fn behaviour_280_the_functions_are_looked_up_once() {
    let c = ready(&[int(5), int(6)]);
    // SAFETY: the connection lives.
    unsafe {
        assert_eq!(lo_tell(c.conn, 1), 5);
        assert_eq!(lo_tell(c.conn, 1), 6);
    }
    let sent = c.finish();
    assert_eq!(sent.iter().map(|m| m[0]).collect::<Vec<_>>(), b"QFFX");
    assert_eq!(called(&sent), [6, 6]);
}

#[test]
fn behaviour_280_not_in_pipeline_mode() {
    let c = Scripted::new(&[]);
    // SAFETY: the connection lives.
    unsafe {
        PQenterPipelineMode(c.conn);
        assert_eq!(lo_create(c.conn, 0), 0);
    }
    assert_eq!(
        c.error(),
        "synchronous command execution functions are not allowed in pipeline mode\n"
    );
    c.finish();
}

#[test]
fn behaviour_281_failures_have_each_function_s_value() {
    // SAFETY: NULL is no connection.
    unsafe {
        let none = std::ptr::null_mut();
        assert_eq!(lo_open(none, 1, 0), -1);
        assert_eq!(lo_creat(none, 0), 0);
        assert_eq!(lo_import(none, std::ptr::null()), 0);
        assert_eq!(lo_export(none, 1, std::ptr::null()), -1);
    }
    let c = ready(&[error("x"), error("y"), error("z")]);
    // SAFETY: the connection lives.
    unsafe {
        assert_eq!(lo_open(c.conn, 1, 0), -1);
        assert_eq!(c.error(), "ERROR:  x\n");
        assert_eq!(lo_creat(c.conn, 0), 0);
        assert_eq!(c.error(), "ERROR:  y\n");
        assert_eq!(lo_unlink(c.conn, 1), -1);
        assert_eq!(c.error(), "ERROR:  z\n");
    }
    c.finish();
}

#[test]
fn behaviour_282_lengths_beyond_an_int_are_refused() {
    let c = ready(&[]);
    let mut byte = 0;
    // SAFETY: nothing is read or written, for the lengths are refused.
    unsafe {
        assert_eq!(lo_read(c.conn, 1, &mut byte, 1 << 31), -1);
        assert_eq!(c.error(), "argument of lo_read exceeds integer range\n");
        assert_eq!(lo_write(c.conn, 1, &byte, 1 << 31), -1);
        assert_eq!(c.error(), "argument of lo_write exceeds integer range\n");
        assert_eq!(lo_truncate(c.conn, 1, 1 << 31), -1);
        assert_eq!(c.error(), "argument of lo_truncate exceeds integer range\n");
    }
    assert_eq!(called(&c.finish()), []);
}

#[test]
fn behaviour_282_a_server_that_sends_too_much_is_given_up() {
    let c = ready(&[value(Some(b"abcd"))]);
    let mut buffer = *b"####";
    // SAFETY: the buffer has room for three bytes.
    unsafe {
        assert_eq!(lo_read(c.conn, 1, buffer.as_mut_ptr().cast(), 3), -1);
        assert_eq!(&buffer, b"####");
        assert_eq!(c.error(), "server returned too much data\n");
        assert_eq!(PQstatus(c.conn), 1);
        assert_eq!(lo_tell(c.conn, 1), -1);
    }
    assert_eq!(c.error(), "connection in wrong state\n");
    c.finish();
}

#[test]
fn reading_and_writing_move_bytes() {
    let c = ready(&[
        value(Some(b"ab")),
        int(3),
        value(Some(&(1i64 << 33).to_be_bytes())),
        int(0),
    ]);
    let mut buffer = *b"####";
    // SAFETY: the buffers have the lengths given.
    unsafe {
        assert_eq!(lo_read(c.conn, 9, buffer.as_mut_ptr().cast(), 4), 2);
        assert_eq!(&buffer, b"ab##");
        assert_eq!(lo_write(c.conn, 9, c"xyz".as_ptr(), 3), 3);
        assert_eq!(lo_lseek64(c.conn, 9, -2, 1), 1 << 33);
        assert_eq!(lo_truncate64(c.conn, 9, 1 << 33), 0);
    }
    let sent = c.finish();
    assert_eq!(called(&sent), [7, 8, 11, 13]);
    assert!(sent[2].ends_with(b"\0\0\0\x04\0\0\0\x09\0\0\0\x03xyz\0\x01"));
    assert!(sent[3].ends_with(
        b"\0\0\0\x04\0\0\0\x09\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xfe\0\0\0\x04\0\0\0\x01\0\x01"
    ));
}

#[test]
fn behaviour_283_a_server_without_a_function() {
    let newer = [
        "lo_create",
        "lo_truncate",
        "lo_lseek64",
        "lo_tell64",
        "lo_truncate64",
    ];
    let c = Scripted::new(&[functions(&newer)]);
    // SAFETY: the connection lives.
    unsafe {
        assert_eq!(lo_tell64(c.conn, 1), -1);
        assert_eq!(c.error(), "cannot determine OID of function lo_tell64\n");
        assert_eq!(lo_truncate(c.conn, 1, 1 << 31), -1);
        assert_eq!(c.error(), "cannot determine OID of function lo_truncate\n");
    }
    assert_eq!(c.finish().len(), 2);
    let c = Scripted::new(&[functions(&["loread"]), complete("SELECT"), error("aborted")]);
    // SAFETY: the connection lives.
    unsafe {
        assert_eq!(lo_tell(c.conn, 1), -1);
        assert_eq!(c.error(), "cannot determine OID of function loread\n");
        // Nothing was kept of that look-up.
        assert_eq!(lo_tell(c.conn, 1), -1);
        assert_eq!(
            c.error(),
            "query to initialize large object functions did not return data\n"
        );
        assert_eq!(lo_tell(c.conn, 1), -1);
        assert_eq!(c.error(), "ERROR:  aborted\n");
    }
    c.finish();
}

#[test]
fn behaviour_284_import_and_export_in_chunks() {
    let (path, name) = temporary("import");
    let content: Vec<u8> = (0..10_000u32).map(|i| i as u8).collect();
    std::fs::write(&path, &content).unwrap();
    let c = ready(&[
        int(77),
        int(3),
        int(8192),
        int(1808),
        int(0),
        int(4),
        value(Some(b"first")),
        value(Some(b"second")),
        value(Some(b"")),
        int(0),
    ]);
    // SAFETY: the connection lives; the names are texts.
    unsafe {
        assert_eq!(lo_import(c.conn, name.as_ptr()), 77);
        assert_eq!(lo_export(c.conn, 77, name.as_ptr()), 1);
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"firstsecond");
    std::fs::remove_file(&path).unwrap();
    let sent = c.finish();
    assert_eq!(called(&sent), [3, 1, 8, 8, 2, 1, 7, 7, 7, 2]);
    // Read and write for creating, write for opening, read for exporting.
    assert!(sent[1].ends_with(b"\0\0\0\x04\0\x06\0\0\0\x01"));
    assert!(sent[2].ends_with(b"\0\0\0\x4d\0\0\0\x04\0\x02\0\0\0\x01"));
    assert!(sent[6].ends_with(b"\0\0\0\x4d\0\0\0\x04\0\x04\0\0\0\x01"));
    assert_eq!(sent[3].len(), 1 + 4 + 4 + 2 + 2 + 2 + 8 + 4 + 8192 + 2);
}

#[test]
fn an_import_with_an_oid_creates_that_one() {
    let (path, name) = temporary("with-oid");
    std::fs::write(&path, b"").unwrap();
    let c = ready(&[int(77), int(3), int(0)]);
    // SAFETY: the connection lives; the name is a text.
    assert_eq!(unsafe { lo_import_with_oid(c.conn, name.as_ptr(), 77) }, 77);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(called(&c.finish()), [9, 1, 2]);
}

#[test]
fn behaviour_285_local_files_that_fail() {
    let c = ready(&[
        int(77),
        int(3),
        error("closed"),
        int(4),
        value(Some(b"x")),
        int(0),
        int(4),
        int(0),
    ]);
    // SAFETY: the connection lives; the names are texts or NULL.
    unsafe {
        assert_eq!(lo_import(c.conn, c"/nonexistent/file".as_ptr()), 0);
        assert_eq!(
            c.error(),
            "could not open file \"/nonexistent/file\": No such file or directory\n"
        );
        assert_eq!(lo_import(c.conn, std::ptr::null()), 0);
        assert_eq!(c.error(), "could not open file \"(null)\": Bad address\n");
        // A directory opens and does not read; the object is closed first, whatever comes of that.
        assert_eq!(lo_import(c.conn, c"/".as_ptr()), 0);
        assert_eq!(
            c.error(),
            "could not read from file \"/\": Is a directory\n"
        );
        assert_eq!(lo_export(c.conn, 77, c"/dev/full".as_ptr()), -1);
        assert_eq!(
            c.error(),
            "could not write to file \"/dev/full\": No space left on device\n"
        );
        assert_eq!(lo_export(c.conn, 77, std::ptr::null()), -1);
        assert_eq!(c.error(), "could not open file \"(null)\": Bad address\n");
    }
    assert_eq!(called(&c.finish()), [3, 1, 2, 1, 7, 2, 1, 2]);
}

#[test]
fn behaviour_285_an_object_is_left_behind_when_writing_fails() {
    let (path, name) = temporary("left-behind");
    std::fs::write(&path, b"x").unwrap();
    let c = ready(&[int(77), int(3), error("full")]);
    // SAFETY: the connection lives; the name is a text.
    assert_eq!(unsafe { lo_import(c.conn, name.as_ptr()) }, 0);
    assert_eq!(c.error(), "ERROR:  full\n");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(called(&c.finish()), [3, 1, 8]);
}

#[test]
fn an_import_stops_at_an_object_or_descriptor_that_is_none() {
    let (path, name) = temporary("none");
    std::fs::write(&path, b"x").unwrap();
    let c = ready(&[int(0), int(77), int(-1)]);
    // SAFETY: the connection lives; the name is a text.
    unsafe {
        assert_eq!(lo_import(c.conn, name.as_ptr()), 0);
        assert_eq!(lo_import(c.conn, name.as_ptr()), 0);
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(called(&c.finish()), [3, 3, 1]);
}

#[test]
fn an_export_reports_that_closing_the_object_failed() {
    let (path, name) = temporary("close");
    let c = ready(&[int(3), value(Some(b"")), error("x")]);
    // SAFETY: the connection lives; the name is a text.
    assert_eq!(unsafe { lo_export(c.conn, 7, name.as_ptr()) }, -1);
    assert_eq!(c.error(), "ERROR:  x\n");
    std::fs::remove_file(&path).unwrap();
    c.finish();
}
