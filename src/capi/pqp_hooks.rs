//! Setting hooks: on a context, for all its connections; on a factory; on one connection.
//!
//! Contract of all functions: `context` and `factory` are NULL or one has a reference to them; `conn` is NULL or a connection
//! that no other thread uses now.

use std::ffi::c_void;
use std::sync::Arc;

use super::guard::{catch, with_conn_status};
use super::pqp_context::pqp_context;
use super::pqp_factory::pqp_factory;
use super::pqp_request::{User, pqp_provider, pqp_start_hook, pqp_user_free, provider, start_hook};
use super::pqp_sasl::{pqp_auth_data_hook, set_token};
use super::pqp_status::pqp_status::{self, *};
use super::types::PGconn;
use crate::client::hooks::Provider;
use crate::client::{Handle, Hooks};

/// What the setters below have in common: the hook goes into a context, a factory or a connection.
pub(super) type Change = Box<dyn FnOnce(&mut Hooks)>;

fn set_start(hook: pqp_start_hook, user: User) -> Change {
    let hook = start_hook(hook, user);
    Box::new(move |hooks| hooks.start = hook)
}

fn set_provider(
    function: pqp_provider,
    user: User,
    slot: fn(&mut Hooks) -> &mut Option<Arc<Provider>>,
) -> Change {
    let provider = provider(function, user);
    Box::new(move |hooks| *slot(hooks) = provider)
}

/// # Safety
/// `context` is NULL or one has a reference to it.
unsafe fn in_context(context: *mut pqp_context, change: impl FnOnce() -> Change) -> pqp_status {
    catch(PQP_INTERNAL, || {
        // SAFETY: the caller's promise.
        match unsafe { context.as_ref() } {
            None => PQP_NULL,
            Some(context) => {
                context.core.change_hooks(change());
                PQP_OK
            }
        }
    })
}

/// # Safety
/// `factory` is NULL or one has a reference to it.
unsafe fn in_factory(factory: *mut pqp_factory, change: impl FnOnce() -> Change) -> pqp_status {
    catch(PQP_INTERNAL, || {
        // SAFETY: the caller's promise.
        match unsafe { factory.as_ref() } {
            None => PQP_NULL,
            Some(factory) => match factory.core.change_hooks(change()) {
                Ok(()) => PQP_OK,
                Err(_) => PQP_TOO_LATE,
            },
        }
    })
}

/// # Safety
/// `conn` is NULL or a connection that no other thread uses now.
unsafe fn in_conn(conn: *mut PGconn, change: impl FnOnce() -> Change) -> pqp_status {
    // SAFETY: the caller's promise.
    unsafe {
        with_conn_status(conn, |c| {
            let change = change();
            let mut former = Hooks::default();
            let set = c.with(|c| {
                let settable = c.is_settable();
                if settable {
                    former = c.own_hooks().clone();
                    change(c.own_hooks());
                }
                settable
            });
            // Outside of the borrow: their owner may be told.
            drop(former);
            match set {
                true => PQP_OK,
                false => PQP_TOO_LATE,
            }
        })
    }
}

/// Sets the hook that is called between start and first dial; NULL: nobody. Counts for what is asked afterwards.
///
/// # Safety
/// `context` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_start_hook(
    context: *mut pqp_context,
    hook: pqp_start_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { in_context(context, || set_start(hook, User::new(user, user_free))) }
}

/// Sets the hook that is called between start and first dial; NULL: nobody. `PQP_TOO_LATE` once a connection has
/// been started from the factory. It comes before the context's.
///
/// # Safety
/// `factory` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_start_hook(
    factory: *mut pqp_factory,
    hook: pqp_start_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { in_factory(factory, || set_start(hook, User::new(user, user_free))) }
}

/// Sets who gives the pass phrase of the client's private key, where it is encrypted; NULL: nobody. In the default
/// context it comes before the hook that `PQsetSSLKeyPassHook_OpenSSL` sets. Counts for what is asked afterwards.
///
/// # Safety
/// `context` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_key_password_provider(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_context(context, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.pass_phrase)
        })
    }
}

/// Sets who gives the password when the server asks for one: once for each attempt, with host, address, port, user,
/// database and whether the connection is encrypted; NULL: nobody. It comes before the option and the password
/// file, which serve where it returns `PQP_PROVIDED_DEFAULT`. Counts for what is asked afterwards.
///
/// # Safety
/// `context` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_password_provider(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_context(context, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.password)
        })
    }
}

/// Sets who gives the addresses of hosts given by name; NULL: nobody. Numeric addresses, `hostaddr` and Unix
/// sockets are no names. Counts for what is asked afterwards.
///
/// # Safety
/// `context` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_resolver(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_context(context, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.lookup)
        })
    }
}

/// Sets who connects to hosts: it is asked for each of them, Unix sockets too, before its name is looked up, and
/// again where encryption needs another connection; NULL: nobody. A cancel request to such a connection asks it as
/// well, by `PQcancelStart` and `PQcancelBlocking`; `PQcancel`, which may be called in a signal handler, cannot and
/// fails. Counts for what is asked afterwards.
///
/// # Safety
/// `context` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_dialler(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_context(context, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.dial)
        })
    }
}

