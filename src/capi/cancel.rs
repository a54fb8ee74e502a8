//! Manual section "Canceling Queries in Progress".
//!
//! Contract of all functions: `conn` and `cancelConn` are NULL or objects that no other thread uses now.

use std::ffi::{c_char, c_int};

use super::guard::{catch, free_conn, is_refused, see_conn, with_conn};
use super::types::PGconn;
use crate::client::connecting::{self, Mode};
use crate::client::{Connection, Handle};
use crate::connect::status::{ConnStatus, PollStatus};
use crate::net::signal_cancel::{self, SignalCancel};

/// A cancel request for a signal handler, as C holds it.
pub struct PGcancel {
    request: SignalCancel,
}

/// A connection that carries a cancel request, as C holds it.
#[repr(transparent)]
pub struct PGcancelConn(PGconn);

fn new_cancel_conn(connection: Connection) -> *mut PGcancelConn {
    let conn = PGconn::new(connection);
    Box::into_raw(Box::new(PGcancelConn(conn)))
}

/// `PGcancelConn *PQcancelCreate(PGconn *conn)` — a connection for a cancel request, to be freed with
/// `PQcancelFinish`; what is wrong with it is in `PQcancelErrorMessage`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelCreate(conn: *mut PGconn) -> *mut PGcancelConn {
    // SAFETY: the pointer is covered by the contract above.
    let twin = unsafe { see_conn(conn, None, |c| Some(c.connection.cancel_twin())) };
    catch(std::ptr::null_mut(), || {
        new_cancel_conn(twin.unwrap_or_else(Connection::cancel_of_nothing))
    })
}

/// `int PQcancelBlocking(PGcancelConn *cancelConn)` — delivers the request and waits for that: 1, or 0 on failure.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelBlocking(cancelConn: *mut PGcancelConn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(cancelConn.cast(), 0, |c| {
            let started = c.with(|c| c.cancel_start(Mode::Blocking));
            c_int::from(started && connecting::wait_connected(c))
        })
    }
}

/// `int PQcancelStart(PGcancelConn *cancelConn)` — begins to deliver the request: 1, or 0 on failure.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelStart(cancelConn: *mut PGcancelConn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(cancelConn.cast(), 0, |c| {
            c_int::from(c.with(|c| {
                let mode = c.context().polled_mode();
                c.cancel_start(mode)
            }))
        })
    }
}

/// `PostgresPollingStatusType PQcancelPoll(PGcancelConn *cancelConn)` — goes on delivering and says what to wait for.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelPoll(cancelConn: *mut PGcancelConn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(cancelConn.cast(), PollStatus::Failed as c_int, |c| {
            connecting::poll(c) as c_int
        })
    }
}

/// `ConnStatusType PQcancelStatus(const PGcancelConn *cancelConn)` — how far the request is.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelStatus(cancelConn: *const PGcancelConn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(cancelConn.cast(), ConnStatus::Bad as c_int, |c| {
            c.connection.status() as c_int
        })
    }
}

/// `int PQcancelSocket(const PGcancelConn *cancelConn)` — the descriptor to wait on, -1 if there is none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelSocket(cancelConn: *const PGcancelConn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(cancelConn.cast(), -1, |c| c.connection.descriptor()) }
}

/// `char *PQcancelErrorMessage(const PGcancelConn *cancelConn)` — the error text, "" if there is none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelErrorMessage(cancelConn: *const PGcancelConn) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above; NULL is the other function's to answer too.
    catch(std::ptr::null_mut(), || unsafe {
        super::status::PQerrorMessage(cancelConn.cast())
    })
}

/// `void PQcancelReset(PGcancelConn *cancelConn)` — makes the request ready to be delivered again.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelReset(cancelConn: *mut PGcancelConn) {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { with_conn(cancelConn.cast(), (), |c| c.with(Connection::cancel_reset)) }
}

/// `void PQcancelFinish(PGcancelConn *cancelConn)` — closes and frees.
///
/// # Safety
/// The contract at the top of this module; `cancelConn` is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancelFinish(cancelConn: *mut PGcancelConn) {
    let conn = cancelConn.cast::<PGconn>();
    // SAFETY: the pointer came from `new_cancel_conn`, whose objects are connections, and is not used again.
    catch((), || unsafe {
        if !conn.is_null() && !is_refused(conn) {
            free_conn(conn);
        }
    });
}

/// `PGcancel *PQgetCancel(PGconn *conn)` — what is needed to cancel from a signal handler, to be freed with
/// `PQfreeCancel`; NULL when there is no connection.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetCancel(conn: *mut PGconn) -> *mut PGcancel {
    // SAFETY: the pointer is covered by the contract above.
    let request = unsafe { see_conn(conn, None, |c| c.connection.signal_cancel()) };
    catch(std::ptr::null_mut(), || match request {
        Some(request) => Box::into_raw(Box::new(PGcancel { request })),
        None => std::ptr::null_mut(),
    })
}

/// `void PQfreeCancel(PGcancel *cancel)` — frees.
///
/// # Safety
/// `cancel` is NULL or came from `PQgetCancel`, and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfreeCancel(cancel: *mut PGcancel) {
    if !cancel.is_null() {
        // SAFETY: the caller's promise.
        catch((), || drop(unsafe { Box::from_raw(cancel) }));
    }
}

/// `int PQcancel(PGcancel *cancel, char *errbuf, int errbufsize)` — sends the request, encrypted if its connection is:
/// 1, or 0 with the reason in `errbuf`. May be called from a signal handler, but for an encrypted one in a child of fork()
/// that has inherited it, and from any thread; keeps `errno`.
///
/// # Safety
/// `cancel` is NULL or came from `PQgetCancel`; `errbuf` has `errbufsize` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcancel(
    cancel: *mut PGcancel,
    errbuf: *mut c_char,
    errbufsize: c_int,
) -> c_int {
    // Nothing here allocates or locks, but in such a child: catching costs nothing where nothing panics.
    catch(0, || {
        let size = if errbuf.is_null() {
            0
        } else {
            usize::try_from(errbufsize).unwrap_or(0)
        };
        let mut none = [];
        let error = if size == 0 {
            &mut none[..]
        } else {
            // SAFETY: the caller's promise.
            unsafe { std::slice::from_raw_parts_mut(errbuf.cast::<u8>(), size) }
        };
        // SAFETY: the caller's promise.
        match unsafe { cancel.as_ref() } {
            Some(cancel) => c_int::from(cancel.request.send(error)),
            None => {
                signal_cancel::no_object(error);
                0
            }
        }
    })
}

/// `int PQrequestCancel(PGconn *conn)` — as `PQcancel`, with the reason in the connection's error text. Not for
/// signal handlers.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQrequestCancel(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { with_conn(conn, 0, |c| c_int::from(c.with(Connection::request_cancel))) }
}
