//! One stream socket: creation, connecting, receiving and sending.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Instant;

use socket2::{Domain, Type};

use super::Address;
use super::foreign::{Foreign, Stream};
use super::{poll, sys};

/// How far connect(2) has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connecting {
    /// Connected.
    Done,
    /// Under way; the socket becomes writable when it has ended either way.
    Pending,
}

/// What a look at a socket shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peek {
    /// Nothing has come.
    Quiet,
    /// Something has come.
    Data,
    /// The peer has closed, or the connection is broken. What came before may still be there to read.
    Closed,
}

/// What a socket is connected by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A Unix socket, which knows the user at its other end.
    Unix,
    /// IP.
    Internet,
    /// Something else, or a stream of the application's.
    Unknown,
}

/// A stream socket, close-on-exec, that never raises SIGPIPE.
///
/// It is created non-blocking; [`Socket::set_blocking`] ends that once it is connected, and from then on calls that must
/// not wait say so one by one (MSG_DONTWAIT). Event loops may set O_NONBLOCK again behind our back, so a call
/// that may wait falls back to poll(2) when the socket says that it would block.
///
/// In its place there may be a stream of the application's, which is to be seen only here.
#[derive(Debug)]
pub struct Socket {
    inner: Inner,
    /// It is closed behind what is sent next.
    is_parting: bool,
}

#[derive(Debug)]
enum Inner {
    System(socket2::Socket),
    Foreign(Foreign),
}

impl Socket {
    /// A new socket of the address's family.
    ///
    /// # Errors
    /// What socket(2) says.
    pub fn new(address: &Address) -> io::Result<Socket> {
        let domain = Domain::from(i32::from(address.raw().family()));
        #[cfg(not(target_vendor = "apple"))]
        let inner = socket2::Socket::new_raw(domain, Type::STREAM.nonblocking().cloexec(), None)?;
        // socket(2) takes no such flags there.
        #[cfg(target_vendor = "apple")]
        let inner = {
            let inner = socket2::Socket::new(domain, Type::STREAM, None)?;
            inner.set_nonblocking(true)?;
            inner
        };
        Ok(Socket {
            inner: Inner::System(inner),
            is_parting: false,
        })
    }

    /// A connected descriptor that the application hands over.
    pub fn from_fd(descriptor: OwnedFd) -> Socket {
        Socket {
            inner: Inner::System(descriptor.into()),
            is_parting: false,
        }
    }

    /// A stream of the application's.
    pub fn from_stream(stream: Box<dyn Stream>) -> Socket {
        Socket {
            inner: Inner::Foreign(Foreign::new(stream)),
            is_parting: false,
        }
    }

    /// Whether it is a stream of the application's.
    #[inline]
    pub fn is_foreign(&self) -> bool {
        matches!(self.inner, Inner::Foreign(_))
    }

    /// What it is connected by.
    pub fn carrier(&self) -> Carrier {
        let family = self.system().and_then(|s| Ok(s.local_addr()?.family()));
        match family.map(i32::from) {
            Ok(libc::AF_UNIX) => Carrier::Unix,
            Ok(libc::AF_INET | libc::AF_INET6) => Carrier::Internet,
            _ => Carrier::Unknown,
        }
    }

    fn system(&self) -> io::Result<&socket2::Socket> {
        match &self.inner {
            Inner::System(socket) => Ok(socket),
            Inner::Foreign(_) => Err(io::Error::from_raw_os_error(libc::ENOTSOCK)),
        }
    }

    /// Switches Nagle's delay off.
    ///
    /// # Errors
    /// What setsockopt(2) says.
    pub fn set_nodelay(&self) -> io::Result<()> {
        self.system()?.set_tcp_nodelay(true)
    }

    /// Begins connecting. An interrupted connect(2) goes on by itself.
    ///
    /// # Errors
    /// What connect(2) says.
    pub fn connect(&self, address: &Address) -> io::Result<Connecting> {
        match self.system()?.connect(address.raw()) {
            Ok(()) => Ok(Connecting::Done),
            Err(e) if matches!(super::errno_of(&e), libc::EINPROGRESS | libc::EINTR) => {
                Ok(Connecting::Pending)
            }
            Err(e) => Err(e),
        }
    }

