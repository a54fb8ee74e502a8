//! One descriptor that becomes readable when any of several things has happened: a socket is ready, a waker was woken,
//! a deadline has passed.
//!
//! This is what `PQsocket` hands out while an attempt to connect waits for more than one socket. A program's own loop
//! (select, poll, epoll, whatever) waits for that one descriptor to be readable; it is level-triggered, so it stays
//! readable until the reason is gone, and quiet once it is. It is never *writable* with epoll, so nobody may be told to
//! wait for that.
//!
//! Whoever owns it calls [`Composite::pause`] before it touches the sockets and [`Composite::watch`] when it is
//! done, each time. Descriptors may be closed and their numbers used again in between.
//!
//! Two implementations: epoll(7) with a timerfd, and a portable one, a thread that waits in poll(2) and a pair of
//! sockets. In a child of fork() a composite is its parent's and must only be dropped.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll;
#[allow(unsafe_code)]
pub(super) mod sys;
mod threaded;

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

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

/// Which implementation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The best there is on this system.
    #[default]
    Native,
    /// The portable one.
    Threaded,
}

/// See the module's text.
pub struct Composite(Inner);

enum Inner {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    Epoll(epoll::Epoll),
    Threaded(threaded::Threaded),
}

impl Composite {
    /// One that waits for nothing.
    ///
    /// # Errors
    /// What the system says when it is out of descriptors, memory or threads.
    pub fn new(kind: Kind) -> io::Result<Composite> {
        match kind {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Kind::Native => Ok(Composite(Inner::Epoll(epoll::Epoll::new()?))),
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            Kind::Native => Composite::new(Kind::Threaded),
            Kind::Threaded => Ok(Composite(Inner::Threaded(threaded::Threaded::new()?))),
        }
    }

    /// Waits for nothing any more; the descriptor is not readable then.
    pub fn pause(&mut self) {
        match &mut self.0 {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Inner::Epoll(epoll) => epoll.pause(),
            Inner::Threaded(threaded) => threaded.pause(),
        }
    }

    /// Waits for these descriptors (each at most once) and the deadline. It must be paused.
    ///
    /// # Errors
    /// What the system says: it can take no more of them.
    pub fn watch(&mut self, interests: &[Interest], deadline: Option<Instant>) -> io::Result<()> {
        match &mut self.0 {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Inner::Epoll(epoll) => epoll.watch(interests, deadline),
            Inner::Threaded(threaded) => threaded.watch(interests, deadline),
        }
    }

    /// The descriptor, which stays ours.
    pub fn raw_fd(&self) -> RawFd {
        match &self.0 {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Inner::Epoll(epoll) => epoll.raw_fd(),
            Inner::Threaded(threaded) => threaded.raw_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Waker, wait};
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    const KINDS: [Kind; 2] = [Kind::Native, Kind::Threaded];

    fn reading(fd: RawFd) -> Interest {
        Interest {
            fd,
            read: true,
            write: false,
        }
    }

    fn is_readable_within(composite: &Composite, time: Duration) -> bool {
        wait(
            composite.raw_fd(),
            true,
            false,
            Some(Instant::now() + time),
        )
        .unwrap()
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
            let waker = Waker::new().unwrap();
            let sources = [reading(a.as_raw_fd()), reading(waker.raw_fd())];
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: empty");
            composite.watch(&sources, None).unwrap();
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: idle");
            b.write_all(b"x").unwrap();
            assert!(is_readable_within(&composite, SOON), "{kind:?}: socket");
            assert!(is_readable_within(&composite, SOON), "{kind:?}: it stays so");
            composite.pause();
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: paused");
            composite.watch(&sources, None).unwrap();
            assert!(is_readable_within(&composite, SOON), "{kind:?}: left unread");
            composite.pause();
            (&a).read_exact(&mut [0]).unwrap();
            composite.watch(&sources, None).unwrap();
            assert!(!is_readable_within(&composite, QUIET), "{kind:?}: read");
            waker.wake();
            assert!(is_readable_within(&composite, SOON), "{kind:?}: waker");
            composite.pause();
            waker.drain();
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
