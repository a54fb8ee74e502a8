//! Manual section "SSL Support". This build has no TLS yet: the functions answer as a libpq that was built without it.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread changes now.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use super::guard::{catch, see_conn};
use super::types::PGconn;

/// `PQsslKeyPassHook_OpenSSL_type`: supplies the passphrase of a key file.
pub type KeyPassHook =
    Option<unsafe extern "C" fn(buf: *mut c_char, size: c_int, conn: *mut PGconn) -> c_int>;

/// A list of names that ends with a NULL.
#[repr(transparent)]
struct Names<const N: usize>([*const c_char; N]);

// SAFETY: the pointers are to constants, or NULL.
unsafe impl<const N: usize> Sync for Names<N> {}

/// The attributes that any connection may have.
static ATTRIBUTE_NAMES: Names<1> = Names([null()]);

/// `int PQsslInUse(PGconn *conn)` — 1 if the connection is encrypted by TLS.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslInUse(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |_| 0) }
}

/// `const char *PQsslAttribute(PGconn *conn, const char *attribute_name)` — a property of the encryption, or of the
/// TLS library when `conn` is NULL; NULL where there is none.
///
/// # Safety
/// The contract at the top of this module; `attribute_name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslAttribute(
    conn: *mut PGconn,
    _attribute_name: *const c_char,
) -> *const c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, null(), |_| null()) }
}

/// `const char *const *PQsslAttributeNames(PGconn *conn)` — the properties there are, the list ended by a NULL.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslAttributeNames(conn: *mut PGconn) -> *const *const c_char {
    let names = ATTRIBUTE_NAMES.0.as_ptr();
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, names, |_| names) }
}

/// `void *PQsslStruct(PGconn *conn, const char *struct_name)` — an object of the TLS library; always NULL.
///
/// # Safety
/// The contract at the top of this module; `struct_name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslStruct(
    conn: *mut PGconn,
    _struct_name: *const c_char,
) -> *mut c_void {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, null_mut(), |_| null_mut()) }
}

/// `void *PQgetssl(PGconn *conn)` — OpenSSL's object of the connection; always NULL.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetssl(conn: *mut PGconn) -> *mut c_void {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, null_mut(), |_| null_mut()) }
}

/// `void PQinitSSL(int do_init)` — nothing: no library needs to be initialized.
#[unsafe(no_mangle)]
pub extern "C" fn PQinitSSL(_do_init: c_int) {
    catch((), || ());
}

/// `void PQinitOpenSSL(int do_ssl, int do_crypto)` — nothing: no library needs to be initialized.
#[unsafe(no_mangle)]
pub extern "C" fn PQinitOpenSSL(_do_ssl: c_int, _do_crypto: c_int) {
    catch((), || ());
}

/// `void PQsetSSLKeyPassHook_OpenSSL(PQsslKeyPassHook_OpenSSL_type hook)` — nothing: there are no key files.
///
/// # Safety
/// None is needed: the hook is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetSSLKeyPassHook_OpenSSL(_hook: KeyPassHook) {
    catch((), || ());
}

/// `PQsslKeyPassHook_OpenSSL_type PQgetSSLKeyPassHook_OpenSSL(void)` — the hook in use; always NULL.
#[unsafe(no_mangle)]
pub extern "C" fn PQgetSSLKeyPassHook_OpenSSL() -> KeyPassHook {
    catch(None, || None)
}

/// `int PQdefaultSSLKeyPassHook_OpenSSL(char *buf, int size, PGconn *conn)` — the length of the passphrase that the
/// connection's `sslpassword` gives; always 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdefaultSSLKeyPassHook_OpenSSL(
    _buf: *mut c_char,
    _size: c_int,
    conn: *mut PGconn,
) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |_| 0) }
}
