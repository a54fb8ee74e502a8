//! The parser of DataRow messages that stay where they are, and the table it writes.

use super::RowError;
use crate::protocol::backend::{HEADER_LEN, tag};

/// Bytes of a length word.
pub(super) const WORD: usize = 4;
/// Bytes in front of the first length word of a DataRow: its header and the number of values.
pub(super) const ROW_HEADER: usize = HEADER_LEN + 2;
/// From this length on the first byte of a length word is not 0.
pub(super) const LONG: usize = 1 << 24;
/// Where the empty value stands in the header of a stored row.
const ROW_CELL: usize = 4;
/// So many entries of the table are made ready at a time.
const TABLE_STEP: usize = 256;

/// An entry of the table.
pub(super) trait Entry: Copy + Default + 'static {
    /// Entries to make a table longer by: copying them is cheaper than setting one by one.
    const FRESH: &'static [Self];

    /// The entry of what lies `offset` bytes behind `self`.
    fn plus(self, offset: usize) -> Self;
}

/// An offset from the base. It is within reach, which [`super::RowStore::take_rows`] sees to.
impl Entry for i32 {
    const FRESH: &'static [i32] = &[0; TABLE_STEP];

    #[inline(always)]
    fn plus(self, offset: usize) -> i32 {
        self.wrapping_add(offset as i32)
    }
}

/// An address.
impl Entry for usize {
    const FRESH: &'static [usize] = &[0; TABLE_STEP];

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

/// Stores the rows at the front of `bytes`, whose entries count from `origin`, into `table`, which has room for as many
/// as are wanted.
#[inline(never)]
pub(super) fn take_in_place<E: Entry>(
    bytes: &mut [u8],
    mut origin: E,
    table: &mut [E],
    columns: usize,
) -> Taken {
    let all = bytes.len();
    let mut rest = bytes;
    let mut left;
    let mut chunks = table.chunks_exact_mut(columns + 1);
    let wanted = chunks.len();
    let mut not_taken = 1;
    let stop = 'rows: {
        for entries in &mut chunks {
            left = rest.len();
            let Some(&[kind, a, b, c, d, e, f]) = rest.first_chunk::<ROW_HEADER>() else {
                break 'rows Stop::Done;
            };
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            if kind != tag::DATA_ROW {
                break 'rows Stop::Done;
            }
            if length >= LONG {
                break 'rows Stop::Long;
            }
            let length = length + 1;
            let Some((message, after)) = core::mem::take(&mut rest).split_at_mut_checked(length)
            else {
                break 'rows Stop::Done;
            };
            if usize::from(u16::from_be_bytes([e, f])) != columns {
                break 'rows Stop::Failed(match length < ROW_HEADER {
                    true => RowError::InsufficientData,
                    false => RowError::FieldCount,
                });
            }
            if let Err(error) = locate(message, origin, entries) {
                break 'rows Stop::Failed(error);
            }
            origin = origin.plus(length);
            rest = after;
        }
        left = rest.len();
        not_taken = 0;
        Stop::Full
    };
    Taken {
        rows: wanted - chunks.len() - not_taken,
        bytes: all - left,
        stop,
    }
}

/// As [`take_in_place`], for rows without columns, of which only the number is kept.
#[cold]
pub(super) fn take_empty(bytes: &mut [u8], limit: usize, taken: &mut Taken) {
    while taken.rows < limit {
        let rest = bytes.get_mut(taken.bytes..).unwrap_or_default();
        let Some((length, count)) = data_row(rest) else {
            taken.stop = Stop::Done;
            return;
        };
        let stored = match count {
            0 => locate::<i32>(&mut rest[..length], 0, &mut []),
            _ => Err(RowError::FieldCount),
        };
        if let Err(error) = stored {
            taken.stop = Stop::Failed(error);
            return;
        }
        taken.rows += 1;
        taken.bytes += length;
    }
}

/// Finds the values of a DataRow `message`, which begins at `origin`: writes the entries of the empty value and of all
/// values. The first byte of each length word, once read, becomes the NUL of the value before it, and the header becomes
/// the empty value and its length.
#[inline(always)]
pub(super) fn locate<E: Entry>(
    message: &mut [u8],
    origin: E,
    entries: &mut [E],
) -> Result<(), RowError> {
    let empty = origin.plus(ROW_CELL);
    let mut left = match entries {
        [cell, entries @ ..] => {
            *cell = empty;
            entries
        }
        none => none,
    };
    // Both summands are below 2 GiB each time.
    let mut at = ROW_HEADER as u32;
    while let [entry, entries @ ..] = left {
        left = entries;
        let start = at as usize;
        let Some(word) = message.get_mut(start..start + WORD) else {
            return Err(RowError::InsufficientData);
        };
        let len = i32::from_be_bytes([word[0], word[1], word[2], word[3]]);
        word[0] = 0;
        at += WORD as u32;
        if len < 0 {
            // Out of line, or the compiler makes every value pay for both ways.
            put_null(entry, empty);
            continue;
        }
        *entry = origin.plus(start + WORD);
        at += len as u32;
    }
    match (at as usize).cmp(&message.len()) {
        core::cmp::Ordering::Equal => {}
        core::cmp::Ordering::Less => return Err(RowError::TrailingData),
        core::cmp::Ordering::Greater => return Err(RowError::InsufficientData),
    }
    if let Some(header) = message.first_chunk_mut::<HEADER_LEN>() {
        *header = [0; HEADER_LEN];
    }
    Ok(())
}

#[cold]
#[inline(never)]
fn put_null<E: Entry>(entry: &mut E, empty: E) {
    *entry = empty;
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
        let Some(word) = message.get(at..).and_then(|m| m.first_chunk::<WORD>()) else {
            break;
        };
        let len = i32::from_be_bytes(*word);
        at += WORD + len.max(0) as usize;
        if len >= LONG as i32 {
            long.try_reserve(1).map_err(|_| RowError::OutOfMemory)?;
            long.push((index, len));
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
    let mut missing = table.capacity().min(need + TABLE_STEP) - table.len();
    while missing > 0 {
        let fresh = &E::FRESH[..missing.min(TABLE_STEP)];
        table.extend_from_slice(fresh);
        missing -= fresh.len();
    }
    Ok(())
}
