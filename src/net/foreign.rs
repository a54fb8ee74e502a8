//! A byte stream that the application supplies in a socket's place: a tunnel, a connector of a cloud, something in the process.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use super::fork::Generation;
use super::poll;

/// What the application supplies. Dropping it closes it.
///
/// None of the methods may wait but [`Stream::wait`], and none may use the connection that the stream carries.
pub trait Stream: Send {
    /// Reads up to `room.len()` bytes; 0 is the end.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when there is nothing now; anything else ends the connection.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize>;

    /// Takes as much of `data` as it can, at least a byte.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it can take nothing now; anything else ends the connection.
    fn write(&mut self, data: &[u8]) -> io::Result<usize>;

    /// What to wait on: readable whenever a read would not be [`io::ErrorKind::WouldBlock`], and writable whenever a write
    /// would not. Stays the same and open.
    fn descriptor(&self) -> RawFd;

    /// Waits until it is ready, or the time is over; `None` where the descriptor is as good. `Ok(false)` is the end of time.
    fn wait(
        &mut self,
        _read: bool,
        _write: bool,
        _time: Option<Duration>,
    ) -> Option<io::Result<bool>> {
        None
    }
}

/// Answers of "would block" in a row from which on the stream is given time before it is asked again: it says that it is
/// ready and is not.
const LIES_MAX: u32 = 64;
/// That time.
const REST: Duration = Duration::from_millis(1);

/// A stream in a socket's place.
pub(super) struct Foreign {
    /// `None` once it has been abandoned.
    stream: RefCell<Option<Box<dyn Stream>>>,
    descriptor: RawFd,
    owner: Generation,
    blocked: Cell<u32>,
    /// It has failed: nothing is asked of it any more.
    broken: Cell<bool>,
}

impl Foreign {
    pub(super) fn new(stream: Box<dyn Stream>) -> Foreign {
        super::fork::watch();
        Foreign {
            descriptor: stream.descriptor(),
            stream: RefCell::new(Some(stream)),
            owner: Generation::current(),
            blocked: Cell::new(0),
            broken: Cell::new(false),
        }
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.descriptor
    }

    /// Receives behind the content of `buf`, within its spare capacity.
    #[inline(never)]
    pub(super) fn recv(&self, buf: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        let start = buf.len();
        let room = (buf.capacity() - start).min(max);
        // Whatever the stream says that it has read, nothing but what we own is shown to anybody.
        buf.resize(start + room, 0);
        let got = self.ask(|stream| stream.read(&mut buf[start..]), room);
        buf.truncate(start + got.as_ref().map_or(0, |got| *got));
        got
    }

    #[inline(never)]
    pub(super) fn send(&self, data: &[u8]) -> io::Result<usize> {
        let sent = self.ask(|stream| stream.write(data), data.len())?;
        match sent {
            0 if !data.is_empty() => {
                self.broken.set(true);
                Err(io::ErrorKind::WriteZero.into())
            }
            sent => Ok(sent),
        }
    }

    fn ask(
        &self,
        call: impl FnOnce(&mut dyn Stream) -> io::Result<usize>,
        most: usize,
    ) -> io::Result<usize> {
        if self.broken.get() {
            return Err(io::Error::from_raw_os_error(libc::ECONNRESET));
        }
        if self.blocked.get() > LIES_MAX {
            std::thread::sleep(REST);
        }
        // A stream that comes back to its own connection finds itself borrowed.
        let mut stream = self.stream.try_borrow_mut().map_err(|_| busy())?;
        let stream = stream.as_mut().ok_or_else(closed)?;
        match call(stream.as_mut()) {
            Ok(count) if count > most => {
                self.broken.set(true);
                Err(io::Error::from_raw_os_error(libc::EINVAL))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.blocked.set(self.blocked.get().saturating_add(1));
                Err(error)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            other => {
                self.blocked.set(0);
                self.broken.set(other.is_err());
                other
            }
        }
    }

    pub(super) fn wait(
        &self,
        read: bool,
        write: bool,
        deadline: Option<Instant>,
    ) -> io::Result<bool> {
        let time = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let own = match self.stream.try_borrow_mut() {
            Ok(mut stream) => stream.as_mut().and_then(|s| s.wait(read, write, time)),
            Err(_) => return Err(busy()),
        };
        match own {
            Some(outcome) => outcome,
            None => poll::wait(self.descriptor, read, write, deadline),
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // A child of fork() has a copy of what its parent uses: closing it might end the parent's session.
        if self.owner != Generation::current() {
            std::mem::forget(self.stream.take());
        }
    }
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Foreign")
            .field("descriptor", &self.descriptor)
            .finish_non_exhaustive()
    }
}

fn busy() -> io::Error {
    io::Error::from_raw_os_error(libc::EDEADLK)
}

fn closed() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what it is told to, in turn.
    struct Script(Vec<io::Result<usize>>);

    impl Stream for Script {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let room_len = room.len();
            let answer = self.0.remove(0);
            room[..room_len.min(3)].fill(b'x');
            answer
        }
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.remove(0)
        }
        fn descriptor(&self) -> RawFd {
            -1
        }
    }

    #[test]
    fn nonsense_from_a_stream_is_an_error() {
        let foreign = |answers| Foreign::new(Box::new(Script(answers)));
        let stream = foreign(vec![Ok(2), Ok(9)]);
        let mut buf = Vec::with_capacity(8);
        assert_eq!(stream.recv(&mut buf, 4).unwrap(), 2);
        assert_eq!(buf, b"xx");
        let error = stream.recv(&mut buf, 4).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        assert_eq!(buf, b"xx");
        let error = stream.send(b"abc").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ECONNRESET));
        let error = foreign(vec![Ok(4)]).send(b"abc").unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        let error = foreign(vec![Ok(0)]).send(b"abc").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }

    #[test]
    fn bytes_it_only_says_it_has_read_are_zeros() {
        let stream = Foreign::new(Box::new(Script(vec![Ok(6)])));
        let mut buf = Vec::with_capacity(6);
        assert_eq!(stream.recv(&mut buf, 6).unwrap(), 6);
        assert_eq!(buf, b"xxx\0\0\0");
    }
}
