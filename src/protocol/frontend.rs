//! What the frontend (us) sends: encoders that append one message each to an output buffer.
//!
//! Every encoder reserves before it writes, so a message is either wholly in the buffer or not at all; but for those of
//! queries, which write to any [`Sink`] and leave it to the caller to cut off what has no room. Source: the manual's chapter
//! "Frontend/Backend Protocol", section "Message Formats".

use super::error::UsageError;
use super::sink::Sink;
use super::types::Oid;

/// Type bytes of frontend messages, named after the message.
pub mod tag {
    #![allow(missing_docs)] // each constant is named after its message in the manual
    pub const BIND: u8 = b'B';
    pub const CLOSE: u8 = b'C';
    pub const COPY_DATA: u8 = b'd';
    pub const COPY_DONE: u8 = b'c';
    pub const COPY_FAIL: u8 = b'f';
    pub const DESCRIBE: u8 = b'D';
    pub const EXECUTE: u8 = b'E';
    pub const FLUSH: u8 = b'H';
    pub const FUNCTION_CALL: u8 = b'F';
    pub const PARSE: u8 = b'P';
    pub const AUTHENTICATION: u8 = b'p';
    pub const QUERY: u8 = b'Q';
    pub const SYNC: u8 = b'S';
    pub const TERMINATE: u8 = b'X';
}

/// The longest output buffer, and so the longest message (behaviour 345).
pub const OUTPUT_LIMIT: usize = i32::MAX as usize;

/// The largest number of parameters: what the protocol's Int16 count holds.
pub const MOST_PARAMS: usize = 65_535;

/// The output buffer could not grow: no memory, or past [`OUTPUT_LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputFull;

/// Reserves room for a message of `body` bytes after the length word and writes type and length.
///
/// # Errors
/// [`OutputFull`]; the buffer is unchanged then.
pub fn begin(out: &mut Vec<u8>, kind: u8, body: usize) -> Result<(), OutputFull> {
    let total = body.checked_add(5).ok_or(OutputFull)?;
    reserve(out, total)?;
    out.push(kind);
    out.extend_from_slice(&((body + 4) as u32).to_be_bytes());
    Ok(())
}

/// Room for so many bytes more.
pub(super) fn reserve(out: &mut Vec<u8>, more: usize) -> Result<(), OutputFull> {
    match out.len().checked_add(more) {
        Some(len) if len <= OUTPUT_LIMIT => out.try_reserve(more).map_err(|_| OutputFull),
        _ => Err(OutputFull),
    }
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
    out.push(0);
}

fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// A message without a body: Flush, Sync, Terminate, CopyDone.
///
/// # Errors
/// [`OutputFull`].
pub fn empty(out: &mut Vec<u8>, kind: u8) -> Result<(), OutputFull> {
    begin(out, kind, 0)
}

/// A message whose body is one String: CopyFail, PasswordMessage.
///
/// # Errors
/// [`OutputFull`].
pub fn string(out: &mut Vec<u8>, kind: u8, text: &[u8]) -> Result<(), OutputFull> {
    begin(out, kind, text.len().checked_add(1).ok_or(OutputFull)?)?;
    put_string(out, text);
    Ok(())
}

/// A message whose body is plain bytes: CopyData, SASLResponse, GSSResponse.
///
/// # Errors
/// [`OutputFull`].
pub fn bytes(out: &mut Vec<u8>, kind: u8, data: &[u8]) -> Result<(), OutputFull> {
    begin(out, kind, data.len())?;
    out.extend_from_slice(data);
    Ok(())
}

/// Query: String query.
///
/// # Errors
/// [`OutputFull`].
#[inline]
pub fn query<S: Sink>(out: &mut S, query: &[u8]) -> Result<(), OutputFull> {
    let start = begin_in(out, tag::QUERY)?;
    out.put(query)?;
    out.put(&[0])?;
    end_in(out, start);
    Ok(())
}

/// Parse: String statement, String query, Int16 count, that many Int32 type OIDs.
///
/// # Errors
/// [`OutputFull`].
pub fn parse<S: Sink>(
    out: &mut S,
    statement: &[u8],
    query: &[u8],
    types: &[Oid],
) -> Result<(), OutputFull> {
    let start = begin_in(out, tag::PARSE)?;
    out.put(statement)?;
    out.put(&[0])?;
    out.put(query)?;
    let [a, b] = (types.len() as u16).to_be_bytes();
    out.put(&[0, a, b])?;
    for &oid in types {
        out.put(&oid.to_be_bytes())?;
    }
    end_in(out, start);
    Ok(())
}

/// Begins a message in a sink, and says where.
#[inline(always)]
fn begin_in<S: Sink>(out: &mut S, kind: u8) -> Result<usize, OutputFull> {
    let start = out.len();
    out.put(&[kind, 0, 0, 0, 0])?;
    Ok(start)
}

