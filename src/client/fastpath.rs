//! Calling a server function by its OID (`PQfn`).

use super::{Connection, Handle};
use crate::connect::link::{FlushOutcome, ReadOutcome};
use crate::connect::status::ConnStatus;
use crate::protocol::error::UsageError;
use crate::protocol::frontend::FunctionArg;
use crate::protocol::result::QueryResult;
use crate::protocol::session::{FunctionCall, FunctionStep};
use crate::protocol::types::Oid;

/// Calls a function with binary arguments and waits for its binary value, at most `most` bytes long.
///
/// `None` when the call could not be sent; the error text says why. The value is `None` for NULL and on failure.
pub fn call_function(
    handle: &mut impl Handle,
    function: Oid,
    args: &[FunctionArg<'_>],
    most: usize,
) -> Option<(QueryResult, Option<Vec<u8>>)> {
    let mut call = handle.with(|c| c.begin_function(function, args))?;
    loop {
        match handle.with(|c| c.function_step(&mut call)) {
            None => {}
            Some(FunctionStep::Pending) => {}
            Some(FunctionStep::Done(_, Some(value))) if value.len() > most => {
                let result = handle.with(|c| c.link.session.function_value_too_long());
                return Some((result, None));
            }
            Some(FunctionStep::Done(result, value)) => return Some((result, value)),
        }
    }
}

impl Connection {
    fn begin_function(&mut self, function: Oid, args: &[FunctionArg<'_>]) -> Option<FunctionCall> {
        self.begin_cycle();
        if self.link.status != ConnStatus::Ok {
            self.link.session.refuse(&UsageError::WrongState);
            return None;
        }
        match self.link.session.send_function_call(function, args) {
            Ok(call) => Some(call),
            Err(error) => {
                self.link.session.refuse(&error);
                None
            }
        }
    }

    /// One step of a call; `None` when something has come and the caller should ask again.
    fn function_step(&mut self, call: &mut FunctionCall) -> Option<FunctionStep> {
        match self.link.session.function_step(call) {
            FunctionStep::Pending => {}
            done => {
                self.drop_if_lost();
                return Some(done);
            }
        }
        if !self.link.session.notices.is_empty() {
            return None;
        }
        if self.link.flush(true) == FlushOutcome::Failed
            || self.link.read(true) == ReadOutcome::Closed
        {
            self.link.session.fail_and_stop();
            return Some(FunctionStep::Done(self.link.session.failure_result(), None));
        }
        None
    }
}
