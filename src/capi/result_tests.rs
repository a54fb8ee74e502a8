//! Tests of `result.rs` and `build_result.rs`. What is expected was seen with libpq 18.6.

use std::ffi::{CStr, c_int};
use std::ptr::{null, null_mut};

use super::super::r#async::PQgetResult;
use super::super::build_result::*;
use super::super::notice::PQsetNoticeProcessor;
use super::super::testing::*;
use super::*;

/// A connection whose notices go to the string.
unsafe fn noting(notices: &mut String) -> *mut PGconn {
    let conn = connected();
    // SAFETY: the string outlives the connection.
    unsafe { PQsetNoticeProcessor(conn, Some(write_down), (&raw mut *notices).cast()) };
    conn
}

unsafe fn select(conn: *mut PGconn) -> *mut PGresult {
    // SAFETY: the connection is the test's.
    unsafe {
        answer(
            conn,
            &[
                row_description(&["a", "B b", "a"], 0),
                data_row(&[Some(b"1"), None, Some(b"")]),
                data_row(&[Some(b"22"), Some(b"x"), Some("ä".as_bytes())]),
                message(b'C', b"SELECT 2\0"),
                ready(),
            ],
        );
        PQgetResult(conn)
    }
}

#[test]
fn a_result_shows_its_columns_and_values() {
    let mut notices = String::new();
    // SAFETY: all objects are this test's own.
    unsafe {
        let conn = noting(&mut notices);
        let r = select(conn);
        assert!(PQgetResult(conn).is_null());
        end(conn); // behaviour 221: the result outlives its connection
        assert_eq!((PQresultStatus(r), PQntuples(r), PQnfields(r)), (2, 2, 3));
        assert_eq!((PQbinaryTuples(r), PQnparams(r)), (0, 0));
        assert_eq!(text(PQfname(r, 1)), "B b");
        assert_eq!((PQftable(r, 1), PQftablecol(r, 1)), (7, 2));
        assert_eq!((PQftype(r, 1), PQfsize(r, 1)), (25, -1));
        assert_eq!((PQfmod(r, 1), PQfformat(r, 1)), (70_000, 0));
        assert_eq!(text(PQgetvalue(r, 1, 2)), "ä");
        assert_eq!((PQgetlength(r, 1, 2), PQgetisnull(r, 1, 2)), (2, 0));
        // behaviour 223: NULL is "" and has no length
        assert_eq!(text(PQgetvalue(r, 0, 1)), "");
        assert_eq!((PQgetlength(r, 0, 1), PQgetisnull(r, 0, 1)), (0, 1));
        assert_eq!((PQgetlength(r, 0, 2), PQgetisnull(r, 0, 2)), (0, 0));
        assert_eq!(text(PQcmdStatus(r)), "SELECT 2");
        assert_eq!(PQcmdTuples(r), PQcmdStatus(r).add(7));
        assert_eq!((PQoidValue(r), text(PQoidStatus(r))), (0, String::new()));
        assert!(PQresultMemorySize(r) > size_of::<PGresult>());
        PQclear(r);
    }
    assert_eq!(notices, "");
}

#[test]
fn behaviours_223_and_227_what_is_not_there_fails_with_a_notice() {
    let mut notices = String::new();
    // SAFETY: all objects are this test's own.
    unsafe {
        let conn = noting(&mut notices);
        let r = select(conn);
        end(conn);
        assert!(PQgetvalue(r, 2, 0).is_null());
        assert!(PQgetvalue(r, -1, 7).is_null());
        assert_eq!((PQgetlength(r, 0, 3), PQgetisnull(r, 0, -1)), (0, 1));
        assert!(PQfname(r, 3).is_null());
        assert_eq!((PQftable(r, 3), PQftablecol(r, 3)), (0, 0));
        assert_eq!((PQfformat(r, -1), PQftype(r, 3)), (0, 0));
        assert_eq!((PQfsize(r, 3), PQfmod(r, 3)), (0, 0));
        assert_eq!(PQparamtype(r, 0), 0);
        PQclear(r);
    }
    let column = |n: i32| format!("column number {n} is out of range 0..2\n");
    let expected = [
        "row number 2 is out of range 0..1\n".to_owned(),
        "row number -1 is out of range 0..1\n".to_owned(),
        [3, -1, 3, 3, 3, -1, 3, 3, 3].map(column).concat(),
        "parameter number 0 is out of range 0..-1\n".to_owned(),
    ];
    assert_eq!(notices, expected.concat());
}

