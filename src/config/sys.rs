//! The three questions to the system that `std` cannot ask: who am I, what does this error mean, how does the
//! locale encode text. The only file of this room with `unsafe`.
#![allow(unsafe_code)]

use std::ffi::CStr;

use super::env::Locale;
use super::error::ConfigError;

/// The largest user database entry that is read, in bytes.
const MAX_ENTRY_BYTES: usize = 1 << 20;

/// What the user database knows about the effective user.
pub(super) struct Account {
    pub name: Vec<u8>,
    pub home: Vec<u8>,
}

/// Looks the effective user up.
pub(super) fn effective_account() -> Result<Account, ConfigError> {
    // SAFETY: geteuid takes nothing and cannot fail.
    let uid = unsafe { libc::geteuid() };
    let mut buffer: Vec<libc::c_char> = Vec::new();
    let mut size = 1024;
    loop {
        buffer
            .try_reserve(size)
            .map_err(|_| ConfigError::OutOfMemory)?;
        buffer.resize(size, 0);
        let mut entry = std::mem::MaybeUninit::<libc::passwd>::uninit();
        let mut found = std::ptr::null_mut();
        // SAFETY: `entry` and `found` are writable locals; `buffer` holds `size` initialised chars. The call
        // writes within them and keeps no pointer.
        let errno = unsafe {
            libc::getpwuid_r(
                uid,
                entry.as_mut_ptr(),
                buffer.as_mut_ptr(),
                size,
                &mut found,
            )
        };
        match errno {
            libc::EINTR => continue,
            libc::ERANGE if size < MAX_ENTRY_BYTES => {
                size *= 2;
                continue;
            }
            0 if found.is_null() => return Err(ConfigError::LocalUserMissing { uid }),
            0 => {
                // SAFETY: a non-NULL `found` says that getpwuid_r filled `entry`; its strings are NUL-terminated
                // and lie in `buffer`, which lives to the end of this block.
                let (name, home) = unsafe {
                    let entry = entry.assume_init_ref();
                    (c_bytes(entry.pw_name), c_bytes(entry.pw_dir))
                };
                return Ok(Account { name, home });
            }
            _ => {
                return Err(ConfigError::LocalUserLookup {
                    uid,
                    cause: error_text(errno),
                });
            }
        }
    }
}

/// The system's words for an `errno`.
fn error_text(errno: i32) -> Vec<u8> {
    let mut buffer = [0 as libc::c_char; 256];
    // SAFETY: the buffer is writable and its true length is passed; XSI strerror_r terminates what it writes.
    match unsafe { libc::strerror_r(errno, buffer.as_mut_ptr(), buffer.len()) } {
        // SAFETY: success leaves a NUL-terminated text in the buffer.
        0 => unsafe { c_bytes(buffer.as_ptr()) },
        _ => format!("Unknown error {errno}").into_bytes(),
    }
}

/// The calling thread's locale for character types.
pub(super) fn locale() -> Locale {
    // SAFETY: with a NULL locale setlocale only asks. Both calls return NUL-terminated texts of the C library, copied
    // before anything else of this thread can change the locale; an application that changes it in another thread
    // at the same time breaks every C library that asks.
    unsafe {
        Locale {
            name: c_bytes(libc::setlocale(libc::LC_CTYPE, std::ptr::null())),
            codeset: c_bytes(libc::nl_langinfo(libc::CODESET)),
        }
    }
}

/// A copy of a C string; empty for NULL.
///
/// # Safety
/// `text` is NULL or NUL-terminated.
unsafe fn c_bytes(text: *const libc::c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: not NULL, so NUL-terminated by the caller's word.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}
