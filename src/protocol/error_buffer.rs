//! The connection's error text: what `PQerrorMessage` shows, and how much of it results have already carried.

use super::backend::find_nul;

/// The first allocation, in bytes.
const FIRST_CAPACITY: usize = 120;

/// Text that accumulates within a query cycle (behaviours 140-142, 146). Every entry ends with a newline.
///
/// The text is kept NUL-terminated, so that it can be handed to C as it is.
#[derive(Default)]
pub struct ErrorBuffer {
    /// The text and one NUL, or nothing where there has been no text yet.
    text: Vec<u8>,
    /// How many bytes an error result has carried already.
    reported: usize,
    /// How many bytes at the front stay when the text is emptied.
    kept: usize,
}

impl ErrorBuffer {
    /// The text without its NUL.
    pub fn text(&self) -> &[u8] {
        &self.text[..self.len()]
    }

    fn len(&self) -> usize {
        self.text.len().saturating_sub(1)
    }

    /// The text with its NUL.
    pub fn text_with_nul(&self) -> &[u8] {
        match self.text.is_empty() {
            true => &[0],
            false => &self.text,
        }
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.text.len() <= 1
    }

    /// Forgets everything but what is kept.
    #[inline]
    pub fn clear(&mut self) {
        self.reported = 0;
        if self.len() > self.kept {
            self.text.truncate(self.kept);
            self.text.push(0);
        }
    }

    /// Keeps the present text in front of whatever comes, until [`ErrorBuffer::keep_nothing`]: a connection that every
    /// call fails on for one reason says it every time.
    pub fn keep(&mut self) {
        self.kept = self.len();
    }

    /// From now on everything can be forgotten again.
    pub fn keep_nothing(&mut self) {
        self.kept = 0;
    }

    /// Appends whatever `write` writes, as it is. A NUL inside would hide the rest from C, so it is dropped there.
    pub fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.text.capacity() == 0 {
            // The words of an attempt to connect fit.
            let _ = self.text.try_reserve(FIRST_CAPACITY);
        }
        self.text.pop();
        let start = self.text.len();
        write(&mut self.text);
        if let Some(nul) = find_nul(&self.text[start..]) {
            self.text.truncate(start + nul);
        }
        self.text.push(0);
    }

    /// Appends a text and the newline that ends it.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.append_with(|out| {
            write(out);
            out.push(b'\n');
        });
    }

    /// Appends a text and the newline that ends it.
    pub fn push(&mut self, text: &[u8]) {
        self.push_with(|out| out.extend_from_slice(text));
    }

    /// The text that no result has carried yet; from now on it counts as carried.
    pub fn take_unreported(&mut self) -> &[u8] {
        let end = self.len();
        let start = core::mem::replace(&mut self.reported, end).min(end);
        &self.text[start..end]
    }

    /// A result that carries the newest text has been handed out.
    pub fn mark_reported(&mut self) {
        self.reported = self.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_146_a_result_carries_only_what_none_has_carried() {
        let mut e = ErrorBuffer::default();
        e.push(b"one");
        assert_eq!(e.take_unreported(), b"one\n");
        e.push(b"two");
        assert_eq!(e.take_unreported(), b"two\n");
        assert_eq!(e.take_unreported(), b"");
        assert_eq!(e.text_with_nul(), b"one\ntwo\n\0");
        e.clear();
        assert!(e.is_empty());
    }

    #[test]
    fn what_is_kept_stays_in_front_and_counts_as_unreported_in_each_cycle() {
        let mut e = ErrorBuffer::default();
        e.push(b"why");
        e.keep();
        for _ in 0..2 {
            e.push(b"what");
            assert_eq!(e.take_unreported(), b"why\nwhat\n");
            e.clear();
            assert_eq!(e.text_with_nul(), b"why\n\0");
        }
        e.keep_nothing();
        e.clear();
        assert!(e.is_empty());
    }

    #[test]
    fn a_nul_ends_the_piece_it_stands_in() {
        let mut e = ErrorBuffer::default();
        e.append_with(|out| out.extend_from_slice(b"a\0b"));
        e.push(b"c");
        assert_eq!(e.text(), b"ac\n");
    }
}