#[test]
fn binary_values_are_aligned_and_null_is_too() {
    // SAFETY: all objects are this test's own.
    unsafe {
        let conn = connected();
        answer(
            conn,
            &[
                row_description(&["a", "b", "c"], 1),
                data_row(&[Some(b"1"), Some(b"\0\0\0\x01"), None]),
                message(b'C', b"SELECT 1\0"),
                ready(),
            ],
        );
        let r = PQgetResult(conn);
        assert_eq!((PQbinaryTuples(r), PQfformat(r, 2)), (1, 1));
        for column in 0..3 {
            let value = PQgetvalue(r, 0, column);
            assert_eq!(value.addr() % 8, 0, "behaviour 225");
            let len = PQgetlength(r, 0, column) as usize;
            assert_eq!(*value.add(len), 0, "behaviour 224");
        }
        PQclear(r);
        end(conn);
    }
}

#[test]
fn an_error_result_has_text_and_fields_and_is_formatted_anew() {
    // SAFETY: all objects are this test's own.
    unsafe {
        let conn = connected();
        let fields = b"SERROR\0VERROR\0C42703\0Mno \"bogus\"\0P8\0Hhint\0\0";
        answer(conn, &[message(b'E', fields), ready()]);
        let r = PQgetResult(conn);
        assert!(PQgetResult(conn).is_null());
        let default = "ERROR:  no \"bogus\"\nLINE 1: select bogus\n               ^\nHINT:  hint\n";
        assert_eq!(PQresultStatus(r), ExecStatus::FatalError as c_int);
        assert_eq!(text(PQresultErrorMessage(r)), default);
        assert_eq!(text(PQresultErrorField(r, c_int::from(b'C'))), "42703");
        for none in [c_int::from(b'D'), 0, -1, 323] {
            assert!(PQresultErrorField(r, none).is_null());
        }
        let verbose = |verbosity| {
            let message = PQresultVerboseErrorMessage(r, verbosity, 1);
            let copy = text(message);
            alloc::free(message.cast());
            copy
        };
        assert_eq!(verbose(0), "ERROR:  no \"bogus\" at character 8\n");
        assert_eq!(verbose(3), "ERROR:  42703\n");
        assert_eq!(verbose(-5), default, "no verbosity is the default one");
        // behaviour 234: results made now carry the connection's text, where they are those of an error
        for (status, carries) in [(2, false), (8, false), (7, true), (6, true), (99, true)] {
            let made = PQmakeEmptyPGresult(conn, status);
            assert_eq!(PQresultStatus(made), status);
            let expected = if carries { default } else { "" };
            assert_eq!(text(PQresultErrorMessage(made)), expected, "{status}");
            PQclear(made);
        }
        let copy = PQcopyResult(r, 15);
        assert_eq!(PQresultStatus(copy), 2, "behaviour 235");
        assert_eq!(text(PQresultErrorMessage(copy)), "");
        PQclear(copy);
        PQclear(r);
        end(conn);
    }
}

