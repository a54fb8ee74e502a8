//! The short way through the answers that most commands get: columns that the last result had, too, a few rows or none, a
//! command tag, ReadyForQuery. They are taken in one pass, without a look at the state for each message.
//!
//! Taken for granted, and seen to at the beginning: a command runs that brings rows or a tag, its rows are wanted whole,
//! no error is due, nobody traces. What is not as usual, not whole yet, or malformed stays at the front of the input for
//! `parse.rs`, which knows everything and comes to the same result a message at a time.

use super::parse::transaction_status;
use super::{CommandKind, RowMode, Session, State, new_result};
use crate::protocol::backend::{HEADER_LEN, find_nul, tag};
use crate::protocol::types::{ExecStatus, PipelineStatus};

/// Bytes of a message without a body.
type Empty = [u8; HEADER_LEN];

impl Session {
    /// Takes what is usual off the front of the input; whether that was anything.
    #[inline]
    pub(super) fn take_usual(&mut self) -> bool {
        if self.state != State::Busy
            || self.row_mode != RowMode::Whole
            || self.failed
            || self.trace.is_some()
        {
            return false;
        }
        if self.current.is_none() && self.take_ready_for_query() {
            return true;
        }
        let all = self.input.unparsed();
        let mut rest = all;
        if self.current.is_none() {
            if !matches!(
                self.head_kind(),
                Some(CommandKind::Simple | CommandKind::Extended)
            ) {
                return false;
            }
            while let Some((first, after)) = rest.split_first_chunk()
                && is_mere_progress(first)
            {
                rest = after;
            }
            let encoding = self.facts.client_encoding;
            let (description, columns) = &self.described;
            if let Some(after) = rest.strip_prefix(description.as_slice())
                && !description.is_empty()
            {
                let status = ExecStatus::TuplesOk;
                let mut result = new_result(&mut self.spare, status, columns, encoding);
                let taken = result.rows.take_few(after, usize::MAX).unwrap_or(0);
                rest = after.get(taken..).unwrap_or_default();
                self.current = Some(result);
            }
        }
        if let Some(result) = &mut self.current
            && let Some((tag, after)) = command_complete(rest)
        {
            result.tag.set(tag);
            self.state = State::Ready;
            rest = after;
        }
        let taken = all.len() - rest.len();
        if taken > 0 {
            self.input.consume_messages(taken);
        }
        taken > 0
    }

    /// Whether the command has ended with the result just taken: its ReadyForQuery has come, and nothing else. It is taken
    /// in then.
    #[inline]
    pub fn end_command(&mut self) -> bool {
        self.state == State::Busy
            && self.current.is_none()
            && self.trace.is_none()
            && self.input.unparsed().len() == HEADER_LEN + 1
            && self.take_ready_for_query()
    }

    /// Ends the cycle of a command whose results are out, if its ReadyForQuery is at the front. Outside pipelines only: there
    /// it is a result.
    #[inline]
    fn take_ready_for_query(&mut self) -> bool {
        let &[tag::READY_FOR_QUERY, 0, 0, 0, 5, status, ..] = self.input.unparsed() else {
            return false;
        };
        if self.pipeline != PipelineStatus::Off {
            return false;
        }
        self.facts.transaction_status = transaction_status(status);
        self.finish_command();
        self.state = State::Idle;
        self.input.consume_messages(HEADER_LEN + 1);
        self.input.end_cycle();
        self.output.end_cycle();
        true
    }
}

/// Whether this is a message that says nothing but how far a query has come.
#[inline(always)]
fn is_mere_progress(message: &Empty) -> bool {
    matches!(
        message,
        [
            tag::BIND_COMPLETE | tag::PARSE_COMPLETE | tag::NO_DATA,
            0,
            0,
            0,
            4
        ]
    )
}

/// The tag of the CommandComplete at the front, and what follows it.
#[inline(always)]
fn command_complete(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[kind, 0, 0, 0, length], rest) = bytes.split_first_chunk::<HEADER_LEN>()? else {
        return None;
    };
    let (body, after) = rest.split_at_checked(usize::from(length).checked_sub(4)?)?;
    let len = find_nul(body)?;
    let is_whole = kind == tag::COMMAND_COMPLETE && len + 1 == body.len();
    is_whole.then_some((&body[..len], after))
}
