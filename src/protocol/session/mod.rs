//! The query machine: one session with a backend after start-up, without its socket.
//!
//! The transport appends received bytes to [`Session::input`] and takes bytes to send from [`Session::output`]; the
//! application queues commands (`send.rs`), asks for results (`results.rs`), moves COPY data (`copy.rs`) or calls a
//! function (`fastpath.rs`). `parse.rs` turns messages into results, notices and notifications. Nothing here waits.

mod copy;
mod facts;
mod fastpath;
mod parameters;
mod parse;
mod results;
mod send;
mod usual;

use std::collections::VecDeque;

pub use copy::CopyStep;
pub use facts::{Facts, PROTOCOL_3_0, PROTOCOL_3_2};
pub use fastpath::{FunctionCall, FunctionStep};
pub use parse::{internal_notice, parse_fields};
pub use results::NextResult;
pub use send::{CommandKind, Target};

use super::error::{ProtocolError, UsageError};
use super::error_buffer::ErrorBuffer;
use super::input::Input;
use super::output::Output;
use super::result::{QueryResult, SharedColumns};
use super::trace::Trace;
use super::types::{ContextVisibility, ExecStatus, PipelineStatus, TransactionStatus, Verbosity};

/// The largest text buffer kept for the next command, in bytes.
const SPARE_TEXT: usize = 4096;
/// The longest RowDescription that is remembered, in bytes.
const DESCRIBED_MAX: usize = 4096;

/// What the session is doing, as far as results are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is running.
    Idle,
    /// A command is running and its next message is awaited.
    Busy,
    /// A result is ready to be taken.
    Ready,
    /// A result with some rows is ready, and the command goes on behind it.
    PartialReady,
    /// COPY to the backend.
    CopyIn,
    /// COPY from the backend.
    CopyOut,
    /// COPY both ways.
    CopyBoth,
    /// In pipeline mode, between the results of two commands.
    PipelineIdle,
}

/// How rows are handed out before their command has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowMode {
    /// All rows in one result.
    Whole,
    /// One row a result.
    Single,
    /// Up to this many rows a result.
    Chunked(usize),
}

/// A message of a NOTIFY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The channel.
    pub channel: Vec<u8>,
    /// Process id of the notifying backend.
    pub process_id: i32,
    /// The payload, often empty.
    pub payload: Vec<u8>,
}

/// A command whose results are awaited.
pub(super) struct Command {
    kind: CommandKind,
    /// Its text, for the LINE display of errors.
    query: Option<Vec<u8>>,
}

/// One session with a backend. See the module's text.
pub struct Session {
    /// Received bytes.
    pub input: Input,
    /// Bytes to send.
    pub output: Output,
    /// The error text of the connection.
    pub errors: ErrorBuffer,
    /// What the backend has told about itself.
    pub facts: Facts,
    /// Notices that nobody has been shown yet, oldest first.
    pub notices: VecDeque<QueryResult>,
    /// Results that were fetched while connecting, oldest first, for those who follow all results of the connection. Whoever
    /// shows notices takes these, too.
    pub fetched: Vec<QueryResult>,
    /// Notifications that nobody has fetched yet, oldest first.
    pub notifications: VecDeque<Notification>,
    /// Where messages are traced to, if anywhere.
    pub trace: Option<Box<Trace>>,
    /// How much of errors and notices is shown.
    pub verbosity: Verbosity,
    /// When their CONTEXT is shown.
    pub context_visibility: ContextVisibility,
    pub(super) state: State,
    pub(super) pipeline: PipelineStatus,
    pub(super) queue: VecDeque<Command>,
    /// The buffer of a finished command's text, for the next one.
    spare_text: Vec<u8>,
    /// The newest RowDescription, with its header, and what it says: a statement that is executed again and again
    /// describes its rows again and again.
    described: (Vec<u8>, SharedColumns),
    /// A retired result, for its memory.
    pub spare: Option<QueryResult>,
    pub(super) row_mode: RowMode,
    /// The result being built, or ready to be taken.
    pub(super) current: Option<QueryResult>,
    /// What follows `current` once a partial result is taken.
    pub(super) following: Option<QueryResult>,
    /// Instead of `current` an error result with the unreported error text is due.
    pub(super) failed: bool,
    /// The stream cannot be followed any more; the transport must be dropped.
    lost: bool,
    /// The COPY under way, or the last one, is binary.
    pub(super) copy_is_binary: bool,
    /// Bytes of the COPY message at the front that `get_copy_part` has already given out.
    pub(super) copy_consumed: usize,
}

impl Default for Session {
    fn default() -> Self {
        Session {
            input: Input::default(),
            output: Output::default(),
            errors: ErrorBuffer::default(),
            facts: Facts::default(),
            notices: VecDeque::new(),
            fetched: Vec::new(),
            notifications: VecDeque::new(),
            trace: None,
            verbosity: Verbosity::Default,
            context_visibility: ContextVisibility::Errors,
            state: State::Idle,
            pipeline: PipelineStatus::Off,
            queue: VecDeque::new(),
            spare_text: Vec::new(),
            described: (Vec::new(), SharedColumns::default()),
            spare: None,
            row_mode: RowMode::Whole,
            current: None,
            following: None,
            failed: false,
            lost: false,
            copy_is_binary: false,
            copy_consumed: 0,
        }
    }
}

