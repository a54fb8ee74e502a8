//! SASLprep (RFC 4013) of passwords, with libpq's fall-back to the raw bytes.

use zeroize::{Zeroize, Zeroizing};

/// The bytes that enter the SCRAM computation for `password` (behaviour 134).
///
/// What is not UTF-8, is all ASCII, holds a prohibited or unassigned character, breaks the rules for bidirectional
/// text, or would become empty is taken as it is. `None` when memory is short.
pub fn prepare(password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !password.is_ascii()
        && let Ok(text) = core::str::from_utf8(password)
    {
        // Normalization may lengthen a text 18-fold and its crate allocates without asking: ask in its place.
        let mut room: Vec<u8> = Vec::new();
        room.try_reserve_exact(password.len().checked_mul(18)?)
            .ok()?;
        drop(room);
        if let Ok(prepared) = stringprep::saslprep(text)
            && !prepared.is_empty()
        {
            let mut owned = prepared.into_owned();
            let copy = copied(owned.as_bytes());
            owned.zeroize();
            return copy;
        }
    }
    copied(password)
}

fn copied(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).ok()?;
    copy.extend_from_slice(bytes);
    Some(Zeroizing::new(copy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(password: &str) -> String {
        String::from_utf8(prepare(password.as_bytes()).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_4013_are_prepared() {
        assert_eq!(prepared("I\u{ad}X"), "IX");
        assert_eq!(prepared("user"), "user");
        assert_eq!(prepared("USER"), "USER");
        assert_eq!(prepared("\u{aa}"), "a");
        assert_eq!(prepared("\u{2168}"), "IX");
    }

    #[test]
    fn a_prohibited_or_unassigned_character_leaves_the_password_raw() {
        // behaviour 134: a control character, text that mixes directions, and an emoji of a later Unicode.
        for password in ["\u{7}\u{aa}", "\u{627}1", "\u{2168}\u{1f600}"] {
            assert_eq!(prepared(password), password);
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_stay_raw() {
        assert_eq!(&prepare(b"\xff\xc2\xaa").unwrap()[..], b"\xff\xc2\xaa");
    }

    #[test]
    fn a_password_that_would_vanish_stays_raw() {
        assert_eq!(prepared("\u{ad}"), "\u{ad}");
    }

    #[test]
    fn ascii_stays_raw_with_its_control_characters() {
        assert_eq!(prepared("a\u{1}b"), "a\u{1}b");
    }
}
