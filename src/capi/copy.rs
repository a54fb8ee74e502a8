//! Manual section "Functions Associated with the COPY Command". The obsolete line-wise calls stand in `copy_lines.rs`.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now.

use std::ffi::{c_char, c_int};

use super::guard::{quick_conn, with_conn};
use super::types::PGconn;
use super::{alloc, ptr};
use crate::client::Handle;
use crate::client::command::Refused;
use crate::client::copy::{self, GetOutcome, PutOutcome};

/// 1 queued, 0 would block, -1 error.
pub(super) fn put_code(outcome: Result<PutOutcome, Refused>) -> c_int {
    match outcome {
        Ok(PutOutcome::Queued) => 1,
        Ok(PutOutcome::WouldBlock) => 0,
        Err(Refused) => -1,
    }
}

/// `int PQputCopyData(PGconn *conn, const char *buffer, int nbytes)` — 1 queued, 0 would block (non-blocking only),
/// -1 error. The data may be cut anywhere.
///
/// # Safety
/// The contract at the top of this module; `buffer` has `nbytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQputCopyData(
    conn: *mut PGconn,
    buffer: *const c_char,
    nbytes: c_int,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        if nbytes > 0
            && !buffer.is_null()
            && let Some(c) = quick_conn(conn)
            && c.append_copy_data(std::slice::from_raw_parts(buffer.cast(), nbytes as usize))
        {
            return 1;
        }
        put_slowly(conn, buffer, nbytes)
    }
}

/// [`PQputCopyData`] where more is to be done than to copy.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe extern "C" fn put_slowly(conn: *mut PGconn, buffer: *const c_char, nbytes: c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        with_conn(conn, -1, |c| {
            let data = ptr::slice(buffer.cast::<u8>(), nbytes as isize).unwrap_or_default();
            put_code(c.with(|c| c.put_copy_data(data)))
        })
    }
}

/// `int PQputCopyEnd(PGconn *conn, const char *errormsg)` — ends the data, in failure if `errormsg` is not NULL: 1,
/// or -1 on error.
///
/// # Safety
/// The contract at the top of this module; `errormsg` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQputCopyEnd(conn: *mut PGconn, errormsg: *const c_char) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            put_code(c.with(|c| c.put_copy_end(ptr::text(errormsg))))
        })
    }
}

/// `int PQgetCopyData(PGconn *conn, char **buffer, int async)` — the next message's content in `*buffer`, to be freed
/// with `PQfreemem`, and its length; 0 nothing yet (`async` only), -1 the data has ended, -2 error.
///
/// # Safety
/// The contract at the top of this module; `buffer` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetCopyData(
    conn: *mut PGconn,
    buffer: *mut *mut c_char,
    r#async: c_int,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        if !buffer.is_null()
            && let Some(c) = quick_conn(conn)
            && let Some(data) = c.link.session.take_copy_data()
        {
            let copy = alloc::copy_into_kept(data);
            if !copy.is_null() {
                buffer.write(copy);
                return data.len() as c_int;
            }
            c.link.session.errors.push(b"out of memory");
            buffer.write(copy);
            return -2;
        }
        get_slowly(conn, buffer, r#async)
    }
}

/// [`PQgetCopyData`] where no whole message is at the front.
///
/// # Safety
/// As for that.
#[inline(never)]
unsafe extern "C" fn get_slowly(
    conn: *mut PGconn,
    buffer: *mut *mut c_char,
    r#async: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        ptr::put(buffer, std::ptr::null_mut());
        with_conn(conn, -2, |c| {
            let taken = copy::get_copy_data(c, r#async == 0, |data| {
                (alloc::copy_into_kept(data), data.len())
            });
            match taken {
                GetOutcome::Data((copy, _)) if copy.is_null() => {
                    c.with(|c| c.link.session.errors.push(b"out of memory"));
                    -2
                }
                GetOutcome::Data((copy, len)) => {
                    if buffer.is_null() {
                        alloc::free(copy.cast());
                    }
                    ptr::put(buffer, copy);
                    len as c_int
                }
                GetOutcome::Pending => 0,
                GetOutcome::Done => -1,
                GetOutcome::Failed => -2,
            }
        })
    }
}
