//! What carries a session's bytes: a plain socket, or TLS on one; GSS encryption and transports supplied by the
//! application get their variants here.

use std::io;
use std::os::fd::RawFd;

use super::socket::Socket;
#[cfg(feature = "tls")]
use super::tls::TlsStream;

/// The carrier of one session.
#[derive(Debug)]
pub enum Transport {
    /// Unencrypted.
    Plain(Socket),
    /// Encrypted with TLS, its handshake done.
    #[cfg(feature = "tls")]
    Tls(Box<TlsStream>),
}

impl Transport {
    /// Receives up to `max` bytes behind the content of `buf`, within its spare capacity. 0 is the end of the stream.
    ///
    /// # Errors
    /// What the socket says; `WouldBlock` only when `may_block` is false.
    #[inline]
    pub fn recv(&mut self, buf: &mut Vec<u8>, max: usize, may_block: bool) -> io::Result<usize> {
        match self {
            Transport::Plain(socket) => socket.recv(buf, max, may_block),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => stream.recv(buf, max, may_block),
        }
    }

    /// Sends as much of `data` as goes; returns how much that was.
    ///
    /// # Errors
    /// What the socket says; `WouldBlock` only when `may_block` is false.
    #[inline]
    pub fn send(&mut self, data: &[u8], may_block: bool) -> io::Result<usize> {
        match self {
            Transport::Plain(socket) => socket.send(data, may_block),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => stream.send(data, may_block),
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
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => stream.socket(),
        }
    }

    /// Whether what comes by the socket is not what is received.
    pub fn is_encrypted(&self) -> bool {
        !matches!(self, Transport::Plain(_))
    }

    /// Whether there is something to be received though the socket may never become readable again: one who waits for
    /// the socket calls [`Transport::recv`] until this is false, or [`io::ErrorKind::WouldBlock`] comes.
    pub fn has_pending(&self) -> bool {
        match self {
            Transport::Plain(_) => false,
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => stream.has_pending(),
        }
    }

    /// What is sent from here on may wait for [`Transport::close_notify`] or the end of the stream, to go out together with it.
    pub fn hold(&mut self) {
        match self {
            Transport::Plain(socket) => socket.hold(),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => stream.hold(),
        }
    }

    /// Says goodbye where the transport has a word for it, as far as that goes without waiting.
    pub fn close_notify(&mut self) {
        match self {
            Transport::Plain(_) => {}
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => stream.close_notify(),
        }
    }
}
