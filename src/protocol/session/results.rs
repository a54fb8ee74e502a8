//! Handing results out, one call a result.

use super::{CommandKind, RowMode, Session, State, new_result};
use crate::protocol::result::QueryResult;
use crate::protocol::types::{ExecStatus, PipelineStatus};

/// What asking for the next result gave.
pub enum NextResult {
    /// More input is needed first.
    Pending,
    /// The command (in pipeline mode: this command) has no further result.
    None,
    /// A result.
    Ready(QueryResult),
}

impl Session {
    /// Parses what has come and hands out the next result, if there is one already.
    pub fn next_result(&mut self) -> NextResult {
        self.parse();
        self.hand_out()
    }

    /// The next result, after what has come was parsed.
    pub(super) fn hand_out(&mut self) -> NextResult {
        match self.state {
            State::Busy => NextResult::Pending,
            State::Idle => NextResult::None,
            State::PipelineIdle => {
                // This None ends the results of one command; the next call begins those of the next one.
                self.advance_pipeline();
                NextResult::None
            }
            State::Ready => NextResult::Ready(self.take_ready()),
            State::PartialReady => NextResult::Ready(self.take_partial()),
            State::CopyIn => NextResult::Ready(self.copy_result(ExecStatus::CopyIn)),
            State::CopyOut => NextResult::Ready(self.copy_result(ExecStatus::CopyOut)),
            State::CopyBoth => NextResult::Ready(self.copy_result(ExecStatus::CopyBoth)),
        }
    }

    /// Whether [`Session::next_result`] would say [`NextResult::Pending`]. Parses what has come.
    pub fn is_busy(&mut self) -> bool {
        self.parse();
        self.state == State::Busy
    }

    /// The error result that says why the transport failed. To be asked for after [`Session::fail_and_stop`].
    pub fn failure_result(&mut self) -> QueryResult {
        let mut result = self.take_current();
        result.is_failure = true;
        result
    }

    #[inline(always)]
    pub(super) fn take_ready(&mut self) -> QueryResult {
        let result = self.take_current();
        if self.following.is_some() {
            // A last chunk of rows went first; the command's final result is next.
            self.current = self.following.take();
            return result;
        }
        let is_sync = result.status == ExecStatus::PipelineSync;
        match self.head_kind() {
            // A simple query ends with its ReadyForQuery, a synchronization point with its own result.
            Some(CommandKind::Simple) | None => {}
            Some(CommandKind::Sync) if !is_sync => {}
            Some(_) => {
                self.finish_command();
            }
        }
        if self.pipeline == PipelineStatus::Off {
            self.state = State::Busy;
        } else {
            self.state = State::PipelineIdle;
            if is_sync {
                self.advance_pipeline();
            }
        }
        result
    }

    #[inline]
    pub(super) fn take_partial(&mut self) -> QueryResult {
        let result = self.take_current();
        self.current = self.following.take();
        self.state = State::Busy;
        result
    }

    /// Takes the current result, or makes the error result that stands for it.
    #[inline(always)]
    fn take_current(&mut self) -> QueryResult {
        match self.current.take() {
            Some(mut result) if !self.failed => {
                if result.status == ExecStatus::FatalError {
                    self.errors.mark_reported();
                }
                if result.rows.finish(&mut self.input).is_err() {
                    self.errors.push(b"out of memory");
                    return self.error_result();
                }
                result
            }
            _ => self.error_result(),
        }
    }

    #[cold]
    fn error_result(&mut self) -> QueryResult {
        self.failed = false;
        let encoding = self.facts.client_encoding;
        let mut text = self.errors.take_unreported().to_vec();
        if text.is_empty() {
            self.errors.push(b"no error text available");
            text = self.errors.take_unreported().to_vec();
        }
        QueryResult::with_message(ExecStatus::FatalError, &text, encoding)
    }

    /// During COPY: the result that began it, then fresh ones of the same status (behaviour 206).
    fn copy_result(&mut self, status: ExecStatus) -> QueryResult {
        match self.current {
            Some(_) => self.take_current(),
            None => self.new_result(status),
        }
    }

    /// Splits rows off into a partial result and goes on with an empty one.
    pub(super) fn split_partial(&mut self, status: ExecStatus) {
        let Some(result) = &mut self.current else {
            return;
        };
        let rest = new_result(
            &mut self.spare,
            ExecStatus::TuplesOk,
            &result.columns,
            result.client_encoding,
        );
        result.status = status;
        self.following = Some(rest);
        self.state = State::PartialReady;
    }

    /// How many rows the result in progress may still take before it must be handed out.
    pub(super) fn row_limit(&self) -> usize {
        let held = self.current.as_ref().map_or(0, |r| r.rows.rows());
        match self.row_mode {
            RowMode::Whole => usize::MAX,
            RowMode::Single => 1usize.saturating_sub(held),
            RowMode::Chunked(most) => most.saturating_sub(held),
        }
    }
}
