//! Calling a server function by its OID (`PQfn`), on which large objects stand.

use super::{Connection, Handle};
use crate::connect::link::ReadOutcome;
use crate::connect::status::ConnStatus;
use crate::protocol::error::{ProtocolError, UsageError};
use crate::protocol::frontend::FunctionArg;
use crate::protocol::result::QueryResult;
use crate::protocol::session::{FunctionCall, FunctionStep};
use crate::protocol::types::Oid;

/// A function's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionValue {
    /// NULL.
    Null,
    /// An integer, and how many bytes the server sent for it.
    Int(i32, usize),
    /// Binary bytes.
    Bytes(Vec<u8>),
}

/// What the caller takes a function's value for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// An integer of 2 bytes, without a sign, or of 4 bytes.
    Int,
    /// Bytes, at most this many.
    Bytes(usize),
}

/// Calls a function with binary arguments (or with what is wrong with them) and waits for its value.
///
/// `None` when the call could not be sent; the error text says why. The value is `None` when the call failed. A server
/// that sends more bytes than the caller takes is given up: the connection is bad then (behaviour 282).
pub fn call_function(
    handle: &mut impl Handle,
    function: Oid,
    args: Result<&[FunctionArg<'_>], UsageError>,
    kind: ValueKind,
) -> Option<(QueryResult, Option<FunctionValue>)> {
    let mut call = handle.with(|c| c.begin_function(function, args))?;
    loop {
        match handle.with(|c| c.function_step(&mut call)) {
            None | Some(FunctionStep::Pending) => {}
            Some(FunctionStep::Failed(result)) => return Some((result, None)),
            Some(FunctionStep::Done(result, value)) => {
                let value = match (value, kind) {
                    (None, _) => Ok(FunctionValue::Null),
                    (Some(bytes), ValueKind::Int) => int_value(&bytes),
                    (Some(bytes), ValueKind::Bytes(most)) if bytes.len() > most => {
                        Err(ProtocolError::FunctionResultTooLong)
                    }
                    (Some(bytes), ValueKind::Bytes(_)) => Ok(FunctionValue::Bytes(bytes)),
                };
                return Some(match value {
                    Ok(value) => (result, Some(value)),
                    Err(error) => (handle.with(|c| c.give_function_up(&error)), None),
                });
            }
        }
    }
}

fn int_value(bytes: &[u8]) -> Result<FunctionValue, ProtocolError> {
    let value = match *bytes {
        [a, b] => i32::from(u16::from_be_bytes([a, b])),
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]),
        _ => return Err(ProtocolError::FunctionResultNotInteger(bytes.len())),
    };
    Ok(FunctionValue::Int(value, bytes.len()))
}

impl Connection {
    fn begin_function(
        &mut self,
        function: Oid,
        args: Result<&[FunctionArg<'_>], UsageError>,
    ) -> Option<FunctionCall> {
        self.begin_cycle();
        let session = &mut self.link.session;
        let may_send = match session.check_function_call() {
            Ok(()) if self.link.status != ConnStatus::Ok => Err(UsageError::WrongState),
            checked => checked,
        };
        let sent = may_send
            .and(args)
            .and_then(|args| session.send_function_call(function, args));
        match sent {
            Ok(call) => return Some(call),
            Err(error @ UsageError::ArgumentNotInteger(_)) => {
                let mut text = Vec::new();
                error.write_text(&mut text);
                session.internal_notice(&[&text]);
            }
            Err(error) => session.refuse(&error),
        }
        None
    }

    /// Ends a call whose value the caller cannot take.
    ///
    /// Where the reference would wait for the rest of an integer that never comes, this reports it, as notice and as
    /// error (a deliberate difference).
    fn give_function_up(&mut self, error: &ProtocolError) -> QueryResult {
        if *error == ProtocolError::FunctionResultTooLong {
            self.link.drop_transport();
        } else {
            let mut text = Vec::new();
            error.write_text(&mut text);
            self.link.session.internal_notice(&[&text]);
        }
        self.link.session.function_failed(error)
    }

    /// One step of a call; `None` when something has come and the caller should ask again.
    fn function_step(&mut self, call: &mut FunctionCall) -> Option<FunctionStep> {
        match self.link.session.function_step(call) {
            FunctionStep::Pending => {}
            ended => {
                self.drop_if_lost();
                return Some(ended);
            }
        }
        if !self.link.session.notices.is_empty() {
            return None;
        }
        if self.link.send_and_wait() == ReadOutcome::Closed {
            self.link.session.fail_and_stop();
            return Some(FunctionStep::Failed(self.link.session.failure_result()));
        }
        None
    }
}
