//! Manual section "Database Connection Control Functions".
//!
//! Contract of all functions: `conn` is NULL or a connection that no other thread uses now; texts are NULL or
//! NUL-terminated; `keywords` is NULL or ends with a NULL, and `values` has as many elements.

use std::ffi::{c_char, c_int};

use super::conninfo::{self, PQconninfoOption};
use super::events;
use super::guard::{ConnRef, catch, with_conn};
use super::pqp_context::default_context;
use super::ptr;
use super::types::PGconn;
use crate::client::Connection;
use crate::client::connecting::{self, Mode, Ping};
use crate::config::{ConfigError, Env, PolicyEnv, SetdbArgs, Settings};
use crate::connect::status::PollStatus;

pub(crate) type Options = Result<Settings, ConfigError>;

/// The surroundings of connections that libpq's own functions make.
fn env() -> PolicyEnv {
    default_context().core.env()
}

/// How programs that poll such connections are served.
fn mode() -> Mode {
    default_context().core.polled_mode()
}

/// Makes a connection for C. Nothing is sent yet.
fn new_conn(options: Options) -> *mut PGconn {
    let context = default_context();
    let connection = Connection::in_context(options, &context.core);
    Box::into_raw(Box::new(PGconn::in_context(connection, context)))
}

/// Makes a connection and begins to connect.
fn start(options: Option<Options>, mode: Mode) -> *mut PGconn {
    let Some(options) = options else {
        return std::ptr::null_mut();
    };
    let conn = new_conn(options);
    // SAFETY: the pointer has just been made and nobody else has it.
    unsafe { with_conn(conn, (), |c| connecting::start(c, mode)) };
    conn
}

/// Makes a connection, connects, and waits until that has ended.
fn connect(options: Option<Options>) -> *mut PGconn {
    let conn = start(options, Mode::Blocking);
    // SAFETY: the pointer is NULL or has just been made, and nobody else has it.
    unsafe {
        with_conn(conn, (), |c| {
            connecting::wait_connected(c);
        });
    }
    conn
}

/// Connects, tells how the server answered, and throws the connection away.
fn ping(options: Option<Options>) -> c_int {
    let Some(options) = options else {
        return Ping::NoAttempt as c_int;
    };
    let conn = new_conn(options);
    // SAFETY: the pointer has just been made, nobody else has it, and it is not used after `PQfinish`.
    unsafe {
        let outcome = with_conn(conn, Ping::NoAttempt, connecting::ping);
        super::status::PQfinish(conn);
        outcome as c_int
    }
}

/// The options of a connection string; `None` for NULL, which the reference does not survive.
///
/// # Safety
/// `conninfo` is NULL or NUL-terminated.
pub(crate) unsafe fn from_string(conninfo: *const c_char, env: &dyn Env) -> Option<Options> {
    // SAFETY: the caller's promise.
    unsafe { ptr::text(conninfo) }.map(|text| Settings::from_conninfo(text, env))
}

/// The options of parallel arrays; `None` for NULL arrays.
///
/// # Safety
/// `keywords` is NULL or ends with a NULL; `values` is NULL or has as many elements.
pub(crate) unsafe fn from_arrays(
    keywords: *const *const c_char,
    values: *const *const c_char,
    expand_dbname: c_int,
    env: &dyn Env,
) -> Option<Options> {
    if keywords.is_null() || values.is_null() {
        return None;
    }
    let mut pairs: Vec<(&[u8], Option<&[u8]>)> = Vec::new();
    // SAFETY: the caller's promise: `keywords` is read up to its NULL, `values` no further.
    unsafe {
        let mut i = 0;
        while let Some(keyword) = ptr::text(*keywords.add(i)) {
            pairs.push((keyword, ptr::text(*values.add(i))));
            i += 1;
        }
    }
    Some(Settings::from_params(&pairs, expand_dbname != 0, env))
}

/// `PGconn *PQconnectdb(const char *conninfo)` — connects and waits; to be freed with `PQfinish` in any case. Ask
/// `PQstatus` whether it worked.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconnectdb(conninfo: *const c_char) -> *mut PGconn {
    catch(std::ptr::null_mut(), || {
        // SAFETY: the pointers are covered by the contract above.
        connect(unsafe { from_string(conninfo, &env()) })
    })
}

