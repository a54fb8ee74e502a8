//! Every expected text below is what libpq 18.6 printed for the same fields (PQresultVerboseErrorMessage, a scripted
//! server).

use super::*;
use crate::protocol::encoding::{EUC_JP, SJIS, SQL_ASCII, UTF8};

fn fields(list: &[(u8, &[u8])]) -> ErrorFields {
    let mut fields = ErrorFields::new();
    for (code, value) in list {
        fields.push(*code, value).unwrap();
    }
    fields
}

fn text(
    list: &[(u8, &[u8])],
    is_notice: bool,
    verbosity: Verbosity,
    show_context: ContextVisibility,
    query: Option<&[u8]>,
) -> String {
    let mut out = Vec::new();
    build_message(
        &fields(list),
        is_notice,
        verbosity,
        show_context,
        query,
        UTF8,
        &mut out,
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

/// The caret block, or nothing.
fn caret(query: &[u8], position: &str, client_encoding: i32) -> Vec<u8> {
    let mut out = Vec::new();
    build_message(
        &fields(&[(b'M', b"m"), (b'P', position.as_bytes())]),
        false,
        Verbosity::Default,
        ContextVisibility::Errors,
        Some(query),
        client_encoding,
        &mut out,
    )
    .unwrap();
    out.split_off(2)
}

fn utf8_caret(query: &str, position: &str) -> String {
    String::from_utf8(caret(query.as_bytes(), position, UTF8)).unwrap()
}

const ALL: &[(u8, &[u8])] = &[
    (b'S', b"ERROR"),
    (b'C', b"42601"),
    (b'M', b"m"),
    (b'V', b"VERR"),
    (b'D', b"d"),
    (b'H', b"h"),
    (b'P', b"2"),
    (b'p', b"3"),
    (b'q', b"inner"),
    (b'W', b"ctx"),
    (b's', b"sch"),
    (b't', b"tab"),
    (b'c', b"col"),
    (b'd', b"dt"),
    (b'n', b"con"),
    (b'F', b"f.c"),
    (b'L', b"12"),
    (b'R', b"rout"),
];

#[test]
fn each_verbosity_shows_its_parts_in_order() {
    // behaviours 149 to 153, 163
    let shown = |verbosity| {
        text(
            ALL,
            false,
            verbosity,
            ContextVisibility::Errors,
            Some(b"select"),
        )
    };
    assert_eq!(shown(Verbosity::Terse), "ERROR:  m at character 2\n");
    assert_eq!(shown(Verbosity::Sqlstate), "ERROR:  42601\n");
    assert_eq!(
        shown(Verbosity::Default),
        "ERROR:  m\nLINE 1: select\n         ^\nDETAIL:  d\nHINT:  h\nQUERY:  inner\nCONTEXT:  ctx\n"
    );
    assert_eq!(
        shown(Verbosity::Verbose),
        "ERROR:  42601: m\nLINE 1: select\n         ^\nDETAIL:  d\nHINT:  h\nQUERY:  inner\nCONTEXT:  ctx\n\
         SCHEMA NAME:  sch\nTABLE NAME:  tab\nCOLUMN NAME:  col\nDATATYPE NAME:  dt\nCONSTRAINT NAME:  con\n\
         LOCATION:  rout, f.c:12\n"
    );
}

#[test]
fn context_depends_on_visibility_and_severity() {
    // behaviour 154
    use ContextVisibility::*;
    for (is_notice, show, expected) in [
        (false, Never, false),
        (false, Errors, true),
        (false, Always, true),
        (true, Never, false),
        (true, Errors, false),
        (true, Always, true),
    ] {
        let shown = text(
            &[(b'M', b"m"), (b'W', b"ctx")],
            is_notice,
            Verbosity::Default,
            show,
            None,
        );
        assert_eq!(
            shown == "m\nCONTEXT:  ctx\n",
            expected,
            "{is_notice} {show:?}"
        );
        assert_eq!(shown == "m\n", !expected, "{is_notice} {show:?}");
    }
}

#[test]
fn missing_fields_leave_no_trace_but_their_separators() {
    let shown = |list: &[(u8, &[u8])], verbosity| {
        text(list, false, verbosity, ContextVisibility::Errors, None)
    };
    assert_eq!(
        shown(&[], Verbosity::Default),
        "no error message available\n"
    );
    assert_eq!(shown(&[(b'M', b"m")], Verbosity::Verbose), "m\n");
    assert_eq!(shown(&[(b'S', b"S")], Verbosity::Default), "S:  \n");
    assert_eq!(shown(&[(b'C', b"C")], Verbosity::Default), "\n");
    assert_eq!(shown(&[(b'C', b"C")], Verbosity::Verbose), "C: \n");
    assert_eq!(shown(&[(b'C', b"C")], Verbosity::Sqlstate), "C\n");
    // behaviour 150: without a code it is terse
    assert_eq!(
        shown(
            &[(b'S', b"S"), (b'M', b"m"), (b'D', b"d"), (b'P', b"4")],
            Verbosity::Sqlstate
        ),
        "S:  m at character 4\n"
    );
}

#[test]
fn a_location_needs_file_and_line_together() {
    // behaviour 163
    for (list, expected) in [
        (&[(b'F', &b"Fx"[..])][..], "m\nLOCATION:  \n"),
        (&[(b'L', b"Lx")], "m\nLOCATION:  \n"),
        (&[(b'R', b"Rx")], "m\nLOCATION:  Rx, \n"),
        (&[(b'F', b"Fx"), (b'L', b"Lx")], "m\nLOCATION:  Fx:Lx\n"),
        (&[(b'F', b"Fx"), (b'R', b"Rx")], "m\nLOCATION:  Rx, \n"),
    ] {
        let mut all = vec![(b'M', &b"m"[..])];
        all.extend_from_slice(list);
        let shown = text(
            &all,
            false,
            Verbosity::Verbose,
            ContextVisibility::Errors,
            None,
        );
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_position_without_its_query_is_told_as_a_number() {
    // behaviours 155, 156
    let shown = |list: &[(u8, &[u8])], query| {
        text(
            list,
            false,
            Verbosity::Default,
            ContextVisibility::Errors,
            query,
        )
    };
    let statement = (b'P', &b"2"[..]);
    let internal = (b'p', &b"3"[..]);
    let inner = (b'q', &b"inner"[..]);
    assert_eq!(shown(&[statement], None), " at character 2\n");
    assert_eq!(shown(&[internal], Some(b"select")), " at character 3\n");
    assert_eq!(
        shown(&[internal, inner], Some(b"select")),
        "\nLINE 1: inner\n          ^\nQUERY:  inner\n"
    );
    assert_eq!(
        shown(&[internal, statement], Some(b"select")),
        "\nLINE 1: select\n         ^\n"
    );
}

#[test]
fn positions_are_read_as_the_reference_reads_numbers() {
    for position in ["2", "2x", " 2", "+2", "02", "4294967298"] {
        assert_eq!(
            utf8_caret("abc", position),
            "LINE 1: abc\n         ^\n",
            "{position:?}"
        );
    }
    for position in [
        "",
        "abc",
        "0",
        "-1",
        "5",
        "100",
        "99999999999999999999",
        "2147483649",
    ] {
        assert_eq!(utf8_caret("abc", position), "", "{position:?}");
    }
}

#[test]
fn the_end_of_the_text_can_be_pointed_at_but_nothing_behind_it() {
    assert_eq!(utf8_caret("abc", "4"), "LINE 1: abc\n           ^\n");
    assert_eq!(utf8_caret("abc", "5"), "");
    assert_eq!(utf8_caret("", "1"), "LINE 1: \n        ^\n");
    assert_eq!(utf8_caret("", "2"), "");
}

#[test]
fn newline_return_and_both_together_break_lines() {
    // behaviour 157
    for (position, expected) in [
        ("3", "LINE 1: ab\n          ^\n"),
        ("4", "LINE 2: cd\n        ^\n"),
        ("6", "LINE 2: cd\n          ^\n"),
        ("7", "LINE 3: \n        ^\n"),
        ("8", "LINE 3: ef\n        ^\n"),
        ("10", "LINE 3: ef\n          ^\n"),
        ("11", "LINE 4: g\n        ^\n"),
        ("12", "LINE 4: g\n         ^\n"),
        ("13", ""),
    ] {
        assert_eq!(utf8_caret("ab\ncd\r\nef\rg", position), expected);
    }
    assert_eq!(utf8_caret("a\n\rb", "3"), "LINE 2: \n        ^\n");
    assert_eq!(utf8_caret("a\n\rb", "4"), "LINE 3: b\n        ^\n");
    assert_eq!(utf8_caret("a\r\n\r\nb", "6"), "LINE 3: b\n        ^\n");
}

#[test]
fn a_tab_is_shown_as_a_space_and_control_characters_take_a_column() {
    // behaviours 157, 158
    assert_eq!(
        utf8_caret("a\tb\u{1}c", "5"),
        "LINE 1: a b\u{1}c\n            ^\n"
    );
}

#[test]
fn the_caret_stands_under_the_column_not_the_character() {
    // behaviour 158: wide characters take two columns, combining ones count as one
    assert_eq!(
        utf8_caret("\u{e9}\u{3042}a\u{301}b", "5"),
        "LINE 1: \u{e9}\u{3042}a\u{301}b\n             ^\n"
    );
    assert_eq!(
        caret(b"a\x82\xa0\x82\xa2", "4", SJIS),
        b"LINE 1: a\x82\xa0\x82\xa2\n             ^\n"
    );
    assert_eq!(
        caret(b"a\xa4\xa2\x8e\xb1", "4", EUC_JP),
        b"LINE 1: a\xa4\xa2\x8e\xb1\n            ^\n"
    );
    assert_eq!(
        caret(b"\xe3\x81\x82", "4", SQL_ASCII),
        b"LINE 1: \xe3\x81\x82\n           ^\n"
    );
}

#[test]
fn a_long_line_is_cut_to_sixty_columns_with_ten_right_of_the_caret() {
    // behaviour 157
    let letters = "abcdefghijklmnopqrstuvwxyz".repeat(4);
    let line = |from: usize, to: usize| letters[from..to].to_string();
    let eighty = line(0, 80);
    let under = |column: usize| format!("\n{}^\n", " ".repeat(column));
    for (query, position, expected) in [
        (
            line(0, 60),
            "60",
            format!("LINE 1: {}{}", line(0, 60), under(67)),
        ),
        (
            line(0, 61),
            "51",
            format!("LINE 1: {}...{}", line(0, 60), under(58)),
        ),
        (
            line(0, 61),
            "52",
            format!("LINE 1: ...{}{}", line(1, 61), under(61)),
        ),
        (
            eighty.clone(),
            "52",
            format!("LINE 1: ...{}...{}", line(1, 61), under(61)),
        ),
        (
            eighty.clone(),
            "80",
            format!("LINE 1: ...{}{}", line(20, 80), under(70)),
        ),
    ] {
        assert_eq!(utf8_caret(&query, position), expected, "{position}");
    }
    let wide = "\u{3042}".repeat(40);
    let thirty = "\u{3042}".repeat(30);
    for (position, expected) in [
        ("20", format!("LINE 1: {thirty}...{}", under(46))),
        ("27", format!("LINE 1: ...{thirty}...{}", under(61))),
        ("40", format!("LINE 1: ...{thirty}{}", under(69))),
    ] {
        assert_eq!(utf8_caret(&wide, position), expected, "{position}");
    }
}
