//! Sets the SONAME, keeps the library loaded for good, and builds the variadic shim.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libpq.so.5");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
