//! The memory of results that were cleared, kept for the next result of the same connection.
//!
//! A program that clears each result before it asks for the next one so costs no allocation a query. Results may be
//! cleared by any thread, and after their connection is finished: what they give back goes through two atomic pointers in
//! shared memory. It holds one result's memory at the most, trimmed ([`QueryResult::retire`]).

use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering::AcqRel};

use super::types::PGresult;
use crate::protocol::result::{QueryResult, ResultBody};

/// Where a connection's results leave their memory.
///
/// Invariant: each pointer is NULL or `Box::into_raw`'s, and whoever takes it away by a swap owns it.
pub(crate) struct Spare {
    body: AtomicPtr<ResultBody>,
    shell: AtomicPtr<MaybeUninit<PGresult>>,
}

impl Default for Spare {
    fn default() -> Self {
        Spare {
            body: AtomicPtr::new(null_mut()),
            shell: AtomicPtr::new(null_mut()),
        }
    }
}

impl Spare {
    /// A retired result, for the session to make the next one of.
    #[inline]
    pub(crate) fn take_body(&self) -> Option<QueryResult> {
        // SAFETY: the invariant; the swap has made the pointer ours.
        unsafe { owned(self.body.swap(null_mut(), AcqRel)).map(QueryResult::from_body) }
    }

    /// Gives a result to C, in spare memory where there is some.
    #[inline]
    pub(crate) fn hand_out(&self, result: impl FnOnce() -> PGresult) -> *mut PGresult {
        // SAFETY: the invariant; the swap has made the pointer ours.
        let shell = unsafe { owned(self.shell.swap(null_mut(), AcqRel)) };
        let shell = Box::into_raw(shell.unwrap_or_else(Box::new_uninit)).cast::<PGresult>();
        // SAFETY: the box has the layout of a result, and nothing is in it. Made where it is to lie.
        unsafe { shell.write(result()) };
        shell
    }

    /// Ends a result that was given to C, and keeps its memory if its connection can use it.
    ///
    /// # Safety
    /// `result` is `into_raw`'s, and nobody uses it afterwards.
    #[inline]
    pub(crate) unsafe fn retire(result: *mut PGresult) {
        // SAFETY: the caller's promise. The content is moved out, the memory stays.
        let (content, shell) = unsafe {
            (
                std::ptr::read(result),
                Box::from_raw(result.cast::<MaybeUninit<PGresult>>()),
            )
        };
        let PGresult {
            result: mut body,
            home,
            events,
            extra,
            ..
        } = content;
        drop(events);
        drop(extra);
        if let Some(home) = home {
            body.retire();
            home.keep(body, shell);
        }
    }

    fn keep(self: Arc<Self>, body: QueryResult, shell: Box<MaybeUninit<PGresult>>) {
        let body = self
            .body
            .swap(Box::into_raw(QueryResult::into_body(body)), AcqRel);
        let shell = self.shell.swap(Box::into_raw(shell), AcqRel);
        // SAFETY: the invariant; the swaps have made the pointers ours.
        unsafe {
            drop(owned(body));
            drop(owned(shell));
        }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        // SAFETY: the invariant, and nobody else is left.
        unsafe {
            drop(owned(*self.body.get_mut()));
            drop(owned(*self.shell.get_mut()));
        }
    }
}

/// The box behind a pointer, if there is one.
///
/// # Safety
/// `pointer` is NULL or `Box::into_raw`'s, and the caller owns it.
#[inline]
unsafe fn owned<T>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: the caller's promise.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

#[cfg(test)]
mod tests {
    use super::super::types::NoticeHooks;
    use super::*;
    use crate::protocol::types::ExecStatus;

    fn result_of(home: &Arc<Spare>) -> *mut PGresult {
        let mut result = PGresult::bare(
            QueryResult::new(ExecStatus::TuplesOk, 6),
            NoticeHooks::default(),
        );
        result.home = Some(Arc::clone(home));
        home.hand_out(|| result)
    }

    #[test]
    fn the_next_result_lies_where_the_cleared_one_lay() {
        let home = Arc::new(Spare::default());
        let first = result_of(&home);
        // SAFETY: the result is used no more.
        unsafe { Spare::retire(first) };
        assert!(home.take_body().is_some());
        let second = result_of(&home);
        assert_eq!(first, second);
        let third = result_of(&home);
        assert_ne!(second, third);
        // SAFETY: as above; one of them outlives the connection's own reference.
        unsafe {
            Spare::retire(second);
            drop(home);
            Spare::retire(third);
        }
    }

    #[test]
    fn threads_may_clear_results_at_once() {
        let home = Arc::new(Spare::default());
        for _ in 0..50 {
            let results: Vec<usize> = (0..4)
                .map(|_| result_of(&home).expose_provenance())
                .collect();
            std::thread::scope(|scope| {
                for result in results {
                    scope.spawn(move || {
                        // SAFETY: each result is one thread's.
                        unsafe { Spare::retire(std::ptr::with_exposed_provenance_mut(result)) };
                    });
                }
            });
        }
        assert_eq!(Arc::strong_count(&home), 1);
    }
}
