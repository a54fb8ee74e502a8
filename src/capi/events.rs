//! Manual section "Event System": procedures of the application that are told what becomes of a connection and its
//! results.
//!
//! While a procedure runs nothing of the connection or result is borrowed: it may call whatever it likes but the
//! function that frees what it was told about.

use std::ffi::{c_char, c_int, c_void};

use super::guard::{ConnRef, catch, see_conn, see_result, with_conn, with_result};
use super::ptr;
use super::types::{PGconn, PGresult};

/// An event procedure that is there.
type Procedure =
    unsafe extern "C" fn(evtId: c_int, evtInfo: *mut c_void, passThrough: *mut c_void) -> c_int;

/// `PGEventProc`: is told an event; 0 means failure.
pub type PGEventProc = Option<Procedure>;

/// A registered event procedure.
pub(crate) struct EventRegistration {
    procedure: Procedure,
    pass_through: *mut c_void,
    /// Its data on the connection.
    data: *mut c_void,
}

/// An event procedure's data on a result.
#[derive(Clone, Copy)]
pub(crate) struct ResultEvent {
    procedure: Procedure,
    pass_through: *mut c_void,
    data: *mut c_void,
    /// It has accepted the result, so it is told of its copies and its end (behaviour 320).
    initialized: bool,
}

/// `PGEventId`.
#[derive(Clone, Copy)]
#[repr(i32)]
enum EventId {
    Register = 0,
    ConnectionReset = 1,
    ConnectionDestroy = 2,
    ResultCreate = 3,
    ResultCopy = 4,
    ResultDestroy = 5,
}

/// `PGEventRegister`, `PGEventConnReset`, `PGEventConnDestroy`.
#[repr(C)]
struct ConnectionEvent {
    conn: *mut PGconn,
}

/// `PGEventResultCreate`.
#[repr(C)]
struct ResultCreateEvent {
    conn: *mut PGconn,
    result: *mut PGresult,
}

/// `PGEventResultCopy`.
#[repr(C)]
struct ResultCopyEvent {
    src: *const PGresult,
    dest: *mut PGresult,
}

/// `PGEventResultDestroy`.
#[repr(C)]
struct ResultDestroyEvent {
    result: *mut PGresult,
}

/// Tells a procedure an event; whether it reports success.
///
/// # Safety
/// `T` is the struct of the event; nothing the procedure may use is borrowed.
unsafe fn tell<T>(
    procedure: Procedure,
    pass_through: *mut c_void,
    id: EventId,
    mut info: T,
) -> bool {
    // SAFETY: the application registered the procedure with this argument; the struct lives through the call.
    unsafe { procedure(id as c_int, (&raw mut info).cast(), pass_through) != 0 }
}

fn same(a: Procedure, b: PGEventProc) -> bool {
    b.is_some_and(|b| std::ptr::fn_addr_eq(a, b))
}

/// The procedures of a connection for a new result, which none of them knows yet.
pub(super) fn for_result(registered: &[EventRegistration]) -> Vec<ResultEvent> {
    registered
        .iter()
        .map(|r| ResultEvent {
            procedure: r.procedure,
            pass_through: r.pass_through,
            data: std::ptr::null_mut(),
            initialized: false,
        })
        .collect()
}

/// The procedures of a result for its copy, which none of them knows yet.
pub(super) fn for_copy(events: &[ResultEvent]) -> Vec<ResultEvent> {
    events
        .iter()
        .map(|e| ResultEvent {
            data: std::ptr::null_mut(),
            initialized: false,
            ..*e
        })
        .collect()
}

/// The event at `index` of a result.
///
/// # Safety
/// `result` is live and not borrowed.
unsafe fn event_at(result: *const PGresult, index: usize) -> Option<ResultEvent> {
    // SAFETY: the caller's promise; the borrow ends here.
    unsafe { &*result }.events.get(index).copied()
}

/// Marks the event at `index` of a result as accepted.
///
/// # Safety
/// `result` is live and not borrowed.
unsafe fn accept(result: *mut PGresult, index: usize) {
    // SAFETY: the caller's promise; the borrow ends here.
    if let Some(event) = unsafe { &mut *result }.events.get_mut(index) {
        event.initialized = true;
    }
}

