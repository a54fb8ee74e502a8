//! Rows that are copied, so that their values are aligned.

use super::parse::{
    Entry, LONG, ROW_HEADER, Stop, Taken, WORD, count_word, data_row, length_of_row, note_long,
    prepare,
};
use super::{KEPT_BYTES, RowError, RowStore, RowsStep, address_of, in_reach};
use crate::protocol::input::Input;

/// Alignment of binary values in bytes.
pub(super) const ALIGN: usize = 8;
/// Least capacity of an arena block in bytes; the next ones double up to [`ARENA_LARGEST`].
const ARENA_FIRST: usize = 512;
const ARENA_LARGEST: usize = 1024 * 1024;
/// Capacity up to which the first block grows where it is, in bytes: until the C library's allocator maps it, as it does the
/// next ones. One in the heap would lie out of their reach.
const ARENA_MAPPED: usize = 256 * 1024;
/// So much of an arena block is made ready at a time, in bytes: in so many steps of a length that the C library's
/// memset does best.
const ARENA_STEPS: usize = 8;
const ARENA_STEP: usize = 1536;
/// Values up to this length are copied in one go, in bytes.
const SHORT: usize = 32;
/// So many values are copied at a time, if all of them are short.
const GROUP: usize = 8;
/// The bytes that such a group is read from, and the bytes it is written to, at the most: where one begins and what is touched
/// behind that.
const GROUP_FROM: usize = (GROUP - 1) * (WORD + SHORT) + WORD + SHORT + WORD;
const GROUP_TO: usize = ALIGN - WORD + (GROUP - 1) * (SHORT + ALIGN) + WORD + SHORT + 1;
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
        let (used, columns) = (self.rows * self.columns, self.columns);
        let empty = self.empty_address();
        let block = self.blocks.last_mut().unwrap_or(&mut self.first);
        let address = address_of(&block.data);
        let arena_used = &mut self.arena_used;
        match &mut self.far {
            // Without a block, or without columns.
            _ if *arena_used == 0 || columns == 0 => FULL,
            None => {
                let origin = address.wrapping_sub(self.base) as i32;
                let room = Room::of(&mut block.data, *arena_used, origin, self.empty as i32);
                let table = ready_part(&mut self.near, used, columns, limit);
                copy_rows(bytes, room, arena_used, table, columns)
            }
            Some(far) => {
                let room = Room::of(&mut block.data, *arena_used, address, empty);
                let table = ready_part(far, used, columns, limit);
                copy_wide(bytes, room, arena_used, table, columns)
            }
        }
    }

    /// Copies the values of the DataRow at the front of `bytes`, of this length, into the arena, whatever that takes.
    fn copy_row(&mut self, bytes: &[u8], length: usize) -> Result<(), RowError> {
        self.ready_arena(room_for(length, self.columns))?;
        let used = self.rows * self.columns;
        let known = self.long.len();
        if length >= LONG {
            note_long(&bytes[..length], used, self.columns, &mut self.long)?;
        }
        let end = used + self.columns;
        let empty = self.empty_address();
        let block = self.blocks.last_mut().unwrap_or(&mut self.first);
        let address = address_of(&block.data);
        let (data, arena_used) = (&mut block.data, self.arena_used);
        let stored = match &mut self.far {
            None => prepare(&mut self.near, end).and_then(|()| {
                let origin = address.wrapping_sub(self.base) as i32;
                let room = Room::of(data, arena_used, origin, self.empty as i32);
                let entries = &mut self.near[used..end];
                copy_values(bytes, length, room.bytes, room.origin, room.empty, entries)
                    .map(|taken| room.used() + taken)
            }),
            Some(far) => prepare(far, end).and_then(|()| {
                let room = Room::of(data, arena_used, address, empty);
                let entries = &mut far[used..end];
                copy_values(bytes, length, room.bytes, room.origin, room.empty, entries)
                    .map(|taken| room.used() + taken)
            }),
        };
        match stored {
            Ok(used) => {
                self.arena_used = used;
                self.rows += 1;
                self.closed_rows = self.rows;
                Ok(())
            }
            Err(error) => {
                self.long.truncate(known);
                Err(error)
            }
        }
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
        let is_first = self.blocks.is_empty();
        let block = self.blocks.last_mut().unwrap_or(&mut self.first);
        if self.arena_used > 0 && block.data.capacity() - self.arena_used >= need {
            step(&mut block.data, self.arena_used + need);
            return Ok(());
        }
        if self.arena_used > 0 && is_first && block.data.capacity() < ARENA_MAPPED {
            let (before, end) = (block.address(), self.arena_used + need);
            let capacity = end.max(block.data.capacity() * 4);
            block
                .data
                .try_reserve_exact(capacity - block.data.len())
                .map_err(|_| RowError::OutOfMemory)?;
            step(&mut block.data, end);
            return self.moved(0, before);
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
        // The empty value, aligned, whatever the allocator gives.
        let empty = address.next_multiple_of(ALIGN) - address + ARENA_CELL;
        if self.rows == 0 {
            self.base = address;
            self.empty = empty;
        } else if !in_reach(address.wrapping_sub(self.base) as isize, data.capacity()) {
            self.make_far()?;
        }
        self.place(data, self.rows..usize::MAX)?;
        self.arena_used = empty;
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

/// What a row of this length may take: each value what it takes in the message, and up to 7 bytes to be aligned; and what is
/// touched behind the last group.
#[inline(always)]
fn room_for(length: usize, columns: usize) -> usize {
    length + columns * ALIGN + 3 * ALIGN + GROUP_TO
}

/// The part of the table that is ready for the next `limit` rows.
#[inline(always)]
fn ready_part<E: Entry>(table: &mut [E], used: usize, columns: usize, limit: usize) -> &mut [E] {
    let end = used.saturating_add(limit.saturating_mul(columns));
    let end = end.min(table.len());
    table.get_mut(used..end).unwrap_or_default()
}

/// The part of an arena block that is free, from [`ALIGN`] bytes before the place of the next value.
struct Room<'a, E> {
    bytes: &'a mut [u8],
    /// The entry of its first byte.
    origin: E,
    /// The entry of SQL NULLs.
    empty: E,
    /// Bytes of the block.
    block: usize,
}

impl<E: Entry> Room<'_, E> {
    /// The free part of an arena block that begins at `origin` and of which so many bytes are used.
    #[inline(always)]
    fn of(block: &mut [u8], used: usize, origin: E, empty: E) -> Room<'_, E> {
        let (address, block_len) = (block.as_ptr().addr(), block.len());
        let start = next_place(address + used) - ALIGN - address;
        Room {
            bytes: block.get_mut(start..).unwrap_or_default(),
            origin: origin.plus(start),
            empty,
            block: block_len,
        }
    }

    /// Bytes used of the block, up to the length word of the next value.
    #[inline(always)]
    fn used(&self) -> usize {
        self.block - self.bytes.len() + ALIGN - WORD
    }

    /// Takes `len` bytes, a multiple of [`ALIGN`].
    #[inline(always)]
    fn take(&mut self, len: usize) {
        self.bytes = core::mem::take(&mut self.bytes)
            .get_mut(len..)
            .unwrap_or_default();
        self.origin = self.origin.plus(len);
    }
}

