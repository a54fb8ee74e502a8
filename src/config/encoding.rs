//! `client_encoding=auto`: the server's name for the encoding of the process's locale.

use super::env::Env;

/// The encoding's name; empty, with a warning, for an encoding the server does not know.
pub fn encoding_of_locale(env: &dyn Env) -> &'static str {
    let locale = env.locale();
    if matches!(locale.name.as_slice(), b"C" | b"POSIX") {
        return "SQL_ASCII";
    }
    match encoding_of_codeset(&locale.codeset) {
        Some(encoding) => encoding,
        None => {
            let warning = [
                b"could not determine encoding for locale \"",
                locale.name.as_slice(),
                b"\": codeset is \"",
                locale.codeset.as_slice(),
                b"\"\n",
            ];
            env.warn(&warning.concat());
            ""
        }
    }
}

/// The encoding for a codeset as `nl_langinfo(CODESET)` of one system or another names it, in any case.
fn encoding_of_codeset(codeset: &[u8]) -> Option<&'static str> {
    const NAMES: &[(&str, &[&str])] = &[
        ("UTF8", &["UTF-8", "UTF8", "CP65001"]),
        ("SQL_ASCII", &["US-ASCII", "646", "ANSI_X3.4-1968"]),
        ("EUC_JP", &["EUC-JP", "eucJP", "IBM-eucJP", "sdeckanji"]),
        (
            "EUC_CN",
            &["EUC-CN", "eucCN", "IBM-eucCN", "GB2312", "dechanzi"],
        ),
        (
            "EUC_KR",
            &["EUC-KR", "eucKR", "IBM-eucKR", "deckorean", "5601"],
        ),
        ("EUC_TW", &["EUC-TW", "eucTW", "IBM-eucTW", "cns11643"]),
        ("KOI8R", &["KOI8-R"]),
        ("KOI8U", &["KOI8-U"]),
        ("WIN866", &["CP866"]),
        ("WIN874", &["CP874"]),
        ("WIN1250", &["CP1250"]),
        ("WIN1251", &["CP1251", "ansi-1251"]),
        ("WIN1252", &["CP1252"]),
        ("WIN1253", &["CP1253"]),
        ("WIN1254", &["CP1254"]),
        ("WIN1255", &["CP1255"]),
        ("WIN1256", &["CP1256"]),
        ("WIN1257", &["CP1257"]),
        ("WIN1258", &["CP1258"]),
        ("SJIS", &["SJIS", "SHIFT_JIS", "PCK", "CP932"]),
        ("BIG5", &["BIG5", "BIG5-HKSCS", "CP950"]),
        ("GBK", &["GBK", "CP936"]),
        ("UHC", &["UHC", "CP949"]),
        ("JOHAB", &["JOHAB"]),
        ("GB18030", &["GB18030"]),
    ];
    NAMES
        .iter()
        .find(|(_, names)| {
            names
                .iter()
                .any(|name| name.as_bytes().eq_ignore_ascii_case(codeset))
        })
        .map(|(encoding, _)| *encoding)
        .or_else(|| iso_8859_part(codeset))
}

/// The encoding for a part of ISO 8859, written `ISO-8859-1`, `ISO8859-1` or `iso88591`.
fn iso_8859_part(codeset: &[u8]) -> Option<&'static str> {
    let lower = codeset.to_ascii_lowercase();
    let part = ["iso-8859-", "iso8859-", "iso8859"]
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix.as_bytes()))?;
    Some(match part {
        b"1" => "LATIN1",
        b"2" => "LATIN2",
        b"3" => "LATIN3",
        b"4" => "LATIN4",
        b"5" => "ISO_8859_5",
        b"6" => "ISO_8859_6",
        b"7" => "ISO_8859_7",
        b"8" => "ISO_8859_8",
        b"9" => "LATIN5",
        b"10" => "LATIN6",
        b"13" => "LATIN7",
        b"14" => "LATIN8",
        b"15" => "LATIN9",
        b"16" => "LATIN10",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::env::fake::FakeEnv;
    use super::*;

    #[test]
    fn auto_names_the_locales_encoding() {
        // behaviour 122
        for (codeset, encoding) in [
            ("UTF-8", Some("UTF8")),
            ("utf8", Some("UTF8")),
            ("ISO-8859-1", Some("LATIN1")),
            ("ISO8859-15", Some("LATIN9")),
            ("iso88599", Some("LATIN5")),
            ("ISO-8859-5", Some("ISO_8859_5")),
            ("BIG5-HKSCS", Some("BIG5")),
            ("ANSI_X3.4-1968", Some("SQL_ASCII")),
            ("ISO-8859-11", None),
            ("ISO_8859-1", None),
            ("IBM866", None),
            ("", None),
        ] {
            assert_eq!(
                encoding_of_codeset(codeset.as_bytes()),
                encoding,
                "{codeset}"
            );
        }
    }

    #[test]
    fn an_unknown_encoding_is_warned_about_and_not_sent() {
        let env = FakeEnv::new().locale("hy_AM", "ARMSCII-8");
        assert_eq!(encoding_of_locale(&env), "");
        assert_eq!(
            env.warnings.borrow().concat(),
            b"could not determine encoding for locale \"hy_AM\": codeset is \"ARMSCII-8\"\n"
        );
    }
}
