//! The pointers behind [`Shared`] and [`Once`].

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::net::fork::{self, Generation};

/// A value that threads share and change. See the module's text.
pub struct Shared<T> {
    /// Who has it locked: 0 is nobody.
    holder: AtomicU64,
    /// [`Arc::into_raw`]'s.
    value: AtomicPtr<T>,
    owns: PhantomData<Arc<T>>,
}

/// While it lives, the value is locked.
struct Held<'a>(&'a AtomicU64);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

impl<T> Shared<T> {
    /// With this value.
    pub fn new(value: T) -> Shared<T> {
        fork::watch();
        Shared {
            holder: AtomicU64::new(0),
            value: AtomicPtr::new(Arc::into_raw(Arc::new(value)).cast_mut()),
            owns: PhantomData,
        }
    }

    /// The value as it is now.
    pub fn get(&self) -> Arc<T> {
        let _held = self.hold();
        let value = self.value.load(Ordering::Relaxed);
        // SAFETY: the pointer is `into_raw`'s, and its reference is given back only by one who has it locked, or alone.
        unsafe {
            Arc::increment_strong_count(value);
            Arc::from_raw(value)
        }
    }

    /// Changes the value for whoever gets it afterwards. What it was goes when nothing is locked any more: who owns it may be
    /// told, and may come back.
    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R
    where
        T: Clone,
    {
        let held = self.hold();
        // SAFETY: as in `get`; it stays where it is while it is locked.
        let mut next = unsafe { &*self.value.load(Ordering::Relaxed) }.clone();
        let result = change(&mut next);
        let next = Arc::into_raw(Arc::new(next)).cast_mut();
        let former = self.value.swap(next, Ordering::Relaxed);
        drop(held);
        // SAFETY: `into_raw`'s reference, which nobody else can get at any more.
        drop(unsafe { Arc::from_raw(former) });
        result
    }

    fn hold(&self) -> Held<'_> {
        let mine = Generation::current().number() + 1;
        loop {
            let seen = self.holder.load(Ordering::Relaxed);
            // One of another generation was a thread of a process that this one was forked from.
            if seen != mine
                && self
                    .holder
                    .compare_exchange_weak(seen, mine, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                return Held(&self.holder);
            }
            std::thread::yield_now();
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: `into_raw`'s reference, and nobody else has this.
        drop(unsafe { Arc::from_raw(*self.value.get_mut()) });
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Shared::new(T::default())
    }
}

// SAFETY: it is an `Arc` behind a lock.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

/// A value that is made when it is first wanted, and never freed. Threads that come together may each make one; the first is
/// everybody's.
pub struct Once<T: Send + Sync + 'static>(AtomicPtr<T>);

impl<T: Send + Sync + 'static> Once<T> {
    /// With nothing yet.
    pub const fn new() -> Once<T> {
        Once(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// The value.
    pub fn get_or_make(&self, make: impl FnOnce() -> T) -> &'static T {
        let mut value = self.0.load(Ordering::Acquire);
        if value.is_null() {
            let fresh = Box::into_raw(Box::new(make()));
            let null = std::ptr::null_mut();
            match self
                .0
                .compare_exchange(null, fresh, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => value = fresh,
                Err(first) => {
                    // SAFETY: `into_raw`'s, and nobody else has it.
                    drop(unsafe { Box::from_raw(fresh) });
                    value = first;
                }
            }
        }
        // SAFETY: `into_raw`'s, and never freed.
        unsafe { &*value }
    }
}

impl<T: Send + Sync + 'static> Default for Once<T> {
    fn default() -> Self {
        Once::new()
    }
}
