//! Building the secrets that `ALTER ROLE ... PASSWORD` stores, so that a clear password never travels.
//!
//! Called by `PQencryptPassword`, `PQencryptPasswordConn` and `PQchangePassword`; the salt and the count are theirs to
//! choose (the salt must be random).

use crate::protocol::auth::{base64, md5, scram};
use zeroize::Zeroizing;

/// Iterations of a SCRAM secret when the server has not reported `scram_iterations`.
pub const DEFAULT_SCRAM_ITERATIONS: u32 = 4096;
/// Length in bytes of the salt of a SCRAM secret.
pub const SALT_LEN: usize = 16;

/// The md5 secret: `md5` and the hexadecimal digest of password and user (behaviour 395).
pub fn md5_secret(user: &[u8], password: &[u8]) -> Zeroizing<[u8; 35]> {
    md5::md5_secret(user, password)
}

/// The SCRAM secret `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` (behaviour 396).
///
/// `iterations` counts from 1; zero is taken as [`DEFAULT_SCRAM_ITERATIONS`]. `None` when memory is short.
pub fn scram_secret(
    password: &[u8],
    salt: [u8; SALT_LEN],
    iterations: u32,
) -> Option<Zeroizing<Vec<u8>>> {
    let iterations = match iterations {
        0 => DEFAULT_SCRAM_ITERATIONS,
        count => count,
    };
    let salted = scram::salted_password(password, &salt, iterations)?;
    let mut secret = Zeroizing::new(Vec::new());
    // The longest: 14 + 10 digits + 1 + 24 + 1 + 44 + 1 + 44. Reserved whole, so that no copy is left behind.
    secret.try_reserve_exact(160).ok()?;
    secret.extend_from_slice(b"SCRAM-SHA-256$");
    secret.extend_from_slice(iterations.to_string().as_bytes());
    secret.push(b':');
    base64::encode(&salt, &mut secret);
    secret.push(b'$');
    base64::encode(&scram::stored_key_of(&salted)[..], &mut secret);
    secret.push(b':');
    base64::encode(&scram::server_key(&salted)[..], &mut secret);
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scram_secret_is_what_the_reference_builds_from_the_same_salt() {
        // behaviour 396
        assert_eq!(
            core::str::from_utf8(&scram_secret(b"secret", *b"0123456789abcdef", 4096).unwrap()),
            Ok(
                "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$bpSY5Ze9NUH+I35LC3gVq+DpBfK46iXBxvhAKqVu9pE=:VpYlBuxyzeCI1KnctrefdljpB1mk3Gp7sBI/t11+NkQ="
            )
        );
        assert_eq!(
            scram_secret(b"secret", *b"0123456789abcdef", 0),
            scram_secret(b"secret", *b"0123456789abcdef", 4096)
        );
    }

    #[test]
    fn the_password_of_a_scram_secret_is_prepared_first() {
        assert_eq!(
            scram_secret("\u{2168}".as_bytes(), [7; 16], 1),
            scram_secret(b"IX", [7; 16], 1)
        );
    }
}
