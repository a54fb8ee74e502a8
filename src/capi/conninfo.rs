//! The connection-option calls that need no connection: `PQconndefaults`, `PQconninfoParse`, `PQconninfoFree`
//! (libpq manual, "Database Connection Control Functions").
//!
//! An option array belongs to the application until it hands it to `PQconninfoFree`. The array and its `val` strings
//! come from malloc; all other strings are static.
//!
//! # Contract
//! Every `const char *` is NULL or NUL-terminated and stays unchanged during the call; every output pointer is NULL or
//! writable.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use zeroize::Zeroize;

use super::pqp_context::default_context;
use crate::config::{ConfigError, OPTION_COUNT, Opt, Settings};

/// `PQconninfoOption`: one connection option and its value.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PQconninfoOption {
    /// The keyword; NULL in the entry that ends the array.
    pub keyword: *mut c_char,
    /// Name of the environment variable consulted, or NULL.
    pub envvar: *mut c_char,
    /// The default compiled in, or NULL.
    pub compiled: *mut c_char,
    /// The value, or NULL.
    pub val: *mut c_char,
    /// Label for a connection dialog.
    pub label: *mut c_char,
    /// How a dialog shows the field: `""`, `"*"` for a password, `"D"` for a debugging option.
    pub dispchar: *mut c_char,
    /// Field width in characters.
    pub dispsize: c_int,
}

const _: () = assert!(size_of::<*const u8>() != 8 || size_of::<PQconninfoOption>() == 56);

/// `PQconninfoOption *PQconndefaults(void)` — the values a connection would use; NULL when memory runs out.
///
/// # Safety
/// None beyond the module's contract; reads the environment, so no other thread may be changing it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconndefaults() -> *mut PQconninfoOption {
    guarded(|| {
        Settings::defaults(&default_context().core.env()).map_or(ptr::null_mut(), |settings| {
            let libpqs = |opt: Opt| !opt.is_extension();
            to_c_array_of(&settings, libpqs)
        })
    })
}

/// `PQconninfoOption *PQconninfoParse(const char *conninfo, char **errmsg)` — what a connection string says; NULL on
/// an error, with its text, to be freed by the caller, in `*errmsg` (NULL when memory runs out).
///
/// # Safety
/// The module's contract.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconninfoParse(
    conninfo: *const c_char,
    errmsg: *mut *mut c_char,
) -> *mut PQconninfoOption {
    if !errmsg.is_null() {
        // SAFETY: `errmsg` is not NULL, so writable by the contract.
        unsafe { errmsg.write(ptr::null_mut()) };
    }
    guarded(|| {
        // SAFETY: `conninfo` is NULL or NUL-terminated by the contract.
        let Some(conninfo) = (unsafe { bytes(conninfo) }) else {
            return ptr::null_mut();
        };
        match Settings::parse(conninfo) {
            Ok(settings) => to_c_array(&settings),
            Err(error) => {
                if !errmsg.is_null() && error != ConfigError::OutOfMemory {
                    // SAFETY: as above.
                    unsafe { errmsg.write(to_c_string(&error.to_line())) };
                }
                ptr::null_mut()
            }
        }
    })
}

/// `void PQconninfoFree(PQconninfoOption *connOptions)` — frees an option array; does nothing for NULL.
///
/// # Safety
/// `options` is NULL or an array this library returned and that has not been freed; `val` strings the application
/// replaced come from malloc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQconninfoFree(options: *mut PQconninfoOption) {
    guarded(|| {
        if options.is_null() {
            return ptr::null_mut();
        }
        let mut entry = options;
        // SAFETY: by the contract the array is ours: it ends with an entry without a keyword, and no entry before
        // that one is skipped. The keyword is static and the value from malloc, both NUL-terminated.
        unsafe {
            while !(*entry).keyword.is_null() {
                let keyword = bytes((*entry).keyword).unwrap_or_default();
                let secret = Opt::from_keyword(keyword).is_some_and(Opt::is_secret);
                free_value((*entry).val, secret);
                entry = entry.add(1);
            }
            libc::free(options.cast::<c_void>());
        }
        ptr::null_mut()
    });
}

/// The option array for `settings`, from malloc; NULL when memory runs out. An extension is in it only if it has a value.
pub(crate) fn to_c_array(settings: &Settings) -> *mut PQconninfoOption {
    to_c_array_of(settings, |opt| {
        !opt.is_extension() || settings.get(opt).is_some()
    })
}

