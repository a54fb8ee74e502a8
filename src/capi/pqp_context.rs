//! Contexts: what is global to a process in libpq, as many times as one likes.
//!
//! Contract of all functions: `context` is NULL or a context one has a reference to; texts are NULL or NUL-terminated.
//! Contexts may be used by any thread at any time.

#![allow(non_camel_case_types)] // the names are C's

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use zeroize::Zeroizing;

use super::guard::{catch, with_shared};
use super::pqp_status::pqp_status::{self, *};
use super::ptr;
use super::types::{NoticeHooks, PQnoticeProcessor, PQnoticeReceiver};
use crate::client::Context;
use crate::client::context::Switches;
use crate::config::{FilePolicy, Opt, Policy};
use crate::net::shared::Shared;

/// A context. Opaque; connections and factories made in it keep it alive.
pub struct pqp_context {
    pub(crate) core: Arc<Context>,
    slots: Shared<Slots>,
}

/// What of a context only C knows.
#[derive(Clone, Copy)]
pub(crate) struct Slots {
    /// What connections begin with.
    pub(crate) notice: NoticeHooks,
    pub(crate) thread_lock: pqp_thread_lock,
}

// SAFETY: whoever sets a hook promises that it may be called with its argument from any thread.
unsafe impl Send for Slots {}
// SAFETY: as above.
unsafe impl Sync for Slots {}

impl pqp_context {
    fn new() -> Arc<pqp_context> {
        Arc::new(pqp_context {
            core: Context::new(),
            slots: Shared::new(Slots {
                notice: NoticeHooks::default(),
                thread_lock: Some(super::threads::default_lock),
            }),
        })
    }

    pub(crate) fn slots(&self) -> Slots {
        *self.slots.get()
    }

    pub(crate) fn change_slots<R>(&self, change: impl FnOnce(&mut Slots) -> R) -> R {
        self.slots.change(change)
    }

    /// Whether it is the one that libpq's own functions use.
    pub(crate) fn is_default(&self) -> bool {
        std::ptr::eq(self, DEFAULT.load(Ordering::Acquire))
    }
}

/// The default context, once somebody has asked for it; never freed. No lock makes it, for a fork would leave it locked.
static DEFAULT: AtomicPtr<pqp_context> = AtomicPtr::new(std::ptr::null_mut());

/// The context that libpq's own functions use.
pub(crate) fn default_context() -> Arc<pqp_context> {
    let mut context = DEFAULT.load(Ordering::Acquire).cast_const();
    if context.is_null() {
        let fresh = Arc::into_raw(pqp_context::new());
        let swapped = DEFAULT.compare_exchange(
            std::ptr::null_mut(),
            fresh.cast_mut(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        context = match swapped {
            Ok(_) => fresh,
            Err(first) => {
                // SAFETY: the pointer is `into_raw`'s, and nobody else has it.
                drop(unsafe { Arc::from_raw(fresh) });
                first.cast_const()
            }
        };
    }
    // SAFETY: the pointer is `into_raw`'s, and its reference is never given back.
    unsafe { share(context) }
}

/// A reference of one's own.
///
/// # Safety
/// `context` is `Arc::into_raw`'s, and somebody has a reference meanwhile.
pub(crate) unsafe fn share(context: *const pqp_context) -> Arc<pqp_context> {
    // SAFETY: the caller's promise.
    unsafe {
        Arc::increment_strong_count(context);
        Arc::from_raw(context)
    }
}

/// # Safety
/// The contract at the top of this module.
unsafe fn set_policy(
    context: *const pqp_context,
    set: impl FnOnce(&mut Policy) -> Result<(), pqp_status>,
) -> pqp_status {
    // SAFETY: the caller's promise.
    unsafe {
        with_shared(context, |context| {
            let mut done = Ok(());
            context.core.change_policy(|policy| done = set(policy));
            done.err().unwrap_or(PQP_OK)
        })
    }
}

/// # Safety
/// The contract at the top of this module.
unsafe fn set_switch(context: *const pqp_context, set: impl FnOnce(&mut Switches)) -> pqp_status {
    // SAFETY: the caller's promise.
    unsafe {
        with_shared(context, |context| {
            context.core.change_switches(set);
            PQP_OK
        })
    }
}

/// # Safety
/// The contract at the top of this module.
unsafe fn set_slot(context: *const pqp_context, set: impl FnOnce(&mut Slots)) -> pqp_status {
    // SAFETY: the caller's promise.
    unsafe {
        with_shared(context, |context| {
            context.change_slots(set);
            PQP_OK
        })
    }
}

/// A lock as `PQregisterThreadLock` takes it: taken when the argument is not 0, given back when it is.
pub type pqp_thread_lock = Option<unsafe extern "C" fn(acquire: c_int)>;

/// Whether files of a kind are read.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_file_policy {
    /// As libpq does it.
    PQP_FILE_USUAL = 0,
    /// Never, not even one that the caller's options name.
    PQP_FILE_NEVER = 1,
    /// A given one takes the place of those in the home directory, the system's and what the environment names. One that the
    /// caller's options name comes before it.
    PQP_FILE_ONLY = 2,
}

/// A new context with libpq's ways and no hooks; to be given back with `pqp_context_free`. NULL when memory is out.
#[unsafe(no_mangle)]
pub extern "C" fn pqp_context_new() -> *mut pqp_context {
    catch(std::ptr::null_mut(), || {
        Arc::into_raw(pqp_context::new()).cast_mut()
    })
}

/// The context that libpq's own functions use: `PQconnectdb` and its like make their connections in it, and
/// `PQsetAuthDataHook`, `PQregisterThreadLock` and `PQsetSSLKeyPassHook_OpenSSL` change it and no other. A reference of
/// one's own, to be given back with `pqp_context_free`; the context itself stays.
#[unsafe(no_mangle)]
pub extern "C" fn pqp_context_default() -> *mut pqp_context {
    catch(std::ptr::null_mut(), || {
        Arc::into_raw(default_context()).cast_mut()
    })
}

/// Another reference to the context, to be given back by a `pqp_context_free` of its own. Returns `context`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_ref(context: *mut pqp_context) -> *mut pqp_context {
    catch(std::ptr::null_mut(), || {
        if !context.is_null() {
            // SAFETY: covered by the contract above.
            unsafe { Arc::increment_strong_count(context.cast_const()) };
        }
        context
    })
}

