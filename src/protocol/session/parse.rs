//! From messages to results, notices and notifications.
//!
//! Notices, notifications and parameter reports are taken in at any time. Everything else is taken only while a
//! command runs, so a result stays until it is fetched and what follows it stays in the input.

use std::sync::Arc;

use super::{CommandKind, DESCRIBED_MAX, Notification, RowMode, Session, State, new_result};
use crate::protocol::backend::{Reader, tag};
use crate::protocol::error::{ProtocolError, put};
use crate::protocol::error_fields::ErrorFields;
use crate::protocol::error_format;
use crate::protocol::input::{Frame, InputFull};
use crate::protocol::result::{
    Column, Columns, CommandTag, ErrorReport, QueryResult, SharedColumns,
};
use crate::protocol::rows::{RowError, RowsStep};
use crate::protocol::types::{ExecStatus, Oid, PipelineStatus, TransactionStatus};

/// The least a column takes in a RowDescription, in bytes: an empty name's NUL, and six numbers.
const LEAST_COLUMN_LEN: usize = 1 + 18;
/// Bounds of a cancel key in bytes under protocol 3.2.
const CANCEL_KEY_LEN: core::ops::RangeInclusive<usize> = 4..=256;

/// Whether the parser should go on with the next message.
#[derive(PartialEq, Eq)]
enum Step {
    /// The message at the front has been dealt with and is to be taken away.
    Consume,
    /// The message stays at the front.
    Stop,
}

/// Most error texts are no longer than this, in bytes.
const USUAL_ERROR_TEXT: usize = 200;
/// As much text goes into a notice of the library's own, in bytes; the reference cuts what is longer.
const NOTICE_TEXT_BYTES: usize = 1023;

impl Session {
    /// The receive block and how much may be appended to it.
    ///
    /// # Errors
    /// [`InputFull`] when memory is out.
    #[inline]
    pub fn space(&mut self) -> Result<(&mut Vec<u8>, usize), InputFull> {
        let current = &mut self.current;
        self.input.space(|block, _| {
            if let Some(result) = current {
                result.rows.adopt_block(block);
            }
        })
    }

    /// Parses what has come, as far as the state allows.
    pub fn parse(&mut self) {
        loop {
            if self.take_all_usual() {
                return;
            }
            if self.state == State::Busy
                && self.current.is_some()
                && self.trace.is_none()
                && self.parse_rows()
            {
                continue;
            }
            let (kind, body_len) = match self.input.frame() {
                Frame::Incomplete => return,
                Frame::Message { kind, body_len } => (kind, body_len),
                Frame::Corrupt { .. } if self.holds_result() => return,
                Frame::Corrupt { kind, length } => {
                    return self.lose(&ProtocolError::LostSync { kind, length });
                }
            };
            self.trace_backend(body_len);
            if self.handle(kind, body_len) == Step::Stop {
                return;
            }
        }
    }

    /// Whether a result is to be taken first, so that nonsense behind it must wait: whether the nonsense has come already
    /// is a matter of chance, and the result was good.
    fn holds_result(&self) -> bool {
        !matches!(self.state, State::Busy | State::Idle)
    }

    /// Whether a message of this kind may be taken in the present state.
    pub(super) fn may_parse(&self, kind: u8) -> bool {
        match self.state {
            State::Busy | State::Idle => true,
            _ => matches!(kind, tag::NOTIFICATION_RESPONSE | tag::NOTICE_RESPONSE),
        }
    }

    pub(super) fn trace_backend(&mut self, body_len: usize) {
        if let Some(trace) = &mut self.trace {
            trace.backend(self.input.message(body_len));
        }
    }

