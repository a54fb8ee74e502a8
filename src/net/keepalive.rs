//! TCP keepalive and user timeout (manual, options `keepalives*` and `tcp_user_timeout`).

use super::socket::Socket;
use super::sys;

#[cfg(target_vendor = "apple")]
use libc::TCP_KEEPALIVE as TCP_KEEPIDLE;
#[cfg(not(target_vendor = "apple"))]
use libc::TCP_KEEPIDLE;

/// A TCP option a connection may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption {
    /// Keepalive on.
    Keepalive,
    /// Seconds of silence before the first probe.
    Idle,
    /// Seconds between probes.
    Interval,
    /// Probes lost before the connection is dead.
    Count,
    /// Milliseconds that sent data may stay unacknowledged.
    UserTimeout,
}

impl TcpOption {
    /// The option's C name.
    pub fn name(self) -> &'static str {
        match self {
            TcpOption::Keepalive => "SO_KEEPALIVE",
            TcpOption::Idle => "TCP_KEEPIDLE",
            TcpOption::Interval => "TCP_KEEPINTVL",
            TcpOption::Count => "TCP_KEEPCNT",
            TcpOption::UserTimeout => "TCP_USER_TIMEOUT",
        }
    }

    /// Level and number as setsockopt(2) takes them; `None` where the system has no such option.
    pub(super) fn numbers(self) -> Option<(i32, i32)> {
        Some(match self {
            TcpOption::Keepalive => (libc::SOL_SOCKET, libc::SO_KEEPALIVE),
            TcpOption::Idle => (libc::IPPROTO_TCP, TCP_KEEPIDLE),
            TcpOption::Interval => (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
            TcpOption::Count => (libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            TcpOption::UserTimeout => (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            TcpOption::UserTimeout => return None,
        })
    }

    /// Sets it, where the system has it. What is below 0 counts as 0.
    ///
    /// # Errors
    /// The system's error number; most options refuse 0.
    pub fn set(self, socket: &Socket, value: i32) -> Result<(), i32> {
        let Some((level, number)) = self.numbers() else {
            return Ok(());
        };
        sys::set_int_option(socket.raw_fd(), level, number, value.max(0))
            .map_err(|e| super::errno_of(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::lookup;

    #[test]
    fn behaviour_87_values_reach_the_socket_and_zero_is_refused_where_the_system_does() {
        let socket = Socket::new(&lookup::numeric(b"127.0.0.1", 1).unwrap()[0]).unwrap();
        for option in [
            TcpOption::Keepalive,
            TcpOption::Idle,
            TcpOption::Interval,
            TcpOption::Count,
        ] {
            assert_eq!(option.set(&socket, 7), Ok(()), "{option:?}");
        }
        assert_eq!(TcpOption::Idle.set(&socket, -1), Err(libc::EINVAL));
        assert_eq!(TcpOption::UserTimeout.set(&socket, -1), Ok(()));
    }
}
