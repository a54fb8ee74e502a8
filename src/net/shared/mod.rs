//! What threads share, and a fork does not spoil.
//!
//! A child of fork() has a copy of every lock as it was at that moment, and only the thread that forked: what another thread had
//! locked stays locked in it for ever. Here a lock knows in which process it was taken ([`super::fork::Generation`]), and is
//! taken from one that is gone; and there is never anything half done behind it, for values change by the exchange of one
//! pointer.

#[allow(unsafe_code)]
mod sys;

pub use sys::{Once, Shared};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_was_got_stays_what_it_was() {
        let shared = Shared::new(vec![1]);
        let before = shared.get();
        let len = shared.change(|list| {
            list.push(2);
            list.len()
        });
        assert_eq!(
            (len, &before[..], &shared.get()[..]),
            (2, &[1][..], &[1, 2][..])
        );
        assert_eq!(Arc::strong_count(&before), 1);
        let last = shared.get();
        drop(shared);
        assert_eq!(Arc::strong_count(&last), 1);
    }

    #[test]
    fn no_change_is_lost_and_a_panic_leaves_nothing_locked() {
        let shared = Shared::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        shared.change(|n| *n += 1);
                        shared.get();
                    }
                });
            }
        });
        assert_eq!(*shared.get(), 4000);
        let change = || shared.change(|_| panic!("in a change"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(change)).is_err());
        shared.change(|n| *n += 1);
        assert_eq!(*shared.get(), 4001);
    }

    #[test]
    fn the_first_that_is_made_is_everybodys() {
        static ONCE: Once<usize> = Once::new();
        let places: Vec<usize> = std::thread::scope(|scope| {
            let place = |i| std::ptr::from_ref(ONCE.get_or_make(|| i)) as usize;
            let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || place(i))).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(places.iter().all(|place| *place == places[0]));
    }
}
