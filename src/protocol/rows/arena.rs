//! Rows that are copied, so that their values are aligned.

use super::parse::{Entry, LONG, ROW_HEADER, WORD, data_row, note_long, prepare};
use super::{KEPT_BYTES, RowError, RowStore, RowsStep, address_of, in_reach};
use crate::protocol::input::Input;

/// Alignment of binary values in bytes.
pub(super) const ALIGN: usize = 8;
/// Least capacity of an arena block in bytes; the next ones double up to [`ARENA_LARGEST`].
const ARENA_FIRST: usize = 512;
const ARENA_LARGEST: usize = 1024 * 1024;
/// So much of an arena block is made ready at a time, in bytes.
const ARENA_STEP: usize = 1536;
/// Values up to this length are copied in one go, in bytes.
const SHORT: usize = 32;
/// Where the empty value of an arena block stands, counted from its first aligned byte.
pub(super) const ARENA_CELL: usize = 8;

impl RowStore {
    /// Stores rows in the arena.
    #[inline(never)]
    pub(super) fn take_copies(&mut self, input: &mut Input, limit: usize) -> RowsStep {
        let (block, pos) = input.raw();
        for _ in 0..limit {
            let rest = block.get_mut(*pos..).unwrap_or_default();
            let Some((length, count)) = data_row(rest) else {
                return RowsStep::Done;
            };
            if count != self.columns {
                return RowsStep::Failed(RowError::FieldCount);
            }
            if let Err(error) = self.copy_row(rest, length) {
                return RowsStep::Failed(error);
            }
            *pos += length;
        }
        RowsStep::Limit
    }

    /// Copies the values of the DataRow at the front of `bytes`, of this length, into the arena.
    #[inline]
    fn copy_row(&mut self, bytes: &[u8], length: usize) -> Result<(), RowError> {
        let used = self.rows * self.stride;
        // Each value takes what it takes in the message, and up to 7 bytes to be aligned.
        self.ready_arena(length + self.columns * ALIGN + 3 * ALIGN + SHORT)?;
        if length >= LONG {
            note_long(&bytes[..length], used + 1, self.columns, &mut self.long)?;
        }
        let end = used + self.stride;
        let arena = self.blocks.last_mut().unwrap_or(&mut self.first);
        let address = address_of(&arena.data);
        let data = arena.data.as_mut_slice();
        let done = self.arena_used;
        self.arena_used = match &mut self.far {
            None => {
                if self.near.len() < end {
                    prepare(&mut self.near, end)?;
                }
                let origin = address.wrapping_sub(self.base) as i32;
                copy_values(bytes, length, data, done, origin, &mut self.near[used..end])
            }
            Some(far) => {
                if far.len() < end {
                    prepare(far, end)?;
                }
                copy_values(bytes, length, data, done, address, &mut far[used..end])
            }
        }?;
        self.rows += 1;
        self.closed_rows = self.rows;
        Ok(())
    }

    /// Sees to it that the last block is an arena block with `need` bytes ready, within reach.
    #[inline]
    pub(super) fn ready_arena(&mut self, need: usize) -> Result<(), RowError> {
        let block = self.last();
        if self.arena_used > 0 && block.data.len() - self.arena_used >= need {
            return Ok(());
        }
        self.extend_arena(need)
    }

    #[cold]
    fn extend_arena(&mut self, need: usize) -> Result<(), RowError> {
        let step =
            |data: &Vec<u8>, end: usize| data.capacity().min(end.max(data.len() + ARENA_STEP));
        let block = self.blocks.last_mut().unwrap_or(&mut self.first);
        if self.arena_used > 0 && block.data.capacity() - self.arena_used >= need {
            let len = step(&block.data, self.arena_used + need);
            block.data.resize(len, 0);
            return Ok(());
        }
        let need = need + ARENA_CELL + ALIGN;
        let capacity = match self.arena_used {
            0 => ARENA_FIRST,
            _ => (block.data.capacity() * 2).min(ARENA_LARGEST),
        };
        let mut data = match self.has_first {
            true => Vec::new(),
            false => core::mem::take(&mut self.first.data),
        };
        data.clear();
        if data.capacity() < need {
            data.try_reserve_exact(capacity.max(need))
                .map_err(|_| RowError::OutOfMemory)?;
        }
        data.resize(step(&data, need), 0);
        let address = address_of(&data);
        if self.rows == 0 {
            self.base = address;
        } else if !in_reach(address.wrapping_sub(self.base) as isize, data.capacity()) {
            self.make_far()?;
        }
        self.place(data, self.rows..usize::MAX)?;
        // The empty value, aligned, whatever the allocator gives.
        self.arena_used = address.next_multiple_of(ALIGN) - address + ARENA_CELL;
        Ok(())
    }

