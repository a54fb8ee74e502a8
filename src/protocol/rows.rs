//! Row storage: where the values of a result lie, and the parser of DataRow messages.
//!
//! Text rows stay where they were received: a field is an offset into a block and a length, and the byte behind a
//! value, which by then has been read (the next length word's or the next message's first byte), becomes its NUL.
//! Rows with a binary column are copied into the store's own arena instead, because callers cast such values and so
//! need them at 8-byte aligned addresses (behaviour 225).

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::input::Input;

/// Alignment of binary values in bytes.
const ALIGN: usize = 8;
/// Capacity of the first arena block in bytes; the next ones double up to [`ARENA_LARGEST`].
const ARENA_FIRST: usize = 1024;
const ARENA_LARGEST: usize = 1024 * 1024;
/// Room for fields that a finished result may keep without a use for it, in fields.
const FIELDS_SPARE: usize = 128;

/// One value: where it begins in its row's block, and its length in bytes; -1 is SQL NULL.
#[derive(Clone, Copy, Debug)]
struct Field {
    offset: u32,
    len: i32,
}

const NULL_FIELD: Field = Field { offset: 0, len: -1 };

/// Bytes that some rows lie in.
#[derive(Default)]
struct Block {
    data: Vec<u8>,
    /// What to take off a field's offset: rows copied out of a receive block keep the offsets they had there.
    base: u32,
    /// The first row that lies in this block, and the first that does not any more.
    rows: core::ops::Range<usize>,
}

impl Block {
    /// Bytes that may still be appended without growing.
    fn room(&self) -> usize {
        self.data.capacity() - self.data.len()
    }

    fn try_clone(&self) -> Result<Block, RowError> {
        Ok(Block {
            data: try_copy(&self.data)?,
            base: self.base,
            rows: self.rows.clone(),
        })
    }
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

/// A value of a result that the application builds itself: it may lie in any block.
#[derive(Clone, Copy)]
struct Cell {
    block: u32,
    offset: u32,
    len: i32,
}

/// The rows of one result.
///
/// Rows are *open* while they lie in the connection's receive block and *closed* once a block of this store holds
/// them. Values may be asked for only when no row is open, which [`RowStore::finish`] sees to.
pub struct RowStore {
    columns: usize,
    rows: usize,
    fields: Vec<Field>,
    /// The first block; most results have no other. It has no rows while it is not in use.
    first: Block,
    /// The blocks behind it.
    blocks: Vec<Block>,
    /// Instead of `fields`, once the application has set a value.
    cells: Option<Vec<Cell>>,
    /// How many rows are closed.
    closed_rows: usize,
    /// Where the open rows begin and end in the receive block.
    open: (usize, usize),
    /// Copy rows into the arena, binary values aligned.
    copies: bool,
    /// The block that the last look-up hit; only a hint, so any thread may set it.
    hint: AtomicUsize,
}

impl RowStore {
    /// An empty store for rows of `columns` values; `aligned` when one of them is binary.
    pub fn new(columns: usize, aligned: bool) -> Self {
        RowStore {
            columns,
            rows: 0,
            fields: Vec::new(),
            first: Block::default(),
            blocks: Vec::new(),
            cells: None,
            closed_rows: 0,
            open: (0, 0),
            copies: aligned,
            hint: AtomicUsize::new(0),
        }
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
        self.fields.capacity() * size_of::<Field>()
            + self
                .cells
                .as_ref()
                .map_or(0, |c| c.capacity() * size_of::<Cell>())
            + self.first.data.capacity()
            + self.blocks.capacity() * size_of::<Block>()
            + self.blocks.iter().map(|b| b.data.capacity()).sum::<usize>()
    }

