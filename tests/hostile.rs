//! Servers that send what no honest server sends: each script of `tests/data/scripts/` against the reference and ours.
//!
//! The same status and text as the reference, the same bytes sent; never a crash, a hang (120 s), more memory than the
//! script allows, or a connection that claims to be usable when it is not. Wants PQP_REF_LIB and PQP_LIB, no server.

mod support;

use support::scripted::Play;
use support::scripts::{check, files, parse, read};

/// Plays all scripts of a family and lists every one that fails.
fn family(prefix: &str, how: Play) {
    let mut failed = Vec::new();
    let mut text = String::new();
    for path in files(prefix) {
        let file = read(&path);
        let failure = check(&file, how);
        if !failure.is_empty() {
            text.push_str(&format!("\n#### {}\n{failure}", file.name));
            failed.push(file.name);
        }
    }
    assert!(failed.is_empty(), "scripts that fail: {failed:?}\n{text}");
}

#[test]
fn start_up_that_goes_wrong_is_told_as_the_reference_tells_it() {
    family("startup_", Play::AsWritten);
}

#[test]
fn authentication_that_goes_wrong_is_told_as_the_reference_tells_it() {
    family("auth_", Play::AsWritten);
}

#[test]
fn bad_messages_are_told_as_the_reference_tells_them() {
    family("message_", Play::AsWritten);
}

#[test]
fn answers_out_of_turn_are_told_as_the_reference_tells_them() {
    family("order_", Play::AsWritten);
}

#[test]
fn sizes_that_cannot_be_are_not_believed() {
    family("size_", Play::AsWritten);
}

#[test]
fn odd_but_legal_servers_are_understood() {
    family("odd_", Play::AsWritten);
}

#[test]
fn a_session_cut_at_any_byte_ends_as_with_the_reference() {
    family("cut_", Play::CutAtEveryByte);
}

#[test]
fn a_session_in_pieces_of_any_size_is_a_session() {
    let mut text = String::new();
    for path in files("cut_") {
        for size in [1, 2, 3, 5, 7] {
            let source = std::fs::read_to_string(&path).expect("a script");
            let name = format!(
                "{}-pieces-{size}",
                path.file_stem().expect("a name").to_string_lossy()
            );
            text.push_str(&check(
                &parse(&name, &format!("pieces {size}\n{source}")),
                Play::AsWritten,
            ));
        }
    }
    assert!(text.is_empty(), "{text}");
}

#[test]
fn a_client_that_leaves_the_script_is_noticed() {
    // the bench itself: a script that expects what the client does not send must fail
    let file = parse(
        "self",
        "greet\nexpect P\nhangup\nclient connect\nclient exec SELECT 1\n",
    );
    assert!(check(&file, Play::AsWritten).contains("does not follow the script"));
}
