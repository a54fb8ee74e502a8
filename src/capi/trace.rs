//! Manual section "Control Functions": tracing. The lines are made in [`crate::protocol::trace`].
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now.

use std::ffi::c_int;
use std::ptr::null_mut;

use super::guard::{Inside, with_conn};
use super::stdio;
use super::types::PGconn;
use crate::protocol::session::Session;
use crate::protocol::trace::Trace;

/// The stream that trace lines go to. It stays the application's.
pub(crate) struct Stream(*mut libc::FILE);

impl Default for Stream {
    fn default() -> Self {
        Stream(null_mut())
    }
}

impl Stream {
    /// Writes the lines that have gathered, and flushes once the output has been sent (behaviour 318).
    pub(crate) fn take_lines(&self, session: &mut Session) {
        let Some(trace) = &mut session.trace else {
            return;
        };
        // The stream may be one of the application's making.
        let _inside = Inside::enter();
        if !trace.lines.is_empty() {
            // SAFETY: `PQtrace`'s caller promised an open stream until `PQuntrace`, which takes `session.trace` away.
            unsafe { stdio::write(self.0, &trace.lines) };
            trace.lines.clear();
        }
        if trace.flush_due && session.output.is_empty() {
            trace.flush_due = false;
            // SAFETY: as above.
            unsafe { stdio::flush(self.0) };
        }
    }
}

impl PGconn {
    fn begin_trace(&mut self, stream: *mut libc::FILE) {
        self.end_trace();
        if !stream.is_null() {
            self.trace_stream = Stream(stream);
            self.connection.link.session.trace = Some(Box::new(Trace::new(stdio::put_local_time)));
        }
    }

    fn end_trace(&mut self) {
        self.trace_stream
            .take_lines(&mut self.connection.link.session);
        if self.connection.link.session.trace.take().is_some() {
            // SAFETY: tracing was on, so the stream is the one that `PQtrace`'s caller promised to keep open.
            unsafe { stdio::flush(self.trace_stream.0) };
            self.trace_stream = Stream::default();
        }
    }
}

/// `void PQtrace(PGconn *conn, FILE *debug_port)` — traces messages to the stream, without flags; NULL ends tracing.
///
/// # Safety
/// The contract at the top of this module; `debug_port` is NULL or open until tracing ends or the connection is
/// finished.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQtrace(conn: *mut PGconn, debug_port: *mut libc::FILE) {
    // SAFETY: the pointers are covered by the contract above.
    unsafe { with_conn(conn, (), |c| c.whole(|c| c.begin_trace(debug_port))) }
}

/// `void PQuntrace(PGconn *conn)` — ends tracing and flushes the stream.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQuntrace(conn: *mut PGconn) {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { with_conn(conn, (), |c| c.whole(PGconn::end_trace)) }
}

/// `void PQsetTraceFlags(PGconn *conn, int flags)` — how tracing that is on is done: 1 without time stamps, 2 without
/// what differs between runs.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetTraceFlags(conn: *mut PGconn, flags: c_int) {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, (), |c| {
            c.whole(|c| {
                if let Some(trace) = &mut c.connection.link.session.trace {
                    trace.set_flags(flags);
                }
            })
        })
    }
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
