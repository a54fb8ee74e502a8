//! The steps taken to agree on encryption, and what is said about them, against those recorded from the reference:
//! every sslmode, sslnegotiation and channel_binding with servers of all habits.
//!
//! `tests/data/tls_steps.tsv` is written by `tests/facts/tls_steps.py`, which also plays it to the shared library through
//! its C functions, as an application with an event loop calls them. The servers' TLS is Python's, which is OpenSSL's.
#![cfg(feature = "tls")]

use std::path::PathBuf;
use std::process::Command;

/// The shared library that was built for this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.with_file_name("libpq.so");
    assert!(built.exists(), "{} is missing", built.display());
    built
}

#[test]
fn behaviours_97_to_108_encryption_is_negotiated_in_the_references_steps() {
    let root = env!("CARGO_MANIFEST_DIR");
    let played = Command::new("python3")
        .arg(format!("{root}/tests/facts/tls_steps.py"))
        .arg("--check")
        .arg(format!("{root}/tests/data/tls_steps.tsv"))
        .arg(library())
        .output()
        .expect("python3 is needed");
    assert!(
        played.status.success(),
        "{}{}",
        String::from_utf8_lossy(&played.stdout),
        String::from_utf8_lossy(&played.stderr)
    );
    let said = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(
        said.starts_with("0 of ") && !said.starts_with("0 of 0 "),
        "{said}"
    );
}
