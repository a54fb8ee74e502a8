//! A descriptor that any thread can make readable, for one who waits for several things at once.
//!
//! On Linux it is an eventfd(2): idle it is writable, woken it is readable as well. That matters to programs that wait for
//! "writable" before their first poll, as libpq's manual tells them to. Elsewhere it is a pair of sockets, which is no
//! different to see.
//!
//! A child of fork() has the same open file as its parent: it does not wake, for it would wake the parent.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};

use super::fork::{self, Generation};
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::sys;

/// Wakes whoever waits for its descriptor. Shared by `Arc`; every method may be called from any thread.
#[derive(Debug)]
pub struct Waker {
    ends: Ends,
    owner: Generation,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
type Ends = std::fs::File;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
type Ends = (
    std::os::unix::net::UnixStream,
    std::os::unix::net::UnixStream,
);

impl Waker {
    /// A waker that nobody has woken.
    ///
    /// # Errors
    /// What the system says when there are no descriptors left.
    pub fn new() -> io::Result<Waker> {
        fork::watch();
        Ok(Waker {
            ends: open()?,
            owner: Generation::current(),
        })
    }

    /// Makes the descriptor readable until [`Waker::drain`]. Waking twice is waking once.
    pub fn wake(&self) {
        if self.owner == Generation::current() {
            // It fails only where it is readable already.
            let _ = self.sender().write(&1u64.to_ne_bytes());
        }
    }

    /// Takes back what [`Waker::wake`] did. Whoever was woken drains first and looks for the reason then.
    pub fn drain(&self) {
        if self.owner != Generation::current() {
            return;
        }
        let mut count = [0; 8];
        while let Ok(8) = self.receiver().read(&mut count) {}
    }

    /// The descriptor to wait on, which stays ours. It is writable, and readable when woken.
    pub fn raw_fd(&self) -> RawFd {
        self.receiver().as_raw_fd()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn open() -> io::Result<Ends> {
    sys::eventfd().map(Ends::from)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Waker {
    fn sender(&self) -> &std::fs::File {
        &self.ends
    }

    fn receiver(&self) -> &std::fs::File {
        &self.ends
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open() -> io::Result<Ends> {
    let (sender, receiver) = std::os::unix::net::UnixStream::pair()?;
    sender.set_nonblocking(true)?;
    receiver.set_nonblocking(true)?;
    Ok((sender, receiver))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Waker {
    fn sender(&self) -> &std::os::unix::net::UnixStream {
        &self.ends.0
    }

    fn receiver(&self) -> &std::os::unix::net::UnixStream {
        &self.ends.1
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
        waker.wake();
        waker.wake();
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
