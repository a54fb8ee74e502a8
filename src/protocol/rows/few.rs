//! Results of a few rows, which are copied out of the receive block at once: neither has that to be kept, nor the rows to
//! be closed later.

use super::parse::{data_row, locate, prepare};
use super::{KEPT_BYTES, RowStore, address_of};
use crate::protocol::backend::tag;

impl RowStore {
    /// Stores the whole DataRows at the front of `bytes`, `limit` at the most, if they are all that this result has: how many
    /// bytes they are. Where they are too much, or bad, or go on behind the end, nothing is stored:
    /// [`RowStore::take_rows`] does it, or says why not.
    #[inline]
    pub fn take_few(&mut self, bytes: &[u8], limit: usize) -> Option<usize> {
        if self.rows > 0 || self.copies || self.far.is_some() || self.columns == 0 {
            return None;
        }
        let (rows, length) = measure(bytes, self.columns, limit)?;
        if rows == 0 {
            return Some(0);
        }
        let entries = rows * self.stride;
        if self.near.len() < entries || self.first.data.capacity() <= length {
            self.make_room(entries, length)?;
        }
        let data = &mut self.first.data;
        data.clear();
        data.extend_from_slice(bytes.get(..length)?);
        data.push(0);
        let mut rest = data.get_mut(..length)?;
        let mut table = self.near.get_mut(..entries)?;
        let mut origin = 0;
        let mut left = rows;
        while left > 0 {
            let row = match left {
                1 => rest.len(),
                _ => data_row(rest)?.0,
            };
            let (message, after) = rest.split_at_mut_checked(row)?;
            let (entries, others) = table.split_at_mut_checked(self.stride)?;
            locate(message, origin, entries).ok()?;
            origin += row as i32;
            (rest, table) = (after, others);
            left -= 1;
        }
        self.base = address_of(data);
        self.first.rows = 0..rows;
        self.has_first = true;
        self.rows = rows;
        self.closed_rows = rows;
        Some(length)
    }

    #[cold]
    fn make_room(&mut self, entries: usize, length: usize) -> Option<()> {
        prepare(&mut self.near, entries).ok()?;
        let data = &mut self.first.data;
        data.clear();
        data.try_reserve_exact(length + 1).ok()
    }
}

/// How many DataRows there are before another message, `limit` at the most, and their bytes. `None` if they may go on, are
/// too much, or are not of so many columns.
#[inline(always)]
fn measure(bytes: &[u8], columns: usize, limit: usize) -> Option<(usize, usize)> {
    let (mut rows, mut length) = (0, 0);
    let mut rest = bytes;
    while rows < limit && *rest.first()? == tag::DATA_ROW {
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
