//! What carries a session's bytes: a plain socket today; TLS, GSS encryption and transports supplied by the
//! application get their variants here.

use std::io;
use std::os::fd::RawFd;

use super::socket::Socket;

/// The carrier of one session.
#[derive(Debug)]
pub enum Transport {
    /// Unencrypted.
    Plain(Socket),
}

impl Transport {
    /// Receives up to `max` bytes behind the content of `buf`, within its spare capacity. 0 is the end of the stream.
    ///
    /// # Errors
    /// What the socket says; `WouldBlock` only when `may_block` is false.
    pub fn recv(&mut self, buf: &mut Vec<u8>, max: usize, may_block: bool) -> io::Result<usize> {
        match self {
            Transport::Plain(socket) => socket.recv(buf, max, may_block),
        }
    }

    /// Sends as much of `data` as goes; returns how much that was.
    ///
    /// # Errors
    /// What the socket says; `WouldBlock` only when `may_block` is false.
    pub fn send(&mut self, data: &[u8], may_block: bool) -> io::Result<usize> {
        match self {
            Transport::Plain(socket) => socket.send(data, may_block),
        }
    }

    /// The descriptor to wait on, which stays ours.
    pub fn raw_fd(&self) -> RawFd {
        self.socket().raw_fd()
    }

    /// The socket underneath.
    pub fn socket(&self) -> &Socket {
        match self {
            Transport::Plain(socket) => socket,
        }
    }
}
