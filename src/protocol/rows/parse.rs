//! The parser of DataRow messages that stay where they are, and the table it writes.

use super::RowError;
use crate::protocol::backend::{HEADER_LEN, tag};

/// Bytes of a length word.
pub(super) const WORD: usize = 4;
/// Bytes in front of the first length word of a DataRow: its header and the number of values.
pub(super) const ROW_HEADER: usize = HEADER_LEN + 2;
/// From this length on the first byte of a length word is not 0.
pub(super) const LONG: usize = 1 << 24;
/// Where the empty value stands in the header of a store's first row.
pub(super) const ROW_CELL: usize = 4;
/// A row is taken with the length word that would follow its last one.
pub(super) const BEHIND: usize = WORD;
/// So many entries of the table are made ready at a time, in steps of a length that the C library's memset does best.
const TABLE_STEPS: usize = 4;
const TABLE_STEP: usize = 384;

/// An entry of the table.
pub(super) trait Entry: Copy + Default + PartialEq + 'static {
    /// The entry of what lies `offset` bytes behind `self`.
    fn plus(self, offset: usize) -> Self;
}

/// An offset from the base. It is within reach, which [`super::RowStore::take_rows`] sees to.
impl Entry for i32 {
    #[inline(always)]
    fn plus(self, offset: usize) -> i32 {
        self.wrapping_add(offset as i32)
    }
}

/// An address.
impl Entry for usize {
    #[inline(always)]
    fn plus(self, offset: usize) -> usize {
        self.wrapping_add(offset)
    }
}

/// How far [`take_in_place`] came.
pub(super) struct Taken {
    pub(super) rows: usize,
    /// Bytes of the rows taken.
    pub(super) bytes: usize,
    pub(super) stop: Stop,
}

/// Why it came no further.
pub(super) enum Stop {
    /// No whole DataRow is left.
    Done,
    /// The table is full.
    Full,
    /// The next DataRow may hold long values.
    Long,
    /// The next DataRow cannot be stored.
    Failed(RowError),
}

/// The header of the DataRow at the front of `bytes`, if a whole one is there: its length with the type byte, and its
/// number of values.
#[inline(always)]
pub(super) fn data_row(bytes: &[u8]) -> Option<(usize, usize)> {
    let &[kind, a, b, c, d, e, f] = bytes.first_chunk::<ROW_HEADER>()?;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    // A length word below 6 makes this less than the header, one above an `i32` more than there ever is.
    let whole = kind == tag::DATA_ROW && length >= ROW_HEADER - 1 && length < bytes.len();
    let count = usize::from(u16::from_be_bytes([e, f]));
    whole.then_some((length + 1, count))
}

/// A row's number of values as it stands in a message, for [`length_of_row`].
#[inline(always)]
pub(super) fn count_word(columns: usize) -> u16 {
    (columns as u16).to_be()
}

/// The length, with the type byte, of the message at the front of `bytes` if that is a DataRow with so many values. It need
/// not all be there.
#[inline(always)]
pub(super) fn length_of_row(bytes: &[u8], count_word: u16) -> Option<usize> {
    let &[kind, a, b, c, d, e, f] = bytes.first_chunk::<ROW_HEADER>()?;
    let is_row = kind == tag::DATA_ROW && u16::from_ne_bytes([e, f]) == count_word;
    is_row.then_some(u32::from_be_bytes([a, b, c, d]) as usize + 1)
}

/// Stores the rows at the front of `bytes`, whose entries count from `origin`, into `table`, which has room for as many
/// as are wanted. The entry of SQL NULLs is `empty`. Rows that may hold long values are left.
///
/// Most rows are narrow: those have loops of their own, in which the number of values is known.
#[inline]
pub(super) fn take_in_place<E: Entry>(
    bytes: &mut [u8],
    origin: E,
    empty: E,
    table: &mut [E],
    columns: usize,
) -> Taken {
    // All that fits is shorter than a long value.
    let near = bytes.len().min(LONG);
    let is_all = near == bytes.len();
    let bytes = &mut bytes[..near];
    let mut taken = match columns {
        1 => take_narrow::<E, 1>(bytes, origin, empty, table),
        2 => take_narrow::<E, 2>(bytes, origin, empty, table),
        3 => take_narrow::<E, 3>(bytes, origin, empty, table),
        4 => take_narrow::<E, 4>(bytes, origin, empty, table),
        5 => take_narrow::<E, 5>(bytes, origin, empty, table),
        6 => take_narrow::<E, 6>(bytes, origin, empty, table),
        7 => take_narrow::<E, 7>(bytes, origin, empty, table),
        8 => take_narrow::<E, 8>(bytes, origin, empty, table),
        _ => take_wide(bytes, origin, empty, table, columns),
    };
    if matches!(taken.stop, Stop::Done) && !is_all {
        taken.stop = Stop::Long;
    }
    taken
}

