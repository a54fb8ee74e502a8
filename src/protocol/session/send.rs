//! Queueing commands: what the application may ask for, and when.
//!
//! [`Session::check_command`] comes first. Every function then either puts whole messages into the output and notes the command whose results they will bring,
//! or refuses with nothing changed. Sending is the transport's business; whether to send at once is the caller's
//! ([`Session::wants_flush`]).

use super::{Command, RowMode, Session, State};
use crate::protocol::error::UsageError;
use crate::protocol::frontend::{self, MOST_PARAMS, OutputFull, Params, tag};
use crate::protocol::output::Output;
use crate::protocol::sink::Sink;
use crate::protocol::types::{ExecStatus, Oid, PipelineStatus};

/// In pipeline mode output is sent once this many bytes wait (behaviour 194).
const PIPELINE_FLUSH_BYTES: usize = 64 * 1024;

/// What a queued command is, which decides what its messages mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// A Query message: any number of results, then ReadyForQuery.
    Simple,
    /// Parse, Bind, Describe, Execute, or without the Parse.
    Extended,
    /// Parse alone.
    Prepare,
    /// Describe alone.
    Describe,
    /// Close alone.
    Close,
    /// A synchronization point of a pipeline.
    Sync,
}

/// What Describe and Close name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A prepared statement.
    Statement,
    /// A portal.
    Portal,
}

impl Target {
    fn byte(self) -> u8 {
        match self {
            Target::Statement => b'S',
            Target::Portal => b'P',
        }
    }
}

impl Session {
    /// Queues a simple query.
    ///
    /// # Errors
    /// [`UsageError`] when it cannot be queued now.
    #[inline(always)]
    pub fn send_query(&mut self, query: &[u8]) -> Result<(), UsageError> {
        if self.pipeline != PipelineStatus::Off {
            return Err(UsageError::NotInPipeline("PQsendQuery"));
        }
        self.queue_command(CommandKind::Simple, Some(query), &Query(query))
    }

    /// Queues a query with parameters through the unnamed statement.
    ///
    /// # Errors
    /// [`UsageError`] when it cannot be queued now, or the counts are too large.
    pub fn send_query_params<P: Params + ?Sized>(
        &mut self,
        query: &[u8],
        types: &[Oid],
        params: &P,
        result_format: i16,
    ) -> Result<(), UsageError> {
        params.check()?;
        let messages = Execution {
            parse: Some((query, types)),
            statement: b"",
            params,
            result_format,
            sync: self.syncs_each_command(),
        };
        self.queue_command(CommandKind::Extended, Some(query), &messages)
    }

    /// Queues the execution of a prepared statement.
    ///
    /// # Errors
    /// [`UsageError`] when it cannot be queued now, or the count is too large.
    pub fn send_query_prepared<P: Params + ?Sized>(
        &mut self,
        statement: &[u8],
        params: &P,
        result_format: i16,
    ) -> Result<(), UsageError> {
        params.check()?;
        let messages = Execution {
            parse: None,
            statement,
            params,
            result_format,
            sync: self.syncs_each_command(),
        };
        self.queue_command(CommandKind::Extended, None, &messages)
    }

    /// Queues the preparation of a statement.
    ///
    /// # Errors
    /// [`UsageError`] when it cannot be queued now, or there are too many types.
    pub fn send_prepare(
        &mut self,
        statement: &[u8],
        query: &[u8],
        types: &[Oid],
    ) -> Result<(), UsageError> {
        check_count(types.len())?;
        let syncs = self.syncs_each_command();
        self.queue_command(
            CommandKind::Prepare,
            Some(query),
            &Rare(|out: &mut Vec<u8>| {
                frontend::parse(out, statement, query, types)?;
                sync_if(out, syncs)
            }),
        )
    }

    /// Queues the description of a statement or portal.
    ///
    /// # Errors
    /// [`UsageError`] when it cannot be queued now.
    pub fn send_describe(&mut self, target: Target, name: &[u8]) -> Result<(), UsageError> {
        let syncs = self.syncs_each_command();
        self.queue_command(
            CommandKind::Describe,
            None,
            &Rare(|out: &mut Vec<u8>| {
                frontend::target(out, tag::DESCRIBE, target.byte(), name)?;
                sync_if(out, syncs)
            }),
        )
    }

    /// Queues the closing of a statement or portal.
    ///
    /// # Errors
    /// [`UsageError`] when it cannot be queued now.
    pub fn send_close(&mut self, target: Target, name: &[u8]) -> Result<(), UsageError> {
        let syncs = self.syncs_each_command();
        self.queue_command(
            CommandKind::Close,
            None,
            &Rare(|out: &mut Vec<u8>| {
                frontend::target(out, tag::CLOSE, target.byte(), name)?;
                sync_if(out, syncs)
            }),
        )
    }

