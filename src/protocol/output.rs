//! The send buffer: messages wait here until the transport takes them.

use super::backend::HEADER_LEN;
use super::frontend::{self, OutputFull, tag};
use super::sink::{Room, Sink};

/// Capacity kept for the next messages once everything is sent, in bytes.
const KEPT_CAPACITY: usize = 16 * 1024;
/// Capacity kept after a cycle that has needed no more, in bytes: what an idle connection holds.
const IDLE_CAPACITY: usize = 1024;
/// The first allocation, in bytes: most commands fit.
const FIRST_CAPACITY: usize = 256;

/// Bytes to send. The encoders of [`super::frontend`] append to [`Output::buffer`].
#[derive(Default)]
pub struct Output {
    buffer: Vec<u8>,
    sent: usize,
    /// So many bytes at the end of the buffer are no content: they have been sent before, or were made ready. Messages are
    /// written there first ([`Output::append_in_room`], [`Output::append_copy_data`]).
    room: usize,
    /// More than an idle connection's capacity has been needed in this cycle.
    is_busy: bool,
}

impl Output {
    /// The buffer to append messages to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.drop_room();
        if self.sent > 0 && self.sent >= self.buffer.len() / 2 {
            self.buffer.drain(..self.sent);
            self.sent = 0;
        }
        if self.buffer.capacity() == 0 {
            // Without memory the encoders say so.
            let _ = self.buffer.try_reserve_exact(FIRST_CAPACITY);
        }
        &mut self.buffer
    }

    /// Makes room for CopyData messages ready, until `full` bytes wait to be sent: as far as the buffer's memory goes.
    pub fn make_room(&mut self, full: usize) {
        let content = self.end();
        let full = self.buffer.capacity().min(self.sent.saturating_add(full));
        // Cheap where the room is still there from the time before.
        self.buffer.resize(full.max(content), 0);
        self.room = self.buffer.len() - content;
    }

    #[inline]
    fn drop_room(&mut self) {
        if self.room > 0 {
            self.buffer.truncate(self.end());
            self.room = 0;
        }
    }

    /// Where the content ends.
    #[inline(always)]
    fn end(&self) -> usize {
        self.buffer.len() - self.room
    }

    /// Appends a CopyData message if it fits into room made ready; whether it did.
    #[inline(always)]
    pub fn append_copy_data(&mut self, data: &[u8]) -> bool {
        let end = self.end();
        let Some((header, room)) = self
            .buffer
            .get_mut(end..)
            .and_then(|room| room.split_first_chunk_mut::<HEADER_LEN>())
        else {
            return false;
        };
        let Some(place) = room.get_mut(..data.len()) else {
            return false;
        };
        *header = copy_header(data);
        place.copy_from_slice(data);
        self.room -= HEADER_LEN + data.len();
        true
    }

    /// Offers to `send` what waits and, behind it, a CopyData message, header and data: `send` says how many of all these bytes
    /// it has taken, and only the rest is copied.
    ///
    /// # Errors
    /// [`OutputFull`], and nothing has been offered.
    pub fn offer_copy_data(
        &mut self,
        data: &[u8],
        send: impl FnOnce([&[u8]; 3]) -> usize,
    ) -> Result<(), OutputFull> {
        // First of all: what has begun to be sent must be ended.
        frontend::reserve(self.buffer(), data.len().saturating_add(HEADER_LEN))?;
        let header = copy_header(data);
        let sent = send([self.pending(), &header, data]);
        let waiting = self.len();
        let mut taken = sent.saturating_sub(waiting);
        for part in [&header, data] {
            let skipped = taken.min(part.len());
            self.buffer.extend_from_slice(&part[skipped..]);
            taken -= skipped;
        }
        if waiting > 0 {
            self.advance(sent.min(waiting));
        }
        Ok(())
    }

    /// Appends what `write` writes, if there is room for all of it; whether there was.
    #[inline(always)]
    pub fn append_in_room(
        &mut self,
        write: impl FnOnce(&mut Room<'_>) -> Result<(), OutputFull>,
    ) -> bool {
        let end = self.end();
        let mut room = Room::new(self.buffer.get_mut(end..).unwrap_or_default());
        if write(&mut room).is_err() {
            return false;
        }
        self.room -= room.len();
        true
    }

    /// What has not been sent yet.
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.sent..self.end()]
    }

    /// Whether everything has been sent.
    pub fn is_empty(&self) -> bool {
        self.sent == self.end()
    }

    /// Number of bytes that have not been sent yet.
    pub fn len(&self) -> usize {
        self.end() - self.sent
    }

    /// Bytes in the buffer, sent or not: a mark to cut a half-written message off again with [`Output::cut`].
    pub fn mark(&mut self) -> usize {
        self.buffer().len()
    }

    /// Removes everything behind `mark`.
    pub fn cut(&mut self, mark: usize) {
        self.drop_room();
        self.buffer.truncate(mark.max(self.sent));
    }

    /// Everything behind `mark`.
    pub fn since(&self, mark: usize) -> &[u8] {
        self.buffer.get(mark..self.end()).unwrap_or_default()
    }

    /// The transport has taken `n` bytes.
    pub fn advance(&mut self, n: usize) {
        let end = self.end();
        self.sent = (self.sent + n).min(end);
        if self.sent == end {
            self.sent = 0;
            self.is_busy |= end > IDLE_CAPACITY;
            self.room = self.buffer.len();
            if self.buffer.capacity() > 4 * KEPT_CAPACITY {
                self.drop_room();
                self.buffer.shrink_to(KEPT_CAPACITY);
            }
        }
    }

    /// A cycle of command and results has ended: gives memory back that the next one may not need.
    pub(super) fn end_cycle(&mut self) {
        if !core::mem::take(&mut self.is_busy)
            && self.buffer.capacity() > IDLE_CAPACITY
            && self.is_empty()
        {
            *self = Output::default();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Output::default();
    }
}

