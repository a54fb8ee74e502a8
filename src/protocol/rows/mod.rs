//! Row storage: where the values of a result lie, and the parser of DataRow messages.
//!
//! Text rows stay where they were received. A value is found through a table of offsets, its length is read from the
//! length word in front of it, and the byte behind it is its NUL: the next length word's first byte, or the next message's
//! type. The former is 0 as it came, but for NULLs, whose length words nobody needs, and for values of 16 MiB and more,
//! whose lengths are kept apart.
//!
//! SQL NULLs point to an empty value, which lies in the message header of the first row. So a NULL has the length 0 and
//! reads as "" without being asked for.
//!
//! Rows with a binary column are copied into the store's own arena instead, because callers cast such values and so
//! need them at 8-byte aligned addresses (behaviour 225). There a length word stands in front of each value, too.
//!
//! Offsets count from a base address and so reach 2 GiB to both sides; a store whose blocks lie farther apart turns its
//! table into one of addresses. Blocks are heap memory that nobody resizes, so values stay while blocks move from hand
//! to hand.

mod arena;
mod build;
mod few;
mod parse;

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::backend::{HEADER_LEN, tag};
use super::input::{Input, append};
use parse::{
    BEHIND, Entry, ROW_CELL, Stop, Taken, WORD, data_row, locate_any, note_long, prepare,
    take_empty, take_in_place,
};

/// Entries that a finished table may keep without a use for them.
const TABLE_SPARE: usize = 256;
/// A finished result of more bytes than this keeps its receive block; a smaller one is copied out of it.
const COPIED_MOST: usize = 256 * 1024;
/// What a store that is used again may keep: bytes of its block, entries of its table.
const KEPT_BYTES: usize = 4096;
const KEPT_ENTRIES: usize = 1024;

/// Bytes that some rows lie in.
#[derive(Default)]
struct Block {
    data: Vec<u8>,
    /// The first row that lies in this block, and the first that does not any more.
    rows: core::ops::Range<usize>,
}

impl Block {
    fn address(&self) -> usize {
        address_of(&self.data)
    }

    /// Where `address` is in this block, if it is there.
    #[inline]
    fn find(&self, address: usize) -> Option<usize> {
        let at = address.wrapping_sub(self.address());
        (at < self.data.len()).then_some(at)
    }
}

/// The address of a block, from which C may go anywhere in it.
#[inline]
fn address_of(data: &[u8]) -> usize {
    data.as_ptr().expose_provenance()
}

/// Why rows could not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowError {
    /// The message ended inside a value.
    InsufficientData,
    /// The message has more or fewer values than the result has columns.
    FieldCount,
    /// The message goes on behind its last value.
    TrailingData,
    /// No memory.
    OutOfMemory,
    /// More rows than a C `int` can count.
    TooManyRows,
}

/// What the row parser met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsStep {
    /// No whole DataRow is left at the front.
    Done,
    /// The wished number of rows has been stored.
    Limit,
    /// The front message is a DataRow that cannot be stored. It is still there.
    Failed(RowError),
}

/// What the C layer needs to find the values of a finished store, without the store. It must be taken anew when the
/// store changes, and not used once it is gone.
///
/// The value at `row`, `column` begins at `base` plus the entry `row * columns + column` of `table`; its length, most
/// significant byte first, stands in the four bytes before it. It is SQL NULL if that entry is `empty`. All this holds for
/// rows below `rows`, lengths only for rows below `lengths`; one that asks for others turns to the store.
#[derive(Clone, Copy, Debug)]
pub struct RowsView {
    /// The table.
    pub table: *const i32,
    /// What its entries count from.
    pub base: usize,
    /// Number of rows that can be found.
    pub rows: u32,
    /// Number of rows whose lengths can be found.
    pub lengths: u32,
    /// Number of columns.
    pub columns: u32,
    /// The same once more, to multiply rows with: one number for both uses would be loaded by an instruction of its own.
    pub stride: u32,
    /// The entry of SQL NULLs.
    pub empty: i32,
}

