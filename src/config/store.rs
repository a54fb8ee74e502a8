//! Where the values of all options are kept: one text, and a place in it for each option.
//!
//! A connection has one of these, so it is small and made of two pieces of memory. A value that is the compiled-in
//! default takes none. Secrets are wiped wherever they have been: when replaced, when the text moves, when dropped.

use zeroize::Zeroize;

use super::error::ConfigError;
use super::options::{OPTION_COUNT, Opt};
use super::settings::Source;

/// Bytes the text has room for at first: the values of a usual connection fit.
const FIRST_ROOM: usize = 160;
/// In place of a length: the compiled-in default, which is not in the text.
const COMPILED: u32 = u32::MAX;

/// Where an option's value is.
#[derive(Clone, Copy)]
struct Slot {
    start: u32,
    len: u32,
    source: Source,
}

const NO_VALUE: Slot = Slot {
    start: 0,
    len: 0,
    source: Source::Unset,
};

/// A value for each option, or none.
pub(super) struct Store {
    slots: Box<[Slot; OPTION_COUNT]>,
    text: Vec<u8>,
    /// There is, or was, a secret in the text.
    holds_secret: bool,
}

impl Store {
    /// No option has a value.
    pub(super) fn new() -> Store {
        Store {
            slots: Box::new([NO_VALUE; OPTION_COUNT]),
            text: Vec::new(),
            holds_secret: false,
        }
    }

    /// The option's value.
    pub(super) fn get(&self, opt: Opt) -> Option<&[u8]> {
        let slot = self.slots[opt as usize];
        match (slot.source, slot.len) {
            (Source::Unset, _) => None,
            // Its place may be behind the end: the values before it may have gone.
            (_, 0) => Some(b""),
            (_, COMPILED) => Some(opt.connect_default().unwrap_or_default().as_bytes()),
            (_, len) => {
                let start = slot.start as usize;
                self.text.get(start..start + len as usize)
            }
        }
    }

    /// Whether the option has a value.
    pub(super) fn has(&self, opt: Opt) -> bool {
        self.slots[opt as usize].source != Source::Unset
    }

    /// Where its value came from.
    pub(super) fn source(&self, opt: Opt) -> Source {
        self.slots[opt as usize].source
    }

    /// Gives the option a value, replacing any.
    ///
    /// # Errors
    /// [`ConfigError::OutOfMemory`]; the option has no value then.
    pub(super) fn set(
        &mut self,
        opt: Opt,
        value: &[u8],
        source: Source,
    ) -> Result<(), ConfigError> {
        self.clear(opt);
        let start = self.text.len();
        self.reserve(value.len())?;
        let end = u32::try_from(start + value.len());
        let len = end.map_err(|_| ConfigError::OutOfMemory)? - start as u32;
        self.text.extend_from_slice(value);
        self.holds_secret |= opt.is_secret();
        self.slots[opt as usize] = Slot {
            start: start as u32,
            len,
            source,
        };
        Ok(())
    }

    /// Gives the option its compiled-in default, replacing any value.
    pub(super) fn set_compiled(&mut self, opt: Opt) {
        self.clear(opt);
        self.slots[opt as usize] = Slot {
            start: 0,
            len: COMPILED,
            source: Source::Default,
        };
    }

    /// Takes the option's value away.
    pub(super) fn clear(&mut self, opt: Opt) {
        let slot = std::mem::replace(&mut self.slots[opt as usize], NO_VALUE);
        if slot.len == 0 || slot.len == COMPILED {
            return;
        }
        let (start, end) = (slot.start as usize, slot.start as usize + slot.len as usize);
        if opt.is_secret() {
            self.text[start..end].zeroize();
        }
        // The newest value makes room; the place of an older one stays empty.
        if end == self.text.len() {
            self.text.truncate(start);
        }
    }

    /// Makes room for values of so many bytes.
    pub(super) fn reserve(&mut self, bytes: usize) -> Result<(), ConfigError> {
        if self.text.capacity() - self.text.len() >= bytes {
            return Ok(());
        }
        let mut larger = Vec::new();
        let wanted = (self.text.len() + bytes).max(self.text.capacity() * 2);
        larger
            .try_reserve_exact(wanted.max(FIRST_ROOM))
            .map_err(|_| ConfigError::OutOfMemory)?;
        larger.extend_from_slice(&self.text);
        self.wipe();
        self.text = larger;
        Ok(())
    }

    /// A copy, in as little memory as it takes.
    pub(super) fn try_clone(&self) -> Result<Store, ConfigError> {
        let mut text = Vec::new();
        text.try_reserve_exact(self.text.len())
            .map_err(|_| ConfigError::OutOfMemory)?;
        text.extend_from_slice(&self.text);
        Ok(Store {
            slots: self.slots.clone(),
            text,
            holds_secret: self.holds_secret,
        })
    }

    fn wipe(&mut self) {
        if self.holds_secret {
            self.text.zeroize();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_replaced_and_taken_away() {
        let mut store = Store::new();
        store.set(Opt::Host, b"h", Source::Argument).unwrap();
        store
            .set(Opt::Port, &[b'1'; 500], Source::Environment)
            .unwrap();
        store
            .set(Opt::Host, b"longer", Source::ServiceFile)
            .unwrap();
        assert_eq!(store.get(Opt::Host), Some(&b"longer"[..]));
        assert_eq!(store.get(Opt::Port), Some(&[b'1'; 500][..]));
        assert_eq!(store.source(Opt::Host), Source::ServiceFile);
        store.set(Opt::User, b"", Source::Argument).unwrap();
        assert_eq!(store.get(Opt::User), Some(&b""[..]));
        store.clear(Opt::Port);
        assert_eq!(store.get(Opt::Port), None);
        store.clear(Opt::Host);
        assert_eq!(store.get(Opt::User), Some(&b""[..]));
        store.set_compiled(Opt::Port);
        assert_eq!(store.get(Opt::Port), Some(&b"5432"[..]));
        assert_eq!(store.source(Opt::Port), Source::Default);
    }

    #[test]
    fn a_secret_is_wiped_when_it_is_replaced() {
        let mut store = Store::new();
        store
            .set(Opt::Password, b"sesame", Source::Argument)
            .unwrap();
        store.set(Opt::Host, b"h", Source::Argument).unwrap();
        store
            .set(Opt::Password, b"other", Source::Argument)
            .unwrap();
        assert!(!store.text.windows(6).any(|part| part == b"sesame"));
        assert_eq!(store.get(Opt::Password), Some(&b"other"[..]));
        store.clear(Opt::Password);
        assert_eq!(store.get(Opt::Password), None);
        assert_eq!(store.get(Opt::Host), Some(&b"h"[..]));
    }
}
