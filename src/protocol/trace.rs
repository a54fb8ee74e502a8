//! Trace lines (`PQtrace`): what every message that goes out or is taken in looks like in text.
//!
//! One line a message: optional time stamp, direction (`F` we, `B` the backend), length word, name, fields, separated
//! by tabs (behaviours 307-315). The layouts stand in tables; [`Line`] prints any of them. The session and the connect
//! floor say which message there is, the C layer writes the gathered lines to the application's stream. Nothing here
//! changes what a message means, and nothing reads a clock: the time stamp is written by a function given from outside.
//!
//! Deliberate difference: the reference prints whatever lies behind a message that is shorter than its layout (and may
//! crash there); here the line ends with the message.

use super::backend::{self, Reader};
use super::frontend;

/// `PQTRACE_SUPPRESS_TIMESTAMPS`.
const SUPPRESS_TIMESTAMPS: i32 = 1;
/// `PQTRACE_REGRESS_MODE`.
const REGRESS_MODE: i32 = 2;

/// Bytes before the fields of a traced message: the type byte and the length word.
const HEADER_LEN: usize = backend::HEADER_LEN;

/// Which message of type `p` there is: the type byte does not say it (behaviour 317).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationMessage {
    /// PasswordMessage.
    Password,
    /// GSSResponse, also for SSPI.
    GssResponse,
    /// SASLInitialResponse.
    SaslInitialResponse,
    /// SASLResponse.
    SaslResponse,
}

/// What the one-byte answer of a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionRequest {
    /// SSLRequest.
    Ssl,
    /// GSSENCRequest.
    GssEnc,
}

/// Collects trace lines until the caller writes them out.
pub struct Trace {
    /// Lines not yet written.
    pub lines: Vec<u8>,
    /// A frontend message has been traced since the caller last cleared this: the stream is to be flushed once the
    /// output is.
    pub flush_due: bool,
    flags: i32,
    time_stamp: fn(&mut Vec<u8>),
    /// Where the newest line begins.
    newest: usize,
}

impl Trace {
    /// Begins to trace, without flags. `time_stamp` appends the present local time as `YYYY-MM-DD HH:MM:SS.uuuuuu`.
    pub fn new(time_stamp: fn(&mut Vec<u8>)) -> Self {
        Trace {
            lines: Vec::new(),
            flush_due: false,
            flags: 0,
            time_stamp,
            newest: 0,
        }
    }

    /// Sets the flags of `PQsetTraceFlags`: 1 no time stamps, 2 nothing that differs between runs.
    pub fn set_flags(&mut self, flags: i32) {
        self.flags = flags;
    }

    /// One or several whole messages of ours have been queued.
    pub fn frontend(&mut self, messages: &[u8]) {
        let mut rest = messages;
        while let Some(length) = length_word(rest.get(1..)) {
            let end = length.saturating_add(1).min(rest.len()).max(HEADER_LEN);
            let (message, behind) = rest.split_at(end);
            self.frontend_as(message, frontend_layout(message[0]));
            rest = behind;
        }
    }

    /// A message of type `p` of ours has been queued.
    pub fn frontend_authentication(&mut self, kind: AuthenticationMessage, message: &[u8]) {
        use AuthenticationMessage::*;
        use Field::*;
        let layout: Layout = match kind {
            Password => ("PasswordMessage", Some(&[Str])),
            GssResponse => ("GSSResponse", Some(&[Secret])),
            SaslInitialResponse => ("SASLInitialResponse", Some(&[Str, SecretValue])),
            SaslResponse => ("SASLResponse", Some(&[Secret])),
        };
        self.frontend_as(message, Some(layout));
    }

    /// A packet of ours without a type byte has been queued: StartupMessage, SSLRequest, GSSENCRequest.
    pub fn frontend_untyped(&mut self, packet: &[u8]) {
        use Field::*;
        let (Some(length), Some(code)) = (length_word(Some(packet)), length_word(packet.get(4..)))
        else {
            return;
        };
        let (name, fields): (_, &[Field]) = match u32::try_from(code) {
            Ok(frontend::SSL_REQUEST_CODE) => ("SSLRequest", &[Int16, Int16]),
            Ok(frontend::GSSENC_REQUEST_CODE) => ("GSSENCRequest", &[Int16, Int16]),
            _ => ("StartupMessage", &[Int16, Int16, Pairs]),
        };
        self.flush_due = true;
        let mut line = self.begin(b'F');
        line.length(length, false);
        line.name_and_fields((name, Some(fields)), &packet[4..]);
    }