impl RowsView {
    /// Where the value of this entry of the table begins.
    #[inline(always)]
    pub fn start(&self, entry: i32) -> *const u8 {
        core::ptr::with_exposed_provenance(self.base.wrapping_add_signed(entry as isize))
    }
}

/// The rows of one result.
///
/// Rows are *open* while they lie in the connection's receive block and *closed* once a block of this store holds
/// them. Values may be asked for only when no row is open, which [`RowStore::finish`] sees to.
pub struct RowStore {
    columns: usize,
    rows: usize,
    /// What the entries of `near` count from: the address of the first row's block, or where that has been.
    base: usize,
    /// How far the empty value, which NULLs point to, lies behind the base.
    empty: usize,
    /// The table, while all blocks are within reach of the base. It may be longer than its rows.
    near: Vec<i32>,
    /// The table in its stead, of addresses.
    far: Option<Vec<usize>>,
    /// The entries of long values, and their lengths.
    long: Vec<(usize, i32)>,
    /// The first block; most results have no other.
    first: Block,
    /// Whether there is a first block; else it may hold memory to be used again.
    has_first: bool,
    /// The blocks behind it.
    blocks: Vec<Block>,
    /// How many rows are closed.
    closed_rows: usize,
    /// Where the open rows begin and end in the receive block.
    open: (usize, usize),
    /// Where the receive block was when the newest open row was stored.
    open_block: usize,
    /// Copy rows into the arena, binary values aligned.
    copies: bool,
    /// Bytes used of the last block if that is an arena block, else 0.
    arena_used: usize,
    /// The block that the last look-up hit; only a hint, so any thread may set it.
    hint: AtomicUsize,
}

impl RowStore {
    /// An empty store for rows of `columns` values; `aligned` when one of them is binary.
    pub fn new(columns: usize, aligned: bool) -> Self {
        RowStore {
            columns,
            rows: 0,
            base: 0,
            empty: 0,
            near: Vec::new(),
            far: None,
            long: Vec::new(),
            first: Block::default(),
            has_first: false,
            blocks: Vec::new(),
            closed_rows: 0,
            open: (0, 0),
            open_block: 0,
            copies: aligned,
            arena_used: 0,
            hint: AtomicUsize::new(0),
        }
    }

    /// Gives memory back that is not worth keeping. The store holds no rows afterwards, until [`RowStore::restart`] it is
    /// for none.
    #[inline]
    pub fn trim(&mut self) {
        if self.near.capacity() > KEPT_ENTRIES
            || self.first.data.capacity() > KEPT_BYTES
            || self.blocks.capacity() > 0
            || self.long.capacity() > 0
            || self.far.is_some()
        {
            self.give_back();
        }
        self.rows = 0;
        self.closed_rows = 0;
    }

    #[cold]
    fn give_back(&mut self) {
        if self.near.capacity() > KEPT_ENTRIES {
            self.near = Vec::new();
        }
        if self.first.data.capacity() > KEPT_BYTES {
            self.first.data = Vec::new();
        }
        if self.blocks.capacity() > 0 {
            self.blocks = Vec::new();
        }
        if self.long.capacity() > 0 {
            self.long = Vec::new();
        }
        self.far = None;
    }

    /// As if new, after [`RowStore::trim`].
    pub fn restart(&mut self, columns: usize, aligned: bool) {
        self.has_first = false;
        self.columns = columns;
        self.copies = aligned;
        self.arena_used = 0;
        *self.hint.get_mut() = 0;
    }

