//! `PQExpBuffer`, the growing string that psql and its sisters use (header `pqexpbuffer.h`; behaviours 325 to 331).
//!
//! Applications read and write the struct themselves, so nothing is believed of it but its contract: `data` is malloc
//! memory of `maxlen` bytes, `len < maxlen`, and a NUL at `len`. A buffer that could not grow is broken: `data` is a static
//! empty string, both numbers are 0, and everything but a reset leaves it so. Where libpq crashes on NULL nothing
//! happens.
//!
//! Formats are the C library's. libpq brings its own formatter, which breaks the buffer at what it does not know, such as
//! `%Lf`; here that works.
//!
//! `printfPQExpBuffer` and `appendPQExpBuffer` are variadic, which stable Rust cannot define: they are in
//! `expbuffer_shim.c` and call the functions here.

use crate::capi::guard;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

/// `struct PQExpBufferData`.
#[repr(C)]
pub struct PQExpBufferData {
    /// The text, NUL-terminated.
    pub data: *mut c_char,
    /// Bytes of text, without the NUL.
    pub len: usize,
    /// Bytes `data` has room for; 0 when broken.
    pub maxlen: usize,
}

/// Bytes of a new buffer.
const INITIAL_SIZE: usize = 256;
/// No buffer grows to more bytes, nor is it asked to hold as many.
const SIZE_LIMIT: usize = c_int::MAX as usize;
/// Formatting is only tried with more room than this.
const SMALLEST_TRY: usize = 16;
/// Room asked for when there is no more than [`SMALLEST_TRY`].
const NEXT_TRY: usize = 32;

/// What a broken buffer's `data` points to. Nobody writes to it: `maxlen` 0 says so.
static BROKEN: [c_char; 1] = [0];

fn broken() -> *mut c_char {
    (&raw const BROKEN).cast_mut().cast()
}

unsafe extern "C" {
    /// The C library's, with `va_list` as the pointer it is passed as on the Linux targets.
    fn vsnprintf(s: *mut c_char, n: usize, format: *const c_char, args: *mut c_void) -> c_int;
}

impl PQExpBufferData {
    /// Takes fresh memory for an empty text; broken without.
    fn start(&mut self) {
        // SAFETY: malloc takes any size.
        let data = unsafe { libc::malloc(INITIAL_SIZE) }.cast::<c_char>();
        self.len = 0;
        if data.is_null() {
            self.data = broken();
            self.maxlen = 0;
        } else {
            self.data = data;
            self.maxlen = INITIAL_SIZE;
            // SAFETY: fresh memory of that size.
            unsafe { data.write(0) };
        }
    }

    /// Gives the memory back and leaves the broken state.
    ///
    /// # Safety
    /// The struct's contract.
    unsafe fn release(&mut self) {
        if self.data != broken() {
            // SAFETY: by contract malloc memory that the struct owns.
            unsafe { libc::free(self.data.cast()) };
        }
        self.data = broken();
        self.len = 0;
        self.maxlen = 0;
    }

    /// Makes room for `needed` bytes and a NUL; `false` leaves the buffer broken.
    ///
    /// # Safety
    /// The struct's contract.
    unsafe fn enlarge(&mut self, needed: usize) -> bool {
        if self.maxlen == 0 {
            return false;
        }
        let total = needed
            .checked_add(self.len)
            .and_then(|total| total.checked_add(1))
            .filter(|&total| total <= SIZE_LIMIT);
        let Some(total) = total else {
            // SAFETY: the same contract.
            unsafe { self.release() };
            return false;
        };
        if total <= self.maxlen {
            return true;
        }
        let mut size = self.maxlen;
        while size < total {
            size = size.saturating_mul(2);
        }
        let size = size.min(SIZE_LIMIT);
        // SAFETY: `data` is malloc memory that the struct owns.
        let data = unsafe { libc::realloc(self.data.cast(), size) };
        if data.is_null() {
            // SAFETY: the same contract; a failed realloc has kept the memory.
            unsafe { self.release() };
            return false;
        }
        self.data = data.cast();
        self.maxlen = size;
        true
    }

