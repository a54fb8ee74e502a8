//! From host names and numbers to addresses, by the C library's resolver, so that /etc/hosts, nsswitch.conf and whatever
//! else the system is set up with keep working.
//!
//! [`by_name`] blocks; [`Lookup`] does the same on a thread of its own.

use std::ffi::CString;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::fork::Generation;
use super::{Address, Waker, composite, sys};

/// Why a lookup gave no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupError {
    /// The resolver's code, an `EAI_` constant.
    pub(super) code: i32,
    /// The system's error number, where the code says that it tells the reason.
    pub(super) errno: i32,
}

impl LookupError {
    /// The system could not even begin.
    pub fn from_system(error: &io::Error) -> LookupError {
        LookupError {
            code: libc::EAI_SYSTEM,
            errno: super::errno_of(error),
        }
    }

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

/// The addresses of a name, in the resolver's order. May block.
///
/// # Errors
/// What the resolver says.
pub fn by_name(name: &[u8], port: u16) -> Found {
    look_up(name, port, false)
}

/// What a lookup gives.
pub type Found = Result<Vec<Address>, LookupError>;

/// A lookup under way on a thread of its own.
///
/// Dropping it abandons the thread, which ends when the resolver gives up; it holds nothing of ours until then, for what
/// the two share is this lookup's own. In a child of fork() there is no thread, and the answer never comes.
pub struct Lookup {
    slot: Arc<Mutex<Slot>>,
    owner: Generation,
}

struct Slot {
    answer: Option<Found>,
    /// Woken with the answer. Taken away when nobody wants it any more.
    waker: Option<Arc<Waker>>,
}

impl Lookup {
    /// Begins to look a name up; `waker` is woken when the answer is there.
    ///
    /// # Errors
    /// The system is out of threads.
    pub fn start(name: &[u8], port: u16, waker: &Arc<Waker>) -> io::Result<Lookup> {
        let slot = Arc::new(Mutex::new(Slot {
            answer: None,
            waker: Some(Arc::clone(waker)),
        }));
        let (name, of_thread) = (name.to_vec(), Arc::clone(&slot));
        composite::spawn(Box::new(move || {
            let answer = by_name(&name, port);
            let mut slot = of_thread.lock().unwrap_or_else(PoisonError::into_inner);
            slot.answer = Some(answer);
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        }))?;
        Ok(Lookup {
            slot,
            owner: Generation::current(),
        })
    }

    /// The answer, once, if it is there.
    pub fn take(&self) -> Option<Found> {
        if self.owner != Generation::current() {
            return None;
        }
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.answer.take()
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        // The mutex may have been locked at the moment of the fork.
        if self.owner == Generation::current() {
            let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.waker = None;
        }
    }
}

/// The address a numeric text stands for; never asks a name server.
///
/// # Errors
/// What the resolver says about a text that is no number.
pub fn numeric(text: &[u8], port: u16) -> Found {
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
        assert_eq!(by_name(b"a\0b", 1).unwrap_err().code, libc::EAI_NONAME);
    }

    #[test]
    fn a_lookup_on_a_thread_wakes_with_its_answer() {
        let waker = Arc::new(Waker::new().unwrap());
        let lookup = Lookup::start(b"127.0.0.1", 7, &waker).unwrap();
        assert!(crate::net::wait(waker.raw_fd(), true, false, None).unwrap());
        let found = lookup.take().unwrap().unwrap();
        assert_eq!(found.len(), 1);
        assert!(lookup.take().is_none());
    }
}
