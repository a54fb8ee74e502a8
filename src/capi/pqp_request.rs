//! What a connection that is being made asks the application for, and the answers, at once or later.
//!
//! Contract of all functions: `request` is NULL, or a request that the hook it was handed to has not returned from, or one
//! to which one has a reference; texts are NULL or NUL-terminated.

#![allow(non_camel_case_types)] // the names are C's

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::guard::{ConnRef, Inside, Lent, catch, with_shared};
use super::pqp_status::pqp_status::{self, *};
use super::pqp_transport::pqp_transport;
use super::ptr;
use super::types::PGconn;
use crate::client::Target;
use crate::client::hooks::{Provider, StartHook};
use crate::connect::request::{Answer, Given, NotTaken, Peer, Pending, Want, WantKind};
use crate::net::{Address, Transport, lookup, socket::Socket};

/// The most addresses that one answer may have.
const ADDRESSES_MAX: usize = 65_536;

/// A request to the application. Opaque and counted: a hook that answers later takes a reference with `pqp_request_ref`, and
/// gives it back with `pqp_request_free` when it has answered. That stays safe when the connection has long gone.
pub struct pqp_request {
    pending: Arc<Pending>,
    peer: Option<Peer>,
    host: CString,
    hostaddr: CString,
    user: CString,
    dbname: CString,
    openid_configuration: CString,
    issuer: CString,
    scope: CString,
}

/// What is asked for.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_request_kind {
    /// The pass phrase of the client's private key: `pqp_answer_password`.
    PQP_WANT_KEY_PASSWORD = 0,
    /// The password, which the server has asked for: `pqp_answer_password`.
    PQP_WANT_PASSWORD = 1,
    /// The addresses of a host: `pqp_answer_addresses`.
    PQP_WANT_ADDRESSES = 2,
    /// A connected transport to a host: `pqp_answer_socket`, `pqp_answer_transport`.
    PQP_WANT_TRANSPORT = 3,
    /// A token for OAUTHBEARER: `pqp_answer_password`.
    PQP_WANT_TOKEN = 4,
    /// A step of a SASL mechanism: `pqp_answer_sasl`.
    PQP_WANT_SASL = 5,
}

/// What a provider returns. Any other number fails what was asked for.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_provided {
    /// Nothing: what libpq does is to be done, as if there were no provider.
    PQP_PROVIDED_DEFAULT = 0,
    /// An answer: it has been given with a `pqp_answer_` function, or will be, by any thread, for which the provider has taken
    /// a reference.
    PQP_PROVIDED_ANSWER = 1,
    /// Nothing, and there is nothing to be had: what was asked for fails.
    PQP_PROVIDED_REFUSED = -1,
}

/// Asked for what a connection cannot go on without: see `pqp_provided` for what it returns, and the `pqp_request_`
/// functions for what it is asked. `conn` is the connection; it may be looked at, and must not be finished, polled or reset
/// from within. Called on the thread that connects: in `PQconnectPoll`, `PQconnectdb` and their like. Waiting for an
/// answer that comes later ends with the time for the attempt (`connect_timeout`, `connect_deadline_ms`); without either it
/// has no end.
pub type pqp_provider = Option<
    unsafe extern "C" fn(user: *mut c_void, conn: *mut PGconn, request: *mut pqp_request) -> c_int,
>;

/// Called between start and first dial, on the thread that starts; again before each reset. `pqp_conn_set_param` and
/// its like may be called on `conn`. 0 goes on; anything else fails the connection (`pqp_conn_refuse` says why).
pub type pqp_start_hook =
    Option<unsafe extern "C" fn(user: *mut c_void, conn: *mut PGconn) -> c_int>;

/// Told that nobody waits for the answer to a request any more.
pub type pqp_cancelled_hook =
    Option<unsafe extern "C" fn(user: *mut c_void, request: *mut pqp_request)>;

/// Frees what a hook was set with. It cannot use a connection that is in use, or half gone, when it is called, as a
/// transport's functions cannot.
pub type pqp_user_free = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// A pointer of the application's, and who is told when it is not needed any more.
pub(crate) struct User {
    pointer: *mut c_void,
    free: pqp_user_free,
}

