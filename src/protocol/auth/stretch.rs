//! What SCRAM makes of a password: thousands of rounds of HMAC-SHA-256, and a memory of what came out.
//!
//! A round is two compressions, each of one block whose second half never changes, from two states that never change:
//! the blocks after the inner and the outer key. Nothing is hashed twice, nothing is allocated; `sha2` uses the
//! processor's SHA instructions where there are any.

use std::sync::{Arc, Mutex};

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::scram::{self, KEY_LEN};

/// Length of a SHA-256 block in bytes.
const BLOCK: usize = 64;
/// SHA-256's first state (FIPS 180-4, section 5.3.3).
const FIRST_STATE: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// PBKDF2 with HMAC-SHA-256 and 32 bytes of output (RFC 8018, section 5.2).
pub(crate) fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<[u8; KEY_LEN]> {
    let mut key = Zeroizing::new([0; BLOCK]);
    match password.len() <= BLOCK {
        true => key[..password.len()].copy_from_slice(password),
        false => key[..KEY_LEN]
            .copy_from_slice(&Zeroizing::new(<[u8; KEY_LEN]>::from(Sha256::digest(password)))[..]),
    }
    let inner = after_key(&key, 0x36);
    let outer = after_key(&key, 0x5c);

    let mut first = scram::keyed_update(&key[..], &[salt, &1u32.to_be_bytes()]);
    // The block of each round: 32 bytes of the round before, and the padding of a message of 64 + 32 bytes.
    let mut block = Zeroizing::new([0u8; BLOCK]);
    block[KEY_LEN] = 0x80;
    block[BLOCK - 2..].copy_from_slice(&(8 * (BLOCK + KEY_LEN) as u16).to_be_bytes());
    let mut sum = Zeroizing::new([0u32; 8]);
    for (word, bytes) in sum.iter_mut().zip(first.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    block[..KEY_LEN].copy_from_slice(&first[..]);
    first.zeroize();
    let mut state = Zeroizing::new([0u32; 8]);
    for _ in 1..iterations {
        *state = *inner;
        compress256(&mut state, core::slice::from_ref(&*block));
        put(&state, &mut block);
        *state = *outer;
        compress256(&mut state, core::slice::from_ref(&*block));
        put(&state, &mut block);
        for (word, more) in sum.iter_mut().zip(state.iter()) {
            *word ^= more;
        }
    }
    let mut salted = Zeroizing::new([0; KEY_LEN]);
    for (bytes, word) in salted.as_chunks_mut::<4>().0.iter_mut().zip(sum.iter()) {
        *bytes = word.to_be_bytes();
    }
    salted
}

/// The state after the block of the key, masked.
fn after_key(key: &[u8; BLOCK], mask: u8) -> Zeroizing<[u32; 8]> {
    let block = Zeroizing::new(key.map(|byte| byte ^ mask));
    let mut state = Zeroizing::new(FIRST_STATE);
    compress256(&mut state, core::slice::from_ref(&*block));
    state
}

/// Writes a state to the front of a block.
#[inline]
fn put(state: &[u32; 8], block: &mut [u8; BLOCK]) {
    for (bytes, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
}

/// RFC 5802's ClientKey and ServerKey, all that is needed of a password once it is salted.
#[derive(Clone)]
pub(super) struct Keys {
    pub client: Zeroizing<[u8; KEY_LEN]>,
    pub server: Zeroizing<[u8; KEY_LEN]>,
}

/// Keys of passwords that were salted before, for connections that are alike: they log in without the iterations.
///
/// It holds the newest few, knows a password by its digest only, and wipes what it forgets. Threads may share it; none ever
/// waits for another, and after fork() in the midst of another thread's look it only remembers nothing.
#[derive(Default)]
pub struct KeyCache {
    entries: Mutex<Vec<Entry>>,
}

/// Entries kept: a password and a salt for each server and user, and those of a change of password.
const ENTRIES: usize = 16;

struct Entry {
    password: Zeroizing<[u8; KEY_LEN]>,
    salt: Vec<u8>,
    iterations: u32,
    keys: Keys,
}

impl KeyCache {
    /// The keys that `derive` gives, or gave before.
    pub(super) fn get(
        &self,
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        derive: impl FnOnce() -> Option<Keys>,
    ) -> Option<Keys> {
        let password = Zeroizing::new(<[u8; KEY_LEN]>::from(Sha256::digest(password)));
        let known = self.entries.try_lock().ok().and_then(|entries| {
            let is_it = |entry: &&Entry| {
                entry.password == password && entry.salt == salt && entry.iterations == iterations
            };
            entries.iter().find(is_it).map(|entry| entry.keys.clone())
        });
        if known.is_some() {
            return known;
        }
        let keys = derive()?;
        if let Ok(mut entries) = self.entries.try_lock()
            && reserve(&mut entries)
        {
            if entries.len() == ENTRIES {
                entries.remove(0);
            }
            entries.push(Entry {
                password,
                salt: salt.to_vec(),
                iterations,
                keys: keys.clone(),
            });
        }
        Some(keys)
    }
}

/// All room at once, so that no outgrown list keeps keys.
fn reserve(entries: &mut Vec<Entry>) -> bool {
    let missing = ENTRIES - entries.len();
    entries.try_reserve_exact(missing).is_ok()
}

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyCache").finish_non_exhaustive()
    }
}

/// A cache, or none.
pub type SharedKeys = Option<Arc<KeyCache>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_give_what_the_standard_says() {
        // RFC 7914, section 11, first half of the first vector; RFC 7677's exchange is in scram_tests.rs.
        assert_eq!(
            pbkdf2(b"passwd", b"salt", 1)[..8],
            [0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f]
        );
        // Against another implementation, and with keys shorter than a block, as long as one, and longer.
        for len in [0, 1, 63, 64, 65, 200] {
            for iterations in [1, 2, 3, 100] {
                let password = vec![b'p'; len];
                let mut expected = [0; KEY_LEN];
                pbkdf2::pbkdf2::<hmac::Hmac<Sha256>>(&password, b"s", iterations, &mut expected)
                    .unwrap();
                assert_eq!(*pbkdf2(&password, b"s", iterations), expected);
            }
        }
    }

    fn keys(byte: u8) -> Keys {
        Keys {
            client: Zeroizing::new([byte; KEY_LEN]),
            server: Zeroizing::new([byte; KEY_LEN]),
        }
    }

    #[test]
    fn keys_are_derived_once_for_each_password_salt_and_count() {
        let cache = KeyCache::default();
        let get = |password: &[u8], salt: &[u8], count, derived: Option<u8>| {
            let keys = cache.get(password, salt, count, || derived.map(keys));
            keys.map(|keys| keys.client[0])
        };
        assert_eq!(get(b"p", b"s", 1, None), None);
        assert_eq!(get(b"p", b"s", 1, Some(1)), Some(1));
        assert_eq!(get(b"p", b"s", 1, None), Some(1));
        assert_eq!(get(b"q", b"s", 1, Some(2)), Some(2));
        assert_eq!(get(b"p", b"t", 1, Some(3)), Some(3));
        assert_eq!(get(b"p", b"s", 2, Some(4)), Some(4));
        assert_eq!(get(b"p", b"s", 1, None), Some(1));
        for count in 10..10 + ENTRIES as u32 {
            get(b"p", b"s", count, Some(5));
        }
        assert_eq!(get(b"p", b"s", 1, None), None, "the oldest are forgotten");
        assert_eq!(cache.entries.lock().unwrap().len(), ENTRIES);
    }
}