    /// Queues a synchronization point.
    ///
    /// # Errors
    /// [`UsageError`] outside pipeline mode and during COPY.
    pub fn send_pipeline_sync(&mut self) -> Result<(), UsageError> {
        if self.pipeline == PipelineStatus::Off {
            return Err(UsageError::SyncOutsidePipeline);
        }
        if self.is_copying() {
            return Err(UsageError::SyncInCopy);
        }
        self.queue_command(
            CommandKind::Sync,
            None,
            &Rare(|out: &mut Vec<u8>| frontend::empty(out, tag::SYNC)),
        )
    }

    /// Queues a request that the backend send what it has.
    ///
    /// # Errors
    /// [`UsageError::Busy`] outside pipeline mode while a command runs.
    pub fn send_flush_request(&mut self) -> Result<(), UsageError> {
        if self.state != State::Idle && self.pipeline == PipelineStatus::Off {
            return Err(UsageError::Busy);
        }
        self.put(|out| frontend::empty(out, tag::FLUSH))
    }

    /// Queues the end of the session.
    ///
    /// # Errors
    /// [`UsageError::OutputFull`].
    pub fn send_terminate(&mut self) -> Result<(), UsageError> {
        self.put(|out| frontend::empty(out, tag::TERMINATE))
    }

    /// Enters pipeline mode.
    ///
    /// # Errors
    /// [`UsageError::EnterPipelineNotIdle`] while a command runs.
    pub fn enter_pipeline(&mut self) -> Result<(), UsageError> {
        if self.pipeline != PipelineStatus::Off {
            return Ok(());
        }
        if self.state != State::Idle {
            return Err(UsageError::EnterPipelineNotIdle);
        }
        self.pipeline = PipelineStatus::On;
        Ok(())
    }

    /// Leaves pipeline mode.
    ///
    /// # Errors
    /// [`UsageError`] while commands are running or results wait.
    pub fn exit_pipeline(&mut self) -> Result<(), UsageError> {
        let at_rest = matches!(self.state, State::Idle | State::PipelineIdle);
        if self.pipeline == PipelineStatus::Off && at_rest && self.queue.is_empty() {
            return Ok(());
        }
        match self.state {
            State::Ready | State::PartialReady => return Err(UsageError::ExitPipelineUncollected),
            State::Busy => return Err(UsageError::ExitPipelineBusy),
            State::CopyIn | State::CopyOut | State::CopyBoth => {
                // Two complaints, for the COPY's results are uncollected, too.
                self.refuse(&UsageError::ExitPipelineInCopy);
                return Err(UsageError::ExitPipelineUncollected);
            }
            State::Idle | State::PipelineIdle => {}
        }
        if !self.queue.is_empty() {
            return Err(UsageError::ExitPipelineUncollected);
        }
        self.pipeline = PipelineStatus::Off;
        self.state = State::Idle;
        Ok(())
    }

    /// Whether no command is queued or running.
    pub fn queue_is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the output should be sent now: always outside pipeline mode, else once enough has gathered.
    pub fn wants_flush(&self) -> bool {
        self.pipeline != PipelineStatus::On || self.output.len() >= PIPELINE_FLUSH_BYTES
    }

    /// Asks for single-row mode for the command whose results come next. `false` when it is too late or too early.
    pub fn set_single_row_mode(&mut self) -> bool {
        self.set_row_mode(RowMode::Single)
    }

    /// Asks for results of up to `rows` rows for the command whose results come next. `false` as in
    /// [`Session::set_single_row_mode`].
    pub fn set_chunked_rows_mode(&mut self, rows: usize) -> bool {
        rows > 0 && self.set_row_mode(RowMode::Chunked(rows))
    }

    fn set_row_mode(&mut self, mode: RowMode) -> bool {
        let may = self.state == State::Busy
            && matches!(
                self.head_kind(),
                Some(CommandKind::Simple | CommandKind::Extended)
            )
            && self.current.is_none()
            && !self.failed;
        if may {
            self.row_mode = mode;
        }
        may
    }

    /// What every command asks first: may one be queued? Outside pipeline mode the last one's remains are dropped.
    ///
    /// # Errors
    /// [`UsageError::Busy`], [`UsageError::QueueDuringCopy`].
    #[inline]
    pub fn check_command(&mut self) -> Result<(), UsageError> {
        if self.pipeline == PipelineStatus::Off {
            if self.state != State::Idle {
                return Err(UsageError::Busy);
            }
            self.drop_results();
            self.row_mode = RowMode::Whole;
        } else if self.is_copying() {
            return Err(UsageError::QueueDuringCopy);
        }
        Ok(())
    }

    /// Whether a COPY is under way in some direction.
    pub fn is_copying(&self) -> bool {
        matches!(self.state, State::CopyIn | State::CopyOut | State::CopyBoth)
    }

