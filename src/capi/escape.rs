//! Escaping without a connection (manual: "Escaping Strings for Inclusion in SQL Commands").
//!
//! `PQescapeString` and `PQescapeBytea` go by what the last connection to report it said, process-wide (behaviour 292):
//! right for programs with one connection, a race for others, as libpq's manual warns. What is handed out comes from
//! malloc.

use crate::capi::guard;
use crate::protocol::{encoding, escape};
use std::ffi::{CStr, c_char, c_uchar, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

static LAST_CLIENT_ENCODING: AtomicI32 = AtomicI32::new(encoding::SQL_ASCII);
static LAST_STD_STRINGS: AtomicBool = AtomicBool::new(false);

/// Remembers what a server reported last, of `client_encoding` and `standard_conforming_strings`.
pub(crate) fn note_parameters(client_encoding: i32, std_strings: bool) {
    LAST_CLIENT_ENCODING.store(client_encoding, Ordering::Relaxed);
    LAST_STD_STRINGS.store(std_strings, Ordering::Relaxed);
}

/// Copies `bytes` to malloc memory, with a NUL behind them; NULL when there is none.
pub(crate) fn malloc_copy(bytes: &[u8]) -> *mut c_uchar {
    let Some(size) = bytes.len().checked_add(1) else {
        return ptr::null_mut();
    };
    // SAFETY: malloc takes any size.
    let copy = unsafe { libc::malloc(size) }.cast::<c_uchar>();
    if !copy.is_null() {
        // SAFETY: `copy` was just given with room for the bytes and the NUL, and is nobody else's.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
            copy.add(bytes.len()).write(0);
        }
    }
    copy
}

/// The caller's bytes, `None` for a length that no object can have. NULL counts as empty.
///
/// # Safety
/// `from` is NULL or points to `len` readable bytes that nobody changes during `'a`.
pub(crate) unsafe fn bytes<'a>(from: *const c_uchar, len: usize) -> Option<&'a [u8]> {
    if from.is_null() {
        return Some(&[]);
    }
    if isize::try_from(len).is_err() {
        return None;
    }
    // SAFETY: the caller's promise, and the length fits.
    Some(unsafe { std::slice::from_raw_parts(from, len) })
}

/// Escapes up to `len` bytes, or up to a NUL, into the caller's buffer, with a NUL.
///
/// # Safety
/// `to` is NULL or has room for `2 * len + 1` bytes; `from` is NULL or readable up to a NUL or for `len` bytes; they do
/// not overlap.
pub(crate) unsafe fn escape_string_into(
    to: *mut c_char,
    from: *const c_char,
    len: usize,
    client_encoding: i32,
    std_strings: bool,
) -> escape::EscapedString {
    let mut done = escape::EscapedString {
        len: 0,
        error: None,
    };
    if to.is_null() {
        return done;
    }
    let len = match from.is_null() {
        true => 0,
        // SAFETY: strnlen reads up to the NUL or `len`, which the caller allows.
        false => unsafe { libc::strnlen(from, len) },
    };
    // SAFETY: `strnlen` has found so many bytes readable.
    if let Some(text) = unsafe { bytes(from.cast(), len) } {
        let mut end = to.cast::<u8>();
        done = escape::escape_string(text, client_encoding, std_strings, |piece| {
            // SAFETY: escape_string gives out at most two bytes for one, and the caller's buffer has that room.
            unsafe {
                ptr::copy_nonoverlapping(piece.as_ptr(), end, piece.len());
                end = end.add(piece.len());
            }
        });
    }
    // SAFETY: the one byte of room beyond `2 * len`.
    unsafe { to.add(done.len).write(0) };
    done
}

/// `size_t PQescapeString(char *to, const char *from, size_t length)` — length of what was written to `to`, without its NUL.
///
/// # Safety
/// `to` has room for `2 * length + 1` bytes; `from` is NULL or readable up to a NUL or for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQescapeString(
    to: *mut c_char,
    from: *const c_char,
    length: usize,
) -> usize {
    guard::catch(0, || {
        let client_encoding = LAST_CLIENT_ENCODING.load(Ordering::Relaxed);
        let std_strings = LAST_STD_STRINGS.load(Ordering::Relaxed);
        // SAFETY: the caller's buffers.
        unsafe { escape_string_into(to, from, length, client_encoding, std_strings) }.len
    })
}

/// `unsigned char *PQescapeBytea(const unsigned char *from, size_t from_length, size_t *to_length)` — the octal form, with
/// a NUL that `*to_length` counts; to be freed by `PQfreemem`. NULL when there is no memory.
///
/// # Safety
/// `from` is NULL or points to `from_length` bytes; `to_length` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQescapeBytea(
    from: *const c_uchar,
    from_length: usize,
    to_length: *mut usize,
) -> *mut c_uchar {
    guard::catch(ptr::null_mut(), || {
        let std_strings = LAST_STD_STRINGS.load(Ordering::Relaxed);
        // SAFETY: the caller's bytes.
        let escaped = unsafe { bytes(from, from_length) }
            .and_then(|from| escape::escape_bytea(from, std_strings, false).ok());
        // SAFETY: the caller's variable.
        unsafe { hand_out(escaped.as_deref(), 1, to_length) }
    })
}

/// `unsigned char *PQunescapeBytea(const unsigned char *strtext, size_t *retbuflen)` — the bytes that the text form of a
/// bytea stands for; to be freed by `PQfreemem`. NULL for NULL or when there is no memory.
///
/// # Safety
/// `strtext` is NULL or NUL-terminated; `retbuflen` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQunescapeBytea(
    strtext: *const c_uchar,
    retbuflen: *mut usize,
) -> *mut c_uchar {
    guard::catch(ptr::null_mut(), || {
        if strtext.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: not NULL, so NUL-terminated by the contract.
        let text = unsafe { CStr::from_ptr(strtext.cast()) };
        let plain = escape::unescape_bytea(text.to_bytes()).ok();
        // SAFETY: the caller's variable.
        unsafe { hand_out(plain.as_deref(), 0, retbuflen) }
    })
}

/// Copies a result to malloc memory and tells its length, `more` added; NULL if either cannot be.
///
/// # Safety
/// `length` is NULL or writable.
pub(crate) unsafe fn hand_out(
    result: Option<&[u8]>,
    more: usize,
    length: *mut usize,
) -> *mut c_uchar {
    let Some(result) = result.filter(|_| !length.is_null()) else {
        return ptr::null_mut();
    };
    let copy = malloc_copy(result);
    if !copy.is_null() {
        // SAFETY: not NULL, so writable by the contract.
        unsafe { length.write(result.len() + more) };
    }
    copy
}

/// `void PQfreemem(void *ptr)` — frees what a function of this library handed out.
///
/// # Safety
/// `ptr` is NULL or came from such a function and has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfreemem(ptr: *mut c_void) {
    // SAFETY: all such memory comes from malloc.
    guard::catch((), || unsafe { super::alloc::free_later(ptr) })
}
