//! Manual section "Connection Status Functions". Texts belong to the connection and stay until they change.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now.

use std::ffi::{c_char, c_int};

use super::guard::{REFUSED, free_conn, is_refused, see_conn, with_conn};
use super::ptr;
use super::types::PGconn;
use crate::client::{Connection, Handle};
use crate::config::Opt;
use crate::connect::status::ConnStatus;
use crate::protocol::types::TransactionStatus;

/// Slots of the text cache beyond the options, which use their own numbers.
const HOST: u32 = 1000;
const HOSTADDR: u32 = 1001;
const PORT: u32 = 1002;
const PASSWORD: u32 = 1003;

/// An option's value as C text; NULL when it has none.
fn option(conn: &PGconn, opt: Opt) -> *mut c_char {
    match conn.connection.settings().get(opt) {
        Some(value) => conn.texts.get(opt as u32, value),
        None => std::ptr::null_mut(),
    }
}

/// `char *PQdb(const PGconn *conn)` — the database name.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdb(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, std::ptr::null_mut(), |c| option(c, Opt::Dbname)) }
}

/// `char *PQuser(const PGconn *conn)` — the user name.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQuser(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, std::ptr::null_mut(), |c| option(c, Opt::User)) }
}

/// `char *PQpass(const PGconn *conn)` — the password: the password file's for this host, else the one given, else "".
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQpass(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, std::ptr::null_mut(), |c| {
            c.texts.get(PASSWORD, c.connection.password())
        })
    }
}

/// `char *PQhost(const PGconn *conn)` — the host of the present connection or of the last attempt.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQhost(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, std::ptr::null_mut(), |c| {
            c.texts.get(HOST, c.connection.host())
        })
    }
}

/// `char *PQhostaddr(const PGconn *conn)` — the numeric address of the host; "" for sockets.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQhostaddr(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, std::ptr::null_mut(), |c| {
            c.texts.get(HOSTADDR, c.connection.hostaddr())
        })
    }
}

/// `char *PQport(const PGconn *conn)` — the port, as it was written.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQport(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, std::ptr::null_mut(), |c| {
            c.texts.get(PORT, c.connection.port())
        })
    }
}

/// `char *PQtty(const PGconn *conn)` — "", always.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQtty(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, std::ptr::null_mut(), |_| c"".as_ptr().cast_mut()) }
}

/// `char *PQoptions(const PGconn *conn)` — the command-line options passed to the server.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQoptions(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, std::ptr::null_mut(), |c| option(c, Opt::Options)) }
}

/// `ConnStatusType PQstatus(const PGconn *conn)` — how far the connection is; `CONNECTION_BAD` for NULL.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQstatus(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, ConnStatus::Bad as c_int, |c| {
            c.connection.status() as c_int
        })
    }
}

/// `PGTransactionStatusType PQtransactionStatus(const PGconn *conn)` — the server's transaction status.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQtransactionStatus(conn: *const PGconn) -> c_int {
    const UNKNOWN: c_int = TransactionStatus::Unknown as c_int;
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, UNKNOWN, |c| {
            c.connection.transaction_status() as c_int
        })
    }
}

/// `const char *PQparameterStatus(const PGconn *conn, const char *paramName)` — the value the server last reported
/// for a parameter; NULL if it never did.
///
/// # Safety
/// The contract at the top of this module; `paramName` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQparameterStatus(
    conn: *const PGconn,
    paramName: *const c_char,
) -> *const c_char {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        see_conn(conn, std::ptr::null(), |c| {
            let value = ptr::text(paramName)
                .and_then(|n| c.connection.link.session.facts.parameter_with_nul(n));
            value.map_or(std::ptr::null(), |v| v.as_ptr().cast())
        })
    }
}

/// `int PQprotocolVersion(const PGconn *conn)` — 3, or 0 unless connected.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQprotocolVersion(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |c| c.connection.protocol_version().0) }
}

/// `int PQfullProtocolVersion(const PGconn *conn)` — 30000 or 30002, or 0 unless connected.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfullProtocolVersion(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, 0, |c| {
            let (major, minor) = c.connection.protocol_version();
            major * 10_000 + minor
        })
    }
}

/// `int PQserverVersion(const PGconn *conn)` — 180006 for 18.6, as soon as the server has said it; 0 on a bad connection.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQserverVersion(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |c| c.connection.server_version()) }
}

/// `char *PQerrorMessage(const PGconn *conn)` — the error text, "" if there is none; valid until the next call on
/// the connection.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQerrorMessage(conn: *const PGconn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        let none = match is_refused(conn) {
            true => REFUSED,
            false => c"connection pointer is NULL\n",
        };
        see_conn(conn, none.as_ptr().cast_mut(), |c| {
            c.connection
                .link
                .session
                .errors
                .text_with_nul()
                .as_ptr()
                .cast_mut()
                .cast()
        })
    }
}

/// `int PQsocket(const PGconn *conn)` — the descriptor to wait on, -1 if there is none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsocket(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, -1, |c| c.connection.descriptor()) }
}

/// `int PQbackendPID(const PGconn *conn)` — the server process's id; 0 unless connected.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQbackendPID(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, 0, |c| {
            c.connection
                .if_connected(c.connection.link.session.facts.process_id)
        })
    }
}

/// `int PQconnectionNeedsPassword(const PGconn *conn)` — 1 if the server asked for a password and none was there.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconnectionNeedsPassword(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |c| c_int::from(c.connection.needs_password())) }
}

/// `int PQconnectionUsedPassword(const PGconn *conn)` — 1 if the server asked for a password.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconnectionUsedPassword(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |c| c_int::from(c.connection.used_password())) }
}

/// `int PQconnectionUsedGSSAPI(const PGconn *conn)` — 0: this library is built without GSSAPI.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconnectionUsedGSSAPI(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |_| 0) }
}

/// `void PQfinish(PGconn *conn)` — says good-bye to the server, closes, and frees everything but results.
///
/// # Safety
/// The contract at the top of this module; `conn` is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfinish(conn: *mut PGconn) {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        if conn.is_null() || is_refused(conn) {
            return;
        }
        with_conn(conn, (), |c| {
            crate::client::connecting::abandon(c);
            c.with(Connection::close);
            super::events::fire_connection_destroyed(c);
        });
        free_conn(conn);
    }
}
