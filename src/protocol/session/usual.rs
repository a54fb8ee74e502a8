//! The short way through the answers that most commands get: columns that the last result had, too, a few rows or none, a
//! command tag, ReadyForQuery. They are taken in one pass, without a look at the state for each message.
//!
//! Taken for granted, and seen to at the beginning: a command runs that brings rows or a tag, its rows are wanted whole or
//! one by one, no error is due, nobody traces. What is not as usual, not whole yet, or malformed stays at the front of the input for
//! `parse.rs`, which knows everything and comes to the same result a message at a time.

use super::parse::transaction_status;
use super::{CommandKind, NextResult, RowMode, Session, State, new_result};
use crate::protocol::backend::{HEADER_LEN, tag};
use crate::protocol::types::{ExecStatus, PipelineStatus};

/// The type byte and the length word of a message.
type Header = [u8; HEADER_LEN];

/// The longest length word of a CommandComplete that is taken here.
const LONGEST_TAG: u32 = 64;

impl Session {
    /// Takes all that is usual off the front of the input. `true` if nothing is left there that could be taken now: the
    /// state is what it is until more comes, or a result goes.
    #[inline(always)]
    pub(super) fn take_all_usual(&mut self) -> bool {
        !self.has_something() || self.take_until_unusual()
    }

    /// Whether something has come that may be taken in the present state.
    #[inline(always)]
    fn has_something(&self) -> bool {
        self.input.front().is_some_and(|kind| self.may_parse(kind))
    }

    #[inline(never)]
    fn take_until_unusual(&mut self) -> bool {
        self.take_one_by_one()
    }

    #[inline(always)]
    fn take_one_by_one(&mut self) -> bool {
        while self.take_usual() {
            if !self.has_something() {
                return true;
            }
        }
        false
    }

    /// Takes what is usual off the front of the input; whether that was anything.
    #[inline(always)]
    fn take_usual(&mut self) -> bool {
        if self.state != State::Busy || self.failed || self.trace.is_some() {
            return false;
        }
        match (self.row_mode, &mut self.current) {
            (RowMode::Whole, None) => self.take_ready_for_query() || self.take_answer(),
            (RowMode::Whole, Some(_)) => self.take_tag(),
            (RowMode::Single, Some(result)) if result.status == ExecStatus::TuplesOk => {
                let all = self.input.unparsed();
                match result.rows.take_few(all, 1).map(<[u8]>::len) {
                    Some(left) if left < all.len() => {
                        self.input.keep_last(left);
                        self.split_partial(ExecStatus::SingleTuple);
                        true
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// The description that is the last one's, and the rows and the tag behind it, as far as they are there.
    #[inline(always)]
    fn take_answer(&mut self) -> bool {
        if !matches!(
            self.head_kind(),
            Some(CommandKind::Simple | CommandKind::Extended)
        ) {
            return false;
        }
        let all = self.input.unparsed();
        let mut rest = all;
        while let Some((first, after)) = rest.split_first_chunk()
            && is_mere_progress(first)
        {
            rest = after;
        }
        let (description, columns) = &self.described;
        if let Some(after) = rest.strip_prefix(description.as_slice())
            && !description.is_empty()
        {
            let (status, encoding) = (ExecStatus::TuplesOk, self.facts.client_encoding);
            let mut result = new_result(&mut self.spare, status, columns, encoding);
            rest = result.rows.take_few(after, usize::MAX).unwrap_or(after);
            if let Some((body, after)) = command_complete(rest)
                && result.tag.set_from_message(body)
            {
                self.state = State::Ready;
                rest = after;
            }
            self.current = Some(result);
        }
        let (before, left) = (all.len(), rest.len());
        self.input.keep_last(left);
        left < before
    }

    /// The tag that ends rows.
    #[inline(always)]
    fn take_tag(&mut self) -> bool {
        let all = self.input.unparsed();
        let (Some(result), Some((body, rest))) = (&mut self.current, command_complete(all)) else {
            return false;
        };
        if !result.tag.set_from_message(body) {
            return false;
        }
        self.state = State::Ready;
        let taken = all.len() - rest.len();
        self.input.consume_messages(taken);
        true
    }

    /// What [`Session::next_result`] gives where nothing but the usual has come; `Pending` where that, or more, is to be
    /// done first.
    #[inline]
    pub fn usual_result(&mut self) -> NextResult {
        if self.lost || (self.has_something() && !self.take_one_by_one()) {
            return NextResult::Pending;
        }
        match self.state {
            State::Idle => NextResult::None,
            State::Ready => NextResult::Ready(self.take_ready()),
            State::PartialReady => NextResult::Ready(self.take_partial()),
            State::PipelineIdle => self.hand_out(),
            State::Busy | State::CopyIn | State::CopyOut | State::CopyBoth => NextResult::Pending,
        }
    }

    /// What [`Session::is_busy`] says where nothing but the usual has come; `None` where more is to be done first.
    #[inline]
    pub fn is_busy_as_usual(&mut self) -> Option<bool> {
        (!self.lost && self.take_all_usual()).then_some(self.state == State::Busy)
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
    #[inline(always)]
    fn take_ready_for_query(&mut self) -> bool {
        let Some((header, [status, ..])) = self.input.unparsed().split_first_chunk() else {
            return false;
        };
        if (header[0], length_of(header)) != (tag::READY_FOR_QUERY, 5) {
            return false;
        }
        if self.pipeline != PipelineStatus::Off {
            return false;
        }
        self.facts.transaction_status = transaction_status(*status);
        self.finish_command();
        self.state = State::Idle;
        self.input.consume_bytes(HEADER_LEN + 1);
        self.input.end_cycle();
        self.output.end_cycle();
        true
    }
}

/// The length word of a message.
#[inline(always)]
fn length_of(&[_, a, b, c, d]: &Header) -> u32 {
    u32::from_be_bytes([a, b, c, d])
}

/// Whether this is a message that says nothing but how far a query has come.
#[inline(always)]
fn is_mere_progress(header: &Header) -> bool {
    matches!(
        header[0],
        tag::BIND_COMPLETE | tag::PARSE_COMPLETE | tag::NO_DATA
    ) && length_of(header) == 4
}

/// The body of the CommandComplete at the front, as long as a tag is at the most, and what follows it.
#[inline(always)]
fn command_complete(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_first_chunk()?;
    let length = length_of(header);
    if header[0] != tag::COMMAND_COMPLETE || length > LONGEST_TAG {
        return None;
    }
    rest.split_at_checked((length as usize).checked_sub(4)?)
}
