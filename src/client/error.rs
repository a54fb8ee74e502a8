//! What this floor itself finds wrong, and the one place that words it. Texts are libpq's, without the final newline.

use crate::config::ConfigError;
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
    /// Something was to be set on a connection that has been started.
    AlreadyStarted,
    /// An option that does not exist, or whose time is over.
    NotSettable(Vec<u8>),
    /// Something was to be set on a factory from which connections have been started.
    FactoryInUse,
    /// No memory for an option.
    NoMemory,
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
            AlreadyStarted => put!(out, "connection has been started already"),
            NotSettable(keyword) => put!(out, "connection option \"", keyword, "\" cannot be set"),
            FactoryInUse => put!(
                out,
                "connections have been started from this factory already"
            ),
            NoMemory => put!(out, "out of memory"),
        }
    }
}

impl From<ConfigError> for ClientError {
    /// What is wrong with setting an option.
    fn from(_: ConfigError) -> Self {
        ClientError::NoMemory
    }
}

fn put_file(out: &mut Vec<u8>, what: &str, name: &[u8], errno: i32) {
    put!(out, "could not ", what, " file \"", name, "\": ");
    net::write_os_error(errno, out);
}
