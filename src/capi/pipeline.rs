//! Manual sections "Pipeline Mode" and "Retrieving Query Results in Chunks".
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now.

use std::ffi::c_int;

use super::guard::{see_conn, with_conn};
use super::types::PGconn;
use crate::client::{Connection, Handle};
use crate::protocol::types::PipelineStatus;

/// `PGpipelineStatus PQpipelineStatus(const PGconn *conn)` — off, on, or aborted.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQpipelineStatus(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, PipelineStatus::Off as c_int, |c| {
            c.connection.link.session.pipeline_status() as c_int
        })
    }
}

/// `int PQenterPipelineMode(PGconn *conn)` — 1, or 0 while a command runs.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQenterPipelineMode(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(c.with(Connection::enter_pipeline).is_ok())
        })
    }
}

/// `int PQexitPipelineMode(PGconn *conn)` — 1, or 0 while results wait.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQexitPipelineMode(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(c.with(Connection::exit_pipeline).is_ok())
        })
    }
}

/// `int PQpipelineSync(PGconn *conn)` — ends a segment and sends it: 1, or 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQpipelineSync(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(c.with(Connection::pipeline_sync).is_ok())
        })
    }
}

/// `int PQsendPipelineSync(PGconn *conn)` — ends a segment; it is sent once enough has gathered: 1, or 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendPipelineSync(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(c.with(Connection::send_pipeline_sync).is_ok())
        })
    }
}

/// `int PQsendFlushRequest(PGconn *conn)` — asks the server to send what it has: 1, or 0 on error.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsendFlushRequest(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(c.with(Connection::send_flush_request).is_ok())
        })
    }
}

/// `int PQsetSingleRowMode(PGconn *conn)` — one row a result for the command just sent: 1, or 0 when it is too late.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetSingleRowMode(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(c.with(|c| c.link.session.set_single_row_mode()))
        })
    }
}

/// `int PQsetChunkedRowsMode(PGconn *conn, int chunkSize)` — up to `chunkSize` rows a result for the command just
/// sent: 1, or 0 when it is too late or the size is not positive.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetChunkedRowsMode(conn: *mut PGconn, chunkSize: c_int) -> c_int {
    let rows = usize::try_from(chunkSize).unwrap_or(0);
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(c.with(|c| c.link.session.set_chunked_rows_mode(rows)))
        })
    }
}
