//! Manual section "Asynchronous Command Processing": sending without waiting, and asking for results.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now; texts are NULL or
//! NUL-terminated; arrays are NULL or have the length the count says.

use std::ffi::{c_char, c_int};

use super::guard::{ConnRef, see_conn, with_conn};
use super::params::{CParams, Types};
use super::ptr;
use super::quick;
use super::types::{PGconn, PGresult};
use crate::client::command::Refused;
use crate::client::{Connection, Handle, blocking};
use crate::connect::link::FlushOutcome;
use crate::net;
use crate::protocol::session::Target;
use crate::protocol::types::Oid;

/// Sends a command: 1 when it is queued, 0 with the reason in the error text.
fn send(conn: &mut ConnRef, send: impl FnOnce(&mut Connection) -> Result<(), Refused>) -> c_int {
    c_int::from(conn.with(send).is_ok())
}

/// `int PQsendQuery(PGconn *conn, const char *query)` — 1 when queued; 0 on error, text in `PQerrorMessage`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendQuery(conn: *mut PGconn, query: *const c_char) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe { with_conn(conn, 0, |c| send(c, |c| c.send_query(ptr::text(query)))) }
}

/// `int PQsendQueryParams(...)` — 1 when queued; 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn PQsendQueryParams(
    conn: *mut PGconn,
    command: *const c_char,
    nParams: c_int,
    paramTypes: *const Oid,
    paramValues: *const *const c_char,
    paramLengths: *const c_int,
    paramFormats: *const c_int,
    resultFormat: c_int,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            let params = CParams::new(nParams, paramValues, paramLengths, paramFormats);
            let types = Types::new(nParams, paramTypes);
            send(c, |c| {
                c.send_query_params(
                    ptr::text(command),
                    types.or_none(),
                    &params,
                    resultFormat as i16,
                )
            })
        })
    }
}

/// `int PQsendPrepare(...)` — 1 when queued; 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendPrepare(
    conn: *mut PGconn,
    stmtName: *const c_char,
    query: *const c_char,
    nParams: c_int,
    paramTypes: *const Oid,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            let types = Types::new(nParams, paramTypes);
            send(c, |c| {
                c.send_prepare(ptr::text(stmtName), ptr::text(query), types.checked())
            })
        })
    }
}

/// `int PQsendQueryPrepared(...)` — 1 when queued; 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendQueryPrepared(
    conn: *mut PGconn,
    stmtName: *const c_char,
    nParams: c_int,
    paramValues: *const *const c_char,
    paramLengths: *const c_int,
    paramFormats: *const c_int,
    resultFormat: c_int,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            let params = CParams::new(nParams, paramValues, paramLengths, paramFormats);
            send(c, |c| {
                c.send_query_prepared(ptr::text(stmtName), &params, resultFormat as i16)
            })
        })
    }
}

/// `int PQsendDescribePrepared(PGconn *conn, const char *stmt)` — 1 when queued; 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendDescribePrepared(conn: *mut PGconn, stmt: *const c_char) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            send(c, |c| c.send_describe(Target::Statement, ptr::text(stmt)))
        })
    }
}

/// `int PQsendDescribePortal(PGconn *conn, const char *portal)` — 1 when queued; 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendDescribePortal(conn: *mut PGconn, portal: *const c_char) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            send(c, |c| c.send_describe(Target::Portal, ptr::text(portal)))
        })
    }
}

/// `int PQsendClosePrepared(PGconn *conn, const char *stmt)` — 1 when queued; 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendClosePrepared(conn: *mut PGconn, stmt: *const c_char) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            send(c, |c| c.send_close(Target::Statement, ptr::text(stmt)))
        })
    }
}

/// `int PQsendClosePortal(PGconn *conn, const char *portal)` — 1 when queued; 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendClosePortal(conn: *mut PGconn, portal: *const c_char) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            send(c, |c| c.send_close(Target::Portal, ptr::text(portal)))
        })
    }
}

