//! Memory that C frees: it comes from malloc, for applications call free() on it (behaviour 332).

use std::ffi::{c_char, c_void};

/// `len` bytes of malloc's, at least one; NULL when there are none.
pub(crate) fn malloc(len: usize) -> *mut c_void {
    // SAFETY: malloc takes any size.
    unsafe { libc::malloc(len.max(1)) }
}

/// A copy of `bytes` with a NUL behind it; NULL when memory is out.
pub(crate) fn copy_with_nul(bytes: &[u8]) -> *mut c_char {
    let Some(size) = bytes.len().checked_add(1) else {
        return std::ptr::null_mut();
    };
    let copy = malloc(size).cast::<u8>();
    if !copy.is_null() {
        // SAFETY: `copy` has room for `bytes.len() + 1` bytes and is new, so nothing overlaps.
        unsafe {
            copy.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            copy.add(bytes.len()).write(0);
        }
    }
    copy.cast()
}

/// Frees what malloc gave; NULL is nothing.
///
/// # Safety
/// `memory` is NULL or from malloc and not yet freed.
pub(crate) unsafe fn free(memory: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { libc::free(memory) };
}
