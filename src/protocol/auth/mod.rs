//! Authentication exchanges as sans-IO machines.
//!
//! Owns the bytes of the md5, SCRAM-SHA-256 and OAUTHBEARER exchanges, SASLprep, and the choice among SASL mechanisms.
//! Refuses to know where a password or token came from. Randomness is always an argument.

pub mod base64;
pub mod json;
pub mod md5;
pub mod mechanism;
pub mod oauth;
pub mod saslprep;
pub mod scram;
pub mod stretch;

pub use md5::md5_response;
pub use scram::{ChannelBinding, Scram, ScramSecret};

/// What went wrong in an authentication exchange.
///
/// [`AuthError::write_text`] renders libpq's wording; the texts are the `scram` rows of the message table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// A SCRAM message of zero bytes.
    EmptyMessage,
    /// A SCRAM message with an embedded NUL.
    LengthMismatch,
    /// Another attribute stood where this one belongs.
    AttributeExpected(u8),
    /// The attribute's letter is not followed by `=`.
    EqualsExpected(u8),
    /// The server's nonce does not begin with ours.
    NonceMismatch,
    /// The salt is not base64.
    InvalidSalt,
    /// The iteration count is not a positive number.
    InvalidIterationCount,
    /// Bytes after the iteration count of the server-first-message.
    GarbageAfterServerFirst,
    /// Bytes after the signature of the server-final-message.
    GarbageAfterServerFinal,
    /// The server's signature is not 32 bytes of base64.
    InvalidServerSignature,
    /// The server sent `e=` with this text (as it came, in whatever encoding).
    ServerError(Vec<u8>),
    /// The server does not know the password's keys.
    IncorrectServerSignature,
    /// A message came when the machine was waiting for another one.
    OutOfTurn,
    /// No memory.
    OutOfMemory,
}

impl AuthError {
    /// Appends libpq's wording, without a trailing newline.
    ///
    /// When memory for a server's `e=` text cannot be had, only the fixed part is appended.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        let attribute = |out: &mut Vec<u8>, before: &str, letter: u8, after: &str| {
            out.extend_from_slice(before.as_bytes());
            out.push(letter);
            out.extend_from_slice(after.as_bytes());
        };
        let fixed = match self {
            AuthError::EmptyMessage => "malformed SCRAM message (empty message)",
            AuthError::LengthMismatch => "malformed SCRAM message (length mismatch)",
            AuthError::AttributeExpected(letter) => {
                return attribute(
                    out,
                    "malformed SCRAM message (attribute \"",
                    *letter,
                    "\" expected)",
                );
            }
            AuthError::EqualsExpected(letter) => {
                return attribute(
                    out,
                    "malformed SCRAM message (expected character \"=\" for attribute \"",
                    *letter,
                    "\")",
                );
            }
            AuthError::NonceMismatch => "invalid SCRAM response (nonce mismatch)",
            AuthError::InvalidSalt => "malformed SCRAM message (invalid salt)",
            AuthError::InvalidIterationCount => "malformed SCRAM message (invalid iteration count)",
            AuthError::GarbageAfterServerFirst => {
                "malformed SCRAM message (garbage at end of server-first-message)"
            }
            AuthError::GarbageAfterServerFinal => {
                "malformed SCRAM message (garbage at end of server-final-message)"
            }
            AuthError::InvalidServerSignature => {
                "malformed SCRAM message (invalid server signature)"
            }
            AuthError::ServerError(text) => {
                out.extend_from_slice(b"error received from server in SCRAM exchange: ");
                if out.try_reserve(text.len()).is_ok() {
                    out.extend_from_slice(text);
                }
                return;
            }
            AuthError::IncorrectServerSignature => "incorrect server signature",
            // libpq's answer to a SASL step that fails without a text of its own.
            AuthError::OutOfTurn => "fe_sendauth: error in SASL authentication",
            AuthError::OutOfMemory => "out of memory",
        };
        out.extend_from_slice(fixed.as_bytes());
    }
}

/// Copies `bytes` into a fresh vector, failing softly when memory is short.
pub(crate) fn try_copy(bytes: &[u8]) -> Result<Vec<u8>, AuthError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len())
        .map_err(|_| AuthError::OutOfMemory)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}