/// `PGresult *PQgetResult(PGconn *conn)` — the next result, to be freed with `PQclear`; NULL when the command has no
/// further one. Waits, on a non-blocking connection too.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetResult(conn: *mut PGconn) -> *mut PGresult {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        match quick::get_result(conn) {
            Some(result) => result,
            None => get_result_long_way(conn),
        }
    }
}

/// [`PQgetResult`] where the short way does not lead.
///
/// # Safety
/// The contract at the top of this module.
#[inline(never)]
unsafe extern "C" fn get_result_long_way(conn: *mut PGconn) -> *mut PGresult {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            c.supply_memory();
            match blocking::next_result(c) {
                Some(result) => super::result::hand_out(c, result),
                None => std::ptr::null_mut(),
            }
        })
    }
}

/// `int PQconsumeInput(PGconn *conn)` — takes in what has come, without waiting: 1, or 0 when the connection is gone.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconsumeInput(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        match quick::consume_input(conn) {
            Some(is_open) => c_int::from(is_open),
            None => consume_input_long_way(conn),
        }
    }
}

/// [`PQconsumeInput`] where the short way does not lead.
///
/// # Safety
/// The contract at the top of this module.
#[inline(never)]
unsafe extern "C" fn consume_input_long_way(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { with_conn(conn, 0, |c| c_int::from(c.with(Connection::consume_input))) }
}

/// `int PQisBusy(PGconn *conn)` — 1 if `PQgetResult` would wait. Reads nothing.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQisBusy(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        match quick::is_busy(conn) {
            Some(is_busy) => c_int::from(is_busy),
            None => is_busy_long_way(conn),
        }
    }
}

/// [`PQisBusy`] where the short way does not lead.
///
/// # Safety
/// The contract at the top of this module.
#[inline(never)]
unsafe extern "C" fn is_busy_long_way(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c.supply_memory();
            c_int::from(c.with(Connection::is_busy))
        })
    }
}

/// `int PQsetnonblocking(PGconn *conn, int arg)` — makes sending wait (0) or not (else): 0, or -1 on failure.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetnonblocking(conn: *mut PGconn, arg: c_int) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            if c.with(|c| c.set_nonblocking(arg != 0)) {
                0
            } else {
                -1
            }
        })
    }
}

/// `int PQisnonblocking(const PGconn *conn)` — 1 if sending does not wait.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQisnonblocking(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |c| c_int::from(c.connection.is_nonblocking())) }
}

/// `int PQflush(PGconn *conn)` — sends what is queued: 0 when all is gone, 1 when some waits (non-blocking only), -1
/// on failure.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQflush(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        match quick::is_flushed(conn) {
            true => 0,
            false => flush_long_way(conn),
        }
    }
}

/// [`PQflush`] where the short way does not lead.
///
/// # Safety
/// The contract at the top of this module.
#[inline(never)]
unsafe extern "C" fn flush_long_way(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| match c.with(Connection::flush) {
            FlushOutcome::Done => 0,
            FlushOutcome::Pending => 1,
            FlushOutcome::Failed => -1,
        })
    }
}

/// `int PQsocketPoll(int sock, int forRead, int forWrite, pg_usec_time_t end_time)` — waits until the descriptor is
/// ready or `end_time` (microseconds since 1970; -1 never, 0 at once) has come: above 0, 0, or below 0 on error.
#[unsafe(no_mangle)]
pub extern "C" fn PQsocketPoll(
    sock: c_int,
    forRead: c_int,
    forWrite: c_int,
    end_time: i64,
) -> c_int {
    super::guard::catch(-1, || {
        net::socket_poll(sock, forRead != 0, forWrite != 0, end_time)
    })
}

/// `pg_usec_time_t PQgetCurrentTimeUSec(void)` — microseconds since 1970.
#[unsafe(no_mangle)]
pub extern "C" fn PQgetCurrentTimeUSec() -> i64 {
    super::guard::catch(0, net::current_time_us)
}
