//! Results of a few rows, which are copied out of the receive block at once: neither has that to be kept, nor the rows to
//! be closed later.

use super::parse::{BEHIND, ROW_CELL, ROW_HEADER, data_row, locate_alone, prepare, take_in_place};
use super::{KEPT_BYTES, RowStore, address_of};
use crate::protocol::backend::{HEADER_LEN, tag};

impl RowStore {
    /// Stores the whole DataRows at the front of `bytes`, `limit` at the most, if they are all that this result has, and gives
    /// what follows them. Where they are too much, or bad, or more may come, nothing is stored: [`RowStore::take_rows`] does
    /// it, or says why not. (Rows behind these would lie in the receive block, which must not grow while another block is
    /// there.)
    #[inline]
    pub fn take_few<'b>(&mut self, bytes: &'b [u8], limit: usize) -> Option<&'b [u8]> {
        if self.rows > 0 || self.copies || self.columns == 0 || self.far.is_some() {
            return None;
        }
        if *bytes.first()? != tag::DATA_ROW {
            return Some(bytes);
        }
        let (mut length, count) = data_row(bytes)?;
        if count != self.columns {
            return None;
        }
        let mut rows = 1;
        if limit > 1 && *bytes.get(length)? != tag::COMMAND_COMPLETE {
            (rows, length) = measure(bytes, count, limit)?;
        }
        let entries = rows * self.columns;
        if self.near.len() < entries || self.first.data.capacity() < length + BEHIND {
            self.make_room(entries, length)?;
        }
        let data = &mut self.first.data;
        data.clear();
        let (messages, rest) = bytes.split_at_checked(length)?;
        data.extend_from_slice(messages);
        data.extend_from_slice(&[0; BEHIND]);
        let table = self.near.get_mut(..entries)?;
        if rows == 1 {
            let &first = data.get(ROW_HEADER..)?.first_chunk()?;
            locate_alone(data, first, 0, ROW_CELL as i32, table).ok()?;
        } else if take_in_place(data, 0, ROW_CELL as i32, table, self.columns).rows < rows {
            return None;
        }
        data.get_mut(..HEADER_LEN)?.fill(0);
        self.base = address_of(data);
        self.empty = ROW_CELL;
        self.first.rows = 0..rows;
        self.has_first = true;
        self.rows = rows;
        self.closed_rows = rows;
        Some(rest)
    }

    #[cold]
    fn make_room(&mut self, entries: usize, length: usize) -> Option<()> {
        if length >= KEPT_BYTES {
            return None;
        }
        prepare(&mut self.near, entries).ok()?;
        let data = &mut self.first.data;
        data.clear();
        data.try_reserve_exact(length + BEHIND).ok()
    }
}

/// How many DataRows there are before the CommandComplete, `limit` at the most, and their bytes. `None` if it is not there,
/// or they are too much, or not of so many columns.
#[inline(never)]
fn measure(bytes: &[u8], columns: usize, limit: usize) -> Option<(usize, usize)> {
    let (mut rows, mut length) = (0, 0);
    let mut rest = bytes;
    while rows < limit && *rest.first()? != tag::COMMAND_COMPLETE {
        let (row, count) = data_row(rest)?;
        length += row;
        if count != columns || length >= KEPT_BYTES {
            return None;
        }
        rows += 1;
        rest = rest.get(row..)?;
    }
    Some((rows, length))
}
