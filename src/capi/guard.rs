//! The border to C: no panic crosses it, no borrow of a connection outlives one step, and notices and trace lines go
//! out between the steps. A connection that this process has inherited over fork() is given up here, before anything
//! is asked of it ([`crate::connect::link`]).
//!
//! Hooks are called with nothing borrowed, and may use their connection. A few functions of the application's cannot wait
//! for that: those of a transport, and what is told that something of the application's is not needed any more. Each is
//! called [`Inside`], and what it calls on a connection that is [in use](PGconn::in_use) gives that function's failure
//! value, and leaves the connection alone.

use std::any::Any;
use std::cell::Cell;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

use super::pqp_status::pqp_status::{self, *};
use super::types::{PGconn, PGresult};
use super::{escape, notice, oauth, ssl};
use crate::client::{Connection, Handle, Target, hooks, watch};
use crate::connect::request::{Answer, Want};
use crate::net::English;
use crate::protocol::result::QueryResult;

/// Runs `f`; a panic gives `fallback` instead of crossing into C.
pub(crate) fn catch<R>(fallback: R, f: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or(fallback)
}

thread_local! {
    /// How many functions of the application's this thread is in that were called in the midst of a step.
    static INSIDE: Cell<u32> = const { Cell::new(0) };
}

/// While it lives, a function of the application's is called in the midst of a step, on a connection that is borrowed.
pub(crate) struct Inside(());

impl Inside {
    pub(crate) fn enter() -> Inside {
        INSIDE.set(INSIDE.get() + 1);
        Inside(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(INSIDE.get() - 1);
    }
}

/// What `PQerrorMessage` says on a connection that is refused.
pub(crate) const REFUSED: &CStr = c"connection is in use by the call that this one was made from\n";

/// Whether a call must leave the connection alone, because the call that uses it is waiting for this one to return. Other
/// threads, and signal handlers, are not held up: that is as it is in libpq.
///
/// # Safety
/// As for [`with_conn`].
#[inline(always)]
pub(crate) unsafe fn is_refused(conn: *const PGconn) -> bool {
    // SAFETY: the caller's promise; but for this, the connection may be borrowed.
    !conn.is_null() && unsafe { &(*conn).in_use }.load(Relaxed) && is_inside()
}

#[cold]
fn is_inside() -> bool {
    INSIDE.get() > 0
}

/// A connection in the hands of a hook, until this is dropped.
pub(crate) struct Lent {
    conn: *mut PGconn,
    before: bool,
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: hooks do not finish the connection they are called for.
        unsafe { &(*self.conn).in_use }.store(self.before, Relaxed);
    }
}

/// A connection that C handed in, borrowed for one step at a time.
pub(crate) struct ConnRef(*mut PGconn);

impl ConnRef {
    /// The pointer, for hooks that get it handed.
    pub(crate) fn as_ptr(&self) -> *mut PGconn {
        self.0
    }

    /// Lets a hook use the connection, while nothing is borrowed.
    pub(crate) fn lend(&mut self) -> Lent {
        // SAFETY: as in `whole`.
        let in_use = unsafe { &(*self.0).in_use };
        let before = in_use.load(Relaxed);
        in_use.store(false, Relaxed);
        Lent {
            conn: self.0,
            before,
        }
    }

    /// Runs `f` on everything behind the pointer. `f` must not call back into C.
    pub(crate) fn whole<R>(&mut self, f: impl FnOnce(&mut PGconn) -> R) -> R {
        // SAFETY: `with_conn`'s caller promised a live connection used by no other thread; this borrow ends here.
        let conn = unsafe { &mut *self.0 };
        conn.connection.link.check_owner();
        let result = f(conn);
        self.settle();
        result
    }

    /// Looks at everything behind the pointer, with nothing to be settled afterwards. `f` must not call back into C.
    #[inline]
    pub(crate) fn look<R>(&self, f: impl FnOnce(&PGconn) -> R) -> R {
        // SAFETY: as in `whole`.
        f(unsafe { &*self.0 })
    }

    /// Lets the session have the memory of a cleared result, if it has none. For calls that may bring a result.
    #[inline]
    pub(crate) fn supply_memory(&mut self) {
        // SAFETY: as in `whole`.
        unsafe { &mut *self.0 }.supply_memory();
    }

