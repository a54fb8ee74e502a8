//! Authentication by the application: SASL mechanisms of its own for one context, and who is asked for OAuth tokens.
//!
//! Contract of all functions: `context` is NULL or one has a reference to it; a function handed in may be called with `user`
//! by any thread that connects, and `user_free` by any thread.

#![allow(non_camel_case_types)] // the names are C's

use std::any::Any;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::guard::{Inside, catch, with_shared};
use super::oauth;
use super::pqp_context::pqp_context;
use super::pqp_request::{User, conn_of, pqp_provided, pqp_request, pqp_user_free};
use super::pqp_status::pqp_status::{self, *};
use super::ptr;
use super::types::PGconn;
use crate::client::hooks::Provider;
use crate::connect::request::{Answer, Given, Peer, Pending, Want, WantKind};
use crate::connect::sasl::{SaslCall, SaslExchange, SaslMechanism, SaslOutcome, SaslReply};

/// A SASL mechanism of the application. All of it is copied when it is registered.
///
/// Of the mechanisms that both sides have, the one with the highest priority is used; among equals, the one that the server
/// names first. SCRAM-SHA-256-PLUS has 100, SCRAM-SHA-256 and OAUTHBEARER have 0. A list in `require_auth` rules an
/// application's mechanisms out, unless it is one of what is not wanted; `channel_binding=require` does always.
#[repr(C)]
pub struct pqp_sasl_mechanism {
    /// Its registered name, such as "X-TICKET": 1 to 20 of A-Z, 0-9, "-" and "_". One with the name of a former mechanism
    /// takes its place, also of the library's own.
    pub name: *const c_char,
    /// The higher, the better.
    pub priority: c_int,
    /// Not 0: it is passed over on a connection that is not encrypted.
    pub needs_encryption: c_int,
    /// Begins an exchange on this connection: its state, for the other two; NULL fails it. The request says host, address,
    /// port, user and database.
    pub init: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            conn: *mut PGconn,
            request: *mut pqp_request,
        ) -> *mut c_void,
    >,
    /// The next step: `input` is NULL at first, then what the server has sent, `input_len` bytes; `is_final` is 1 with its
    /// last message. Returns a `pqp_provided`: `PQP_PROVIDED_ANSWER` when it has called `pqp_answer_sasl`, or will,
    /// from any thread; anything else fails the exchange, with the text of `pqp_answer_error` if that has been called.
    /// On the thread that connects; `conn` of `init` may be looked at.
    pub step: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            state: *mut c_void,
            request: *mut pqp_request,
            input: *const c_char,
            input_len: usize,
            is_final: c_int,
        ) -> c_int,
    >,
    /// Frees the state: once, whatever has become of the exchange. May be NULL.
    pub free: Option<unsafe extern "C" fn(user: *mut c_void, state: *mut c_void)>,
}

/// What a step gives.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_sasl_reply {
    /// Send this and go on. NULL is no initial response in the first step, and an error later.
    PQP_SASL_CONTINUE = 0,
    /// From this side that was all. NULL: there is nothing left to send.
    PQP_SASL_FINISHED = 1,
}

type Init = unsafe extern "C" fn(*mut c_void, *mut PGconn, *mut pqp_request) -> *mut c_void;
type StepFn = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    *mut pqp_request,
    *const c_char,
    usize,
    c_int,
) -> c_int;

struct Registered {
    name: Vec<u8>,
    priority: i32,
    needs_encryption: bool,
    init: Init,
    step: StepFn,
    free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
    user: Arc<User>,
}

impl SaslMechanism for Registered {
    fn name(&self) -> &[u8] {
        &self.name
    }

    fn priority(&self) -> i32 {
        self.priority
    }

    fn needs_encryption(&self) -> bool {
        self.needs_encryption
    }

    fn begin(&self, peer: &Peer, target: &mut dyn Any) -> Result<Box<dyn SaslExchange>, Vec<u8>> {
        // For looking at: it is answered by nobody.
        let pending = Pending::new(WantKind::Nothing);
        let request = Arc::new(pqp_request::new(&Want::Password(peer.clone()), &pending));
        let raw = Arc::as_ptr(&request).cast_mut();
        // SAFETY: the application registered the function with this pointer; connection and request live through the
        // call, and nobody has the connection borrowed.
        let state = unsafe { (self.init)(self.user.pointer(), conn_of(target), raw) };
        pending.cancel();
        if state.is_null() {
            return Err(Vec::new());
        }
        Ok(Box::new(Exchange {
            state,
            step: self.step,
            free: self.free,
            user: Arc::clone(&self.user),
        }))
    }
}

struct Exchange {
    state: *mut c_void,
    step: StepFn,
    free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
    user: Arc<User>,
}

// SAFETY: whoever registers a mechanism promises that it may be called by any thread that connects.
unsafe impl Send for Exchange {}

