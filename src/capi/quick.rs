//! Short ways through the border, for what programs ask again and again: they do without the guard of
//! [`with_conn`](super::guard::with_conn).
//!
//! Taken for granted: the step waits for nothing, calls nothing of the application's, leaves nothing to be shown or told, and
//! cannot panic. Each function looks first whether that will be so, and gives `None` if not, with nothing done that
//! the long way would not have done, too: the caller takes the long way then, which comes to the same end.
//!
//! Contract of all functions: that of [`with_conn`](super::guard::with_conn).

use super::guard::quick_pgconn;
use super::result::hand_out_of;
use super::types::{PGconn, PGresult};
use crate::protocol::session::NextResult;

/// What `PQisBusy` says where nothing but the usual has come.
///
/// # Safety
/// The contract at the top of this module.
#[inline(always)]
pub(super) unsafe fn is_busy(conn: *mut PGconn) -> Option<bool> {
    // SAFETY: the contract above; the borrow ends with this function.
    let conn = unsafe { quick_pgconn(conn)? };
    conn.supply_memory();
    conn.connection.is_busy_as_usual()
}

/// What `PQgetResult` gives where that is there, and no event procedure is to be told of it.
///
/// # Safety
/// The contract at the top of this module.
#[inline(always)]
pub(super) unsafe fn get_result(conn: *mut PGconn) -> Option<*mut PGresult> {
    // SAFETY: the contract above; the borrow ends with this function.
    let conn = unsafe { quick_pgconn(conn)? };
    if !conn.events.is_empty() {
        return None;
    }
    conn.supply_memory();
    match conn.connection.usual_result() {
        NextResult::Ready(result) => Some(hand_out_of(conn, result)),
        NextResult::None => Some(std::ptr::null_mut()),
        NextResult::Pending => None,
    }
}

/// What `PQconsumeInput` says of a socket that nothing is to be sent on first.
///
/// # Safety
/// The contract at the top of this module.
#[inline(always)]
pub(super) unsafe fn consume_input(conn: *mut PGconn) -> Option<bool> {
    // SAFETY: the contract above; the borrow ends with this function.
    let conn = unsafe { quick_pgconn(conn)? };
    // The operating system's words for a failure are to be in English, which is the guard's business.
    if conn.english {
        return None;
    }
    conn.connection.consume_as_usual()
}

/// Whether there is nothing for `PQflush` to do.
///
/// # Safety
/// The contract at the top of this module.
#[inline(always)]
pub(super) unsafe fn is_flushed(conn: *mut PGconn) -> bool {
    // SAFETY: the contract above; the borrow ends with this function.
    unsafe { quick_pgconn(conn) }.is_some_and(|conn| conn.connection.is_flushed())
}