/// Where a value is to stand behind what ends at `end`, so that its length word fits between and it is aligned.
#[inline(always)]
fn next_place(end: usize) -> usize {
    (end + WORD + ALIGN - 1) & !(ALIGN - 1)
}

/// Copies rows from the front of `bytes`, as long as there is room for them in an arena block and in `table`; moves the
/// block's `used`.
///
/// Most rows are narrow: those have loops of their own, in which the number of values is known.
#[inline]
fn copy_rows<E: Entry>(
    bytes: &[u8],
    room: Room<'_, E>,
    used: &mut usize,
    table: &mut [E],
    columns: usize,
) -> Taken {
    match columns {
        1 => copy_narrow::<E, 1>(bytes, room, used, table),
        2 => copy_narrow::<E, 2>(bytes, room, used, table),
        3 => copy_narrow::<E, 3>(bytes, room, used, table),
        4 => copy_narrow::<E, 4>(bytes, room, used, table),
        5 => copy_narrow::<E, 5>(bytes, room, used, table),
        6 => copy_narrow::<E, 6>(bytes, room, used, table),
        7 => copy_narrow::<E, 7>(bytes, room, used, table),
        8 => copy_narrow::<E, 8>(bytes, room, used, table),
        _ => copy_wide(bytes, room, used, table, columns),
    }
}

