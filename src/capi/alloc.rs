//! Memory that C frees: it comes from malloc, for applications call free() on it (behaviour 332).

use std::ffi::{c_char, c_void};
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// `len` bytes of malloc's, at least one; NULL when there are none.
pub(crate) fn malloc(len: usize) -> *mut c_void {
    // SAFETY: malloc takes any size.
    unsafe { libc::malloc(len.max(1)) }
}

/// A copy of `bytes` with a NUL behind it; NULL when memory is out.
pub(crate) fn copy_with_nul(bytes: &[u8]) -> *mut c_char {
    copy_with_nul_for(bytes, bytes.len())
}

/// As [`copy_with_nul`], with room for `room` bytes and a NUL, which are no fewer.
fn copy_with_nul_for(bytes: &[u8], room: usize) -> *mut c_char {
    let Some(size) = room.max(bytes.len()).checked_add(1) else {
        return std::ptr::null_mut();
    };
    let copy = malloc(size).cast::<u8>();
    if !copy.is_null() {
        // SAFETY: `copy` has room for `bytes.len() + 1` bytes and is new, so nothing overlaps.
        unsafe {
            copy.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            copy.add(bytes.len()).write(0);
        }
    }
    copy.cast()
}

/// Buffers that [`free_later`] has kept: most programs that read a COPY free one and ask for the next at once. A slot
/// holds one buffer or none; threads mostly use different ones.
static KEPT: [Kept; 16] = [const { Kept(AtomicPtr::new(std::ptr::null_mut())) }; 16];

/// On a cache line of its own.
#[repr(align(64))]
struct Kept(AtomicPtr<c_void>);

/// The smallest buffer kept, in bytes: rows are mostly shorter.
const KEPT_LEAST: usize = 248;
/// The largest buffer kept, in bytes.
const KEPT_MOST: usize = 8 * 1024;

/// The slot of this thread: threads have stacks of their own, of 8 MiB as a rule.
#[inline]
fn slot() -> &'static AtomicPtr<c_void> {
    let here = 0u8;
    let address = (&raw const here).addr();
    &KEPT[(address >> 23) % KEPT.len()].0
}

/// As [`copy_with_nul`], into a kept buffer where one serves.
#[inline(always)]
pub(crate) fn copy_into_kept(bytes: &[u8]) -> *mut c_char {
    // Whatever is kept has room for KEPT_LEAST bytes.
    if bytes.len() >= KEPT_LEAST {
        return copy_with_nul(bytes);
    }
    let kept = slot().swap(std::ptr::null_mut(), Acquire).cast::<u8>();
    if kept.is_null() {
        return copy_with_nul_for(bytes, KEPT_LEAST);
    }
    // SAFETY: what the slot held is malloc's, has room for KEPT_LEAST bytes, and, taken out, is nobody else's.
    unsafe {
        kept.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        kept.add(bytes.len()).write(0);
    }
    kept.cast()
}

#[cfg(target_vendor = "apple")]
use libc::malloc_size as usable_size;
#[cfg(not(target_vendor = "apple"))]
use libc::malloc_usable_size as usable_size;

/// Frees what malloc gave, at once or when it has not been used again; NULL is nothing.
///
/// # Safety
/// As for [`free`].
#[inline]
pub(crate) unsafe fn free_later(memory: *mut c_void) {
    let slot = slot();
    // SAFETY: the caller's promise.
    let keeps = slot.load(Relaxed).is_null()
        && (KEPT_LEAST..=KEPT_MOST).contains(&unsafe { usable_size(memory) });
    let memory = match keeps {
        true => slot.swap(memory, AcqRel),
        false => memory,
    };
    if !memory.is_null() {
        // SAFETY: the caller's promise, or it was kept and is nobody's.
        unsafe { free(memory) };
    }
}

/// Frees what malloc gave; NULL is nothing.
///
/// # Safety
/// `memory` is NULL or from malloc and not yet freed.
pub(crate) unsafe fn free(memory: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { libc::free(memory) };
}