    /// Number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[inline]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.near.capacity() * size_of::<i32>()
            + self.far.as_ref().map_or(0, Vec::capacity) * size_of::<usize>()
            + self.long.capacity() * size_of::<(usize, i32)>()
            + self.first.data.capacity()
            + self.blocks.capacity() * size_of::<Block>()
            + self.blocks.iter().map(|b| b.data.capacity()).sum::<usize>()
    }

    /// The short way to the values of a finished store.
    #[inline]
    pub fn view(&self) -> RowsView {
        // Rows are counted by an `int`, columns by a `short`: their product is no more than 47 bits long.
        let in_reach = self.far.is_none() && self.rows * self.columns <= u32::MAX as usize;
        let rows = if in_reach { self.rows as u32 } else { 0 };
        RowsView {
            table: self.near.as_ptr(),
            base: self.base,
            rows,
            lengths: if self.long.is_empty() { rows } else { 0 },
            columns: self.columns as u32,
            stride: self.columns as u32,
            empty: self.empty as i32,
        }
    }

    /// The value at `row`, `column` with the NUL behind it; `None` for SQL NULL, and where there is no such value.
    pub fn value_with_nul(&self, row: usize, column: usize) -> Option<&[u8]> {
        let (data, at, len) = self.find(row, column)?;
        data.get(at..at + len + 1)
    }

    /// The value at `row`, `column`; `None` for SQL NULL, and where there is no such value.
    #[inline]
    pub fn value(&self, row: usize, column: usize) -> Option<&[u8]> {
        self.value_with_nul(row, column).map(|v| &v[..v.len() - 1])
    }

    /// The value's length in bytes; -1 for SQL NULL, and where there is no such value.
    pub fn length(&self, row: usize, column: usize) -> i32 {
        self.find(row, column).map_or(-1, |(_, _, len)| len as i32)
    }

    /// The block, place and length of a value.
    fn find(&self, row: usize, column: usize) -> Option<(&[u8], usize, usize)> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        let index = row * self.columns + column;
        let address = self.address(index);
        if address == self.empty_address() {
            return None;
        }
        let (data, at) = self.find_block(row, address)?;
        let word = data.get(at.checked_sub(WORD)?..)?.first_chunk::<WORD>()?;
        // Its first byte is the NUL of the value before, or will be.
        let mut len = u32::from_be_bytes([0, word[1], word[2], word[3]]) as usize;
        if let Some(&(_, long)) = self.long.iter().rev().find(|&&(i, _)| i == index) {
            len = long as usize;
        }
        Some((data, at, len))
    }

    /// The address that an entry of the table stands for.
    #[inline]
    fn address(&self, index: usize) -> usize {
        match &self.far {
            None => self
                .near
                .get(index)
                .map_or(0, |&o| self.base.wrapping_add_signed(o as isize)),
            Some(far) => far.get(index).copied().unwrap_or(0),
        }
    }

    /// The address that entries of NULLs stand for.
    #[inline]
    fn empty_address(&self) -> usize {
        self.base.wrapping_add(self.empty)
    }

    /// The block that holds `address`, and where: first where a value of `row` should be.
    fn find_block(&self, row: usize, address: usize) -> Option<(&[u8], usize)> {
        let at_hint = self.blocks.get(self.hint.load(Relaxed));
        for block in at_hint
            .into_iter()
            .chain(self.has_first.then_some(&self.first))
        {
            if let Some(at) = block.find(address) {
                return Some((&block.data, at));
            }
        }
        let likely = self.blocks.partition_point(|b| b.rows.start <= row);
        // Values that the application has set lie anywhere.
        let index = likely
            .checked_sub(1)
            .filter(|&i| self.blocks[i].find(address).is_some())
            .or_else(|| self.blocks.iter().position(|b| b.find(address).is_some()))?;
        self.hint.store(index, Relaxed);
        let block = &self.blocks[index];
        Some((&block.data, block.find(address)?))
    }

    /// Stores whole DataRow messages from the front of `input`, `limit` at the most.
    pub fn take_rows(&mut self, input: &mut Input, limit: usize) -> RowsStep {
        if !input.starts_with(tag::DATA_ROW) {
            return RowsStep::Done;
        }
        // As many as an `int` counts.
        let most = limit.min((i32::MAX as usize).saturating_sub(self.rows));
        let step = match self.copies {
            true => self.take_copies(input, most),
            false => self.take_open(input, most),
        };
        if step != RowsStep::Limit || most == limit {
            return step;
        }
        match data_row(input.unparsed()) {
            Some((_, count)) if count == self.columns => RowsStep::Failed(RowError::TooManyRows),
            Some(_) => RowsStep::Failed(RowError::FieldCount),
            None => RowsStep::Done,
        }
    }

    /// Stores rows that stay in the receive block.
    fn take_open(&mut self, input: &mut Input, limit: usize) -> RowsStep {
        let opens = self.rows == self.closed_rows;
        if opens && self.has_first && self.blocks.try_reserve(1).is_err() {
            // The block these rows lie in will be adopted, which must not fail for want of a slot.
            return RowsStep::Failed(RowError::OutOfMemory);
        }
        self.follow(input.address());
        let first = input.position();
        let is_first = self.rows == 0;
        if is_first {
            self.base = self.open_block;
            self.empty = first + ROW_CELL;
        }
        let origin = self.open_block.wrapping_sub(self.base) as isize;
        if self.far.is_none() && !in_reach(origin, input.capacity()) && self.make_far().is_err() {
            return RowsStep::Failed(RowError::OutOfMemory);
        }
        let address = self.open_block;
        let mut left = limit;
        let step = loop {
            let (block, pos) = input.raw();
            let start = *pos;
            let bytes = block.get_mut(start..).unwrap_or_default();
            let used = self.rows * self.columns;
            let empty = self.empty_address();
            let taken = match &mut self.far {
                None => rows_into(
                    &mut self.near,
                    used,
                    bytes,
                    (origin as i32).plus(start),
                    self.empty as i32,
                    self.columns,
                    left,
                ),
                Some(far) => {
                    rows_into(far, used, bytes, address + start, empty, self.columns, left)
                }
            };
            let mut rows = taken.rows;
            *pos += taken.bytes;
            let stop = match taken.stop {
                Stop::Long => {
                    match self.take_long(block, pos, origin, used + rows * self.columns) {
                        Ok(true) => {
                            rows += 1;
                            None
                        }
                        Ok(false) => Some(RowsStep::Done),
                        Err(error) => Some(RowsStep::Failed(error)),
                    }
                }
                Stop::Full => None,
                Stop::Done => Some(RowsStep::Done),
                Stop::Failed(error) => Some(RowsStep::Failed(error)),
            };
            self.rows += rows;
            left -= rows;
            self.open.1 = *pos;
            match stop {
                Some(step) => break step,
                None if left == 0 => break RowsStep::Limit,
                None => {}
            }
        };
        if opens && self.rows > self.closed_rows {
            self.open.0 = first;
            input.set_pinned(true);
            if is_first {
                let (block, _) = input.raw();
                block[first..first + HEADER_LEN].fill(0);
            }
        }
        step
    }

    /// Stores the DataRow at `pos`, which may hold long values, if a whole one is there.
    #[cold]
    fn take_long(
        &mut self,
        block: &mut [u8],
        pos: &mut usize,
        origin: isize,
        used: usize,
    ) -> Result<bool, RowError> {
        let rest = block.get_mut(*pos..).unwrap_or_default();
        let Some((length, count)) = data_row(rest) else {
            return Ok(false);
        };
        if count != self.columns {
            return Err(RowError::FieldCount);
        }
        let message = &mut rest[..length];
        let known = self.long.len();
        note_long(message, used, self.columns, &mut self.long)?;
        let end = used + self.columns;
        let empty = self.empty_address();
        let stored = match &mut self.far {
            None => prepare(&mut self.near, end).and_then(|()| {
                let origin = (origin as i32).plus(*pos);
                locate_any(
                    message,
                    origin,
                    self.empty as i32,
                    &mut self.near[used..end],
                )
            }),
            Some(far) => prepare(far, end).and_then(|()| {
                let origin = self.open_block + *pos;
                locate_any(message, origin, empty, &mut far[used..end])
            }),
        };
        match stored {
            Ok(()) => *pos += length,
            Err(_) => self.long.truncate(known),
        }
        stored.map(|()| true)
    }

    /// Learns where the receive block is now. With open rows it may have grown and moved only as long as no other block
    /// is there.
    #[inline]
    fn follow(&mut self, address: usize) {
        let moved = address.wrapping_sub(self.open_block);
        self.open_block = address;
        if moved != 0 && self.closed_rows < self.rows {
            self.base = self.base.wrapping_add(moved);
            // Addresses are used from the second block on, or for blocks that are too large to be followed by growth.
            for entry in self.far.iter_mut().flatten() {
                *entry = entry.wrapping_add(moved);
            }
        }
    }

    /// Turns the table of offsets into one of addresses.
    #[cold]
    fn make_far(&mut self) -> Result<(), RowError> {
        if self.far.is_none() {
            let used = self.rows * self.columns;
            let mut far = Vec::new();
            far.try_reserve_exact(used)
                .map_err(|_| RowError::OutOfMemory)?;
            far.extend((0..used).map(|index| self.address(index)));
            self.far = Some(far);
            self.near = Vec::new();
        }
        Ok(())
    }

    fn last(&self) -> &Block {
        self.blocks.last().unwrap_or(&self.first)
    }

    /// Appends a block; a slot is there if one was reserved.
    fn place(&mut self, data: Vec<u8>, rows: core::ops::Range<usize>) -> Result<(), RowError> {
        let start = rows.start;
        let block = Block { data, rows };
        if self.has_first {
            self.blocks
                .try_reserve(1)
                .map_err(|_| RowError::OutOfMemory)?;
            let last = self.blocks.last_mut().unwrap_or(&mut self.first);
            last.rows.end = last.rows.end.min(start);
            self.blocks.push(block);
        } else {
            self.first = block;
            self.has_first = true;
        }
        self.arena_used = 0;
        Ok(())
    }

    /// The last block, which began at `before` when the rows from `first_row` on were stored in it, may be elsewhere now.
    fn moved(&mut self, first_row: usize, before: usize) -> Result<(), RowError> {
        let now = self.last().address();
        let delta = now.wrapping_sub(before);
        if delta == 0 {
            return Ok(());
        }
        if first_row == 0 {
            self.base = self.base.wrapping_add(delta);
            for entry in self.far.iter_mut().flatten() {
                *entry = entry.wrapping_add(delta);
            }
            return Ok(());
        }
        let entries = first_row * self.columns..self.rows * self.columns;
        if !in_reach(now.wrapping_sub(self.base) as isize, self.last().data.len()) {
            self.make_far()?;
        }
        let empty = self.empty_address();
        match &mut self.far {
            None => {
                for entry in self.near.get_mut(entries).into_iter().flatten() {
                    if *entry != self.empty as i32 {
                        *entry = entry.wrapping_add(delta as i32);
                    }
                }
            }
            Some(far) => {
                for entry in far.get_mut(entries).into_iter().flatten() {
                    if *entry != empty {
                        *entry = entry.wrapping_add(delta);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes over a receive block that is full; the open rows lie in it.
    pub fn adopt_block(&mut self, data: Vec<u8>) {
        if self.closed_rows < self.rows {
            // It may have grown since rows were last stored: a long message of another kind is behind them.
            self.follow(address_of(&data));
            // A slot was reserved when the first of these rows was opened.
            let _ = self.place(data, self.closed_rows..self.rows);
            self.closed_rows = self.rows;
        }
    }

    /// Closes the open rows: a small result is copied out of the receive block, a large one takes the block with it.
    ///
    /// # Errors
    /// [`RowError::OutOfMemory`]; the open rows are dropped then.
    #[inline]
    pub fn finish(&mut self, input: &mut Input) -> Result<(), RowError> {
        let is_finished = self.closed_rows == self.rows
            && self.arena_used == 0
            && self.near.capacity() <= TABLE_SPARE
            && self.far.is_none();
        match is_finished {
            true => Ok(()),
            false => self.finish_rows(input),
        }
    }

    #[inline(never)]
    fn finish_rows(&mut self, input: &mut Input) -> Result<(), RowError> {
        let closed;
        if self.closed_rows < self.rows {
            self.follow(input.address());
            closed = self.close(input);
            match closed {
                Ok(()) => self.closed_rows = self.rows,
                Err(_) => {
                    self.rows = self.closed_rows;
                    input.set_pinned(false);
                }
            }
        } else {
            closed = self.trim_arena();
        }
        let used = self.rows * self.columns;
        if self.near.capacity() > used + TABLE_SPARE {
            self.near.truncate(used);
            self.near.shrink_to_fit();
        }
        if let Some(far) = &mut self.far {
            far.truncate(used);
            far.shrink_to_fit();
        }
        closed
    }

    fn close(&mut self, input: &mut Input) -> Result<(), RowError> {
        let (start, end) = self.open;
        let span = end - start;
        let alone = self.closed_rows == 0;
        if alone && self.far.is_none() && span <= COPIED_MOST && span < input.capacity() / 8 * 7 {
            let mut data = core::mem::take(&mut self.first.data);
            data.clear();
            data.try_reserve_exact(span + BEHIND)
                .map_err(|_| RowError::OutOfMemory)?;
            append(&mut data, input.slice(start, end));
            data.push(0);
            input.set_pinned(false);
            let moved = address_of(&data).wrapping_sub(self.open_block + start);
            self.base = self.base.wrapping_add(moved);
            return self.place(data, 0..self.rows);
        }
        let mut data = input.give_up_block().map_err(|_| RowError::OutOfMemory)?;
        let before = self.open_block;
        let first_row = self.closed_rows;
        if data.capacity() / 8 * 7 > data.len() {
            // In place, as a rule: nothing is copied.
            data.shrink_to_fit();
        }
        self.place(data, first_row..self.rows)?;
        self.moved(first_row, before)
    }

    /// Drops the rows, for a result whose stream failed.
    pub fn abandon(&mut self, input: &mut Input) {
        if self.closed_rows < self.rows {
            input.set_pinned(false);
        }
        *self = RowStore::new(self.columns, self.copies);
    }
}

/// Stores rows of `bytes`, `limit` at the most, into `table` behind its `used` entries. As many as the table has room
/// for, at least one.
#[inline]
fn rows_into<E: Entry>(
    table: &mut Vec<E>,
    used: usize,
    bytes: &mut [u8],
    origin: E,
    empty: E,
    columns: usize,
    limit: usize,
) -> Taken {
    let mut taken = Taken {
        rows: 0,
        bytes: 0,
        stop: Stop::Full,
    };
    if columns == 0 {
        take_empty(bytes, limit, &mut taken);
        return taken;
    }
    if table.len() < used + columns
        && let Err(error) = prepare(table, used + columns)
    {
        taken.stop = Stop::Failed(error);
        return taken;
    }
    let end = used
        .saturating_add(limit.saturating_mul(columns))
        .min(table.len());
    take_in_place(bytes, origin, empty, &mut table[used..end], columns)
}

/// Whether a block of `capacity` bytes that begins `origin` bytes from the base is within reach of offsets.
#[inline]
fn in_reach(origin: isize, capacity: usize) -> bool {
    origin >= i32::MIN as isize && origin <= i32::MAX as isize - capacity as isize
}

#[cfg(test)]
mod tests;
