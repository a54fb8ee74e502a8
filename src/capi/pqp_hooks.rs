//! Setting hooks: on a context, for all its connections; on a factory; on one connection.
//!
//! Contract of all functions: `context` and `factory` are NULL or one has a reference to them; `conn` is NULL or a connection
//! that no other thread uses now. The function is NULL or may be called with `user` by any thread that connects, and
//! `user_free` by any thread.

use std::ffi::c_void;
use std::sync::Arc;

use super::guard::{catch, with_conn_status, with_shared};
use super::pqp_context::pqp_context;
use super::pqp_factory::pqp_factory;
use super::pqp_request::{User, pqp_provider, pqp_start_hook, pqp_user_free, provider, start_hook};
use super::pqp_sasl::{auth_data_provider, pqp_auth_data_hook};
use super::pqp_status::pqp_status::{self, *};
use super::types::PGconn;
use crate::client::hooks::Provider;
use crate::client::{Handle, Hooks};

/// What hooks are set on.
trait Holder {
    /// # Safety
    /// The contract at the top of this module.
    unsafe fn change(self, change: impl FnOnce(&mut Hooks)) -> pqp_status;
}

impl Holder for *mut pqp_context {
    unsafe fn change(self, change: impl FnOnce(&mut Hooks)) -> pqp_status {
        // SAFETY: the caller's promise.
        unsafe {
            with_shared(self, |context| {
                context.core.change_hooks(change);
                PQP_OK
            })
        }
    }
}

impl Holder for *mut pqp_factory {
    unsafe fn change(self, change: impl FnOnce(&mut Hooks)) -> pqp_status {
        catch(PQP_INTERNAL, || {
            // SAFETY: the caller's promise.
            match unsafe { self.as_ref() } {
                None => PQP_NULL,
                Some(factory) => match factory.core.change_hooks(change) {
                    Ok(()) => PQP_OK,
                    Err(_) => PQP_TOO_LATE,
                },
            }
        })
    }
}

impl Holder for *mut PGconn {
    unsafe fn change(self, change: impl FnOnce(&mut Hooks)) -> pqp_status {
        // SAFETY: the caller's promise.
        unsafe {
            with_conn_status(self, |c| {
                let mut change = Some(change);
                let mut former = Hooks::default();
                let set = c.with(|c| {
                    let change = change.take_if(|_| c.is_settable());
                    let is_set = change.is_some();
                    if let Some(change) = change {
                        former = c.own_hooks().clone();
                        change(c.own_hooks());
                    }
                    is_set
                });
                // Outside of the borrow: the owner of either may be told.
                drop((former, change));
                match set {
                    true => PQP_OK,
                    false => PQP_TOO_LATE,
                }
            })
        }
    }
}

/// # Safety
/// The contract at the top of this module.
unsafe fn set_start(
    holder: impl Holder,
    hook: pqp_start_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    let hook = start_hook(hook, User::new(user, user_free));
    // SAFETY: the caller's promise.
    unsafe { holder.change(|hooks| hooks.start = hook) }
}

/// # Safety
/// The contract at the top of this module.
unsafe fn set_provider(
    holder: impl Holder,
    function: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
    slot: fn(&mut Hooks) -> &mut Option<Arc<Provider>>,
) -> pqp_status {
    let provider = provider(function, User::new(user, user_free));
    // SAFETY: the caller's promise.
    unsafe { holder.change(|hooks| *slot(hooks) = provider) }
}

/// # Safety
/// The contract at the top of this module.
unsafe fn set_auth_data(
    holder: impl Holder,
    hook: pqp_auth_data_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    let provider = auth_data_provider(hook, User::new(user, user_free));
    // SAFETY: the caller's promise.
    unsafe { holder.change(|hooks| hooks.auth_data = provider) }
}

/// Sets the hook that is called between start and first dial; NULL: nobody. Counts for what is asked afterwards.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_start_hook(
    context: *mut pqp_context,
    hook: pqp_start_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_start(context, hook, user, user_free) }
}

/// Sets who gives the pass phrase of the client's private key, where it is encrypted; NULL: nobody. In the default
/// context it comes before the hook that `PQsetSSLKeyPassHook_OpenSSL` sets. Counts for what is asked afterwards.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_key_password_provider(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(context, provider, user, user_free, |h| &mut h.pass_phrase) }
}

/// Sets who gives the password when the server asks for one: once for each attempt, with host, address, port, user,
/// database and whether the connection is encrypted; NULL: nobody. It comes before the option and the password file,
/// which serve where it returns `PQP_PROVIDED_DEFAULT`. Counts for what is asked afterwards.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_password_provider(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(context, provider, user, user_free, |h| &mut h.password) }
}

