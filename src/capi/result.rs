//! Manual section "Retrieving Query Result Information": what a result says about itself, its columns and values.
//!
//! Contract of all functions: `res` is NULL or a result that has not been cleared, and no thread clears or changes
//! it meanwhile; several threads may look at it at once (behaviour 338). Pointers handed out live as long as the
//! result (behaviour 222). A row, column or parameter that is not there gives the failure value and a notice
//! through the hooks of the result (behaviours 223, 227).

use std::ffi::{c_char, c_int};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use super::guard::{ConnRef, catch, see_result};
use super::spare::Spare;
use super::types::{DisplayCodes, PGconn, PGresult};
use super::{alloc, events, notice, ptr};
use crate::protocol::error::ResultError;
use crate::protocol::error_format;
use crate::protocol::result::{Column, OID_DIGITS, QueryResult};
use crate::protocol::rows::{RowStore, RowsView};
use crate::protocol::session::internal_notice;
use crate::protocol::types::{ExecStatus, Oid};

/// Gives a fresh result to C and tells the event procedures of its connection (behaviour 320), but for results that
/// only say that the connection has failed.
pub(super) fn hand_out(conn: &mut ConnRef, result: QueryResult) -> *mut PGresult {
    let tells = !result.is_failure;
    let result = hand_out_quietly(conn, result);
    // SAFETY: the result is fresh and nobody else has it.
    if tells && unsafe { !(*result).events.is_empty() } {
        let _lent = conn.lend();
        // SAFETY: the result is fresh, and nothing of the connection is borrowed.
        unsafe { events::fire_result_created(conn.as_ptr(), result) };
    }
    result
}

/// Gives a fresh result to C that event procedures are not told of, as the results of `PQfn`.
pub(super) fn hand_out_quietly(conn: &mut ConnRef, result: QueryResult) -> *mut PGresult {
    conn.look(|c| hand_out_of(c, result))
}

/// As [`hand_out_quietly`], where the connection is borrowed already.
#[inline]
pub(super) fn hand_out_of(conn: &PGconn, result: QueryResult) -> *mut PGresult {
    conn.spare.hand_out(|| PGresult::of(conn, result))
}

/// Shows a result that the library fetched for itself to the event procedures, from its creation to its end.
pub(super) fn announce(conn: &mut ConnRef, result: QueryResult) -> QueryResult {
    let announced = hand_out(conn, result);
    // SAFETY: the pointer came from `into_raw` and nobody uses it after its end was told.
    unsafe {
        events::fire_result_destroyed(announced);
        Box::from_raw(announced).result
    }
}

/// A result that was handed out to nobody yet: dropped, it goes the way of `PQclear`.
pub(super) struct Owned(*mut PGresult);

impl Owned {
    /// As [`hand_out`].
    pub(super) fn new(conn: &mut ConnRef, result: QueryResult) -> Self {
        Owned(hand_out(conn, result))
    }

    /// Its status.
    pub(super) fn status(&self) -> c_int {
        // SAFETY: the pointer is this value's own.
        unsafe { PQresultStatus(self.0) }
    }

    /// Gives the result to C.
    pub(super) fn into_raw(self) -> *mut PGresult {
        std::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the pointer is this value's own and nobody uses it afterwards.
        unsafe { PQclear(self.0) };
    }
}

/// "" for C, in memory that an application may write its NUL to, aligned as binary values are (behaviour 225).
static EMPTY: AtomicU64 = AtomicU64::new(0);

fn empty() -> *mut c_char {
    EMPTY.as_ptr().cast()
}

/// A text that ends with a NUL, as C gets it.
fn pointer(text_with_nul: &[u8]) -> *mut c_char {
    text_with_nul.as_ptr().cast_mut().cast()
}

impl PGresult {
    /// A fresh result of a connection, with its hooks and event procedures (behaviours 245, 323).
    #[inline(always)]
    pub(crate) fn of(conn: &PGconn, result: QueryResult) -> PGresult {
        // In one piece, which is made in its place.
        PGresult {
            view: result.rows.view(),
            status: result.status as c_int,
            result,
            hooks: conn.hooks,
            events: match conn.events.is_empty() {
                true => Vec::new(),
                false => events::for_result(&conn.events),
            },
            extra: Vec::new(),
            home: Some(Arc::clone(&conn.spare)),
        }
    }