/// The same of the options that `shown` picks.
fn to_c_array_of(settings: &Settings, shown: impl Fn(Opt) -> bool) -> *mut PQconninfoOption {
    // SAFETY: calloc takes any sizes; the product is checked by it.
    let options: *mut PQconninfoOption =
        unsafe { libc::calloc(OPTION_COUNT + 1, size_of::<PQconninfoOption>()) }.cast();
    if options.is_null() {
        return ptr::null_mut();
    }
    let rows = Opt::ALL
        .into_iter()
        .zip(static_texts())
        .filter(|(opt, _)| shown(*opt));
    for (i, (opt, texts)) in rows.enumerate() {
        let val = settings.get(opt).map_or(ptr::null_mut(), to_c_string);
        if val.is_null() && settings.get(opt).is_some() {
            // SAFETY: the array is ours, zeroed, and filled up to this entry, which therefore ends it.
            unsafe { PQconninfoFree(options) };
            return ptr::null_mut();
        }
        let entry = PQconninfoOption {
            keyword: static_pointer(&texts.keyword),
            envvar: optional_pointer(&texts.envvar),
            compiled: optional_pointer(&texts.compiled),
            val,
            label: static_pointer(&texts.label),
            dispchar: static_pointer(&texts.dispchar),
            dispsize: opt.def().dispsize,
        };
        // SAFETY: `i` is below OPTION_COUNT, and calloc gave one entry more than that, aligned for any type.
        unsafe { options.add(i).write(entry) };
    }
    options
}

/// The table's texts as C strings. Made once and kept for good: applications keep pointers to them.
struct StaticTexts {
    keyword: CString,
    envvar: Option<CString>,
    compiled: Option<CString>,
    label: CString,
    dispchar: CString,
}

/// No lock guards the first use: a fork at that moment would leave it locked in the child for good. Threads that come
/// together each make the texts, and the first to be done wins.
fn static_texts() -> &'static [StaticTexts] {
    static TEXTS: AtomicPtr<Vec<StaticTexts>> = AtomicPtr::new(ptr::null_mut());
    let made = TEXTS.load(Ordering::Acquire);
    if !made.is_null() {
        // SAFETY: what is not NULL came from `Box::into_raw` below, is never freed and never changed.
        return unsafe { &*made };
    }
    let new = Box::into_raw(Box::new(make_static_texts()));
    match TEXTS.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: the pointer has just come from a box, and is now kept for good.
        Ok(_) => unsafe { &*new },
        Err(winner) => {
            // SAFETY: nobody else has seen the box.
            drop(unsafe { Box::from_raw(new) });
            // SAFETY: as for what was found at once.
            unsafe { &*winner }
        }
    }
}

fn make_static_texts() -> Vec<StaticTexts> {
    // The table holds no NUL byte, so nothing is lost to the default.
    let text = |text: &str| CString::new(text).unwrap_or_default();
    Opt::ALL
        .into_iter()
        .map(|opt| {
            let def = opt.def();
            StaticTexts {
                keyword: text(def.keyword),
                envvar: def.envvar.map(text),
                compiled: def.compiled.map(text),
                label: text(def.label),
                dispchar: text(def.dispchar),
            }
        })
        .collect()
}

/// The C API has these as `char *`; nobody may write to them.
fn static_pointer(text: &'static CString) -> *mut c_char {
    text.as_ptr().cast_mut()
}

fn optional_pointer(text: &'static Option<CString>) -> *mut c_char {
    text.as_ref().map_or(ptr::null_mut(), static_pointer)
}

/// The bytes of a C string; `None` for NULL.
///
/// # Safety
/// `text` is NULL, or NUL-terminated and unchanged for as long as the result is used.
unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    match text.is_null() {
        true => None,
        // SAFETY: not NULL, so NUL-terminated by the caller's word.
        false => Some(unsafe { CStr::from_ptr(text) }.to_bytes()),
    }
}

/// A copy of `bytes` as a C string from malloc; NULL when memory runs out.
fn to_c_string(bytes: &[u8]) -> *mut c_char {
    // SAFETY: malloc takes any size; a slice is shorter than the largest.
    let text = unsafe { libc::malloc(bytes.len() + 1) }.cast::<u8>();
    if !text.is_null() {
        // SAFETY: `text` has room for the bytes and one more, and is too new to overlap them.
        unsafe {
            text.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            text.add(bytes.len()).write(0);
        }
    }
    text.cast()
}

/// Frees a value, wiped first if it is a secret.
///
/// # Safety
/// `val` is NULL or a NUL-terminated string from malloc that nobody uses any more.
unsafe fn free_value(val: *mut c_char, secret: bool) {
    if val.is_null() {
        return;
    }
    // SAFETY: by the caller's word `val` is a terminated string from malloc and ours alone.
    unsafe {
        if secret {
            std::slice::from_raw_parts_mut(val.cast::<u8>(), libc::strlen(val)).zeroize();
        }
        libc::free(val.cast());
    }
}

