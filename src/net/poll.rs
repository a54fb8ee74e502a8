//! Waiting for readiness with poll(2), and the clock its deadlines are read from.

use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::sys;

/// Waits until `fd` is ready (or in error) or the deadline has passed; `None` waits without end. `Ok(false)` means the
/// deadline came first. An interrupted wait goes on with the time that is left.
///
/// # Errors
/// What poll(2) says.
pub fn wait(fd: RawFd, read: bool, write: bool, deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let timeout = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        match sys::poll(fd, read, write, timeout_ms(timeout)) {
            Ok(true) => return Ok(true),
            // A wait of many days is cut to what poll(2) can count; a shorter one has really ended.
            Ok(false) if deadline.is_some_and(|d| Instant::now() < d) => {}
            Ok(false) => return Ok(false),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Rounded up, so that the deadline has passed when poll(2) returns; -1 for ever.
pub(super) fn timeout_ms(timeout: Option<Duration>) -> i32 {
    match timeout {
        None => -1,
        Some(t) => i32::try_from(t.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX),
    }
}

/// `PQsocketPoll` (behaviour 271): waits until `fd` is ready for what is asked; `end_time_us` is absolute in
/// microseconds of [`current_time_us`], 0 looks once, -1 waits for ever. An interruption is an error.
///
/// Above 0: ready; 0: timeout, or nothing was asked; below 0: error, with the reason in the C library's `errno`.
pub fn socket_poll(fd: RawFd, for_read: bool, for_write: bool, end_time_us: i64) -> i32 {
    if !for_read && !for_write {
        return 0;
    }
    let timeout = match end_time_us {
        -1 => -1,
        0 => 0,
        end => {
            let left_us = end.saturating_sub(current_time_us()).max(0);
            i32::try_from(left_us.saturating_add(999) / 1000).unwrap_or(i32::MAX)
        }
    };
    match sys::poll(fd, for_read, for_write, timeout) {
        Ok(true) => 1,
        Ok(false) => 0,
        Err(_) => -1,
    }
}

/// `PQgetCurrentTimeUSec`: the wall clock in microseconds since 1970.
pub fn current_time_us() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(t) => i64::try_from(t.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn behaviour_271_ready_timeout_nothing_asked_and_error() {
        let (a, mut b) = UnixStream::pair().unwrap();
        let fd = a.as_raw_fd();
        assert_eq!(socket_poll(fd, false, false, -1), 0);
        assert_eq!(socket_poll(fd, true, false, 0), 0);
        assert_eq!(
            socket_poll(fd, true, false, 1),
            0,
            "an end in the past is a look"
        );
        assert!(socket_poll(fd, true, true, -1) > 0);
        b.write_all(b"x").unwrap();
        assert!(socket_poll(fd, true, false, -1) > 0);
        assert!(socket_poll(-1, false, false, -1) == 0);
    }

    #[test]
    fn behaviour_271_minus_one_waits_until_something_comes() {
        let (a, b) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| (&b).write_all(b"x").unwrap());
            assert!(socket_poll(a.as_raw_fd(), true, false, -1) > 0);
        });
    }

    #[test]
    fn a_closed_peer_is_readiness_and_a_passed_deadline_is_not() {
        let (a, b) = UnixStream::pair().unwrap();
        assert!(!wait(a.as_raw_fd(), true, false, Some(Instant::now())).unwrap());
        drop(b);
        assert!(wait(a.as_raw_fd(), true, false, None).unwrap());
    }
}
