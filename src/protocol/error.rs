//! What can go wrong on this floor, and the one place that words it.
//!
//! Two kinds: the backend broke the protocol ([`ProtocolError`]), or the application called something at the wrong
//! time ([`UsageError`]). The texts are libpq's message shapes, without the newline that ends them.

use super::frontend::OutputFull;

/// Appends byte pieces to a text: names and values from outside may be in any encoding, so no `format!`.
macro_rules! put {
    ($out:expr $(, $piece:expr)* $(,)?) => {{ $( $out.extend_from_slice(AsRef::<[u8]>::as_ref(&$piece)); )* }};
}
pub(crate) use put;

/// The backend broke the protocol, or its message could not be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A length word that cannot be true; the stream is lost.
    LostSync {
        /// The message's type byte.
        kind: u8,
        /// The length word.
        length: i32,
    },
    /// A message that has no place in this state.
    UnexpectedResponse(u8),
    /// The body is longer or shorter than its content.
    ContentsDisagree(u8),
    /// A DataRow before any RowDescription.
    DataWithoutDescription,
    /// The body ends too early.
    InsufficientData(u8),
    /// A DataRow with another number of values than the RowDescription has.
    UnexpectedFieldCount,
    /// No memory for a result.
    OutOfMemoryForResult,
    /// More rows than a C `int` counts.
    TooManyRows,
    /// The receive block could not grow.
    InputFull,
    /// BackendKeyData with a key of a forbidden length under protocol 3.0.
    KeyLengthIn30(usize),
    /// BackendKeyData with a key shorter than 4 bytes.
    KeyTooShort(usize),
    /// BackendKeyData with a key longer than 256 bytes.
    KeyTooLong(usize),
    /// A function call ended without its result.
    NoFunctionResult,
    /// A message that does not belong into a function call.
    UnexpectedInFunctionCall(u8),
    /// A function's result is larger than the caller's buffer.
    FunctionResultTooLong,
    /// A function's result, asked for as an integer, has a length in bytes that no integer has.
    FunctionResultNotInteger(usize),
}

impl ProtocolError {
    /// Appends libpq's text.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use ProtocolError::*;
        match self {
            LostSync { kind, length } => put!(
                out,
                "lost synchronization with server: got message type \"",
                [*kind],
                "\", length ",
                length.to_string()
            ),
            UnexpectedResponse(kind) => {
                put!(
                    out,
                    "unexpected response from server; first received character was \"",
                    [*kind],
                    "\""
                )
            }
            ContentsDisagree(kind) => {
                put!(
                    out,
                    "message contents do not agree with length in message type \"",
                    [*kind],
                    "\""
                )
            }
            DataWithoutDescription => put!(
                out,
                "server sent data (\"D\" message) without prior row description (\"T\" message)"
            ),
            InsufficientData(kind) => put!(out, "insufficient data in \"", [*kind], "\" message"),
            UnexpectedFieldCount => put!(out, "unexpected field count in \"D\" message"),
            OutOfMemoryForResult => put!(out, "out of memory for query result"),
            TooManyRows => put!(out, "PGresult cannot support more than INT_MAX tuples"),
            InputFull => put!(out, "cannot allocate memory for input buffer"),
            KeyLengthIn30(len) => put!(
                out,
                "received invalid BackendKeyData message: cancel key with length ",
                len.to_string(),
                " not allowed in protocol version 3.0 (must be 4 bytes)"
            ),
            KeyTooShort(len) => put!(
                out,
                "received invalid BackendKeyData message: cancel key with length ",
                len.to_string(),
                " is too short (minimum 4 bytes)"
            ),
            KeyTooLong(len) => put!(
                out,
                "received invalid BackendKeyData message: cancel key with length ",
                len.to_string(),
                " is too long (maximum 256 bytes)"
            ),
            NoFunctionResult => put!(out, "protocol error: no function result"),
            UnexpectedInFunctionCall(kind) => {
                put!(out, "protocol error: id=0x", format!("{kind:x}"))
            }
            FunctionResultTooLong => put!(out, "server returned too much data"),
            FunctionResultNotInteger(len) => put!(
                out,
                "integer of size ",
                len.to_string(),
                " not supported by pqGetInt"
            ),
        }
    }
}