/// Gives a reference back; NULL is nothing. The context goes with the last of them, and with the last connection and factory
/// made in it.
///
/// # Safety
/// The contract at the top of this module; the reference is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_free(context: *mut pqp_context) {
    catch((), || {
        if !context.is_null() {
            // SAFETY: covered by the contract above.
            drop(unsafe { Arc::from_raw(context.cast_const()) });
        }
    });
}

/// Sets what stands in for the compiled-in default of a connection option, such as "gssencmode" or "connect_timeout":
/// caller, service file and environment come before it. NULL takes it back. Counts for connections and factories made
/// afterwards. `PQP_INVALID`: there is no such option, or it is "service" or "servicefile".
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_default_param(
    context: *mut pqp_context,
    keyword: *const c_char,
    value: *const c_char,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_policy(context, |policy| {
            let opt = match Opt::from_keyword(ptr::text(keyword).ok_or(PQP_NULL)?) {
                Some(opt) if !matches!(opt, Opt::Service | Opt::Servicefile) => opt,
                _ => return Err(PQP_INVALID),
            };
            let value = ptr::text(value).map(|value| Zeroizing::new(value.to_vec()));
            policy.set_default(opt, value);
            Ok(())
        })
    }
}

/// Whether environment variables are read (1, as libpq does) or not (0): those for options, `HOME`, and those sent to the
/// server. Without `HOME` the home directory is the one that the user database has.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_env_policy(
    context: *mut pqp_context,
    use_environment: c_int,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_policy(context, |policy| {
            policy.ignore_environment = use_environment == 0;
            Ok(())
        })
    }
}

/// Which service files are read: a `pqp_file_policy`; `path` only with `PQP_FILE_ONLY`. With `PQP_FILE_NEVER` a connection
/// whose caller names a service fails.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_service_file_policy(
    context: *mut pqp_context,
    policy: c_int,
    path: *const c_char,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_policy(context, |set| {
            set.service_file = file_policy(policy, path)?;
            Ok(())
        })
    }
}

/// Which password files are read: a `pqp_file_policy`; `path` only with `PQP_FILE_ONLY`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_password_file_policy(
    context: *mut pqp_context,
    policy: c_int,
    path: *const c_char,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_policy(context, |set| {
            set.password_file = file_policy(policy, path)?;
            Ok(())
        })
    }
}

/// # Safety
/// `path` is NULL or NUL-terminated.
unsafe fn file_policy(policy: c_int, path: *const c_char) -> Result<FilePolicy, pqp_status> {
    // SAFETY: the caller's promise.
    let path = unsafe { ptr::text(path) };
    match policy {
        p if p == pqp_file_policy::PQP_FILE_USUAL as c_int => Ok(FilePolicy::Usual),
        p if p == pqp_file_policy::PQP_FILE_NEVER as c_int => Ok(FilePolicy::Never),
        p if p == pqp_file_policy::PQP_FILE_ONLY as c_int => match path {
            Some(path) => Ok(FilePolicy::Only(path.to_vec())),
            None => Err(PQP_NULL),
        },
        _ => Err(PQP_INVALID),
    }
}