impl Session {
    /// What the session is doing.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether nothing runs, and nothing has come.
    #[inline]
    pub fn is_quiet(&self) -> bool {
        self.state == State::Idle && self.input.unparsed().is_empty()
    }

    /// Whether a command runs and nothing has come that could be parsed.
    #[inline]
    pub fn awaits_input(&self) -> bool {
        self.state == State::Busy && self.input.unparsed().is_empty()
    }

    /// Whether there may be something to be shown to the application: notices, trace lines, results fetched while
    /// connecting.
    #[inline]
    pub fn has_news(&self) -> bool {
        !self.notices.is_empty() || self.trace.is_some() || !self.fetched.is_empty()
    }

    /// Pipeline mode.
    pub fn pipeline_status(&self) -> PipelineStatus {
        self.pipeline
    }

    /// The transaction status while the connection is up: Active as long as any command is unfinished.
    pub fn transaction_status(&self) -> TransactionStatus {
        if self.state == State::Idle {
            self.facts.transaction_status
        } else {
            TransactionStatus::Active
        }
    }

    /// Whether the stream is lost and the transport must be dropped.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Bytes arrived that make no sense any more: words the error, ends the current command with it.
    pub fn lose(&mut self, error: &ProtocolError) {
        self.errors.push_with(|out| error.write_text(out));
        self.fail();
        self.input.clear();
        self.state = State::Ready;
        self.lost = true;
    }

    /// Replaces the result in progress by an error result that will carry the unreported error text.
    pub fn fail(&mut self) {
        self.drop_results();
        self.failed = true;
    }

    /// The transport has failed and the error text says why: the current command ends with it, and nothing else
    /// will come.
    pub fn fail_and_stop(&mut self) {
        self.fail();
        self.state = State::Idle;
    }

    /// Words a misuse of the API into the error text.
    pub fn refuse(&mut self, error: &UsageError) {
        self.errors.push_with(|out| error.write_text(out));
    }

    /// Drops the result in progress and everything that was to follow it.
    #[inline(always)]
    pub(super) fn drop_results(&mut self) {
        if self.current.is_some() || self.following.is_some() || self.failed {
            self.drop_the_results();
        }
    }

    #[inline(never)]
    fn drop_the_results(&mut self) {
        if let Some(mut result) = self.current.take() {
            result.rows.abandon(&mut self.input);
        }
        self.following = None;
        self.failed = false;
    }

    /// Forgets the connection that has ended: what was received, queued, reported. The error text, unfetched notices,
    /// display settings and trace stay.
    pub fn disconnect(&mut self) {
        self.drop_results();
        self.input.clear();
        self.output.clear();
        self.queue.clear();
        self.state = State::Idle;
        self.pipeline = PipelineStatus::Off;
        self.row_mode = RowMode::Whole;
        self.lost = false;
        self.copy_consumed = 0;
    }

    /// The transport turned out to be another process's: what has come by it and nobody has taken counts no more, and
    /// a command under way will end with the error that reading gives now.
    pub fn abandon(&mut self) {
        self.drop_results();
        self.input.clear();
        self.output.clear();
        self.notices.clear();
        self.notifications.clear();
        self.copy_consumed = 0;
        if self.state != State::Idle {
            self.state = State::Busy;
        }
    }

    /// Forgets the commands whose results are awaited: nobody is left to answer them.
    pub fn forget_commands(&mut self) {
        self.queue.clear();
    }

    /// Forgets what the backend of a former connection has told.
    pub fn forget_backend(&mut self) {
        self.facts = Facts::default();
        self.notifications.clear();
    }

    /// The text of the command whose results come next.
    pub(super) fn current_query(&self) -> Option<&[u8]> {
        self.queue.front()?.query.as_deref()
    }

    /// The command whose results came is done.
    pub(super) fn finish_command(&mut self) {
        if let Some(Command {
            query: Some(text), ..
        }) = self.queue.pop_front()
            && text.capacity() <= SPARE_TEXT
        {
            self.spare_text = text;
        }
    }

    /// A copy of a command's text, in the spare buffer where that serves.
    pub(super) fn keep_text(&mut self, text: &[u8]) -> Result<Vec<u8>, UsageError> {
        let mut kept = core::mem::take(&mut self.spare_text);
        kept.clear();
        kept.try_reserve(text.len())
            .map_err(|_| UsageError::OutOfMemory)?;
        kept.extend_from_slice(text);
        Ok(kept)
    }

    pub(super) fn head_kind(&self) -> Option<CommandKind> {
        self.queue.front().map(|c| c.kind)
    }

    /// A result without columns.
    pub(super) fn new_result(&mut self, status: ExecStatus) -> QueryResult {
        let encoding = self.facts.client_encoding;
        new_result(&mut self.spare, status, &SharedColumns::default(), encoding)
    }
}

/// A result ready to take rows of these columns, in spare memory where there is some.
#[inline(always)]
pub(super) fn new_result(
    spare: &mut Option<QueryResult>,
    status: ExecStatus,
    columns: &SharedColumns,
    client_encoding: i32,
) -> QueryResult {
    if let Some(result) = spare {
        result.renew(status, columns, client_encoding);
    }
    match spare.take() {
        Some(result) => result,
        None => fresh_result(status, columns, client_encoding),
    }
}

#[cold]
#[inline(never)]
fn fresh_result(status: ExecStatus, columns: &SharedColumns, client_encoding: i32) -> QueryResult {
    QueryResult::with_columns(status, columns.clone(), client_encoding)
}
