//! Large objects: files on the server, read and written through function calls.
//!
//! Every call clears the error text first and leaves the reason of a failure there. A connection looks up the OIDs of
//! the server's functions once, before its first call (behaviour 280). Importing and exporting read and write local
//! files. Nothing here opens or ends a transaction, which every open object needs.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::ClientError;
use super::fastpath::{FunctionValue, ValueKind, call_function};
use super::{Connection, Handle, blocking};
use crate::net::errno_of;
use crate::protocol::frontend::FunctionArg;
use crate::protocol::result::QueryResult;
use crate::protocol::types::{ExecStatus, Oid};

/// Open mode: for writing.
pub const INV_WRITE: i32 = 0x0002_0000;
/// Open mode: for reading.
pub const INV_READ: i32 = 0x0004_0000;

/// Bytes moved a call while importing and exporting (behaviour 284).
const CHUNK_BYTES: usize = 8192;

/// What no descriptor is.
const NO_FD: i32 = -1;

/// Access rights of an exported file, before the umask.
const EXPORT_MODE: u32 = 0o666;

/// The server's functions, in the order in which missing ones are complained about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Open,
    Close,
    Creat,
    Unlink,
    Lseek,
    Tell,
    Read,
    Write,
    Create,
    Truncate,
    Lseek64,
    Tell64,
    Truncate64,
}

/// Their names, in the order of [`Function`].
const NAMES: [&str; 13] = [
    "lo_open",
    "lo_close",
    "lo_creat",
    "lo_unlink",
    "lo_lseek",
    "lo_tell",
    "loread",
    "lowrite",
    "lo_create",
    "lo_truncate",
    "lo_lseek64",
    "lo_tell64",
    "lo_truncate64",
];

/// How many of them, from the first on, any call needs.
const NEEDED: usize = 8;

/// What is asked to learn their OIDs.
const LOOKUP: &[u8] = b"select proname, oid from pg_catalog.pg_proc where proname in (\
'lo_open', 'lo_close', 'lo_creat', 'lo_create', 'lo_unlink', 'lo_lseek', 'lo_lseek64', 'lo_tell', 'lo_tell64', \
'lo_truncate', 'lo_truncate64', 'loread', 'lowrite') \
and pronamespace = (select oid from pg_catalog.pg_namespace where nspname = 'pg_catalog')";

/// The OIDs of a server's functions, once they have been looked up. To be forgotten when the connection is reset.
#[derive(Default)]
pub struct Cache {
    oids: Option<Box<[Oid; NAMES.len()]>>,
}

/// Opens an object; the descriptor.
pub fn open(handle: &mut impl Handle, object: Oid, mode: i32) -> Option<i32> {
    call_int(handle, Function::Open, &[object.to_be_bytes(), int(mode)])
}

/// Closes a descriptor.
pub fn close(handle: &mut impl Handle, fd: i32) -> Option<i32> {
    call_int(handle, Function::Close, &[int(fd)])
}

