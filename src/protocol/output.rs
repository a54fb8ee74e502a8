//! The send buffer: messages wait here until the transport takes them.

use super::backend::HEADER_LEN;
use super::frontend::tag;

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
    /// More than an idle connection's capacity has been needed in this cycle.
    is_busy: bool,
}

impl Output {
    /// The buffer to append messages to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
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

    /// Appends a CopyData message if it fits as it is; whether it did.
    #[inline(always)]
    pub fn append_copy_data(&mut self, data: &[u8]) -> bool {
        let out = &mut self.buffer;
        if out.capacity() - out.len() < data.len() + HEADER_LEN {
            return false;
        }
        let [a, b, c, d] = (data.len() as u32 + 4).to_be_bytes();
        // One by one, which compiles to stores; a slice of five would be a call.
        for byte in [tag::COPY_DATA, a, b, c, d] {
            out.push(byte);
        }
        out.extend_from_slice(data);
        true
    }

    /// What has not been sent yet.
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.sent..]
    }

    /// Whether everything has been sent.
    pub fn is_empty(&self) -> bool {
        self.sent == self.buffer.len()
    }

    /// Number of bytes that have not been sent yet.
    pub fn len(&self) -> usize {
        self.buffer.len() - self.sent
    }

    /// Bytes in the buffer, sent or not: a mark to cut a half-written message off again with [`Output::cut`].
    pub fn mark(&mut self) -> usize {
        self.buffer().len()
    }

    /// Removes everything behind `mark`.
    pub fn cut(&mut self, mark: usize) {
        self.buffer.truncate(mark.max(self.sent));
    }

    /// Everything behind `mark`.
    pub fn since(&self, mark: usize) -> &[u8] {
        self.buffer.get(mark..).unwrap_or_default()
    }

    /// The transport has taken `n` bytes.
    pub fn advance(&mut self, n: usize) {
        self.sent = (self.sent + n).min(self.buffer.len());
        if self.sent == self.buffer.len() {
            self.sent = 0;
            self.is_busy |= self.buffer.len() > IDLE_CAPACITY;
            self.buffer.clear();
            if self.buffer.capacity() > 4 * KEPT_CAPACITY {
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
}