impl SaslExchange for Exchange {
    fn step(&mut self, call: &SaslCall, pending: &Arc<Pending>) -> SaslOutcome {
        let request = Arc::new(pqp_request::new(&Want::Sasl(call.clone()), pending));
        let raw = Arc::as_ptr(&request).cast_mut();
        let (input, len) = match &call.input {
            Some(input) => (input.as_ptr().cast(), input.len()),
            None => (std::ptr::null(), 0),
        };
        // SAFETY: as in `begin`; the state is `init`'s and not freed.
        let said = unsafe {
            (self.step)(
                self.user.pointer(),
                self.state,
                raw,
                input,
                len,
                c_int::from(call.is_final),
            )
        };
        match said == pqp_provided::PQP_PROVIDED_ANSWER as c_int {
            true => SaslOutcome::Later,
            false => SaslOutcome::Failed(request.refusal()),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            let _inside = Inside::enter();
            // SAFETY: the state is `init`'s, and this is the only time.
            catch((), || unsafe { free(self.user.pointer(), self.state) });
        }
    }
}

/// Whether it may be a mechanism's name (RFC 4422, section 3.1).
fn is_name(name: &[u8]) -> bool {
    let is_allowed = |b: &u8| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_');
    (1..=20).contains(&name.len()) && name.iter().all(is_allowed)
}

/// Registers a SASL mechanism for the connections of a context that are started afterwards. `PQP_INVALID` for a name that is
/// none, and where `init` or `step` is NULL.
///
/// # Safety
/// The contract at the top of this module; `mechanism` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_register_sasl(
    context: *mut pqp_context,
    mechanism: *const pqp_sasl_mechanism,
    user: *mut c_void,
    user_free: pqp_user_free,
) -> pqp_status {
    let user = User::new(user, user_free);
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_shared(context, |context| {
            let Some(given) = mechanism.as_ref() else {
                return PQP_NULL;
            };
            let (Some(init), Some(step)) = (given.init, given.step) else {
                return PQP_INVALID;
            };
            let name = ptr::text(given.name).unwrap_or_default();
            if !is_name(name) {
                return PQP_INVALID;
            }
            let registered = Arc::new(Registered {
                name: name.to_vec(),
                priority: given.priority,
                needs_encryption: given.needs_encryption != 0,
                init,
                step,
                free: given.free,
                user: Arc::new(user),
            });
            context
                .core
                .change_hooks(|hooks| hooks.sasl.register(registered));
            PQP_OK
        })
    }
}

/// Answers a step of a SASL mechanism: `data` of `len` bytes is sent, and `reply`, a `pqp_sasl_reply`, says whether that was all.
/// From any thread. `PQP_TWICE`, `PQP_TOO_LATE` and `PQP_WRONG_KIND` as with the other answers.
///
/// # Safety
/// `request` is NULL, or a request that its step has not returned from, or one has a reference to; `data` is NULL or has
/// `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_answer_sasl(
    request: *mut pqp_request,
    reply: c_int,
    data: *const c_char,
    len: usize,
) -> pqp_status {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_shared(request, |r| {
            if let Err(status) = r.check(&[WantKind::Sasl]) {
                return status;
            }
            let data = ptr::slice(data.cast::<u8>(), len as isize)
                .map(|data| Zeroizing::new(data.to_vec()));
            let reply = match reply {
                x if x == pqp_sasl_reply::PQP_SASL_CONTINUE as c_int => SaslReply::Continue(data),
                x if x == pqp_sasl_reply::PQP_SASL_FINISHED as c_int => SaslReply::Finished(data),
                _ => return PQP_INVALID,
            };
            r.settle(Answer::Given(Given::Sasl(reply)))
        })
    }
}

/// As `PQauthDataHook_type`, with a pointer of the application's: asked for OAuth tokens, by `PQAUTHDATA_OAUTH_BEARER_TOKEN_V2`
/// first, then by `PQAUTHDATA_OAUTH_BEARER_TOKEN`; `data` is a request of that version. More than 0: a token or a callback is
/// in the request; 0: not by this version; less: there is none, and connecting fails.
pub type pqp_auth_data_hook = Option<
    unsafe extern "C" fn(
        kind: c_int,
        conn: *mut PGconn,
        data: *mut c_void,
        user: *mut c_void,
    ) -> c_int,
>;

/// A provider of tokens that calls a C function in libpq's way.
pub(crate) fn auth_data_provider(hook: pqp_auth_data_hook, user: User) -> Option<Arc<Provider>> {
    let hook = hook?;
    Some(Arc::new(move |target, want, _: &Arc<Pending>| {
        let Want::AuthData(wanted) = want else {
            return Answer::Default;
        };
        let conn = conn_of(target.as_any());
        let pointer = user.pointer();
        oauth::ask_by(conn, wanted, |kind, data| {
            // SAFETY: the application set the hook with this pointer; the request has all members of its version.
            unsafe { hook(kind, conn, data, pointer) }
        })
    }))
}
