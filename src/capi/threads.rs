//! Manual section "Behavior in Threaded Programs", and the signal handler setter that has always been exported.

use std::cell::UnsafeCell;
use std::ffi::c_int;
use std::mem::zeroed;

use super::guard::catch;
use super::pqp_context::default_context;

/// `pgthreadlock_t`: takes (`acquire` is not 0) or gives back a lock that all users of one foreign library share.
pub type ThreadLock = Option<unsafe extern "C" fn(acquire: c_int)>;

/// `pqsigfunc`: what a signal calls.
pub type SignalHandler = libc::sighandler_t;

/// A lock that C code takes and gives back by separate calls.
struct RawLock(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: a pthread mutex is made to be used by several threads.
unsafe impl Sync for RawLock {}

static DEFAULT_LOCK: RawLock = RawLock(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER));

/// The lock of contexts that have no other.
pub(crate) unsafe extern "C" fn default_lock(acquire: c_int) {
    // SAFETY: the mutex is initialized statically and never moves. Giving back a lock one has not taken is the
    // caller's mistake.
    unsafe {
        match acquire {
            0 => libc::pthread_mutex_unlock(DEFAULT_LOCK.0.get()),
            _ => libc::pthread_mutex_lock(DEFAULT_LOCK.0.get()),
        };
    }
}

/// `int PQisthreadsafe(void)` — 1: connections may be used by different threads, each by one at a time.
#[unsafe(no_mangle)]
pub extern "C" fn PQisthreadsafe() -> c_int {
    catch(1, || 1)
}

/// `pgthreadlock_t PQregisterThreadLock(pgthreadlock_t newhandler)` — sets the lock, NULL the default one, and returns
/// the former.
///
/// # Safety
/// `newhandler` is NULL or may be called at any time from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQregisterThreadLock(newhandler: ThreadLock) -> ThreadLock {
    catch(None, || {
        default_context().change_slots(|slots| {
            std::mem::replace(&mut slots.thread_lock, newhandler.or(Some(default_lock)))
        })
    })
}

/// `pgthreadlock_t PQgetThreadLock(void)` — the lock in use.
#[unsafe(no_mangle)]
pub extern "C" fn PQgetThreadLock() -> ThreadLock {
    catch(None, || default_context().slots().thread_lock)
}

/// `pqsigfunc pqsignal(int signo, pqsigfunc func)` — sets what a signal does; interrupted system calls go on, but for
/// `SIGALRM`. Returns what it did before, or `SIG_ERR`.
///
/// # Safety
/// `func` is `SIG_DFL`, `SIG_IGN` or a function that may be called when the signal comes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqsignal(signo: c_int, func: SignalHandler) -> SignalHandler {
    catch(libc::SIG_ERR, || {
        // SAFETY: all-zero is a valid `sigaction`; both pointers are to locals; the caller vouches for `func`.
        unsafe {
            let mut new: libc::sigaction = zeroed();
            let mut old: libc::sigaction = zeroed();
            new.sa_sigaction = func;
            libc::sigemptyset(&mut new.sa_mask);
            if signo != libc::SIGALRM {
                new.sa_flags |= libc::SA_RESTART;
            }
            if signo == libc::SIGCHLD {
                new.sa_flags |= libc::SA_NOCLDSTOP;
            }
            match libc::sigaction(signo, &new, &mut old) {
                0 => old.sa_sigaction,
                _ => libc::SIG_ERR,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI32, Ordering};

    static TAKEN: AtomicI32 = AtomicI32::new(0);

    unsafe extern "C" fn counting(acquire: c_int) {
        TAKEN.fetch_add(if acquire != 0 { 1 } else { -1 }, Ordering::SeqCst);
    }

    #[test]
    fn a_registered_lock_is_returned_and_null_restores_the_default() {
        // SAFETY: the functions may be called at any time.
        unsafe {
            let default = PQregisterThreadLock(Some(counting)).unwrap();
            assert!(default as usize == default_lock as *const () as usize);
            // behaviour 412
            PQgetThreadLock().unwrap()(1);
            assert_eq!(TAKEN.load(Ordering::SeqCst), 1);
            let ours = PQregisterThreadLock(None).unwrap();
            assert!(ours as usize == counting as *const () as usize);
            let lock = PQgetThreadLock().unwrap();
            lock(1);
            let other = std::thread::spawn(|| libc::pthread_mutex_trylock(DEFAULT_LOCK.0.get()));
            assert_eq!(other.join().unwrap(), libc::EBUSY);
            lock(0);
        }
    }

    extern "C" fn ignore(_: c_int) {}

    #[test]
    fn pqsignal_returns_the_former_handler() {
        let handler = ignore as *const () as usize;
        // SAFETY: the handler does nothing.
        unsafe {
            assert_eq!(pqsignal(libc::SIGUSR2, handler), libc::SIG_DFL);
            assert_eq!(pqsignal(libc::SIGUSR2, libc::SIG_DFL), handler);
            assert_eq!(pqsignal(libc::SIGKILL, handler), libc::SIG_ERR);
            assert_eq!(pqsignal(0, handler), libc::SIG_ERR);
            for (signal, flags) in [
                (libc::SIGUSR2, libc::SA_RESTART),
                (libc::SIGALRM, 0),
                (libc::SIGCHLD, libc::SA_RESTART | libc::SA_NOCLDSTOP),
            ] {
                let former = pqsignal(signal, handler);
                let mut now: libc::sigaction = zeroed();
                libc::sigaction(signal, std::ptr::null(), &mut now);
                // The C library adds flags of its own.
                let ours = libc::SA_RESTART | libc::SA_NOCLDSTOP;
                assert_eq!(now.sa_flags & ours, flags, "{signal}");
                pqsignal(signal, former);
            }
        }
    }
}