    /// The notice about a misuse of this result.
    pub(super) fn complaint(&self, error: &ResultError) -> PGresult {
        let mut text = Vec::new();
        error.write_text(&mut text);
        let notice = internal_notice(&text, self.result.client_encoding);
        PGresult::bare(notice, self.hooks)
    }

    pub(super) fn column_error(&self, number: c_int) -> ResultError {
        ResultError::ColumnNumber {
            number,
            count: self.result.columns.len(),
        }
    }

    pub(super) fn row_error(&self, number: c_int) -> ResultError {
        ResultError::RowNumber {
            number,
            count: self.result.rows.rows(),
        }
    }

    fn column(&self, number: c_int) -> Result<&Column, ResultError> {
        usize::try_from(number)
            .ok()
            .and_then(|index| self.result.columns.get(index))
            .ok_or_else(|| self.column_error(number))
    }

    fn is_copy(&self) -> bool {
        matches!(
            self.result.status,
            ExecStatus::CopyIn | ExecStatus::CopyOut | ExecStatus::CopyBoth
        )
    }
}

/// Asks a result; NULL, a panic, and a misuse, which is shown as a notice, give `failure`.
///
/// # Safety
/// The contract at the top of this module.
unsafe fn ask<R>(
    res: *const PGresult,
    failure: R,
    f: impl FnOnce(&PGresult) -> Result<R, ResultError>,
) -> R {
    // SAFETY: the caller's promise.
    let answer = unsafe {
        see_result(res, None, |r| {
            Some(f(r).map_err(|error| r.complaint(&error)))
        })
    };
    match answer {
        Some(Ok(answer)) => answer,
        // The result is not borrowed any more: the hook may do with it what it likes.
        Some(Err(complaint)) => {
            catch((), || notice::deliver(complaint));
            failure
        }
        None => failure,
    }
}

/// The entry of a value in the table of [`RowsView`]; `None` where that does not lead to it: NULL, a row or column out of
/// range, and results too large for it.
///
/// There is no `catch_unwind` here, for nothing can panic. What is left then is done by functions of C's own calling
/// convention, so that these, which are called more often than anything else, need no frame.
///
/// # Safety
/// The contract at the top of this module; `rows` takes one of the view's numbers of rows.
#[inline(always)]
unsafe fn place<'a>(
    res: *const PGresult,
    row: c_int,
    column: c_int,
    rows: impl FnOnce(&RowsView) -> u32,
) -> Option<(&'a RowsView, i32)> {
    // SAFETY: the caller's promise.
    let view = unsafe { &res.as_ref()?.view };
    // A negative number becomes a large one.
    let (row, column) = (row as u32, column as u32);
    if column >= view.columns || row >= rows(view) {
        return None;
    }
    // The table has no more entries than 32 bits count.
    let index = row.wrapping_mul(view.stride).wrapping_add(column);
    // SAFETY: the view is the result's as it is now, so the table has this entry.
    Some((view, unsafe { *view.table.add(index as usize) }))
}

/// Asks for a value the long way; NULL and a row or column out of range give `failure`.
///
/// # Safety
/// The contract at the top of this module.
#[inline(always)]
unsafe fn value<R>(
    res: *const PGresult,
    row: c_int,
    column: c_int,
    failure: R,
    f: impl FnOnce(&RowStore, usize, usize) -> R,
) -> R {
    // SAFETY: the caller's promise.
    unsafe {
        ask(res, failure, |result| {
            let rows = &result.result.rows;
            let (r, c) = (row as u32 as usize, column as u32 as usize);
            if r >= rows.rows() {
                Err(result.row_error(row))
            } else if c >= rows.columns() {
                Err(result.column_error(column))
            } else {
                Ok(f(rows, r, c))
            }
        })
    }
}

/// `char *PQgetvalue(const PGresult *res, int tup_num, int field_num)` — the value with a NUL behind it; "" for SQL
/// NULL; NULL where there is no such value.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetvalue(
    res: *const PGresult,
    tup_num: c_int,
    field_num: c_int,
) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        match place(res, tup_num, field_num, |view| view.rows) {
            Some((view, entry)) => view.start(entry).cast_mut().cast(),
            None => value_long_way(res, tup_num, field_num),
        }
    }
}

/// [`PQgetvalue`] where the short way does not lead.
///
/// # Safety
/// The contract at the top of this module.
#[cold]
#[inline(never)]
unsafe extern "C" fn value_long_way(
    res: *const PGresult,
    row: c_int,
    column: c_int,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe {
        value(res, row, column, std::ptr::null_mut(), |rows, r, c| {
            rows.value_with_nul(r, c).map_or_else(empty, pointer)
        })
    }
}