    /// The message just traced is malformed, or stays where it is: the reference traces only what it takes in.
    pub(super) fn take_trace_back(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.take_back();
        }
    }

    /// Deals with the message at the front and takes it away, if it is done with.
    #[inline(never)]
    fn handle(&mut self, kind: u8, body_len: usize) -> Step {
        let outcome = match kind {
            tag::NOTIFICATION_RESPONSE | tag::NOTICE_RESPONSE | tag::PARAMETER_STATUS => self
                .handle_asynchronous(kind, body_len)
                .map(|()| Step::Consume),
            _ if self.state == State::Idle => self.handle_idle(kind, body_len),
            tag::DATA_ROW => return self.handle_data_row(body_len),
            _ => self.handle_busy(kind, body_len),
        };
        match outcome {
            Ok(Step::Consume) => {
                self.input.consume(body_len);
                if kind == tag::READY_FOR_QUERY {
                    self.input.end_cycle();
                    self.output.end_cycle();
                }
            }
            Ok(Step::Stop) => {
                self.take_trace_back();
                return Step::Stop;
            }
            Err(error) => {
                if matches!(error, ProtocolError::ContentsDisagree(_)) {
                    self.take_trace_back();
                }
                if self.holds_result() {
                    return Step::Stop;
                }
                if matches!(
                    error,
                    ProtocolError::KeyLengthIn30(_)
                        | ProtocolError::KeyTooShort(_)
                        | ProtocolError::KeyTooLong(_)
                ) {
                    self.lose(&error);
                    return Step::Stop;
                }
                self.errors.push_with(|out| error.write_text(out));
                self.fail();
                if matches!(
                    error,
                    ProtocolError::UnexpectedResponse(_) | ProtocolError::ContentsDisagree(_)
                ) {
                    // Nothing may follow that would end the command.
                    self.state = State::Ready;
                }
                self.input.consume(body_len);
            }
        }
        Step::Consume
    }

    /// Messages that may come at any time. `None` when the body is too short.
    pub(super) fn handle_asynchronous(
        &mut self,
        kind: u8,
        body_len: usize,
    ) -> Result<(), ProtocolError> {
        let disagree = ProtocolError::ContentsDisagree(kind);
        let mut body = Reader::new(self.input.body(body_len));
        match kind {
            tag::NOTIFICATION_RESPONSE => {
                let (Some(process_id), Some(channel), Some(payload)) =
                    (body.i32(), body.string(), body.string())
                else {
                    return Err(disagree);
                };
                if !body.is_at_end() {
                    return Err(disagree);
                }
                let notification = Notification {
                    channel: channel.to_vec(),
                    process_id,
                    payload: payload.to_vec(),
                };
                if self.notifications.try_reserve(1).is_ok() {
                    self.notifications.push_back(notification);
                }
            }
            tag::PARAMETER_STATUS => {
                let (Some(name), Some(value)) = (body.string(), body.string()) else {
                    return Err(disagree);
                };
                if !body.is_at_end() {
                    return Err(disagree);
                }
                self.facts.set_parameter(name, value);
            }
            _ => {
                let fields = parse_fields(&mut body).ok_or(disagree)?;
                self.add_notice(fields);
            }
        }
        Ok(())
    }

    /// Messages that come while nothing runs: an error is shown as a notice (behaviour 162), others are reported.
    fn handle_idle(&mut self, kind: u8, body_len: usize) -> Result<Step, ProtocolError> {
        if kind == tag::ERROR_RESPONSE {
            let fields = parse_fields(&mut Reader::new(self.input.body(body_len)));
            self.add_notice(fields.unwrap_or_default());
        } else {
            self.internal_notice(&[
                b"message type 0x",
                format!("{kind:02x}").as_bytes(),
                b" arrived from server while idle",
            ]);
        }
        Ok(Step::Consume)
    }

    /// Messages of a running command, but for rows.
    fn handle_busy(&mut self, kind: u8, body_len: usize) -> Result<Step, ProtocolError> {
        if has_no_body(kind) && body_len != 0 {
            return Err(ProtocolError::ContentsDisagree(kind));
        }
        match kind {
            tag::COMMAND_COMPLETE => {
                let mut body = Reader::new(self.input.body(body_len));
                match body.string() {
                    Some(tag) if body.is_at_end() => {
                        let tag = CommandTag::new(tag);
                        self.complete_command(tag);
                    }
                    _ => return Err(ProtocolError::ContentsDisagree(kind)),
                }
            }
            tag::ERROR_RESPONSE => self.handle_error(body_len)?,
            tag::READY_FOR_QUERY => self.handle_ready_for_query(body_len)?,
            tag::EMPTY_QUERY_RESPONSE => {
                self.result_or(ExecStatus::EmptyQuery);
                self.state = State::Ready;
            }
            tag::PARSE_COMPLETE => self.complete_if(CommandKind::Prepare),
            tag::CLOSE_COMPLETE => self.complete_if(CommandKind::Close),
            tag::BIND_COMPLETE => {}
            tag::BACKEND_KEY_DATA => self.handle_backend_key(body_len)?,
            tag::ROW_DESCRIPTION => return self.handle_row_description(body_len),
            tag::NO_DATA => self.complete_if(CommandKind::Describe),
            tag::PARAMETER_DESCRIPTION => self.handle_parameter_description(body_len)?,
            tag::COPY_IN_RESPONSE => {
                self.begin_copy(kind, body_len, ExecStatus::CopyIn, State::CopyIn)?
            }
            tag::COPY_OUT_RESPONSE => {
                self.begin_copy(kind, body_len, ExecStatus::CopyOut, State::CopyOut)?
            }
            tag::COPY_BOTH_RESPONSE => {
                self.begin_copy(kind, body_len, ExecStatus::CopyBoth, State::CopyBoth)?
            }
            // What is left of a COPY that nobody reads on.
            tag::COPY_DATA | tag::COPY_DONE => {}
            _ => return Err(ProtocolError::UnexpectedResponse(kind)),
        }
        Ok(Step::Consume)
    }

    /// The result in progress, or a new one of this status, unless an error is due.
    fn result_or(&mut self, status: ExecStatus) {
        if self.current.is_none() && !self.failed {
            self.current = Some(self.new_result(status));
        }
    }

    /// The command is done with this message, if it is of that kind.
    fn complete_if(&mut self, kind: CommandKind) {
        if self.head_kind() == Some(kind) {
            self.result_or(ExecStatus::CommandOk);
            self.state = State::Ready;
        }
    }

    fn complete_command(&mut self, tag: CommandTag) {
        self.result_or(ExecStatus::CommandOk);
        self.state = State::Ready;
        let chunked = matches!(self.row_mode, RowMode::Chunked(_));
        let Some(result) = &mut self.current else {
            return;
        };
        result.tag = tag;
        if chunked && result.status == ExecStatus::TuplesOk && result.rows.rows() > 0 {
            self.split_partial(ExecStatus::TuplesChunk);
            self.state = State::Ready;
        }
    }

    fn handle_error(&mut self, body_len: usize) -> Result<(), ProtocolError> {
        let fields = parse_fields(&mut Reader::new(self.input.body(body_len)))
            .ok_or(ProtocolError::ContentsDisagree(tag::ERROR_RESPONSE))?;
        let result = self.error_from_fields(fields);
        self.drop_results();
        self.current = Some(result);
        if self.pipeline != PipelineStatus::Off {
            self.pipeline = PipelineStatus::Aborted;
        }
        self.state = State::Ready;
        Ok(())
    }

    /// Makes an error result of a server's message and appends its text to the connection's.
    pub(super) fn error_from_fields(&mut self, fields: ErrorFields) -> QueryResult {
        let result = self.report(ExecStatus::FatalError, fields);
        let text = result.error.as_ref().map_or(&b""[..], |e| e.message());
        self.errors.append_with(|out| out.extend_from_slice(text));
        result
    }

    fn report(&self, status: ExecStatus, fields: ErrorFields) -> QueryResult {
        let query = self.current_query();
        let mut text = Vec::new();
        // Without memory the text ends early, which is better than no error at all.
        let _ = text.try_reserve(USUAL_ERROR_TEXT);
        let _ = error_format::build_message(
            &fields,
            status == ExecStatus::NonfatalError,
            self.verbosity,
            self.context_visibility,
            query,
            self.facts.client_encoding,
            &mut text,
        );
        let mut result = QueryResult::new(status, self.facts.client_encoding);
        result.error = Some(Box::new(ErrorReport::new(
            fields,
            text,
            query.map(Arc::from),
        )));
        result
    }

    pub(super) fn add_notice(&mut self, fields: ErrorFields) {
        let notice = self.report(ExecStatus::NonfatalError, fields);
        if self.notices.try_reserve(1).is_ok() {
            self.notices.push_back(notice);
        }
    }

    /// A notice of this library's own (behaviour 247): its text alone, without a severity before it.
    pub fn internal_notice(&mut self, pieces: &[&[u8]]) {
        let notice = internal_notice(&pieces.concat(), self.facts.client_encoding);
        if self.notices.try_reserve(1).is_ok() {
            self.notices.push_back(notice);
        }
    }

    fn handle_ready_for_query(&mut self, body_len: usize) -> Result<(), ProtocolError> {
        let disagree = ProtocolError::ContentsDisagree(tag::READY_FOR_QUERY);
        let mut body = Reader::new(self.input.body(body_len));
        let status = body.byte().ok_or(disagree.clone())?;
        if !body.is_at_end() {
            return Err(disagree);
        }
        self.facts.transaction_status = transaction_status(status);
        if self.pipeline == PipelineStatus::Off {
            self.finish_command();
            self.state = State::Idle;
        } else {
            self.drop_results();
            // A sync is no success in the reference's eyes: it carries whatever the error text holds.
            self.current = Some(if self.errors.is_empty() {
                self.new_result(ExecStatus::PipelineSync)
            } else {
                let encoding = self.facts.client_encoding;
                QueryResult::with_message(ExecStatus::PipelineSync, self.errors.text(), encoding)
            });
            self.pipeline = PipelineStatus::On;
            self.state = State::Ready;
        }
        Ok(())
    }

    /// BackendKeyData. Its length is checked as the protocol version says (behaviour 119).
    pub(super) fn handle_backend_key(&mut self, body_len: usize) -> Result<(), ProtocolError> {
        let mut body = Reader::new(self.input.body(body_len));
        let process_id = body
            .i32()
            .ok_or(ProtocolError::ContentsDisagree(tag::BACKEND_KEY_DATA))?;
        let key = body.rest();
        if self.facts.protocol_version == super::facts::PROTOCOL_3_0 && key.len() != 4 {
            return Err(ProtocolError::KeyLengthIn30(key.len()));
        }
        if key.len() < *CANCEL_KEY_LEN.start() {
            return Err(ProtocolError::KeyTooShort(key.len()));
        }
        if key.len() > *CANCEL_KEY_LEN.end() {
            return Err(ProtocolError::KeyTooLong(key.len()));
        }
        self.facts.cancel_key = Some(zeroize::Zeroizing::new(key.to_vec()));
        self.facts.process_id = process_id;
        Ok(())
    }

    fn handle_row_description(&mut self, body_len: usize) -> Result<Step, ProtocolError> {
        let failed = self.failed
            || self
                .current
                .as_ref()
                .is_some_and(|r| r.status == ExecStatus::FatalError);
        if failed {
            return Ok(Step::Consume);
        }
        let describes = self.head_kind() == Some(CommandKind::Describe);
        if self.current.is_some() && !describes {
            // The rows of a next result begin without the end of the one before: hand that one out first.
            self.state = State::Ready;
            return Ok(Step::Stop);
        }
        let message = self.input.message(body_len);
        if self.described.0 != message {
            self.described.1 = SharedColumns::new(parse_columns(self.input.body(body_len))?);
            self.described.0.clear();
            if message.len() <= DESCRIBED_MAX && self.described.0.try_reserve(message.len()).is_ok()
            {
                self.described.0.extend_from_slice(message);
            }
        }
        let status = if describes {
            ExecStatus::CommandOk
        } else {
            ExecStatus::TuplesOk
        };
        let param_types = match &mut self.current {
            Some(described) => core::mem::take(&mut described.param_types),
            None => Vec::new(),
        };
        let encoding = self.facts.client_encoding;
        let mut result = new_result(&mut self.spare, status, &self.described.1, encoding);
        if !param_types.is_empty() {
            result.param_types = param_types;
        }
        self.current = Some(result);
        if describes {
            self.state = State::Ready;
        }
        Ok(Step::Consume)
    }

    fn handle_parameter_description(&mut self, body_len: usize) -> Result<(), ProtocolError> {
        const SHORT: ProtocolError = ProtocolError::InsufficientData(tag::PARAMETER_DESCRIPTION);
        let mut body = Reader::new(self.input.body(body_len));
        let count = usize::from(body.u16().ok_or(SHORT)?);
        let mut types = Vec::new();
        types
            .try_reserve_exact(count.min(body.rest().len() / size_of::<Oid>()))
            .map_err(|_| ProtocolError::OutOfMemoryForResult)?;
        for _ in 0..count {
            types.push(body.oid().ok_or(SHORT)?);
        }
        if !body.is_at_end() {
            return Err(ProtocolError::ContentsDisagree(tag::PARAMETER_DESCRIPTION));
        }
        if !self.failed {
            let mut result = self.new_result(ExecStatus::CommandOk);
            result.param_types = types;
            self.drop_results();
            self.current = Some(result);
        }
        Ok(())
    }

    fn begin_copy(
        &mut self,
        kind: u8,
        body_len: usize,
        status: ExecStatus,
        state: State,
    ) -> Result<(), ProtocolError> {
        let disagree = ProtocolError::ContentsDisagree(kind);
        let mut body = Reader::new(self.input.body(body_len));
        let (Some(overall), Some(count)) = (body.byte(), body.u16()) else {
            return Err(disagree);
        };
        let room = usize::from(count).min(body.rest().len() / size_of::<i16>());
        let mut columns =
            Columns::with_room(room).map_err(|_| ProtocolError::OutOfMemoryForResult)?;
        for _ in 0..count {
            let format = body.i16().ok_or(disagree.clone())?;
            columns
                .push(b"", Column::new(0, 0, 0, 0, 0, i32::from(format)))
                .map_err(|_| ProtocolError::OutOfMemoryForResult)?;
        }
        if !body.is_at_end() {
            return Err(disagree);
        }
        let mut result = QueryResult::with_columns(
            status,
            SharedColumns::new(columns),
            self.facts.client_encoding,
        );
        result.binary = overall != 0;
        self.copy_is_binary = result.binary;
        self.drop_results();
        self.current = Some(result);
        self.copy_consumed = 0;
        self.state = state;
        Ok(())
    }

    /// Stores whole rows from the front. `true` when the parser should look again without handling a message.
    fn parse_rows(&mut self) -> bool {
        let limit = self.row_limit();
        let Some(result) = &mut self.current else {
            return false;
        };
        if result.status != ExecStatus::TuplesOk || limit == 0 {
            return false;
        }
        match result.rows.take_rows(&mut self.input, limit) {
            RowsStep::Limit => {
                self.hand_out_rows();
                true
            }
            RowsStep::Done | RowsStep::Failed(_) => false,
        }
    }

    /// In single-row and chunked mode: the rows gathered so far are a result of their own.
    fn hand_out_rows(&mut self) {
        match self.row_mode {
            RowMode::Whole => {}
            RowMode::Single => self.split_partial(ExecStatus::SingleTuple),
            RowMode::Chunked(_) => self.split_partial(ExecStatus::TuplesChunk),
        }
    }

    /// A DataRow that the fast path left: the first one traced, one without a place, or a bad one.
    fn handle_data_row(&mut self, body_len: usize) -> Step {
        let error = match &mut self.current {
            Some(result) if result.status == ExecStatus::TuplesOk => {
                match result.rows.take_rows(&mut self.input, 1) {
                    RowsStep::Limit => {
                        if self.row_limit() == 0 {
                            self.hand_out_rows();
                        }
                        return Step::Consume;
                    }
                    RowsStep::Failed(RowError::FieldCount) => ProtocolError::UnexpectedFieldCount,
                    RowsStep::Failed(RowError::TrailingData) => {
                        self.take_trace_back();
                        ProtocolError::ContentsDisagree(tag::DATA_ROW)
                    }
                    RowsStep::Failed(RowError::OutOfMemory) => ProtocolError::OutOfMemoryForResult,
                    RowsStep::Failed(RowError::TooManyRows) => ProtocolError::TooManyRows,
                    RowsStep::Failed(RowError::InsufficientData) | RowsStep::Done => {
                        ProtocolError::InsufficientData(tag::DATA_ROW)
                    }
                }
            }
            Some(result) if result.status != ExecStatus::FatalError => {
                ProtocolError::DataWithoutDescription
            }
            None if !self.failed => ProtocolError::DataWithoutDescription,
            _ => {
                self.input.consume(body_len);
                return Step::Consume;
            }
        };
        self.errors.push_with(|out| error.write_text(out));
        self.fail();
        if matches!(error, ProtocolError::ContentsDisagree(_)) {
            self.state = State::Ready;
        }
        self.input.consume(body_len);
        Step::Consume
    }
}

