//! From host names and numbers to addresses, by the C library's resolver.
//!
//! [`Resolver`] is where a lookup that does not keep the caller waiting will go; today there is the inline one.

use std::ffi::CString;

use super::Address;
use super::sys;

/// Why a lookup gave no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupError {
    /// The resolver's code, an `EAI_` constant.
    pub(super) code: i32,
    /// The system's error number, where the code says that it tells the reason.
    pub(super) errno: i32,
}

impl LookupError {
    /// The system's error number, where the resolver blames the system; else 0.
    pub fn errno(&self) -> i32 {
        match self.code {
            libc::EAI_SYSTEM => self.errno,
            _ => 0,
        }
    }

    /// Appends the C library's text: `Name or service not known`.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        sys::gai_strerror(self.code, self.errno, out);
    }
}

/// Who turns names into addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolver {
    /// `getaddrinfo` on the caller's thread; it may block.
    #[default]
    Inline,
}

impl Resolver {
    /// The addresses of a name, in the resolver's order. May block.
    ///
    /// # Errors
    /// What the resolver says.
    pub fn by_name(self, name: &[u8], port: u16) -> Result<Vec<Address>, LookupError> {
        match self {
            Resolver::Inline => look_up(name, port, false),
        }
    }
}

/// The address a numeric text stands for; never asks a name server.
///
/// # Errors
/// What the resolver says about a text that is no number.
pub fn numeric(text: &[u8], port: u16) -> Result<Vec<Address>, LookupError> {
    look_up(text, port, true)
}

fn look_up(host: &[u8], port: u16, numeric: bool) -> Result<Vec<Address>, LookupError> {
    let none = LookupError {
        code: libc::EAI_NONAME,
        errno: 0,
    };
    let host = CString::new(host).map_err(|_| none)?;
    let service = CString::new(port.to_string()).map_err(|_| none)?;
    let addresses = sys::getaddrinfo(&host, &service, numeric)?;
    Ok(addresses.into_iter().map(Address::from_raw).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_without_a_name_server() {
        let found = numeric(b"127.0.0.1", 5432).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].raw().as_socket().unwrap().port(), 5432);
        let mut text = Vec::new();
        numeric(b"localhost", 1).unwrap_err().write_text(&mut text);
        assert_eq!(text, b"Name or service not known");
    }

    #[test]
    fn a_name_with_a_nul_is_unknown() {
        assert_eq!(
            Resolver::Inline.by_name(b"a\0b", 1).unwrap_err().code,
            libc::EAI_NONAME
        );
    }
}
