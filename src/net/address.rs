//! Where a server listens: a socket path, an abstract name, or an internet address and port.

use std::os::unix::ffi::OsStrExt;

use socket2::SockAddr;

use super::sys;

/// The longest socket path in bytes: `sun_path` less its NUL.
pub const UNIX_PATH_MAX: usize = 107;

/// One address to dial.
#[derive(Clone, Debug)]
pub struct Address {
    raw: SockAddr,
}

impl Address {
    /// The socket of a server in directory `path`; one that begins with `@` is an abstract name (behaviour 68).
    ///
    /// `None` when it has more than [`UNIX_PATH_MAX`] bytes.
    pub fn unix(path: &[u8]) -> Option<Address> {
        if path.len() > UNIX_PATH_MAX {
            return None;
        }
        let mut name = path.to_vec();
        if let Some(first @ b'@') = name.first_mut() {
            *first = 0;
        }
        let raw = SockAddr::unix(std::ffi::OsStr::from_bytes(&name)).ok()?;
        Some(Address { raw })
    }

    pub(super) fn from_raw(raw: SockAddr) -> Address {
        Address { raw }
    }

    /// The address as system calls take it.
    pub(super) fn raw(&self) -> &SockAddr {
        &self.raw
    }

    /// Whether it is a socket path or abstract name.
    pub fn is_unix(&self) -> bool {
        self.raw.is_unix()
    }

    /// Whether it is an IPv6 address.
    pub fn is_ipv6(&self) -> bool {
        self.raw.is_ipv6()
    }

    /// The numeric text of an internet address, `127.0.0.1` or `::1`, without port and scope; empty for a Unix socket.
    pub fn numeric_text(&self) -> Vec<u8> {
        if self.is_unix() {
            return Vec::new();
        }
        let mut text = sys::numeric_host(&self.raw);
        // The reference shows no scope, though it dials it.
        if let Some(scope) = text.iter().position(|&b| b == b'%') {
            text.truncate(scope);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    #[test]
    fn behaviour_74_a_path_of_108_bytes_is_too_long() {
        assert!(Address::unix(&[b'/'; 107]).is_some());
        assert!(Address::unix(&[b'/'; 108]).is_none());
        assert!(
            Address::unix(b"@name/.s.PGSQL.5432")
                .unwrap()
                .raw()
                .is_unix()
        );
    }

    #[test]
    fn internet_addresses_show_their_numbers() {
        for text in ["127.0.0.1", "::1", "2001:db8::7", "::ffff:1.2.3.4"] {
            let socket = SocketAddr::new(text.parse().unwrap(), 5432);
            assert_eq!(
                Address::from_raw(socket.into()).numeric_text(),
                text.as_bytes()
            );
        }
        assert_eq!(Address::unix(b"/tmp/x").unwrap().numeric_text(), b"");
    }
}