/// What the byte of a ReadyForQuery says.
#[inline]
pub(super) fn transaction_status(byte: u8) -> TransactionStatus {
    match byte {
        b'I' => TransactionStatus::Idle,
        b'T' => TransactionStatus::InTransaction,
        b'E' => TransactionStatus::InError,
        _ => TransactionStatus::Unknown,
    }
}

/// Whether messages of this kind consist of type and length alone.
fn has_no_body(kind: u8) -> bool {
    matches!(
        kind,
        tag::EMPTY_QUERY_RESPONSE
            | tag::PARSE_COMPLETE
            | tag::BIND_COMPLETE
            | tag::CLOSE_COMPLETE
            | tag::NO_DATA
            | tag::COPY_DONE
    )
}

/// The fields of an error or notice; `None` when the message is cut short.
pub fn parse_fields(body: &mut Reader<'_>) -> Option<ErrorFields> {
    let mut fields = ErrorFields::default();
    fields.expect(body.rest().len());
    loop {
        match body.byte()? {
            0 => return Some(fields),
            code => {
                let value = body.string()?;
                fields.push(code, value).ok()?;
            }
        }
    }
}

/// A notice of this library's own, as its text goes to the notice hooks.
pub fn internal_notice(text: &[u8], client_encoding: i32) -> QueryResult {
    let text = &text[..text.len().min(NOTICE_TEXT_BYTES)];
    let mut fields = ErrorFields::default();
    for (code, value) in [(b'M', text), (b'S', b"NOTICE"), (b'V', b"NOTICE")] {
        // Without memory the field is missing; the text below still says it all.
        let _ = fields.push(code, value);
    }
    let mut message = Vec::new();
    put!(message, text, "\n");
    let mut notice = QueryResult::new(ExecStatus::NonfatalError, client_encoding);
    notice.error = Some(Box::new(ErrorReport::new(fields, message, None)));
    notice
}

