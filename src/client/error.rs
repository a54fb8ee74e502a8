//! What this floor itself finds wrong, and the one place that words it. Texts are libpq's, without the final newline.

use crate::net;
use crate::protocol::error::put;

/// What this floor itself finds wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// The server lacks a large-object function.
    NoLargeObjectFunction(&'static str),
    /// Looking the large-object functions up gave no rows at all.
    NoLargeObjectFunctions,
    /// A length that the named function cannot take.
    LengthTooLarge(&'static str),
    /// A local file cannot be opened.
    OpenFile {
        /// Its name.
        name: Vec<u8>,
        /// The error number.
        errno: i32,
    },
    /// A local file cannot be read.
    ReadFile {
        /// Its name.
        name: Vec<u8>,
        /// The error number.
        errno: i32,
    },
    /// A local file cannot be written.
    WriteFile {
        /// Its name.
        name: Vec<u8>,
        /// The error number.
        errno: i32,
    },
    /// SHOW gave something else than one value.
    ShowShape,
    /// The server's `password_encryption` cannot be.
    AlgorithmTooLong,
    /// A password encryption nobody knows.
    UnknownAlgorithm(Vec<u8>),
    /// There are no random bytes for a salt.
    NoRandomSalt,
    /// No memory for a password's secret.
    OutOfMemory,
}

impl ClientError {
    /// Appends libpq's text.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use ClientError::*;
        match self {
            NoLargeObjectFunction(name) => put!(out, "cannot determine OID of function ", name),
            NoLargeObjectFunctions => put!(
                out,
                "query to initialize large object functions did not return data"
            ),
            LengthTooLarge(function) => {
                put!(out, "argument of ", function, " exceeds integer range")
            }
            OpenFile { name, errno } => put_file(out, "open", name, *errno),
            ReadFile { name, errno } => put_file(out, "read from", name, *errno),
            WriteFile { name, errno } => put_file(out, "write to", name, *errno),
            ShowShape => put!(out, "unexpected shape of result set returned for SHOW"),
            AlgorithmTooLong => put!(out, "\"password_encryption\" value too long"),
            UnknownAlgorithm(name) => put!(
                out,
                "unrecognized password encryption algorithm \"",
                name,
                "\""
            ),
            NoRandomSalt => put!(
                out,
                "could not encrypt password: could not generate random salt"
            ),
            OutOfMemory => put!(out, "could not encrypt password: out of memory"),
        }
    }
}

fn put_file(out: &mut Vec<u8>, what: &str, name: &[u8], errno: i32) {
    put!(out, "could not ", what, " file \"", name, "\": ");
    net::write_os_error(errno, out);
}
