//! The composite for any system with poll(2) and threads: a thread waits, and wakes the waker.
//!
//! It reports once per [`Threaded::watch`]; the next one arms it again. It is started by the first watch that has
//! something to watch. What the two share is behind a mutex that belongs to this composite alone; the thread holds its
//! own reference, so that dropping the composite need not wait for it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Interest, sys};
use crate::net::Waker;
use crate::net::fork::Generation;

pub(super) struct Threaded {
    /// What the application waits for.
    waker: Arc<Waker>,
    /// The thread's half, once there is a thread.
    shared: Option<Arc<Shared>>,
}

struct Shared {
    state: Mutex<State>,
    /// Tells the thread that the state has changed.
    changed: Waker,
    waker: Arc<Waker>,
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
    pub fn new(waker: Arc<Waker>) -> Threaded {
        Threaded {
            waker,
            shared: None,
        }
    }

    pub fn pause(&mut self) {
        self.change(|state| {
            state.interests.clear();
            state.deadline = None;
            state.armed = false;
        });
    }

    pub fn watch(&mut self, interests: &[Interest], deadline: Option<Instant>) -> io::Result<()> {
        if interests.is_empty() && deadline.is_none() {
            return Ok(());
        }
        if self.shared.is_none() {
            self.shared = Some(self.start()?);
        }
        self.change(|state| {
            state.interests.extend_from_slice(interests);
            state.deadline = deadline;
            state.armed = true;
        });
        Ok(())
    }

    fn start(&self) -> io::Result<Arc<Shared>> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Waker::new()?,
            waker: Arc::clone(&self.waker),
        });
        let of_thread = Arc::clone(&shared);
        sys::spawn(Box::new(move || of_thread.run()))?;
        Ok(shared)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        // In a child of fork() there is no thread, and the mutex may be locked for ever.
        if self.waker.owner() != Generation::current() {
            return;
        }
        if let Some(shared) = &self.shared {
            let mut state = shared.lock();
            change(&mut state);
            state.version += 1;
            drop(state);
            shared.changed.wake();
        }
    }
}

impl Drop for Threaded {
    fn drop(&mut self) {
        self.change(|state| state.quit = true);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
                    self.waker.wake();
                }
            }
        }
    }
}
