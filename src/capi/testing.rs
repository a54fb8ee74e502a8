//! What the unit tests of this room share: connections in memory that are fed bytes, and hooks that write down what
//! they are shown.

use std::ffi::{CStr, c_char, c_void};

use super::types::{PGconn, PGresult};
use crate::client::Connection;
use crate::connect::status::ConnStatus;

/// A connection that counts as up and has no transport; to be ended with [`end`].
pub(super) fn connected() -> *mut PGconn {
    let mut connection = Connection::default();
    connection.link.status = ConnStatus::Ok;
    connection.link.session.facts.client_encoding = crate::protocol::encoding::UTF8;
    Box::into_raw(Box::new(PGconn::new(connection)))
}

/// Ends a connection of [`connected`].
pub(super) unsafe fn end(conn: *mut PGconn) {
    // SAFETY: the test made it and uses it no more.
    drop(unsafe { Box::from_raw(conn) });
}

/// Runs `f` on a connection.
pub(super) unsafe fn with<R>(conn: *mut PGconn, f: impl FnOnce(&mut PGconn) -> R) -> R {
    // SAFETY: the test made it and borrows it nowhere else.
    f(unsafe { &mut *conn })
}

/// A backend message.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
    message.extend_from_slice(body);
    message
}

/// A RowDescription of text columns; the table is 7, and the n-th column its n-th.
pub(super) fn row_description(names: &[&str], format: i16) -> Vec<u8> {
    let mut body = (names.len() as u16).to_be_bytes().to_vec();
    for (index, name) in names.iter().enumerate() {
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(b"\0\0\0\0\x07");
        body.extend_from_slice(&(index as i16 + 1).to_be_bytes());
        body.extend_from_slice(&25u32.to_be_bytes());
        body.extend_from_slice(&(-1i16).to_be_bytes());
        body.extend_from_slice(&70_000i32.to_be_bytes());
        body.extend_from_slice(&format.to_be_bytes());
    }
    message(b'T', &body)
}

/// A DataRow.
pub(super) fn data_row(values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = (values.len() as u16).to_be_bytes().to_vec();
    for value in values {
        let len = value.map_or(-1, |v| v.len() as i32);
        body.extend_from_slice(&len.to_be_bytes());
        body.extend_from_slice(value.unwrap_or_default());
    }
    message(b'D', &body)
}

/// ReadyForQuery.
pub(super) fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

/// Queues a query and feeds the answer to it.
pub(super) unsafe fn answer(conn: *mut PGconn, messages: &[Vec<u8>]) {
    // SAFETY: as for `with`.
    unsafe {
        with(conn, |c| {
            let session = &mut c.connection.link.session;
            session.send_query(b"select bogus").unwrap();
            session.output.clear();
            feed(c, &messages.concat());
        });
    }
}

/// Feeds bytes as if they had been received.
pub(super) fn feed(conn: &mut PGconn, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let (block, room) = conn.connection.link.session.space().unwrap();
        let now = room.min(bytes.len());
        block.extend_from_slice(&bytes[..now]);
        bytes = &bytes[now..];
    }
}

/// The text behind a pointer; "(null)" for NULL.
pub(super) unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return "(null)".to_owned();
    }
    // SAFETY: what this library hands out is NUL-terminated.
    let text = unsafe { CStr::from_ptr(pointer) };
    String::from_utf8_lossy(text.to_bytes()).into_owned()
}

/// A notice processor that appends to the `String` it has for an argument.
pub(super) unsafe extern "C" fn write_down(arg: *mut c_void, message: *const c_char) {
    // SAFETY: the test registered it with a `String` that outlives the connection.
    unsafe { (*arg.cast::<String>()).push_str(&text(message)) };
}

/// A result of the application's own with text columns, and NULL or text values.
pub(super) unsafe fn built(names: &[&CStr], rows: &[&[Option<&[u8]>]]) -> *mut PGresult {
    use super::build_result::{PGresAttDesc, PQmakeEmptyPGresult, PQsetResultAttrs, PQsetvalue};
    let mut attrs: Vec<PGresAttDesc> = names
        .iter()
        .map(|name| PGresAttDesc {
            name: name.as_ptr().cast_mut(),
            tableid: 0,
            columnid: 0,
            format: 0,
            typid: 25,
            typlen: -1,
            atttypmod: -1,
        })
        .collect();
    // SAFETY: the arrays live through the calls.
    unsafe {
        let result = PQmakeEmptyPGresult(std::ptr::null_mut(), 2);
        assert_eq!(
            PQsetResultAttrs(result, attrs.len() as i32, attrs.as_mut_ptr()),
            1
        );
        for (row, values) in rows.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let (pointer, len) = match value {
                    Some(value) => (value.as_ptr().cast_mut().cast(), value.len() as i32),
                    None => (std::ptr::null_mut(), -1),
                };
                let set = PQsetvalue(result, row as i32, column as i32, pointer, len);
                assert_eq!(set, 1);
            }
        }
        result
    }
}
