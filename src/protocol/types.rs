//! The small value types everybody speaks: object identifiers, statuses, verbosity.
//!
//! Discriminants are the public C values, so the C layer converts by `as`; integers that come from C are turned
//! into these by `from_c`, never transmuted.

/// An object identifier of the server.
pub type Oid = u32;

/// Status of a result, the manual's `ExecStatusType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ExecStatus {
    /// The string held no statement.
    EmptyQuery = 0,
    /// A statement without rows succeeded.
    CommandOk = 1,
    /// Rows (perhaps none) are here.
    TuplesOk = 2,
    /// COPY from the server has begun.
    CopyOut = 3,
    /// COPY to the server has begun.
    CopyIn = 4,
    /// Not understood; never produced by this library itself.
    BadResponse = 5,
    /// A notice or warning.
    NonfatalError = 6,
    /// The statement failed.
    FatalError = 7,
    /// COPY in both directions (replication).
    CopyBoth = 8,
    /// One row in single-row mode.
    SingleTuple = 9,
    /// The end of a pipeline segment.
    PipelineSync = 10,
    /// A statement skipped after an error in its pipeline segment.
    PipelineAborted = 11,
    /// Some rows in chunked-rows mode.
    TuplesChunk = 12,
}

impl ExecStatus {
    /// The status of a C integer; `None` for values that are no status.
    pub const fn from_c(value: i32) -> Option<Self> {
        use ExecStatus::*;
        const ALL: [ExecStatus; 13] = [
            EmptyQuery,
            CommandOk,
            TuplesOk,
            CopyOut,
            CopyIn,
            BadResponse,
            NonfatalError,
            FatalError,
            CopyBoth,
            SingleTuple,
            PipelineSync,
            PipelineAborted,
            TuplesChunk,
        ];
        if value >= 0 && (value as usize) < ALL.len() {
            Some(ALL[value as usize])
        } else {
            None
        }
    }
}

/// The server's transaction state, the manual's `PGTransactionStatusType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum TransactionStatus {
    /// No transaction.
    Idle = 0,
    /// A command is running.
    Active = 1,
    /// Idle inside a transaction.
    InTransaction = 2,
    /// Idle inside a failed transaction.
    InError = 3,
    /// The connection is bad.
    Unknown = 4,
}

/// How much of an error or notice is shown, the manual's `PGVerbosity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Verbosity {
    /// Severity, text and position on one line.
    Terse = 0,
    /// With detail, hint and context.
    Default = 1,
    /// All fields.
    Verbose = 2,
    /// Severity and SQLSTATE only.
    Sqlstate = 3,
}

impl Verbosity {
    /// The verbosity of a C integer; `None` for values that are none.
    pub const fn from_c(value: i32) -> Option<Self> {
        match value {
            0 => Some(Verbosity::Terse),
            1 => Some(Verbosity::Default),
            2 => Some(Verbosity::Verbose),
            3 => Some(Verbosity::Sqlstate),
            _ => None,
        }
    }
}

/// When the CONTEXT field is shown, the manual's `PGContextVisibility`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ContextVisibility {
    /// Never.
    Never = 0,
    /// For errors, not for notices.
    Errors = 1,
    /// Always.
    Always = 2,
}

impl ContextVisibility {
    /// The visibility of a C integer; `None` for values that are none.
    pub const fn from_c(value: i32) -> Option<Self> {
        match value {
            0 => Some(ContextVisibility::Never),
            1 => Some(ContextVisibility::Errors),
            2 => Some(ContextVisibility::Always),
            _ => None,
        }
    }
}

/// Pipeline mode, the manual's `PGpipelineStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum PipelineStatus {
    /// Not in pipeline mode.
    Off = 0,
    /// In pipeline mode.
    On = 1,
    /// In pipeline mode, skipping to the next synchronization point after an error.
    Aborted = 2,
}
