//! The receive block: where bytes from the backend land, are framed, and may stay for good.
//!
//! The transport appends to the block ([`Input::space`]); the session takes messages off its front. While a result
//! in progress refers to rows inside the block it is *pinned*: it is never compacted. Full, a small block grows; a
//! large one moves into the result as it is and a fresh block takes its place.

use super::backend::{self, HEADER_LEN};

/// Capacity of the block while little comes, in bytes: what an idle connection holds. The C library's allocator is at its
/// quickest up to this size.
const IDLE_BLOCK: usize = 1024;
/// Capacity of the block from when more has come, in bytes.
const FIRST_BLOCK: usize = 16 * 1024;
/// Capacity at which blocks stop growing, in bytes; only a single message longer than this makes a larger one.
const LARGEST_BLOCK: usize = 1024 * 1024;
/// Capacity up to which receives make the block grow that does not become a result's own, in bytes.
const STREAM_BLOCK: usize = 64 * 1024;
/// The largest block kept for the next command after one with much input, in bytes.
const KEPT_BLOCK: usize = 256 * 1024;
/// With less room than this left in a block, a new receive is not worth a system call of its own.
const LEAST_ROOM: usize = 2 * 1024;

/// The input could not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputFull;

/// What stands at the front of the unparsed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Not a whole message yet.
    Incomplete,
    /// A whole message: its type byte, and the length of its body. See [`Input::body`].
    Message {
        /// The type byte.
        kind: u8,
        /// Bytes after the length word.
        body_len: usize,
    },
    /// The length word cannot be true (behaviour 343).
    Corrupt {
        /// The type byte.
        kind: u8,
        /// The length word.
        length: i32,
    },
}

/// The receive block. See the module's text.
#[derive(Default)]
pub struct Input {
    block: Vec<u8>,
    /// Where the unparsed bytes begin.
    pos: usize,
    /// A result in progress refers to bytes of this block.
    pinned: bool,
    /// Capacity of the next block while a large result streams in.
    next_capacity: usize,
    /// More than fits an idle connection's block has come in this cycle.
    is_busy: bool,
}

impl Input {
    /// The bytes received and not yet parsed.
    pub fn unparsed(&self) -> &[u8] {
        &self.block[self.pos..]
    }

    /// The type byte of the front message.
    #[inline]
    pub fn front(&self) -> Option<u8> {
        self.block.get(self.pos).copied()
    }

    /// Whether the front message, as far as it has come, is of this kind.
    #[inline]
    pub fn starts_with(&self, kind: u8) -> bool {
        self.block.get(self.pos) == Some(&kind)
    }

    /// Forgets everything received, as when the connection is dropped.
    pub fn clear(&mut self) {
        *self = Input::default();
    }

    /// Looks at the front message without taking it.
    #[inline]
    pub fn frame(&self) -> Frame {
        let Some(header) = self.unparsed().first_chunk::<HEADER_LEN>() else {
            return Frame::Incomplete;
        };
        let kind = header[0];
        let length = i32::from_be_bytes([header[1], header[2], header[3], header[4]]);
        if !backend::length_is_valid(kind, length) {
            return Frame::Corrupt { kind, length };
        }
        let body_len = length as usize - 4;
        if self.unparsed().len() - HEADER_LEN < body_len {
            return Frame::Incomplete;
        }
        Frame::Message { kind, body_len }
    }

    /// The body of the front message, of the length [`Input::frame`] gave.
    pub fn body(&self, body_len: usize) -> &[u8] {
        self.unparsed()
            .get(HEADER_LEN..HEADER_LEN + body_len)
            .unwrap_or_default()
    }

    /// The whole front message with its header, for tracing.
    pub fn message(&self, body_len: usize) -> &[u8] {
        self.unparsed()
            .get(..HEADER_LEN + body_len)
            .unwrap_or_default()
    }

