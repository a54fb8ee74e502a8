//! Raw pointers end here: C strings and arrays become slices, NULL becomes `None`.

use std::ffi::{CStr, c_char};

/// The bytes of a C string without its NUL; `None` for NULL.
///
/// # Safety
/// `text` is NULL or NUL-terminated, and stays unchanged for `'a`.
#[inline]
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        None
    } else {
        // SAFETY: the caller's promise.
        Some(unsafe { CStr::from_ptr(text) }.to_bytes())
    }
}

/// The bytes before the first NUL, `len` at the most; none for NULL.
///
/// # Safety
/// `text` is NULL, or has `len` bytes or a NUL before that, which stay unchanged for `'a`.
pub(crate) unsafe fn text_within<'a>(text: *const c_char, len: usize) -> &'a [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise; `strnlen` looks no further than it allows.
    unsafe { std::slice::from_raw_parts(text.cast(), libc::strnlen(text, len)) }
}

/// `len` elements; `None` for NULL. A negative `len` is taken for 0.
///
/// # Safety
/// `data` is NULL or points to at least `len` elements that stay unchanged for `'a`.
#[inline]
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: isize) -> Option<&'a [T]> {
    let len = usize::try_from(len).unwrap_or(0);
    if data.is_null() {
        None
    } else {
        // SAFETY: the caller's promise.
        Some(unsafe { std::slice::from_raw_parts(data, len) })
    }
}

/// Writes through an output pointer, unless it is NULL.
///
/// # Safety
/// `out` is NULL or valid for a write.
#[inline]
pub(crate) unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write(value) };
    }
}
