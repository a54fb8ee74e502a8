//! One character: how long, how wide, whether valid.

use super::width;
use super::*;

/// The ways an encoding's characters are built. Encodings of one family answer alike.
#[derive(Clone, Copy)]
enum Family {
    SingleByte,
    /// EUC_JP and EUC_JIS_2004.
    EucJapanese,
    EucCn,
    EucKr,
    EucTw,
    Utf8,
    Mule,
    /// SJIS and SHIFT_JIS_2004.
    ShiftJis,
    /// BIG5, GBK and UHC: two bytes after any byte above 127.
    DoubleByte,
    Gb18030,
    Johab,
}

/// What is no encoding counts as a single-byte one, as in the reference.
fn family(encoding: i32) -> Family {
    match encoding {
        EUC_JP | EUC_JIS_2004 => Family::EucJapanese,
        EUC_CN => Family::EucCn,
        EUC_KR => Family::EucKr,
        EUC_TW => Family::EucTw,
        UTF8 => Family::Utf8,
        MULE_INTERNAL => Family::Mule,
        SJIS | SHIFT_JIS_2004 => Family::ShiftJis,
        BIG5 | GBK | UHC => Family::DoubleByte,
        GB18030 => Family::Gb18030,
        JOHAB => Family::Johab,
        _ => Family::SingleByte,
    }
}

const SINGLE_SHIFT_2: u8 = 0x8e;
const SINGLE_SHIFT_3: u8 = 0x8f;

/// Length in bytes of the longest character of an encoding, as the reference states it.
pub fn max_len(encoding: i32) -> usize {
    match family(encoding) {
        Family::SingleByte => 1,
        Family::ShiftJis | Family::DoubleByte => 2,
        Family::EucJapanese | Family::EucCn | Family::EucKr | Family::Johab => 3,
        Family::EucTw | Family::Utf8 | Family::Mule | Family::Gb18030 => 4,
    }
}

/// Length in bytes that the character at the start of `text` claims to have; at least 1.
///
/// Looks at the first byte (GB18030: two) and may claim more than `text` holds. Missing bytes count as NUL.
pub fn mblen(encoding: i32, text: &[u8]) -> usize {
    let first = byte(text, 0);
    if first < 0x80 {
        return 1;
    }
    let family = family(encoding);
    if let Family::Utf8 = family {
        return utf8_mblen(first);
    }
    match (family, first) {
        (Family::SingleByte, _) => 1,
        (Family::EucTw, SINGLE_SHIFT_2) => 4,
        (Family::EucCn, SINGLE_SHIFT_2) => 3,
        (
            Family::EucJapanese | Family::EucCn | Family::EucKr | Family::EucTw | Family::Johab,
            SINGLE_SHIFT_3,
        ) => 3,
        (Family::Mule, 0x81..=0x8d) => 2,
        (Family::Mule, 0x90..=0x9b) => 3,
        (Family::Mule, 0x9c | 0x9d) => 4,
        (Family::Mule, _) => 1,
        (Family::ShiftJis, 0xa1..=0xdf) => 1,
        (Family::Gb18030, _) if byte(text, 1).is_ascii_digit() => 4,
        _ => 2,
    }
}

/// Length in bytes that a UTF-8 character with this first byte claims to have; 1 for bytes that begin none.
pub fn utf8_mblen(first: u8) -> usize {
    match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    }
}

