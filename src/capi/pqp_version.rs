//! What the library itself is, beside the libpq version it stands in for.

use std::ffi::{CStr, c_char};

use crate::capi::version::{libpq_major, libpq_minor};

const VERSION_TEXT: &CStr = match CStr::from_bytes_with_nul(
    concat!(
        "libpq-porcelain ",
        env!("CARGO_PKG_VERSION"),
        " (libpq ",
        libpq_major!(),
        ".",
        libpq_minor!(),
        ")\0"
    )
    .as_bytes(),
) {
    Ok(text) => text,
    Err(_) => panic!("the version text has a NUL in it"),
};

/// Name and version of this library, and the libpq version it stands in for, such as
/// "libpq-porcelain 0.1.0 (libpq 18.6)". A constant; not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn pqp_version() -> *const c_char {
    VERSION_TEXT.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_names_the_library_and_the_libpq_it_stands_in_for() {
        assert_eq!(VERSION_TEXT, c"libpq-porcelain 0.1.0 (libpq 18.6)");
        assert_eq!(pqp_version(), VERSION_TEXT.as_ptr());
    }
}
