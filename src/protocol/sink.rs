//! Where encoders write to: a buffer that grows, or memory that is there already.
//!
//! The messages of a query are written into the room that earlier ones have left in the send buffer, without a question for
//! memory each time; if they do not fit, once more, into the buffer, which then has the room for the next time.

use super::frontend::{OUTPUT_LIMIT, OutputFull};

/// Takes the bytes of messages, one piece behind the other.
pub trait Sink {
    /// Bytes in it.
    fn len(&self) -> usize;

    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a piece.
    ///
    /// # Errors
    /// [`OutputFull`]; what came before stays, for the caller to cut off.
    fn put(&mut self, piece: &[u8]) -> Result<(), OutputFull>;

    /// Makes the four bytes at `at` a number.
    fn set_u32(&mut self, at: usize, value: u32);
}

impl Sink for Vec<u8> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn put(&mut self, piece: &[u8]) -> Result<(), OutputFull> {
        match Vec::len(self).checked_add(piece.len()) {
            Some(len) if len <= OUTPUT_LIMIT => {}
            _ => return Err(OutputFull),
        }
        self.try_reserve(piece.len()).map_err(|_| OutputFull)?;
        self.extend_from_slice(piece);
        Ok(())
    }

    fn set_u32(&mut self, at: usize, value: u32) {
        set_u32(self, at, value);
    }
}

/// Memory to be filled from its front.
pub struct Room<'a> {
    bytes: &'a mut [u8],
    used: usize,
}

impl<'a> Room<'a> {
    /// All of `bytes`, whatever they were.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Room { bytes, used: 0 }
    }
}

impl Sink for Room<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.used
    }

    #[inline(always)]
    fn put(&mut self, piece: &[u8]) -> Result<(), OutputFull> {
        let place = self.bytes.get_mut(self.used..).unwrap_or_default();
        let place = place.get_mut(..piece.len()).ok_or(OutputFull)?;
        place.copy_from_slice(piece);
        self.used += piece.len();
        Ok(())
    }

    #[inline(always)]
    fn set_u32(&mut self, at: usize, value: u32) {
        set_u32(self.bytes, at, value);
    }
}

#[inline(always)]
fn set_u32(bytes: &mut [u8], at: usize, value: u32) {
    let word = bytes.get_mut(at..).and_then(|b| b.first_chunk_mut());
    if let Some(word) = word {
        *word = value.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::super::frontend::{self, Param};
    use super::*;

    /// All of what the encoders of queries write.
    fn write<S: Sink>(out: &mut S) -> Result<(), OutputFull> {
        let params = [
            Param {
                value: Some(b"\0\x07"),
                format: 1,
            },
            Param {
                value: None,
                format: 0,
            },
        ];
        frontend::query(out, b"SELECT 1")?;
        frontend::parse(out, b"s", b"SELECT $1", &[23, 25])?;
        frontend::bind(out, b"s", &params[..], 1)?;
        frontend::bind(out, b"", &params[1..], 0)?;
        frontend::run_portal(out, true)
    }

    #[test]
    fn room_takes_what_a_buffer_takes_or_refuses_it() {
        let mut buffer = b"before".to_vec();
        write(&mut buffer).unwrap();
        let written = &buffer[6..];
        for len in 0..written.len() + 2 {
            let mut memory = vec![b'x'; len];
            let mut room = Room::new(&mut memory);
            let fits = write(&mut room).is_ok();
            assert_eq!(fits, len >= written.len());
            if fits {
                assert_eq!(room.len(), written.len());
                assert_eq!(&memory[..written.len()], written);
            }
        }
    }
}