    /// Appends `len` bytes and a NUL.
    ///
    /// # Safety
    /// The struct's contract; `text` points to `len` bytes outside the buffer.
    unsafe fn append(&mut self, text: *const c_char, len: usize) {
        // SAFETY: the same contract; after a successful enlarge there is room for the bytes and the NUL.
        unsafe {
            if self.enlarge(len) {
                ptr::copy_nonoverlapping(text, self.data.add(self.len), len);
                self.len += len;
                self.data.add(self.len).write(0);
            }
        }
    }

    /// Appends formatted text. `false`: there is room now, try again with a fresh `va_list`.
    ///
    /// # Safety
    /// The struct's contract; `format` and `args` fit together.
    unsafe fn append_formatted(&mut self, format: *const c_char, args: *mut c_void) -> bool {
        if self.maxlen == 0 {
            return true;
        }
        let room = self.maxlen.saturating_sub(self.len);
        let mut needed = NEXT_TRY;
        if room > SMALLEST_TRY {
            // SAFETY: `room` bytes are free at `len` by the struct's contract; the rest is the caller's promise.
            let printed = unsafe { vsnprintf(self.data.add(self.len), room, format, args) };
            let Ok(printed) = usize::try_from(printed) else {
                // SAFETY: the same contract.
                unsafe { self.release() };
                return true;
            };
            if printed < room {
                self.len += printed;
                return true;
            }
            // What was cut off must not be seen if the next try fails.
            // SAFETY: `room` is not 0, so there is a byte at `len`.
            unsafe { self.data.add(self.len).write(0) };
            needed = printed;
        }
        // SAFETY: the same contract. Broken now means finished.
        !unsafe { self.enlarge(needed) }
    }
}

/// Runs `f` on a buffer, and answers `fallback` for NULL.
///
/// # Safety
/// `buffer` is NULL or a buffer that only this call uses.
unsafe fn with<R: Copy>(
    buffer: *mut PQExpBufferData,
    fallback: R,
    f: impl FnOnce(&mut PQExpBufferData) -> R,
) -> R {
    // SAFETY: the caller's promise.
    guard::catch(fallback, || unsafe { buffer.as_mut() }.map_or(fallback, f))
}

/// `PQExpBuffer createPQExpBuffer(void)` — a new buffer; NULL when there is no memory. To be freed by
/// `destroyPQExpBuffer`.
#[unsafe(no_mangle)]
pub extern "C" fn createPQExpBuffer() -> *mut PQExpBufferData {
    guard::catch(ptr::null_mut(), || {
        // SAFETY: malloc takes any size.
        let buffer = unsafe { libc::malloc(size_of::<PQExpBufferData>()) };
        let buffer = buffer.cast::<PQExpBufferData>();
        if !buffer.is_null() {
            // SAFETY: fresh memory of that size, which malloc aligns for anything.
            unsafe {
                buffer.write(PQExpBufferData {
                    data: broken(),
                    len: 0,
                    maxlen: 0,
                });
                (*buffer).start();
            }
        }
        buffer
    })
}

/// `void initPQExpBuffer(PQExpBuffer str)` — makes a buffer of memory that holds none yet.
///
/// # Safety
/// `str` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn initPQExpBuffer(str: *mut PQExpBufferData) {
    guard::catch((), || {
        if !str.is_null() {
            // SAFETY: writable by the contract; nothing there is read, so it may be uninitialized.
            unsafe {
                str.write(PQExpBufferData {
                    data: broken(),
                    len: 0,
                    maxlen: 0,
                });
                (*str).start();
            }
        }
    })
}

/// `void destroyPQExpBuffer(PQExpBuffer str)` — frees the buffer and its text.
///
/// # Safety
/// `str` is NULL or came from `createPQExpBuffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn destroyPQExpBuffer(str: *mut PQExpBufferData) {
    // SAFETY: the caller's buffer; both are malloc memory.
    unsafe {
        with(str, (), |buffer| buffer.release());
        libc::free(str.cast());
    }
}

