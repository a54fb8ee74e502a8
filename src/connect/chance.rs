//! Randomness as an argument: where it comes from, and the shuffle of `load_balance_hosts`.

pub use crate::protocol::startup::RandomBytes;

/// The operating system's random bytes.
pub fn system(bytes: &mut [u8]) -> bool {
    getrandom::fill(bytes).is_ok()
}

/// A small generator for shuffling (xorshift64*); not for secrets.
#[derive(Clone, Debug)]
pub struct Shuffler {
    state: u64,
}

impl Shuffler {
    /// A generator that gives the same order for the same seed.
    pub fn new(seed: u64) -> Shuffler {
        // The state must not be 0.
        Shuffler {
            state: seed ^ 0x9e37_79b9_7f4a_7c15 | 1,
        }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Shuffles a list, every order about as likely as any other.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            // The high bits are the good ones; the bias of the remainder is below 2^-32 for any real list.
            let place = (self.next() >> 16) % (last as u64 + 1);
            list.swap(last, place as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_113_a_seed_fixes_the_order_and_every_order_comes() {
        let order = |seed| {
            let mut list = [0, 1, 2];
            Shuffler::new(seed).shuffle(&mut list);
            list
        };
        assert_eq!(order(7), order(7));
        let seen: std::collections::HashSet<_> = (0..200).map(order).collect();
        assert_eq!(seen.len(), 6);
        let first = (0..6000).filter(|&seed| order(seed)[0] == 0).count();
        assert!((1700..2300).contains(&first), "{first}");
    }
}