    /// The server has answered a request for encryption.
    pub fn encryption_answer(&mut self, request: EncryptionRequest, answer: u8) {
        let name = match request {
            EncryptionRequest::Ssl => "SSLResponse",
            EncryptionRequest::GssEnc => "GSSENCResponse",
        };
        let line = self.begin(b'B');
        line.out.extend_from_slice(b"1\t");
        line.out.extend_from_slice(name.as_bytes());
        line.out.extend_from_slice(b"\t ");
        put_byte(line.out, answer);
        line.out.push(b'\n');
    }

    /// A message of the backend is about to be handled.
    pub fn backend(&mut self, message: &[u8]) {
        let (Some(&kind), Some(length)) = (message.first(), length_word(message.get(1..))) else {
            return;
        };
        let mut body = message.get(HEADER_LEN..).unwrap_or_default();
        let mut layout = backend_layout(kind);
        if kind == backend::tag::AUTHENTICATION {
            // AuthenticationOk is not traced (behaviour 316); requests nobody knows are refused, not traced.
            let Some(request) = length_word(Some(body)).and_then(authentication_layout) else {
                self.newest = self.lines.len();
                return;
            };
            body = &body[4..];
            layout = Some(request);
        }
        let hides_length = layout.is_some_and(|(_, fields)| fields == Some(&[Field::ErrorFields]));
        let mut line = self.begin(b'B');
        line.length(length, hides_length);
        match layout {
            Some(layout) => line.name_and_fields(layout, body),
            None => line.unknown(kind, body),
        }
    }

    /// The newest backend message has turned out malformed, or is not taken in yet: its line goes again.
    pub fn take_back(&mut self) {
        self.lines.truncate(self.newest);
    }

    fn frontend_as(&mut self, message: &[u8], layout: Option<Layout>) {
        let Some(length) = length_word(message.get(1..)) else {
            return;
        };
        self.flush_due = true;
        let mut line = self.begin(b'F');
        line.length(length, false);
        let body = &message[HEADER_LEN..];
        match layout {
            Some(layout) => line.name_and_fields(layout, body),
            None => line.unknown(message[0], body),
        }
    }

    fn begin(&mut self, direction: u8) -> Line<'_> {
        // Lines that have been written out are gone from the front.
        self.newest = self.lines.len();
        if self.flags & SUPPRESS_TIMESTAMPS == 0 {
            (self.time_stamp)(&mut self.lines);
            self.lines.push(b'\t');
        }
        self.lines.extend_from_slice(&[direction, b'\t']);
        Line {
            out: &mut self.lines,
            regress: self.flags & REGRESS_MODE != 0,
            length: 0,
        }
    }
}

/// A message's name and its fields; no fields at all for messages without a body.
type Layout = (&'static str, Option<&'static [Field]>);