    /// The value at `row`, `column` with the NUL behind it; `None` for SQL NULL, and where there is no such value.
    #[inline]
    pub fn value_with_nul(&self, row: usize, column: usize) -> Option<&[u8]> {
        if column >= self.columns {
            return None;
        }
        let Some(field) = self.fields.get(row * self.columns + column) else {
            return self.cell(row, column);
        };
        if field.len < 0 {
            return None;
        }
        let block = self.block_of(row)?;
        let start = field.offset.wrapping_sub(block.base) as usize;
        block.data.get(start..start + field.len as usize + 1)
    }

    /// The value at `row`, `column`; `None` for SQL NULL, and where there is no such value.
    #[inline]
    pub fn value(&self, row: usize, column: usize) -> Option<&[u8]> {
        self.value_with_nul(row, column).map(|v| &v[..v.len() - 1])
    }

    /// The value's length in bytes; -1 for SQL NULL, and where there is no such value.
    #[inline]
    pub fn length(&self, row: usize, column: usize) -> i32 {
        if column >= self.columns {
            return -1;
        }
        let index = row * self.columns + column;
        match self.fields.get(index) {
            Some(field) => field.len,
            None => self
                .cells
                .as_ref()
                .and_then(|cells| cells.get(index))
                .map_or(-1, |c| c.len),
        }
    }

    #[cold]
    fn cell(&self, row: usize, column: usize) -> Option<&[u8]> {
        let cell = self.cells.as_ref()?.get(row * self.columns + column)?;
        let len = usize::try_from(cell.len).ok()?;
        let start = cell.offset as usize;
        self.blocks
            .get(cell.block as usize)?
            .data
            .get(start..start + len + 1)
    }

    /// The address of the value at `row`, `column`, where its NUL stands behind it; `None` for SQL NULL. For callers
    /// that have compared row and column with [`RowStore::rows`] and [`RowStore::columns`]: this is the way each value
    /// takes to C, and it only computes.
    #[inline]
    pub fn address(&self, row: usize, column: usize) -> Option<*const u8> {
        let Some(field) = self.fields.get(row * self.columns + column) else {
            return self.cell(row, column).map(<[u8]>::as_ptr);
        };
        if field.len < 0 {
            return None;
        }
        let block = self.block_of(row)?;
        let start = field.offset.wrapping_sub(block.base) as usize;
        Some(block.data.as_ptr().wrapping_add(start))
    }

    #[inline]
    fn block_of(&self, row: usize) -> Option<&Block> {
        match self.blocks.get(self.hint.load(Relaxed)) {
            Some(block) if block.rows.contains(&row) => Some(block),
            _ if self.first.rows.contains(&row) => Some(&self.first),
            _ => self.find_block(row),
        }
    }

    #[cold]
    fn find_block(&self, row: usize) -> Option<&Block> {
        let index = self
            .blocks
            .partition_point(|b| b.rows.start <= row)
            .checked_sub(1)?;
        self.hint.store(index, Relaxed);
        self.blocks.get(index)
    }

    /// Stores whole DataRow messages from the front of `input`, `limit` at the most.
    pub fn take_rows(&mut self, input: &mut Input, limit: usize) -> RowsStep {
        let mut left = limit;
        loop {
            if left == 0 {
                return RowsStep::Limit;
            }
            match self.take_row(input) {
                Ok(true) => left -= 1,
                Ok(false) => return RowsStep::Done,
                Err(error) => return RowsStep::Failed(error),
            }
        }
    }

