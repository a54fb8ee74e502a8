//! C's stdio, which applications hand us streams of, and C's idea of local time.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::time::{SystemTime, UNIX_EPOCH};

unsafe extern "C" {
    static stderr: *mut libc::FILE;
}

/// Writes to C's stderr, in order with what the application writes there.
pub(crate) fn write_stderr(text: &[u8]) {
    // SAFETY: stderr is open as long as the program runs.
    unsafe { write(stderr, text) };
}

/// Writes to a stream of C's. That a stream takes no more is its owner's business.
///
/// # Safety
/// `stream` is open.
pub(crate) unsafe fn write(stream: *mut libc::FILE, text: &[u8]) {
    // SAFETY: the caller's promise; the pointer and length are of one slice.
    unsafe { libc::fwrite(text.as_ptr().cast::<c_void>(), 1, text.len(), stream) };
}

/// Sends a stream's buffer on its way.
///
/// # Safety
/// `stream` is open.
pub(crate) unsafe fn flush(stream: *mut libc::FILE) {
    // SAFETY: the caller's promise.
    unsafe { libc::fflush(stream) };
}

/// Appends the local time as `YYYY-MM-DD HH:MM:SS.uuuuuu` (behaviour 308).
pub(crate) fn put_local_time(out: &mut Vec<u8>) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = libc::time_t::try_from(now.as_secs()).unwrap_or_default();
    let mut parts = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are to locals; localtime_r fills `parts` unless it returns NULL.
    let parts = unsafe {
        if libc::localtime_r(&seconds, parts.as_mut_ptr()).is_null() {
            return;
        }
        parts.assume_init()
    };
    out.extend_from_slice(
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
            parts.tm_year + 1900,
            parts.tm_mon + 1,
            parts.tm_mday,
            parts.tm_hour,
            parts.tm_min,
            parts.tm_sec,
            now.subsec_micros()
        )
        .as_bytes(),
    );
}
