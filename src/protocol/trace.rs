//! Trace lines (`PQtrace`).

/// Collects trace lines until the caller writes them out.
#[derive(Default)]
pub struct Trace {
    /// Lines not yet written.
    pub lines: Vec<u8>,
}

impl Trace {
    /// A message of ours has been queued.
    pub fn frontend(&mut self, _message: &[u8]) {}
    /// A message of the backend is about to be handled.
    pub fn backend(&mut self, _message: &[u8]) {}
}
