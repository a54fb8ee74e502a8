//! How far a connection is, and what to wait for. Discriminants are the public C values.

/// The state of a connection, the manual's `ConnStatusType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ConnStatus {
    /// Up.
    Ok = 0,
    /// Failed, or never begun.
    Bad = 1,
    /// Waiting for connect(2) to end.
    Started = 2,
    /// Connected; something is about to be sent.
    Made = 3,
    /// Waiting for the server's answer.
    AwaitingResponse = 4,
    /// Authenticated; waiting for the backend to be ready.
    AuthOk = 5,
    /// Not used any more.
    Setenv = 6,
    /// Negotiating TLS.
    SslStartup = 7,
    /// About to dial; passes at once.
    Needed = 8,
    /// Waiting for the answer whether the session can write.
    CheckWritable = 9,
    /// Taking in the rest of that answer.
    Consume = 10,
    /// Negotiating GSS encryption.
    GssStartup = 11,
    /// About to check what kind of server it is; passes at once.
    CheckTarget = 12,
    /// Waiting for the answer whether the server is a standby.
    CheckStandby = 13,
    /// A cancel request that has not been started.
    Allocated = 14,
    /// An authentication exchange outside the connection is under way.
    Authenticating = 15,
}

/// What to do before polling again, the manual's `PostgresPollingStatusType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum PollStatus {
    /// Nothing: it has failed.
    Failed = 0,
    /// Wait until the socket is readable.
    Reading = 1,
    /// Wait until the socket is writable.
    Writing = 2,
    /// Nothing: it is done.
    Ok = 3,
    /// Not used any more.
    Active = 4,
}
