//! Manual section "Obsolete Functions for COPY".
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now.

use std::ffi::{c_char, c_int};

use super::guard::{ConnRef, with_conn};
use super::ptr;
use super::types::PGconn;
use crate::client::Handle;
use crate::client::copy::PutOutcome;
use crate::client::copy_lines::{self, EndOutcome, Line, Piece};

/// C's `EOF`.
const EOF: c_int = -1;
/// The smallest buffer that holds the line that ends the data, in bytes.
const SMALLEST_BUFFER: usize = 3;
/// The line that `PQgetline` gives at the end of the data.
const END_LINE: &[u8; 3] = b"\\.\0";

/// Sends a piece of data: 0, or [`EOF`].
fn put(conn: &mut ConnRef, data: &[u8]) -> c_int {
    match conn.with(|c| c.put_copy_data(data)) {
        Ok(PutOutcome::Queued) => 0,
        _ => EOF,
    }
}

/// Waits for a line and writes it to `buffer` with a NUL in place of its newline.
///
/// # Safety
/// `buffer` is NULL or has room for `room` bytes.
unsafe fn line(conn: &mut ConnRef, buffer: *mut c_char, room: usize) -> c_int {
    if room > 0 {
        // SAFETY: the caller's promise.
        unsafe { ptr::put(buffer, 0) };
    }
    if room < SMALLEST_BUFFER || buffer.is_null() || !conn.with(|c| c.check_text_copy_out()) {
        return EOF;
    }
    let buffer = buffer.cast::<u8>();
    let got = copy_lines::get_line(conn, room - 1, |data| {
        let line = data.strip_suffix(b"\n").unwrap_or(data);
        // SAFETY: the caller's promise; `data` has at most `room - 1` bytes.
        unsafe {
            buffer.copy_from_nonoverlapping(line.as_ptr(), line.len());
            buffer.add(line.len()).write(0);
        }
        c_int::from(line.len() == data.len())
    });
    match got {
        Line::Data(is_part) => is_part,
        Line::End => {
            // SAFETY: the caller's promise; `room` is at least that of the end line.
            unsafe { buffer.copy_from_nonoverlapping(END_LINE.as_ptr(), END_LINE.len()) };
            0
        }
        Line::Failed => EOF,
    }
}

/// `int PQgetline(PGconn *conn, char *buffer, int length)` — waits for a line of text: 0 and the line without its
/// newline (`\.` at the end of the data), 1 when the buffer is full before the line is over, -1 on error.
///
/// # Safety
/// The contract at the top of this module; `buffer` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetline(conn: *mut PGconn, buffer: *mut c_char, length: c_int) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, EOF, |c| {
            line(c, buffer, usize::try_from(length).unwrap_or(0))
        })
    }
}

/// `int PQgetlineAsync(PGconn *conn, char *buffer, int bufsize)` — up to `bufsize` bytes of the row that has come,
/// newline included and no NUL behind: how many, 0 when none has come yet, -1 at the end of the data.
///
/// # Safety
/// The contract at the top of this module; `buffer` has `bufsize` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetlineAsync(
    conn: *mut PGconn,
    buffer: *mut c_char,
    bufsize: c_int,
) -> c_int {
    let most = match buffer.is_null() {
        true => 0,
        false => usize::try_from(bufsize).unwrap_or(0),
    };
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, EOF, |c| {
            let piece = c.with(|c| {
                c.get_copy_piece(most, |data| {
                    if !data.is_empty() {
                        buffer.copy_from_nonoverlapping(data.as_ptr().cast(), data.len());
                    }
                    data.len()
                })
            });
            match piece {
                Piece::Data(len) => len as c_int,
                Piece::Pending => 0,
                Piece::End => EOF,
            }
        })
    }
}

/// `int PQputline(PGconn *conn, const char *string)` — sends a text: 0, or -1 on error. The newline is the caller's.
///
/// # Safety
/// The contract at the top of this module; `string` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQputline(conn: *mut PGconn, string: *const c_char) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, EOF, |c| {
            ptr::text(string).map_or(EOF, |text| put(c, text))
        })
    }
}

/// `int PQputnbytes(PGconn *conn, const char *buffer, int nbytes)` — sends bytes: 0, or -1 on error.
///
/// # Safety
/// The contract at the top of this module; `buffer` is NULL or has `nbytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQputnbytes(
    conn: *mut PGconn,
    buffer: *const c_char,
    nbytes: c_int,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, EOF, |c| {
            let data = ptr::slice(buffer.cast::<u8>(), nbytes as isize);
            put(c, data.unwrap_or_default())
        })
    }
}

/// `int PQendcopy(PGconn *conn)` — ends a COPY and waits for its outcome: 0 on success, 1 on failure, and on a
/// non-blocking connection while the outcome has not come.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQendcopy(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(copy_lines::end_copy(c) == EndOutcome::NotDone)
        })
    }
}
