//! Factories: options parsed once, connections started many times.
//!
//! Contract of all functions: `context` and `factory` are NULL or one has a reference to them; texts are NULL or
//! NUL-terminated; `keywords` is NULL or ends with a NULL, and `values` has as many elements; `error` is NULL or valid for a
//! write.

#![allow(non_camel_case_types)] // the names are C's

use std::ffi::{c_char, c_int};
use std::sync::Arc;

use super::connect::{self, Options};
use super::guard::{catch, with_conn};
use super::pqp_context::{default_context, pqp_context, share};
use super::pqp_status::explain;
use super::types::PGconn;
use crate::client::connecting::Mode;
use crate::client::{Factory, connecting};

/// A factory. Opaque; connections made by it keep it alive.
///
/// What its connections need for TLS is read from its files and decoded once, and again as soon as one of the files is another
/// one or has changed, which each connection looks at. Read anew for each connection are: files changed in the last two
/// seconds, keys with a pass phrase, the system's authorities (sslrootcert=system), and everything with sslkeylogfile.
pub struct pqp_factory {
    pub(crate) core: Arc<Factory>,
    context: Arc<pqp_context>,
}

/// A context of one's own: that of the pointer, or the default one for NULL.
///
/// # Safety
/// The contract at the top of this module.
unsafe fn own_context(context: *mut pqp_context) -> Arc<pqp_context> {
    match context.is_null() {
        true => default_context(),
        // SAFETY: the caller's promise.
        false => unsafe { share(context) },
    }
}

/// # Safety
/// The contract at the top of this module.
unsafe fn make(
    context: Arc<pqp_context>,
    options: Option<Options>,
    error: *mut *mut c_char,
) -> *mut pqp_factory {
    let Some(options) = options else {
        return std::ptr::null_mut();
    };
    match Factory::new(&context.core, options) {
        Ok(core) => Arc::into_raw(Arc::new(pqp_factory { core, context })).cast_mut(),
        Err(failure) => {
            // SAFETY: the caller's promise.
            unsafe { explain(error, &failure.to_line()) };
            std::ptr::null_mut()
        }
    }
}

/// A factory for connections by a connection string or URI, as `PQconnectdb` takes it; to be given back with
/// `pqp_factory_free`. The string is parsed now, once, and completed from service file and environment as `context` says; NULL
/// is the default context. NULL for a string that cannot be parsed, or that is NULL; `error`, where it is not NULL, is then set
/// to a text to be freed with `PQfreemem`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_new(
    context: *mut pqp_context,
    conninfo: *const c_char,
    error: *mut *mut c_char,
) -> *mut pqp_factory {
    catch(std::ptr::null_mut(), || {
        // SAFETY: covered by the contract above.
        unsafe {
            let context = own_context(context);
            let options = connect::from_string(conninfo, &context.core.env());
            make(context, options, error)
        }
    })
}

/// As `pqp_factory_new`, from arrays, as `PQconnectdbParams` takes them.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_new_params(
    context: *mut pqp_context,
    keywords: *const *const c_char,
    values: *const *const c_char,
    expand_dbname: c_int,
    error: *mut *mut c_char,
) -> *mut pqp_factory {
    catch(std::ptr::null_mut(), || {
        // SAFETY: covered by the contract above.
        unsafe {
            let context = own_context(context);
            let env = context.core.env();
            let options = connect::from_arrays(keywords, values, expand_dbname, &env);
            make(context, options, error)
        }
    })
}

/// Another reference to the factory, to be given back by a `pqp_factory_free` of its own. Returns `factory`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_ref(factory: *mut pqp_factory) -> *mut pqp_factory {
    catch(std::ptr::null_mut(), || {
        if !factory.is_null() {
            // SAFETY: covered by the contract above.
            unsafe { Arc::increment_strong_count(factory.cast_const()) };
        }
        factory
    })
}

/// Gives a reference back; NULL is nothing. Its connections go on.
///
/// # Safety
/// The contract at the top of this module; the reference is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_free(factory: *mut pqp_factory) {
    catch((), || {
        if !factory.is_null() {
            // SAFETY: covered by the contract above.
            drop(unsafe { Arc::from_raw(factory.cast_const()) });
        }
    });
}

/// A connection on which no packet has been sent and no name looked up; to be freed with `PQfinish`. The start hook has run
/// on this thread. Go on as after `PQconnectStart`: wait until `PQsocket` is writable, which it is at once, and call
/// `PQconnectPoll`; before that the `pqp_conn_set_` functions may be called. `PQstatus` is `CONNECTION_ALLOCATED` until then, or
/// `CONNECTION_BAD` where the options are not such as one can connect with. NULL for NULL.
///
/// The first start fixes the factory: setting anything on it is `PQP_TOO_LATE` from then on. May be called by several
/// threads at once. The password file is read by the first start and not again; what SCRAM made of a password is remembered, so
/// that later starts log in quicker.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_start(factory: *mut pqp_factory) -> *mut PGconn {
    catch(std::ptr::null_mut(), || {
        // SAFETY: covered by the contract above; the connection has just been made and nobody else has it.
        unsafe {
            let conn = connection(factory);
            with_conn(conn, (), connecting::start_later);
            conn
        }
    })
}

/// A connection that is to be started; NULL for NULL.
///
/// # Safety
/// The contract at the top of this module.
unsafe fn connection(factory: *mut pqp_factory) -> *mut PGconn {
    // SAFETY: the caller's promise.
    let Some(factory) = (unsafe { factory.as_ref() }) else {
        return std::ptr::null_mut();
    };
    let conn = PGconn::in_context(factory.core.connection(), Arc::clone(&factory.context));
    Box::into_raw(Box::new(conn))
}

/// Connects and waits, as `PQconnectdb` does, with the start hook called before anything is dialled. Ask `PQstatus` whether it
/// worked. NULL for NULL. Fixes the factory as `pqp_factory_start` does.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_factory_connect(factory: *mut pqp_factory) -> *mut PGconn {
    catch(std::ptr::null_mut(), || {
        // SAFETY: covered by the contract above; the connection has just been made and nobody else has it.
        unsafe {
            let conn = connection(factory);
            with_conn(conn, (), |c| {
                connecting::start(c, Mode::Blocking);
                connecting::wait_connected(c);
            });
            conn
        }
    })
}