/// `int PQgetlength(const PGresult *res, int tup_num, int field_num)` — the value's length in bytes; 0 for SQL NULL
/// and where there is no such value.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetlength(
    res: *const PGresult,
    tup_num: c_int,
    field_num: c_int,
) -> c_int {
    // SAFETY: the pointer is covered by the contract above; the length stands in the four bytes before the value.
    unsafe {
        match place(res, tup_num, field_num, |view| view.lengths) {
            Some((view, entry)) => {
                let word = view.start(entry).sub(4).cast::<c_int>();
                c_int::from_be(word.read_unaligned())
            }
            None => length_long_way(res, tup_num, field_num),
        }
    }
}

/// [`PQgetlength`] where the short way does not lead.
///
/// # Safety
/// The contract at the top of this module.
#[cold]
#[inline(never)]
unsafe extern "C" fn length_long_way(res: *const PGresult, row: c_int, column: c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { value(res, row, column, 0, |rows, r, c| rows.length(r, c).max(0)) }
}

/// `int PQgetisnull(const PGresult *res, int tup_num, int field_num)` — 1 for SQL NULL and where there is no such
/// value, else 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetisnull(
    res: *const PGresult,
    tup_num: c_int,
    field_num: c_int,
) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        match place(res, tup_num, field_num, |view| view.rows) {
            Some((view, entry)) => c_int::from(entry == view.empty),
            None => is_null_long_way(res, tup_num, field_num),
        }
    }
}

/// [`PQgetisnull`] where the short way does not lead.
///
/// # Safety
/// The contract at the top of this module.
#[cold]
#[inline(never)]
unsafe extern "C" fn is_null_long_way(res: *const PGresult, row: c_int, column: c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        value(res, row, column, 1, |rows, r, c| {
            c_int::from(rows.length(r, c) < 0)
        })
    }
}

/// The names of the statuses, by number, as the exported array has them.
#[repr(transparent)]
pub struct StatusNames([*const c_char; 13]);

// SAFETY: the pointers are to literals, which nobody writes.
unsafe impl Sync for StatusNames {}

/// `char *const pgresStatus[]` — the names of the statuses, by number.
#[unsafe(no_mangle)]
pub static pgresStatus: StatusNames = StatusNames([
    c"PGRES_EMPTY_QUERY".as_ptr(),
    c"PGRES_COMMAND_OK".as_ptr(),
    c"PGRES_TUPLES_OK".as_ptr(),
    c"PGRES_COPY_OUT".as_ptr(),
    c"PGRES_COPY_IN".as_ptr(),
    c"PGRES_BAD_RESPONSE".as_ptr(),
    c"PGRES_NONFATAL_ERROR".as_ptr(),
    c"PGRES_FATAL_ERROR".as_ptr(),
    c"PGRES_COPY_BOTH".as_ptr(),
    c"PGRES_SINGLE_TUPLE".as_ptr(),
    c"PGRES_PIPELINE_SYNC".as_ptr(),
    c"PGRES_PIPELINE_ABORTED".as_ptr(),
    c"PGRES_TUPLES_CHUNK".as_ptr(),
]);

/// `ExecStatusType PQresultStatus(const PGresult *res)` — the status; `PGRES_FATAL_ERROR` for NULL (behaviour 241).
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresultStatus(res: *const PGresult) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_result(res, ExecStatus::FatalError as c_int, |r| r.status) }
}

/// `char *PQresStatus(ExecStatusType status)` — the status's name (behaviour 233).
///
/// # Safety
/// None: any number may be given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresStatus(status: c_int) -> *mut c_char {
    catch(std::ptr::null_mut(), || {
        usize::try_from(status)
            .ok()
            .and_then(|index| pgresStatus.0.get(index).copied())
            .unwrap_or(c"invalid ExecStatusType code".as_ptr())
            .cast_mut()
    })
}

/// `char *PQresultErrorMessage(const PGresult *res)` — the error text as it was formatted when it came; "" if none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresultErrorMessage(res: *const PGresult) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_result(res, empty(), |r| {
            r.result
                .error
                .as_ref()
                .map_or_else(empty, |e| pointer(e.message_with_nul()))
        })
    }
}

