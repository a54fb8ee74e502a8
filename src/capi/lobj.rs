//! Manual chapter "Large Objects".
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now; file names are NULL or
//! NUL-terminated. A failure's reason is in `PQerrorMessage`. All of them wait.

use std::ffi::{c_char, c_int};

use super::guard::with_conn;
use super::ptr;
use super::types::PGconn;
use crate::client::large_object;
use crate::protocol::types::Oid;

/// `int lo_open(PGconn *conn, Oid lobjId, int mode)` — opens an object in a mode of `INV_READ` and `INV_WRITE`: a descriptor, or -1.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_open(conn: *mut PGconn, lobjId: Oid, mode: c_int) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            large_object::open(c, lobjId, mode).unwrap_or(-1)
        })
    }
}

/// `int lo_close(PGconn *conn, int fd)` — closes a descriptor: 0, or -1.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_close(conn: *mut PGconn, fd: c_int) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe { with_conn(conn, -1, |c| large_object::close(c, fd).unwrap_or(-1)) }
}

/// `int lo_read(PGconn *conn, int fd, char *buf, size_t len)` — reads up to `len` bytes: how many, or -1.
///
/// # Safety
/// The contract at the top of this module; `buf` has room for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_read(
    conn: *mut PGconn,
    fd: c_int,
    buf: *mut c_char,
    len: usize,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            large_object::read(c, fd, len).map_or(-1, |data| {
                if !buf.is_null() {
                    buf.cast::<u8>()
                        .copy_from_nonoverlapping(data.as_ptr(), data.len());
                }
                data.len() as c_int
            })
        })
    }
}

/// `int lo_write(PGconn *conn, int fd, const char *buf, size_t len)` — writes `len` bytes: how many, or -1.
///
/// # Safety
/// The contract at the top of this module; `buf` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_write(
    conn: *mut PGconn,
    fd: c_int,
    buf: *const c_char,
    len: usize,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            let data = c_int::try_from(len)
                .ok()
                .map(|len| ptr::slice(buf.cast::<u8>(), len as isize).unwrap_or_default());
            large_object::write(c, fd, data).unwrap_or(-1)
        })
    }
}

/// `int lo_lseek(PGconn *conn, int fd, int offset, int whence)` — moves the position as lseek(2) does: the new one, or -1.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_lseek(
    conn: *mut PGconn,
    fd: c_int,
    offset: c_int,
    whence: c_int,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            large_object::lseek(c, fd, offset, whence).unwrap_or(-1)
        })
    }
}

/// `int64_t lo_lseek64(PGconn *conn, int fd, int64_t offset, int whence)` — as `lo_lseek` by 64 bits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_lseek64(
    conn: *mut PGconn,
    fd: c_int,
    offset: i64,
    whence: c_int,
) -> i64 {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            large_object::lseek64(c, fd, offset, whence).unwrap_or(-1)
        })
    }
}

/// `Oid lo_creat(PGconn *conn, int mode)` — creates an object (`mode` means nothing any more): its OID, or 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_creat(conn: *mut PGconn, mode: c_int) -> Oid {
    // SAFETY: the pointers are covered by the contract above.
    unsafe { with_conn(conn, 0, |c| large_object::creat(c, mode).unwrap_or(0)) }
}

/// `Oid lo_create(PGconn *conn, Oid lobjId)` — creates an object of this OID, 0 for any: its OID, or 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_create(conn: *mut PGconn, lobjId: Oid) -> Oid {
    // SAFETY: the pointers are covered by the contract above.
    unsafe { with_conn(conn, 0, |c| large_object::create(c, lobjId).unwrap_or(0)) }
}

/// `int lo_tell(PGconn *conn, int fd)` — the position, or -1.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_tell(conn: *mut PGconn, fd: c_int) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe { with_conn(conn, -1, |c| large_object::tell(c, fd).unwrap_or(-1)) }
}

/// `int64_t lo_tell64(PGconn *conn, int fd)` — the position in 64 bits, or -1.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_tell64(conn: *mut PGconn, fd: c_int) -> i64 {
    // SAFETY: the pointers are covered by the contract above.
    unsafe { with_conn(conn, -1, |c| large_object::tell64(c, fd).unwrap_or(-1)) }
}

/// `int lo_truncate(PGconn *conn, int fd, size_t len)` — cuts or extends an object to a length: 0, or -1.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_truncate(conn: *mut PGconn, fd: c_int, len: usize) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            large_object::truncate(c, fd, len).unwrap_or(-1)
        })
    }
}

/// `int lo_truncate64(PGconn *conn, int fd, int64_t len)` — as `lo_truncate` by 64 bits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_truncate64(conn: *mut PGconn, fd: c_int, len: i64) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            large_object::truncate64(c, fd, len).unwrap_or(-1)
        })
    }
}

/// `int lo_unlink(PGconn *conn, Oid lobjId)` — removes an object: 1, or -1.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_unlink(conn: *mut PGconn, lobjId: Oid) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe { with_conn(conn, -1, |c| large_object::unlink(c, lobjId).unwrap_or(-1)) }
}

/// `Oid lo_import(PGconn *conn, const char *filename)` — makes an object of a local file: its OID, or 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_import(conn: *mut PGconn, filename: *const c_char) -> Oid {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            large_object::import(c, ptr::text(filename), 0).unwrap_or(0)
        })
    }
}

/// `Oid lo_import_with_oid(PGconn *conn, const char *filename, Oid lobjId)` — as `lo_import`, with this OID, 0 for any.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_import_with_oid(
    conn: *mut PGconn,
    filename: *const c_char,
    lobjId: Oid,
) -> Oid {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            large_object::import(c, ptr::text(filename), lobjId).unwrap_or(0)
        })
    }
}

/// `int lo_export(PGconn *conn, Oid lobjId, const char *filename)` — writes an object into a local file: 1, or -1.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_export(
    conn: *mut PGconn,
    lobjId: Oid,
    filename: *const c_char,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            large_object::export(c, lobjId, ptr::text(filename)).map_or(-1, |()| 1)
        })
    }
}

#[cfg(test)]
#[path = "lobj_tests.rs"]
mod tests;
