//! Events for C: what happens on the connections of a context, for one who watches.

#![allow(non_camel_case_types)] // the names are C's

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;

use super::guard::{catch, with_shared};
use super::pqp_context::pqp_context;
use super::pqp_request::{User, conn_of, pqp_user_free};
use super::pqp_status::pqp_status::{self, *};
use super::types::PGconn;
use crate::client::watch::{Event, EventHook};
use crate::connect::report::{Attempt, Outcome};

/// What has happened.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_event_kind {
    /// An attempt to connect has begun: attempt, host, hostaddr, port.
    PQP_EVENT_ATTEMPT_BEGUN = 0,
    /// It has ended: attempt, host, hostaddr, port, status (a pqp_outcome), sqlstate, text.
    PQP_EVENT_ATTEMPT_ENDED = 1,
    /// A command has been queued or sent: bytes of its messages.
    PQP_EVENT_QUERY_SENT = 2,
    /// A command has given its last row, or failed: status (an ExecStatusType), rows, bytes.
    PQP_EVENT_QUERY_FINISHED = 3,
    /// The server has sent a notice: sqlstate, text.
    PQP_EVENT_NOTICE = 4,
    /// The connection has another state: status (a ConnStatusType).
    PQP_EVENT_STATE = 5,
}

/// An event. What a kind does not mention is 0 or "". Texts live until the handler returns. Members may be added at the end.
#[repr(C)]
pub struct pqp_event {
    /// What has happened.
    pub kind: pqp_event_kind,
    /// See the kind.
    pub status: c_int,
    /// The attempt's number, from 0, as in the connect report.
    pub attempt: usize,
    /// Rows.
    pub rows: usize,
    /// Bytes.
    pub bytes: usize,
    /// The host as given.
    pub host: *const c_char,
    /// The numeric address.
    pub hostaddr: *const c_char,
    /// The port as given.
    pub port: *const c_char,
    /// An SQLSTATE.
    pub sqlstate: *const c_char,
    /// An error's or notice's text.
    pub text: *const c_char,
}

/// Told of an event, on the thread that uses the connection, inside the call that it uses it by. The connection may be looked
/// at, and must not be finished.
pub type pqp_event_handler =
    Option<unsafe extern "C" fn(user: *mut c_void, conn: *mut PGconn, event: *const pqp_event)>;

/// The text up to its first NUL.
fn text(bytes: &[u8]) -> CString {
    let bytes = bytes.split(|&b| b == 0).next().unwrap_or_default();
    CString::new(bytes).unwrap_or_default()
}

fn call(event: &Event, f: impl FnOnce(&pqp_event)) {
    use pqp_event_kind::*;
    let none = c"".as_ptr();
    let mut shown = pqp_event {
        kind: PQP_EVENT_STATE,
        status: 0,
        attempt: 0,
        rows: 0,
        bytes: 0,
        host: none,
        hostaddr: none,
        port: none,
        sqlstate: none,
        text: none,
    };
    let mut texts: [CString; 5] = Default::default();
    let mut about = |number: usize, attempt: &Attempt, shown: &mut pqp_event| {
        let sqlstate = attempt.cause.sqlstate.unwrap_or_default();
        texts = [
            text(&attempt.host),
            text(&attempt.hostaddr),
            text(&attempt.port),
            text(&sqlstate),
            text(&attempt.message),
        ];
        shown.attempt = number;
        shown.host = texts[0].as_ptr();
        shown.hostaddr = texts[1].as_ptr();
        shown.port = texts[2].as_ptr();
        if attempt.outcome != Outcome::UnderWay {
            shown.status = attempt.outcome as c_int;
            shown.sqlstate = texts[3].as_ptr();
            shown.text = texts[4].as_ptr();
        }
    };
    match event {
        Event::AttemptBegun(number, attempt) => {
            shown.kind = PQP_EVENT_ATTEMPT_BEGUN;
            about(*number, attempt, &mut shown);
            (shown.status, shown.sqlstate, shown.text) = (0, none, none);
        }
        Event::AttemptEnded(number, attempt) => {
            shown.kind = PQP_EVENT_ATTEMPT_ENDED;
            about(*number, attempt, &mut shown);
        }
        Event::QuerySent(bytes) => {
            shown.kind = PQP_EVENT_QUERY_SENT;
            shown.bytes = *bytes;
        }
        Event::QueryFinished {
            status,
            rows,
            bytes,
        } => {
            shown.kind = PQP_EVENT_QUERY_FINISHED;
            (shown.status, shown.rows, shown.bytes) = (*status as c_int, *rows, *bytes);
        }
        Event::Notice(sqlstate, message) => {
            shown.kind = PQP_EVENT_NOTICE;
            texts[3] = text(sqlstate);
            texts[4] = text(message);
            shown.sqlstate = texts[3].as_ptr();
            shown.text = texts[4].as_ptr();
        }
        Event::State(status) => shown.status = *status as c_int,
    }
    f(&shown);
}

/// Sets who is told of events on the connections of a context that are started afterwards; NULL: nobody, which costs them
/// nothing.
///
/// # Safety
/// `context` is NULL or one has a reference to it; the function may be called with `user` by any thread that uses a
/// connection of the context, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_event_handler(
    context: *mut pqp_context,
    handler: pqp_event_handler,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    catch(PQP_INTERNAL, || {
        let user = User::new(user, user_free);
        let hook = handler.map(|handler| {
            let hook: Arc<EventHook> = Arc::new(move |target, event| {
                let conn = conn_of(target.as_any());
                call(event, |event| {
                    // SAFETY: the application set the function with this pointer; connection and event live through
                    // the call, and nobody has the connection borrowed.
                    unsafe { handler(user.pointer(), conn, event) }
                });
            });
            hook
        });
        // SAFETY: the pointer is covered by the contract above.
        unsafe {
            with_shared(context, |context| {
                context.core.change_hooks(|hooks| hooks.event = hook);
                PQP_OK
            })
        }
    })
}
