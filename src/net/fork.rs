//! Knowing that a descriptor was inherited over fork(2).
//!
//! A child of fork() has a copy of every connection of its parent, on the same socket. Whatever the child sends there,
//! the server takes for the parent's; whatever it reads, the parent misses. So a transport remembers the
//! [`Generation`] of the process that opened it, and is not touched in any other.
//!
//! The generation is a number of this process that a handler of pthread_atfork(3) raises in each child. Asking for it is
//! one load from memory: getpid(2) is a system call each time, which is too dear to ask before every call. Memory that
//! the kernel wipes in children (MADV_WIPEONFORK) would also tell after a raw clone(2), but costs a page, a kernel that has
//! it, and a second way for those that do not; and after a raw clone the C library itself is not fit for use in the
//! child. vfork(2) and posix_spawn(3) run no handler, and rightly so: their child uses the parent's memory.
//!
//! The handler is registered by [`watch`] with the first transport, not when the library is loaded. The library is
//! never unloaded (`-z nodelete`), so the handler's address stays good.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::sys;

/// Raised in each child. Only ever compared for being the same.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Which process this is, counted in forks from the one that loaded the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u64);

impl Generation {
    /// That of this process.
    #[inline]
    pub fn current() -> Generation {
        Generation(GENERATION.load(Ordering::Relaxed))
    }

    /// As a number, which is small.
    pub(super) fn number(self) -> u64 {
        self.0
    }
}

/// Sees to it that children of this process get a generation of their own. Cheap once done.
///
/// Where the C library has no memory for a handler the next call tries again; until one succeeds, children are not
/// told apart.
pub fn watch() {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    if WATCHING.load(Ordering::Acquire) {
        return;
    }
    // No lock, for a fork in another thread would leave it locked in the child. Threads that come here together register
    // a handler each: the generation then rises by more than one, which is as good.
    if sys::at_fork_in_child(begin_generation) {
        WATCHING.store(true, Ordering::Release);
    }
}

/// Runs in the child, where only async-signal-safe things may be done.
extern "C" fn begin_generation() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