    /// Shows the notices, writes the trace lines and tells of the results that a step has left. The hooks run while nothing
    /// is borrowed.
    fn settle(&mut self) {
        self.show_notices();
        // SAFETY: as in `whole`; the borrow ends before an event procedure is called.
        let fetched = unsafe { &mut (*self.0).connection.link.session.fetched };
        if fetched.is_empty() {
            return;
        }
        let fetched = std::mem::take(fetched);
        for result in fetched {
            self.announce(result);
        }
    }

    fn show_notices(&mut self) {
        loop {
            let notice = {
                // SAFETY: as in `whole`; the borrow ends before the hook is called.
                let conn = unsafe { &mut *self.0 };
                let session = &mut conn.connection.link.session;
                conn.trace_stream.take_lines(session);
                match session.notices.pop_front() {
                    Some(notice) => {
                        conn.connection.watch_notice(&notice);
                        PGresult::of(conn, notice)
                    }
                    None => return,
                }
            };
            let _lent = self.lend();
            notice::deliver(notice);
        }
    }
}

#[cold]
#[inline(never)]
fn in_english<R>(f: impl FnOnce() -> R) -> R {
    let _until_the_end = English::begin();
    f()
}

impl Target for ConnRef {
    fn connection(&mut self, f: &mut dyn FnMut(&mut Connection)) {
        self.with(f);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Handle for ConnRef {
    #[inline]
    fn with<R>(&mut self, f: impl FnOnce(&mut Connection) -> R) -> R {
        // SAFETY: as in `whole`.
        let english = unsafe { (*self.0).english };
        // SAFETY: as in `whole`.
        let connection = unsafe { &mut (*self.0).connection };
        connection.link.check_owner();
        let result = match english {
            false => f(connection),
            true => in_english(|| f(connection)),
        };
        let session = &mut connection.link.session;
        if session.facts.escaping_reported {
            session.facts.escaping_reported = false;
            escape::note_parameters(session.facts.client_encoding, session.facts.std_strings);
        }
        if session.has_news() {
            self.settle();
        }
        // SAFETY: as in `whole`; the borrow before has ended.
        if unsafe { (*self.0).connection.has_events() } {
            let _lent = self.lend();
            watch::tell(self);
        }
        result
    }

    fn ask(&mut self, want: Want) -> Answer {
        let _lent = self.lend();
        match (hooks::ask(self, &want), want) {
            (Answer::Default, Want::PassPhrase) => ssl::ask_pass_phrase(self.0),
            (Answer::Default, Want::AuthData(request)) => oauth::ask_token(self.0, &request),
            (answer, _) => answer,
        }
    }

    #[inline]
    fn is_watched(&self) -> bool {
        self.look(|c| !c.events.is_empty())
    }

    fn announce(&mut self, result: QueryResult) -> QueryResult {
        let _lent = self.lend();
        super::result::announce(self, result)
    }
}

/// Runs `f` on a connection; NULL, one that is in use, and a panic give `fallback`. After a panic the connection is bad for
/// good.
///
/// # Safety
/// `conn` is NULL or came from a connect function, has not been finished, and is used by no other thread now.
#[inline]
pub(crate) unsafe fn with_conn<R>(
    conn: *mut PGconn,
    fallback: R,
    f: impl FnOnce(&mut ConnRef) -> R,
) -> R {
    if conn.is_null() {
        return fallback;
    }
    // SAFETY: the caller's promise.
    let before = unsafe { &(*conn).in_use }.load(Relaxed);
    if before && is_inside() {
        return fallback;
    }
    // SAFETY: as above.
    unsafe { &(*conn).in_use }.store(true, Relaxed);
    let result = match catch_unwind(AssertUnwindSafe(|| f(&mut ConnRef(conn)))) {
        Ok(result) => result,
        Err(_) => {
            // SAFETY: the caller's promise; the panicking borrow has ended.
            let connection = unsafe { &mut (*conn).connection };
            catch((), || connection.poison());
            fallback
        }
    };
    // SAFETY: as above: `f` has not freed it.
    unsafe { &(*conn).in_use }.store(before, Relaxed);
    result
}

/// As [`with_conn`], for functions that say how they failed.
///
/// # Safety
/// As for [`with_conn`].
pub(crate) unsafe fn with_conn_status(
    conn: *mut PGconn,
    f: impl FnOnce(&mut ConnRef) -> pqp_status,
) -> pqp_status {
    // SAFETY: the caller's promise.
    match unsafe { is_refused(conn) } {
        _ if conn.is_null() => PQP_NULL,
        true => PQP_IN_USE,
        // SAFETY: as above.
        false => unsafe { with_conn(conn, PQP_INTERNAL, f) },
    }
}

/// Runs `f` on what is shared by reference counts, a context or a request; NULL is [`PQP_NULL`], a panic [`PQP_INTERNAL`].
///
/// # Safety
/// `object` is NULL or one has a reference to it.
pub(crate) unsafe fn with_shared<T>(
    object: *const T,
    f: impl FnOnce(&T) -> pqp_status,
) -> pqp_status {
    catch(PQP_INTERNAL, || {
        // SAFETY: the caller's promise.
        match unsafe { object.as_ref() } {
            Some(object) => f(object),
            None => PQP_NULL,
        }
    })
}

/// Ends a connection that is closed and that nobody has any more.
///
/// # Safety
/// As for [`with_conn`]; `conn` is not NULL, and not used afterwards.
pub(crate) unsafe fn free_conn(conn: *mut PGconn) {
    catch((), || {
        // SAFETY: the caller's promise; `conn` came from `into_raw`. In use, as it is half gone for who is told of that.
        unsafe {
            (*conn).in_use.store(true, Relaxed);
            drop(Box::from_raw(conn));
        }
    });
}

/// A connection for a step that cannot panic, calls no hook and leaves nothing to be shown, so that it needs no guard; what
/// does not succeed so is done again through [`with_conn`]. `None` for NULL, for one that is in use, and for another process's
/// connection.
///
/// # Safety
/// As for [`with_conn`]; the borrow ends before anything else is done with `conn`.
#[inline(always)]
pub(crate) unsafe fn quick_pgconn<'a>(conn: *mut PGconn) -> Option<&'a mut PGconn> {
    // SAFETY: the caller's promise.
    if unsafe { is_refused(conn) } {
        return None;
    }
    // SAFETY: as above.
    let conn = unsafe { conn.as_mut()? };
    (!conn.connection.link.is_inherited()).then_some(conn)
}

/// As [`quick_pgconn`], the connection inside.
///
/// # Safety
/// As for [`quick_pgconn`].
#[inline(always)]
pub(crate) unsafe fn quick_conn<'a>(conn: *mut PGconn) -> Option<&'a mut Connection> {
    // SAFETY: the caller's promise.
    unsafe { quick_pgconn(conn) }.map(|conn| &mut conn.connection)
}

/// Looks at a connection; NULL, one that is in use, and a panic give `fallback`.
///
/// # Safety
/// As for [`with_conn`].
#[inline]
pub(crate) unsafe fn see_conn<R>(
    conn: *const PGconn,
    fallback: R,
    f: impl FnOnce(&PGconn) -> R,
) -> R {
    // SAFETY: the caller's promise.
    if unsafe { is_refused(conn) } {
        return fallback;
    }
    // SAFETY: as above.
    let Some(seen) = (unsafe { conn.as_ref() }) else {
        return fallback;
    };
    if seen.connection.link.is_inherited() {
        // SAFETY: the caller's promise; the object is the heap's, `const` only says what the caller does with it.
        unsafe { with_conn(conn.cast_mut(), (), |c| c.with(|_| ())) };
    }
    // SAFETY: as above; the borrow before has ended.
    match unsafe { conn.as_ref() } {
        Some(conn) => catch(fallback, || f(conn)),
        None => fallback,
    }
}

/// Looks at a result; NULL and a panic give `fallback`.
///
/// # Safety
/// `result` is NULL or a result that has not been cleared; no thread clears or changes it meanwhile.
#[inline]
pub(crate) unsafe fn see_result<R>(
    result: *const PGresult,
    fallback: R,
    f: impl FnOnce(&PGresult) -> R,
) -> R {
    // SAFETY: the caller's promise.
    match unsafe { result.as_ref() } {
        Some(result) => catch(fallback, || f(result)),
        None => fallback,
    }
}

/// Changes a result; NULL and a panic give `fallback`.
///
/// # Safety
/// As for [`see_result`], and no other thread uses it.
pub(crate) unsafe fn with_result<R>(
    result: *mut PGresult,
    fallback: R,
    f: impl FnOnce(&mut PGresult) -> R,
) -> R {
    // SAFETY: the caller's promise.
    match unsafe { result.as_mut() } {
        Some(result) => catch(fallback, || {
            let answer = f(result);
            result.view = result.result.rows.view();
            answer
        }),
        None => fallback,
    }
}
