//! The raw calls of waiting for several things at once, and of starting a thread that waits.

use std::io;
use std::os::fd::RawFd;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::time::Duration;
use std::time::Instant;

use super::Interest;

/// Bytes of a helper thread's stack: the C library's resolver, with whatever modules the system has for it, takes some.
const STACK_BYTES: usize = 512 * 1024;

fn checked(result: i32) -> io::Result<i32> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}

/// A new epoll set.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn epoll_create() -> io::Result<OwnedFd> {
    // SAFETY: takes an integer only.
    let fd = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
    // SAFETY: the descriptor has just been opened and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes `fd` a member, level-triggered.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn epoll_add(set: &OwnedFd, fd: RawFd, read: bool, write: bool) -> io::Result<()> {
    let events = if read { libc::EPOLLIN } else { 0 } | if write { libc::EPOLLOUT } else { 0 };
    let mut event = libc::epoll_event {
        events: events as u32,
        u64: 0,
    };
    // SAFETY: the event is ours and lives through the call.
    checked(unsafe { libc::epoll_ctl(set.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) })?;
    Ok(())
}

/// Ends a membership; one that is over already is no error.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn epoll_remove(set: &OwnedFd, fd: RawFd) {
    // SAFETY: removing reads no event.
    unsafe {
        libc::epoll_ctl(
            set.as_raw_fd(),
            libc::EPOLL_CTL_DEL,
            fd,
            std::ptr::null_mut(),
        )
    };
}

/// A new timer, not running.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn timer_create() -> io::Result<OwnedFd> {
    let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
    // SAFETY: takes integers only.
    let fd = checked(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) })?;
    // SAFETY: the descriptor has just been opened and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Has the timer run out after this time, which is not 0; `None` stops it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn timer_set(timer: &OwnedFd, after: Option<Duration>) -> io::Result<()> {
    let after = after.unwrap_or_default();
    let zero = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let value = libc::itimerspec {
        it_interval: zero,
        it_value: libc::timespec {
            tv_sec: libc::time_t::try_from(after.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: after.subsec_nanos().into(),
        },
    };
    // SAFETY: the value is ours and lives through the call; the old one is not asked for.
    checked(unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &value, std::ptr::null_mut()) })?;
    Ok(())
}

/// Waits until any of these is ready, or `control` is readable. Whether any of these is; `false` also when the deadline
/// came first, or the wait was cut short.
pub(super) fn poll_any(
    control: RawFd,
    interests: &[Interest],
    deadline: Option<Instant>,
) -> io::Result<bool> {
    let control = Interest {
        fd: control,
        read: true,
        write: false,
    };
    let mut entries: Vec<libc::pollfd> = interests
        .iter()
        .chain(std::iter::once(&control))
        .map(|interest| libc::pollfd {
            fd: interest.fd,
            events: if interest.read { libc::POLLIN } else { 0 }
                | if interest.write { libc::POLLOUT } else { 0 },
            revents: 0,
        })
        .collect();
    let timeout = deadline.map(|d| d.saturating_duration_since(Instant::now()));
    let timeout_ms = crate::net::poll::timeout_ms(timeout);
    // SAFETY: the entries are ours and their true number is passed.
    let result = unsafe {
        libc::poll(
            entries.as_mut_ptr(),
            entries.len() as libc::nfds_t,
            timeout_ms,
        )
    };
    match checked(result) {
        Ok(_) => Ok(entries
            .iter()
            .zip(interests)
            .any(|(entry, _)| entry.revents != 0)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// Runs `work` on a thread of its own that nobody waits for. It takes no signals: those are the application's.
///
/// Not by `std::thread`, which leaves destructors of thread-local variables behind in the caller's thread: hosts
/// unload libraries.
///
/// # Errors
/// What the system says when it has no more threads.
pub(crate) fn spawn(work: Work) -> io::Result<()> {
    extern "C" fn begin(work: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: the pointer came from `Box::into_raw` below and is handed to this thread alone.
        let work: Box<Work> = unsafe { Box::from_raw(work.cast()) };
        // Whoever waits for the work finds it missing; there is nobody here to tell.
        let _ = catch_unwind(AssertUnwindSafe(*work));
        std::ptr::null_mut()
    }
    let work = Box::into_raw(Box::new(work));
    // SAFETY: attributes, masks and the thread's name are ours, initialised before they are used and destroyed after;
    // the argument is what `begin` expects.
    let result = unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        let mut thread: libc::pthread_t = std::mem::zeroed();
        let mut result = libc::pthread_attr_init(&mut attributes);
        if result == 0 {
            // The default size serves where this one is refused.
            libc::pthread_attr_setstacksize(&mut attributes, STACK_BYTES);
            libc::pthread_attr_setdetachstate(&mut attributes, libc::PTHREAD_CREATE_DETACHED);
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            result = libc::pthread_create(&mut thread, &attributes, begin, work.cast());
            libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
            libc::pthread_attr_destroy(&mut attributes);
        }
        result
    };
    if result != 0 {
        // SAFETY: no thread was started, so the work is still ours.
        drop(unsafe { Box::from_raw(work) });
        return Err(io::Error::from_raw_os_error(result));
    }
    Ok(())
}
