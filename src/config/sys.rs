//! The questions to the system that `std` cannot ask: who am I, what does this error mean, how does the locale encode
//! text, and which variables are there, without copying them all. The only file of this room with `unsafe`.
#![allow(unsafe_code)]

use std::ffi::CStr;

use super::env::Locale;
use super::error::ConfigError;

/// The largest user database entry that is read, in bytes.
const MAX_ENTRY_BYTES: usize = 1 << 20;

/// POSIX's `environ`.
///
/// # Safety
/// Nobody changes the environment meanwhile.
unsafe fn environ() -> *const *mut libc::c_char {
    #[cfg(not(target_vendor = "apple"))]
    {
        unsafe extern "C" {
            static environ: *const *mut libc::c_char;
        }
        // SAFETY: the C library has it; the caller's promise.
        unsafe { environ }
    }
    // There a library does not see the program's variables by name.
    #[cfg(target_vendor = "apple")]
    // SAFETY: gives the address of the same variable; the caller's promise.
    unsafe {
        *libc::_NSGetEnviron()
    }
}

/// Calls `see` with each entry of the environment, `NAME=value`, that `wanted` likes by its first two bytes, until it says
/// that it has seen enough.
fn each_entry(wanted: [u8; 2], mut see: impl FnMut(&[u8]) -> bool) {
    // SAFETY: POSIX's `environ` is NULL or a list of NUL-terminated texts with a NULL behind it. Who changes the environment
    // while another thread reads it breaks every reader, getenv(3) too; that is the application's to see to.
    unsafe {
        let mut next = environ();
        if next.is_null() {
            return;
        }
        while !(*next).is_null() {
            let entry = (*next).cast_const().cast::<u8>();
            // The second byte is there where the first is not the NUL.
            if *entry == wanted[0] && *entry.add(1) == wanted[1] {
                let entry = CStr::from_ptr(entry.cast());
                if see(entry.to_bytes()) {
                    return;
                }
            }
            next = next.add(1);
        }
    }
}

/// The value of an environment variable, whose name has two bytes at least.
pub(super) fn variable(name: &[u8]) -> Option<Vec<u8>> {
    let mut value = None;
    each_entry(*name.first_chunk()?, |entry| {
        let found = entry.strip_prefix(name).and_then(|e| e.strip_prefix(b"="));
        value = found.map(<[u8]>::to_vec);
        value.is_some()
    });
    value
}

/// Shows name and value of each environment variable whose name begins with PG.
pub(super) fn pg_variables(see: &mut dyn FnMut(&[u8], &[u8])) {
    each_entry(*b"PG", |entry| {
        if let Some(equals) = entry.iter().position(|&b| b == b'=') {
            see(&entry[..equals], &entry[equals + 1..]);
        }
        false
    });
}

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
