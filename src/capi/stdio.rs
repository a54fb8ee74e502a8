//! C's stdio, which applications hand us streams of.

use std::ffi::c_void;

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