/// Ends the message that begins at `start`: now its length is known.
#[inline(always)]
fn end_in<S: Sink>(out: &mut S, start: usize) {
    out.set_u32(start + 1, (out.len() - start - 1) as u32);
}

/// One parameter value on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    /// The value; `None` is SQL NULL.
    pub value: Option<&'a [u8]>,
    /// Its format: 0 text, 1 binary.
    pub format: i16,
}

/// The parameters of a Bind message, asked for twice: once to size the message, once to write it.
pub trait Params {
    /// How many there are, at most 65535.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether they can be sent at all.
    ///
    /// # Errors
    /// [`UsageError`] for too many, and for a binary one without a length.
    fn check(&self) -> Result<(), UsageError> {
        if self.len() > MOST_PARAMS {
            Err(UsageError::ParamCount)
        } else {
            Ok(())
        }
    }
    /// Whether format codes are sent; when not, all values are text.
    fn has_formats(&self) -> bool;
    /// The parameter at `index`.
    fn get(&self, index: usize) -> Param<'_>;
}

impl Params for [Param<'_>] {
    fn len(&self) -> usize {
        <[Param<'_>]>::len(self)
    }
    fn has_formats(&self) -> bool {
        self.iter().any(|p| p.format != 0)
    }
    fn get(&self, index: usize) -> Param<'_> {
        self[index]
    }
}

/// Bind to the unnamed portal: format codes, parameter values, one result format code. Each parameter's value is asked for
/// once.
///
/// # Errors
/// [`OutputFull`].
#[inline]
pub fn bind<S: Sink, P: Params + ?Sized>(
    out: &mut S,
    statement: &[u8],
    params: &P,
    result_format: i16,
) -> Result<(), OutputFull> {
    let start = begin_in(out, tag::BIND)?;
    let count = params.len();
    let [high, low] = (count as u16).to_be_bytes();
    out.put(&[0])?;
    out.put(statement)?;
    if params.has_formats() {
        out.put(&[0, high, low])?;
        for i in 0..count {
            out.put(&params.get(i).format.to_be_bytes())?;
        }
        out.put(&[high, low])?;
    } else {
        out.put(&[0, 0, 0, high, low])?;
    }
    for i in 0..count {
        match params.get(i).value {
            Some(value) => {
                out.put(&(value.len() as u32).to_be_bytes())?;
                out.put(value)?;
            }
            None => out.put(&u32::MAX.to_be_bytes())?,
        }
    }
    let [high, low] = result_format.to_be_bytes();
    out.put(&[0, 1, high, low])?;
    end_in(out, start);
    Ok(())
}

/// Describe or Close: Byte1 `S` (statement) or `P` (portal), String name.
///
/// # Errors
/// [`OutputFull`].
pub fn target(out: &mut Vec<u8>, kind: u8, what: u8, name: &[u8]) -> Result<(), OutputFull> {
    begin(out, kind, sum(&[1, name.len(), 1])?)?;
    out.push(what);
    put_string(out, name);
    Ok(())
}

/// Describe of the unnamed portal, Execute of it without a row limit, and Sync.
const RUN_AND_SYNC: [u8; 22] = *b"D\0\0\0\x06P\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";
/// Bytes of the Sync at its end.
const SYNC_LEN: usize = 5;

/// Describe of the unnamed portal, Execute of it without a row limit, and Sync where it is wanted.
///
/// # Errors
/// [`OutputFull`].
#[inline]
pub fn run_portal<S: Sink>(out: &mut S, sync: bool) -> Result<(), OutputFull> {
    match sync {
        true => out.put(&RUN_AND_SYNC),
        false => out.put(&RUN_AND_SYNC[..RUN_AND_SYNC.len() - SYNC_LEN]),
    }
}

/// One argument of a FunctionCall: binary bytes, `None` for SQL NULL.
pub type FunctionArg<'a> = Option<&'a [u8]>;