/// The columns of a RowDescription.
fn parse_columns(body: &[u8]) -> Result<Columns, ProtocolError> {
    const SHORT: ProtocolError = ProtocolError::InsufficientData(tag::ROW_DESCRIPTION);
    let mut body = Reader::new(body);
    let count = usize::from(body.u16().ok_or(SHORT)?);
    // No more room than the body can fill, whatever it promises.
    let room = count.min(body.rest().len() / LEAST_COLUMN_LEN);
    let mut columns = Columns::with_room(room).map_err(|_| ProtocolError::OutOfMemoryForResult)?;
    for _ in 0..count {
        let name = body.string().ok_or(SHORT)?;
        let (Some(table), Some(attnum), Some(type_oid), Some(size), Some(modifier), Some(format)) = (
            body.oid(),
            body.i16(),
            body.oid(),
            body.i16(),
            body.i32(),
            body.i16(),
        ) else {
            return Err(SHORT);
        };
        let column = Column::new(
            table,
            i32::from(attnum),
            type_oid,
            i32::from(size),
            modifier,
            i32::from(format),
        );
        columns
            .push(name, column)
            .map_err(|_| ProtocolError::OutOfMemoryForResult)?;
    }
    if body.is_at_end() {
        Ok(columns)
    } else {
        Err(ProtocolError::ContentsDisagree(tag::ROW_DESCRIPTION))
    }
}
