//! Manual section "Authdata Hooks": who is asked for OAuth tokens.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::guard::catch;
use super::types::PGconn;

/// `PQauthDataHook_type`: gets the kind of data that is wanted (`PGauthData`), the connection, and where the data goes.
/// More than 0: it has been supplied; 0: ask the default; less: fail.
pub type AuthDataHook =
    Option<unsafe extern "C" fn(kind: c_int, conn: *mut PGconn, data: *mut c_void) -> c_int>;

/// The hook of the process (behaviour 392); NULL for the default one.
static HOOK: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// `void PQsetAuthDataHook(PQauthDataHook_type hook)` — sets the hook of the process; NULL sets the default one.
///
/// # Safety
/// `hook` is NULL or may be called at any time from any thread that connects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetAuthDataHook(hook: AuthDataHook) {
    let hook = hook.map_or(null_mut(), |hook| hook as *mut c_void);
    catch((), || HOOK.store(hook, Ordering::Release));
}

/// `PQauthDataHook_type PQgetAuthDataHook(void)` — the hook of the process.
#[unsafe(no_mangle)]
pub extern "C" fn PQgetAuthDataHook() -> AuthDataHook {
    // SAFETY: what is kept is an `AuthDataHook`, of which `None` is NULL.
    let hook = catch(None, || unsafe {
        std::mem::transmute::<*mut c_void, AuthDataHook>(HOOK.load(Ordering::Acquire))
    });
    hook.or(Some(PQdefaultAuthDataHook))
}

/// `int PQdefaultAuthDataHook(PGauthData type, PGconn *conn, void *data)` — supplies nothing: 0.
///
/// # Safety
/// None is needed: nothing is read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdefaultAuthDataHook(
    _kind: c_int,
    _conn: *mut PGconn,
    _data: *mut c_void,
) -> c_int {
    catch(0, || 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn refuse(_: c_int, _: *mut PGconn, _: *mut c_void) -> c_int {
        -1
    }

    fn current(kind: c_int) -> c_int {
        let hook = PQgetAuthDataHook().unwrap();
        // SAFETY: the hooks of this test read nothing.
        unsafe { hook(kind, std::ptr::null_mut(), std::ptr::null_mut()) }
    }

    #[test]
    fn behaviour_392_null_restores_the_default_hook() {
        // SAFETY: the hooks of this test may be called at any time.
        unsafe {
            assert_eq!(current(0), 0);
            PQsetAuthDataHook(Some(refuse));
            assert_eq!(current(0), -1);
            PQsetAuthDataHook(None);
            assert_eq!(current(0), 0);
        }
    }
}
