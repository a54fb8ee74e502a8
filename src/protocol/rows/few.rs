//! Results of a few rows, which are copied out of the receive block at once: neither has that to be kept, nor the rows to
//! be closed later.

use super::parse::{data_row, locate, prepare};
use super::{KEPT_BYTES, RowError, RowStore, address_of};
use crate::protocol::backend::tag;

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
        let entries = rows * self.stride;
        if self.near.len() < entries || self.first.data.capacity() <= length {
            self.make_room(entries, length)?;
        }
        let data = &mut self.first.data;
        data.clear();
        let (messages, rest) = bytes.split_at_checked(length)?;
        data.extend_from_slice(messages);
        data.push(0);
        let (messages, table) = (data.get_mut(..length)?, self.near.get_mut(..entries)?);
        match rows {
            1 => locate(messages, 0, table),
            _ => locate_all(messages, table, self.stride),
        }
        .ok()?;
        self.base = address_of(data);
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
        data.try_reserve_exact(length + 1).ok()
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

/// [`locate`] for the rows of `messages`, which are measured.
#[inline(never)]
fn locate_all(messages: &mut [u8], table: &mut [i32], stride: usize) -> Result<(), RowError> {
    let mut start = 0;
    for entries in table.chunks_exact_mut(stride) {
        let rest = messages.get_mut(start..).unwrap_or_default();
        let (length, _) = data_row(rest).ok_or(RowError::InsufficientData)?;
        let message = rest.get_mut(..length).unwrap_or_default();
        locate(message, start as i32, entries)?;
        start += length;
    }
    Ok(())
}
