//! Many values or rows a call, without a copy each.
//!
//! Contract of all functions: `res` and `conn` as in the modules of libpq's own functions; arrays have the elements that
//! the counts say.

use std::ffi::{c_char, c_int};
use std::ops::Range;
use std::slice;

use super::guard::{see_result, with_conn};
use super::pqp_status::pqp_status::{self, *};
use super::types::{PGconn, PGresult};
use crate::client::Handle;
use crate::client::copy::{self, GetOutcome, PutOutcome};
use crate::protocol::rows::{RowStore, RowsView};

/// Where the values of a rectangle of a result lie, row after row: `rows` rows from `first_row` on, of each `columns` columns
/// from `first_column` on. `values`, `lengths` and `nulls` get rows * columns elements each, and any of the three may be NULL
/// to be left out:
///
/// - `values`: where the value begins, a NUL behind its last byte as with PQgetvalue; NULL for SQL NULL;
/// - `lengths`: its length in bytes, without that NUL; -1 for SQL NULL;
/// - `nulls`: 1 for SQL NULL, else 0.
///
/// The arrays are the caller's, the values the result's: they live until PQclear. Nothing is copied, allocated or prepared
/// beforehand, so what is never asked for costs nothing. Counts
/// and first numbers are as PQntuples and PQnfields count; a count of 0 is allowed. Any number of threads may look at one
/// result at once. PQP_INVALID, and nothing written, when the rectangle is not within the result; PQP_NULL without a result.
///
/// # Safety
/// The contract at the top of this module.
#[allow(clippy::too_many_arguments)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_result_values(
    res: *const PGresult,
    first_row: c_int,
    rows: c_int,
    first_column: c_int,
    columns: c_int,
    values: *mut *const c_char,
    lengths: *mut c_int,
    nulls: *mut c_char,
) -> pqp_status {
    let arrays = Arrays {
        values,
        lengths,
        nulls,
    };
    // SAFETY: the pointers are covered by the contract above.
    unsafe { describe(res, (first_row, rows), (first_column, columns), &arrays) }
}

/// As pqp_result_values, for one column, as arrays of it are wanted by column-wise programs: `rows` elements each, of the rows from `first_row`
/// on. A large result is best taken in slices of some hundred rows, which stay in the processor's cache.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_result_column(
    res: *const PGresult,
    column: c_int,
    first_row: c_int,
    rows: c_int,
    values: *mut *const c_char,
    lengths: *mut c_int,
    nulls: *mut c_char,
) -> pqp_status {
    let arrays = Arrays {
        values,
        lengths,
        nulls,
    };
    // SAFETY: the pointers are covered by the contract above.
    unsafe { describe(res, (first_row, rows), (column, 1), &arrays) }
}

/// The arrays that are wanted; NULL for those that are not.
struct Arrays {
    values: *mut *const c_char,
    lengths: *mut c_int,
    nulls: *mut c_char,
}

impl Arrays {
    /// Writes what is told of one value: its place and length, or nothing for SQL NULL.
    ///
    /// # Safety
    /// The arrays have an element of this index.
    #[inline(always)]
    unsafe fn put(&self, index: usize, value: Option<(*const u8, c_int)>) {
        let (start, length) = value.unwrap_or((std::ptr::null(), -1));
        // SAFETY: the caller's promise.
        unsafe {
            if !self.values.is_null() {
                self.values.add(index).write(start.cast());
            }
            if !self.lengths.is_null() {
                self.lengths.add(index).write(length);
            }
            if !self.nulls.is_null() {
                self.nulls.add(index).write(value.is_none().into());
            }
        }
    }
}

/// Fills the arrays for so many rows and columns, each a first number and a count.
///
/// # Safety
/// The contract at the top of this module.
unsafe fn describe(
    res: *const PGresult,
    rows: (c_int, c_int),
    columns: (c_int, c_int),
    arrays: &Arrays,
) -> pqp_status {
    if res.is_null() {
        return PQP_NULL;
    }
    // SAFETY: the result is the caller's, and so are the arrays, which have an element for each value of the area.
    unsafe {
        see_result(res, PQP_INTERNAL, |r| {
            let store = &r.result.rows;
            let (Some(rows), Some(columns)) =
                (range(rows, store.rows()), range(columns, store.columns()))
            else {
                return PQP_INVALID;
            };
            match rows.end <= r.view.lengths as usize {
                true => fill(&r.view, rows, columns, arrays),
                false => fill_the_long_way(store, rows, columns, arrays),
            }
            PQP_OK
        })
    }
}

/// # Safety
/// The view is a result's as it is now; it tells the lengths of these rows, and has these columns. The arrays have an element
/// for each value.
unsafe fn fill(view: &RowsView, rows: Range<usize>, columns: Range<usize>, arrays: &Arrays) {
    // One loop, not one in another: rows and columns alike may be few.
    let mut row = view.table.wrapping_add(rows.start * view.stride as usize);
    let mut column = columns.start;
    for index in 0..rows.len() * columns.len() {
        // SAFETY: the table has entries for the rows and columns of the view; in front of each value, and of what NULLs point
        // to, stand four bytes of length; of the arrays' elements this is the next.
        unsafe {
            let entry = *row.add(column);
            let start = view.start(entry);
            let length = c_int::from_be(start.sub(4).cast::<c_int>().read_unaligned());
            arrays.put(index, (entry != view.empty).then_some((start, length)));
        }
        column += 1;
        if column == columns.end {
            row = row.wrapping_add(view.stride as usize);
            column = columns.start;
        }
    }
}