    /// Stores the DataRow at the front, if a whole one is there.
    #[inline]
    fn take_row(&mut self, input: &mut Input) -> Result<bool, RowError> {
        let (block, pos) = input.raw();
        let start = *pos;
        let Some(rest) = block.get_mut(start..) else {
            return Ok(false);
        };
        let Some(&[kind, a, b, c, d, e, f]) = rest.first_chunk::<7>() else {
            return Ok(false);
        };
        let length = i32::from_be_bytes([a, b, c, d]);
        if kind != super::backend::tag::DATA_ROW || length < 6 {
            return Ok(false);
        }
        let Some(message) = rest.get_mut(..length as usize + 1) else {
            return Ok(false);
        };
        if usize::from(u16::from_be_bytes([e, f])) != self.columns {
            return Err(RowError::FieldCount);
        }
        if self.rows >= i32::MAX as usize {
            return Err(RowError::TooManyRows);
        }
        let opens = !self.copies && self.rows == self.closed_rows;
        if opens && self.has_blocks() {
            // The block these rows lie in will be adopted or copied, which must not fail for want of a slot.
            self.blocks
                .try_reserve(1)
                .map_err(|_| RowError::OutOfMemory)?;
        }
        let first = self.fields.len();
        self.fields
            .try_reserve(self.columns)
            .map_err(|_| RowError::OutOfMemory)?;
        self.fields.resize(first + self.columns, NULL_FIELD);
        let stored = if self.copies {
            locate(message, 0, false, &mut self.fields[first..])
                .and_then(|()| self.copy_values(first, &block[start..]))
        } else {
            locate(message, start as u32, true, &mut self.fields[first..])
        };
        if let Err(error) = stored {
            self.fields.truncate(first);
            return Err(error);
        }
        self.rows += 1;
        let end = start + length as usize + 1;
        if !self.copies {
            block[start] = 0; // the NUL of a row that ended here
            if opens {
                self.open.0 = start;
            }
            self.open.1 = end;
        }
        *pos = end;
        if opens {
            input.set_pinned(true);
        }
        Ok(true)
    }

    /// Copies the values just located in `message` into the arena.
    fn copy_values(&mut self, first: usize, message: &[u8]) -> Result<(), RowError> {
        let mut need = 0usize;
        for field in &self.fields[first..] {
            if field.len >= 0 {
                need += (field.len as usize + 1).next_multiple_of(ALIGN);
            }
        }
        if !self.has_blocks() || self.last_block().room() < need {
            let first_row = self.rows;
            self.add_arena_block(need, first_row)?;
        }
        let arena = self.blocks.last_mut().unwrap_or(&mut self.first);
        for field in &mut self.fields[first..] {
            if field.len < 0 {
                continue;
            }
            let from = field.offset as usize;
            let at = arena.data.len();
            field.offset = at as u32;
            arena.data.extend_from_slice(
                message
                    .get(from..from + field.len as usize)
                    .unwrap_or_default(),
            );
            arena
                .data
                .resize((at + field.len as usize + 1).next_multiple_of(ALIGN), 0);
        }
        self.closed_rows = self.rows + 1;
        Ok(())
    }

    fn add_arena_block(&mut self, need: usize, first_row: usize) -> Result<(), RowError> {
        let capacity = match self.has_blocks() {
            true => (self.last_block().data.capacity() * 2).min(ARENA_LARGEST),
            false => ARENA_FIRST,
        };
        self.blocks
            .try_reserve(1)
            .map_err(|_| RowError::OutOfMemory)?;
        let mut data = Vec::new();
        // malloc aligns allocations of this size to 16 bytes, so aligned offsets are aligned addresses.
        data.try_reserve_exact(capacity.max(need))
            .map_err(|_| RowError::OutOfMemory)?;
        let last = self.blocks.last_mut().unwrap_or(&mut self.first);
        last.rows.end = last.rows.end.min(first_row);
        self.place(Block {
            data,
            base: 0,
            // Open until the next block begins.
            rows: first_row..usize::MAX,
        });
        Ok(())
    }

    fn has_blocks(&self) -> bool {
        !self.first.rows.is_empty() || !self.blocks.is_empty()
    }

    fn last_block(&self) -> &Block {
        self.blocks.last().unwrap_or(&self.first)
    }

    /// Appends a block, for which a slot has been reserved unless it is the first.
    fn place(&mut self, block: Block) {
        if self.has_blocks() {
            self.blocks.push(block);
        } else {
            self.first = block;
        }
    }

