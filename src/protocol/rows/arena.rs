//! Rows that are copied, so that their values are aligned.

use super::parse::{Entry, LONG, ROW_HEADER, Stop, Taken, WORD, data_row, note_long, prepare};
use super::{KEPT_BYTES, RowError, RowStore, RowsStep, address_of, in_reach};
use crate::protocol::input::Input;

/// Alignment of binary values in bytes.
pub(super) const ALIGN: usize = 8;
/// Least capacity of an arena block in bytes; the next ones double up to [`ARENA_LARGEST`].
const ARENA_FIRST: usize = 512;
const ARENA_LARGEST: usize = 1024 * 1024;
/// So much of an arena block is made ready at a time, in bytes: in so many steps of a length that the C library's
/// memset does best.
const ARENA_STEPS: usize = 8;
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
        let mut left = limit;
        while left > 0 {
            let rest = block.get(*pos..).unwrap_or_default();
            let taken = self.copy_ready(rest, left);
            self.rows += taken.rows;
            self.closed_rows = self.rows;
            *pos += taken.bytes;
            left -= taken.rows;
            match taken.stop {
                _ if left == 0 => break,
                Stop::Done => return RowsStep::Done,
                Stop::Failed(error) => return RowsStep::Failed(error),
                Stop::Full | Stop::Long => {}
            }
            let rest = rest.get(taken.bytes..).unwrap_or_default();
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
            left -= 1;
        }
        RowsStep::Limit
    }

    /// Copies rows into what is ready of the arena and the table.
    #[inline(always)]
    fn copy_ready(&mut self, bytes: &[u8], limit: usize) -> Taken {
        let used = self.rows * self.stride;
        let block = self.blocks.last_mut().unwrap_or(&mut self.first);
        let address = address_of(&block.data);
        let data = block.data.as_mut_slice();
        let columns = self.columns;
        match &mut self.far {
            // Without a block, or without columns.
            _ if self.arena_used == 0 || columns == 0 => FULL,
            None => {
                let origin = address.wrapping_sub(self.base) as i32;
                let table = ready_part(&mut self.near, used, columns, limit);
                copy_rows(bytes, data, &mut self.arena_used, origin, table, columns)
            }
            Some(far) => {
                let table = ready_part(far, used, columns, limit);
                copy_rows(bytes, data, &mut self.arena_used, address, table, columns)
            }
        }
    }

    /// Copies the values of the DataRow at the front of `bytes`, of this length, into the arena, whatever that takes.
    fn copy_row(&mut self, bytes: &[u8], length: usize) -> Result<(), RowError> {
        let used = self.rows * self.stride;
        self.ready_arena(room_for(length, self.columns))?;
        if length >= LONG {
            note_long(&bytes[..length], used + 1, self.columns, &mut self.long)?;
        }
        let end = used + self.stride;
        let block = self.blocks.last_mut().unwrap_or(&mut self.first);
        let address = address_of(&block.data);
        let mut arena = Arena::of(&mut block.data, self.arena_used)?;
        match &mut self.far {
            None => {
                prepare(&mut self.near, end)?;
                let origin = address.wrapping_sub(self.base) as i32;
                let origin = origin.plus(arena.skew);
                copy_values(bytes, length, &mut arena, origin, &mut self.near[used..end])
            }
            Some(far) => {
                prepare(far, end)?;
                let origin = address.plus(arena.skew);
                copy_values(bytes, length, &mut arena, origin, &mut far[used..end])
            }
        }?;
        self.arena_used = arena.used();
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
        let step = |data: &mut Vec<u8>, end: usize| {
            let end = data
                .capacity()
                .min(end.max(data.len() + ARENA_STEPS * ARENA_STEP));
            while data.len() < end {
                data.resize(end.min(data.len() + ARENA_STEP), 0);
            }
        };
        let block = self.blocks.last_mut().unwrap_or(&mut self.first);
        if self.arena_used > 0 && block.data.capacity() - self.arena_used >= need {
            step(&mut block.data, self.arena_used + need);
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
        step(&mut data, need);
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

/// Nothing taken, for want of room.
const FULL: Taken = Taken {
    rows: 0,
    bytes: 0,
    stop: Stop::Full,
};

/// What a row of this length may take: each value what it takes in the message, and up to 7 bytes to be aligned.
#[inline(always)]
fn room_for(length: usize, columns: usize) -> usize {
    length + columns * ALIGN + 3 * ALIGN + SHORT
}

/// The part of the table that is ready for the next `limit` rows.
#[inline(always)]
fn ready_part<E: Entry>(table: &mut [E], used: usize, columns: usize, limit: usize) -> &mut [E] {
    let end = used.saturating_add(limit.saturating_mul(columns + 1));
    let end = end.min(table.len());
    table.get_mut(used..end).unwrap_or_default()
}

/// An arena block from its first aligned byte on. Blocks are aligned as the allocator aligns them, which is to 16 bytes, so
/// that is the first byte as a rule.
struct Arena<'a> {
    data: &'a mut [u8],
    /// Bytes used. A block holds a message, which is below 2 GiB, and little more; with 32 bits sums need no check.
    used: u32,
    /// Bytes before the first aligned one.
    skew: usize,
}

impl Arena<'_> {
    #[inline(always)]
    fn of(data: &mut [u8], used: usize) -> Result<Arena<'_>, RowError> {
        let skew = data.as_ptr().addr().wrapping_neg() % ALIGN;
        let used = used.checked_sub(skew).and_then(|u| u32::try_from(u).ok());
        match (data.get_mut(skew..), used) {
            (Some(data), Some(used)) => Ok(Arena { data, used, skew }),
            _ => Err(RowError::OutOfMemory),
        }
    }

    /// Bytes used of the block.
    #[inline(always)]
    fn used(&self) -> usize {
        self.used as usize + self.skew
    }
}