/// The application asked for something that cannot be done now, or at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageError {
    /// The connection is not open.
    NotConnected,
    /// A command is still running.
    Busy,
    /// A query text is missing.
    NullQuery,
    /// A statement name is missing.
    NullStatementName,
    /// A parameter count outside 0..=65535.
    ParamCount,
    /// A binary parameter came without lengths.
    BinaryWithoutLength,
    /// The named function is not allowed in pipeline mode.
    NotInPipeline(&'static str),
    /// A blocking function in pipeline mode.
    SyncInPipeline,
    /// A blocking query during COPY BOTH.
    ExecDuringCopyBoth,
    /// A function call in the wrong state.
    WrongState,
    /// Entering pipeline mode while busy.
    EnterPipelineNotIdle,
    /// Leaving pipeline mode with results waiting.
    ExitPipelineUncollected,
    /// Leaving pipeline mode while busy.
    ExitPipelineBusy,
    /// Leaving pipeline mode during COPY.
    ExitPipelineInCopy,
    /// A synchronization point outside pipeline mode.
    SyncOutsidePipeline,
    /// A synchronization point during COPY.
    SyncInCopy,
    /// Queueing a command during COPY.
    QueueDuringCopy,
    /// A COPY function without a COPY.
    NoCopy,
    /// A function's integer argument with a length in bytes that no integer has.
    ArgumentNotInteger(i32),
    /// PQgetline outside a text COPY OUT.
    NotTextCopyOut,
    /// The output buffer could not grow.
    OutputFull,
    /// No memory.
    OutOfMemory,
}

impl From<OutputFull> for UsageError {
    fn from(_: OutputFull) -> Self {
        UsageError::OutputFull
    }
}

impl UsageError {
    /// Appends libpq's text.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use UsageError::*;
        let text: &[u8] = match self {
            NotConnected => b"no connection to the server",
            Busy => b"another command is already in progress",
            NullQuery => b"command string is a null pointer",
            NullStatementName => b"statement name is a null pointer",
            ParamCount => b"number of parameters must be between 0 and 65535",
            BinaryWithoutLength => b"length must be given for binary parameter",
            NotInPipeline(function) => return put!(out, function, " not allowed in pipeline mode"),
            SyncInPipeline => {
                b"synchronous command execution functions are not allowed in pipeline mode"
            }
            ArgumentNotInteger(len) => {
                return put!(
                    out,
                    "integer of size ",
                    len.to_string(),
                    " not supported by pqPutInt"
                );
            }
            ExecDuringCopyBoth => b"PQexec not allowed during COPY BOTH",
            WrongState => b"connection in wrong state",
            EnterPipelineNotIdle => b"cannot enter pipeline mode, connection not idle",
            ExitPipelineUncollected => b"cannot exit pipeline mode with uncollected results",
            ExitPipelineBusy => b"cannot exit pipeline mode while busy",
            ExitPipelineInCopy => b"cannot exit pipeline mode while in COPY",
            SyncOutsidePipeline => b"cannot send pipeline when not in pipeline mode",
            SyncInCopy => b"internal error: cannot send pipeline while in COPY",
            QueueDuringCopy => b"cannot queue commands during COPY",
            NoCopy => b"no COPY in progress",
            NotTextCopyOut => b"PQgetline: not doing text COPY OUT",
            OutputFull => b"cannot allocate memory for output buffer",
            OutOfMemory => b"out of memory",
        };
        out.extend_from_slice(text);
    }
}

/// A result was asked for something that it does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultError {
    /// No such row.
    RowNumber {
        /// The row asked for.
        number: i32,
        /// One more than the last row that could be asked for.
        count: usize,
    },
    /// No such column.
    ColumnNumber {
        /// The column asked for.
        number: i32,
        /// How many there are.
        count: usize,
    },
    /// No such parameter.
    ParamNumber {
        /// The parameter asked for.
        number: i32,
        /// How many there are.
        count: usize,
    },
    /// The command tag should end with a number of rows, but does not.
    UnreadableTag(Vec<u8>),
    /// More rows than a C `int` counts.
    TooManyRows,
    /// No memory.
    OutOfMemory,
}

impl ResultError {
    /// Appends libpq's text.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use ResultError::*;
        let (what, number, count) = match self {
            RowNumber { number, count } => ("row", number, count),
            ColumnNumber { number, count } => ("column", number, count),
            ParamNumber { number, count } => ("parameter", number, count),
            UnreadableTag(tag) => {
                return put!(out, "could not interpret result from server: ", tag);
            }
            TooManyRows => return ProtocolError::TooManyRows.write_text(out),
            OutOfMemory => return UsageError::OutOfMemory.write_text(out),
        };
        let last = *count as i64 - 1;
        put!(
            out,
            format!("{what} number {number} is out of range 0..{last}")
        );
    }
}
