//! What every exported body goes through: no panic crosses the C boundary.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `f`, and answers `fallback` when it panics.
pub(crate) fn catch<R>(fallback: R, f: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or(fallback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_fallback() {
        assert_eq!(catch(-1, || 1), 1);
        assert_eq!(catch(-1, || panic!("on purpose")), -1);
    }
}