// SAFETY: whoever sets a hook promises that it may be called with its pointer by any thread.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

impl User {
    pub(crate) fn new(pointer: *mut c_void, free: pqp_user_free) -> User {
        User { pointer, free }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            let _inside = Inside::enter();
            // SAFETY: the application gave the function for this pointer, and nothing calls the hook any more.
            unsafe { free(self.pointer) };
        }
    }
}

/// The C connection a hook is called for.
fn c_conn(target: &mut dyn Target) -> *mut PGconn {
    conn_of(target.as_any())
}

/// Lets a hook use the C connection it is called for, if there is one.
fn lend(target: &mut dyn Target) -> Option<Lent> {
    let conn = target.as_any().downcast_mut::<ConnRef>()?;
    Some(conn.lend())
}

/// The C connection behind a target; NULL where there is none.
pub(crate) fn conn_of(target: &mut dyn std::any::Any) -> *mut PGconn {
    match target.downcast_mut::<ConnRef>() {
        Some(conn) => conn.as_ptr(),
        None => std::ptr::null_mut(),
    }
}

/// A provider that calls a C function.
pub(crate) fn provider(function: pqp_provider, user: User) -> Option<Arc<Provider>> {
    let function = function?;
    Some(Arc::new(move |target, want, pending| {
        let conn = c_conn(target);
        let request = Arc::new(pqp_request::new(want, pending));
        let raw = Arc::as_ptr(&request).cast_mut();
        // SAFETY: the application set the function with this pointer; connection and request live through the call, and
        // nobody has the connection borrowed.
        let said = unsafe { function(user.pointer(), conn, raw) };
        match said {
            s if s == pqp_provided::PQP_PROVIDED_ANSWER as c_int => {
                Answer::Pending(Arc::clone(pending))
            }
            s if s == pqp_provided::PQP_PROVIDED_DEFAULT as c_int => Answer::Default,
            _ => Answer::Refused(request.refusal()),
        }
    }))
}

/// A start hook that calls a C function.
pub(crate) fn start_hook(function: pqp_start_hook, user: User) -> Option<Arc<StartHook>> {
    let function = function?;
    Some(Arc::new(move |target| {
        let conn = c_conn(target);
        let _lent = lend(target);
        // SAFETY: as in `provider`.
        match unsafe { function(user.pointer(), conn) } {
            0 => Ok(()),
            _ => {
                let mut said = false;
                target.connection(&mut |c| said = !c.link.session.errors.text().is_empty());
                // `pqp_conn_refuse` has worded it.
                Err(match said {
                    true => Vec::new(),
                    false => b"the start hook of the application failed".to_vec(),
                })
            }
        }
    }))
}

impl pqp_request {
    pub(crate) fn new(want: &Want, pending: &Arc<Pending>) -> pqp_request {
        let peer = match want {
            Want::Password(peer) | Want::Lookup(peer) | Want::Dial(peer) | Want::Token(peer, _) => {
                Some(peer.clone())
            }
            Want::Sasl(call) => Some(call.peer.clone()),
            _ => None,
        };
        let token = match want {
            Want::Token(_, token) => Some(token),
            _ => None,
        };
        // Options come from C strings, and a NUL in what the server says of tokens is refused: there is none in them.
        let text = |bytes: Option<&Vec<u8>>| {
            CString::new(bytes.cloned().unwrap_or_default()).unwrap_or_default()
        };
        let peers = peer.as_ref();
        pqp_request {
            host: text(peers.map(|p| &p.host)),
            hostaddr: text(peers.map(|p| &p.hostaddr)),
            user: text(peers.map(|p| &p.user)),
            dbname: text(peers.map(|p| &p.dbname)),
            openid_configuration: text(token.map(|t| &t.discovery_uri)),
            issuer: text(token.map(|t| &t.issuer)),
            scope: text(token.and_then(|t| t.scope.as_ref())),
            pending: Arc::clone(pending),
            peer,
        }
    }

    /// The text of an error that was answered though the provider refused.
    pub(crate) fn refusal(&self) -> Vec<u8> {
        match self.pending.take_early() {
            Some(Answer::Refused(text)) => text,
            _ => Vec::new(),
        }
    }

