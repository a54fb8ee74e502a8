//! Makes inputs for the escaping functions in every encoding a client can have.

use crate::machine::Case;
use crate::rng::Rng;

const ENCODINGS: &[&str] = &[
    "SQL_ASCII",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "UTF8",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
    "SJIS",
    "BIG5",
    "GBK",
    "UHC",
    "GB18030",
    "JOHAB",
    "SHIFT_JIS_2004",
];

/// Bytes that some encoding or escape syntax gives a meaning.
const TELLING: &[u8] = b"\\\\''\"x0159aF \n\x7f\x80\x81\x8e\x8f\x90\x9a\x9d\xa1\xc0\xc2\xc3\xe0\xed\xf0\xf4\xf8\xfe\xff\x30\x39\x40\x5c\x7c";

/// So many inputs, spread over all encodings and both settings of standard_conforming_strings.
pub fn write(rng: &mut Rng, count: usize) -> Vec<Case> {
    let each = count.div_ceil(ENCODINGS.len() * 2);
    let mut cases = Vec::new();
    for encoding in ENCODINGS {
        for conforming in ["on", "off"] {
            let mut lines = vec![
                format!("exec set standard_conforming_strings = {conforming}"),
                format!("encoding {encoding}"),
            ];
            lines.extend((0..each).map(|_| format!("escape {}", bytes(rng))));
            cases.push(Case {
                lines,
                schedule: None,
            });
        }
    }
    cases
}

fn bytes(rng: &mut Rng) -> String {
    let mut text = String::new();
    // Hex and octal of bytea values are a subject of their own.
    if rng.percent(15) {
        text += "\\\\x";
        for _ in 0..rng.below(12) {
            text += rng.pick(&["0", "4", "1", "a", "F", "g", " "]);
        }
    }
    for _ in 0..rng.below(9) {
        let byte = if rng.percent(70) {
            TELLING[rng.below(TELLING.len())]
        } else {
            rng.next() as u8
        };
        // A NUL ends what some of the functions read: seldom.
        let byte = if byte == 0 && rng.percent(70) {
            1
        } else {
            byte
        };
        text += &format!("\\x{byte:02x}");
    }
    text
}