    /// Whether nothing is there that was not parsed.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pos == self.block.len()
    }

    /// Takes the front message, if it is of this kind, whole, and not without content: its body.
    #[inline(always)]
    pub fn take_message(&mut self, kind: u8) -> Option<&[u8]> {
        let (first, rest) = self
            .block
            .get(self.pos..)?
            .split_first_chunk::<HEADER_LEN>()?;
        let length = i32::from_be_bytes([first[1], first[2], first[3], first[4]]);
        if first[0] != kind || length <= 4 || self.pinned {
            return None;
        }
        let body = rest.get(..length as usize - 4)?;
        self.pos += HEADER_LEN + body.len();
        Some(body)
    }

    /// Takes the front message away.
    pub fn consume(&mut self, body_len: usize) {
        self.consume_messages(HEADER_LEN + body_len);
    }

    /// Takes whole messages away, `n` bytes. In a pinned block the first one's type byte becomes the NUL that ends a row
    /// before it.
    #[inline]
    pub(super) fn consume_messages(&mut self, n: usize) {
        if self.pinned
            && let Some(first) = self.block.get_mut(self.pos)
        {
            *first = 0;
        }
        self.consume_bytes(n);
    }

    /// Takes `n` bytes away that are no message (a negotiation answer).
    pub fn consume_bytes(&mut self, n: usize) {
        self.pos = (self.pos + n).min(self.block.len());
    }

    /// Takes away all but the last `n` bytes of what is there, whole messages, from a block that rows do not lie in.
    #[inline(always)]
    pub(super) fn keep_last(&mut self, n: usize) {
        self.pos = self.block.len().saturating_sub(n);
    }

    /// Makes room to receive and returns the block with the number of bytes that may be appended to it; a row block
    /// that was full is handed to `retire` first, when there is one.
    ///
    /// One byte of the capacity always stays free for a closing NUL.
    ///
    /// # Errors
    /// [`InputFull`] when memory is out. Nothing is lost then.
    #[inline(always)]
    pub fn space(
        &mut self,
        retire: impl FnMut(Vec<u8>, usize),
    ) -> Result<(&mut Vec<u8>, usize), InputFull> {
        if self.pos == self.block.len() && !self.pinned && self.room() > 0 {
            // As a rule: all is parsed, and the last receive has not filled the block.
            self.block.clear();
            self.pos = 0;
            let room = self.room();
            return Ok((&mut self.block, room));
        }
        self.make_space(retire)
    }

    fn make_space(
        &mut self,
        mut retire: impl FnMut(Vec<u8>, usize),
    ) -> Result<(&mut Vec<u8>, usize), InputFull> {
        let missing = self.missing();
        // Receives have filled it: more is on its way than it was made for.
        let filled = self.room() == 0 && self.block.capacity() > 0;
        if !self.pinned && self.pos == self.block.len() {
            self.block.clear();
            self.pos = 0;
        }
        if self.block.capacity() == 0 {
            self.block
                .try_reserve_exact(IDLE_BLOCK)
                .map_err(|_| InputFull)?;
        }
        self.note_length();
        let wanted = missing.max(LEAST_ROOM.min(self.block.capacity() / 2));
        if self.room() < wanted {
            if self.pinned {
                let (room, capacity) = (self.room(), self.block.capacity());
                if room < missing.min(LEAST_ROOM) || room < capacity / 16 {
                    if self.next_capacity == 0 && capacity < LARGEST_BLOCK {
                        // The first block of a result grows where it is, so that most results have no other.
                        let larger = (capacity * 4).min(LARGEST_BLOCK);
                        self.block
                            .try_reserve_exact(larger - self.block.len())
                            .map_err(|_| InputFull)?;
                    } else {
                        let block = self.exchange(missing)?;
                        retire(block.0, block.1);
                    }
                }
            } else {
                if self.pos > 0 {
                    self.block.copy_within(self.pos.., 0);
                    self.block.truncate(self.block.len() - self.pos);
                    self.pos = 0;
                }
                // Grow with what has really come, not with what a length word promises.
                let come = self.unparsed().len().max(wanted.min(LEAST_ROOM));
                if self.room() < wanted.min(come) {
                    let grow = self.block.capacity().max(FIRST_BLOCK);
                    self.block.try_reserve_exact(grow).map_err(|_| InputFull)?;
                }
            }
        }
        if filled && !self.pinned && self.block.capacity() < STREAM_BLOCK {
            let larger = (self.block.capacity() * 4).clamp(FIRST_BLOCK, STREAM_BLOCK);
            self.block
                .try_reserve_exact(larger - self.block.len())
                .map_err(|_| InputFull)?;
        }
        let room = self.room();
        Ok((&mut self.block, room))
    }

    /// A cycle of command and results has ended: gives memory back that the next one may not need.
    pub(super) fn end_cycle(&mut self) {
        self.note_length();
        let kept = match self.is_busy {
            true => KEPT_BLOCK,
            false => IDLE_BLOCK,
        };
        if self.block.capacity() > kept && self.unparsed().is_empty() && !self.pinned {
            self.block = Vec::new();
            self.pos = 0;
        }
        self.is_busy = false;
    }

    fn note_length(&mut self) {
        self.is_busy |= self.block.len() > IDLE_BLOCK / 2;
    }

    /// Whether a receive has filled a block that is made for little: it may have left some.
    #[inline]
    pub fn is_small_and_full(&self) -> bool {
        self.block.capacity() < FIRST_BLOCK && self.room() == 0
    }

    /// Bytes that may still be appended.
    fn room(&self) -> usize {
        (self.block.capacity() - self.block.len()).saturating_sub(1)
    }

    /// Bytes that the front message still lacks, at least 1.
    fn missing(&self) -> usize {
        let unparsed = self.unparsed();
        match unparsed.first_chunk::<HEADER_LEN>() {
            Some(h) => {
                let length = i32::from_be_bytes([h[1], h[2], h[3], h[4]]).max(4) as usize;
                (length + 1).saturating_sub(unparsed.len()).max(1)
            }
            None => 1,
        }
    }

    /// Takes the pinned block away, closed behind its last parsed byte, and puts a fresh one with the rest in place.
    /// Returns the block and the bytes parsed of it.
    fn exchange(&mut self, missing: usize) -> Result<(Vec<u8>, usize), InputFull> {
        let rest = self.unparsed().len();
        let capacity =
            (self.next_capacity.max(self.block.capacity()) * 2).clamp(FIRST_BLOCK, LARGEST_BLOCK);
        // A message longer than the block: grow with what has really come, not with what a length word promises.
        let capacity = capacity.max(rest + missing.min(rest) + LEAST_ROOM);
        let mut fresh = Vec::new();
        fresh.try_reserve_exact(capacity).map_err(|_| InputFull)?;
        append(&mut fresh, self.unparsed());
        self.next_capacity = capacity.min(LARGEST_BLOCK);
        let mut block = core::mem::replace(&mut self.block, fresh);
        let parsed = core::mem::take(&mut self.pos);
        close(&mut block, parsed);
        // No row lies in the fresh block yet.
        self.pinned = false;
        Ok((block, parsed))
    }

    /// Marks the block as referred to by rows, or not.
    pub(super) fn set_pinned(&mut self, pinned: bool) {
        self.pinned = pinned;
        if !pinned {
            self.next_capacity = 0;
        }
    }

    /// The block and the start of the unparsed bytes, for the row parser, which reads rows and writes NULs behind
    /// values it has read.
    pub(super) fn raw(&mut self) -> (&mut Vec<u8>, &mut usize) {
        (&mut self.block, &mut self.pos)
    }

    /// Where the unparsed bytes begin in the block.
    pub(super) fn position(&self) -> usize {
        self.pos
    }

    /// Bytes `from..to` of the block.
    pub(super) fn slice(&self, from: usize, to: usize) -> &[u8] {
        self.block.get(from..to).unwrap_or_default()
    }

    /// The address of the block, from which C may go anywhere in it.
    pub(super) fn address(&self) -> usize {
        self.block.as_ptr().expose_provenance()
    }

    /// Capacity of the block in bytes.
    pub(super) fn capacity(&self) -> usize {
        self.block.capacity()
    }

    /// Gives the pinned block up to a finished result; unparsed bytes go to a fresh block.
    ///
    /// # Errors
    /// [`InputFull`] when memory is out; the block stays.
    pub(super) fn give_up_block(&mut self) -> Result<Vec<u8>, InputFull> {
        let rest = self.unparsed().len();
        self.note_length();
        let mut fresh = Vec::new();
        let least = match self.is_busy {
            true => FIRST_BLOCK,
            false => IDLE_BLOCK,
        };
        fresh
            .try_reserve_exact((rest + LEAST_ROOM.min(least / 2)).max(least))
            .map_err(|_| InputFull)?;
        append(&mut fresh, self.unparsed());
        let mut block = core::mem::replace(&mut self.block, fresh);
        let parsed = core::mem::take(&mut self.pos);
        close(&mut block, parsed);
        self.set_pinned(false);
        Ok(block)
    }
}

