//! The client encodings: their numbers and names, and where one character ends in a string.
//!
//! Owns what the manual's section "Character Set Support" calls encodings, as libpq 18.6 answers about them: numbers are
//! the C values, so a number that is no encoding is legal everywhere and is treated as a single-byte one. Refuses to
//! convert text. Called by escaping and error display here, and by the encoding functions of `capi`.

mod character;
mod names;
mod width;

pub use character::{dsplen, max_len, mblen, utf8_mblen, verify};
pub use names::{from_name, is_server_encoding, name, name_with_nul};

/// No encoding: bytes above 127 mean nothing.
pub const SQL_ASCII: i32 = 0;
/// Extended Unix Code for Japanese.
pub const EUC_JP: i32 = 1;
/// Extended Unix Code for simplified Chinese.
pub const EUC_CN: i32 = 2;
/// Extended Unix Code for Korean.
pub const EUC_KR: i32 = 3;
/// Extended Unix Code for traditional Chinese.
pub const EUC_TW: i32 = 4;
/// Extended Unix Code for Japanese, JIS X 0213.
pub const EUC_JIS_2004: i32 = 5;
/// Unicode, 8-bit form.
pub const UTF8: i32 = 6;
/// Emacs' internal form; gone from PostgreSQL 19.
pub const MULE_INTERNAL: i32 = 7;
/// ISO 8859-1.
pub const LATIN1: i32 = 8;
/// Shift JIS.
pub const SJIS: i32 = 35;
/// Big Five.
pub const BIG5: i32 = 36;
/// Extended national standard of China.
pub const GBK: i32 = 37;
/// Unified Hangul Code.
pub const UHC: i32 = 38;
/// National standard of China, 2000.
pub const GB18030: i32 = 39;
/// Korean Johab.
pub const JOHAB: i32 = 40;
/// Shift JIS, JIS X 0213.
pub const SHIFT_JIS_2004: i32 = 41;
/// How many encodings there are; their numbers are 0 to one less.
pub const COUNT: i32 = 42;
