//! Manual section "Miscellaneous Functions": results that the application builds or copies itself.
//!
//! Contract of all functions: results are NULL or have not been cleared, and no other thread uses them now, but for
//! the source of a copy, which others may look at.

use std::ffi::{c_char, c_int, c_void};

use super::guard::{catch, see_result, with_conn, with_result};
use super::types::{NoticeHooks, PGconn, PGresult};
use super::{events, notice, ptr};
use crate::protocol::encoding;
use crate::protocol::error::ResultError;
use crate::protocol::result::{Column, Columns, QueryResult, TooLarge};
use crate::protocol::rows::RowError;
use crate::protocol::types::{ExecStatus, Oid};

/// `PG_COPYRES_ATTRS`: copy the columns.
const COPY_ATTRS: c_int = 1;
/// `PG_COPYRES_TUPLES`: copy the columns and the rows.
const COPY_TUPLES: c_int = 2;
/// `PG_COPYRES_EVENTS`: copy the event procedures.
const COPY_EVENTS: c_int = 4;
/// `PG_COPYRES_NOTICEHOOKS`: copy the notice hooks.
const COPY_NOTICE_HOOKS: c_int = 8;

/// `PGresAttDesc`: a column of a result that the application builds.
#[repr(C)]
pub struct PGresAttDesc {
    /// Its name; NULL is taken for "".
    pub name: *mut c_char,
    /// OID of its table.
    pub tableid: Oid,
    /// Its number in that table.
    pub columnid: c_int,
    /// Format code of its values.
    pub format: c_int,
    /// OID of its data type.
    pub typid: Oid,
    /// Size of its data type in bytes.
    pub typlen: c_int,
    /// Its type modifier.
    pub atttypmod: c_int,
}

/// `PGresult *PQmakeEmptyPGresult(PGconn *conn, ExecStatusType status)` — a result without columns and rows; with the
/// error text of the connection if the status is that of an error (behaviour 234).
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQmakeEmptyPGresult(conn: *mut PGconn, status: c_int) -> *mut PGresult {
    if conn.is_null() {
        let result = || {
            let result = empty_result(status, encoding::SQL_ASCII, b"");
            make(result, status, |r| PGresult::bare(r, NoticeHooks::NONE))
        };
        return catch(std::ptr::null_mut(), result);
    }
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            c.whole(|c| {
                let session = &c.connection.link.session;
                let encoding = session.facts.client_encoding;
                let result = empty_result(status, encoding, session.errors.text());
                make(result, status, |r| PGresult::of(c, r))
            })
        })
    }
}

fn make(
    result: QueryResult,
    status: c_int,
    wrap: impl FnOnce(QueryResult) -> PGresult,
) -> *mut PGresult {
    let mut result = wrap(result);
    result.status = status;
    result.into_raw()
}

/// An empty result with the error text that results of this status carry.
fn empty_result(status: c_int, client_encoding: i32, error_text: &[u8]) -> QueryResult {
    use ExecStatus::*;
    match ExecStatus::from_c(status) {
        Some(
            status @ (EmptyQuery | CommandOk | TuplesOk | CopyOut | CopyIn | CopyBoth | SingleTuple
            | TuplesChunk),
        ) => QueryResult::new(status, client_encoding),
        status => {
            QueryResult::with_message(status.unwrap_or(BadResponse), error_text, client_encoding)
        }
    }
}

/// `PGresult *PQcopyResult(const PGresult *src, int flags)` — a copy with the parts the `PG_COPYRES_` flags name and
/// status `PGRES_TUPLES_OK` (behaviour 235); NULL when memory is out.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQcopyResult(src: *const PGresult, flags: c_int) -> *mut PGresult {
    // SAFETY: the pointer is covered by the contract above; the copy is fresh, and `src` not borrowed any more.
    unsafe {
        let copy = see_result(src, None, |src| copy_of(src, flags));
        catch(std::ptr::null_mut(), || match copy {
            Some(copy) => {
                let copy = copy.into_raw();
                events::fire_result_copied(src, copy);
                copy
            }
            None => std::ptr::null_mut(),
        })
    }
}