    /// Gives back what the last arena block does not need, if that is worth it.
    pub(super) fn trim_arena(&mut self) -> Result<(), RowError> {
        let used = self.arena_used;
        if used == 0 {
            return Ok(());
        }
        let first_row = self.last().rows.start;
        let block = self.blocks.last_mut().unwrap_or(&mut self.first);
        if block.data.capacity() <= KEPT_BYTES || block.data.capacity() - used <= used / 8 {
            return Ok(());
        }
        let before = block.address();
        block.data.truncate(used + 1);
        block.data.shrink_to_fit();
        self.arena_used = 0;
        self.moved(first_row, before)
    }
}

/// Copies the values of the DataRow at the front of `bytes`, of this length, behind the `used` bytes of an arena block, which begins at `origin` and has room
/// for them: entries as those of [`locate`]. Returns the bytes used then.
#[inline(always)]
fn copy_values<E: Entry>(
    bytes: &[u8],
    length: usize,
    arena: &mut [u8],
    used: usize,
    origin: E,
    entries: &mut [E],
) -> Result<usize, RowError> {
    // Blocks are aligned as the allocator aligns them, which is to 16 bytes. Everything counts from the first aligned byte.
    let skew = arena.as_ptr().addr().wrapping_neg() % ALIGN;
    let origin = origin.plus(skew);
    let (Some(arena), Some(used)) = (arena.get_mut(skew..), used.checked_sub(skew)) else {
        return Err(RowError::OutOfMemory);
    };
    let empty = origin.plus(ARENA_CELL);
    let entries = match entries {
        [cell, entries @ ..] => {
            *cell = empty;
            entries
        }
        none => none,
    };
    // A block holds a message, which is below 2 GiB, and little more. With 32 bits the sums need no check.
    let mut used = used as u32;
    let mut at = ROW_HEADER as u32;
    for entry in entries {
        let start = at as usize;
        let word =
            ((used + (WORD + ALIGN - 1) as u32) & !(ALIGN as u32 - 1)).wrapping_sub(WORD as u32);
        let to = word as usize;
        if let Some(from) = bytes.get(start..start + WORD + SHORT)
            && let len = u32::from_be_bytes([from[0], from[1], from[2], from[3]])
            && len <= SHORT as u32
            && let Some(room) = arena.get_mut(to..to + WORD + SHORT + 1)
        {
            // Most are short: as many bytes are copied each time, and what is too much will be overwritten.
            room[..WORD + SHORT].copy_from_slice(from);
            room[WORD + len as usize] = 0;
            *entry = origin.plus(to + WORD);
            used = word + WORD as u32 + len;
            at += WORD as u32 + len;
        } else {
            match copy_long(bytes, start, arena, to)? {
                None => {
                    *entry = empty;
                    at += WORD as u32;
                }
                Some(len) => {
                    *entry = origin.plus(to + WORD);
                    used = word + WORD as u32 + len;
                    at += WORD as u32 + len;
                }
            }
        }
    }
    match (at as usize).cmp(&length) {
        core::cmp::Ordering::Equal => Ok(used as usize + skew),
        core::cmp::Ordering::Less => Err(RowError::TrailingData),
        core::cmp::Ordering::Greater => Err(RowError::InsufficientData),
    }
}

/// Copies the value whose length word stands at `start`, with that word and a NUL, to `to`; its length, `None` for NULL.
#[inline(never)]
fn copy_long(
    bytes: &[u8],
    start: usize,
    arena: &mut [u8],
    to: usize,
) -> Result<Option<u32>, RowError> {
    let word = bytes.get(start..).and_then(|b| b.first_chunk::<WORD>());
    let len = i32::from_be_bytes(*word.ok_or(RowError::InsufficientData)?);
    if len < 0 {
        return Ok(None);
    }
    let start = start + WORD;
    bytes
        .get(start..start + len as usize)
        .and_then(|value| put_value(arena, to + WORD, value))
        .ok_or(RowError::InsufficientData)?;
    Ok(Some(len as u32))
}

/// Writes a value with the length word before it and the NUL behind it; `None` if there is no room.
pub(super) fn put_value(arena: &mut [u8], at: usize, value: &[u8]) -> Option<()> {
    let room = arena.get_mut(at.checked_sub(WORD)?..at + value.len() + 1)?;
    let [_, low @ ..] = (value.len() as u32).to_be_bytes();
    room[0] = 0;
    room[1..WORD].copy_from_slice(&low);
    room[WORD..WORD + value.len()].copy_from_slice(value);
    room[WORD + value.len()] = 0;
    Some(())
}