/// Appends bytes for which there is room. In pieces, for the C library copies large ones byte by byte, as far as the
/// instruction counts of the benchmarks can tell.
pub(super) fn append(to: &mut Vec<u8>, bytes: &[u8]) {
    for piece in bytes.chunks(2048) {
        to.extend_from_slice(piece);
    }
}

/// Cuts a block behind its parsed bytes and ends it with a NUL, for which [`Input::space`] kept a byte free.
fn close(block: &mut Vec<u8>, parsed: usize) {
    block.truncate(parsed);
    block.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(input: &mut Input, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (block, room) = input.space(|_, _| panic!("nothing is pinned")).unwrap();
            let n = room.min(rest.len());
            block.extend_from_slice(&rest[..n]);
            rest = &rest[n..];
        }
    }

    #[test]
    fn frames_arrive_byte_by_byte() {
        let mut input = Input::default();
        for &b in b"Z\0\0\0\x05" {
            feed(&mut input, &[b]);
            assert_eq!(input.frame(), Frame::Incomplete);
        }
        feed(&mut input, b"I");
        assert_eq!(
            input.frame(),
            Frame::Message {
                kind: b'Z',
                body_len: 1
            }
        );
        assert_eq!(input.body(1), b"I");
        input.consume(1);
        assert_eq!(input.frame(), Frame::Incomplete);
        assert!(input.unparsed().is_empty());
    }

    #[test]
    fn a_length_that_cannot_be_is_corrupt() {
        let mut input = Input::default();
        feed(&mut input, b"Z\0\0\0\x03");
        assert_eq!(
            input.frame(),
            Frame::Corrupt {
                kind: b'Z',
                length: 3
            }
        );
    }

    #[test]
    fn a_promised_gigabyte_is_not_allocated_before_it_comes() {
        let mut input = Input::default();
        feed(&mut input, b"D\x7f\xff\xff\xff\0\x01");
        for _ in 0..100 {
            // However often there is something to read.
            feed(&mut input, b"x");
            let (block, _) = input.space(|_, _| ()).unwrap();
            assert!(block.capacity() < 100_000, "{}", block.capacity());
        }
    }

    #[test]
    fn the_block_grows_with_a_stream_that_fills_it() {
        let mut input = Input::default();
        let mut receives = 0;
        let mut left = 1_000_000;
        while left > 0 {
            let (block, room) = input.space(|_, _| ()).unwrap();
            let n = room.min(left);
            block.extend(core::iter::repeat_n(b'x', n));
            left -= n;
            receives += 1;
            // All but the last bytes are parsed.
            let unparsed = input.unparsed().len();
            input.consume_bytes(unparsed.saturating_sub(20));
        }
        assert!(receives < 25, "{receives}");
        assert!(input.capacity() <= STREAM_BLOCK, "{}", input.capacity());
    }

    #[test]
    fn an_idle_connection_holds_little() {
        let mut input = Input::default();
        let mut cycle = |len: u32| {
            feed(
                &mut input,
                &[&b"d"[..], &(len + 4).to_be_bytes(), &vec![0; len as usize]].concat(),
            );
            input.consume(len as usize);
            input.end_cycle();
            input.capacity()
        };
        assert_eq!(cycle(60), IDLE_BLOCK);
        assert!((FIRST_BLOCK..=KEPT_BLOCK).contains(&cycle(10_000)));
        assert_eq!(cycle(2 * KEPT_BLOCK as u32), 0);
        cycle(10_000);
        assert_eq!(cycle(60), 0);
    }

    #[test]
    fn a_full_pinned_block_retires_and_keeps_its_bytes() {
        let mut input = Input::default();
        feed(&mut input, b"D\0\0\0\x06\0\0");
        input.set_pinned(true);
        input.consume(2);
        let mut retired = Vec::new();
        let mut sent = 7;
        while retired.is_empty() {
            let (block, room) = input.space(|b, parsed| retired.push((b, parsed))).unwrap();
            let n = room.min(5000);
            block.extend(core::iter::repeat_n(b'D', n));
            sent += n;
        }
        let (block, parsed) = &retired[0];
        assert_eq!((*parsed, block.as_slice()), (7, &b"\0\0\0\0\x06\0\0\0"[..]));
        assert_eq!(input.unparsed().len(), sent - 7);
    }
}
