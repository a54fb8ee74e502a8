//! Stores that the application builds or copies.

use super::arena::{ALIGN, put_value};
use super::parse::{Entry, LONG, WORD, prepare};
use super::{RowError, RowStore, in_reach};

impl RowStore {
    /// A copy of a finished store.
    ///
    /// # Errors
    /// [`RowError::OutOfMemory`].
    pub fn try_clone(&self) -> Result<RowStore, RowError> {
        let mut copy = RowStore::new(self.columns, self.copies);
        for block in self
            .has_first
            .then_some(&self.first)
            .into_iter()
            .chain(&self.blocks)
        {
            copy.place(try_copy(&block.data)?, block.rows.clone())?;
        }
        copy.base = copy.first.address();
        copy.rows = self.rows;
        copy.closed_rows = self.closed_rows;
        copy.long = try_copy(&self.long)?;
        let columns = self.columns;
        for index in 0..self.rows * columns {
            let address = self.address(index);
            copy.set_entry(index, self.place_in(&copy, index / columns, address)?)?;
        }
        if self.rows > 0 {
            let address = self.place_in(&copy, 0, self.empty_address())?;
            copy.empty = address.wrapping_sub(copy.base);
        }
        Ok(copy)
    }

    /// Where `copy`, which has the same blocks, has what this store has at `address`, where a value of `row` is.
    fn place_in(&self, copy: &RowStore, row: usize, address: usize) -> Result<usize, RowError> {
        let (own, at) = self.find_block(row, address).ok_or(RowError::OutOfMemory)?;
        let number = self
            .blocks
            .iter()
            .position(|b| b.data.as_ptr() == own.as_ptr());
        let block = number.map_or(&copy.first, |n| &copy.blocks[n]);
        Ok(block.address() + at)
    }

    /// Writes one entry of the table, or appends it.
    fn set_entry(&mut self, index: usize, address: usize) -> Result<(), RowError> {
        let offset = address.wrapping_sub(self.base) as isize;
        if self.far.is_none() && !in_reach(offset, 0) {
            self.make_far()?;
        }
        match &mut self.far {
            None => put_entry(&mut self.near, index, offset as i32),
            Some(far) => put_entry(far, index, address),
        }
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
        if self.rows >= i32::MAX as usize && row == self.rows {
            return Err(RowError::TooManyRows);
        }
        let len = i32::try_from(value.map_or(0, <[u8]>::len)).map_err(|_| RowError::OutOfMemory)?;
        self.ready_arena(len as usize + 3 * ALIGN)?;
        self.long
            .try_reserve(1)
            .map_err(|_| RowError::OutOfMemory)?;
        let columns = self.columns;
        if row == self.rows {
            for index in 0..columns {
                self.set_entry(row * columns + index, self.empty_address())?;
            }
            self.rows += 1;
            self.closed_rows = self.rows;
        }
        let index = row * columns + column;
        let address = match value {
            None => self.empty_address(),
            Some(bytes) => {
                let used = self.arena_used;
                let block = self.blocks.last_mut().unwrap_or(&mut self.first);
                let address = block.address();
                let at = (address + used + WORD).next_multiple_of(ALIGN) - address;
                put_value(&mut block.data, at, bytes).ok_or(RowError::OutOfMemory)?;
                self.arena_used = at + bytes.len();
                address + at
            }
        };
        self.set_entry(index, address)?;
        self.long.retain(|&(i, _)| i != index);
        if len >= LONG as i32 {
            self.long.push((index, len));
        }
        Ok(())
    }
}

fn put_entry<E: Entry>(table: &mut Vec<E>, index: usize, entry: E) -> Result<(), RowError> {
    if table.len() <= index {
        prepare(table, index + 1)?;
    }
    if let Some(slot) = table.get_mut(index) {
        *slot = entry;
    }
    Ok(())
}

fn try_copy<T: Copy>(from: &[T]) -> Result<Vec<T>, RowError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(from.len())
        .map_err(|_| RowError::OutOfMemory)?;
    copy.extend_from_slice(from);
    Ok(copy)
}