    /// Takes over a receive block that is full; the open rows lie in it.
    pub fn adopt_block(&mut self, data: Vec<u8>) {
        if self.closed_rows < self.rows {
            // A slot was reserved when the first of these rows was opened.
            self.place(Block {
                data,
                base: 0,
                rows: self.closed_rows..self.rows,
            });
            self.closed_rows = self.rows;
        }
    }

    /// Closes the open rows: few of them are copied out of the receive block, many take the block with them.
    ///
    /// # Errors
    /// [`RowError::OutOfMemory`]; the open rows are dropped then.
    pub fn finish(&mut self, input: &mut Input) -> Result<(), RowError> {
        if self.closed_rows == self.rows {
            return Ok(());
        }
        let (start, end) = self.open;
        let span = end - start;
        let closed = if span >= input.capacity() / 4 * 3 && input.is_pinned() {
            input
                .give_up_block()
                .map(|data| Block {
                    data,
                    base: 0,
                    rows: self.closed_rows..self.rows,
                })
                .ok()
        } else {
            let mut data = Vec::new();
            let copied = data.try_reserve_exact(span + 1).is_ok();
            if copied {
                data.extend_from_slice(input.slice(start, end));
                data.push(0);
            }
            input.set_pinned(false);
            copied.then_some(Block {
                data,
                base: start as u32,
                rows: self.closed_rows..self.rows,
            })
        };
        if self.fields.capacity() - self.fields.len() > FIELDS_SPARE {
            self.fields.shrink_to_fit();
        }
        match closed {
            Some(block) => {
                self.place(block);
                self.closed_rows = self.rows;
                Ok(())
            }
            None => {
                self.rows = self.closed_rows;
                self.fields.truncate(self.rows * self.columns);
                input.set_pinned(false);
                Err(RowError::OutOfMemory)
            }
        }
    }

    /// Drops the rows, for a result whose stream failed.
    pub fn abandon(&mut self, input: &mut Input) {
        if self.closed_rows < self.rows {
            input.set_pinned(false);
        }
        *self = RowStore::new(self.columns, self.copies);
    }

    /// A copy of a finished store.
    ///
    /// # Errors
    /// [`RowError::OutOfMemory`].
    pub fn try_clone(&self) -> Result<RowStore, RowError> {
        let mut copy = RowStore::new(self.columns, self.copies);
        copy.rows = self.closed_rows;
        copy.closed_rows = self.closed_rows;
        copy.fields = try_copy(&self.fields)?;
        copy.cells = self.cells.as_deref().map(try_copy).transpose()?;
        copy.first = self.first.try_clone()?;
        copy.blocks
            .try_reserve_exact(self.blocks.len())
            .map_err(|_| RowError::OutOfMemory)?;
        for block in &self.blocks {
            copy.blocks.push(block.try_clone()?);
        }
        Ok(copy)
    }

    /// Sets one value of a result that the application builds; `row` may be the one behind the last, which appends a
    /// row of NULLs first. Values handed out before stay where they are.
    ///
    /// # Errors
    /// [`RowError::OutOfMemory`], [`RowError::TooManyRows`], [`RowError::FieldCount`] for a row or column that is
    /// not there; nothing is changed then.
    pub fn set_value(
        &mut self,
        row: usize,
        column: usize,
        value: Option<&[u8]>,
    ) -> Result<(), RowError> {
        if column >= self.columns || row > self.rows {
            return Err(RowError::FieldCount);
        }
        self.build_cells()?;
        if row == self.rows {
            if self.rows >= i32::MAX as usize {
                return Err(RowError::TooManyRows);
            }
            let cells = self.cells.get_or_insert_default();
            cells
                .try_reserve(self.columns)
                .map_err(|_| RowError::OutOfMemory)?;
            cells.resize(
                cells.len() + self.columns,
                Cell {
                    block: 0,
                    offset: 0,
                    len: -1,
                },
            );
            self.rows += 1;
            self.closed_rows = self.rows;
        }
        let cell = match value {
            None => Cell {
                block: 0,
                offset: 0,
                len: -1,
            },
            Some(bytes) => {
                let len = i32::try_from(bytes.len()).map_err(|_| RowError::OutOfMemory)?;
                let at = self.store(bytes)?;
                Cell {
                    block: at.0,
                    offset: at.1,
                    len,
                }
            }
        };
        if let Some(slot) = self
            .cells
            .as_mut()
            .and_then(|c| c.get_mut(row * self.columns + column))
        {
            *slot = cell;
        }
        Ok(())
    }

