//! The function-call sub-protocol (`PQfn`), on which large objects stand.

use super::{Session, State, parse};
use crate::protocol::backend::{Reader, tag};
use crate::protocol::error::{ProtocolError, UsageError};
use crate::protocol::frontend::{self, FunctionArg};
use crate::protocol::input::Frame;
use crate::protocol::result::QueryResult;
use crate::protocol::types::{ExecStatus, Oid, PipelineStatus, TransactionStatus};

/// How far a function call has come.
pub enum FunctionStep {
    /// More input is needed first.
    Pending,
    /// It has ended well: its result, and the function's value, `None` for NULL.
    Done(QueryResult, Option<Vec<u8>>),
    /// It has failed: the error result.
    Failed(QueryResult),
}

/// What has come of a function call so far.
#[derive(Default)]
pub struct FunctionCall {
    value: Option<Option<Vec<u8>>>,
    failed: bool,
    error: Option<QueryResult>,
}

impl Session {
    /// Whether a function may be called now.
    ///
    /// # Errors
    /// [`UsageError`] in pipeline mode and while a command runs.
    pub fn check_function_call(&self) -> Result<(), UsageError> {
        if self.pipeline != PipelineStatus::Off {
            return Err(UsageError::NotInPipeline("PQfn"));
        }
        if self.state != State::Idle || self.current.is_some() {
            return Err(UsageError::WrongState);
        }
        Ok(())
    }

    /// Queues a function call. Its progress is then asked for with [`Session::function_step`] until it has ended.
    ///
    /// # Errors
    /// [`UsageError`] in pipeline mode, while a command runs, or when the output cannot grow.
    pub fn send_function_call(
        &mut self,
        function: Oid,
        args: &[FunctionArg<'_>],
    ) -> Result<FunctionCall, UsageError> {
        self.check_function_call()?;
        self.put(|out| frontend::function_call(out, function, args))?;
        Ok(FunctionCall::default())
    }

    /// Parses what has come for a function call.
    pub fn function_step(&mut self, call: &mut FunctionCall) -> FunctionStep {
        loop {
            let (kind, body_len) = match self.input.frame() {
                Frame::Incomplete => return FunctionStep::Pending,
                Frame::Message { kind, body_len } => (kind, body_len),
                Frame::Corrupt { kind, length } => {
                    self.lose(&ProtocolError::LostSync { kind, length });
                    self.state = State::Idle;
                    return FunctionStep::Failed(self.failure_result());
                }
            };
            self.trace_backend(body_len);
            match kind {
                tag::FUNCTION_CALL_RESPONSE => match function_value(self.input.body(body_len)) {
                    Some(value) => call.value = Some(value),
                    None => {
                        self.take_trace_back();
                        self.note(call, &ProtocolError::ContentsDisagree(kind));
                    }
                },
                tag::ERROR_RESPONSE => {
                    let fields = parse::parse_fields(&mut Reader::new(self.input.body(body_len)));
                    call.error = Some(self.error_from_fields(fields.unwrap_or_default()));
                }
                tag::NOTIFICATION_RESPONSE | tag::NOTICE_RESPONSE | tag::PARAMETER_STATUS => {
                    if let Err(error) = self.handle_asynchronous(kind, body_len) {
                        self.take_trace_back();
                        self.note(call, &error);
                    }
                }
                tag::READY_FOR_QUERY => {
                    let status = Reader::new(self.input.body(body_len)).byte();
                    self.facts.transaction_status = match status {
                        Some(b'I') => TransactionStatus::Idle,
                        Some(b'T') => TransactionStatus::InTransaction,
                        Some(b'E') => TransactionStatus::InError,
                        _ => TransactionStatus::Unknown,
                    };
                    self.input.consume(body_len);
                    return self.function_end(call);
                }
                _ => {
                    self.take_trace_back();
                    // The call is given up here; what follows finds the connection idle.
                    self.note(call, &ProtocolError::UnexpectedInFunctionCall(kind));
                    self.input.consume(body_len);
                    return self.function_end(call);
                }
            }
            self.input.consume(body_len);
        }
    }

    /// Ends a function call whose value the caller cannot take.
    pub fn function_failed(&mut self, error: &ProtocolError) -> QueryResult {
        self.errors.push_with(|out| error.write_text(out));
        self.fail();
        self.failure_result()
    }

    fn note(&mut self, call: &mut FunctionCall, error: &ProtocolError) {
        self.errors.push_with(|out| error.write_text(out));
        call.failed = true;
    }

    fn function_end(&mut self, call: &mut FunctionCall) -> FunctionStep {
        if let Some(error) = call.error.take() {
            self.errors.mark_reported();
            return FunctionStep::Failed(error);
        }
        if call.value.is_none() && !call.failed {
            self.note(call, &ProtocolError::NoFunctionResult);
        }
        if call.failed {
            self.fail();
            return FunctionStep::Failed(self.failure_result());
        }
        let result = self.new_result(ExecStatus::CommandOk);
        FunctionStep::Done(result, call.value.take().flatten())
    }
}

/// The value of a FunctionCallResponse: Int32 length, -1 for NULL, the bytes. `None` when the body is too short; what
/// stands behind the value is ignored, as the reference does.
fn function_value(body: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut body = Reader::new(body);
    let len = body.i32()?;
    if len == -1 {
        return Some(None);
    }
    let bytes = body.bytes(usize::try_from(len).ok()?)?;
    let mut value = Vec::new();
    value.try_reserve_exact(bytes.len()).ok()?;
    value.extend_from_slice(bytes);
    Some(Some(value))
}