/// What a message's body consists of.
#[derive(PartialEq)]
enum Field {
    /// Byte1, shown as a character.
    Byte,
    /// Int16, shown without a sign.
    Int16,
    /// Int32.
    Int32,
    /// Int32 that differs between runs: an OID or a process id.
    Varying,
    /// String.
    Str,
    /// Int32 length and that many bytes; -1 for NULL.
    Value,
    /// The same, content confidential or different between runs.
    SecretValue,
    /// All that is left, confidential or different between runs.
    Secret,
    /// Strings up to the end of the message.
    Strings,
    /// Pairs of Strings and a NUL.
    Pairs,
    /// Int16 count and that many groups.
    Each16(&'static [Field]),
    /// Int32 count and that many groups.
    Each32(&'static [Field]),
    /// Byte1 code and String each, and a NUL.
    ErrorFields,
}

fn frontend_layout(kind: u8) -> Option<Layout> {
    use Field::*;
    use frontend::tag::*;
    Some(match kind {
        BIND => (
            "Bind",
            Some(&[
                Str,
                Str,
                Each16(&[Int16]),
                Each16(&[Value]),
                Each16(&[Int16]),
            ]),
        ),
        CLOSE => ("Close", Some(&[Byte, Str])),
        COPY_DATA => ("CopyData", Some(&[Secret])),
        COPY_DONE => ("CopyDone", None),
        COPY_FAIL => ("CopyFail", Some(&[Str])),
        DESCRIBE => ("Describe", Some(&[Byte, Str])),
        EXECUTE => ("Execute", Some(&[Str, Int32])),
        FLUSH => ("Flush", None),
        FUNCTION_CALL => (
            "FunctionCall",
            Some(&[Varying, Each16(&[Int16]), Each16(&[Value]), Int16]),
        ),
        PARSE => ("Parse", Some(&[Str, Str, Each16(&[Varying])])),
        QUERY => ("Query", Some(&[Str])),
        SYNC => ("Sync", None),
        TERMINATE => ("Terminate", None),
        _ => return None,
    })
}

fn backend_layout(kind: u8) -> Option<Layout> {
    use Field::*;
    use backend::tag::*;
    const COPY_FORMATS: &[Field] = &[Byte, Each16(&[Int16])];
    const COLUMN: &[Field] = &[Str, Varying, Int16, Varying, Int16, Int32, Int16];
    Some(match kind {
        BACKEND_KEY_DATA => ("BackendKeyData", Some(&[Varying, Secret])),
        BIND_COMPLETE => ("BindComplete", None),
        CLOSE_COMPLETE => ("CloseComplete", None),
        COMMAND_COMPLETE => ("CommandComplete", Some(&[Str])),
        COPY_DATA => ("CopyData", Some(&[Secret])),
        COPY_DONE => ("CopyDone", None),
        COPY_IN_RESPONSE => ("CopyInResponse", Some(COPY_FORMATS)),
        COPY_OUT_RESPONSE => ("CopyOutResponse", Some(COPY_FORMATS)),
        COPY_BOTH_RESPONSE => ("CopyBothResponse", Some(COPY_FORMATS)),
        DATA_ROW => ("DataRow", Some(&[Each16(&[Value])])),
        EMPTY_QUERY_RESPONSE => ("EmptyQueryResponse", None),
        ERROR_RESPONSE => ("ErrorResponse", Some(&[ErrorFields])),
        FUNCTION_CALL_RESPONSE => ("FunctionCallResponse", Some(&[Value])),
        NEGOTIATE_PROTOCOL_VERSION => ("NegotiateProtocolVersion", Some(&[Int32, Each32(&[Str])])),
        NO_DATA => ("NoData", None),
        NOTICE_RESPONSE => ("NoticeResponse", Some(&[ErrorFields])),
        NOTIFICATION_RESPONSE => ("NotificationResponse", Some(&[Varying, Str, Str])),
        PARAMETER_DESCRIPTION => ("ParameterDescription", Some(&[Each16(&[Varying])])),
        PARAMETER_STATUS => ("ParameterStatus", Some(&[Str, Str])),
        PARSE_COMPLETE => ("ParseComplete", None),
        PORTAL_SUSPENDED => ("PortalSuspended", None),
        READY_FOR_QUERY => ("ReadyForQuery", Some(&[Byte])),
        ROW_DESCRIPTION => ("RowDescription", Some(&[Each16(COLUMN)])),
        _ => return None,
    })
}

/// The layout behind an authentication request's code. That of AuthenticationMD5Password lacks the salt, and so it is
/// always called too long (behaviour 315).
fn authentication_layout(code: usize) -> Option<Layout> {
    use Field::*;
    Some(match code {
        3 => ("AuthenticationCleartextPassword", None),
        5 => ("AuthenticationMD5Password", None),
        7 => ("AuthenticationGSS", None),
        8 => ("AuthenticationGSSContinue", Some(&[Secret])),
        9 => ("AuthenticationSSPI", None),
        10 => ("AuthenticationSASL", Some(&[Strings])),
        11 => ("AuthenticationSASLContinue", Some(&[Secret])),
        12 => ("AuthenticationSASLFinal", Some(&[Secret])),
        _ => return None,
    })
}

/// The length word, or code, that `bytes` begin with.
fn length_word(bytes: Option<&[u8]>) -> Option<usize> {
    let word = bytes?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*word)).ok()
}

/// A line that is being written.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    regress: bool,
    /// The message's length word.
    length: usize,
}

