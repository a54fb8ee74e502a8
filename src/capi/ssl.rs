//! Manual section "SSL Support". TLS is rustls's, so there is no object of OpenSSL to hand out, and nothing to
//! initialize.
//!
//! `PQsslAttribute` names the library "rustls", with and without a connection. The name tells whose object `PQsslStruct`
//! gives; programs that compare it with "OpenSSL" go on to use that object.
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread changes now.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

use zeroize::Zeroizing;

use super::guard::{catch, see_conn};
use super::types::PGconn;
use super::{ptr, stdio, tty};
use crate::config::Opt;
use crate::connect::TLS_LIBRARY;
use crate::connect::request::{Answer, Given};

/// `PQsslKeyPassHook_OpenSSL_type`: writes the pass phrase of the connection's private key into `buf`, with a NUL behind
/// it where there is room, and returns its length; less than 0 gives up.
pub type KeyPassHook =
    Option<unsafe extern "C" fn(buf: *mut c_char, size: c_int, conn: *mut PGconn) -> c_int>;

/// Room for a pass phrase, as the reference gives it to the hook.
const PASS_PHRASE_MAX: usize = 1024;

/// First slot of the text cache for attributes.
const SLOTS: u32 = 1100;

/// A list of names that ends with a NULL.
#[repr(transparent)]
struct Names<const N: usize>([*const c_char; N]);

// SAFETY: the pointers are to constants, or NULL.
unsafe impl<const N: usize> Sync for Names<N> {}

/// The attributes of a connection under TLS, in the reference's order.
static ATTRIBUTE_NAMES: Names<7> = Names([
    c"library".as_ptr(),
    c"key_bits".as_ptr(),
    c"cipher".as_ptr(),
    c"compression".as_ptr(),
    c"protocol".as_ptr(),
    c"alpn".as_ptr(),
    null(),
]);

/// The attributes of any other connection.
static NO_NAMES: Names<1> = Names([null()]);

/// `int PQsslInUse(PGconn *conn)` — 1 if the connection is encrypted by TLS.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslInUse(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_conn(conn, 0, |c| c_int::from(c.connection.tls_facts().is_some())) }
}

/// `const char *PQsslAttribute(PGconn *conn, const char *attribute_name)` — a property of the encryption, or of the
/// TLS library when `conn` is NULL; NULL where there is none.
///
/// # Safety
/// The contract at the top of this module; `attribute_name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslAttribute(
    conn: *mut PGconn,
    attribute_name: *const c_char,
) -> *const c_char {
    catch(null(), || {
        // SAFETY: the pointers are covered by the contract above.
        let Some(name) = (unsafe { ptr::text(attribute_name) }) else {
            return null();
        };
        if conn.is_null() {
            return match (name, TLS_LIBRARY) {
                (b"library", Some(_)) => LIBRARY_TEXT.as_ptr(),
                _ => null(),
            };
        }
        // SAFETY: the pointer is covered by the contract above.
        unsafe { see_conn(conn, null(), |c| attribute(c, name)) }
    })
}

/// What `TLS_LIBRARY` is called in C; a test compares them.
const LIBRARY_TEXT: &std::ffi::CStr = c"rustls";

fn attribute(conn: &PGconn, name: &[u8]) -> *const c_char {
    let Some(facts) = conn.connection.tls_facts() else {
        return null();
    };
    let (slot, text) = match name {
        b"library" => return LIBRARY_TEXT.as_ptr(),
        b"compression" => return c"off".as_ptr(),
        b"key_bits" => (0, facts.key_bits.to_string().into_bytes()),
        b"cipher" => (1, facts.cipher),
        b"protocol" => (2, facts.protocol),
        b"alpn" => (3, facts.alpn),
        _ => return null(),
    };
    conn.texts.get(SLOTS + slot, &text)
}

/// `const char *const *PQsslAttributeNames(PGconn *conn)` — the properties there are, the list ended by a NULL.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslAttributeNames(conn: *mut PGconn) -> *const *const c_char {
    let (all, none) = (ATTRIBUTE_NAMES.0.as_ptr(), NO_NAMES.0.as_ptr());
    if conn.is_null() {
        return if TLS_LIBRARY.is_some() { all } else { none };
    }
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, none, |c| match c.connection.tls_facts() {
            Some(_) => all,
            None => none,
        })
    }
}

/// `void *PQsslStruct(PGconn *conn, const char *struct_name)` — an object of the TLS library; always NULL, for it has
/// none that C could use.
///
/// # Safety
/// The contract at the top of this module.
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

/// The hook of the process; NULL where none is set.
static HOOK: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// `void PQsetSSLKeyPassHook_OpenSSL(PQsslKeyPassHook_OpenSSL_type hook)` — sets who is asked for the pass phrase of an
/// encrypted private key; NULL: the option `sslpassword`, or the user.
///
/// # Safety
/// `hook` is NULL or may be called at any time from any thread that connects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetSSLKeyPassHook_OpenSSL(hook: KeyPassHook) {
    let hook = hook.map_or(null_mut(), |hook| hook as *mut c_void);
    catch((), || HOOK.store(hook, Ordering::Release));
}

