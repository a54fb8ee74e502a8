//! The composite for any system with poll(2) and threads: a thread waits and makes one end of a pair of sockets readable.
//!
//! It reports once per [`Threaded::watch`]; the next one arms it again. What the two share is behind a mutex that
//! belongs to this composite alone; the thread holds its own reference, so that dropping the composite need not wait
//! for it.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Interest, sys};
use crate::net::Waker;
use crate::net::fork::Generation;

pub(super) struct Threaded {
    shared: Arc<Shared>,
    /// The application's end.
    end: UnixStream,
    owner: Generation,
}

struct Shared {
    state: Mutex<State>,
    /// Tells the thread that the state has changed.
    changed: Waker,
    /// The thread's end.
    end: UnixStream,
}

#[derive(Default)]
struct State {
    interests: Vec<Interest>,
    deadline: Option<Instant>,
    /// Something is waited for and has not been reported.
    armed: bool,
    /// Counts the changes: what was seen of an older state is old news.
    version: u64,
    quit: bool,
}

impl Threaded {
    pub fn new() -> io::Result<Threaded> {
        let changed = Waker::new()?;
        let (end, other) = UnixStream::pair()?;
        end.set_nonblocking(true)?;
        other.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed,
            end: other,
        });
        let of_thread = Arc::clone(&shared);
        sys::spawn(Box::new(move || of_thread.run()))?;
        Ok(Threaded {
            shared,
            end,
            owner: Generation::current(),
        })
    }

    pub fn pause(&mut self) {
        if self.owner != Generation::current() {
            return;
        }
        self.shared.change(|state| {
            state.interests.clear();
            state.deadline = None;
            state.armed = false;
        });
        while matches!((&self.end).read(&mut [0; 16]), Ok(n) if n > 0) {}
    }

    pub fn watch(&mut self, interests: &[Interest], deadline: Option<Instant>) -> io::Result<()> {
        self.shared.change(|state| {
            state.interests.extend_from_slice(interests);
            state.deadline = deadline;
            state.armed = true;
        });
        Ok(())
    }

    pub fn raw_fd(&self) -> RawFd {
        self.end.as_raw_fd()
    }
}

impl Drop for Threaded {
    fn drop(&mut self) {
        // In a child of fork() there is no thread, and the mutex may be locked for ever.
        if self.owner == Generation::current() {
            self.shared.change(|state| state.quit = true);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.version += 1;
        drop(state);
        self.changed.wake();
    }

    /// What the thread does.
    fn run(&self) {
        loop {
            let (interests, deadline, version) = {
                let state = self.lock();
                if state.quit {
                    return;
                }
                match state.armed {
                    true => (state.interests.clone(), state.deadline, state.version),
                    false => (Vec::new(), None, state.version),
                }
            };
            let ready = sys::poll_any(self.changed.raw_fd(), &interests, deadline);
            self.changed.drain();
            let mut state = self.lock();
            if state.version == version && state.armed {
                let timed_out = deadline.is_some_and(|d| d <= Instant::now());
                // What cannot be waited for is reported: whoever looks at it finds out why.
                if ready.unwrap_or(true) || timed_out {
                    state.armed = false;
                    // It is readable already if this does not fit.
                    let _ = (&self.end).write(&[0]);
                }
            }
        }
    }
}
