//! The version of libpq this library stands in for, stated here and nowhere else.
//!
//! The Makefile reads the two numbers below for the file name, `libpq.pc` and `pg_config`;
//! `tests/house.rs` compares all of them. Manual section: "Miscellaneous Functions".

use std::ffi::c_int;

macro_rules! libpq_major {
    () => {
        18
    };
}
macro_rules! libpq_minor {
    () => {
        6
    };
}
pub(crate) use {libpq_major, libpq_minor};

/// The libpq version as a number: major * 10000 + minor.
pub const LIBPQ_VERSION_NUM: c_int = libpq_major!() * 10_000 + libpq_minor!();

/// `int PQlibVersion(void)`: the version of the libpq interface, 180006 for 18.6.
#[unsafe(no_mangle)]
pub extern "C" fn PQlibVersion() -> c_int {
    LIBPQ_VERSION_NUM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lib_version_is_that_of_the_reference() {
        assert_eq!(PQlibVersion(), 180_006);
    }
}