#[test]
fn null_results_have_the_failure_values() {
    let r = null_mut();
    // SAFETY: NULL is allowed everywhere.
    unsafe {
        assert_eq!(PQresultStatus(r), 7);
        assert_eq!((PQntuples(r), PQnfields(r), PQbinaryTuples(r)), (0, 0, 0));
        assert_eq!((PQfname(r, 0), PQfnumber(r, null())), (null_mut(), -1));
        assert_eq!((PQftype(r, 0), PQfsize(r, 0), PQfmod(r, 0)), (0, 0, 0));
        assert_eq!(
            (PQftable(r, 0), PQftablecol(r, 0), PQfformat(r, 0)),
            (0, 0, 0)
        );
        assert_eq!(
            (PQcmdStatus(r), text(PQcmdTuples(r))),
            (null_mut(), "".into())
        );
        assert_eq!((PQoidValue(r), text(PQoidStatus(r))), (0, "".into()));
        assert_eq!(PQgetvalue(r, 0, 0), null_mut());
        assert_eq!((PQgetlength(r, 0, 0), PQgetisnull(r, 0, 0)), (0, 1));
        assert_eq!(text(PQresultErrorMessage(r)), "");
        assert_eq!(PQresultErrorField(r, 0), null_mut());
        assert_eq!((PQnparams(r), PQparamtype(r, 0)), (0, 0));
        assert_eq!(PQresultMemorySize(r), 0);
        assert_eq!(PQcopyResult(r, 0), null_mut());
        assert_eq!(PQsetResultAttrs(r, 0, null_mut()), 0);
        assert_eq!(PQsetvalue(r, 0, 0, null_mut(), 0), 0);
        assert_eq!(PQresultAlloc(r, 0), null_mut());
        let message = PQresultVerboseErrorMessage(r, 0, 0);
        assert_eq!(text(message), "PGresult is not an error result\n");
        alloc::free(message.cast());
        PQclear(r);
    }
}

#[test]
fn behaviour_233_statuses_have_names() {
    // SAFETY: any number is allowed.
    unsafe {
        assert_eq!(text(PQresStatus(0)), "PGRES_EMPTY_QUERY");
        assert_eq!(text(PQresStatus(12)), "PGRES_TUPLES_CHUNK");
        assert_eq!(text(pgresStatus.0[9]), "PGRES_SINGLE_TUPLE");
        for none in [-1, 13, c_int::MAX] {
            assert_eq!(text(PQresStatus(none)), "invalid ExecStatusType code");
        }
    }
}

#[test]
fn behaviour_205_columns_of_a_copy_have_no_names() {
    // SAFETY: all objects are this test's own.
    unsafe {
        let conn = connected();
        answer(conn, &[message(b'G', b"\x01\0\x02\0\x01\0\x01")]);
        let r = PQgetResult(conn);
        assert_eq!((PQresultStatus(r), PQnfields(r)), (4, 2));
        assert_eq!((PQbinaryTuples(r), PQfformat(r, 1)), (1, 1));
        assert!(PQfname(r, 0).is_null());
        assert_eq!(PQfnumber(r, c"\"\"".as_ptr()), -1);
        let copy = PQcopyResult(r, 1);
        assert_eq!(text(PQfname(copy, 0)), "");
        PQclear(copy);
        PQclear(r);
        end(conn);
    }
}