/// Tells the procedures that do not know a result yet that it is there; whether all of them report success.
///
/// # Safety
/// `result` is live, `conn` is NULL or live, and neither is borrowed.
pub(super) unsafe fn fire_result_created(conn: *mut PGconn, result: *mut PGresult) -> bool {
    let mut all = true;
    let mut index = 0;
    // SAFETY: the caller's promise; each borrow ends before the procedure is called.
    unsafe {
        while let Some(event) = event_at(result, index) {
            if !event.initialized {
                let info = ResultCreateEvent { conn, result };
                if tell(
                    event.procedure,
                    event.pass_through,
                    EventId::ResultCreate,
                    info,
                ) {
                    accept(result, index);
                } else {
                    all = false;
                }
            }
            index += 1;
        }
    }
    all
}

/// Tells the procedures that know a result that `dest` is its copy.
///
/// # Safety
/// Both are live and not borrowed; `dest` has no procedures or those of `src`, from [`for_copy`].
pub(super) unsafe fn fire_result_copied(src: *const PGresult, dest: *mut PGresult) {
    let mut index = 0;
    // SAFETY: the caller's promise; each borrow ends before the procedure is called.
    unsafe {
        while let (Some(event), Some(_)) = (event_at(src, index), event_at(dest, index)) {
            let info = ResultCopyEvent { src, dest };
            if event.initialized
                && tell(
                    event.procedure,
                    event.pass_through,
                    EventId::ResultCopy,
                    info,
                )
            {
                accept(dest, index);
            }
            index += 1;
        }
    }
}

/// Tells the procedures that know a result that it ends.
///
/// # Safety
/// `result` is live and not borrowed.
pub(super) unsafe fn fire_result_destroyed(result: *mut PGresult) {
    let mut index = 0;
    // SAFETY: the caller's promise; each borrow ends before the procedure is called.
    unsafe {
        while let Some(event) = event_at(result, index) {
            if event.initialized {
                let info = ResultDestroyEvent { result };
                tell(
                    event.procedure,
                    event.pass_through,
                    EventId::ResultDestroy,
                    info,
                );
            }
            index += 1;
        }
    }
}

/// Tells the procedures of a connection that it was reset.
pub(super) fn fire_connection_reset(conn: &mut ConnRef) {
    fire_connection(conn, EventId::ConnectionReset);
}

/// Tells the procedures of a connection that it ends. It is closed by now (behaviour 321).
pub(super) fn fire_connection_destroyed(conn: &mut ConnRef) {
    fire_connection(conn, EventId::ConnectionDestroy);
}

fn fire_connection(conn: &mut ConnRef, id: EventId) {
    let mut index = 0;
    while let Some((procedure, pass_through)) = conn.whole(|c| {
        let registered = c.events.get(index)?;
        Some((registered.procedure, registered.pass_through))
    }) {
        let info = ConnectionEvent {
            conn: conn.as_ptr(),
        };
        let _lent = conn.lend();
        // SAFETY: the struct is that of these events; the connection is borrowed only within `whole`.
        unsafe { tell(procedure, pass_through, id, info) };
        index += 1;
    }
}

/// `int PQregisterEventProc(PGconn *conn, PGEventProc proc, const char *name, void *passThrough)` — registers a
/// procedure and tells it so: 1; 0 if it refuses, is registered already, or has no name.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; `name` is NULL or NUL-terminated; `proc` may be
/// called with `passThrough` as long as the connection or one of its results lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQregisterEventProc(
    conn: *mut PGconn,
    proc: PGEventProc,
    name: *const c_char,
    passThrough: *mut c_void,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c_int::from(match (proc, ptr::text(name)) {
                (Some(procedure), Some([_, ..])) => register(c, procedure, passThrough),
                _ => false,
            })
        })
    }
}

fn register(conn: &mut ConnRef, procedure: Procedure, pass_through: *mut c_void) -> bool {
    let added = conn.whole(|c| {
        if c.events.iter().any(|r| same(r.procedure, Some(procedure)))
            || c.events.try_reserve(1).is_err()
        {
            return false;
        }
        c.events.push(EventRegistration {
            procedure,
            pass_through,
            data: std::ptr::null_mut(),
        });
        true
    });
    if !added {
        return false;
    }
    let info = ConnectionEvent {
        conn: conn.as_ptr(),
    };
    let lent = conn.lend();
    // SAFETY: the struct is that of the event; the connection is borrowed only within `whole`.
    let accepted = unsafe { tell(procedure, pass_through, EventId::Register, info) };
    drop(lent);
    if !accepted {
        conn.whole(|c| c.events.retain(|r| !same(r.procedure, Some(procedure))));
    }
    accepted
}

/// `void *PQinstanceData(const PGconn *conn, PGEventProc proc)` — a procedure's data on a connection; NULL if it is
/// not registered.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQinstanceData(conn: *const PGconn, proc: PGEventProc) -> *mut c_void {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, std::ptr::null_mut(), |c| {
            let registered = c.events.iter().find(|r| same(r.procedure, proc));
            registered.map_or(std::ptr::null_mut(), |r| r.data)
        })
    }
}