/// The same where values are too long, or lie too far apart, for a view.
///
/// # Safety
/// The arrays have an element for each value.
#[cold]
unsafe fn fill_the_long_way(
    store: &RowStore,
    rows: Range<usize>,
    columns: Range<usize>,
    arrays: &Arrays,
) {
    let places = rows.flat_map(|row| columns.clone().map(move |column| (row, column)));
    for (index, (row, column)) in places.enumerate() {
        let value = store.value_with_nul(row, column);
        let value = value.map(|v| (v.as_ptr(), (v.len() - 1) as c_int));
        // SAFETY: the caller's promise.
        unsafe { arrays.put(index, value) };
    }
}

/// `count` numbers from `first` on, if all are below `end`.
fn range((first, count): (c_int, c_int), end: usize) -> Option<Range<usize>> {
    let first = usize::try_from(first).ok()?;
    let last = first.checked_add(usize::try_from(count).ok()?)?;
    (last <= end).then_some(first..last)
}

/// As many rows of a COPY to the client as have come, `most` at the most: `rows` and `lengths` get where they lie and their
/// lengths in bytes. A row is what one CopyData message holds, which is a line of the text format with its newline.
///
/// Nothing is copied: the rows are the connection's and lie in its receive buffer, without a NUL behind them, until the next
/// call on the connection (also one from a notice hook). Do not free them. Waits for the first of them unless `async` is not
/// 0, never for more; so a call gives what one receive has brought. As with all calls on a connection, one thread at a time.
///
/// Returns their number; 0 nothing yet (`async` only: wait for the socket, then PQconsumeInput), -1 the data has ended, -2
/// error with the text in PQerrorMessage: as PQgetCopyData, with which it may be mixed. `most` below 1 and NULL arrays are
/// errors without a text.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_copy_rows(
    conn: *mut PGconn,
    most: c_int,
    rows: *mut *const c_char,
    lengths: *mut c_int,
    r#async: c_int,
) -> c_int {
    let most = usize::try_from(most).unwrap_or(0);
    if most == 0 || rows.is_null() || lengths.is_null() {
        return -2;
    }
    // SAFETY: the pointers are covered by the contract above; `count` stays below `most`.
    unsafe {
        with_conn(conn, -2, |c| {
            let first = copy::get_copy_data(c, r#async == 0, |data| (data.as_ptr(), data.len()));
            let (pointer, len) = match first {
                GetOutcome::Data(row) => row,
                GetOutcome::Pending => return 0,
                GetOutcome::Done => return -1,
                GetOutcome::Failed => return -2,
            };
            rows.write(pointer.cast());
            lengths.write(len as c_int);
            c.with(|c| {
                let mut count = 1;
                while count < most
                    && let Some(data) = c.link.session.take_copy_data()
                {
                    rows.add(count).write(data.as_ptr().cast());
                    lengths.add(count).write(data.len() as c_int);
                    count += 1;
                }
                count as c_int
            })
        })
    }
}

/// Sends `count` pieces of COPY data, gathered from where they lie: as that many calls of PQputCopyData, in one. `lengths` are
/// in bytes. Pieces may be cut anywhere, in the middle of a row too; empty ones are passed over, NULL with them.
///
/// The pieces stay the caller's and may be changed or freed when the call is back. Small ones are put together behind each other
/// and sent by many; a piece of 8 KiB or more is not copied on a connection without TLS, but sent from where it lies, as far
/// as the socket takes it. As with all calls on a connection, one thread at a time.
///
/// Returns how many pieces have been taken: fewer than `count` when more would have to wait (non-blocking only: wait until the
/// socket is writable, PQflush, and go on from there); -1 on error, with the text in PQerrorMessage.
///
/// # Safety
/// The contract at the top of this module; a piece has the bytes that its length says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_put_copy_pieces(
    conn: *mut PGconn,
    count: c_int,
    pieces: *const *const c_char,
    lengths: *const c_int,
) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    if count > 0 && (pieces.is_null() || lengths.is_null()) {
        return -1;
    }
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        with_conn(conn, -1, |c| {
            let piece = move |index: usize| {
                let length = usize::try_from(*lengths.add(index)).unwrap_or(0);
                match (*pieces.add(index)).cast::<u8>() {
                    place if place.is_null() || length == 0 => &[][..],
                    place => slice::from_raw_parts(place, length),
                }
            };
            let mut next = 0;
            while next < count {
                let (index, outcome) = c.with(|c| {
                    for index in next..count {
                        let data = piece(index);
                        if !data.is_empty() && !c.append_copy_data(data) {
                            return (index, c.put_copy_data(data));
                        }
                    }
                    (count, Ok(PutOutcome::Queued))
                });
                match outcome {
                    Ok(PutOutcome::Queued) => next = index + 1,
                    Ok(PutOutcome::WouldBlock) => return index as c_int,
                    Err(_) => return -1,
                }
            }
            count as c_int
        })
    }
}
