//! Encodings (manual: "Character Set Support"; the functions are mostly undocumented but used by many programs).
//!
//! Strings are NUL-terminated, and read no further than the character at their start. Where libpq crashes on NULL these
//! answer as for an empty string.

use crate::capi::guard;
use crate::protocol::encoding;
use std::ffi::{CStr, c_char, c_int, c_uchar};

/// The first character of a C string at most: up to four bytes, up to its NUL.
///
/// # Safety
/// `text` is NULL or NUL-terminated.
unsafe fn head(text: *const c_char, buffer: &mut [u8; 4]) -> &[u8] {
    let mut len = 0;
    if !text.is_null() {
        for slot in buffer.iter_mut() {
            // SAFETY: the bytes before this one were no NUL, so the caller's terminator is not behind us.
            *slot = unsafe { *text.add(len) } as u8;
            if *slot == 0 {
                break;
            }
            len += 1;
        }
    }
    &buffer[..len]
}

/// `int PQmblen(const char *s, int encoding)` — bytes of the character at `s`, at least 1.
///
/// # Safety
/// `s` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQmblen(s: *const c_char, encoding: c_int) -> c_int {
    guard::catch(1, || {
        let mut buffer = [0; 4];
        // SAFETY: the caller's string.
        encoding::mblen(encoding, unsafe { head(s, &mut buffer) }) as c_int
    })
}

/// `int PQmblenBounded(const char *s, int encoding)` — as `PQmblen`, but never beyond the end of the string.
///
/// # Safety
/// `s` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQmblenBounded(s: *const c_char, encoding: c_int) -> c_int {
    guard::catch(0, || {
        let mut buffer = [0; 4];
        // SAFETY: the caller's string.
        let text = unsafe { head(s, &mut buffer) };
        encoding::mblen(encoding, text).min(text.len()) as c_int
    })
}

/// `int PQdsplen(const char *s, int encoding)` — columns of the character at `s`.
///
/// # Safety
/// `s` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdsplen(s: *const c_char, encoding: c_int) -> c_int {
    guard::catch(0, || {
        let mut buffer = [0; 4];
        // SAFETY: the caller's string.
        encoding::dsplen(encoding, unsafe { head(s, &mut buffer) })
    })
}

/// `int pg_utf_mblen(const unsigned char *s)` — bytes of the UTF-8 character at `s`.
///
/// # Safety
/// `s` is NULL or points to a byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pg_utf_mblen(s: *const c_uchar) -> c_int {
    guard::catch(1, || match s.is_null() {
        true => 1,
        // SAFETY: the caller's byte.
        false => encoding::utf8_mblen(unsafe { *s }) as c_int,
    })
}

/// `int PQenv2encoding(void)` — the encoding named by `PGCLIENTENCODING`; 0 (SQL_ASCII) if it names none.
#[unsafe(no_mangle)]
pub extern "C" fn PQenv2encoding() -> c_int {
    guard::catch(encoding::SQL_ASCII, || {
        std::env::var_os("PGCLIENTENCODING")
            .and_then(|name| encoding::from_name(name.as_encoded_bytes()))
            .unwrap_or(encoding::SQL_ASCII)
    })
}

/// `const char *pg_encoding_to_char(int encoding)` — the name of an encoding, "" for none. Never to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn pg_encoding_to_char(encoding: c_int) -> *const c_char {
    guard::catch(c"".as_ptr(), || {
        encoding::name_with_nul(encoding).map_or(c"".as_ptr(), |name| name.as_ptr().cast())
    })
}

/// `int pg_char_to_encoding(const char *name)` — the encoding of that name or alias, -1 for none.
///
/// # Safety
/// `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pg_char_to_encoding(name: *const c_char) -> c_int {
    // SAFETY: the caller's string.
    guard::catch(-1, || unsafe { named(name) }.unwrap_or(-1))
}

/// `int pg_valid_server_encoding(const char *name)` — the encoding if a database can be in it, else -1.
///
/// # Safety
/// `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pg_valid_server_encoding(name: *const c_char) -> c_int {
    guard::catch(-1, || {
        // SAFETY: the caller's string.
        unsafe { named(name) }
            .filter(|&encoding| encoding::is_server_encoding(encoding))
            .unwrap_or(-1)
    })
}

/// `int pg_valid_server_encoding_id(int encoding)` — 1 if a database can be in that encoding, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn pg_valid_server_encoding_id(encoding: c_int) -> c_int {
    guard::catch(0, || c_int::from(encoding::is_server_encoding(encoding)))
}

/// # Safety
/// `name` is NULL or NUL-terminated.
unsafe fn named(name: *const c_char) -> Option<c_int> {
    if name.is_null() {
        return None;
    }
    // SAFETY: not NULL, so NUL-terminated by the contract.
    encoding::from_name(unsafe { CStr::from_ptr(name) }.to_bytes())
}
