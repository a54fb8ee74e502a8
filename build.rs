//! Sets the SONAME, keeps the library loaded for good, and builds the variadic shim.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PQ_DEFAULT_SOCKET_DIR");
    println!("cargo:rerun-if-env-changed=PQ_SYSCONFDIR");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libpq.so.5");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
