//! The parameters a backend has reported.
//!
//! A dozen reports come with every connection, so they share blocks of memory. Applications hold on to the texts they
//! get, so bytes stay where they are until all is forgotten, and a value gives way in its place where the new one fits.

use core::ops::Range;

/// Capacity of a block in bytes, unless one report needs more: what a server reports at the start fits.
const BLOCK: usize = 504;
/// Bytes of an entry's header: length of the name, and room for the value and its NUL, 16 bits each.
const HEADER: usize = 4;
/// In the length of the name: the value has moved to another entry.
const MOVED: u16 = 0x8000;

/// Names and values, each value with a NUL behind it. See the module's text.
#[derive(Default)]
pub(super) struct Parameters {
    /// Entries one behind the other: header, name, value. No block ever grows beyond its first capacity.
    blocks: Vec<Vec<u8>>,
    /// A bit for each name, so that most new names need not be looked for.
    seen: u64,
}

/// Where an entry is.
struct Entry {
    block: usize,
    /// Its beginning in the block.
    start: usize,
    value: Range<usize>,
}

impl Parameters {
    /// The value with its NUL.
    pub(super) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let entry = self.find(name)?;
        let value = self.blocks.get(entry.block)?.get(entry.value)?;
        let end = value.iter().position(|&b| b == 0)?;
        value.get(..=end)
    }

    /// Sets a value, which holds no NUL. Without memory, and for texts longer than a report can be, nothing changes.
    pub(super) fn set(&mut self, name: &[u8], value: &[u8]) {
        let mut room = value.len() + 1;
        let bit = bit_of(name);
        if self.seen & bit == 0 {
            if self.add(name, value, room) {
                self.seen |= bit;
            }
            return;
        }
        if let Some(entry) = self.find(name)
            && let Some(block) = self.blocks.get_mut(entry.block)
        {
            let old_room = entry.value.len();
            if let Some(place) = block.get_mut(entry.value)
                && room <= old_room
            {
                place[..value.len()].copy_from_slice(value);
                place[value.len()] = 0;
                return;
            }
            // One that grows and grows moves ever more seldom.
            room = room.max((2 * old_room).min(usize::from(u16::MAX)));
            if self.add(name, value, room)
                && let Some(block) = self.blocks.get_mut(entry.block)
                && let Some(header) = block.get_mut(entry.start..entry.start + 2)
            {
                header.copy_from_slice(&(name.len() as u16 | MOVED).to_le_bytes());
            }
            return;
        }
        self.add(name, value, room);
    }

    fn add(&mut self, name: &[u8], value: &[u8], room: usize) -> bool {
        let (Ok(name_len @ 0..MOVED), Ok(value_room)) =
            (u16::try_from(name.len()), u16::try_from(room))
        else {
            return false;
        };
        let need = HEADER + name.len() + room;
        let has_room = |block: &Vec<u8>| block.capacity() - block.len() >= need;
        if !self.blocks.last().is_some_and(has_room) {
            let mut block = Vec::new();
            if block.try_reserve_exact(need.max(BLOCK)).is_err()
                || self.blocks.try_reserve(1).is_err()
            {
                return false;
            }
            self.blocks.push(block);
        }
        let Some(block) = self.blocks.last_mut() else {
            return false;
        };
        let [a, b] = name_len.to_le_bytes();
        let [c, d] = value_room.to_le_bytes();
        block.extend_from_slice(&[a, b, c, d]);
        block.extend_from_slice(name);
        block.extend_from_slice(value);
        block.push(0);
        if room > value.len() + 1 {
            block.resize(block.len() + room - value.len() - 1, 0);
        }
        true
    }

    fn find(&self, name: &[u8]) -> Option<Entry> {
        for (index, block) in self.blocks.iter().enumerate() {
            let mut rest = block.as_slice();
            while let [a, b, c, d, text @ ..] = rest {
                let name_len = u16::from_le_bytes([*a, *b]);
                let len = usize::from(name_len & !MOVED);
                let size = len + usize::from(u16::from_le_bytes([*c, *d]));
                if usize::from(name_len) == name.len() && text.starts_with(name) {
                    let start = block.len() - rest.len();
                    let value = start + HEADER + len..start + HEADER + size;
                    return Some(Entry {
                        block: index,
                        start,
                        value,
                    });
                }
                rest = text.get(size..)?;
            }
        }
        None
    }
}

fn bit_of(name: &[u8]) -> u64 {
    let (first, last) = (name.first().copied(), name.last().copied());
    let (first, last) = (first.unwrap_or(0), last.unwrap_or(0));
    1 << ((name.len() + 3 * usize::from(first) + 7 * usize::from(last)) % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_replaced_and_their_old_bytes_stay_where_they_were() {
        let mut p = Parameters::default();
        p.set(b"a", b"first");
        p.set(b"", b"nameless");
        let place = p.get(b"a").unwrap().as_ptr();
        p.set(b"a", b"2nd");
        assert_eq!(p.get(b"a"), Some(&b"2nd\0"[..]));
        assert_eq!(p.get(b"a").unwrap().as_ptr(), place);
        p.set(b"a", b"much longer than it was");
        assert_eq!(p.get(b"a"), Some(&b"much longer than it was\0"[..]));
        assert_ne!(p.get(b"a").unwrap().as_ptr(), place);
        assert_eq!(p.get(b""), Some(&b"nameless\0"[..]));
        assert_eq!(p.get(b"A"), None);
    }

    #[test]
    fn blocks_never_move_and_long_values_get_their_own() {
        let mut p = Parameters::default();
        p.set(b"first", b"1");
        let place = p.get(b"first").unwrap().as_ptr();
        for i in 0..1000 {
            p.set(
                format!("name{i}").as_bytes(),
                format!("value{i}").as_bytes(),
            );
        }
        p.set(b"long", &[b'x'; 29_000]);
        p.set(b"too long", &[b'x'; 70_000]);
        assert_eq!(p.get(b"first").unwrap().as_ptr(), place);
        assert_eq!(p.get(b"name999"), Some(&b"value999\0"[..]));
        assert_eq!(p.get(b"long").unwrap().len(), 29_001);
        assert_eq!(p.get(b"too long"), None);
    }

    #[test]
    fn a_value_that_grows_and_grows_does_not_pile_up() {
        let mut p = Parameters::default();
        for len in 0..30_000 {
            p.set(b"a", &vec![b'x'; len]);
        }
        assert_eq!(p.get(b"a").unwrap().len(), 30_000);
        let held: usize = p.blocks.iter().map(Vec::capacity).sum();
        assert!(held < 150_000, "{held}");
    }
}