#[inline(never)]
fn copy_narrow<E: Entry, const COLUMNS: usize>(
    bytes: &[u8],
    mut room: Room<'_, E>,
    used: &mut usize,
    table: &mut [E],
) -> Taken {
    let count_word = count_word(COLUMNS);
    let (table, _) = table.as_chunks_mut::<COLUMNS>();
    let mut rest = bytes;
    let mut rows = 0;
    let mut stop = Stop::Full;
    for entries in table {
        let length;
        // A row of short values is shorter than what is looked at. Whether it is a row may well be asked when its values are
        // copied to where nothing is yet: the fewer things are to be kept in mind meanwhile, the better.
        if let Some(row) = rest.first_chunk::<{ ROW_HEADER + GROUP_FROM }>()
            && let Some(from) = row.last_chunk()
            && let Some(to) = room.bytes.first_chunk_mut()
            && let Some((read, taken)) = copy_short(from, to, room.origin, room.empty, entries)
            && length_of_row(row, count_word) == Some(ROW_HEADER + read)
        {
            length = ROW_HEADER + read;
            room.take(taken);
        } else {
            match copy_odd(rest, room.bytes, room.origin, room.empty, entries) {
                Ok((copied, taken)) => {
                    length = copied;
                    room.take(taken);
                }
                Err(why) => {
                    stop = why;
                    break;
                }
            }
        }
        rest = &rest[length..];
        rows += 1;
    }
    *used = room.used();
    Taken {
        rows,
        bytes: bytes.len() - rest.len(),
        stop,
    }
}

#[inline(never)]
fn copy_wide<E: Entry>(
    bytes: &[u8],
    mut room: Room<'_, E>,
    used: &mut usize,
    table: &mut [E],
    columns: usize,
) -> Taken {
    let mut rest = bytes;
    let mut rows = 0;
    let mut stop = Stop::Full;
    for entries in table.chunks_exact_mut(columns) {
        match copy_odd(rest, room.bytes, room.origin, room.empty, entries) {
            Ok((length, taken)) => {
                rest = &rest[length..];
                room.take(taken);
            }
            Err(why) => {
                stop = why;
                break;
            }
        }
        rows += 1;
    }
    *used = room.used();
    Taken {
        rows,
        bytes: bytes.len() - rest.len(),
        stop,
    }
}

/// Copies the values of the DataRow at the front of `bytes`, if there is room for it; its length, and the bytes taken of the
/// room.
#[inline(never)]
fn copy_odd<E: Entry>(
    bytes: &[u8],
    room: &mut [u8],
    origin: E,
    empty: E,
    entries: &mut [E],
) -> Result<(usize, usize), Stop> {
    let (length, count) = data_row(bytes).ok_or(Stop::Done)?;
    if count != entries.len() {
        return Err(Stop::Failed(RowError::FieldCount));
    }
    if length > LONG {
        return Err(Stop::Long);
    }
    if room.len() < room_for(length, count) {
        return Err(Stop::Full);
    }
    let taken = copy_values(bytes, length, room, origin, empty, entries).map_err(Stop::Failed)?;
    Ok((length, taken))
}