/// `void termPQExpBuffer(PQExpBuffer str)` — frees the text and leaves the buffer broken.
///
/// # Safety
/// `str` is NULL or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn termPQExpBuffer(str: *mut PQExpBufferData) {
    // SAFETY: the caller's buffer.
    unsafe { with(str, (), |buffer| buffer.release()) }
}

/// `void resetPQExpBuffer(PQExpBuffer str)` — makes the text empty; a broken buffer tries for memory again.
///
/// # Safety
/// `str` is NULL or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resetPQExpBuffer(str: *mut PQExpBufferData) {
    // SAFETY: the caller's buffer; one that is not broken has a first byte.
    unsafe {
        with(str, (), |buffer| match buffer.data == broken() {
            true => buffer.start(),
            false => {
                buffer.len = 0;
                buffer.data.write(0);
            }
        })
    }
}

/// `int enlargePQExpBuffer(PQExpBuffer str, size_t needed)` — 1 when there is room for `needed` more bytes and a NUL, else 0.
///
/// # Safety
/// `str` is NULL or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn enlargePQExpBuffer(str: *mut PQExpBufferData, needed: usize) -> c_int {
    // SAFETY: the caller's buffer.
    unsafe { with(str, 0, |buffer| c_int::from(buffer.enlarge(needed))) }
}

/// `void appendPQExpBufferStr(PQExpBuffer str, const char *data)` — appends a string.
///
/// # Safety
/// `str` is NULL or a buffer; `data` is NULL or a NUL-terminated string outside it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn appendPQExpBufferStr(str: *mut PQExpBufferData, data: *const c_char) {
    if data.is_null() {
        return;
    }
    // SAFETY: the caller's buffer and string.
    unsafe {
        with(str, (), |buffer| {
            buffer.append(data, CStr::from_ptr(data).count_bytes());
        })
    }
}

/// `void appendPQExpBufferChar(PQExpBuffer str, char ch)` — appends one byte.
///
/// # Safety
/// `str` is NULL or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn appendPQExpBufferChar(str: *mut PQExpBufferData, ch: c_char) {
    // SAFETY: the caller's buffer.
    unsafe { with(str, (), |buffer| buffer.append(&raw const ch, 1)) }
}

/// `void appendBinaryPQExpBuffer(PQExpBuffer str, const char *data, size_t datalen)` — appends bytes, and a NUL behind them.
///
/// # Safety
/// `str` is NULL or a buffer; `data` is NULL or points to `datalen` bytes outside it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn appendBinaryPQExpBuffer(
    str: *mut PQExpBufferData,
    data: *const c_char,
    datalen: usize,
) {
    if data.is_null() {
        return;
    }
    // SAFETY: the caller's buffer and bytes.
    unsafe { with(str, (), |buffer| buffer.append(data, datalen)) }
}

/// `bool appendPQExpBufferVA(PQExpBuffer str, const char *fmt, va_list args)` — appends formatted text once; `false` when
/// the caller must try again with a fresh `va_list`, for there was too little room.
///
/// # Safety
/// `str` is NULL or a buffer; `fmt` is NULL or a format that `args` fits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn appendPQExpBufferVA(
    str: *mut PQExpBufferData,
    fmt: *const c_char,
    args: *mut c_void,
) -> bool {
    if fmt.is_null() {
        return true;
    }
    // SAFETY: the caller's buffer, format and arguments.
    unsafe { with(str, true, |buffer| buffer.append_formatted(fmt, args)) }
}

const _: () = {
    assert!(size_of::<PQExpBufferData>() == 3 * size_of::<usize>());
    assert!(std::mem::offset_of!(PQExpBufferData, len) == size_of::<usize>());
    assert!(std::mem::offset_of!(PQExpBufferData, maxlen) == 2 * size_of::<usize>());
};