    /// Turns the row-ordered fields into cells that may lie in any block.
    fn build_cells(&mut self) -> Result<(), RowError> {
        if self.cells.is_some() {
            return Ok(());
        }
        let mut cells = Vec::new();
        cells
            .try_reserve_exact(self.fields.len())
            .map_err(|_| RowError::OutOfMemory)?;
        if !self.first.rows.is_empty() {
            self.blocks
                .try_reserve(1)
                .map_err(|_| RowError::OutOfMemory)?;
            // Cells count their blocks from here.
            self.blocks.insert(0, core::mem::take(&mut self.first));
        }
        for (index, field) in self.fields.iter().enumerate() {
            let row = index / self.columns.max(1);
            let block = self
                .blocks
                .partition_point(|b| b.rows.start <= row)
                .saturating_sub(1);
            let base = self.blocks.get(block).map_or(0, |b| b.base);
            let offset = if field.len < 0 {
                0
            } else {
                field.offset.wrapping_sub(base)
            };
            cells.push(Cell {
                block: block as u32,
                offset,
                len: field.len,
            });
        }
        self.fields = Vec::new();
        self.cells = Some(cells);
        Ok(())
    }

    /// Copies bytes and a NUL into the arena, aligned; returns block and offset.
    fn store(&mut self, bytes: &[u8]) -> Result<(u32, u32), RowError> {
        let need = (bytes.len() + 1).next_multiple_of(ALIGN);
        if self
            .blocks
            .last()
            .is_none_or(|b| b.room() < need || b.data.len() % ALIGN != 0)
        {
            // No row is looked up in it: cells know their block.
            self.add_arena_block(need, 0)?;
            if self.blocks.is_empty() {
                self.blocks.push(core::mem::take(&mut self.first));
            }
        }
        let block = self.blocks.len() - 1;
        let data = &mut self.blocks[block].data;
        let at = data.len();
        data.extend_from_slice(bytes);
        data.resize(at + need, 0);
        Ok((block as u32, at as u32))
    }
}

fn try_copy<T: Copy>(from: &[T]) -> Result<Vec<T>, RowError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(from.len())
        .map_err(|_| RowError::OutOfMemory)?;
    copy.extend_from_slice(from);
    Ok(copy)
}

/// Finds the values of a DataRow `message` (with its header): offsets count from the message's start plus `origin`.
/// With `terminate` the first byte of each length word, once read, becomes the NUL of the value before it.
#[inline(always)]
fn locate(
    message: &mut [u8],
    origin: u32,
    terminate: bool,
    fields: &mut [Field],
) -> Result<(), RowError> {
    let mut at = 7usize;
    for field in fields {
        let Some(word) = message.get_mut(at..).and_then(|m| m.first_chunk_mut::<4>()) else {
            return Err(RowError::InsufficientData);
        };
        let len = i32::from_be_bytes(*word);
        if terminate {
            word[0] = 0;
        }
        at += 4;
        if len >= 0 {
            if len as usize > message.len() - at {
                return Err(RowError::InsufficientData);
            }
            *field = Field {
                offset: origin + at as u32,
                len,
            };
            at += len as usize;
        }
    }
    if at == message.len() {
        Ok(())
    } else {
        Err(RowError::TrailingData)
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