/// Sets who gives the pass phrase of the client's private key, where it is encrypted; NULL: nobody. In the default
/// context it comes before the hook that `PQsetSSLKeyPassHook_OpenSSL` sets. `PQP_TOO_LATE` once a connection has
/// been started from the factory. It comes before the context's.
///
/// # Safety
/// `factory` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_key_password_provider(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_factory(factory, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.pass_phrase)
        })
    }
}

/// Sets who gives the password when the server asks for one: once for each attempt, with host, address, port, user,
/// database and whether the connection is encrypted; NULL: nobody. It comes before the option and the password
/// file, which serve where it returns `PQP_PROVIDED_DEFAULT`. `PQP_TOO_LATE` once a connection has been started
/// from the factory. It comes before the context's.
///
/// # Safety
/// `factory` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_password_provider(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_factory(factory, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.password)
        })
    }
}

/// Sets who gives the addresses of hosts given by name; NULL: nobody. Numeric addresses, `hostaddr` and Unix
/// sockets are no names. `PQP_TOO_LATE` once a connection has been started from the factory. It comes before the
/// context's.
///
/// # Safety
/// `factory` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_resolver(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_factory(factory, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.lookup)
        })
    }
}

/// Sets who connects to hosts: it is asked for each of them, Unix sockets too, before its name is looked up, and
/// again where encryption needs another connection; NULL: nobody. A cancel request to such a connection asks it as
/// well, by `PQcancelStart` and `PQcancelBlocking`; `PQcancel`, which may be called in a signal handler, cannot and
/// fails. `PQP_TOO_LATE` once a connection has been started from the factory. It comes before the context's.
///
/// # Safety
/// `factory` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_dialler(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_factory(factory, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.dial)
        })
    }
}

/// Sets who gives the pass phrase of the client's private key, where it is encrypted; NULL: nobody. In the default
/// context it comes before the hook that `PQsetSSLKeyPassHook_OpenSSL` sets. As `pqp_conn_set_param`, until the
/// first dial; then `PQP_TOO_LATE`. It comes before the factory's and the context's.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_key_password_provider(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_conn(conn, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.pass_phrase)
        })
    }
}

/// Sets who gives the password when the server asks for one: once for each attempt, with host, address, port, user,
/// database and whether the connection is encrypted; NULL: nobody. It comes before the option and the password
/// file, which serve where it returns `PQP_PROVIDED_DEFAULT`. As `pqp_conn_set_param`, until the first dial; then
/// `PQP_TOO_LATE`. It comes before the factory's and the context's.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_password_provider(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_conn(conn, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.password)
        })
    }
}

/// Sets who gives the addresses of hosts given by name; NULL: nobody. Numeric addresses, `hostaddr` and Unix
/// sockets are no names. As `pqp_conn_set_param`, until the first dial; then `PQP_TOO_LATE`. It comes before the
/// factory's and the context's.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_resolver(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_conn(conn, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.lookup)
        })
    }
}

/// Sets who connects to hosts: it is asked for each of them, Unix sockets too, before its name is looked up, and
/// again where encryption needs another connection; NULL: nobody. A cancel request to such a connection asks it as
/// well, by `PQcancelStart` and `PQcancelBlocking`; `PQcancel`, which may be called in a signal handler, cannot and
/// fails. As `pqp_conn_set_param`, until the first dial; then `PQP_TOO_LATE`. It comes before the factory's and the
/// context's.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_dialler(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        in_conn(conn, || {
            set_provider(provider, User::new(user, user_free), |h| &mut h.dial)
        })
    }
}

/// Sets who gets OAuth tokens for the connections of a context; NULL: nobody. In the default context it comes before the
/// hook that `PQsetAuthDataHook` sets, which no other context knows. Counts for what is asked afterwards.
///
/// # Safety
/// `context` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_auth_data_hook(
    context: *mut pqp_context,
    hook: pqp_auth_data_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { in_context(context, || set_token(hook, User::new(user, user_free))) }
}

/// Sets who gets OAuth tokens for the connections of a factory; NULL: nobody. `PQP_TOO_LATE` once a connection has been
/// started from the factory. It is asked instead of the context's.
///
/// # Safety
/// `factory` is NULL or one has a reference to it; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_auth_data_hook(
    factory: *mut pqp_factory,
    hook: pqp_auth_data_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { in_factory(factory, || set_token(hook, User::new(user, user_free))) }
}

/// Sets who gets the OAuth token of one connection; NULL: nobody. `PQP_TOO_LATE` once the connection has been dialled. It
/// is asked instead of the factory's and the context's.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; the function is NULL or may be called with `user` by
/// any thread that connects, and `user_free` by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_auth_data_hook(
    conn: *mut PGconn,
    hook: pqp_auth_data_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { in_conn(conn, || set_token(hook, User::new(user, user_free))) }
}
