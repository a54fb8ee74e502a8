//! Manual section "Command Execution Functions": the calls that wait for their answer.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now; texts are NULL or
//! NUL-terminated; arrays are NULL or have the length the count says.

use std::ffi::{c_char, c_int};

use super::guard::{ConnRef, with_conn};
use super::params::{CParams, Types};
use super::ptr;
use super::result::Owned;
use super::types::{PGconn, PGresult};
use crate::client::command::Refused;
use crate::client::{Connection, blocking};
use crate::protocol::session::Target;
use crate::protocol::types::Oid;

/// Sends a command, waits, and gives its last result to C; NULL when it could not be sent.
fn exec(
    conn: &mut ConnRef,
    send: impl FnOnce(&mut Connection) -> Result<(), Refused>,
) -> *mut PGresult {
    conn.supply_memory();
    blocking::exec_each(conn, send, Owned::new).map_or(std::ptr::null_mut(), Owned::into_raw)
}

/// `PGresult *PQexec(PGconn *conn, const char *query)` — the last result of the query string, to be freed with
/// `PQclear`; NULL when it could not be sent, text in `PQerrorMessage`. Waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQexec(conn: *mut PGconn, query: *const c_char) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            exec(c, |c| c.send_query(ptr::text(query)))
        })
    }
}

/// `PGresult *PQexecParams(...)` — as `PQexec`, one statement with parameters.
///
/// # Safety
/// The contract at the top of this module; the parameter arrays have `nParams` elements where they are not NULL.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn PQexecParams(
    conn: *mut PGconn,
    command: *const c_char,
    nParams: c_int,
    paramTypes: *const Oid,
    paramValues: *const *const c_char,
    paramLengths: *const c_int,
    paramFormats: *const c_int,
    resultFormat: c_int,
) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            let params = CParams::new(nParams, paramValues, paramLengths, paramFormats);
            let types = Types::new(nParams, paramTypes);
            exec(c, |c| {
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

/// `PGresult *PQprepare(...)` — prepares a statement; the result says whether that worked. Waits.
///
/// # Safety
/// The contract at the top of this module; `paramTypes` is NULL or has `nParams` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQprepare(
    conn: *mut PGconn,
    stmtName: *const c_char,
    query: *const c_char,
    nParams: c_int,
    paramTypes: *const Oid,
) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            let types = Types::new(nParams, paramTypes);
            exec(c, |c| {
                c.send_prepare(ptr::text(stmtName), ptr::text(query), types.checked())
            })
        })
    }
}

/// `PGresult *PQexecPrepared(...)` — executes a prepared statement. Waits.
///
/// # Safety
/// As for [`PQexecParams`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQexecPrepared(
    conn: *mut PGconn,
    stmtName: *const c_char,
    nParams: c_int,
    paramValues: *const *const c_char,
    paramLengths: *const c_int,
    paramFormats: *const c_int,
    resultFormat: c_int,
) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            let params = CParams::new(nParams, paramValues, paramLengths, paramFormats);
            exec(c, |c| {
                c.send_query_prepared(ptr::text(stmtName), &params, resultFormat as i16)
            })
        })
    }
}

/// `PGresult *PQdescribePrepared(PGconn *conn, const char *stmt)` — parameters and columns of a prepared statement;
/// NULL means the unnamed one. Waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdescribePrepared(
    conn: *mut PGconn,
    stmt: *const c_char,
) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            exec(c, |c| c.send_describe(Target::Statement, ptr::text(stmt)))
        })
    }
}

/// `PGresult *PQdescribePortal(PGconn *conn, const char *portal)` — columns of a portal. Waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdescribePortal(
    conn: *mut PGconn,
    portal: *const c_char,
) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            exec(c, |c| c.send_describe(Target::Portal, ptr::text(portal)))
        })
    }
}

/// `PGresult *PQclosePrepared(PGconn *conn, const char *stmt)` — closes a prepared statement. Waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQclosePrepared(conn: *mut PGconn, stmt: *const c_char) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            exec(c, |c| c.send_close(Target::Statement, ptr::text(stmt)))
        })
    }
}

/// `PGresult *PQclosePortal(PGconn *conn, const char *portal)` — closes a portal. Waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQclosePortal(conn: *mut PGconn, portal: *const c_char) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            exec(c, |c| c.send_close(Target::Portal, ptr::text(portal)))
        })
    }
}