/// `int PQsetInstanceData(PGconn *conn, PGEventProc proc, void *data)` — sets a procedure's data on a connection: 1,
/// or 0 if it is not registered.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetInstanceData(
    conn: *mut PGconn,
    proc: PGEventProc,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, 0, |c| {
            c.whole(
                |c| match c.events.iter_mut().find(|r| same(r.procedure, proc)) {
                    Some(registered) => {
                        registered.data = data;
                        1
                    }
                    None => 0,
                },
            )
        })
    }
}

/// `void *PQresultInstanceData(const PGresult *result, PGEventProc proc)` — a procedure's data on a result; NULL if
/// it was not registered when the result was made.
///
/// # Safety
/// `result` is NULL or a result that has not been cleared; no thread changes it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresultInstanceData(
    result: *const PGresult,
    proc: PGEventProc,
) -> *mut c_void {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_result(result, std::ptr::null_mut(), |r| {
            let event = r.events.iter().find(|e| same(e.procedure, proc));
            event.map_or(std::ptr::null_mut(), |e| e.data)
        })
    }
}

/// `int PQresultSetInstanceData(PGresult *result, PGEventProc proc, void *data)` — sets a procedure's data on a
/// result: 1, or 0 if it was not registered when the result was made.
///
/// # Safety
/// `result` is NULL or a result that has not been cleared; no other thread uses it now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresultSetInstanceData(
    result: *mut PGresult,
    proc: PGEventProc,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_result(result, 0, |r| {
            match r.events.iter_mut().find(|e| same(e.procedure, proc)) {
                Some(event) => {
                    event.data = data;
                    1
                }
                None => 0,
            }
        })
    }
}