#[inline(never)]
fn take_narrow<E: Entry, const COLUMNS: usize>(
    bytes: &mut [u8],
    origin: E,
    empty: E,
    table: &mut [E],
) -> Taken {
    let (table, _) = table.as_chunks_mut::<COLUMNS>();
    take_each(bytes, origin, empty, table.iter_mut(), COLUMNS)
}

#[inline(never)]
fn take_wide<E: Entry>(
    bytes: &mut [u8],
    origin: E,
    empty: E,
    table: &mut [E],
    columns: usize,
) -> Taken {
    let table = table.chunks_exact_mut(columns);
    take_each(bytes, origin, empty, table, columns)
}

/// Stores one row into each part of a table.
#[inline(always)]
fn take_each<'t, E: Entry, R: AsMut<[E]> + ?Sized + 't>(
    bytes: &mut [u8],
    mut origin: E,
    empty: E,
    table: impl Iterator<Item = &'t mut R>,
    columns: usize,
) -> Taken {
    let all = bytes.len();
    let mut rest = bytes;
    let mut rows = 0;
    let mut stop = Stop::Full;
    let count_word = count_word(columns);
    for entries in table {
        let entries = entries.as_mut();
        if let Some(&[.., a, b, c, d]) = rest.first_chunk::<{ ROW_HEADER + WORD }>()
            && let Some(length) = length_of_row(rest, count_word)
            && let Some(row) = rest.get_mut(..length + BEHIND)
        {
            if let Err(error) = locate(row, [a, b, c, d], origin, empty, entries) {
                stop = Stop::Failed(error);
                break;
            }
            origin = origin.plus(length);
            rest = &mut rest[length..];
        } else {
            match take_odd(rest, origin, empty, entries) {
                Ok(length) => {
                    origin = origin.plus(length);
                    rest = rest.get_mut(length..).unwrap_or_default();
                }
                Err(why) => {
                    stop = why;
                    break;
                }
            }
        }
        rows += 1;
    }
    Taken {
        rows,
        bytes: all - rest.len(),
        stop,
    }
}

/// Stores the row at the front of `bytes`, if it is one that [`take_each`] leaves only because nothing has come behind it; its
/// length.
#[cold]
#[inline(never)]
fn take_odd<E: Entry>(
    bytes: &mut [u8],
    origin: E,
    empty: E,
    entries: &mut [E],
) -> Result<usize, Stop> {
    let Some((length, count)) = data_row(bytes) else {
        return Err(Stop::Done);
    };
    if count != entries.len() {
        return Err(Stop::Failed(RowError::FieldCount));
    }
    locate_any(&mut bytes[..length], origin, empty, entries).map_err(Stop::Failed)?;
    Ok(length)
}

/// As [`take_in_place`], for rows without columns, of which only the number is kept.
#[cold]
pub(super) fn take_empty(bytes: &mut [u8], limit: usize, taken: &mut Taken) {
    while taken.rows < limit {
        let rest = bytes.get_mut(taken.bytes..).unwrap_or_default();
        match take_odd::<i32>(rest, 0, 0, &mut []) {
            Ok(length) => {
                taken.rows += 1;
                taken.bytes += length;
            }
            Err(why) => {
                taken.stop = why;
                return;
            }
        }
    }
}

/// Finds the values of a DataRow, whose message begins at `origin`: `row` is the message and [`BEHIND`] bytes more, `first` its
/// first length word. Writes the entries of all values, and NULs behind them.
///
/// The byte behind a value is the next length word's first, which is 0 already: values are shorter than the message, and
/// that is shorter than [`LONG`]. Only the words of NULLs and the message's type byte need to be overwritten.
#[inline(always)]
pub(super) fn locate<E: Entry>(
    row: &mut [u8],
    first: [u8; WORD],
    origin: E,
    empty: E,
    entries: &mut [E],
) -> Result<(), RowError> {
    let mut values = Values {
        row,
        origin,
        empty,
        at: ROW_HEADER + WORD,
        len: u32::from_be_bytes(first) as usize,
    };
    let (groups, left) = entries.as_chunks_mut::<8>();
    let found = 'all: {
        for group in groups {
            for entry in group {
                if !values.next_into(entry) {
                    break 'all false;
                }
            }
        }
        for entry in left {
            if !values.next_into(entry) {
                break 'all false;
            }
        }
        true
    };
    let Values { row, at, .. } = values;
    if found && at == row.len() {
        row[0] = 0;
        return Ok(());
    }
    restore(row, empty, entries);
    Err(match found {
        true => RowError::TrailingData,
        false => RowError::InsufficientData,
    })
}

/// [`locate`] for a row that is alone: narrow ones have code of their own here, too.
#[inline(always)]
pub(super) fn locate_alone(
    row: &mut [u8],
    first: [u8; WORD],
    origin: i32,
    empty: i32,
    entries: &mut [i32],
) -> Result<(), RowError> {
    match entries.len() {
        1 => locate_narrow::<1>(row, first, origin, empty, entries),
        2 => locate_narrow::<2>(row, first, origin, empty, entries),
        3 => locate_narrow::<3>(row, first, origin, empty, entries),
        4 => locate_narrow::<4>(row, first, origin, empty, entries),
        _ => locate(row, first, origin, empty, entries),
    }
}