/// Sets the directory of the server's Unix socket where no host is given, or an abstract name that begins with "@"; NULL:
/// the compiled-in one. `PQP_INVALID`: it begins with neither "/" nor "@".
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_socket_directory(
    context: *mut pqp_context,
    directory: *const c_char,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_policy(context, |policy| {
            let directory = ptr::text(directory);
            if directory.is_some_and(|d| !matches!(d.first(), Some(b'/' | b'@'))) {
                return Err(PQP_INVALID);
            }
            policy.socket_dir = directory.map(<[u8]>::to_vec);
            Ok(())
        })
    }
}

/// Whether the operating system's texts in error messages are English (1) or the locale's (0, as in libpq). Texts of this
/// library always are English, and those of the server follow its `lc_messages`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_english(
    context: *mut pqp_context,
    english: c_int,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_switch(context, |switches| switches.english = english != 0) }
}

/// Whether `PQsocket` is, while connecting in steps, what it is in libpq 18 (1): the present attempt's socket, so that deadlines
/// are the caller's matter, and `PQconnectPoll` may wait in a name lookup. 0 is this library's way. The environment
/// variable `PQP_CLASSIC_SOCKET=1` does the same for the whole process.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_classic_socket(
    context: *mut pqp_context,
    classic: c_int,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set_switch(context, |switches| switches.classic_socket = classic != 0) }
}

/// Sets the authorities that servers' certificates must come from, as `len` bytes of PEM, where `sslrootcert` is not given:
/// they take the place of the file in the home directory. Copied. NULL takes them back. What is no PEM fails the connection.
///
/// # Safety
/// The contract at the top of this module; `pem` is NULL or has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_tls_roots(
    context: *mut pqp_context,
    pem: *const c_char,
    len: usize,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_policy(context, |policy| {
            policy.roots = bytes(pem, len).map(Arc::from);
            Ok(())
        })
    }
}

/// Sets the certificate that is shown to servers that ask for one, and its private key, both as PEM of so many bytes,
/// where neither `sslcert` nor `sslkey` is given: they take the place of the files in the home directory. Copied; the copies
/// of the key are wiped when they go. Both NULL takes them back; only one of them NULL is `PQP_NULL`.
///
/// # Safety
/// The contract at the top of this module; the PEM texts are NULL or have as many bytes as is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_tls_identity(
    context: *mut pqp_context,
    certificate_pem: *const c_char,
    certificate_len: usize,
    key_pem: *const c_char,
    key_len: usize,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_policy(context, |policy| {
            let certificate = bytes(certificate_pem, certificate_len);
            let key = bytes(key_pem, key_len);
            policy.identity = match (certificate, key) {
                (Some(certificate), Some(key)) => Some((
                    Arc::from(certificate),
                    Arc::new(Zeroizing::new(key.to_vec())),
                )),
                (None, None) => None,
                _ => return Err(PQP_NULL),
            };
            Ok(())
        })
    }
}

/// # Safety
/// `data` is NULL or has `len` bytes.
unsafe fn bytes<'a>(data: *const c_char, len: usize) -> Option<&'a [u8]> {
    let len = isize::try_from(len).unwrap_or(0);
    // SAFETY: the caller's promise.
    unsafe { ptr::slice(data.cast(), len) }
}

/// Sets who is shown the notices of connections made afterwards, as results, as `PQsetNoticeReceiver` does for one; NULL: the
/// default, which calls the processor. `user` is passed to it, and must be good as long as a connection of the
/// context or one of its results lives.
///
/// # Safety
/// The contract at the top of this module; `receiver` is NULL or may be called with `user` by any thread that uses a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_notice_receiver(
    context: *mut pqp_context,
    receiver: PQnoticeReceiver,
    user: *mut c_void,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_slot(context, |slots| {
            slots.notice.receiver = match receiver {
                Some(_) => (receiver, user),
                None => NoticeHooks::default().receiver,
            };
        })
    }
}

/// Sets who is shown the notices of connections made afterwards, as texts, as `PQsetNoticeProcessor` does for one; NULL: the
/// default, which writes them to standard error. `user` as for `pqp_context_set_notice_receiver`.
///
/// # Safety
/// As for [`pqp_context_set_notice_receiver`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_notice_processor(
    context: *mut pqp_context,
    processor: PQnoticeProcessor,
    user: *mut c_void,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_slot(context, |slots| {
            slots.notice.processor = match processor {
                Some(_) => (processor, user),
                None => NoticeHooks::default().processor,
            };
        })
    }
}

/// Sets the lock that is taken around calls into libraries that cannot be called by two threads at once (Kerberos); NULL: one of
/// this library's. Of the default context this is what `PQregisterThreadLock` sets.
///
/// # Safety
/// The contract at the top of this module; `lock` is NULL or may be called at any time by any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_context_set_thread_lock(
    context: *mut pqp_context,
    lock: pqp_thread_lock,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe {
        set_slot(context, |slots| {
            slots.thread_lock = lock.or(Some(super::threads::default_lock));
        })
    }
}
