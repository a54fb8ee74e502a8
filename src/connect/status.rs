//! stub
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ConnStatus {
    Ok = 0,
    Bad = 1,
    Started = 2,
    Made = 3,
    AwaitingResponse = 4,
    AuthOk = 5,
    Setenv = 6,
    SslStartup = 7,
    Needed = 8,
    CheckWritable = 9,
    Consume = 10,
    GssStartup = 11,
    CheckTarget = 12,
    CheckStandby = 13,
    Allocated = 14,
    Authenticating = 15,
}
