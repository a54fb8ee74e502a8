//! Manual section "Escaping Strings for Inclusion in SQL Commands": the functions that know a connection's encoding.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now; input is NULL, or has as
//! many bytes as its length says, or ends with a NUL before that. What is returned is freed with `PQfreemem`.

use std::ffi::{c_char, c_int};

use super::guard::{ConnRef, with_conn};
use super::types::PGconn;
use super::{alloc, ptr};
use crate::client::{Connection, Handle};

/// `size_t PQescapeStringConn(PGconn *conn, char *to, const char *from, size_t length, int *error)` — escapes the inside
/// of a string constant into `to`, with a NUL; returns the length without it. `*error` says whether the input was
/// invalid.
///
/// # Safety
/// The contract at the top of this module; `to` is NULL or has room for `2 * length + 1` bytes that are not part of the
/// input; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQescapeStringConn(
    conn: *mut PGconn,
    to: *mut c_char,
    from: *const c_char,
    length: usize,
    error: *mut c_int,
) -> usize {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        ptr::put(error, 1);
        ptr::put(to, 0);
        with_conn(conn, 0, |c| {
            if to.is_null() {
                return 0;
            }
            let (len, valid) = escape_into(c, to, ptr::text_within(from, length));
            ptr::put(error, c_int::from(!valid));
            len
        })
    }
}

/// Escapes a string into `to`; its length, and whether the input was valid.
///
/// # Safety
/// `to` has room for twice the input and a NUL.
unsafe fn escape_into(conn: &mut ConnRef, to: *mut c_char, from: &[u8]) -> (usize, bool) {
    let mut end = to.cast::<u8>();
    let escaped = conn.with(|c| {
        c.escape_string(from, |piece| {
            // SAFETY: escaping gives out at most twice the bytes it takes in, and `to` has that room.
            unsafe {
                end.copy_from_nonoverlapping(piece.as_ptr(), piece.len());
                end = end.add(piece.len());
            }
        })
    });
    // SAFETY: the room for the NUL is left.
    unsafe { end.write(0) };
    (escaped.len, escaped.error.is_none())
}

/// `char *PQescapeLiteral(PGconn *conn, const char *str, size_t len)` — a string constant with its quotes; NULL on
/// failure.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQescapeLiteral(
    conn: *mut PGconn,
    str: *const c_char,
    len: usize,
) -> *mut c_char {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            for_c(c.with(|c| c.escape_literal(ptr::text_within(str, len))))
        })
    }
}

/// `char *PQescapeIdentifier(PGconn *conn, const char *str, size_t len)` — an identifier with its quotes; NULL on
/// failure.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQescapeIdentifier(
    conn: *mut PGconn,
    str: *const c_char,
    len: usize,
) -> *mut c_char {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            for_c(c.with(|c| c.escape_identifier(ptr::text_within(str, len))))
        })
    }
}

/// `unsigned char *PQescapeByteaConn(PGconn *conn, const unsigned char *from, size_t from_length, size_t *to_length)` —
/// a bytea for a string constant with a NUL, which `*to_length` counts; NULL on failure.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; `from` is NULL or has `from_length` bytes;
/// `to_length` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQescapeByteaConn(
    conn: *mut PGconn,
    from: *const u8,
    from_length: usize,
    to_length: *mut usize,
) -> *mut u8 {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            if to_length.is_null() {
                // The reference does not survive it.
                return std::ptr::null_mut();
            }
            let escaped = c.with(|c: &mut Connection| {
                c.escape_bytea(from_length, || {
                    ptr::slice(from, from_length as isize).unwrap_or_default()
                })
            });
            if let Some(escaped) = &escaped {
                ptr::put(to_length, escaped.len() + 1);
            }
            for_c(escaped).cast()
        })
    }
}

fn for_c(text: Option<Vec<u8>>) -> *mut c_char {
    text.map_or(std::ptr::null_mut(), |text| alloc::copy_with_nul(&text))
}

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::super::testing::*;
    use super::*;

    unsafe fn string(conn: *mut PGconn, from: &[u8], length: usize) -> (usize, String, c_int) {
        let mut to = [b'#'; 40];
        let mut error = -7;
        // SAFETY: the buffer has more than twice the room.
        unsafe {
            let pointer = to.as_mut_ptr().cast();
            let len =
                PQescapeStringConn(conn, pointer, from.as_ptr().cast(), length, &raw mut error);
            (len, text(pointer), error)
        }
    }

    unsafe fn errors(conn: *mut PGconn) -> String {
        // SAFETY: the connection is the test's.
        unsafe {
            with(conn, |c| {
                let text = c.connection.link.session.errors.text();
                String::from_utf8_lossy(text).into_owned()
            })
        }
    }

    #[test]
    fn a_string_ends_at_its_length_or_nul_and_says_whether_it_was_valid() {
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = connected();
            assert_eq!(string(conn, b"a'b\\", 4), (6, "a''b\\\\".into(), 0));
            assert_eq!(string(conn, b"abc", 2), (2, "ab".into(), 0));
            assert_eq!(string(conn, b"ab\0'", 4), (2, "ab".into(), 0));
            assert_eq!(string(conn, b"a\0", usize::MAX), (1, "a".into(), 0));
            let (len, _, error) = string(conn, b"a\xff'", 3);
            assert_eq!((len, error), (5, 1));
            assert_eq!(errors(conn), "invalid multibyte character\n");
            with(conn, |c| c.connection.link.session.facts.std_strings = true);
            assert_eq!(string(conn, b"\\", 1), (1, "\\".into(), 0));
            assert_eq!(
                errors(conn),
                "",
                "each call begins with an empty error text"
            );
            assert_eq!(
                PQescapeStringConn(conn, null_mut(), null(), 1, null_mut()),
                0
            );
            end(conn);
            assert_eq!(
                string(null_mut(), b"x", 1),
                (0, "".into(), 1),
                "behaviour 288"
            );
        }
    }

    #[test]
    fn literals_identifiers_and_bytea_are_allocated() {
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = connected();
            let take = |pointer: *mut c_char| {
                let copy = text(pointer);
                alloc::free(pointer.cast());
                copy
            };
            assert_eq!(
                take(PQescapeLiteral(conn, c"a'\\b".as_ptr(), 9)),
                " E'a''\\\\b'"
            );
            assert_eq!(take(PQescapeLiteral(conn, null(), 0)), "''");
            assert_eq!(
                take(PQescapeIdentifier(conn, c"a\"b".as_ptr(), 3)),
                "\"a\"\"b\""
            );
            assert!(PQescapeLiteral(conn, c"\xc3".as_ptr(), 1).is_null());
            assert_eq!(errors(conn), "incomplete multibyte character\n");
            assert!(PQescapeIdentifier(null_mut(), c"a".as_ptr(), 1).is_null());
            let mut len = 0;
            let escaped = PQescapeByteaConn(conn, b"\0a".as_ptr(), 2, &raw mut len);
            assert_eq!((take(escaped.cast()), len), ("\\\\000a".into(), 7));
            with(conn, |c| {
                c.connection.link.session.facts.server_version = 180_006
            });
            let escaped = PQescapeByteaConn(conn, b"\0a".as_ptr(), 2, &raw mut len);
            assert_eq!((take(escaped.cast()), len), ("\\\\x0061".into(), 8));
            let too_long = PQescapeByteaConn(conn, b"".as_ptr(), usize::MAX, &raw mut len);
            assert!(too_long.is_null());
            assert_eq!(
                errors(conn),
                "escaped bytea size exceeds the maximum allowed (18446744073709551615)\n"
            );
            end(conn);
        }
    }
}
