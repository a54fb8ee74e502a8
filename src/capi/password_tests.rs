use super::*;
use crate::capi::result::{PQclear, PQresultStatus};
use crate::capi::testing_server::{Scripted, complete, error, rows, text};

fn encrypt(c: &Scripted, algorithm: Option<&std::ffi::CStr>) -> Option<String> {
    let algorithm = algorithm.map_or(std::ptr::null(), std::ffi::CStr::as_ptr);
    // SAFETY: the connection lives; the secret is ours.
    unsafe {
        let secret = PQencryptPasswordConn(c.conn, c"pw".as_ptr(), c"us".as_ptr(), algorithm);
        let copy = text(secret);
        alloc::free(secret.cast());
        copy
    }
}

const MD5: &str = "md5f0cee2b2aa88e30e0e0149b9a3632512";

#[test]
fn behaviour_394_an_algorithm_is_named_or_asked_for() {
    let c = Scripted::new(&[
        rows(1, &[&["md5"]]),
        rows(1, &[&["scram-sha-256"]]),
        error("no"),
    ]);
    for name in [c"md5", c"on", c"off"] {
        assert_eq!(encrypt(&c, Some(name)).as_deref(), Some(MD5));
    }
    assert_eq!(encrypt(&c, None).as_deref(), Some(MD5));
    assert!(
        encrypt(&c, None)
            .unwrap()
            .starts_with("SCRAM-SHA-256$4096:")
    );
    assert_ne!(
        encrypt(&c, Some(c"scram-sha-256")),
        encrypt(&c, Some(c"scram-sha-256"))
    );
    assert_eq!(encrypt(&c, Some(c"MD5")), None);
    assert_eq!(
        c.error(),
        "unrecognized password encryption algorithm \"MD5\"\n"
    );
    assert_eq!(encrypt(&c, None), None);
    assert_eq!(c.error(), "ERROR:  no\n");
    assert_eq!(c.finish()[0], b"Q\0\0\0\x1dshow password_encryption\0");
}

#[test]
fn behaviour_394_answers_that_are_no_algorithm() {
    let long = "y".repeat(51);
    let c = Scripted::new(&[
        rows(1, &[]),
        rows(2, &[&["md5", "x"]]),
        rows(1, &[&[&long]]),
    ]);
    for text in [
        "unexpected shape of result set returned for SHOW\n",
        "unexpected shape of result set returned for SHOW\n",
        "\"password_encryption\" value too long\n",
    ] {
        assert_eq!(encrypt(&c, None), None);
        assert_eq!(c.error(), text);
    }
    c.finish();
}

#[test]
fn behaviour_395_md5_needs_no_connection() {
    // SAFETY: the texts are texts or NULL; the secret is ours.
    unsafe {
        let secret = PQencryptPassword(c"pw".as_ptr(), c"us".as_ptr());
        assert_eq!(text(secret).as_deref(), Some(MD5));
        alloc::free(secret.cast());
        assert!(PQencryptPassword(std::ptr::null(), c"us".as_ptr()).is_null());
        assert!(PQencryptPassword(c"pw".as_ptr(), std::ptr::null()).is_null());
    }
}

#[test]
fn behaviour_397_the_password_is_changed_by_a_quoted_command() {
    let c = Scripted::new(&[rows(1, &[&["md5"]]), complete("ALTER ROLE")]);
    // SAFETY: the connection lives; the result is ours.
    unsafe {
        let result = PQchangePassword(c.conn, c"we\"ird".as_ptr(), c"pw".as_ptr());
        assert_eq!(PQresultStatus(result), 1);
        PQclear(result);
        assert!(PQchangePassword(c.conn, std::ptr::null(), c"pw".as_ptr()).is_null());
    }
    let sent = c.finish();
    let command = String::from_utf8(sent[1][5..].to_vec()).unwrap();
    assert!(
        command.starts_with("ALTER USER \"we\"\"ird\" PASSWORD 'md5"),
        "{command}"
    );
    assert!(!command.contains("'pw'"));
}

#[test]
fn missing_texts_give_null() {
    let c = Scripted::new(&[]);
    // SAFETY: the connection lives; the texts are NULL.
    unsafe {
        let none = std::ptr::null();
        assert!(PQencryptPasswordConn(c.conn, none, none, none).is_null());
        assert!(PQencryptPasswordConn(null_mut(), none, none, none).is_null());
        assert!(PQchangePassword(c.conn, none, none).is_null());
    }
    c.finish();
}