/// The header of a CopyData message with this content, which is no longer than messages can be.
#[inline(always)]
fn copy_header(data: &[u8]) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = (data.len() as u32 + 4).to_be_bytes();
    [tag::COPY_DATA, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sent_bytes_go_and_marks_cut_only_what_is_unsent() {
        let mut out = Output::default();
        out.buffer().extend_from_slice(b"first");
        out.advance(2);
        assert_eq!(out.pending(), b"rst");
        let mark = out.mark();
        out.buffer().extend_from_slice(b"second");
        assert_eq!(out.since(mark), b"second");
        out.cut(mark);
        assert_eq!(out.pending(), b"rst");
        out.advance(3);
        assert!(out.is_empty());
    }

    #[test]
    fn of_a_message_that_is_offered_only_what_is_not_taken_is_kept() {
        let whole = b"waits:d\0\0\0\x0cthe data";
        for taken in 0..=whole.len() {
            let mut out = Output::default();
            out.buffer().extend_from_slice(b"?waits:");
            out.advance(1);
            out.make_room(100);
            let offered = out.offer_copy_data(b"the data", |parts| {
                assert_eq!(parts.concat(), whole);
                taken
            });
            assert!(offered.is_ok());
            assert_eq!(out.pending(), &whole[taken..]);
            assert_eq!(out.is_empty(), taken == whole.len());
            out.buffer().extend_from_slice(b"next");
            assert_eq!(out.pending(), [&whole[taken..], b"next"].concat());
        }
        let mut out = Output::default();
        assert!(out.offer_copy_data(b"all", |_| 8).is_ok());
        assert!(out.is_empty());
    }

    #[test]
    fn room_made_ready_is_no_content() {
        let mut out = Output::default();
        assert!(!out.append_copy_data(b"none yet"));
        out.buffer().extend_from_slice(b"first");
        out.make_room(16);
        assert_eq!((out.pending(), out.len()), (&b"first"[..], 5));
        assert!(out.append_copy_data(b"abcdef"));
        let first = b"firstd\0\0\0\x0aabcdef";
        assert_eq!(out.pending(), first);
        // 16 bytes wait, with or without room in the buffer's memory.
        assert!(!out.append_copy_data(b""));
        out.make_room(24);
        assert!(!out.append_copy_data(b"four"));
        assert!(out.append_copy_data(b"xyz"));
        out.make_room(100);
        out.buffer().push(b'!');
        assert_eq!(out.pending(), [&first[..], b"d\0\0\0\x07xyz!"].concat());
        out.make_room(100);
        out.advance(24);
        assert_eq!(out.pending(), b"!");
        out.make_room(2);
        out.advance(1);
        assert!(out.is_empty() && out.pending().is_empty());
    }

    #[test]
    fn memory_goes_back_after_a_cycle_that_needed_little_and_nothing_unsent_with_it() {
        let mut out = Output::default();
        out.buffer().resize(2 * IDLE_CAPACITY, b'x');
        out.end_cycle();
        assert_eq!(out.len(), 2 * IDLE_CAPACITY, "unsent");
        out.advance(2 * IDLE_CAPACITY);
        out.end_cycle();
        assert!(out.buffer.capacity() > IDLE_CAPACITY, "needed");
        out.buffer().push(b'y');
        out.advance(1);
        out.end_cycle();
        assert_eq!(out.buffer.capacity(), 0, "not needed");
        out.buffer().push(b'z');
        out.advance(1);
        out.end_cycle();
        assert_eq!(out.buffer.capacity(), FIRST_CAPACITY, "small enough");
    }
}