/// Runs `body`; a panic, which must not reach C, becomes NULL.
fn guarded(body: impl FnOnce() -> *mut PQconninfoOption) -> *mut PQconninfoOption {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(ptr::null_mut())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LIBPQ_OPTION_COUNT;

    /// The values of an array as pairs of keyword and value.
    unsafe fn values(mut entry: *const PQconninfoOption) -> Vec<(String, String)> {
        let mut out = Vec::new();
        // SAFETY: the tests hand over arrays of this library.
        unsafe {
            while let Some(keyword) = bytes((*entry).keyword) {
                if let Some(val) = bytes((*entry).val) {
                    let text = |b| String::from_utf8_lossy(b).into_owned();
                    out.push((text(keyword), text(val)));
                }
                entry = entry.add(1);
            }
        }
        out
    }

    #[test]
    fn parse_reports_explicit_values_only() {
        // behaviour 15
        let mut error = ptr::dangling_mut();
        // SAFETY: literals are terminated; `error` is a local; the array is freed once.
        unsafe {
            let options = PQconninfoParse(c"host=a password='b c'".as_ptr(), &mut error);
            assert!(error.is_null());
            assert_eq!(
                values(options),
                [
                    ("password".into(), "b c".into()),
                    ("host".into(), "a".into())
                ]
            );
            PQconninfoFree(options);
        }
    }

    #[test]
    fn parse_error_is_a_line_from_malloc_and_errmsg_may_be_null() {
        // behaviour 16
        let mut error = ptr::null_mut();
        // SAFETY: as above; the text is freed as an application would.
        unsafe {
            assert!(PQconninfoParse(c"nonsense".as_ptr(), &mut error).is_null());
            assert_eq!(
                bytes(error),
                Some(&b"missing \"=\" after \"nonsense\" in connection info string\n"[..])
            );
            libc::free(error.cast());
            assert!(PQconninfoParse(c"nonsense".as_ptr(), ptr::null_mut()).is_null());
        }
    }

    #[test]
    fn null_arguments_are_plain_failures() {
        // behaviour 399: the reference crashes; behaviour 400
        let mut error = ptr::dangling_mut();
        // SAFETY: NULL is within the contract.
        unsafe {
            assert!(PQconninfoParse(ptr::null(), &mut error).is_null());
            assert!(error.is_null());
            PQconninfoFree(ptr::null_mut());
        }
    }

    #[test]
    fn extensions_are_rows_only_where_set() {
        let conninfo = c"read_timeout_ms=7 servicefile=f host=h";
        // SAFETY: literals are terminated; the arrays are walked to their end and freed once.
        unsafe {
            let options = PQconninfoParse(conninfo.as_ptr(), ptr::null_mut());
            let row = *options.add(LIBPQ_OPTION_COUNT);
            assert_eq!(bytes(row.keyword), Some(&b"servicefile"[..]));
            assert_eq!(bytes(row.envvar), Some(&b"PGSERVICEFILE"[..]));
            assert_eq!(bytes(row.val), Some(&b"f"[..]));
            let row = *options.add(LIBPQ_OPTION_COUNT + 1);
            assert_eq!(bytes(row.keyword), Some(&b"read_timeout_ms"[..]));
            assert_eq!(bytes(row.val), Some(&b"7"[..]));
            assert!((*options.add(LIBPQ_OPTION_COUNT + 2)).keyword.is_null());
            PQconninfoFree(options);

            let options = PQconninfoParse(c"host=h".as_ptr(), ptr::null_mut());
            assert!((*options.add(LIBPQ_OPTION_COUNT)).keyword.is_null());
            PQconninfoFree(options);
        }
    }

    #[test]
    fn defaults_list_libpqs_options_in_table_order() {
        // SAFETY: the array is walked to its end and freed once.
        unsafe {
            let options = PQconndefaults();
            let libpqs = Opt::ALL.into_iter().filter(|opt| !opt.is_extension());
            for (i, opt) in libpqs.enumerate() {
                let entry = *options.add(i);
                assert_eq!(bytes(entry.keyword), Some(opt.keyword().as_bytes()));
                assert_eq!(bytes(entry.envvar), opt.def().envvar.map(str::as_bytes));
                assert_eq!(bytes(entry.compiled), opt.def().compiled.map(str::as_bytes));
                assert_eq!(bytes(entry.label), Some(opt.def().label.as_bytes()));
                assert_eq!(bytes(entry.dispchar), Some(opt.def().dispchar.as_bytes()));
                assert_eq!(entry.dispsize, opt.def().dispsize);
            }
            assert!((*options.add(LIBPQ_OPTION_COUNT)).keyword.is_null());
            PQconninfoFree(options);
        }
    }
}