/// `char *PQresultErrorField(const PGresult *res, int fieldcode)` — one field of the server's message; NULL if it has
/// no such field.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresultErrorField(res: *const PGresult, fieldcode: c_int) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_result(res, std::ptr::null_mut(), |r| {
            let code = u8::try_from(fieldcode).ok();
            let field = code.and_then(|code| r.result.error.as_ref()?.fields.get_with_nul(code));
            field.map_or(std::ptr::null_mut(), pointer)
        })
    }
}

/// `char *PQresultVerboseErrorMessage(const PGresult *res, PGVerbosity verbosity, PGContextVisibility show_context)` —
/// the error text formatted anew, to be freed with `PQfreemem`; NULL when memory is out.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresultVerboseErrorMessage(
    res: *const PGresult,
    verbosity: c_int,
    show_context: c_int,
) -> *mut c_char {
    let display = DisplayCodes {
        verbosity,
        context_visibility: show_context,
    };
    // SAFETY: the pointer is covered by the contract above.
    let text = unsafe {
        see_result(res, Some(NOT_AN_ERROR.to_vec()), |r| {
            verbose_message(&r.result, display)
        })
    };
    catch(std::ptr::null_mut(), || {
        text.map_or(std::ptr::null_mut(), |text| alloc::copy_with_nul(&text))
    })
}

const NOT_AN_ERROR: &[u8] = b"PGresult is not an error result\n";

/// The text of an error or notice in another format; `None` when memory is out.
fn verbose_message(result: &QueryResult, display: DisplayCodes) -> Option<Vec<u8>> {
    let is_notice = match result.status {
        ExecStatus::FatalError => false,
        ExecStatus::NonfatalError => true,
        _ => return Some(NOT_AN_ERROR.to_vec()),
    };
    let mut text = Vec::new();
    match &result.error {
        Some(error) if error.fields.is_empty() && !error.message().is_empty() => {
            text.extend_from_slice(error.message());
        }
        error => error_format::build_message(
            error.as_ref().map_or(&Default::default(), |e| &e.fields),
            is_notice,
            display.verbosity(),
            display.context_visibility(),
            error.as_ref().and_then(|e| e.query.as_deref()),
            result.client_encoding,
            &mut text,
        )
        .ok()?,
    }
    Some(text)
}

/// `void PQclear(PGresult *res)` — tells the event procedures and frees the result; NULL is nothing.
///
/// # Safety
/// `res` is NULL or a result that has not been cleared, and nobody uses it or a pointer it gave any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQclear(res: *mut PGresult) {
    if !res.is_null() {
        // SAFETY: the caller's promise; the result came from `into_raw`.
        catch((), || unsafe {
            if !(*res).events.is_empty() {
                events::fire_result_destroyed(res);
            }
            Spare::retire(res);
        });
    }
}

/// `int PQntuples(const PGresult *res)` — the number of rows.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQntuples(res: *const PGresult) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_result(res, 0, |r| r.result.rows.rows() as c_int) }
}

/// `int PQnfields(const PGresult *res)` — the number of columns.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQnfields(res: *const PGresult) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_result(res, 0, |r| r.result.columns.len() as c_int) }
}

/// `int PQbinaryTuples(const PGresult *res)` — 1 if the values are binary, for COPY if the data are; else 0.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQbinaryTuples(res: *const PGresult) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_result(res, 0, |r| c_int::from(r.result.binary)) }
}

/// `char *PQfname(const PGresult *res, int field_num)` — a column's name; NULL if there is no such column, and in COPY
/// (behaviour 205).
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfname(res: *const PGresult, field_num: c_int) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        ask(res, std::ptr::null_mut(), |r| {
            r.column(field_num)?;
            let name = r.result.columns.name_with_nul(field_num as usize);
            Ok(name
                .filter(|_| !r.is_copy())
                .map_or(std::ptr::null_mut(), pointer))
        })
    }
}

/// `int PQfnumber(const PGresult *res, const char *field_name)` — the first column of that name, which is folded as
/// the server folds an identifier (behaviour 228); -1 if there is none.
///
/// # Safety
/// The contract at the top of this module; `field_name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfnumber(res: *const PGresult, field_name: *const c_char) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_result(res, -1, |r| {
            let name = ptr::text(field_name).filter(|_| !r.is_copy());
            name.and_then(|name| r.result.columns.number_of(name))
                .map_or(-1, |n| n as c_int)
        })
    }
}

