use super::*;
use crate::capi::pipeline::PQenterPipelineMode;
use crate::capi::result::{PQclear, PQresultStatus};
use crate::capi::status::PQstatus;
use crate::capi::testing_server::{Scripted, error, message, ready, value};
use crate::protocol::types::ExecStatus;

const OK: Option<c_int> = Some(ExecStatus::CommandOk as c_int);
const FAILED: Option<c_int> = Some(ExecStatus::FatalError as c_int);

fn int(len: c_int, integer: c_int) -> PQArgBlock {
    PQArgBlock {
        len,
        isint: 1,
        u: PQArgValue { integer },
    }
}

fn bytes(bytes: &[u8]) -> PQArgBlock {
    PQArgBlock {
        len: bytes.len() as c_int,
        isint: 0,
        u: PQArgValue {
            ptr: bytes.as_ptr().cast_mut().cast(),
        },
    }
}

/// Calls function 7: the result's status, the length, the buffer.
fn run(c: &Scripted, is_int: c_int, args: &[PQArgBlock]) -> (Option<c_int>, c_int, [u8; 8]) {
    let mut buffer = *b"########";
    let mut len = 99;
    // SAFETY: the buffer is as large as any value of these tests, the arguments live.
    let status = unsafe {
        let count = args.len() as c_int;
        let result = PQfn(
            c.conn,
            7,
            buffer.as_mut_ptr().cast(),
            &mut len,
            is_int,
            args.as_ptr(),
            count,
        );
        let status = (!result.is_null()).then(|| PQresultStatus(result));
        PQclear(result);
        status
    };
    (status, len, buffer)
}

fn with_int(value: i32) -> [u8; 8] {
    let mut buffer = *b"########";
    buffer[..4].copy_from_slice(&value.to_ne_bytes());
    buffer
}

#[test]
fn behaviour_182_arguments_go_out_and_the_value_comes_back() {
    let c = Scripted::new(&[
        value(Some(&[0xff, 0xff, 0xff, 0xfe])),
        value(Some(b"\xff\xfe")),
        value(Some(b"abc")),
    ]);
    let args = [int(4, -7), int(2, 70_000), int(-1, 0), bytes(b"xyz")];
    assert_eq!(run(&c, 1, &args), (OK, 4, with_int(-2)));
    assert_eq!(run(&c, 1, &[]), (OK, 2, with_int(0xfffe)));
    assert_eq!(run(&c, 0, &[]), (OK, 3, *b"abc#####"));
    let sent = c.finish();
    assert_eq!(
        sent[0],
        b"F\0\0\0\x29\0\0\0\x07\0\x01\0\x01\0\x04\
          \0\0\0\x04\xff\xff\xff\xf9\0\0\0\x02\x11\x70\xff\xff\xff\xff\0\0\0\x03xyz\0\x01"
    );
}

#[test]
fn behaviour_182_null_gives_minus_one() {
    let c = Scripted::new(&[value(None), value(None), value(Some(b""))]);
    assert_eq!(run(&c, 1, &[]), (OK, -1, *b"########"));
    assert_eq!(run(&c, 0, &[]), (OK, -1, *b"########"));
    assert_eq!(run(&c, 0, &[]), (OK, 0, *b"########"));
    c.finish();
}

#[test]
fn a_failing_function_gives_its_error() {
    let c = Scripted::new(&[error("no"), ready(), message(b'q', b"")]);
    assert_eq!(run(&c, 1, &[]), (FAILED, 0, *b"########"));
    assert_eq!(c.error(), "ERROR:  no\n");
    assert_eq!(run(&c, 1, &[]).0, FAILED);
    assert_eq!(c.error(), "protocol error: no function result\n");
    assert_eq!(run(&c, 1, &[]).0, FAILED);
    assert_eq!(c.error(), "protocol error: id=0x71\n");
    c.finish();
}

#[test]
fn an_integer_of_another_length_is_refused_and_nothing_is_sent() {
    let c = Scripted::new(&[]);
    assert_eq!(run(&c, 1, &[int(3, 1)]), (None, 0, *b"########"));
    assert_eq!(c.error(), "");
    assert_eq!(c.finish().len(), 1);
}

#[test]
fn a_value_that_is_no_integer_ends_the_call() {
    let c = Scripted::new(&[value(Some(b"12345678")), value(Some(b"\0\0\0\x05"))]);
    assert_eq!(run(&c, 1, &[]), (FAILED, 0, *b"########"));
    assert_eq!(c.error(), "integer of size 8 not supported by pqGetInt\n");
    assert_eq!(run(&c, 1, &[]), (OK, 4, with_int(5)));
    c.finish();
}

#[test]
fn behaviour_182_not_in_pipeline_mode_and_not_without_connection() {
    let c = Scripted::new(&[]);
    // SAFETY: the connection lives.
    unsafe { PQenterPipelineMode(c.conn) };
    assert_eq!(run(&c, 1, &[]), (None, 0, *b"########"));
    assert_eq!(c.error(), "PQfn not allowed in pipeline mode\n");
    c.finish();
    let c = Scripted::new(&[]);
    // SAFETY: the connection lives; its descriptor stays open.
    unsafe { libc::shutdown((*c.conn).connection.link.raw_fd(), libc::SHUT_RDWR) };
    assert_eq!(run(&c, 1, &[]).0, FAILED);
    assert!(
        c.error()
            .starts_with("server closed the connection unexpectedly\n")
    );
    // SAFETY: the connection lives.
    assert_eq!(unsafe { PQstatus(c.conn) }, 1);
    assert_eq!(run(&c, 1, &[]).0, None);
    assert_eq!(c.error(), "connection in wrong state\n");
    c.finish();
}

#[test]
fn missing_pointers_give_null() {
    let c = Scripted::new(&[]);
    let mut len = 99;
    // SAFETY: all pointers are NULL, or to locals.
    unsafe {
        assert!(
            PQfn(
                null_mut(),
                7,
                null_mut(),
                null_mut(),
                0,
                std::ptr::null(),
                0
            )
            .is_null()
        );
        assert!(PQfn(c.conn, 7, null_mut(), null_mut(), 0, std::ptr::null(), 0).is_null());
        assert!(PQfn(c.conn, 7, null_mut(), &mut len, 0, std::ptr::null(), 1).is_null());
        assert!(PQfn(c.conn, 7, null_mut(), &mut len, 0, std::ptr::null(), -1).is_null());
    }
    assert_eq!(len, 0);
    c.finish();
}

#[test]
fn the_argument_block_is_laid_out_as_in_c() {
    assert_eq!(size_of::<PQArgBlock>(), 16);
    assert_eq!(std::mem::offset_of!(PQArgBlock, isint), 4);
    assert_eq!(std::mem::offset_of!(PQArgBlock, u), 8);
}