/// Reads up to `most` bytes.
pub fn read(handle: &mut impl Handle, fd: i32, most: usize) -> Option<Vec<u8>> {
    let function = find(handle, Function::Read)?;
    let length = checked_length(handle, "lo_read", most)?;
    let args = [int(fd), length];
    match call(handle, function, &as_args(&args), ValueKind::Bytes(most))? {
        FunctionValue::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// Writes bytes, `None` standing for more of them than an `i32` counts; how many were written.
pub fn write(handle: &mut impl Handle, fd: i32, data: Option<&[u8]>) -> Option<i32> {
    let function = find(handle, Function::Write)?;
    let Some(data) = data else {
        return fail(handle, &ClientError::LengthTooLarge("lo_write"));
    };
    int_of(call(
        handle,
        function,
        &[Some(&int(fd)), Some(data)],
        ValueKind::Int,
    )?)
}

/// Moves the position; the new one.
pub fn lseek(handle: &mut impl Handle, fd: i32, offset: i32, whence: i32) -> Option<i32> {
    let args = [int(fd), int(offset), int(whence)];
    call_int(handle, Function::Lseek, &args)
}

/// Moves the position by 64 bits; the new one.
pub fn lseek64(handle: &mut impl Handle, fd: i32, offset: i64, whence: i32) -> Option<i64> {
    let function = find(handle, Function::Lseek64)?;
    let args: [FunctionArg<'_>; 3] = [
        Some(&int(fd)),
        Some(&offset.to_be_bytes()),
        Some(&int(whence)),
    ];
    long_of(call(handle, function, &args, LONG)?)
}

/// The position.
pub fn tell(handle: &mut impl Handle, fd: i32) -> Option<i32> {
    call_int(handle, Function::Tell, &[int(fd)])
}

/// The position in 64 bits.
pub fn tell64(handle: &mut impl Handle, fd: i32) -> Option<i64> {
    let function = find(handle, Function::Tell64)?;
    long_of(call(handle, function, &[Some(&int(fd))], LONG)?)
}

/// Creates an object; its OID.
pub fn creat(handle: &mut impl Handle, mode: i32) -> Option<Oid> {
    call_int(handle, Function::Creat, &[int(mode)]).map(i32::cast_unsigned)
}

/// Creates an object with a certain OID, 0 for any; its OID.
pub fn create(handle: &mut impl Handle, object: Oid) -> Option<Oid> {
    call_int(handle, Function::Create, &[object.to_be_bytes()]).map(i32::cast_unsigned)
}

/// Removes an object.
pub fn unlink(handle: &mut impl Handle, object: Oid) -> Option<i32> {
    call_int(handle, Function::Unlink, &[object.to_be_bytes()])
}

/// Cuts or extends an object to a length.
pub fn truncate(handle: &mut impl Handle, fd: i32, len: usize) -> Option<i32> {
    let function = find(handle, Function::Truncate)?;
    let args = [int(fd), checked_length(handle, "lo_truncate", len)?];
    int_of(call(handle, function, &as_args(&args), ValueKind::Int)?)
}

/// Cuts or extends an object to a length of 64 bits.
pub fn truncate64(handle: &mut impl Handle, fd: i32, len: i64) -> Option<i32> {
    let function = find(handle, Function::Truncate64)?;
    let args: [FunctionArg<'_>; 2] = [Some(&int(fd)), Some(&len.to_be_bytes())];
    int_of(call(handle, function, &args, ValueKind::Int)?)
}

/// Makes an object of a local file; its OID. `object` is the OID it is to have, 0 for any. After a failure the object
/// may be there: the caller's transaction is to be rolled back (behaviour 285).
pub fn import(handle: &mut impl Handle, name: Option<&[u8]>, object: Oid) -> Option<Oid> {
    handle.with(|c| c.link.session.errors.clear());
    let opened = name.map_or(Err(libc::EFAULT), |name| {
        File::open(path(name)).map_err(|e| errno_of(&e))
    });
    let name = shown(name);
    let mut file = match opened {
        Ok(file) => file,
        Err(errno) => return fail(handle, &ClientError::OpenFile { name, errno }),
    };
    let created = match object {
        0 => creat(handle, INV_READ | INV_WRITE),
        _ => create(handle, object),
    };
    let object = created.filter(|&object| object != 0)?;
    let fd = open(handle, object, INV_WRITE).filter(|&fd| fd != NO_FD)?;
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(len) => {
                let written = write(handle, fd, Some(&chunk[..len]))?;
                if usize::try_from(written) != Ok(len) {
                    return None;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                let errno = errno_of(&error);
                return give_up(handle, fd, &ClientError::ReadFile { name, errno });
            }
        }
    }
    close(handle, fd)?;
    Some(object)
}

/// Writes an object into a local file, which is made or emptied before. `None` on failure.
pub fn export(handle: &mut impl Handle, object: Oid, name: Option<&[u8]>) -> Option<()> {
    let fd = open(handle, object, INV_READ).filter(|&fd| fd != NO_FD)?;
    let opened = name.map_or(Err(libc::EFAULT), |name| {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(EXPORT_MODE)
            .open(path(name))
            .map_err(|e| errno_of(&e))
    });
    let name = shown(name);
    let mut file = match opened {
        Ok(file) => file,
        Err(errno) => return give_up(handle, fd, &ClientError::OpenFile { name, errno }),
    };
    loop {
        let chunk = read(handle, fd, CHUNK_BYTES)?;
        if chunk.is_empty() {
            break;
        }
        if let Err(error) = file.write_all(&chunk) {
            let errno = errno_of(&error);
            return give_up(handle, fd, &ClientError::WriteFile { name, errno });
        }
    }
    close(handle, fd)?;
    Some(())
}

const LONG: ValueKind = ValueKind::Bytes(8);

fn int(value: i32) -> [u8; 4] {
    value.to_be_bytes()
}

fn as_args<const N: usize>(ints: &[[u8; 4]; N]) -> [FunctionArg<'_>; N] {
    ints.each_ref().map(|i| Some(&i[..]))
}

fn int_of(value: FunctionValue) -> Option<i32> {
    match value {
        FunctionValue::Int(value, _) => Some(value),
        _ => None,
    }
}

fn long_of(value: FunctionValue) -> Option<i64> {
    match value {
        FunctionValue::Bytes(bytes) => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

fn path(name: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(name))
}

/// A file's name as messages show it.
fn shown(name: Option<&[u8]>) -> Vec<u8> {
    name.unwrap_or(b"(null)").to_vec()
}

fn fail<T>(handle: &mut impl Handle, error: &ClientError) -> Option<T> {
    handle.with(|c| {
        c.link.session.errors.push_with(|out| error.write_text(out));
    });
    None
}

/// A local file has failed: closes the object, and says nothing but that.
fn give_up<T>(handle: &mut impl Handle, fd: i32, error: &ClientError) -> Option<T> {
    close(handle, fd);
    handle.with(|c| c.link.session.errors.clear());
    fail(handle, error)
}

fn checked_length(handle: &mut impl Handle, function: &'static str, len: usize) -> Option<[u8; 4]> {
    match i32::try_from(len) {
        Ok(len) => Some(int(len)),
        Err(_) => fail(handle, &ClientError::LengthTooLarge(function)),
    }
}

fn call_int<const N: usize>(
    handle: &mut impl Handle,
    function: Function,
    args: &[[u8; 4]; N],
) -> Option<i32> {
    let function = find(handle, function)?;
    int_of(call(handle, function, &as_args(args), ValueKind::Int)?)
}

fn call(
    handle: &mut impl Handle,
    function: Oid,
    args: &[FunctionArg<'_>],
    kind: ValueKind,
) -> Option<FunctionValue> {
    call_function(handle, function, Ok(args), kind)?.1
}

/// The OID of a function. The first call on a connection looks all of them up.
fn find(handle: &mut impl Handle, function: Function) -> Option<Oid> {
    let oids = match handle.with(|c| {
        c.link.session.errors.clear();
        c.large_objects.oids.as_deref().copied()
    }) {
        Some(oids) => oids,
        None => look_up(handle)?,
    };
    match oids[function as usize] {
        0 => fail(
            handle,
            &ClientError::NoLargeObjectFunction(NAMES[function as usize]),
        ),
        oid => Some(oid),
    }
}

fn look_up(handle: &mut impl Handle) -> Option<[Oid; NAMES.len()]> {
    let send = |c: &mut Connection| c.send_query(Some(LOOKUP));
    let result = blocking::exec(handle, send)?;
    match result.status {
        ExecStatus::TuplesOk => {}
        ExecStatus::FatalError => return None,
        _ => return fail(handle, &ClientError::NoLargeObjectFunctions),
    }
    let oids = oids_of(&result);
    if let Some(missing) = oids[..NEEDED].iter().position(|&oid| oid == 0) {
        return fail(handle, &ClientError::NoLargeObjectFunction(NAMES[missing]));
    }
    handle.with(|c| c.large_objects.oids = Some(Box::new(oids)));
    Some(oids)
}

fn oids_of(result: &QueryResult) -> [Oid; NAMES.len()] {
    let mut oids = [0; NAMES.len()];
    for row in 0..result.rows.rows() {
        let name = result.rows.value(row, 0).unwrap_or_default();
        let oid = result.rows.value(row, 1).unwrap_or_default();
        let slot = NAMES.iter().position(|n| n.as_bytes() == name);
        let oid = std::str::from_utf8(oid).ok().and_then(|t| t.parse().ok());
        if let (Some(slot), Some(oid)) = (slot, oid) {
            oids[slot] = oid;
        }
    }
    oids
}
