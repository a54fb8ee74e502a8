//! Sets the SONAME, keeps the library loaded for good, and builds the variadic shim.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PQ_DEFAULT_SOCKET_DIR");
    println!("cargo:rerun-if-env-changed=PQ_SYSCONFDIR");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libpq.so.5");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");

    // Stable Rust cannot define variadic functions. The archive is linked whole, and its two functions are exported
    // as if they were Rust's.
    let shim = "src/capi/expbuffer_shim.c";
    println!("cargo:rerun-if-changed={shim}");
    cc::Build::new()
        .file(shim)
        .cargo_metadata(false)
        .compile("pqshim");
    let out_dir = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    println!("cargo:rustc-link-search=native={out_dir}");
    println!("cargo:rustc-link-lib=static:+whole-archive,+export-symbols=pqshim");
}