    pub(crate) fn settle(&self, answer: Answer) -> pqp_status {
        match self.pending.settle(answer) {
            Ok(()) => PQP_OK,
            Err(NotTaken::Twice) => PQP_TWICE,
            Err(NotTaken::TooLate) => PQP_TOO_LATE,
            Err(NotTaken::WrongKind) => PQP_WRONG_KIND,
        }
    }

    /// Whether an answer of this kind would be taken now.
    pub(crate) fn check(&self, kinds: &[WantKind]) -> Result<(), pqp_status> {
        match self.pending.is_open() {
            _ if !kinds.contains(&self.pending.kind()) => Err(PQP_WRONG_KIND),
            true => Ok(()),
            false if self.pending.is_cancelled() => Err(PQP_TOO_LATE),
            false => Err(PQP_TWICE),
        }
    }
}

/// # Safety
/// The contract at the top of this module.
unsafe fn with_request<R>(
    request: *const pqp_request,
    fallback: R,
    f: impl FnOnce(&pqp_request) -> R,
) -> R {
    // SAFETY: the caller's promise.
    match unsafe { request.as_ref() } {
        Some(request) => catch(fallback, || f(request)),
        None => fallback,
    }
}

/// A reference to the request, to be given back with `pqp_request_free`. Returns `request`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_ref(request: *mut pqp_request) -> *mut pqp_request {
    catch(std::ptr::null_mut(), || {
        if !request.is_null() {
            // SAFETY: covered by the contract above.
            unsafe { Arc::increment_strong_count(request.cast_const()) };
        }
        request
    })
}

/// Gives a reference back that `pqp_request_ref` gave; NULL is nothing. A request that nobody answered stays unanswered until
/// its time is over: answer it first.
///
/// # Safety
/// The contract at the top of this module; the reference is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_free(request: *mut pqp_request) {
    catch((), || {
        if !request.is_null() {
            // SAFETY: covered by the contract above.
            drop(unsafe { Arc::from_raw(request.cast_const()) });
        }
    });
}

/// What is asked for: a `pqp_request_kind`; -1 for NULL.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_what(request: *const pqp_request) -> c_int {
    // SAFETY: covered by the contract above.
    unsafe {
        with_request(request, -1, |r| {
            let kind = match r.pending.kind() {
                WantKind::PassPhrase => pqp_request_kind::PQP_WANT_KEY_PASSWORD,
                WantKind::Password => pqp_request_kind::PQP_WANT_PASSWORD,
                WantKind::Lookup => pqp_request_kind::PQP_WANT_ADDRESSES,
                WantKind::Dial => pqp_request_kind::PQP_WANT_TRANSPORT,
                WantKind::Token => pqp_request_kind::PQP_WANT_TOKEN,
                WantKind::Sasl => pqp_request_kind::PQP_WANT_SASL,
                WantKind::AuthData | WantKind::TokenPoll | WantKind::Nothing => return -1,
            };
            kind as c_int
        })
    }
}

/// The host as the options name it; "" where they give only an address. As all texts of a request: it lives as long as
/// the request, and is "" where it is not known.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_host(request: *const pqp_request) -> *const c_char {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, c"".as_ptr(), |r| r.host.as_ptr()) }
}

/// The numeric address; "" before the lookup, for a Unix socket, and where the transport is the application's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_hostaddr(request: *const pqp_request) -> *const c_char {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, c"".as_ptr(), |r| r.hostaddr.as_ptr()) }
}

/// The port; 0 where there is none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_port(request: *const pqp_request) -> c_int {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, 0, |r| r.peer.as_ref().map_or(0, |p| p.port.into())) }
}

/// The user.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_user(request: *const pqp_request) -> *const c_char {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, c"".as_ptr(), |r| r.user.as_ptr()) }
}

/// The database.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_dbname(request: *const pqp_request) -> *const c_char {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, c"".as_ptr(), |r| r.dbname.as_ptr()) }
}

