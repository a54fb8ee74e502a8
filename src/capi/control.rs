//! Manual section "Control Functions": client encoding, and how much of errors is shown.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now; texts are NULL or
//! NUL-terminated.

use std::ffi::{c_char, c_int};

use super::guard::{ConnRef, see_conn, with_conn};
use super::ptr;
use super::result::Owned;
use super::types::{DisplayCodes, PGconn};
use crate::client::{Handle, blocking};
use crate::config::{Env, RealEnv, encoding_of_locale};
use crate::connect::status::ConnStatus;
use crate::protocol::types::{ContextVisibility, ExecStatus, Verbosity};

/// Names of encodings longer than this many bytes are refused (behaviour 257).
const LONGEST_ENCODING_NAME: usize = 100;

/// `PGVerbosity PQsetErrorVerbosity(PGconn *conn, PGVerbosity verbosity)` — sets how much of errors and notices is
/// shown, and returns what it was. A number that is no verbosity is kept, and shows what the default shows.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetErrorVerbosity(conn: *mut PGconn, verbosity: c_int) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, Verbosity::Default as c_int, |c| {
            c.whole(|c| {
                let before = c.display.verbosity;
                set_display(
                    c,
                    DisplayCodes {
                        verbosity,
                        ..c.display
                    },
                );
                before
            })
        })
    }
}

/// `PGContextVisibility PQsetErrorContextVisibility(PGconn *conn, PGContextVisibility show_context)` — sets when the
/// context of errors and notices is shown, and returns what it was. A number that is no such setting is kept, and
/// shows none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetErrorContextVisibility(
    conn: *mut PGconn,
    show_context: c_int,
) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, ContextVisibility::Errors as c_int, |c| {
            c.whole(|c| {
                let before = c.display.context_visibility;
                let display = DisplayCodes {
                    context_visibility: show_context,
                    ..c.display
                };
                set_display(c, display);
                before
            })
        })
    }
}

fn set_display(conn: &mut PGconn, display: DisplayCodes) {
    conn.display = display;
    let session = &mut conn.connection.link.session;
    session.verbosity = display.verbosity();
    session.context_visibility = display.context_visibility();
}

/// `int PQclientEncoding(const PGconn *conn)` — the number of the client encoding; -1 unless connected
/// (behaviour 256).
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQclientEncoding(conn: *const PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, -1, |c| match c.connection.status() {
            ConnStatus::Ok => c.connection.link.session.facts.client_encoding,
            _ => -1,
        })
    }
}

/// `int PQsetClientEncoding(PGconn *conn, const char *encoding)` — asks the server for another client encoding, "auto"
/// for that of the locale: 0, or -1 on failure. Waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetClientEncoding(conn: *mut PGconn, encoding: *const c_char) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| match ptr::text(encoding) {
            Some(encoding) if set_client_encoding(c, encoding, &RealEnv) => 0,
            _ => -1,
        })
    }
}

fn set_client_encoding(conn: &mut ConnRef, encoding: &[u8], env: &dyn Env) -> bool {
    let encoding = match encoding {
        b"auto" => encoding_of_locale(env).as_bytes(),
        name => name,
    };
    if encoding.len() > LONGEST_ENCODING_NAME || conn.with(|c| c.status() != ConnStatus::Ok) {
        return false;
    }
    // As libpq 18.6 sends it: the name is not escaped.
    let query = [b"set client_encoding to '", encoding, b"'"].concat();
    blocking::exec_each(conn, |c| c.send_query(Some(&query)), Owned::new)
        .is_some_and(|result| result.status() == ExecStatus::CommandOk as c_int)
}

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::super::testing::*;
    use super::*;
    use crate::protocol::session::State;

    #[test]
    fn any_display_setting_is_kept_and_unknown_ones_show_the_least_surprising() {
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = connected();
            let shown = |conn| {
                with(conn, |c| {
                    let session = &c.connection.link.session;
                    (session.verbosity, session.context_visibility)
                })
            };
            assert_eq!(PQsetErrorVerbosity(conn, 2), 1);
            assert_eq!(PQsetErrorContextVisibility(conn, 2), 1);
            assert_eq!(shown(conn), (Verbosity::Verbose, ContextVisibility::Always));
            assert_eq!(PQsetErrorVerbosity(conn, 9), 2);
            assert_eq!(PQsetErrorContextVisibility(conn, -2), 2);
            assert_eq!(shown(conn), (Verbosity::Default, ContextVisibility::Never));
            assert_eq!(PQsetErrorVerbosity(conn, 1), 9);
            assert_eq!(PQsetErrorContextVisibility(conn, 1), -2);
            end(conn);
            assert_eq!(PQsetErrorVerbosity(null_mut(), 3), 1);
            assert_eq!(PQsetErrorContextVisibility(null_mut(), 2), 1);
        }
    }

    #[test]
    fn behaviours_256_and_257_the_encoding_is_known_and_set_only_when_connected() {
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = connected();
            assert_eq!(PQclientEncoding(conn), 6);
            assert_eq!(PQsetClientEncoding(conn, null()), -1);
            let long = std::ffi::CString::new([b'u'; LONGEST_ENCODING_NAME + 1]).unwrap();
            assert_eq!(PQsetClientEncoding(conn, long.as_ptr()), -1);
            with(conn, |c| {
                let session = &mut c.connection.link.session;
                assert!(session.errors.is_empty());
                assert_eq!(session.state(), State::Idle, "nothing was sent");
                c.connection.link.status = ConnStatus::Bad;
            });
            assert_eq!(PQclientEncoding(conn), -1);
            assert_eq!(PQsetClientEncoding(conn, c"UTF8".as_ptr()), -1);
            end(conn);
            assert_eq!(PQclientEncoding(null()), -1);
        }
    }
}
