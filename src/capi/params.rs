//! The parameter arrays of C as parameters of a Bind message.

use std::ffi::{c_char, c_int};

use super::ptr;
use crate::protocol::error::UsageError;
use crate::protocol::frontend::{MOST_PARAMS, Param, Params};
use crate::protocol::types::Oid;

/// `paramValues`, `paramLengths`, `paramFormats` of a call. Text values end at their NUL and have no length
/// (behaviour 176).
pub(crate) struct CParams<'a> {
    count: usize,
    values: Option<&'a [*const c_char]>,
    lengths: Option<&'a [c_int]>,
    formats: Option<&'a [c_int]>,
}

impl CParams<'_> {
    /// Borrows the arrays of a call.
    ///
    /// # Safety
    /// Each array is NULL or has `count` elements; each value is NULL, or NUL-terminated where its format is text,
    /// or as long as its length says. All stay unchanged for the life of this.
    pub(crate) unsafe fn new(
        count: c_int,
        values: *const *const c_char,
        lengths: *const c_int,
        formats: *const c_int,
    ) -> Self {
        let within = isize::try_from(checked_count(count).unwrap_or(0)).unwrap_or(0);
        // SAFETY: the caller's promise.
        unsafe {
            CParams {
                count: checked_count(count).unwrap_or(usize::MAX),
                values: ptr::slice(values, within),
                lengths: ptr::slice(lengths, within),
                formats: ptr::slice(formats, within),
            }
        }
    }

    fn format(&self, index: usize) -> c_int {
        self.formats
            .and_then(|f| f.get(index))
            .copied()
            .unwrap_or(0)
    }

    fn pointer(&self, index: usize) -> Option<*const c_char> {
        self.values?.get(index).copied().filter(|p| !p.is_null())
    }
}

impl Params for CParams<'_> {
    fn len(&self) -> usize {
        self.count
    }

    fn check(&self) -> Result<(), UsageError> {
        if self.count > MOST_PARAMS {
            return Err(UsageError::ParamCount);
        }
        let binary = |i: &usize| self.format(*i) != 0 && self.pointer(*i).is_some();
        if self.formats.is_some() && self.lengths.is_none() && (0..self.count).any(|i| binary(&i)) {
            return Err(UsageError::BinaryWithoutLength);
        }
        Ok(())
    }

    fn has_formats(&self) -> bool {
        self.count > 0 && self.formats.is_some()
    }

    fn get(&self, index: usize) -> Param<'_> {
        let format = self.format(index);
        let value = self.pointer(index).and_then(|p| match format {
            // SAFETY: `new`'s caller promised a NUL-terminated text.
            0 => unsafe { ptr::text(p) },
            _ => {
                let len = self
                    .lengths
                    .and_then(|l| l.get(index))
                    .copied()
                    .unwrap_or(0);
                // SAFETY: `new`'s caller promised that many bytes.
                unsafe { ptr::slice(p.cast::<u8>(), len as isize) }
            }
        });
        Param {
            value,
            format: format as i16,
        }
    }
}

/// The array of parameter types of a call.
pub(crate) struct Types<'a> {
    types: Option<&'a [Oid]>,
    count: Option<usize>,
}

impl<'a> Types<'a> {
    /// Borrows the array of a call.
    ///
    /// # Safety
    /// `types` is NULL or has `count` elements that stay unchanged for `'a`.
    pub(crate) unsafe fn new(count: c_int, types: *const Oid) -> Self {
        let count = checked_count(count);
        Types {
            // SAFETY: the caller's promise.
            types: unsafe { ptr::slice(types, count.unwrap_or(0) as isize) },
            count,
        }
    }

    /// The types; none when there is no array.
    pub(crate) fn or_none(&self) -> &'a [Oid] {
        self.types.unwrap_or_default()
    }

    /// The types, or that the count cannot be.
    pub(crate) fn checked(&self) -> Result<&'a [Oid], UsageError> {
        self.count
            .map(|_| self.or_none())
            .ok_or(UsageError::ParamCount)
    }
}

fn checked_count(count: c_int) -> Option<usize> {
    usize::try_from(count).ok().filter(|&n| n <= MOST_PARAMS)
}
