//! Numbers and names of encodings.

use super::{COUNT, SJIS};

/// Official names, by number, each with a NUL for C.
const NAMES: [&str; COUNT as usize] = [
    "SQL_ASCII\0",
    "EUC_JP\0",
    "EUC_CN\0",
    "EUC_KR\0",
    "EUC_TW\0",
    "EUC_JIS_2004\0",
    "UTF8\0",
    "MULE_INTERNAL\0",
    "LATIN1\0",
    "LATIN2\0",
    "LATIN3\0",
    "LATIN4\0",
    "LATIN5\0",
    "LATIN6\0",
    "LATIN7\0",
    "LATIN8\0",
    "LATIN9\0",
    "LATIN10\0",
    "WIN1256\0",
    "WIN1258\0",
    "WIN866\0",
    "WIN874\0",
    "KOI8R\0",
    "WIN1251\0",
    "WIN1252\0",
    "ISO_8859_5\0",
    "ISO_8859_6\0",
    "ISO_8859_7\0",
    "ISO_8859_8\0",
    "WIN1250\0",
    "WIN1253\0",
    "WIN1254\0",
    "WIN1255\0",
    "WIN1257\0",
    "KOI8U\0",
    "SJIS\0",
    "BIG5\0",
    "GBK\0",
    "UHC\0",
    "GB18030\0",
    "JOHAB\0",
    "SHIFT_JIS_2004\0",
];

/// Other names, in the folded form of [`from_name`]: the manual's aliases and what libpq 18.6 was found to know besides.
const ALIASES: [(&str, i32); 39] = [
    ("abc", 19),
    ("alt", 20),
    ("iso88591", 8),
    ("iso885910", 13),
    ("iso885913", 14),
    ("iso885914", 15),
    ("iso885915", 16),
    ("iso885916", 17),
    ("iso88592", 9),
    ("iso88593", 10),
    ("iso88594", 11),
    ("iso88599", 12),
    ("koi8", 22),
    ("mskanji", 35),
    ("shiftjis", 35),
    ("tcvn", 19),
    ("tcvn5712", 19),
    ("unicode", 6),
    ("vscii", 19),
    ("win", 23),
    ("win932", 35),
    ("win936", 37),
    ("win949", 38),
    ("win950", 36),
    ("windows1250", 29),
    ("windows1251", 23),
    ("windows1252", 24),
    ("windows1253", 30),
    ("windows1254", 31),
    ("windows1255", 32),
    ("windows1256", 18),
    ("windows1257", 33),
    ("windows1258", 19),
    ("windows866", 20),
    ("windows874", 21),
    ("windows932", 35),
    ("windows936", 37),
    ("windows949", 38),
    ("windows950", 36),
];

/// Names of this many bytes or more are no encoding (the server's limit on names).
const NAME_LIMIT: usize = 64;

/// The official name of an encoding, `None` for a number that is none.
pub fn name(encoding: i32) -> Option<&'static str> {
    name_with_nul(encoding).map(|name| name.trim_end_matches('\0'))
}

/// As [`name`], with a NUL behind the name.
pub fn name_with_nul(encoding: i32) -> Option<&'static str> {
    usize::try_from(encoding)
        .ok()
        .and_then(|index| NAMES.get(index))
        .copied()
}

/// The number of the encoding called `name`, official name or alias.
///
/// Only ASCII letters and digits count, in either case (behaviour 258).
pub fn from_name(name: &[u8]) -> Option<i32> {
    if name.len() >= NAME_LIMIT {
        return None;
    }
    let folded = || {
        name.iter()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
    };
    let called = |known: &str| {
        folded().eq(known
            .bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| byte.to_ascii_lowercase()))
    };
    let official = NAMES.iter().position(|known| called(known));
    official.map(|index| index as i32).or_else(|| {
        ALIASES
            .iter()
            .find(|(alias, _)| called(alias))
            .map(|&(_, encoding)| encoding)
    })
}

/// Whether a database can be in this encoding (some are for clients only).
pub fn is_server_encoding(encoding: i32) -> bool {
    (0..SJIS).contains(&encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_official_name_is_found_and_given_back() {
        for encoding in 0..COUNT {
            assert_eq!(
                from_name(name(encoding).unwrap().as_bytes()),
                Some(encoding)
            );
        }
        assert_eq!(name(-1), None);
        assert_eq!(name(COUNT), None);
    }

    #[test]
    fn case_and_punctuation_do_not_count() {
        // behaviour 258
        for text in ["utf-8", "U t F+8", "UTF_8", "unicode", "Uni-Code"] {
            assert_eq!(from_name(text.as_bytes()), Some(6), "{text}");
        }
        assert_eq!(from_name(b"UTF8\xff"), Some(6));
        assert_eq!(from_name(b"ISO 8859-1"), Some(8));
        assert_eq!(from_name(b"KOI8-R"), Some(22));
    }

    #[test]
    fn empty_unknown_and_too_long_names_are_no_encoding() {
        for text in ["", "   ", "latin", "cp1252", "utf16", "L\u{c1}TIN1"] {
            assert_eq!(from_name(text.as_bytes()), None, "{text}");
        }
        let mut long = b"utf8".to_vec();
        long.resize(63, b'_');
        assert_eq!(from_name(&long), Some(6));
        long.push(b'_');
        assert_eq!(from_name(&long), None);
    }

    #[test]
    fn client_only_encodings_are_no_server_encodings() {
        assert!(is_server_encoding(0) && is_server_encoding(34));
        assert!(!is_server_encoding(-1) && !is_server_encoding(35) && !is_server_encoding(42));
    }
}
