//! C's stdio, which applications hand us streams of.

use std::ffi::c_void;

unsafe extern "C" {
    static stderr: *mut libc::FILE;
}

/// Writes to C's stderr, in order with what the application writes there.
pub(crate) fn write_stderr(text: &[u8]) {
    // SAFETY: stderr is open as long as the program runs; the pointer and length are of one slice.
    unsafe { libc::fwrite(text.as_ptr().cast::<c_void>(), 1, text.len(), stderr) };
}