#[test]
fn behaviours_236_and_237_a_result_is_built() {
    let mut notices = String::new();
    // SAFETY: all objects are this test's own.
    unsafe {
        let conn = noting(&mut notices);
        let r = PQmakeEmptyPGresult(conn, 2);
        end(conn);
        let mut attrs = [c"a".as_ptr(), null()].map(|name| PGresAttDesc {
            name: name.cast_mut(),
            tableid: 1,
            columnid: -2,
            format: 2,
            typid: 3,
            typlen: 4,
            atttypmod: 5,
        });
        assert_eq!(PQsetResultAttrs(r, -1, attrs.as_mut_ptr()), 1);
        assert_eq!(PQsetResultAttrs(r, 2, null_mut()), 1);
        assert_eq!(PQnfields(r), 0);
        assert_eq!(PQsetResultAttrs(r, 2, attrs.as_mut_ptr()), 1);
        assert_eq!(PQsetResultAttrs(r, 2, attrs.as_mut_ptr()), 0, "once only");
        assert_eq!(
            (text(PQfname(r, 0)), text(PQfname(r, 1))),
            ("a".into(), "".into())
        );
        assert_eq!((PQftablecol(r, 0), PQbinaryTuples(r)), (-2, 1));

        let value = c"hello".as_ptr().cast_mut();
        assert_eq!(PQsetvalue(r, 0, 1, value, 3), 1);
        assert_eq!(
            PQsetvalue(r, 1, 0, value, -5),
            1,
            "no length but -1 is NULL"
        );
        assert_eq!(PQsetvalue(r, 0, 0, value, -1), 1);
        assert_eq!(PQsetvalue(r, 3, 0, value, 1), 0);
        assert_eq!(PQsetvalue(r, -1, 0, value, 1), 0);
        assert_eq!(PQsetvalue(r, 3, 2, value, 1), 0);
        let show = |r: *mut PGresult| {
            let mut shown = Vec::new();
            for row in 0..PQntuples(r) {
                for column in 0..PQnfields(r) {
                    shown.push((
                        PQgetisnull(r, row, column),
                        text(PQgetvalue(r, row, column)),
                    ));
                }
            }
            shown
        };
        let expected: Vec<(c_int, String)> = vec![
            (1, "".into()),
            (0, "hel".into()),
            (0, "".into()),
            (1, "".into()),
        ];
        assert_eq!(show(r), expected);

        let copy = PQcopyResult(r, 2);
        assert_eq!(PQsetvalue(r, 0, 1, value, 5), 1);
        assert_eq!(show(copy), expected, "a copy has values of its own");
        assert!(
            PQgetvalue(copy, 9, 9).is_null(),
            "and no hooks, unless asked for"
        );
        PQclear(copy);
        let attrs_only = PQcopyResult(r, 1 | 8);
        assert_eq!((PQnfields(attrs_only), PQntuples(attrs_only)), (2, 0));
        PQfname(attrs_only, 5);
        PQclear(attrs_only);
        let bare = PQcopyResult(r, 0);
        assert_eq!(PQnfields(bare), 0);
        PQclear(bare);
        PQclear(r);
    }
    assert_eq!(
        notices,
        "row number 3 is out of range 0..2\nrow number -1 is out of range 0..2\n\
         column number 2 is out of range 0..1\ncolumn number 5 is out of range 0..1\n"
    );
}

#[test]
fn behaviour_238_memory_of_a_result_is_aligned() {
    // SAFETY: all objects are this test's own.
    unsafe {
        let r = PQmakeEmptyPGresult(null_mut(), 1);
        let before = PQresultMemorySize(r);
        for size in [0, 1, 5, 100_000] {
            let memory = PQresultAlloc(r, size).cast::<u8>();
            assert!(!memory.is_null() && memory.addr() % 8 == 0);
            memory.write_bytes(0xff, size);
        }
        assert!(PQresultMemorySize(r) > before + 100_000);
        assert!(PQresultAlloc(r, usize::MAX).is_null());
        PQclear(r);
    }
}

#[test]
fn behaviour_228_names_of_columns_are_folded() {
    let names = [c"a", c"B b", c"a\"b", c"ab", c"\"", c"", c"\xc3\xa4x"];
    let cases: [(&CStr, c_int); 16] = [
        (c"a", 0),
        (c"A", 0),
        (c"\"A\"", -1),
        (c"\"a", 0),
        (c"a\"", 0),
        (c"b b", -1),
        (c"\"B b\"", 1),
        (c"\"a\"\"b\"", 2),
        (c"a\"\"b", 3),
        (c"a\"B\"", -1),
        (c"\"\"\"\"", 4),
        (c"\"\"", 5),
        (c"", -1),
        (c"\xc3\xa4X", 6),
        (c"\xc3\x84x", -1),
        (c"none", -1),
    ];
    // SAFETY: all objects are this test's own.
    unsafe {
        let r = built(&names, &[]);
        for (name, number) in cases {
            assert_eq!(PQfnumber(r, name.as_ptr()), number, "{name:?}");
        }
        assert_eq!(PQfnumber(r, null()), -1);
        PQclear(r);
    }
}
