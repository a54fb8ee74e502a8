//! Password secrets for `ALTER USER`, so that a clear password never reaches the server.

use zeroize::Zeroizing;

use super::command::Refused;
use super::error::ClientError;
use super::{Connection, Handle, blocking};
use crate::connect::chance;
use crate::protocol::password::{self, SALT_LEN};
use crate::protocol::result::QueryResult;
use crate::protocol::types::ExecStatus;

/// The longest `password_encryption` that is taken from a server, in bytes.
const LONGEST_ALGORITHM: usize = 50;

/// Makes the secret of a password: by the algorithm named, or else by the one that the server's `password_encryption`
/// says (behaviour 394).
///
/// `None` with the reason in the error text.
pub fn encrypt(
    handle: &mut impl Handle,
    password: &[u8],
    user: &[u8],
    algorithm: Option<&[u8]>,
) -> Option<Zeroizing<Vec<u8>>> {
    handle.with(Connection::begin_cycle);
    let asked;
    let algorithm = match algorithm {
        Some(algorithm) => algorithm,
        None => {
            asked = ask_algorithm(handle)?;
            &asked
        }
    };
    let secret = match algorithm {
        b"md5" | b"on" | b"off" => Ok(md5(user, password)),
        b"scram-sha-256" => {
            let iterations = handle.with(|c| c.link.session.facts.scram_iterations);
            scram(password, iterations, chance::system)
        }
        _ => Err(ClientError::UnknownAlgorithm(algorithm.to_vec())),
    };
    secret
        .map_err(|error| handle.with(|c| c.report(&error)))
        .ok()
}

/// Gives a user another password, and waits for the outcome; `None` when it was not even tried.
pub fn change<H: Handle, T>(
    handle: &mut H,
    user: &[u8],
    password: &[u8],
    hand_out: impl FnMut(&mut H, QueryResult) -> T,
) -> Option<T> {
    let secret = encrypt(handle, password, user, None)?;
    let command = handle.with(|c| c.alter_user(user, &secret))?;
    let send = |c: &mut Connection| -> Result<(), Refused> { c.send_query(Some(&command)) };
    blocking::exec(handle, send, hand_out)
}

/// The md5 secret, which needs no connection (behaviour 395).
pub fn md5(user: &[u8], password: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password::md5_secret(user, password).to_vec())
}

fn scram(
    password: &[u8],
    iterations: i32,
    random: chance::RandomBytes,
) -> Result<Zeroizing<Vec<u8>>, ClientError> {
    let mut salt = [0; SALT_LEN];
    if !random(&mut salt) {
        return Err(ClientError::NoRandomSalt);
    }
    let iterations = u32::try_from(iterations).unwrap_or(0);
    password::scram_secret(password, salt, iterations).ok_or(ClientError::OutOfMemory)
}

/// What the server's `password_encryption` is.
fn ask_algorithm(handle: &mut impl Handle) -> Option<Vec<u8>> {
    let send = |c: &mut Connection| c.send_query(Some(b"show password_encryption"));
    let result = blocking::exec(handle, send, |_, result| result)?;
    if result.status != ExecStatus::TuplesOk {
        return None;
    }
    let error = match result.rows.value(0, 0).unwrap_or_default() {
        _ if (result.rows.rows(), result.columns.len()) != (1, 1) => ClientError::ShowShape,
        value if value.len() > LONGEST_ALGORITHM => ClientError::AlgorithmTooLong,
        value => return Some(value.to_vec()),
    };
    handle.with(|c| c.report(&error));
    None
}

impl Connection {
    fn report(&mut self, error: &ClientError) {
        let errors = &mut self.link.session.errors;
        errors.push_with(|out| error.write_text(out));
    }

    /// The command that gives a user a secret for a password.
    fn alter_user(&mut self, user: &[u8], secret: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let user = self.escape_identifier(user)?;
        let secret = Zeroizing::new(self.escape_literal(secret)?);
        let parts: [&[u8]; 4] = [b"ALTER USER ", &user, b" PASSWORD ", &secret];
        Some(Zeroizing::new(parts.concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scram_secret_needs_random_bytes() {
        assert_eq!(scram(b"p", 1, |_| false), Err(ClientError::NoRandomSalt));
        let fixed = |salt: &mut [u8]| {
            salt.fill(b'x');
            true
        };
        let secret = scram(b"p", 7, fixed).unwrap();
        assert!(secret.starts_with(b"SCRAM-SHA-256$7:eHh4eHh4eHh4eHh4eHh4eA==$"));
    }

    #[test]
    fn errors_are_worded_as_libpq_words_them() {
        for (error, text) in [
            (
                ClientError::UnknownAlgorithm(b"x".to_vec()),
                "unrecognized password encryption algorithm \"x\"",
            ),
            (
                ClientError::ShowShape,
                "unexpected shape of result set returned for SHOW",
            ),
            (
                ClientError::AlgorithmTooLong,
                "\"password_encryption\" value too long",
            ),
            (
                ClientError::NoRandomSalt,
                "could not encrypt password: could not generate random salt",
            ),
            (
                ClientError::OutOfMemory,
                "could not encrypt password: out of memory",
            ),
        ] {
            let mut out = Vec::new();
            error.write_text(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