fn copy_of(src: &PGresult, flags: c_int) -> Option<PGresult> {
    let attrs = flags & (COPY_ATTRS | COPY_TUPLES) != 0;
    let tuples = flags & COPY_TUPLES != 0;
    let hooks = if flags & COPY_NOTICE_HOOKS != 0 {
        src.hooks
    } else {
        NoticeHooks::NONE
    };
    let mut copy = PGresult::bare(src.result.copy(attrs, tuples).ok()?, hooks);
    if flags & COPY_EVENTS != 0 {
        copy.events = events::for_copy(&src.events);
    }
    Some(copy)
}

/// `int PQsetResultAttrs(PGresult *res, int numAttributes, PGresAttDesc *attDescs)` — gives a result its columns: 1,
/// or 0 if it has some already or memory is out; no columns are no change (behaviour 236).
///
/// # Safety
/// The contract at the top of this module; `attDescs` is NULL or has `numAttributes` elements, whose names are NULL
/// or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetResultAttrs(
    res: *mut PGresult,
    numAttributes: c_int,
    attDescs: *mut PGresAttDesc,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_result(res, 0, |r| {
            if !r.result.columns.is_empty() {
                return 0;
            }
            match ptr::slice(attDescs, numAttributes as isize) {
                None | Some([]) => 1,
                Some(attrs) => {
                    c_int::from(columns_of(attrs).is_ok_and(|c| r.result.set_columns(c)))
                }
            }
        })
    }
}

/// The columns that the application describes.
///
/// # Safety
/// The names are NULL or NUL-terminated.
unsafe fn columns_of(attrs: &[PGresAttDesc]) -> Result<Columns, TooLarge> {
    let mut columns = Columns::with_room(attrs.len())?;
    for attr in attrs {
        let column = Column::new(
            attr.tableid,
            attr.columnid,
            attr.typid,
            attr.typlen,
            attr.atttypmod,
            attr.format,
        );
        // SAFETY: the caller's promise.
        let name = unsafe { ptr::text(attr.name) };
        columns.push(name.unwrap_or_default(), column)?;
    }
    Ok(columns)
}

/// `int PQsetvalue(PGresult *res, int tup_num, int field_num, char *value, int len)` — sets a value; the row may be
/// the one behind the last: 1, or 0 with a notice (behaviour 237).
///
/// # Safety
/// The contract at the top of this module; `value` is NULL or has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetvalue(
    res: *mut PGresult,
    tup_num: c_int,
    field_num: c_int,
    value: *mut c_char,
    len: c_int,
) -> c_int {
    // SAFETY: the pointers are covered by the contract above; nothing is borrowed while the notice is shown.
    unsafe {
        let complaint = with_result(res, None, |r| {
            let value = ptr::slice(value.cast::<u8>(), len as isize).filter(|_| len != -1);
            Some(set_value(r, tup_num, field_num, value).map_err(|error| r.complaint(&error)))
        });
        match complaint {
            Some(Ok(())) => 1,
            Some(Err(complaint)) => catch(0, || {
                notice::deliver(complaint);
                0
            }),
            None => 0,
        }
    }
}

fn set_value(
    result: &mut PGresult,
    row: c_int,
    column: c_int,
    value: Option<&[u8]>,
) -> Result<(), ResultError> {
    let index = usize::try_from(column)
        .ok()
        .filter(|&c| c < result.result.columns.len())
        .ok_or_else(|| result.column_error(column))?;
    // One row more than there are may be set.
    let count = result.result.rows.rows() + 1;
    let row_error = || ResultError::RowNumber { number: row, count };
    let row_index = usize::try_from(row).map_err(|_| row_error())?;
    match result.result.rows.set_value(row_index, index, value) {
        Ok(()) => Ok(()),
        Err(RowError::OutOfMemory) => Err(ResultError::OutOfMemory),
        Err(RowError::TooManyRows) => Err(ResultError::TooManyRows),
        Err(_) => Err(row_error()),
    }
}

/// `void *PQresultAlloc(PGresult *res, size_t nBytes)` — memory that lives as long as the result, 8-byte aligned; NULL
/// when there is none (behaviour 238).
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQresultAlloc(res: *mut PGresult, nBytes: usize) -> *mut c_void {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_result(res, std::ptr::null_mut(), |r| {
            let mut memory: Vec<u64> = Vec::new();
            let words = nBytes.div_ceil(size_of::<u64>()).max(1);
            if r.extra.try_reserve(1).is_err() || memory.try_reserve_exact(words).is_err() {
                return std::ptr::null_mut();
            }
            let pointer = memory.as_mut_ptr().cast();
            r.extra.push(memory);
            pointer
        })
    }
}
