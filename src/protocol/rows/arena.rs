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
    mut used: usize,
    origin: E,
    entries: &mut [E],
) -> Result<usize, RowError> {
    // Blocks are aligned as the allocator aligns them, which is to 16 bytes.
    let skew = arena.as_ptr().addr() % ALIGN;
    let empty = origin.plus(ARENA_CELL + (ALIGN - skew) % ALIGN);
    let entries = match entries {
        [cell, entries @ ..] => {
            *cell = empty;
            entries
        }
        none => none,
    };
    let mut at = ROW_HEADER as u32;
    for entry in entries {
        let start = at as usize;
        let Some(&[a, b, c, d]) = bytes.get(start..start + WORD) else {
            return Err(RowError::InsufficientData);
        };
        let len = i32::from_be_bytes([a, b, c, d]);
        at += WORD as u32;
        if len < 0 {
            *entry = empty;
            continue;
        }
        let (start, len) = (at as usize, len as usize);
        let to = ((used + skew + WORD + ALIGN - 1) & !(ALIGN - 1)) - skew;
        *entry = origin.plus(to);
        if len <= SHORT
            && let Some(from) = bytes.get(start..start + SHORT)
            && let Some(room) = arena.get_mut(to - WORD..to + SHORT)
        {
            // Most are short: as many bytes are copied each time, and what is too much will be overwritten.
            room[..WORD].copy_from_slice(&(len as u32).to_be_bytes());
            room[WORD..].copy_from_slice(from);
            if let Some(nul) = arena.get_mut(to + len) {
                *nul = 0;
            }
        } else {
            let value = bytes.get(start..start + len);
            value
                .and_then(|value| put_value(arena, to, value))
                .ok_or(RowError::InsufficientData)?;
        }
        used = to + len;
        at += len as u32;
    }
    match (at as usize).cmp(&length) {
        core::cmp::Ordering::Equal => Ok(used),
        core::cmp::Ordering::Less => Err(RowError::TrailingData),
        core::cmp::Ordering::Greater => Err(RowError::InsufficientData),
    }
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