/// Sets who gives the token when the server asks for one by OAUTHBEARER, with `oauth_issuer` and `oauth_client_id` set;
/// NULL: nobody. The request says what it says for a password, and where the token is to be got:
/// `pqp_request_openid_configuration`, `pqp_request_issuer`, `pqp_request_scope`. It is answered by
/// `pqp_answer_password`; "could not get token" and the text of `pqp_answer_error` are in the error message where there
/// is none. Counts for what is asked afterwards.
///
/// An auth-data hook gets what is left to it, by `PQP_PROVIDED_DEFAULT` or `pqp_answer_default`: that of the
/// connection, else of the factory, else of the context, else, in the default context, of the process. A hook that is
/// nearer to the connection than the provider is asked in its stead; of the same object the provider comes first.
///
/// An answer that comes later may take the time for the attempt. Where `oauth_issuer` is the address of the discovery
/// document itself the server waits meanwhile, for its `authentication_timeout` (60 s, if not set); else it does not.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_token_provider(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(context, provider, user, user_free, |h| &mut h.token) }
}

/// Sets who gives the addresses of hosts given by name; NULL: nobody. Numeric addresses, `hostaddr` and Unix sockets
/// are no names. Counts for what is asked afterwards.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_resolver(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(context, provider, user, user_free, |h| &mut h.lookup) }
}

/// Sets who connects to hosts: it is asked for each of them, Unix sockets too, before its name is looked up, and again
/// where encryption needs another connection; NULL: nobody. A cancel request to such a connection asks it as well, by
/// `PQcancelStart` and `PQcancelBlocking`; `PQcancel`, which may be called in a signal handler, cannot and fails.
/// Counts for what is asked afterwards.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_dialler(
    context: *mut pqp_context,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(context, provider, user, user_free, |h| &mut h.dial) }
}

/// As `pqp_context_set_start_hook`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been
/// started from the factory. It comes before the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_start_hook(
    factory: *mut pqp_factory,
    hook: pqp_start_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_start(factory, hook, user, user_free) }
}

/// As `pqp_context_set_key_password_provider`, for the connections of one factory. `PQP_TOO_LATE` once a connection has
/// been started from the factory. It comes before the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_key_password_provider(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(factory, provider, user, user_free, |h| &mut h.pass_phrase) }
}

/// As `pqp_context_set_password_provider`, for the connections of one factory. `PQP_TOO_LATE` once a connection has
/// been started from the factory. It comes before the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_password_provider(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(factory, provider, user, user_free, |h| &mut h.password) }
}

/// As `pqp_context_set_token_provider`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been
/// started from the factory. It comes before the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_token_provider(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(factory, provider, user, user_free, |h| &mut h.token) }
}

/// As `pqp_context_set_resolver`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been started
/// from the factory. It comes before the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_resolver(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(factory, provider, user, user_free, |h| &mut h.lookup) }
}

/// As `pqp_context_set_dialler`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been started
/// from the factory. It comes before the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_dialler(
    factory: *mut pqp_factory,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(factory, provider, user, user_free, |h| &mut h.dial) }
}

/// As `pqp_context_set_key_password_provider`, for one connection, until its first dial, as `pqp_conn_set_param`; then
/// `PQP_TOO_LATE`. It comes before the factory's and the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_key_password_provider(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(conn, provider, user, user_free, |h| &mut h.pass_phrase) }
}

/// As `pqp_context_set_password_provider`, for one connection, until its first dial, as `pqp_conn_set_param`; then
/// `PQP_TOO_LATE`. It comes before the factory's and the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_password_provider(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(conn, provider, user, user_free, |h| &mut h.password) }
}

/// As `pqp_context_set_token_provider`, for one connection, until its first dial, as `pqp_conn_set_param`; then
/// `PQP_TOO_LATE`. It comes before the factory's and the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_token_provider(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(conn, provider, user, user_free, |h| &mut h.token) }
}

/// As `pqp_context_set_resolver`, for one connection, until its first dial, as `pqp_conn_set_param`; then
/// `PQP_TOO_LATE`. It comes before the factory's and the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_resolver(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(conn, provider, user, user_free, |h| &mut h.lookup) }
}

/// As `pqp_context_set_dialler`, for one connection, until its first dial, as `pqp_conn_set_param`; then
/// `PQP_TOO_LATE`. It comes before the factory's and the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_dialler(
    conn: *mut PGconn,
    provider: pqp_provider,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_provider(conn, provider, user, user_free, |h| &mut h.dial) }
}

/// Sets who gets OAuth tokens for the connections of a context, in libpq's way; NULL: nobody. In the default context it
/// comes before the hook that `PQsetAuthDataHook` sets, which no other context knows. Counts for what is asked
/// afterwards.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_auth_data_hook(
    context: *mut pqp_context,
    hook: pqp_auth_data_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_auth_data(context, hook, user, user_free) }
}

/// As `pqp_context_set_auth_data_hook`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been
/// started from the factory. It is asked instead of the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_set_auth_data_hook(
    factory: *mut pqp_factory,
    hook: pqp_auth_data_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_auth_data(factory, hook, user, user_free) }
}

/// As `pqp_context_set_auth_data_hook`, for one connection. `PQP_TOO_LATE` once the connection has been dialled. It is
/// asked instead of the factory's and the context's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_conn_set_auth_data_hook(
    conn: *mut PGconn,
    hook: pqp_auth_data_hook,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_auth_data(conn, hook, user, user_free) }
}