/// Where the discovery document of the token's issuer is, an https address: the server's word, or the option's.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_openid_configuration(
    request: *const pqp_request,
) -> *const c_char {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, c"".as_ptr(), |r| r.openid_configuration.as_ptr()) }
}

/// The identifier of the token's issuer. It agrees with `oauth_issuer`, whatever the server says.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_issuer(request: *const pqp_request) -> *const c_char {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, c"".as_ptr(), |r| r.issuer.as_ptr()) }
}

/// The scopes to ask for, separated by spaces: the option's, else the server's; "" leaves them to the issuer.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_scope(request: *const pqp_request) -> *const c_char {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, c"".as_ptr(), |r| r.scope.as_ptr()) }
}

/// 1 where the connection is encrypted, its server verified as far as the options ask; else 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_is_encrypted(request: *const pqp_request) -> c_int {
    // SAFETY: covered by the contract above.
    unsafe {
        with_request(request, 0, |r| {
            c_int::from(r.peer.as_ref().is_some_and(|p| p.encrypted))
        })
    }
}

/// A number that grows with every lookup and every address of a connection that is tried.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_attempt(request: *const pqp_request) -> c_int {
    // SAFETY: covered by the contract above.
    unsafe {
        with_request(request, 0, |r| {
            let attempt = r.peer.as_ref().map_or(0, |p| p.attempt);
            c_int::try_from(attempt).unwrap_or(c_int::MAX)
        })
    }
}

/// 1 where nobody waits for the answer any more, else 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_is_cancelled(request: *const pqp_request) -> c_int {
    // SAFETY: covered by the contract above.
    unsafe { with_request(request, 0, |r| c_int::from(r.pending.is_cancelled())) }
}

/// Has `cancelled` called, once, when nobody waits for the answer any more: the time is over, or the connection is reset or
/// finished. It is called by the thread that does that, and cannot use the connection, as a transport's functions cannot. It is
/// not called for a request that is answered in time. `PQP_TOO_LATE`, `PQP_TWICE`: it would never be called.
///
/// # Safety
/// The contract at the top of this module; `cancelled` is NULL or may be called with `user` by any thread that uses the
/// connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_request_on_cancel(
    request: *mut pqp_request,
    cancelled: pqp_cancelled_hook,
    user: *mut c_void,
) -> pqp_status {
    let Some(cancelled) = cancelled else {
        return PQP_NULL;
    };
    // SAFETY: covered by the contract above; the request lives through the call, for it holds what is called.
    unsafe {
        with_shared(request, |r| {
            let user = User::new(user, None);
            // A reference of its own, which goes when the request is answered or cancelled: one of them comes to every request.
            let told = Arc::from_raw(pqp_request_ref(request).cast_const());
            let call = move || {
                // The whole of it: the pointer alone must not be taken to another thread.
                let user = user;
                let _inside = Inside::enter();
                cancelled(user.pointer(), Arc::as_ptr(&told).cast_mut());
            };
            match r.pending.on_cancel(call) {
                true => PQP_OK,
                false if r.pending.is_cancelled() => PQP_TOO_LATE,
                false => PQP_TWICE,
            }
        })
    }
}

/// Answers that libpq's own way is to be taken, as if there were no provider.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_answer_default(request: *mut pqp_request) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { with_shared(request, |r| r.settle(Answer::Default)) }
}

/// Answers that what was asked for cannot be had; `text` becomes part of the connection's error message. Copied.
///
/// As for all answers: the first one counts. `PQP_TWICE`: there was one before. `PQP_TOO_LATE`: nobody waits any more.
/// `PQP_WRONG_KIND`: something else was asked for. Whenever it is not `PQP_OK` nothing was taken.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_answer_error(
    request: *mut pqp_request,
    text: *const c_char,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        with_shared(request, |r| {
            let text = ptr::text(text).unwrap_or_default().to_vec();
            r.settle(Answer::Refused(text))
        })
    }
}

/// Answers with the password, pass phrase or token. Copied; the copies are wiped when they go.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_answer_password(
    request: *mut pqp_request,
    password: *const c_char,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        with_shared(request, |r| {
            let Some(password) = ptr::text(password) else {
                return PQP_NULL;
            };
            let password = Zeroizing::new(password.to_vec());
            r.settle(Answer::Given(Given::Secret(password)))
        })
    }
}

