//! The composite on Linux without a thread: an epoll set, readable itself while one of its members is ready, with a timer
//! and the waker in it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use super::{Interest, sys};
use crate::net::Waker;

pub(super) struct Epoll {
    set: OwnedFd,
    timer: OwnedFd,
    members: Vec<RawFd>,
    armed: bool,
}

impl Epoll {
    pub fn new(waker: &Waker) -> io::Result<Epoll> {
        let set = sys::epoll_create()?;
        let timer = sys::timer_create()?;
        sys::epoll_add(&set, timer.as_raw_fd(), true, false)?;
        sys::epoll_add(&set, waker.raw_fd(), true, false)?;
        Ok(Epoll {
            set,
            timer,
            members: Vec::new(),
            armed: false,
        })
    }

    /// Members are taken out one by one and not left to closing: a child of fork() may hold the same open file, which
    /// keeps a membership alive that nobody could end then.
    pub fn pause(&mut self) {
        for fd in self.members.drain(..) {
            sys::epoll_remove(&self.set, fd);
        }
        if self.armed {
            // Also takes back that it has run out. It cannot fail for a timer that is there.
            let _ = sys::timer_set(&self.timer, None);
            self.armed = false;
        }
    }

    pub fn watch(&mut self, interests: &[Interest], deadline: Option<Instant>) -> io::Result<()> {
        for interest in interests {
            sys::epoll_add(&self.set, interest.fd, interest.read, interest.write)?;
            self.members.push(interest.fd);
        }
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            // 0 would be no deadline.
            sys::timer_set(&self.timer, Some(left.max(Duration::from_nanos(1))))?;
            self.armed = true;
        }
        Ok(())
    }

    pub fn raw_fd(&self) -> RawFd {
        self.set.as_raw_fd()
    }
}