/// Columns the character at the start of `text` takes on a terminal; 0 for NUL, -1 for control characters.
///
/// Does not validate: bytes are taken for the character they claim to be, missing ones count as NUL.
pub fn dsplen(encoding: i32, text: &[u8]) -> i32 {
    let first = byte(text, 0);
    if let b' '..=b'~' = first {
        return 1;
    }
    match family(encoding) {
        Family::Utf8 => {
            let low = |at, bits: u32| u32::from(byte(text, at)) & ((1 << bits) - 1);
            let code_point = match utf8_mblen(first) {
                2 => low(0, 5) << 6 | low(1, 6),
                3 => low(0, 4) << 12 | low(1, 6) << 6 | low(2, 6),
                4 => low(0, 3) << 18 | low(1, 6) << 12 | low(2, 6) << 6 | low(3, 6),
                // A byte that begins no character counts as a control character.
                _ if first >= 0x80 => return -1,
                _ => u32::from(first),
            };
            width::columns(code_point)
        }
        Family::Mule => match first {
            0x90..=0x99 | 0x9c | 0x9d => 2,
            _ => 1,
        },
        _ if first < 0x80 => width::columns(u32::from(first)),
        Family::SingleByte => 1,
        Family::EucJapanese if first == SINGLE_SHIFT_2 => 1,
        Family::ShiftJis if matches!(first, 0xa1..=0xdf) => 1,
        _ => 2,
    }
}

/// Length in bytes of the character at the start of `text`, `None` when it is invalid, cut off, or there is none.
pub fn verify(encoding: i32, text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    let family = family(encoding);
    if first < 0x80 {
        // NUL is a character to all but UTF-8.
        return (first != 0 || !matches!(family, Family::Utf8)).then_some(1);
    }
    let len = mblen(encoding, text);
    let (lead, rest) = text.get(..len)?.split_first()?;
    let euc = |byte: &u8| matches!(byte, 0xa1..=0xfe);
    let valid = match (family, *lead, rest) {
        (Family::SingleByte, ..) => true,
        (Family::EucJapanese, SINGLE_SHIFT_2, [second]) => matches!(second, 0xa1..=0xdf),
        (Family::EucJapanese, SINGLE_SHIFT_3, _) => rest.iter().all(euc),
        (Family::EucJapanese | Family::EucCn | Family::EucKr, _, _) => {
            euc(lead) && rest.iter().all(euc)
        }
        (Family::EucTw, SINGLE_SHIFT_2, [plane, rest @ ..]) => {
            matches!(plane, 0xa1..=0xa7) && rest.iter().all(euc)
        }
        (Family::EucTw, SINGLE_SHIFT_3, _) => false,
        // The first byte of these is not looked at.
        (Family::EucTw | Family::Johab, _, _) => rest.iter().all(euc),
        (Family::Utf8, ..) => utf8_is_legal(*lead, rest),
        (Family::Mule, ..) => rest.iter().all(|byte| !byte.is_ascii()),
        (Family::ShiftJis, 0xa1..=0xdf, []) => true,
        (Family::ShiftJis, 0x81..=0x9f | 0xe0..=0xfc, [second]) => {
            matches!(second, 0x40..=0x7e | 0x80..=0xfc)
        }
        (Family::ShiftJis, ..) => false,
        // 8D 20 is what escaping puts in place of bytes it refuses, so that the server refuses them too.
        (Family::DoubleByte, 0x8d, [b' ']) => false,
        (Family::DoubleByte, _, [second]) => *second != 0,
        (Family::DoubleByte, ..) => false,
        (Family::Gb18030, 0x81..=0xfe, [second]) => matches!(second, 0x40..=0x7e | 0x80..=0xfe),
        (Family::Gb18030, 0x81..=0xfe, [_, 0x81..=0xfe, fourth]) => fourth.is_ascii_digit(),
        (Family::Gb18030, ..) => false,
    };
    valid.then_some(len)
}

