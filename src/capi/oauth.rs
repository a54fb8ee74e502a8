//! Manual section "OAuth Support", hooks: how an application is asked for a bearer token, in libpq 18's way and in 19's.
//!
//! The hook may look at the connection, which nobody has borrowed. A request is the library's, and stays at its address
//! until its `cleanup` has been called: once, whatever becomes of it (behaviour 384).

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use zeroize::Zeroizing;

use super::auth_hook::PQgetAuthDataHook;
use super::guard::{Inside, catch, see_conn};
use super::ptr;
use super::types::PGconn;
use crate::connect::request::{Answer, Given};
use crate::connect::sasl::{Flow, TokenFlow, TokenStatus};
use crate::protocol::auth::oauth::TokenRequest;

/// `PQAUTHDATA_OAUTH_BEARER_TOKEN`.
const BEARER_TOKEN: c_int = 1;
/// `PQAUTHDATA_OAUTH_BEARER_TOKEN_V2`, of 19.
const BEARER_TOKEN_V2: c_int = 2;
/// `PGRES_POLLING_*`.
const FAILED: c_int = 0;
const READING: c_int = 1;
const WRITING: c_int = 2;
const OK: c_int = 3;

/// `PGoauthBearerRequest`: where a token is for, and where to leave it.
#[repr(C)]
pub struct PGoauthBearerRequest {
    /// Where the issuer's discovery document is.
    pub openid_configuration: *const c_char,
    /// The scopes wanted, separated by spaces; may be NULL.
    pub scope: *const c_char,
    /// Goes on getting the token, without waiting.
    pub r#async: Option<
        unsafe extern "C" fn(
            conn: *mut PGconn,
            request: *mut PGoauthBearerRequest,
            altsock: *mut c_int,
        ) -> c_int,
    >,
    /// Frees what the hook has allocated.
    pub cleanup:
        Option<unsafe extern "C" fn(conn: *mut PGconn, request: *mut PGoauthBearerRequest)>,
    /// The token. The library copies it.
    pub token: *mut c_char,
    /// The hook's own.
    pub user: *mut c_void,
}

/// `PGoauthBearerRequestV2`, of 19.
#[repr(C)]
pub struct PGoauthBearerRequestV2 {
    /// As in version 1; a pointer to it serves as one to this.
    pub v1: PGoauthBearerRequest,
    /// The issuer's identifier.
    pub issuer: *const c_char,
    /// Why there is no token, for the error text.
    pub error: *const c_char,
}

const _: () = assert!(
    size_of::<*const u8>() != 8
        || (size_of::<PGoauthBearerRequest>() == 48 && size_of::<PGoauthBearerRequestV2>() == 64)
);

/// Asks the application's hook for a token: first by the version of 19, then by that of 18 (behaviours 383, 413).
pub(crate) fn ask_token(conn: *mut PGconn, wanted: &TokenRequest) -> Answer {
    // SAFETY: `conn` is the connection the caller works on.
    let is_default = unsafe { see_conn(conn, false, |c| c.context.is_default()) };
    let hook = match PQgetAuthDataHook() {
        Some(hook) if is_default => hook,
        _ => return Answer::Default,
    };
    ask_by(conn, wanted, |kind, data| {
        // SAFETY: the hook's author promised that it may be called; the request has all the members of its version.
        unsafe { hook(kind, conn, data) }
    })
}

/// Asks `hook`, which gets the kind of request and the request.
pub(crate) fn ask_by(
    conn: *mut PGconn,
    wanted: &TokenRequest,
    hook: impl Fn(c_int, *mut c_void) -> c_int,
) -> Answer {
    for kind in [BEARER_TOKEN_V2, BEARER_TOKEN] {
        let request = Request::new(conn, kind, wanted);
        match hook(kind, request.raw.cast()) {
            0 => {}
            1.. => return request.begin(),
            _ => {
                let text = request.failure();
                request.finish();
                return Answer::Refused(text);
            }
        }
    }
    Answer::Default
}

/// A request that a hook has been given.
struct Request {
    conn: *mut PGconn,
    kind: c_int,
    /// From `Box`; ours until `is_over`.
    raw: *mut PGoauthBearerRequestV2,
    altsock: AtomicI32,
    /// The hook is being called.
    is_called: AtomicBool,
    /// It is to be cleaned up, and has been if nobody is being called.
    is_over: AtomicBool,
    /// What `raw` points to.
    _texts: [Zeroizing<Vec<u8>>; 3],
}

// SAFETY: it goes with its connection, which one thread uses at a time; the atomics are for calls within calls.
unsafe impl Send for Request {}
// SAFETY: as above.
unsafe impl Sync for Request {}

