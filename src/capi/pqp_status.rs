//! How functions of ours say that they failed. The header's first comment states the rule.

#![allow(non_camel_case_types)] // the names are C's

use std::ffi::{CStr, c_char, c_int};

use super::alloc;
use super::guard::catch;
use super::ptr;

/// What a `pqp_` function that can fail returns.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_status {
    /// It worked.
    PQP_OK = 0,
    /// A pointer is NULL that must not be.
    PQP_NULL = 1,
    /// A value cannot be: an unknown option, a file policy that is none, a text that is no address.
    PQP_INVALID = 2,
    /// It is too late: the connection has been started, the factory has been started from, or nobody waits for the
    /// answer any more.
    PQP_TOO_LATE = 3,
    /// The request has been answered before.
    PQP_TWICE = 4,
    /// The request asks for something else.
    PQP_WRONG_KIND = 5,
    /// There is no memory, or no descriptor.
    PQP_NO_MEMORY = 6,
    /// The library has failed: a bug, to be reported.
    PQP_INTERNAL = 7,
    /// The connection is in use: by the call that has called a function of the application's, which this call was made from.
    PQP_IN_USE = 8,
}

use pqp_status::*;

/// What a status means, in a few words. A constant; not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn pqp_status_text(status: c_int) -> *const c_char {
    catch(c"unknown status".as_ptr(), || {
        let text: &CStr = match status {
            s if s == PQP_OK as c_int => c"ok",
            s if s == PQP_NULL as c_int => c"a pointer is NULL that must not be",
            s if s == PQP_INVALID as c_int => c"invalid value",
            s if s == PQP_TOO_LATE as c_int => c"too late",
            s if s == PQP_TWICE as c_int => c"answered before",
            s if s == PQP_WRONG_KIND as c_int => c"the request asks for something else",
            s if s == PQP_NO_MEMORY as c_int => c"out of memory",
            s if s == PQP_INTERNAL as c_int => c"internal error",
            s if s == PQP_IN_USE as c_int => c"the connection is in use",
            _ => c"unknown status",
        };
        text.as_ptr()
    })
}

/// Gives a text out through `error`, where C wants one: malloc's, to be freed with `PQfreemem`.
///
/// # Safety
/// `error` is NULL or valid for a write.
pub(crate) unsafe fn explain(error: *mut *mut c_char, text: &[u8]) {
    if !error.is_null() {
        // SAFETY: the caller's promise.
        unsafe { ptr::put(error, alloc::copy_with_nul(text)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_text_of_its_own() {
        let text = |status| {
            // SAFETY: the texts are constants.
            unsafe { CStr::from_ptr(pqp_status_text(status)) }
        };
        let texts: std::collections::HashSet<_> = (-1..=8).map(text).collect();
        assert_eq!(texts.len(), 10);
        assert_eq!(text(9), text(-1));
    }
}