    /// Whether connecting that was [`Connecting::Pending`] has ended, either way.
    ///
    /// # Errors
    /// What poll(2) says.
    pub fn has_ended_connecting(&self) -> io::Result<bool> {
        poll::wait(self.raw_fd(), false, true, Some(std::time::Instant::now()))
    }

    /// The error that connecting ended with, taken off the socket.
    ///
    /// # Errors
    /// What getsockopt(2) says.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.system()?.take_error()
    }

    /// Looks whether something has come, or the peer has closed, and leaves it there.
    pub fn peek(&self) -> Peek {
        if self.is_foreign() {
            // What it has can only be read.
            return match poll::wait(self.raw_fd(), true, false, Some(Instant::now())) {
                Ok(true) => Peek::Data,
                Ok(false) => Peek::Quiet,
                Err(_) => Peek::Closed,
            };
        }
        match sys::look(self.raw_fd()) {
            Ok(sys::Look { hung_up: true, .. }) | Err(_) => Peek::Closed,
            Ok(sys::Look {
                readable: false, ..
            }) => Peek::Quiet,
            Ok(_) => self.peek_byte(),
        }
    }

    /// A system that does not tell that the peer has closed shows an end where it can be read.
    fn peek_byte(&self) -> Peek {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        match self
            .system()
            .and_then(|s| s.recv_with_flags(&mut byte, flags))
        {
            Ok(0) => Peek::Closed,
            Ok(_) => Peek::Data,
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Peek::Quiet
            }
            Err(_) => Peek::Closed,
        }
    }

    /// Ends non-blocking mode.
    ///
    /// # Errors
    /// What ioctl(2) says.
    pub fn set_blocking(&self) -> io::Result<()> {
        match &self.inner {
            Inner::System(_) => sys::set_blocking(self.raw_fd()),
            Inner::Foreign(_) => Ok(()),
        }
    }

    /// The descriptor, which stays ours.
    pub fn raw_fd(&self) -> RawFd {
        match &self.inner {
            Inner::System(socket) => socket.as_raw_fd(),
            Inner::Foreign(stream) => stream.descriptor(),
        }
    }

    /// Receives up to `max` bytes behind the content of `buf`, within its spare capacity. 0 is the end of the stream.
    ///
    /// # Errors
    /// What recv(2) says; `WouldBlock` only when `may_block` is false.
    #[inline]
    pub fn recv(&self, buf: &mut Vec<u8>, max: usize, may_block: bool) -> io::Result<usize> {
        let flags = if may_block { 0 } else { libc::MSG_DONTWAIT };
        self.retry(may_block, true, || match &self.inner {
            Inner::System(socket) => sys::recv_append(socket, buf, max, flags),
            Inner::Foreign(stream) => stream.recv(buf, max),
        })
    }

    /// What is sent from now on may go out together with the end of the stream, for the socket is about to be closed.
    pub fn hold(&mut self) {
        self.is_parting = true;
    }

    /// Sends as much of `data` as goes; returns how much that was.
    ///
    /// # Errors
    /// What send(2) says; `WouldBlock` only when `may_block` is false.
    #[inline]
    pub fn send(&self, data: &[u8], may_block: bool) -> io::Result<usize> {
        let mut flags = libc::MSG_NOSIGNAL | if may_block { 0 } else { libc::MSG_DONTWAIT };
        if self.is_parting {
            flags |= sys::MSG_MORE;
        }
        self.retry(may_block, false, || match &self.inner {
            Inner::System(socket) => socket.send_with_flags(data, flags),
            Inner::Foreign(stream) => stream.send(data),
        })
    }

    /// Sends as much of these, one behind the other, as goes without waiting; returns how much that was.
    ///
    /// # Errors
    /// What sendmsg(2) says.
    pub fn send_gathered(&self, parts: [&[u8]; 3]) -> io::Result<usize> {
        let system = self.system()?;
        let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        self.retry(false, false, || {
            system.send_vectored_with_flags(&parts.map(io::IoSlice::new), flags)
        })
    }

    /// Waits until it is ready, or in error, or the deadline has passed, as [`poll::wait`] does.
    ///
    /// # Errors
    /// What poll(2) says.
    pub fn wait(&self, read: bool, write: bool, deadline: Option<Instant>) -> io::Result<bool> {
        match &self.inner {
            Inner::System(socket) => poll::wait(socket.as_raw_fd(), read, write, deadline),
            Inner::Foreign(stream) => stream.wait(read, write, deadline),
        }
    }

    #[inline(always)]
    fn retry(
        &self,
        may_block: bool,
        read: bool,
        mut call: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        match call() {
            Err(error) => self.go_on_after(error, may_block, read, call),
            done => done,
        }
    }

    #[cold]
    #[inline(never)]
    fn go_on_after(
        &self,
        mut error: io::Error,
        may_block: bool,
        read: bool,
        mut call: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock if may_block => {
                    self.wait(read, !read, None)?;
                }
                _ => return Err(error),
            }
            match call() {
                Err(again) => error = again,
                done => return done,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    fn pair() -> (Socket, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::from_raw(listener.local_addr().unwrap().into());
        let socket = Socket::new(&address).unwrap();
        if socket.connect(&address).unwrap() == Connecting::Pending {
            poll::wait(socket.raw_fd(), false, true, None).unwrap();
        }
        assert!(socket.has_ended_connecting().unwrap());
        assert!(socket.take_error().unwrap().is_none());
        let peer = listener.accept().unwrap().0;
        (socket, peer)
    }

    #[test]
    fn bytes_go_both_ways_and_only_into_spare_capacity() {
        let (socket, mut peer) = pair();
        socket.set_blocking().unwrap();
        let mut buf = Vec::with_capacity(6);
        buf.extend_from_slice(b"ab");
        let would_block = socket.recv(&mut buf, 100, false).unwrap_err();
        assert_eq!(would_block.kind(), io::ErrorKind::WouldBlock);
        peer.write_all(b"cdefgh").unwrap();
        assert_eq!(socket.recv(&mut buf, 3, true).unwrap(), 3);
        assert_eq!(buf, b"abcde");
        let room = buf.capacity() - buf.len();
        let got = socket.recv(&mut buf, 100, true).unwrap();
        assert!(got <= room && buf.starts_with(b"abcdef"));
        assert_eq!(socket.send(b"xyz", false).unwrap(), 3);
        let mut three = [0; 3];
        peer.read_exact(&mut three).unwrap();
        assert_eq!(&three, b"xyz");
        drop(peer);
        buf.clear();
        // What `peer` had sent and was not read may come first; then the stream ends.
        while socket.recv(&mut buf, 100, true).unwrap_or(0) > 0 {
            buf.clear();
        }
    }

    #[test]
    fn a_blocking_receive_waits_though_somebody_made_the_socket_non_blocking() {
        let (socket, mut peer) = pair();
        // It was never made blocking.
        let writer = std::thread::spawn(move || {
            peer.write_all(b"late").unwrap();
            peer
        });
        let mut buf = Vec::with_capacity(16);
        assert!(socket.recv(&mut buf, 16, true).unwrap() > 0);
        drop(writer.join().unwrap());
    }

    #[test]
    fn a_look_tells_data_silence_and_the_end_and_takes_nothing() {
        let (socket, mut peer) = pair();
        assert_eq!(socket.peek(), Peek::Quiet);
        peer.write_all(b"x").unwrap();
        assert!(poll::wait(socket.raw_fd(), true, false, None).unwrap());
        assert_eq!((socket.peek(), socket.peek()), (Peek::Data, Peek::Data));
        drop(peer);
        // The byte is still there; the peer is not.
        let gone = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while socket.peek() != Peek::Closed {
            assert!(std::time::Instant::now() < gone);
        }
        let mut buf = Vec::with_capacity(8);
        assert_eq!(socket.recv(&mut buf, 8, false).unwrap(), 1);
    }

    #[test]
    fn behaviour_342_sending_into_a_closed_connection_is_an_error_and_no_signal() {
        let (socket, peer) = pair();
        drop(peer);
        let result = (0..1000).find_map(|_| socket.send(&[0; 4096], false).err());
        let kind = result.unwrap().kind();
        assert!(
            matches!(
                kind,
                io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
            ),
            "{kind:?}"
        );
    }
}
