//! The md5 password exchange (protocol chapter "Authentication", `AuthenticationMD5Password`).

use md5::{Digest, Md5};
use zeroize::{Zeroize, Zeroizing};

/// The text of a PasswordMessage that answers `AuthenticationMD5Password`: `md5` and 32 hexadecimal digits.
///
/// It is `md5(hex(md5(password || user)) || salt)`. The first digest is what the server stores, so it is wiped.
pub fn md5_response(user: &[u8], password: &[u8], salt: [u8; 4]) -> [u8; 35] {
    let stored = md5_secret(user, password);
    // The inner digest enters without its "md5".
    prefixed(&[&stored[3..], &salt])
}

/// The secret the server stores for md5: `md5` and the 32 hexadecimal digits of `md5(password || user)`.
pub(crate) fn md5_secret(user: &[u8], password: &[u8]) -> Zeroizing<[u8; 35]> {
    Zeroizing::new(prefixed(&[password, user]))
}

fn prefixed(parts: &[&[u8]]) -> [u8; 35] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    let mut digest: [u8; 16] = hash.finalize().into();
    let mut text = *b"md500000000000000000000000000000000";
    for (pair, byte) in text[3..].chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digest.zeroize();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_secret_is_the_hash_of_password_and_user() {
        // behaviour 395; value from the reference's PQencryptPassword("secret", "alice").
        assert_eq!(
            &md5_secret(b"alice", b"secret")[..],
            b"md54a0a68b43b6cd5cf266fa02f196e2371"
        );
    }

    #[test]
    fn the_response_hashes_the_secret_again_with_the_salt() {
        assert_eq!(
            &md5_response(b"alice", b"secret", [1, 2, 3, 4])[..],
            b"md598a0412b9c31436fc53776e863350083"
        );
    }
}