/// `Oid PQftable(const PGresult *res, int field_num)` — the OID of the table that a column comes from; 0 if there is none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQftable(res: *const PGresult, field_num: c_int) -> Oid {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { ask(res, 0, |r| Ok(r.column(field_num)?.table)) }
}

/// `int PQftablecol(const PGresult *res, int field_num)` — the number of the column within its table; 0 if there is none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQftablecol(res: *const PGresult, field_num: c_int) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { ask(res, 0, |r| Ok(r.column(field_num)?.table_column)) }
}

/// `int PQfformat(const PGresult *res, int field_num)` — a column's format code: 0 text, 1 binary.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfformat(res: *const PGresult, field_num: c_int) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { ask(res, 0, |r| Ok(r.column(field_num)?.format)) }
}

/// `Oid PQftype(const PGresult *res, int field_num)` — the OID of a column's data type; 0 if there is no such column.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQftype(res: *const PGresult, field_num: c_int) -> Oid {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { ask(res, 0, |r| Ok(r.column(field_num)?.type_oid)) }
}

/// `int PQfmod(const PGresult *res, int field_num)` — a column's type modifier; -1 means none.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfmod(res: *const PGresult, field_num: c_int) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { ask(res, 0, |r| Ok(r.column(field_num)?.type_modifier)) }
}

/// `int PQfsize(const PGresult *res, int field_num)` — the size of a column's data type in bytes; negative for variable width.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfsize(res: *const PGresult, field_num: c_int) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { ask(res, 0, |r| Ok(r.column(field_num)?.type_size)) }
}

/// `int PQnparams(const PGresult *res)` — the number of parameters of a described statement.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQnparams(res: *const PGresult) -> c_int {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_result(res, 0, |r| r.result.param_types.len() as c_int) }
}

/// `Oid PQparamtype(const PGresult *res, int param_num)` — the OID of a parameter's data type; 0 if there is no such
/// parameter.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQparamtype(res: *const PGresult, param_num: c_int) -> Oid {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        ask(res, 0, |r| {
            let types = &r.result.param_types;
            let index = usize::try_from(param_num).ok();
            index
                .and_then(|index| types.get(index).copied())
                .ok_or(ResultError::ParamNumber {
                    number: param_num,
                    count: types.len(),
                })
        })
    }
}

/// `char *PQcmdStatus(PGresult *res)` — the command tag; NULL for NULL (behaviour 230).
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcmdStatus(res: *mut PGresult) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_result(res, std::ptr::null_mut(), |r| {
            pointer(r.result.tag.text_with_nul())
        })
    }
}

/// `char *PQcmdTuples(PGresult *res)` — the number of rows the command affected, as a text within its tag; "" if the
/// tag has none (behaviour 231).
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcmdTuples(res: *mut PGresult) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        ask(res, empty(), |r| {
            let count = r.result.tag.affected_rows()?;
            Ok(if count.len() > 1 {
                pointer(count)
            } else {
                empty()
            })
        })
    }
}

/// `Oid PQoidValue(const PGresult *res)` — the OID in the tag of an INSERT; 0 if there is none (behaviour 232).
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQoidValue(res: *const PGresult) -> Oid {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_result(res, 0, |r| r.result.tag.inserted_oid()) }
}

/// The text that `PQoidStatus` last gave. Bytes of their own, so that threads that call it at once see a wrong text
/// at the worst (behaviour 339).
static OID_TEXT: [AtomicU8; OID_DIGITS + 1] = [const { AtomicU8::new(0) }; OID_DIGITS + 1];

fn oid_text(digits: &[u8]) -> *mut c_char {
    for (slot, &byte) in OID_TEXT.iter().zip(digits.iter().chain([&0])) {
        slot.store(byte, Relaxed);
    }
    OID_TEXT[0].as_ptr().cast()
}

/// `char *PQoidStatus(const PGresult *res)` — the OID in the tag of an INSERT as a text, in memory that the next call
/// overwrites; "" if there is none. Not thread-safe; use `PQoidValue`.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQoidStatus(res: *const PGresult) -> *mut c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_result(res, empty(), |r| {
            oid_text(r.result.tag.inserted_oid_digits())
        })
    }
}

/// `size_t PQresultMemorySize(const PGresult *res)` — the bytes of memory the result holds (behaviour 239).
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresultMemorySize(res: *const PGresult) -> usize {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see_result(res, 0, PGresult::memory) }
}

#[cfg(test)]
#[path = "result_tests.rs"]
mod tests;