impl Request {
    fn new(conn: *mut PGconn, kind: c_int, wanted: &TokenRequest) -> Request {
        let text = |text: &[u8]| Zeroizing::new([text, b"\0"].concat());
        let texts = [
            text(&wanted.discovery_uri),
            text(wanted.scope.as_deref().unwrap_or_default()),
            text(&wanted.issuer),
        ];
        let pointer = |i: usize| texts[i].as_ptr().cast::<c_char>();
        let raw = Box::new(PGoauthBearerRequestV2 {
            v1: PGoauthBearerRequest {
                openid_configuration: pointer(0),
                scope: match wanted.scope {
                    Some(_) => pointer(1),
                    None => null(),
                },
                r#async: None,
                cleanup: None,
                token: null_mut(),
                user: null_mut(),
            },
            issuer: pointer(2),
            error: null(),
        });
        Request {
            conn,
            kind,
            raw: Box::into_raw(raw),
            altsock: AtomicI32::new(-1),
            is_called: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            _texts: texts,
        }
    }

    /// What the hook has left.
    fn begin(self) -> Answer {
        if let Some(token) = self.token() {
            self.finish();
            return Answer::Given(Given::Secret(token));
        }
        // One with no callback either fails when it is called, as in libpq.
        Answer::Given(Given::TokenFlow(Flow(Arc::new(self))))
    }

    fn token(&self) -> Option<Zeroizing<Vec<u8>>> {
        // SAFETY: `raw` is ours; the hook's author promised that the token is NULL or NUL-terminated.
        unsafe { ptr::text((*self.raw).v1.token) }.map(|token| Zeroizing::new(token.to_vec()))
    }

    /// Why there is no token.
    fn failure(&self) -> Vec<u8> {
        let mut text = b"user-defined OAuth flow failed".to_vec();
        if self.kind == BEARER_TOKEN_V2 {
            // SAFETY: `raw` is ours; the hook's author promised that the text is NULL or NUL-terminated.
            if let Some(reason) = unsafe { ptr::text((*self.raw).error) } {
                text.extend_from_slice(b": ");
                text.extend_from_slice(reason);
            }
        }
        text
    }

    fn clean_up(&self) {
        let _inside = Inside::enter();
        // SAFETY: `is_over` has just been set, so this happens once; nobody is being called. The hook's author promised
        // that `cleanup` may be called then.
        unsafe {
            if let Some(cleanup) = (*self.raw).v1.cleanup {
                cleanup(self.conn, self.raw.cast());
            }
        }
    }
}

impl TokenFlow for Request {
    fn poll(&self) -> TokenStatus {
        let failed = || TokenStatus::Failed(self.failure());
        // SAFETY: `raw` lives as long as this.
        let callback = unsafe { (*self.raw).v1.r#async };
        let Some(callback) = callback else {
            return TokenStatus::Failed(
                b"user-defined OAuth flow provided neither a token nor an async callback".to_vec(),
            );
        };
        if self.is_over.load(Ordering::Relaxed) {
            return failed();
        }
        if self.is_called.swap(true, Ordering::Relaxed) {
            return failed();
        }
        let mut altsock = self.altsock.load(Ordering::Relaxed);
        // SAFETY: the hook's author promised that it may be called until `cleanup` has been.
        let said = unsafe { callback(self.conn, self.raw.cast(), &raw mut altsock) };
        self.is_called.store(false, Ordering::Relaxed);
        self.altsock.store(altsock, Ordering::Relaxed);
        if self.is_over.load(Ordering::Relaxed) {
            // The callback has ended the attempt itself.
            self.clean_up();
            return TokenStatus::Failed(Vec::new());
        }
        // After a failure it is cleaned up when the connection goes.
        match said {
            READING | WRITING if altsock >= 0 => TokenStatus::Waiting {
                fd: altsock,
                write: said == WRITING,
            },
            READING | WRITING => TokenStatus::Failed(
                b"user-defined OAuth flow did not provide a socket for polling".to_vec(),
            ),
            OK => match self.token() {
                Some(token) => {
                    self.finish();
                    TokenStatus::Token(token)
                }
                None => {
                    TokenStatus::Failed(b"user-defined OAuth flow did not provide a token".to_vec())
                }
            },
            FAILED => failed(),
            // No status at all.
            _ => failed(),
        }
    }

    fn finish(&self) {
        if self.is_over.swap(true, Ordering::Relaxed) || self.is_called.load(Ordering::Relaxed) {
            return;
        }
        self.clean_up();
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        catch((), || {
            self.finish();
            // SAFETY: from `Box::into_raw`, and nobody else has it any more.
            drop(unsafe { Box::from_raw(self.raw) });
        });
    }
}