/// Unicode's table 3-7, "Well-Formed UTF-8 Byte Sequences".
fn utf8_is_legal(lead: u8, rest: &[u8]) -> bool {
    let Some((second, others)) = rest.split_first() else {
        return false;
    };
    let second_is_legal = match lead {
        0xc2..=0xdf | 0xe1..=0xec | 0xee | 0xef | 0xf1..=0xf3 => matches!(second, 0x80..=0xbf),
        0xe0 => matches!(second, 0xa0..=0xbf),
        0xed => matches!(second, 0x80..=0x9f),
        0xf0 => matches!(second, 0x90..=0xbf),
        0xf4 => matches!(second, 0x80..=0x8f),
        _ => false,
    };
    second_is_legal && others.iter().all(|byte| matches!(byte, 0x80..=0xbf))
}

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodings whose characters are not all one byte.
    const MULTIBYTE: [i32; 14] = [1, 2, 3, 4, 5, 6, 7, 35, 36, 37, 38, 39, 40, 41];

    /// Folds the answers for all one- and two-byte strings into one number (FNV-1a), so that any change shows.
    /// The numbers it is compared with came from libpq 18.6 by the same fold.
    fn digest(answer: impl Fn(i32, &[u8]) -> i32) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for encoding in -1..COUNT + 1 {
            for first in 0..=255u8 {
                for second in 0..=255u8 {
                    let value = answer(encoding, &[first, second, 0xb1, 0x30]);
                    hash = (hash ^ (value as u32 as u64)).wrapping_mul(0x100_0000_01b3);
                }
            }
        }
        hash
    }

    #[test]
    fn lengths_of_all_pairs_of_bytes_are_the_references() {
        assert_eq!(
            digest(|encoding, text| mblen(encoding, text) as i32),
            0x2d58_513f_0dc7_5125
        );
    }

    #[test]
    fn widths_of_all_pairs_of_bytes_are_the_references() {
        assert_eq!(digest(dsplen), 0x078a_77df_1caf_6bcd);
    }

    #[test]
    fn validity_of_all_pairs_of_bytes_is_the_references() {
        let answer = |encoding, text: &[u8]| match encoding {
            // The reference's function knows no numbers but those of encodings.
            0..COUNT => verify(encoding, text).map_or(-1, |len| len as i32),
            _ => 0,
        };
        assert_eq!(digest(answer), 0xdd66_26fc_5a5c_fde2);
    }

    #[test]
    fn a_valid_character_has_the_length_it_claims_and_no_prefix_of_it_is_valid() {
        for encoding in MULTIBYTE {
            for first in 0x80..=255u8 {
                for second in 1..=255u8 {
                    let text = [first, second, 0xb1, 0x31];
                    if let Some(len) = verify(encoding, &text) {
                        assert_eq!(len, mblen(encoding, &text));
                        for cut in 1..len {
                            assert_eq!(verify(encoding, &text[..cut]), None);
                        }
                    }
                }
            }
        }
        assert_eq!(verify(UTF8, b""), None);
    }

    #[test]
    fn longer_characters_are_checked_to_their_last_byte() {
        // Bounds measured on libpq 18.6's library, byte by byte.
        for (encoding, good, bad) in [
            (EUC_TW, b"\x8e\xa7\xa1\xfe", b"\x8e\xa8\xa1\xfe"),
            (EUC_TW, b"\x8e\xa1\xfe\xa1", b"\x8e\xa1\xfe\xa0"),
            (GB18030, b"\x81\x30\xfe\x39", b"\x81\x30\xfe\x3a"),
            (GB18030, b"\xfe\x39\x81\x30", b"\xfe\x39\x80\x30"),
            (UTF8, b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80"),
            (UTF8, b"\xf0\x90\x80\x80", b"\xf0\x90\x80\xc0"),
            (MULE_INTERNAL, b"\x9d\x80\x80\x80", b"\x9d\x80\x80\x7f"),
        ] {
            assert_eq!(verify(encoding, good), Some(4), "{encoding} {good:x?}");
            assert_eq!(verify(encoding, bad), None, "{encoding} {bad:x?}");
        }
        assert_eq!(verify(EUC_JP, b"\x8f\xa1\xfe"), Some(3));
        assert_eq!(verify(EUC_JP, b"\x8f\xa1\xff"), None);
        assert_eq!(verify(JOHAB, b"\x8f\xa1\xa0"), None);
    }

    #[test]
    fn wide_and_combining_characters_of_unicode_have_their_columns() {
        for (text, columns) in [
            ("a", 1),
            ("\u{1}", -1),
            ("\u{e9}", 1),
            ("\u{301}", 0),
            ("\u{3042}", 2),
            ("\u{1f600}", 2),
            ("\u{ad}", 0),
        ] {
            assert_eq!(dsplen(UTF8, text.as_bytes()), columns, "{text:?}");
        }
    }
}