/// `int PQfireResultCreateEvents(PGconn *conn, PGresult *res)` — tells the procedures of a result that the
/// application built that it is there: 1, or 0 if one of them fails.
///
/// # Safety
/// `res` is NULL or a result that has not been cleared and that no other thread uses now; `conn` is NULL or a
/// connection that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfireResultCreateEvents(conn: *mut PGconn, res: *mut PGresult) -> c_int {
    if res.is_null() {
        return 0;
    }
    // SAFETY: the pointers are covered by the contract above, and nothing is borrowed.
    catch(0, || unsafe { c_int::from(fire_result_created(conn, res)) })
}

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;

    use super::super::r#async::PQgetResult;
    use super::super::build_result::{PQcopyResult, PQmakeEmptyPGresult};
    use super::super::result::PQclear;
    use super::super::testing::*;
    use super::*;

    /// What a procedure has seen, and what it answers.
    struct Log {
        seen: String,
        refuses: c_int,
        conn: *mut PGconn,
    }

    /// Writes down what it is told and plays with the data while it is told.
    unsafe extern "C" fn procedure(id: c_int, info: *mut c_void, pass: *mut c_void) -> c_int {
        // SAFETY: the test registered this procedure with a `Log` that outlives everything.
        unsafe {
            let data = match id {
                0..=2 => {
                    let conn = (*info.cast::<ConnectionEvent>()).conn;
                    assert_eq!(PQsetInstanceData(conn, Some(procedure), pass), 1);
                    assert_eq!(PQinstanceData(conn, Some(procedure)), pass);
                    PQregisterEventProc(conn, Some(procedure), c"again".as_ptr(), pass)
                }
                3 => {
                    let event = &*info.cast::<ResultCreateEvent>();
                    assert_eq!(event.conn, (*pass.cast::<Log>()).conn);
                    assert!(PQresultInstanceData(event.result, Some(procedure)).is_null());
                    PQresultSetInstanceData(event.result, Some(procedure), pass)
                }
                4 => {
                    let event = &*info.cast::<ResultCopyEvent>();
                    assert!(PQresultInstanceData(event.dest, Some(procedure)).is_null());
                    c_int::from(PQresultInstanceData(event.src, Some(procedure)) == pass)
                }
                _ => {
                    let result = (*info.cast::<ResultDestroyEvent>()).result;
                    c_int::from(PQresultInstanceData(result, Some(procedure)) == pass)
                }
            };
            let log = &mut *pass.cast::<Log>();
            log.seen.push_str(&format!("{id}:{data} "));
            c_int::from(log.refuses != id)
        }
    }

    unsafe fn registered(log: &mut Log) -> *mut PGconn {
        // SAFETY: the log outlives the connection.
        unsafe {
            let conn = connected();
            log.conn = conn;
            let pass = (&raw mut *log).cast();
            let done = PQregisterEventProc(conn, Some(procedure), c"name".as_ptr(), pass);
            assert_eq!(done, c_int::from(log.refuses != 0));
            conn
        }
    }

    fn log(refuses: c_int) -> Log {
        Log {
            seen: String::new(),
            refuses,
            conn: null_mut(),
        }
    }

    unsafe fn fetch(conn: *mut PGconn) -> *mut PGresult {
        // SAFETY: the connection is the test's.
        unsafe {
            answer(conn, &[message(b'C', b"SET\0"), ready()]);
            PQgetResult(conn)
        }
    }

    #[test]
    fn behaviour_319_a_procedure_is_registered_once_and_may_refuse() {
        let mut log = log(0);
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = registered(&mut log);
            assert_eq!(log.seen, "0:0 ");
            assert_eq!(PQsetInstanceData(conn, Some(procedure), null_mut()), 0);
            log.refuses = -1;
            let pass = (&raw mut log).cast();
            for name in [std::ptr::null(), c"".as_ptr()] {
                assert_eq!(PQregisterEventProc(conn, Some(procedure), name, pass), 0);
            }
            let name = c"name".as_ptr();
            assert_eq!(PQregisterEventProc(conn, None, name, pass), 0);
            assert_eq!(
                PQregisterEventProc(null_mut(), Some(procedure), name, pass),
                0
            );
            assert_eq!(PQregisterEventProc(conn, Some(procedure), name, pass), 1);
            assert_eq!(PQregisterEventProc(conn, Some(procedure), name, pass), 0);
            with_conn(conn, (), |c| {
                fire_connection_reset(c);
                fire_connection_destroyed(c);
            });
            assert_eq!(log.seen, "0:0 0:0 1:0 2:0 ");
            end(conn);
        }
    }

    #[test]
    fn behaviours_320_and_321_results_are_followed_from_creation_to_clear() {
        let mut log = log(-1);
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = registered(&mut log);
            let result = fetch(conn);
            let copy = PQcopyResult(result, 4);
            let unfollowed = PQcopyResult(result, 3);
            PQclear(unfollowed);
            PQclear(result);
            end(conn);
            PQclear(copy);
        }
        assert_eq!(log.seen, "0:0 3:1 4:1 5:1 5:0 ");
    }

    #[test]
    fn a_procedure_that_refuses_a_result_hears_no_more_of_it() {
        let mut log = log(3);
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = registered(&mut log);
            let result = fetch(conn);
            PQclear(PQcopyResult(result, 4));
            PQclear(result);
            end(conn);
        }
        assert_eq!(log.seen, "0:0 3:1 ");
    }

    #[test]
    fn behaviour_324_built_results_are_announced_on_demand_and_once() {
        let mut log = log(-1);
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = registered(&mut log);
            let result = PQmakeEmptyPGresult(conn, 2);
            assert_eq!(log.seen, "0:0 ", "behaviour 234");
            assert_eq!(PQfireResultCreateEvents(conn, result), 1);
            assert_eq!(PQfireResultCreateEvents(null_mut(), result), 1);
            assert_eq!(PQfireResultCreateEvents(conn, null_mut()), 0);
            PQclear(result);
            let refused = PQmakeEmptyPGresult(conn, 2);
            log.refuses = 3;
            assert_eq!(PQfireResultCreateEvents(conn, refused), 0);
            PQclear(refused);
            end(conn);
        }
        assert_eq!(log.seen, "0:0 3:1 5:1 3:1 ");
    }

    #[test]
    fn a_result_the_library_fetches_for_itself_is_announced_from_its_creation_to_its_end() {
        use crate::client::Handle;
        use crate::protocol::{result::QueryResult, types::ExecStatus};
        let mut log = log(-1);
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = registered(&mut log);
            let fetched = QueryResult::new(ExecStatus::TuplesOk, 6);
            let back = with_conn(conn, None, |c| Some(c.announce(fetched)));
            assert_eq!(back.map(|r| r.client_encoding), Some(6));
            end(conn);
        }
        assert_eq!(log.seen, "0:0 3:1 5:1 ");
    }

    #[test]
    fn a_result_of_a_failed_connection_is_not_announced() {
        let mut log = log(-1);
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = registered(&mut log);
            answer(conn, &[]); // and no transport to read from
            let result = PQgetResult(conn);
            assert_eq!(super::super::result::PQresultStatus(result), 7);
            PQclear(result);
            end(conn);
        }
        assert_eq!(log.seen, "0:0 ");
    }
}
