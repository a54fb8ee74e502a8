//! `include/libpq-porcelain.h` is what cbindgen makes of `src/capi/pqp_*.rs` today.
//!
//! `make header` sets `UPDATE_HEADER=1`, which writes the file instead of comparing it.

use std::fs;
use std::path::{Path, PathBuf};

/// The `pqp_*` files: what they export is ours, all else is libpq's and declared by hand.
fn sources(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(root.join("src/capi"))
        .expect("src/capi is there")
        .map(|entry| entry.expect("src/capi can be listed").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("pqp_") && name.ends_with(".rs")
        })
        .collect();
    files.sort();
    files
}

fn generate(root: &Path) -> String {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in sources(root) {
        builder = builder.with_src(file);
    }
    let mut header = Vec::new();
    builder
        .generate()
        .expect("cbindgen reads the pqp_ files")
        .write(&mut header);
    // C89 knows no comma behind the last enumerator.
    without_safety(&String::from_utf8(header).expect("a header is text")).replace(",\n}", "\n}")
}

/// What Rust's lints want said of unsafe functions speaks of modules, which C does not know: the text before it says all.
fn without_safety(header: &str) -> String {
    let mut kept = Vec::new();
    let mut skipping = false;
    for line in header.lines() {
        let end = line.trim_start().starts_with("*/");
        if line.trim() == "* # Safety" {
            skipping = true;
            if kept.last().is_some_and(|last: &&str| last.trim() == "*") {
                kept.pop();
            }
        }
        skipping &= !end;
        if !skipping {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}

#[test]
fn safety_sections_end_with_their_comment() {
    let header = "/**\n * Text.\n *\n * # Safety\n * Words.\n */\nint f(void);\n";
    assert_eq!(without_safety(header), "/**\n * Text.\n */\nint f(void);\n");
}

#[test]
fn committed_header_is_what_the_sources_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/libpq-porcelain.h");
    let fresh = generate(root);
    assert!(
        fresh.contains("pqp_version(void)"),
        "cbindgen found no pqp_version: {fresh}"
    );
    if std::env::var_os("UPDATE_HEADER").is_some_and(|value| value == "1") {
        fs::write(&path, &fresh).expect("the header can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == fresh,
        "include/libpq-porcelain.h is stale: run `make header`. Fresh:\n{fresh}"
    );
}
