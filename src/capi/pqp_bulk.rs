//! Many values or rows a call, without a copy each.
//!
//! Contract of all functions: `res` and `conn` as in the modules of libpq's own functions; arrays have the elements that
//! the counts say.

use std::ffi::{c_char, c_int};

use super::guard::{see_result, with_conn};
use super::pqp_status::pqp_status::{self, *};
use super::types::{PGconn, PGresult};
use crate::client::Handle;
use crate::client::copy::{self, GetOutcome, PutOutcome};

/// Where the values of a rectangle of a result lie: `rows` rows from `first_row` on, of each `columns` columns from
/// `first_column` on. `values` and `lengths` get rows * columns elements, row after row; so a whole column, or a whole
/// row, or all of the result is one call. A value is NULL for SQL NULL, whose length is -1; else a NUL stands behind its
/// last byte. Either array may be NULL. The values are the result's and live as long as it does: nothing is copied.
/// PQP_INVALID when the rectangle is not within the result.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_result_values(
    res: *const PGresult,
    first_row: c_int,
    rows: c_int,
    first_column: c_int,
    columns: c_int,
    values: *mut *const c_char,
    lengths: *mut c_int,
) -> pqp_status {
    if res.is_null() {
        return PQP_NULL;
    }
    // SAFETY: the pointers are covered by the contract above; `index` counts the elements of the rectangle.
    unsafe {
        see_result(res, PQP_INTERNAL, |r| {
            let store = &r.result.rows;
            let (Some(row_range), Some(column_range)) = (
                range(first_row, rows, store.rows()),
                range(first_column, columns, store.columns()),
            ) else {
                return PQP_INVALID;
            };
            let mut index = 0;
            for row in row_range {
                for column in column_range.clone() {
                    let value = store.value_with_nul(row, column);
                    if !values.is_null() {
                        let pointer = value.map_or(std::ptr::null(), |v| v.as_ptr().cast());
                        values.add(index).write(pointer);
                    }
                    if !lengths.is_null() {
                        let length = value.map_or(-1, |v| (v.len() - 1) as c_int);
                        lengths.add(index).write(length);
                    }
                    index += 1;
                }
            }
            PQP_OK
        })
    }
}

/// `count` numbers from `first` on, if all are below `end`.
fn range(first: c_int, count: c_int, end: usize) -> Option<std::ops::Range<usize>> {
    let first = usize::try_from(first).ok()?;
    let last = first.checked_add(usize::try_from(count).ok()?)?;
    (last <= end).then_some(first..last)
}

/// As many rows of a COPY to the client as have come, `most` at the most: `rows` and `lengths` get where they lie and their
/// lengths. Nothing is copied: they lie in the receive buffer, have no NUL behind them, and stay there until the next
/// call on the connection, from a notice hook too. Waits for the first of them unless `async` is not 0.
///
/// Returns their number; 0 nothing yet (`async` only), -1 the data has ended, -2 error with the text in PQerrorMessage: as
/// PQgetCopyData, with which it may be mixed.
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

/// Sends `count` pieces of COPY data, gathered from where they lie: as that many calls of PQputCopyData, in one. Pieces may
/// be cut anywhere; empty ones are passed over.
///
/// Returns how many pieces have been taken: fewer than `count` when more would have to wait (non-blocking only); -1 on
/// error, with the text in PQerrorMessage.
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
            for index in 0..count {
                let length = usize::try_from(*lengths.add(index)).unwrap_or(0);
                let piece = (*pieces.add(index)).cast::<u8>();
                if length == 0 || piece.is_null() {
                    continue;
                }
                let data = std::slice::from_raw_parts(piece, length);
                let outcome = c.with(|c| match c.append_copy_data(data) {
                    true => Ok(PutOutcome::Queued),
                    false => c.put_copy_data(data),
                });
                match outcome {
                    Ok(PutOutcome::Queued) => {}
                    Ok(PutOutcome::WouldBlock) => return index as c_int,
                    Err(_) => return -1,
                }
            }
            count as c_int
        })
    }
}