impl Line<'_> {
    fn length(&mut self, length: usize, varies: bool) {
        self.length = length;
        if varies && self.regress {
            self.out.extend_from_slice(b"NN");
        } else {
            self.out.extend_from_slice(length.to_string().as_bytes());
        }
        self.out.push(b'\t');
    }

    /// Writes the name and the fields, and ends the line. `body` is what the fields are read from.
    fn name_and_fields(&mut self, (name, fields): Layout, body: &[u8]) {
        self.out.extend_from_slice(name.as_bytes());
        let mut reader = Reader::new(body);
        if let Some(fields) = fields {
            self.out.push(b'\t');
            // A message that ends too early ends its line there.
            let _ = self.fields(fields, &mut reader);
        }
        self.end(reader.rest());
    }

    /// A type byte nobody knows, shown as C shows a negative `char`.
    fn unknown(&mut self, kind: u8, body: &[u8]) {
        let kind = i32::from(kind as i8);
        self.out
            .extend_from_slice(format!("Unknown message: {kind:02x}").as_bytes());
        self.end(body);
    }

    /// Ends the line, and tells of content that is left over.
    fn end(&mut self, rest: &[u8]) {
        self.out.push(b'\n');
        if !rest.is_empty() {
            let (length, consumed) = (self.length, self.length.saturating_sub(rest.len()));
            self.out.extend_from_slice(
                format!("mismatched message length: consumed {consumed}, expected {length}\n")
                    .as_bytes(),
            );
        }
    }

    fn fields(&mut self, fields: &[Field], body: &mut Reader<'_>) -> Option<()> {
        fields.iter().try_for_each(|field| self.field(field, body))
    }

    fn field(&mut self, field: &Field, body: &mut Reader<'_>) -> Option<()> {
        match field {
            Field::Byte => {
                let byte = body.byte()?;
                self.out.push(b' ');
                put_byte(self.out, byte);
            }
            Field::Int16 => self.number(i64::from(body.u16()?)),
            Field::Int32 => self.number(i64::from(body.i32()?)),
            Field::Varying => {
                let number = body.i32()?;
                if self.regress {
                    self.out.extend_from_slice(b" NNNN");
                } else {
                    self.number(i64::from(number));
                }
            }
            Field::Str => {
                let text = body.string()?;
                self.string(text);
            }
            Field::Value => self.value(body, false)?,
            Field::SecretValue => self.value(body, self.regress)?,
            Field::Secret => {
                let bytes = body.bytes(body.rest().len())?;
                self.quoted(bytes, self.regress);
            }
            Field::Strings => {
                while !body.is_at_end() {
                    let text = body.string()?;
                    self.string(text);
                }
            }
            Field::Pairs => {
                while *body.rest().first()? != 0 {
                    let (name, value) = (body.string()?, body.string()?);
                    self.string(name);
                    self.string(value);
                }
                body.byte()?;
            }
            Field::Each16(group) => {
                let count = body.u16()?;
                self.number(i64::from(count));
                for _ in 0..count {
                    self.fields(group, body)?;
                }
            }
            Field::Each32(group) => {
                let count = body.i32()?;
                self.number(i64::from(count));
                for _ in 0..count {
                    self.fields(group, body)?;
                }
            }
            Field::ErrorFields => self.error_fields(body)?,
        }
        Some(())
    }

    fn error_fields(&mut self, body: &mut Reader<'_>) -> Option<()> {
        loop {
            let code = body.byte()?;
            self.out.push(b' ');
            put_byte(self.out, code);
            if code == 0 {
                return Some(());
            }
            let value = body.string()?;
            if self.regress && matches!(code, b'L' | b'F' | b'R') {
                self.out.extend_from_slice(b" \"SSSS\"");
            } else {
                self.string(value);
            }
        }
    }

    fn number(&mut self, number: i64) {
        self.out.push(b' ');
        self.out.extend_from_slice(number.to_string().as_bytes());
    }

    fn string(&mut self, text: &[u8]) {
        self.out.extend_from_slice(b" \"");
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    fn value(&mut self, body: &mut Reader<'_>, hidden: bool) -> Option<()> {
        let length = body.i32()?;
        self.number(i64::from(length));
        if length != -1 {
            let bytes = body.bytes(usize::try_from(length).ok()?)?;
            self.quoted(bytes, hidden);
        }
        Some(())
    }

    fn quoted(&mut self, bytes: &[u8], hidden: bool) {
        self.out.extend_from_slice(b" '");
        if hidden {
            self.out.extend_from_slice(b"BBBB");
        } else {
            for &byte in bytes {
                put_byte(self.out, byte);
            }
        }
        self.out.push(b'\'');
    }
}

/// A byte as a character, or as `\xHH` when it is none.
fn put_byte(out: &mut Vec<u8>, byte: u8) {
    if byte == b' ' || byte.is_ascii_graphic() {
        out.push(byte);
    } else {
        out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
    }
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
