//! TCP keepalive and user timeout (manual, options `keepalives*` and `tcp_user_timeout`).

use super::socket::Socket;
use super::sys;

/// What is set on a TCP socket; 0 leaves the system's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// Seconds of silence before the first probe.
    pub idle_s: i32,
    /// Seconds between probes.
    pub interval_s: i32,
    /// Probes lost before the connection is dead.
    pub count: i32,
    /// Milliseconds that sent data may stay unacknowledged.
    pub user_timeout_ms: i32,
}

/// setsockopt(2) refused an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionRefused {
    /// The option's C name.
    pub option: &'static str,
    /// The error number.
    pub errno: i32,
}

/// The options a [`Keepalive`] sets, with the names their failure is reported by.
pub(super) fn settings(
    keepalive: &Keepalive,
) -> [(libc::c_int, libc::c_int, &'static str, i32); 5] {
    [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, "SO_KEEPALIVE", 1),
        (
            libc::IPPROTO_TCP,
            libc::TCP_KEEPIDLE,
            "TCP_KEEPIDLE",
            keepalive.idle_s,
        ),
        (
            libc::IPPROTO_TCP,
            libc::TCP_KEEPINTVL,
            "TCP_KEEPINTVL",
            keepalive.interval_s,
        ),
        (
            libc::IPPROTO_TCP,
            libc::TCP_KEEPCNT,
            "TCP_KEEPCNT",
            keepalive.count,
        ),
        (
            libc::IPPROTO_TCP,
            libc::TCP_USER_TIMEOUT,
            "TCP_USER_TIMEOUT",
            keepalive.user_timeout_ms,
        ),
    ]
}

impl Keepalive {
    /// Switches keepalive on and sets what is not 0.
    ///
    /// # Errors
    /// The first option the system refuses.
    pub fn apply(&self, socket: &Socket) -> Result<(), OptionRefused> {
        for (level, name, option, value) in settings(self) {
            if value > 0 {
                sys::set_int_option(socket.raw_fd(), level, name, value).map_err(|e| {
                    OptionRefused {
                        option,
                        errno: super::errno_of(&e),
                    }
                })?;
            }
        }
        Ok(())
    }
}