/// `PQsslKeyPassHook_OpenSSL_type PQgetSSLKeyPassHook_OpenSSL(void)` — the hook in use; NULL where none is set.
#[unsafe(no_mangle)]
pub extern "C" fn PQgetSSLKeyPassHook_OpenSSL() -> KeyPassHook {
    // SAFETY: what is kept is a `KeyPassHook`, of which `None` is NULL.
    catch(None, || unsafe {
        std::mem::transmute::<*mut c_void, KeyPassHook>(HOOK.load(Ordering::Acquire))
    })
}

/// `int PQdefaultSSLKeyPassHook_OpenSSL(char *buf, int size, PGconn *conn)` — writes the connection's `sslpassword`
/// into `buf` and returns its length. One that does not fit is cut, with a warning on standard error.
///
/// # Safety
/// The contract at the top of this module; `buf` is NULL or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdefaultSSLKeyPassHook_OpenSSL(
    buf: *mut c_char,
    size: c_int,
    conn: *mut PGconn,
) -> c_int {
    let room = usize::try_from(size).unwrap_or(0);
    if buf.is_null() || room == 0 {
        return 0;
    }
    let copy = |text: &[u8]| {
        let fits = text.len().min(room - 1);
        if fits < text.len() {
            stdio::write_stderr(b"WARNING: sslpassword truncated\n");
        }
        // SAFETY: `fits` and the NUL are within the `size` bytes the caller promised.
        unsafe {
            buf.copy_from_nonoverlapping(text.as_ptr().cast(), fits);
            buf.add(fits).write(0);
        }
        c_int::try_from(fits).unwrap_or(0)
    };
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, 0, |c| {
            copy(
                c.connection
                    .settings()
                    .get(Opt::Sslpassword)
                    .unwrap_or_default(),
            )
        })
    }
}

/// Asks the application's hook for the pass phrase of a private key; without a hook and without `sslpassword`, the user
/// at the terminal, as OpenSSL does (manual, option `sslpassword`). The hook may look at the connection, which nobody has
/// borrowed.
pub(crate) fn ask_pass_phrase(conn: *mut PGconn) -> Answer {
    let refused = || Answer::Refused(Vec::new());
    // SAFETY: `conn` is the connection the caller works on.
    let in_default = unsafe { see_conn(conn, true, |c| c.context.is_default()) };
    let Some(hook) = PQgetSSLKeyPassHook_OpenSSL().filter(|_| in_default) else {
        // SAFETY: `conn` is the connection the caller works on.
        let given = unsafe {
            see_conn(conn, false, |c| {
                let option = c.connection.settings().get_nonempty(Opt::Sslpassword);
                option.is_some()
            })
        };
        return match given {
            true => Answer::Default,
            false => match tty::ask(b"Enter PEM pass phrase:") {
                tty::Answer::Text(text) => Answer::Given(Given::Secret(text)),
                tty::Answer::Nothing | tty::Answer::NoTerminal => refused(),
            },
        };
    };
    let mut phrase = Zeroizing::new(vec![0u8; PASS_PHRASE_MAX]);
    // SAFETY: the buffer has as many bytes as is said; `conn` is the connection the caller works on, which is not
    // borrowed now; whoever set the hook promised that it may be called.
    let length = unsafe { hook(phrase.as_mut_ptr().cast(), PASS_PHRASE_MAX as c_int, conn) };
    match usize::try_from(length) {
        Ok(length) if length <= PASS_PHRASE_MAX => {
            phrase.truncate(length);
            Answer::Given(Given::Secret(phrase))
        }
        _ => refused(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Connection;
    use crate::config::{RealEnv, Settings};

    #[test]
    fn the_library_is_named_without_a_connection_and_nothing_else_is() {
        let named = TLS_LIBRARY.map(str::as_bytes);
        assert!(named.is_none_or(|name| name == LIBRARY_TEXT.to_bytes()));
        // SAFETY: NULL is allowed, and the names are C strings.
        unsafe {
            let name = PQsslAttribute(null_mut(), c"library".as_ptr());
            assert_eq!(name.is_null(), TLS_LIBRARY.is_none());
            for other in [c"cipher", c"LIBRARY", c""] {
                assert!(PQsslAttribute(null_mut(), other.as_ptr()).is_null());
            }
            assert!(PQsslAttribute(null_mut(), null()).is_null());
            assert!(PQsslStruct(null_mut(), c"OpenSSL".as_ptr()).is_null());
            assert!(PQgetssl(null_mut()).is_null());
            assert_eq!(PQsslInUse(null_mut()), 0);
        }
    }

    #[test]
    fn the_default_hook_gives_as_much_of_sslpassword_as_fits() {
        let settings = Settings::from_conninfo(b"host=/none sslpassword=abcdef", &RealEnv);
        let mut conn = PGconn::new(Connection::new(settings, &RealEnv));
        for (size, expected) in [
            (0, &b"zzzzzzzz"[..]),
            (1, b"\0zzzzzzz"),
            (4, b"abc\0zzzz"),
            (8, b"abcdef\0z"),
        ] {
            let mut buffer = *b"zzzzzzzz";
            // SAFETY: the buffer is at least as long as is said; the connection is alive.
            let length = unsafe {
                PQdefaultSSLKeyPassHook_OpenSSL(buffer.as_mut_ptr().cast(), size, &raw mut conn)
            };
            assert_eq!(buffer, expected);
            assert_eq!(length, (size - 1).clamp(0, 6));
        }
    }
}
