//! Manual sections on GSSAPI. This build has none yet: the functions answer as a libpq that was built without it.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread changes now.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use super::guard::see_conn;
use super::types::PGconn;

/// `int PQgssEncInUse(PGconn *conn)` — 1 if the connection is encrypted by GSSAPI.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgssEncInUse(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |_| 0) }
}

/// `void *PQgetgssctx(PGconn *conn)` — the connection's GSSAPI context; always NULL.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetgssctx(conn: *mut PGconn) -> *mut c_void {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, null_mut(), |_| null_mut()) }
}
