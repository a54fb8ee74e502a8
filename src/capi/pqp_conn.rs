//! What may be set on one connection between its start and its first poll, and its user data.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now; texts are NULL or NUL-terminated.

use std::ffi::{c_char, c_int, c_void};

use super::guard::{see_conn, with_conn, with_conn_status};
use super::pqp_status::explain;
use super::pqp_status::pqp_status::{self, *};
use super::ptr;
use super::types::PGconn;
use crate::client::error::ClientError;
use crate::client::{Connection, Handle};

/// The status for a failure, its text given out.
///
/// # Safety
/// `error` is NULL or valid for a write.
pub(crate) unsafe fn report(error: *mut *mut c_char, failure: &ClientError) -> pqp_status {
    let mut text = Vec::new();
    failure.write_text(&mut text);
    // SAFETY: the caller's promise.
    unsafe { explain(error, &text) };
    match failure {
        ClientError::AlreadyStarted | ClientError::FactoryInUse => PQP_TOO_LATE,
        ClientError::NotSettable(_) => PQP_INVALID,
        ClientError::NoMemory => PQP_NO_MEMORY,
        _ => PQP_INTERNAL,
    }
}

/// Sets a connection option as if it had been given with the others; NULL takes its value away. May be called by a start
/// hook, and on a connection of `pqp_factory_start` before its first `PQconnectPoll`; after that it is `PQP_TOO_LATE`.
/// `PQP_INVALID`: there is no such option, or it is "service" or "servicefile", which have had their effect. A value that
/// cannot be fails the connection when it is first polled, with libpq's text.
///
/// # Safety
/// The contract at the top of this module; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_param(
    conn: *mut PGconn,
    keyword: *const c_char,
    value: *const c_char,
    error: *mut *mut c_char,
) -> pqp_status {
    if keyword.is_null() {
        return PQP_NULL;
    }
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn_status(conn, |c| {
            let keyword = ptr::text(keyword).unwrap_or_default();
            match c.with(|c| c.set_param(keyword, ptr::text(value))) {
                Ok(()) => PQP_OK,
                Err(failure) => report(error, &failure),
            }
        })
    }
}

/// Sets the password: `pqp_conn_set_param` with "password". Copied; the copies are wiped when they go.
///
/// # Safety
/// As for [`pqp_conn_set_param`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_password(
    conn: *mut PGconn,
    password: *const c_char,
    error: *mut *mut c_char,
) -> pqp_status {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn_status(conn, |c| {
            match c.with(|c| c.set_password(ptr::text(password))) {
                Ok(()) => PQP_OK,
                Err(failure) => report(error, &failure),
            }
        })
    }
}

/// Ends a connection that has not been dialled yet: it is bad, and `text` its error message. For start hooks that cannot get
/// what the connection needs. Later it is `PQP_TOO_LATE`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_refuse(conn: *mut PGconn, text: *const c_char) -> pqp_status {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn_status(conn, |c| {
            let text = ptr::text(text).unwrap_or_default();
            c.with(|c| match c.is_settable() {
                true => {
                    c.refuse_start(text);
                    PQP_OK
                }
                false => PQP_TOO_LATE,
            })
        })
    }
}

/// Whether options and hooks of the connection can still be set: 1, else 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_is_settable(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |c| c_int::from(c.connection.is_settable())) }
}

/// Keeps a pointer of the application's with the connection. It stays the application's, and nothing looks behind it. May be
/// called at any time.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_user_data(
    conn: *mut PGconn,
    user_data: *mut c_void,
) -> pqp_status {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn_status(conn, |c| {
            c.whole(|c| c.user_data = user_data);
            PQP_OK
        })
    }
}

/// The pointer that `pqp_conn_set_user_data` was given; NULL where none was.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_user_data(conn: *const PGconn) -> *mut c_void {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, std::ptr::null_mut(), |c| c.user_data) }
}

/// 1 if the connection is up and its server still there, as far as that can be told without asking it: at the cost of one
/// system call, and no packet. 0 if the server has closed it (also while something that came before is still to be read, such as
/// the reason), if it is broken, or not up, and for NULL. A server that has vanished without a word is not found out: that
/// takes `read_timeout_ms`, `tcp_user_timeout` or keepalives. Takes in what has come under TLS, as `PQconsumeInput` does; if
/// TLS has ended, the connection is bad afterwards.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_is_alive(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { with_conn(conn, 0, |c| c_int::from(c.with(Connection::is_alive))) }
}
