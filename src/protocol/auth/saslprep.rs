//! SASLprep (RFC 4013) of passwords, with libpq's fall-back to the raw bytes.

use stringprep::tables;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// The bytes that enter the SCRAM computation for `password` (behaviour 134).
///
/// What is not UTF-8, is all ASCII, holds a prohibited or unassigned character, breaks the rules for bidirectional
/// text, or would become empty is taken as it is. `None` when memory is short.
pub fn prepare(password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !password.is_ascii()
        && let Ok(text) = core::str::from_utf8(password)
        && allowed(text)
    {
        let mut prepared = Zeroizing::new(Vec::new());
        for c in mapped(text).nfkc() {
            let mut bytes = [0; 4];
            append(&mut prepared, c.encode_utf8(&mut bytes).as_bytes())?;
        }
        return Some(prepared);
    }
    let mut raw = Zeroizing::new(Vec::new());
    append(&mut raw, password)?;
    Some(raw)
}

/// Grows by moving to a new vector, so that the old one is wiped and no copy of a password stays in freed memory.
fn append(to: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) -> Option<()> {
    if to.capacity() - to.len() < bytes.len() {
        let mut grown = Zeroizing::new(Vec::new());
        grown
            .try_reserve_exact(bytes.len().checked_add(to.len().checked_mul(2)?)?)
            .ok()?;
        grown.extend_from_slice(to);
        *to = grown;
    }
    to.extend_from_slice(bytes);
    Some(())
}

/// RFC 4013 section 2.1.
fn mapped(text: &str) -> impl DoubleEndedIterator<Item = char> {
    // In this order: U+200B is in both tables and becomes a space.
    text.chars()
        .map(|c| match tables::non_ascii_space_character(c) {
            true => ' ',
            false => c,
        })
        .filter(|&c| !tables::commonly_mapped_to_nothing(c))
}

/// Whether the mapped text may be used (RFC 4013 sections 2.3 to 2.5) and holds anything.
///
/// libpq 18.6 was seen to ask this before normalization, where the RFC asks it after.
fn allowed(text: &str) -> bool {
    let prohibited = |c| {
        tables::ascii_control_character(c)
            || tables::non_ascii_control_character(c)
            || tables::private_use(c)
            || tables::non_character_code_point(c)
            || tables::inappropriate_for_plain_text(c)
            || tables::inappropriate_for_canonical_representation(c)
            || tables::change_display_properties_or_deprecated(c)
            || tables::tagging_character(c)
            || tables::unassigned_code_point(c)
    };
    let (Some(first), Some(last)) = (mapped(text).next(), mapped(text).next_back()) else {
        return false;
    };
    if mapped(text).any(prohibited) {
        return false;
    }
    if !mapped(text).any(tables::bidi_r_or_al) {
        return true;
    }
    // RFC 3454 table D.2 holds all mathematical letters; later Unicode, which the crate asks, made the nabla and
    // partial differential signs among them neutral.
    let left_to_right = |c| tables::bidi_l(c) || matches!(c, '\u{1d6a8}'..='\u{1d7c9}');
    !mapped(text).any(left_to_right) && tables::bidi_r_or_al(first) && tables::bidi_r_or_al(last)
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
    fn prohibition_and_direction_are_judged_before_normalization_as_in_the_reference() {
        // U+0340 is prohibited though it normalizes to a permitted character; U+2100 (neutral) becomes the left-to-right
        // "a/c" between right-to-left letters.
        assert_eq!(prepared("a\u{340}"), "a\u{340}");
        assert_eq!(prepared("\u{627}\u{2100}\u{628}"), "\u{627}a/c\u{628}");
        assert_eq!(
            prepared("\u{627}\u{1d6c1}\u{628}"),
            "\u{627}\u{1d6c1}\u{628}"
        );
    }

    #[test]
    fn a_zero_width_space_becomes_a_space() {
        assert_eq!(prepared("a\u{200b}\u{aa}"), "a a");
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
