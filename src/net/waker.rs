//! A descriptor that any thread can make readable.
//!
//! It is one end of a pair of sockets: idle it is writable, woken it is readable as well. That it is writable matters to
//! programs that wait for "writable" before their first poll, as libpq's manual tells them to; that it is a socket matters
//! to Ruby, whose `BasicSocket.for_fd` refuses anything else that `PQsocket` may return, an eventfd among it.
//!
//! A child of fork() has the same open file as its parent: it does not wake, for it would wake the parent.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use super::fork::{self, Generation};

/// Wakes whoever waits for its descriptor. Shared by `Arc`; every method may be called from any thread.
#[derive(Debug)]
pub struct Waker {
    sender: UnixStream,
    receiver: UnixStream,
    owner: Generation,
}

impl Waker {
    /// A waker that nobody has woken.
    ///
    /// # Errors
    /// What the system says when there are no descriptors left.
    pub fn new() -> io::Result<Waker> {
        fork::watch();
        let (sender, receiver) = UnixStream::pair()?;
        sender.set_nonblocking(true)?;
        receiver.set_nonblocking(true)?;
        Ok(Waker {
            sender,
            receiver,
            owner: Generation::current(),
        })
    }

    /// Makes the descriptor readable until [`Waker::drain`]. Waking twice is waking once.
    pub fn wake(&self) {
        if self.owner == Generation::current() {
            // It fails only where it is readable already.
            let _ = (&self.sender).write(&[0]);
        }
    }

    /// Takes back what [`Waker::wake`] did. Whoever was woken drains first and looks for the reason then.
    pub fn drain(&self) {
        if self.owner != Generation::current() {
            return;
        }
        let mut bytes = [0; 64];
        // A full read may have left some; a short one has not.
        while matches!((&self.receiver).read(&mut bytes), Ok(64)) {}
    }

    /// The descriptor to wait on, which stays ours. It is writable, and readable when woken.
    pub fn raw_fd(&self) -> RawFd {
        self.receiver.as_raw_fd()
    }

    /// The process it works in.
    pub(super) fn owner(&self) -> Generation {
        self.owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::wait;
    use std::sync::Arc;
    use std::time::Instant;

    fn is_ready(waker: &Waker, read: bool) -> bool {
        wait(waker.raw_fd(), read, !read, Some(Instant::now())).unwrap()
    }

    #[test]
    fn it_is_writable_at_once_and_readable_when_woken() {
        let waker = Waker::new().unwrap();
        assert!(is_ready(&waker, false) && !is_ready(&waker, true));
        for _ in 0..200 {
            waker.wake();
        }
        assert!(is_ready(&waker, true));
        waker.drain();
        assert!(is_ready(&waker, false) && !is_ready(&waker, true));
        waker.drain();
    }

    #[test]
    fn another_thread_wakes_one_who_waits() {
        let waker = Arc::new(Waker::new().unwrap());
        let other = Arc::clone(&waker);
        let thread = std::thread::spawn(move || other.wake());
        assert!(wait(waker.raw_fd(), true, false, None).unwrap());
        thread.join().unwrap();
    }
}