#[inline(always)]
fn locate_narrow<const COLUMNS: usize>(
    row: &mut [u8],
    first: [u8; WORD],
    origin: i32,
    empty: i32,
    entries: &mut [i32],
) -> Result<(), RowError> {
    match entries.first_chunk_mut::<COLUMNS>() {
        Some(entries) => locate(row, first, origin, empty, entries),
        None => Err(RowError::InsufficientData),
    }
}

/// Where [`locate`] is.
struct Values<'a, E> {
    row: &'a mut [u8],
    origin: E,
    empty: E,
    /// Where the next value begins, at most the length of `row`.
    at: usize,
    /// Its length word.
    len: usize,
}

impl<E: Entry> Values<'_, E> {
    /// Writes the entry of the next value, and reads the length word behind it; whether that is within the row.
    #[inline(always)]
    fn next_into(&mut self, entry: &mut E) -> bool {
        let at = self.at;
        *entry = self.origin.plus(at);
        // One comparison finds both a NULL and a value that ends outside.
        let seen = match self.row.get(..at + self.len + WORD) {
            Some(seen) => seen,
            None => {
                if (self.len as u32).cast_signed() >= 0 {
                    return false;
                }
                *entry = self.empty;
                let Some(seen) = self.row.get_mut(..at + WORD) else {
                    return false;
                };
                // This word's first byte, with the next word behind it.
                if let [.., nul, _, _, _, _, _, _, _] = seen {
                    *nul = 0;
                }
                seen
            }
        };
        let Some(word) = seen.last_chunk() else {
            return false;
        };
        self.len = u32::from_be_bytes(*word) as usize;
        self.at = seen.len();
        true
    }
}

/// Gives the NULLs of a row that cannot be stored negative length words again, for it will be looked at once more.
#[cold]
#[inline(never)]
fn restore<E: Entry>(row: &mut [u8], empty: E, entries: &[E]) {
    let mut at = ROW_HEADER;
    for &entry in entries {
        let Some(word) = row.get_mut(at..).and_then(|r| r.first_chunk_mut::<WORD>()) else {
            return;
        };
        at += WORD;
        match entry == empty {
            true => word[0] = 0xff,
            false => at += u32::from_be_bytes(*word) as usize,
        }
    }
}

/// As [`locate`] for any DataRow `message`, which may hold long values and of which nothing needs to be behind. One that cannot
/// be stored is left as it is.
#[cold]
pub(super) fn locate_any<E: Entry>(
    message: &mut [u8],
    origin: E,
    empty: E,
    entries: &mut [E],
) -> Result<(), RowError> {
    let mut end = ROW_HEADER;
    for _ in 0..entries.len() {
        end += WORD + value_len(message, end).ok_or(RowError::InsufficientData)?;
    }
    match end.cmp(&message.len()) {
        core::cmp::Ordering::Equal => {}
        core::cmp::Ordering::Less => return Err(RowError::TrailingData),
        core::cmp::Ordering::Greater => return Err(RowError::InsufficientData),
    }
    let mut at = ROW_HEADER;
    for entry in entries {
        let is_null = message[at] >= 0x80;
        let len = value_len(message, at).unwrap_or(0);
        message[at] = 0;
        at += WORD;
        *entry = match is_null {
            true => empty,
            false => origin.plus(at),
        };
        at += len;
    }
    message[0] = 0;
    Ok(())
}

/// What the length word at `at` says, 0 for NULL; `None` if it is not all there.
fn value_len(message: &[u8], at: usize) -> Option<usize> {
    let word = message.get(at..)?.first_chunk::<WORD>()?;
    Some(i32::from_be_bytes(*word).max(0) as usize)
}

/// Notes the lengths of the long values of a DataRow `message`, whose entries begin at `index`. Whether the message is
/// well-formed is not its business.
#[cold]
pub(super) fn note_long(
    message: &[u8],
    index: usize,
    columns: usize,
    long: &mut Vec<(usize, i32)>,
) -> Result<(), RowError> {
    let mut at = ROW_HEADER;
    for index in index..index + columns {
        let Some(len) = value_len(message, at) else {
            break;
        };
        at += WORD + len;
        if len >= LONG {
            long.try_reserve(1).map_err(|_| RowError::OutOfMemory)?;
            long.push((index, len as i32));
        }
    }
    Ok(())
}

/// Makes the table at least `need` entries long.
#[cold]
pub(super) fn prepare<E: Entry>(table: &mut Vec<E>, need: usize) -> Result<(), RowError> {
    if table.len() >= need {
        return Ok(());
    }
    table
        .try_reserve(need - table.len())
        .map_err(|_| RowError::OutOfMemory)?;
    let end = table
        .capacity()
        .min(need.max(table.len() + TABLE_STEPS * TABLE_STEP));
    while table.len() < end {
        table.resize(end.min(table.len() + TABLE_STEP), E::default());
    }
    Ok(())
}