/// FunctionCall with binary arguments and a binary result.
///
/// # Errors
/// [`OutputFull`].
pub fn function_call(
    out: &mut Vec<u8>,
    function: Oid,
    args: &[FunctionArg<'_>],
) -> Result<(), OutputFull> {
    let mut body = sum(&[4, 2, 2, 2, args.len() * 4, 2])?;
    for arg in args {
        body = sum(&[body, arg.map_or(0, <[u8]>::len)])?;
    }
    begin(out, tag::FUNCTION_CALL, body)?;
    put_u32(out, function);
    put_u16(out, 1);
    put_u16(out, 1);
    put_u16(out, args.len() as u16);
    for arg in args {
        match arg {
            Some(value) => {
                put_u32(out, value.len() as u32);
                out.extend_from_slice(value);
            }
            None => put_u32(out, u32::MAX),
        }
    }
    put_u16(out, 1);
    Ok(())
}

/// SASLInitialResponse: String mechanism, Int32 length, the response.
///
/// # Errors
/// [`OutputFull`].
pub fn sasl_initial_response(
    out: &mut Vec<u8>,
    mechanism: &[u8],
    response: Option<&[u8]>,
) -> Result<(), OutputFull> {
    let len = response.map_or(0, <[u8]>::len);
    begin(
        out,
        tag::AUTHENTICATION,
        sum(&[mechanism.len(), 1, 4, len])?,
    )?;
    put_string(out, mechanism);
    put_u32(out, response.map_or(u32::MAX, |_| len as u32));
    out.extend_from_slice(response.unwrap_or_default());
    Ok(())
}

/// StartupMessage: Int32 length, Int32 version, pairs of Strings, a NUL. It has no type byte.
///
/// # Errors
/// [`OutputFull`].
pub fn startup(
    out: &mut Vec<u8>,
    version: u32,
    parameters: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)],
) -> Result<(), OutputFull> {
    let mut len = 9usize;
    for (name, value) in parameters {
        len = sum(&[len, name.as_ref().len(), value.as_ref().len(), 2])?;
    }
    reserve(out, len)?;
    put_u32(out, len as u32);
    put_u32(out, version);
    for (name, value) in parameters {
        put_string(out, name.as_ref());
        put_string(out, value.as_ref());
    }
    out.push(0);
    Ok(())
}

/// Code of an SSLRequest (1234.5679).
pub const SSL_REQUEST_CODE: u32 = 80_877_103;
/// Code of a GSSENCRequest (1234.5680).
pub const GSSENC_REQUEST_CODE: u32 = 80_877_104;
/// Code of a CancelRequest (1234.5678).
pub const CANCEL_REQUEST_CODE: u32 = 80_877_102;

/// SSLRequest or GSSENCRequest: Int32 length 8, Int32 code. It has no type byte.
///
/// # Errors
/// [`OutputFull`].
pub fn encryption_request(out: &mut Vec<u8>, code: u32) -> Result<(), OutputFull> {
    reserve(out, 8)?;
    put_u32(out, 8);
    put_u32(out, code);
    Ok(())
}

/// CancelRequest: Int32 length, Int32 code, Int32 process id, the secret key. It has no type byte.
///
/// # Errors
/// [`OutputFull`].
pub fn cancel_request(out: &mut Vec<u8>, process_id: i32, key: &[u8]) -> Result<(), OutputFull> {
    let len = sum(&[12, key.len()])?;
    reserve(out, len)?;
    put_u32(out, len as u32);
    put_u32(out, CANCEL_REQUEST_CODE);
    put_u32(out, process_id as u32);
    out.extend_from_slice(key);
    Ok(())
}

fn sum(parts: &[usize]) -> Result<usize, OutputFull> {
    parts
        .iter()
        .try_fold(0usize, |total, &part| total.checked_add(part))
        .ok_or(OutputFull)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_type_length_text_nul() {
        let mut out = Vec::new();
        query(&mut out, b"select 1").unwrap();
        assert_eq!(out, b"Q\0\0\0\x0dselect 1\0");
    }

    #[test]
    fn bind_sends_formats_only_when_there_are_some() {
        let mut out = Vec::new();
        let text = [
            Param {
                value: Some(b"7"),
                format: 0,
            },
            Param {
                value: None,
                format: 0,
            },
        ];
        bind(&mut out, b"s", &text[..], 1).unwrap();
        assert_eq!(
            out,
            b"B\0\0\0\x18\0s\0\0\0\0\x02\0\0\0\x017\xff\xff\xff\xff\0\x01\0\x01"
        );
        out.clear();
        let binary = [Param {
            value: Some(b"\0\x07"),
            format: 1,
        }];
        bind(&mut out, b"", &binary[..], 0).unwrap();
        assert_eq!(
            out,
            b"B\0\0\0\x16\0\0\0\x01\0\x01\0\x01\0\0\0\x02\0\x07\0\x01\0\0"
        );
    }

    #[test]
    fn length_words_count_themselves() {
        let mut out = Vec::new();
        startup(&mut out, 196_608, &[(b"user", b"u")]).unwrap();
        assert_eq!(out, b"\0\0\0\x10\0\x03\0\0user\0u\0\0");
        out.clear();
        cancel_request(&mut out, 7, &[1, 2, 3, 4]).unwrap();
        assert_eq!(out, b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07\x01\x02\x03\x04");
        out.clear();
        function_call(&mut out, 5, &[Some(b"ab"), None]).unwrap();
        assert_eq!(
            out.len(),
            1 + u32::from_be_bytes(out[1..5].try_into().unwrap()) as usize
        );
    }
}