    /// Outside pipeline mode every extended-query command brings its own Sync.
    fn syncs_each_command(&self) -> bool {
        self.pipeline == PipelineStatus::Off
    }

    /// Writes a command's messages and notes it in the queue.
    #[inline(always)]
    fn queue_command(
        &mut self,
        kind: CommandKind,
        query: Option<&[u8]>,
        messages: &impl Messages,
    ) -> Result<(), UsageError> {
        self.queue
            .try_reserve(1)
            .map_err(|_| UsageError::OutOfMemory)?;
        // Who reads the error asked for a long text to be sent; that it is also kept is none of their business.
        let query = query
            .map(|text| self.keep_text(text))
            .transpose()
            .map_err(|_| OutputFull)?;
        if self.trace.is_some() || !messages.write_in_room(&mut self.output) {
            self.put(|out| messages.write(out))?;
        }
        self.queue.push_back(Command { kind, query });
        match self.pipeline {
            // In an aborted pipeline nothing will come for it: let the queue move on by itself.
            PipelineStatus::Aborted => {
                if matches!(self.state, State::Idle | State::PipelineIdle) {
                    self.advance_pipeline();
                }
            }
            _ => {
                if self.state == State::Idle {
                    self.state = State::Busy;
                }
            }
        }
        Ok(())
    }

    /// Writes messages into the output, or nothing at all.
    pub(super) fn put(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), OutputFull>,
    ) -> Result<(), UsageError> {
        let mark = self.output.mark();
        match write(self.output.buffer()) {
            Ok(()) => {
                if let Some(trace) = &mut self.trace {
                    trace.frontend(self.output.since(mark));
                }
                Ok(())
            }
            Err(error) => {
                self.output.cut(mark);
                Err(error.into())
            }
        }
    }

    /// In pipeline mode, goes on to the next queued command, if the results of the last one are all out.
    pub(super) fn advance_pipeline(&mut self) {
        match self.state {
            State::Idle if self.queue.is_empty() => return,
            State::Idle | State::PipelineIdle => {}
            _ => return,
        }
        self.row_mode = RowMode::Whole;
        let Some(kind) = self.head_kind() else {
            self.state = State::Idle;
            return;
        };
        // What the start of a command does outside pipeline mode.
        self.errors.clear();
        self.drop_results();
        if self.pipeline == PipelineStatus::Aborted && kind != CommandKind::Sync {
            self.current = Some(self.new_result(ExecStatus::PipelineAborted));
            self.state = State::Ready;
        } else {
            self.state = State::Busy;
        }
    }
}

fn check_count(count: usize) -> Result<(), UsageError> {
    if count > MOST_PARAMS {
        Err(UsageError::ParamCount)
    } else {
        Ok(())
    }
}

/// What a command sends.
trait Messages {
    /// Appends it to a buffer.
    fn write(&self, out: &mut Vec<u8>) -> Result<(), OutputFull>;

    /// Writes it into room that is there; whether it did.
    fn write_in_room(&self, _output: &mut Output) -> bool {
        false
    }
}

/// A Query.
struct Query<'a>(&'a [u8]);

impl Messages for Query<'_> {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), OutputFull> {
        frontend::query(out, self.0)
    }

    #[inline(always)]
    fn write_in_room(&self, output: &mut Output) -> bool {
        output.append_in_room(|room| frontend::query(room, self.0))
    }
}

/// Parse where there is a query, Bind, Describe of the portal, Execute, and Sync where it is wanted.
struct Execution<'a, P: ?Sized> {
    parse: Option<(&'a [u8], &'a [Oid])>,
    statement: &'a [u8],
    params: &'a P,
    result_format: i16,
    sync: bool,
}

impl<P: Params + ?Sized> Execution<'_, P> {
    #[inline(always)]
    fn write_to<S: Sink>(&self, out: &mut S) -> Result<(), OutputFull> {
        if let Some((query, types)) = self.parse {
            frontend::parse(out, self.statement, query, types)?;
        }
        frontend::bind(out, self.statement, self.params, self.result_format)?;
        frontend::run_portal(out, self.sync)
    }
}

impl<P: Params + ?Sized> Messages for Execution<'_, P> {
    #[inline(never)]
    fn write(&self, out: &mut Vec<u8>) -> Result<(), OutputFull> {
        self.write_to(out)
    }

    #[inline(always)]
    fn write_in_room(&self, output: &mut Output) -> bool {
        output.append_in_room(|room| self.write_to(room))
    }
}

/// Messages that are sent too seldom to have a short way.
struct Rare<F>(F);

impl<F: Fn(&mut Vec<u8>) -> Result<(), OutputFull>> Messages for Rare<F> {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), OutputFull> {
        self.0(out)
    }
}

fn sync_if(out: &mut Vec<u8>, sync: bool) -> Result<(), OutputFull> {
    if sync {
        frontend::empty(out, tag::SYNC)
    } else {
        Ok(())
    }
}
