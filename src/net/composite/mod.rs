//! One descriptor that becomes readable when any of several things has happened: a socket is ready, a waker was woken,
//! a deadline has passed.
//!
//! This is what `PQsocket` hands out while an attempt to connect waits for more than one socket. A program's own loop
//! (select, poll, epoll, whatever) waits for that one descriptor to be readable; it is level-triggered, so it stays
//! readable until the reason is gone, and quiet once it is.
//!
//! Whoever owns it calls [`Composite::pause`] before it touches the sockets and [`Composite::watch`] when it is
//! done, each time. Descriptors may be closed and their numbers used again in between.
//!
//! Two implementations. [`Kind::Socket`] is the receiving end of the [`Waker`], which a thread wakes that waits in poll(2):
//! it works on any system, and the descriptor is a socket, and writable, as unmodified programs expect of what `PQsocket`
//! gives: Ruby refuses to wait for anything but a socket. [`Kind::Epoll`] is an epoll(7) set with a timerfd, which needs no
//! thread; it is no socket and *never writable*. Where the system has no epoll, it is the other one.
//!
//! In a child of fork() a composite is its parent's and must only be dropped.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll;
#[allow(unsafe_code)]
mod sys;
mod threaded;

pub(super) use sys::spawn;

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Instant;

use super::Waker;
use super::fork::Generation;

/// One descriptor and what it is waited on for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// The descriptor.
    pub fd: RawFd,
    /// Wake when it can be read from.
    pub read: bool,
    /// Wake when it can be written to.
    pub write: bool,
}

/// Which implementation. See the module's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A socket, and a thread.
    #[default]
    Socket,
    /// An epoll set, where the system has that.
    Epoll,
}

/// See the module's text.
pub struct Composite {
    waker: Arc<Waker>,
    inner: Inner,
}

enum Inner {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    Epoll(epoll::Epoll),
    Threaded(threaded::Threaded),
}

impl Composite {
    /// One that waits for its waker alone.
    ///
    /// # Errors
    /// What the system says when it is out of descriptors.
    pub fn new(kind: Kind) -> io::Result<Composite> {
        let waker = Arc::new(Waker::new()?);
        let inner = match kind {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Kind::Epoll => Inner::Epoll(epoll::Epoll::new(&waker)?),
            _ => Inner::Threaded(threaded::Threaded::new(Arc::clone(&waker))),
        };
        Ok(Composite { waker, inner })
    }

    /// Waits for nothing but the waker any more, and takes back what that has been woken for.
    pub fn pause(&mut self) {
        match &mut self.inner {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Inner::Epoll(epoll) => epoll.pause(),
            Inner::Threaded(threaded) => threaded.pause(),
        }
        self.waker.drain();
    }

    /// Waits for these descriptors (each at most once) and the deadline. It must be paused.
    ///
    /// # Errors
    /// What the system says: it can take no more of them, or is out of threads.
    pub fn watch(&mut self, interests: &[Interest], deadline: Option<Instant>) -> io::Result<()> {
        match &mut self.inner {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Inner::Epoll(epoll) => epoll.watch(interests, deadline),
            Inner::Threaded(threaded) => threaded.watch(interests, deadline),
        }
    }

    /// The descriptor, which stays ours.
    pub fn raw_fd(&self) -> RawFd {
        match &self.inner {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Inner::Epoll(epoll) => epoll.raw_fd(),
            Inner::Threaded(_) => self.waker.raw_fd(),
        }
    }

    /// Makes it readable from any thread.
    pub fn waker(&self) -> &Arc<Waker> {
        &self.waker
    }

    /// Whether this process has made it.
    pub fn is_ours(&self) -> bool {
        self.waker.owner() == Generation::current()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::wait;
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    const KINDS: [Kind; 2] = [Kind::Socket, Kind::Epoll];

    fn reading(fd: RawFd) -> Interest {
        Interest {
            fd,
            read: true,
            write: false,
        }
    }

    fn is_readable_within(composite: &Composite, time: Duration) -> bool {
        wait(composite.raw_fd(), true, false, Some(Instant::now() + time)).unwrap()
    }

    /// Long enough for anything that is going to happen.
    const SOON: Duration = Duration::from_secs(20);
    /// A while in which nothing should happen.
    const QUIET: Duration = Duration::from_millis(30);

    #[test]
    fn each_source_makes_it_readable_and_pausing_makes_it_quiet() {
        for kind in KINDS {
            let mut composite = Composite::new(kind).unwrap();
            let (a, mut b) = UnixStream::pair().unwrap();
            let sources = [reading(a.as_raw_fd())];
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: empty");
            composite.watch(&sources, None).unwrap();
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: idle");
            b.write_all(b"x").unwrap();
            assert!(is_readable_within(&composite, SOON), "{kind:?}: socket");
            assert!(
                is_readable_within(&composite, SOON),
                "{kind:?}: it stays so"
            );
            composite.pause();
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: paused");
            composite.watch(&sources, None).unwrap();
            assert!(
                is_readable_within(&composite, SOON),
                "{kind:?}: left unread"
            );
            composite.pause();
            (&a).read_exact(&mut [0]).unwrap();
            composite.watch(&sources, None).unwrap();
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: read");
            composite.waker().wake();
            assert!(is_readable_within(&composite, SOON), "{kind:?}: waker");
            composite.pause();
            let deadline = Instant::now() + QUIET;
            composite.watch(&sources, Some(deadline)).unwrap();
            assert!(is_readable_within(&composite, SOON), "{kind:?}: deadline");
            assert!(Instant::now() >= deadline, "{kind:?}: not before it");
            composite.pause();
            composite.watch(&sources, None).unwrap();
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: no more");
        }
    }

    #[test]
    fn a_deadline_in_the_past_is_readiness_at_once() {
        for kind in KINDS {
            let mut composite = Composite::new(kind).unwrap();
            composite.watch(&[], Some(Instant::now())).unwrap();
            assert!(is_readable_within(&composite, SOON), "{kind:?}");
        }
    }

    #[test]
    fn numbers_of_closed_descriptors_may_come_back() {
        for kind in KINDS {
            let mut composite = Composite::new(kind).unwrap();
            let (a, _b) = UnixStream::pair().unwrap();
            composite.watch(&[reading(a.as_raw_fd())], None).unwrap();
            composite.pause();
            let number = a.as_raw_fd();
            drop(a);
            // Very likely the same number; the test holds either way.
            let (c, mut d) = UnixStream::pair().unwrap();
            let _same = c.as_raw_fd() == number;
            composite.watch(&[reading(c.as_raw_fd())], None).unwrap();
            d.write_all(b"x").unwrap();
            assert!(is_readable_within(&composite, SOON), "{kind:?}");
        }
    }

    #[test]
    fn waiting_to_write_wakes_too() {
        for kind in KINDS {
            let mut composite = Composite::new(kind).unwrap();
            let (a, _b) = UnixStream::pair().unwrap();
            let writing = Interest {
                fd: a.as_raw_fd(),
                read: false,
                write: true,
            };
            composite.watch(&[writing], None).unwrap();
            assert!(is_readable_within(&composite, SOON), "{kind:?}");
        }
    }
}
