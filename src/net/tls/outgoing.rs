//! Bytes that wait to be sent, in a buffer that is filled with zeros once and not for every record.

use std::io;

use crate::net::socket::Socket;

/// The largest buffer kept while nothing waits: what one [`super::stream::CHUNK`] takes.
const KEPT_MAX: usize = super::stream::CHUNK + 1024;

/// Records to be sent. Those before `start` are gone, behind `end` nothing has been written yet.
#[derive(Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Outgoing {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// At least `size` bytes to write to; [`Outgoing::written`] says how many have been.
    ///
    /// # Errors
    /// There is no memory.
    pub fn room(&mut self, size: usize) -> io::Result<&mut [u8]> {
        let needed = self.end + size;
        if let Some(more) = needed.checked_sub(self.bytes.len()) {
            self.bytes
                .try_reserve_exact(more)
                .map_err(|_| io::Error::from_raw_os_error(libc::ENOMEM))?;
            self.bytes.resize(needed, 0);
        }
        Ok(&mut self.bytes[self.end..])
    }

    /// So many bytes of the room have been written.
    pub fn written(&mut self, size: usize) {
        self.end = self.bytes.len().min(self.end + size);
    }

    /// Sends what waits. `Ok(false)`: some of it still does.
    ///
    /// # Errors
    /// What the socket says; `WouldBlock` never.
    pub fn flush(&mut self, socket: &Socket, may_block: bool) -> io::Result<bool> {
        while self.start < self.end {
            match socket.send(&self.bytes[self.start..self.end], may_block) {
                Ok(sent) => self.start += sent,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        self.start = 0;
        self.end = 0;
        if self.bytes.len() > KEPT_MAX {
            self.bytes = Vec::new();
        }
        Ok(true)
    }
}