/// Copies rows from the front of `bytes` behind the `used` bytes of an arena block, which begins at `origin`, as long as
/// there is room for them in it and in `table`.
#[inline(never)]
fn copy_rows<E: Entry>(
    bytes: &[u8],
    data: &mut [u8],
    used: &mut usize,
    origin: E,
    table: &mut [E],
    columns: usize,
) -> Taken {
    let Ok(mut arena) = Arena::of(data, *used) else {
        return FULL;
    };
    let origin = origin.plus(arena.skew);
    let mut rest = bytes;
    let mut rows = 0;
    let stop = 'rows: {
        for entries in table.chunks_exact_mut(columns + 1) {
            let Some((length, count)) = data_row(rest) else {
                break 'rows Stop::Done;
            };
            if count != columns {
                break 'rows Stop::Failed(RowError::FieldCount);
            }
            if length >= LONG {
                break 'rows Stop::Long;
            }
            if arena.data.len() < arena.used as usize + room_for(length, columns) {
                break 'rows Stop::Full;
            }
            if let Err(error) = copy_values(rest, length, &mut arena, origin, entries) {
                break 'rows Stop::Failed(error);
            }
            rest = rest.get(length..).unwrap_or_default();
            rows += 1;
        }
        Stop::Full
    };
    *used = arena.used();
    Taken {
        rows,
        bytes: bytes.len() - rest.len(),
        stop,
    }
}

/// Copies the values of the DataRow at the front of `bytes`, of this length, into an arena block, which begins at `origin` and
/// has room for them: entries as those of [`locate`].
///
/// [`locate`]: super::parse::locate
#[inline(always)]
fn copy_values<E: Entry>(
    bytes: &[u8],
    length: usize,
    arena: &mut Arena<'_>,
    origin: E,
    entries: &mut [E],
) -> Result<(), RowError> {
    let empty = origin.plus(ARENA_CELL);
    let entries = match entries {
        [cell, entries @ ..] => {
            *cell = empty;
            entries
        }
        none => none,
    };
    let data = &mut *arena.data;
    let mut used = arena.used;
    let mut at = ROW_HEADER as u32;
    for entry in entries {
        let start = at as usize;
        let aligned = (used + (WORD + ALIGN - 1) as u32) & !(ALIGN as u32 - 1);
        let to = aligned.wrapping_sub(WORD as u32) as usize;
        if let Some(from) = bytes.get(start..start + WORD + SHORT)
            && let len = u32::from_be_bytes([from[0], from[1], from[2], from[3]])
            && len <= SHORT as u32
            && let Some(room) = data.get_mut(to..to + WORD + SHORT + 1)
        {
            // Most are short: as many bytes are copied each time, and what is too much will be overwritten.
            room[..WORD + SHORT].copy_from_slice(from);
            room[WORD + len as usize] = 0;
            *entry = origin.plus(aligned as usize);
            used = aligned + len;
            at += WORD as u32 + len;
            continue;
        }
        at += WORD as u32;
        match copy_long(bytes, start, data, to)? {
            None => *entry = empty,
            Some(len) => {
                *entry = origin.plus(aligned as usize);
                used = aligned + len;
                at += len;
            }
        }
    }
    match (at as usize).cmp(&length) {
        core::cmp::Ordering::Equal => {
            arena.used = used;
            Ok(())
        }
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
