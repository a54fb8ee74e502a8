//! Manual section "Miscellaneous Functions": passwords.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now; texts are NULL or
//! NUL-terminated. What is returned as text is freed with `PQfreemem`. Where a text is missing the answer is NULL; the
//! reference does not survive that.

use std::ffi::c_char;
use std::ptr::null_mut;

use super::guard::{catch, with_conn};
use super::result::Owned;
use super::types::{PGconn, PGresult};
use super::{alloc, ptr};
use crate::client::password;

/// `char *PQencryptPassword(const char *passwd, const char *user)` — the md5 secret of a password; NULL when memory is
/// out.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQencryptPassword(
    passwd: *const c_char,
    user: *const c_char,
) -> *mut c_char {
    catch(null_mut(), || {
        // SAFETY: the pointers are covered by the contract above.
        match unsafe { (ptr::text(passwd), ptr::text(user)) } {
            (Some(passwd), Some(user)) => alloc::copy_with_nul(&password::md5(user, passwd)),
            _ => null_mut(),
        }
    })
}

/// `char *PQencryptPasswordConn(PGconn *conn, const char *passwd, const char *user, const char *algorithm)` — the
/// secret of a password: `algorithm` is `scram-sha-256` or `md5`, NULL for what the server's `password_encryption`
/// says, which is asked and waited for. NULL on error, text in `PQerrorMessage`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQencryptPasswordConn(
    conn: *mut PGconn,
    passwd: *const c_char,
    user: *const c_char,
    algorithm: *const c_char,
) -> *mut c_char {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, null_mut(), |c| {
            let (Some(passwd), Some(user)) = (ptr::text(passwd), ptr::text(user)) else {
                return null_mut();
            };
            password::encrypt(c, passwd, user, ptr::text(algorithm))
                .map_or(null_mut(), |secret| alloc::copy_with_nul(&secret))
        })
    }
}

/// `PGresult *PQchangePassword(PGconn *conn, const char *user, const char *passwd)` — gives a user a new password,
/// which reaches the server only as its secret: the command's result; NULL when it was not even sent. Waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQchangePassword(
    conn: *mut PGconn,
    user: *const c_char,
    passwd: *const c_char,
) -> *mut PGresult {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, null_mut(), |c| {
            let (Some(user), Some(passwd)) = (ptr::text(user), ptr::text(passwd)) else {
                return null_mut();
            };
            password::change(c, user, passwd, Owned::new).map_or(null_mut(), Owned::into_raw)
        })
    }
}
