//! Manual section "The Fast-Path Interface".

use std::ffi::c_int;
use std::ptr::null_mut;

use super::guard::{ConnRef, with_conn};
use super::ptr;
use super::types::{PGconn, PGresult};
use crate::client::fastpath::{FunctionValue, ValueKind, call_function};
use crate::protocol::error::UsageError;
use crate::protocol::frontend::{FunctionArg, MOST_PARAMS};
use crate::protocol::types::Oid;

/// `PQArgBlock`: one argument of a function call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PQArgBlock {
    /// Length in bytes; -1 for NULL.
    pub len: c_int,
    /// Whether `u` holds an integer.
    pub isint: c_int,
    /// The value.
    pub u: PQArgValue,
}

/// The value of a [`PQArgBlock`].
#[repr(C)]
#[derive(Clone, Copy)]
pub union PQArgValue {
    /// Bytes in the type's binary format.
    pub ptr: *mut c_int,
    /// An integer.
    pub integer: c_int,
}

/// An argument as it goes out.
enum Arg<'a> {
    Null,
    Int2([u8; 2]),
    Int4([u8; 4]),
    Bytes(&'a [u8]),
}

impl<'a> Arg<'a> {
    /// # Safety
    /// An argument that is no integer has `len` bytes behind its pointer, which stay unchanged for `'a`.
    unsafe fn new(block: &PQArgBlock) -> Result<Arg<'a>, UsageError> {
        if block.len == -1 {
            return Ok(Arg::Null);
        }
        // SAFETY: `isint` says which member was written; any bytes are an integer.
        unsafe {
            match (block.isint != 0, block.len) {
                (true, 2) => Ok(Arg::Int2((block.u.integer as i16).to_be_bytes())),
                (true, 4) => Ok(Arg::Int4(block.u.integer.to_be_bytes())),
                (true, len) => Err(UsageError::ArgumentNotInteger(len)),
                // SAFETY: the caller's promise.
                (false, len) => {
                    let bytes = ptr::slice(block.u.ptr.cast::<u8>().cast_const(), len as isize);
                    Ok(Arg::Bytes(bytes.unwrap_or_default()))
                }
            }
        }
    }

    fn bytes(&self) -> FunctionArg<'_> {
        match self {
            Arg::Null => None,
            Arg::Int2(bytes) => Some(bytes),
            Arg::Int4(bytes) => Some(bytes),
            Arg::Bytes(bytes) => Some(bytes),
        }
    }
}

/// Calls the function and writes its value; what `PQfn` promises.
///
/// # Safety
/// As for [`PQfn`].
unsafe fn call(
    conn: &mut ConnRef,
    function: Oid,
    result_buf: *mut c_int,
    result_len: *mut c_int,
    kind: ValueKind,
    (args, nargs): (*const PQArgBlock, c_int),
) -> *mut PGresult {
    if result_len.is_null() {
        return null_mut();
    }
    let count = usize::try_from(nargs).ok().filter(|&n| n <= MOST_PARAMS);
    // SAFETY: the caller's promise.
    let blocks = unsafe { ptr::slice(args, count.unwrap_or(0) as isize) };
    if blocks.is_none() && nargs > 0 {
        return null_mut();
    }
    // SAFETY: the caller's promise.
    let convert = |block| unsafe { Arg::new(block) };
    let converted: Result<Vec<_>, _> = blocks.unwrap_or_default().iter().map(convert).collect();
    let converted = count.ok_or(UsageError::ParamCount).and(converted);
    let sent: Result<Vec<_>, _> = match &converted {
        Ok(converted) => Ok(converted.iter().map(Arg::bytes).collect()),
        Err(error) => Err(error.clone()),
    };
    let Some((result, value)) =
        call_function(conn, function, sent.as_deref().map_err(Clone::clone), kind)
    else {
        return null_mut();
    };
    // SAFETY: the caller's promise: the buffer takes an integer, or whatever the function gives.
    unsafe {
        match value {
            None => {}
            Some(FunctionValue::Null) => ptr::put(result_len, -1),
            Some(FunctionValue::Int(value, len)) => {
                ptr::put(result_buf, value);
                ptr::put(result_len, len as c_int);
            }
            Some(FunctionValue::Bytes(bytes)) => {
                if !result_buf.is_null() {
                    result_buf
                        .cast::<u8>()
                        .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                }
                ptr::put(result_len, bytes.len() as c_int);
            }
        }
    }
    super::result::hand_out_quietly(conn, result)
}

/// `PGresult *PQfn(PGconn *conn, int fnid, int *result_buf, int *result_len, int result_is_int, const PQArgBlock *args,
/// int nargs)` — calls a function by its OID and waits for its binary value: `PGRES_COMMAND_OK`, or a failure; NULL
/// when the call could not be sent. `*result_len` is the value's length, -1 for NULL, 0 on failure.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now; `args` has `nargs` elements, each with `len` bytes
/// behind its pointer unless it is an integer or NULL; `result_buf` has room for an `int`, or for whatever the function
/// gives when `result_is_int` is 0; `result_len` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfn(
    conn: *mut PGconn,
    fnid: c_int,
    result_buf: *mut c_int,
    result_len: *mut c_int,
    result_is_int: c_int,
    args: *const PQArgBlock,
    nargs: c_int,
) -> *mut PGresult {
    let kind = match result_is_int {
        0 => ValueKind::Bytes(usize::MAX),
        _ => ValueKind::Int,
    };
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        ptr::put(result_len, 0);
        with_conn(conn, null_mut(), |c| {
            call(
                c,
                fnid.cast_unsigned(),
                result_buf,
                result_len,
                kind,
                (args, nargs),
            )
        })
    }
}