/// `PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values, int expand_dbname)` — as
/// `PQconnectdb`, from arrays.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconnectdbParams(
    keywords: *const *const c_char,
    values: *const *const c_char,
    expand_dbname: c_int,
) -> *mut PGconn {
    catch(std::ptr::null_mut(), || {
        // SAFETY: the pointers are covered by the contract above.
        connect(unsafe { from_arrays(keywords, values, expand_dbname, &env()) })
    })
}

/// `PGconn *PQsetdbLogin(...)` — as `PQconnectdb`, from separate texts; `pgtty` has no meaning any more.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetdbLogin(
    pghost: *const c_char,
    pgport: *const c_char,
    pgoptions: *const c_char,
    pgtty: *const c_char,
    dbName: *const c_char,
    login: *const c_char,
    pwd: *const c_char,
) -> *mut PGconn {
    catch(std::ptr::null_mut(), || {
        // SAFETY: the pointers are covered by the contract above.
        let args = unsafe {
            SetdbArgs {
                host: ptr::text(pghost),
                port: ptr::text(pgport),
                options: ptr::text(pgoptions),
                tty: ptr::text(pgtty),
                dbname: ptr::text(dbName),
                user: ptr::text(login),
                password: ptr::text(pwd),
            }
        };
        connect(Some(Settings::from_setdb(args, &env())))
    })
}

/// `PGconn *PQconnectStart(const char *conninfo)` — begins to connect without waiting; go on with `PQconnectPoll`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconnectStart(conninfo: *const c_char) -> *mut PGconn {
    catch(std::ptr::null_mut(), || {
        // SAFETY: the pointers are covered by the contract above.
        start(unsafe { from_string(conninfo, &env()) }, mode())
    })
}

/// `PGconn *PQconnectStartParams(...)` — as `PQconnectStart`, from arrays.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconnectStartParams(
    keywords: *const *const c_char,
    values: *const *const c_char,
    expand_dbname: c_int,
) -> *mut PGconn {
    catch(std::ptr::null_mut(), || {
        // SAFETY: the pointers are covered by the contract above.
        let options = unsafe { from_arrays(keywords, values, expand_dbname, &env()) };
        start(options, mode())
    })
}

/// `PostgresPollingStatusType PQconnectPoll(PGconn *conn)` — goes on connecting and says what to wait for on
/// `PQsocket`, which may have changed.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconnectPoll(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, PollStatus::Failed as c_int, |c| {
            connecting::poll(c) as c_int
        })
    }
}

/// `void PQreset(PGconn *conn)` — closes, connects to the same place anew, and waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQreset(conn: *mut PGconn) {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, (), |c| {
            if connecting::reset_start(c, Some(Mode::Blocking)) && connecting::wait_connected(c) {
                events::fire_connection_reset(c);
            }
        });
    }
}

/// `int PQresetStart(PGconn *conn)` — begins to connect to the same place anew: 1, or 0 on failure.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresetStart(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { with_conn(conn, 0, |c| c_int::from(connecting::reset_start(c, None))) }
}

/// `PostgresPollingStatusType PQresetPoll(PGconn *conn)` — goes on after `PQresetStart`, as `PQconnectPoll` does.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresetPoll(conn: *mut PGconn) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { with_conn(conn, PollStatus::Failed as c_int, reset_poll) }
}

fn reset_poll(conn: &mut ConnRef) -> c_int {
    let status = connecting::poll(conn);
    if status == PollStatus::Ok {
        events::fire_connection_reset(conn);
    }
    status as c_int
}

/// `PGPing PQping(const char *conninfo)` — whether a server is there and accepts connections. Waits.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQping(conninfo: *const c_char) -> c_int {
    catch(Ping::NoAttempt as c_int, || {
        // SAFETY: the pointers are covered by the contract above.
        ping(unsafe { from_string(conninfo, &env()) })
    })
}

/// `PGPing PQpingParams(...)` — as `PQping`, from arrays.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQpingParams(
    keywords: *const *const c_char,
    values: *const *const c_char,
    expand_dbname: c_int,
) -> c_int {
    catch(Ping::NoAttempt as c_int, || {
        // SAFETY: the pointers are covered by the contract above.
        ping(unsafe { from_arrays(keywords, values, expand_dbname, &env()) })
    })
}

/// `PQconninfoOption *PQconninfo(PGconn *conn)` — the options in effect, to be freed with `PQconninfoFree`; NULL when
/// memory is out.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconninfo(conn: *mut PGconn) -> *mut PQconninfoOption {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            c.whole(|c| conninfo::to_c_array(c.connection.settings()))
        })
    }
}
