//! Manual section "Notice Processing": who is shown notices and warnings.

use std::ffi::{c_char, c_void};

use super::guard::with_conn;
use super::types::{NoticeHooks, PGconn, PGresult, PQnoticeProcessor, PQnoticeReceiver};

impl Default for NoticeHooks {
    fn default() -> Self {
        NoticeHooks {
            receiver: (Some(default_receiver), std::ptr::null_mut()),
            processor: (Some(default_processor), std::ptr::null_mut()),
        }
    }
}

impl NoticeHooks {
    /// For results made without a connection: nobody is shown anything.
    pub(crate) const NONE: NoticeHooks = NoticeHooks {
        receiver: (None, std::ptr::null_mut()),
        processor: (None, std::ptr::null_mut()),
    };
}

/// Shows a notice to its receiver. Nothing of the connection may be borrowed now.
pub(crate) fn deliver(notice: PGresult) {
    if let (Some(receiver), argument) = notice.hooks.receiver {
        // SAFETY: the application registered the function with this argument; the notice lives through the call.
        unsafe { receiver(argument, &notice) };
    }
}

/// The receiver of connections that have no other: hands the text to the processor.
unsafe extern "C" fn default_receiver(_arg: *mut c_void, notice: *const PGresult) {
    // SAFETY: called by `deliver`, or by an application that passes the result it was given.
    let Some(notice) = (unsafe { notice.as_ref() }) else {
        return;
    };
    if let (Some(processor), argument) = notice.hooks.processor
        && let Some(report) = &notice.result.error
    {
        // SAFETY: the application registered the function with this argument; the text has its NUL.
        unsafe { processor(argument, report.message_with_nul().as_ptr().cast()) };
    }
}

/// The processor of connections that have no other: writes the text to stderr as it is.
unsafe extern "C" fn default_processor(_arg: *mut c_void, message: *const c_char) {
    // SAFETY: the text is NUL-terminated, as processors are promised.
    let text = unsafe { super::ptr::text(message) }.unwrap_or_default();
    super::stdio::write_stderr(text);
}

/// `PQnoticeReceiver PQsetNoticeReceiver(PGconn *conn, PQnoticeReceiver proc, void *arg)` — sets who is shown
/// notices as results, and returns who was; a NULL `proc` changes nothing.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; `proc` may be called with `arg` as long as the
/// connection or one of its results lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetNoticeReceiver(
    conn: *mut PGconn,
    proc: PQnoticeReceiver,
    arg: *mut c_void,
) -> PQnoticeReceiver {
    // SAFETY: covered by the contract above.
    unsafe {
        with_conn(conn, None, |c| {
            c.whole(|c| {
                let old = c.hooks.receiver.0;
                if proc.is_some() {
                    c.hooks.receiver = (proc, arg);
                }
                old
            })
        })
    }
}

/// `PQnoticeProcessor PQsetNoticeProcessor(PGconn *conn, PQnoticeProcessor proc, void *arg)` — sets who is shown
/// notices as texts, and returns who was; a NULL `proc` changes nothing.
///
/// # Safety
/// As for [`PQsetNoticeReceiver`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetNoticeProcessor(
    conn: *mut PGconn,
    proc: PQnoticeProcessor,
    arg: *mut c_void,
) -> PQnoticeProcessor {
    // SAFETY: covered by the contract above.
    unsafe {
        with_conn(conn, None, |c| {
            c.whole(|c| {
                let old = c.hooks.processor.0;
                if proc.is_some() {
                    c.hooks.processor = (proc, arg);
                }
                old
            })
        })
    }
}