/// Answers with the addresses of the host, in the order they are to be tried: a list ended by NULL, of numeric internet
/// addresses such as "192.0.2.1" and "2001:db8::1", and paths of Unix sockets, which begin with "/", or "@" for abstract
/// ones. The port is the request's. Copied. An empty list fails the host. `PQP_INVALID`: one of them is no address, or there
/// are more than 65536.
///
/// # Safety
/// The contract at the top of this module; `addresses` is NULL or ends with a NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_answer_addresses(
    request: *mut pqp_request,
    addresses: *const *const c_char,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        with_shared(request, |r| {
            if addresses.is_null() {
                return PQP_NULL;
            }
            if let Err(status) = r.check(&[WantKind::Lookup]) {
                return status;
            }
            let port = r.peer.as_ref().map_or(0, |peer| peer.port);
            let mut read = Vec::new();
            while let Some(text) = ptr::text(*addresses.add(read.len())) {
                let Some(address) = read_address(text, port) else {
                    return PQP_INVALID;
                };
                if read.len() == ADDRESSES_MAX {
                    return PQP_INVALID;
                }
                read.push(address);
            }
            r.settle(Answer::Given(Given::Addresses(read)))
        })
    }
}

fn read_address(text: &[u8], port: u16) -> Option<Address> {
    match text.first() {
        Some(b'/' | b'@') => Address::unix(text),
        _ => lookup::numeric(text, port).ok()?.into_iter().next(),
    }
}

/// Answers with a connected stream socket, which is the library's from then on if the answer is `PQP_OK`: it is put into
/// blocking mode, and closed with the connection. `PQP_INVALID`: it is no open descriptor.
///
/// The option requirepeer is checked on a Unix socket, whatever the host. Where the host is a Unix socket any other descriptor
/// fails with requirepeer; where it is not, an internet socket is not asked, as in libpq.
///
/// # Safety
/// The contract at the top of this module; nobody else closes `descriptor`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_answer_socket(
    request: *mut pqp_request,
    descriptor: c_int,
) -> pqp_status {
    // SAFETY: covered by the contract above; fcntl looks whether there is such a descriptor.
    unsafe {
        with_shared(request, |r| {
            if let Err(status) = r.check(&[WantKind::Dial]) {
                return status;
            }
            let flags = libc::fcntl(descriptor, libc::F_GETFD);
            if descriptor < 0 || flags < 0 {
                return PQP_INVALID;
            }
            libc::fcntl(descriptor, libc::F_SETFD, flags | libc::FD_CLOEXEC);
            // Whoever comes in between keeps what is his: the descriptor is the caller's unless the answer is taken.
            let copy = libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 0);
            if copy < 0 {
                return PQP_NO_MEMORY;
            }
            let socket = Socket::from_fd(OwnedFd::from_raw_fd(copy));
            match r.settle(Answer::Given(Given::Transport(Transport::Plain(socket)))) {
                PQP_OK => {
                    libc::close(descriptor);
                    PQP_OK
                }
                status => status,
            }
        })
    }
}

/// Answers with a transport of the application's, which is the library's from then on if the answer is `PQP_OK`: its close
/// function is called with the end of the connection. TLS works on top of it as on a socket. With the option requirepeer the
/// attempt fails, for nobody can say who is at the other end.
///
/// # Safety
/// The contract at the top of this module; `transport` is NULL, or has not been given away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_answer_transport(
    request: *mut pqp_request,
    transport: *mut pqp_transport,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        with_shared(request, |r| {
            if transport.is_null() {
                return PQP_NULL;
            }
            if let Err(status) = r.check(&[WantKind::Dial]) {
                return status;
            }
            let Some(stream) = (*transport).shared() else {
                return PQP_INVALID;
            };
            let socket = Socket::from_stream(Box::new(stream));
            match r.settle(Answer::Given(Given::Transport(Transport::Plain(socket)))) {
                PQP_OK => {
                    drop(Box::from_raw(transport));
                    PQP_OK
                }
                status => status,
            }
        })
    }
}