/// Copies the values of the DataRow at the front of `bytes`, of this length, into a [`Room`] that is large enough, and writes
/// their entries; the bytes taken of it.
#[inline(always)]
fn copy_values<E: Entry>(
    bytes: &[u8],
    length: usize,
    room: &mut [u8],
    origin: E,
    empty: E,
    entries: &mut [E],
) -> Result<usize, RowError> {
    let mut done = Done {
        at: ROW_HEADER,
        taken: 0,
    };
    let (groups, left) = entries.as_chunks_mut::<GROUP>();
    for group in groups {
        let to = room.get_mut(done.taken..);
        if let Some(from) = bytes.get(done.at..).and_then(|b| b.first_chunk())
            && let Some(to) = to.and_then(|r| r.first_chunk_mut())
            && let Some((read, taken)) = copy_short(from, to, origin.plus(done.taken), empty, group)
        {
            done.at += read;
            done.taken += taken;
        } else {
            done = copy_one_by_one(bytes, room, origin, empty, done, group)?;
        }
    }
    done = copy_one_by_one(bytes, room, origin, empty, done, left)?;
    match done.at.cmp(&length) {
        core::cmp::Ordering::Equal => Ok(done.taken),
        core::cmp::Ordering::Less => Err(RowError::TrailingData),
        core::cmp::Ordering::Greater => Err(RowError::InsufficientData),
    }
}

/// How far [`copy_values`] is.
#[derive(Clone, Copy)]
struct Done {
    /// Where the next length word begins.
    at: usize,
    /// Bytes taken of the room.
    taken: usize,
}

#[inline(never)]
fn copy_one_by_one<E: Entry>(
    bytes: &[u8],
    room: &mut [u8],
    origin: E,
    empty: E,
    mut done: Done,
    entries: &mut [E],
) -> Result<Done, RowError> {
    for entry in entries {
        let place = done.taken + ALIGN;
        match copy_any(bytes, done.at, room, place)? {
            None => *entry = empty,
            Some(len) => {
                *entry = origin.plus(place);
                done.taken = next_place(place + len) - ALIGN;
                done.at += len;
            }
        }
        done.at += WORD;
    }
    Ok(done)
}

/// Copies values with length words and NULs from the length word at the front of `from` to the places from the second of
/// `to` on, which begins at `origin`; the bytes read and taken. `None` when a value is not short.
///
/// As many bytes are copied for each value, and what is too much will be overwritten. All of it lies within the two arrays,
/// whatever the lengths, as the compiler finds out where it knows how many values there are.
#[inline(always)]
fn copy_short<E: Entry>(
    from: &[u8; GROUP_FROM],
    to: &mut [u8; GROUP_TO],
    origin: E,
    empty: E,
    entries: &mut [E],
) -> Option<(usize, usize)> {
    let mut at = 0;
    // Where the length word goes.
    let mut word = ALIGN - WORD;
    for entry in entries {
        let value = from.get(at..at + WORD + SHORT)?;
        let len = u32::from_be_bytes(*value.first_chunk()?) as usize;
        at += WORD;
        if len <= SHORT {
            let room = to.get_mut(word..word + WORD + SHORT + 1)?;
            room[..WORD + SHORT].copy_from_slice(value);
            room[WORD + len] = 0;
            *entry = origin.plus(word + WORD);
            // As `next_place` has it, in fewer steps.
            word += (len + WORD + ALIGN - 1) & !(ALIGN - 1);
            at += len;
        } else if (len as u32).cast_signed() < 0 {
            *entry = empty;
        } else {
            return None;
        }
    }
    Some((at, word + WORD - ALIGN))
}

/// Copies the value whose length word stands at `start`, with that word and a NUL, to `place`; its length, `None` for NULL.
fn copy_any(
    bytes: &[u8],
    start: usize,
    arena: &mut [u8],
    place: usize,
) -> Result<Option<usize>, RowError> {
    let word = bytes.get(start..).and_then(|b| b.first_chunk::<WORD>());
    let len = i32::from_be_bytes(*word.ok_or(RowError::InsufficientData)?);
    if len < 0 {
        return Ok(None);
    }
    let (start, len) = (start + WORD, len as usize);
    bytes
        .get(start..start + len)
        .and_then(|value| put_value(arena, place, value))
        .ok_or(RowError::InsufficientData)?;
    Ok(Some(len))
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
