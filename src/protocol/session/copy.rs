//! COPY data in both directions.

use super::{CommandKind, Session, State};
use crate::protocol::backend::{HEADER_LEN, tag};
use crate::protocol::error::{ProtocolError, UsageError};
use crate::protocol::frontend;
use crate::protocol::input::Frame;

/// What asking for COPY data gave.
pub enum CopyStep<'a> {
    /// One CopyData message's content, until the next call on the session.
    Data(&'a [u8]),
    /// More input is needed first.
    Pending,
    /// The data has ended; results tell how.
    Done,
    /// The stream cannot be followed any more; the error text says why.
    Lost,
}

impl Session {
    /// Whether COPY data may be sent now.
    pub fn can_put_copy(&self) -> bool {
        matches!(self.state, State::CopyIn | State::CopyBoth)
    }

    /// Whether COPY data may be received now.
    pub fn can_get_copy(&self) -> bool {
        matches!(self.state, State::CopyOut | State::CopyBoth)
    }

    /// Whether lines of text are being received.
    pub fn is_text_copy_out(&self) -> bool {
        self.state == State::CopyOut && !self.copy_is_binary
    }

    /// Queues a piece of COPY data; the pieces may be cut anywhere.
    ///
    /// # Errors
    /// [`UsageError::NoCopy`], [`UsageError::OutputFull`].
    pub fn put_copy_data(&mut self, data: &[u8]) -> Result<(), UsageError> {
        if !self.can_put_copy() {
            return Err(UsageError::NoCopy);
        }
        if data.is_empty() {
            return Ok(());
        }
        self.put(|out| frontend::bytes(out, frontend::tag::COPY_DATA, data))
    }

    /// As [`Session::put_copy_data`], but what waits, the message's header and its data are offered to `send`, which says how many
    /// bytes of them it has taken: only the others are copied.
    ///
    /// # Errors
    /// As there.
    pub fn offer_copy_data(
        &mut self,
        data: &[u8],
        send: impl FnOnce([&[u8]; 3]) -> usize,
    ) -> Result<(), UsageError> {
        // A trace shows what is in the output.
        if !self.can_put_copy() || self.trace.is_some() {
            return self.put_copy_data(data);
        }
        Ok(self.output.offer_copy_data(data, send)?)
    }

    /// As [`Session::put_copy_data`], where it needs no more than a copy into room that [`Session::expect_copy_data`] has made
    /// ready. `false`, and nothing done, where more is to be done, or to be looked at, first.
    #[inline(always)]
    pub fn append_copy_data(&mut self, data: &[u8]) -> bool {
        self.state == State::CopyIn
            && self.trace.is_none()
            && self.input.is_empty()
            && self.output.append_copy_data(data)
    }

    /// More COPY data is likely to follow: makes room ready for it, until `full` bytes wait to be sent.
    pub fn expect_copy_data(&mut self, full: usize) {
        self.output.make_room(full);
    }

    /// Ends the data, well or (with a reason) in failure.
    ///
    /// # Errors
    /// [`UsageError::NoCopy`], [`UsageError::OutputFull`].
    pub fn put_copy_end(&mut self, failure: Option<&[u8]>) -> Result<(), UsageError> {
        if !self.can_put_copy() {
            return Err(UsageError::NoCopy);
        }
        // A COPY that came by the extended protocol needs its Sync.
        let syncs = self
            .head_kind()
            .is_some_and(|kind| kind != CommandKind::Simple);
        self.put(|out| {
            match failure {
                Some(reason) => frontend::string(out, frontend::tag::COPY_FAIL, reason)?,
                None => frontend::empty(out, frontend::tag::COPY_DONE)?,
            }
            if syncs {
                frontend::empty(out, frontend::tag::SYNC)
            } else {
                Ok(())
            }
        })?;
        self.state = if self.state == State::CopyBoth {
            State::CopyOut
        } else {
            State::Busy
        };
        Ok(())
    }

    /// The content of the next CopyData message, if it is at the front and nothing else is to be done. It counts as taken.
    #[inline(always)]
    pub fn take_copy_data(&mut self) -> Option<&[u8]> {
        if self.state != State::CopyOut || self.trace.is_some() {
            return None;
        }
        self.input.take_message(tag::COPY_DATA)
    }

    /// Takes the next CopyData message. Messages that may come at any time are dealt with on the way.
    pub fn get_copy_data(&mut self) -> CopyStep<'_> {
        match self.find_copy_data() {
            Found::Data { body_len } => {
                self.trace_backend(body_len);
                let start = self.input.position() + HEADER_LEN;
                self.input.consume(body_len);
                CopyStep::Data(self.input.slice(start, start + body_len))
            }
            Found::Pending => CopyStep::Pending,
            Found::Done => CopyStep::Done,
            Found::Lost => CopyStep::Lost,
        }
    }

    /// Takes up to `most` bytes of the present CopyData message, for the line-wise calls of old: the message goes
    /// when all of it has been taken.
    pub fn get_copy_part(&mut self, most: usize) -> CopyStep<'_> {
        match self.find_copy_data() {
            Found::Data { body_len } => {
                let from = self.copy_consumed.min(body_len);
                let len = (body_len - from).min(most);
                let start = self.input.position() + HEADER_LEN + from;
                if from + len == body_len {
                    self.trace_backend(body_len);
                    self.input.consume(body_len);
                    self.copy_consumed = 0;
                } else {
                    self.copy_consumed = from + len;
                }
                CopyStep::Data(self.input.slice(start, start + len))
            }
            Found::Pending => CopyStep::Pending,
            Found::Done => CopyStep::Done,
            Found::Lost => CopyStep::Lost,
        }
    }

    /// Gives up reading COPY data: what is left of it is skipped while results are awaited.
    pub fn skip_copy_out(&mut self) {
        if self.state == State::CopyOut {
            self.state = State::Busy;
        }
    }

    fn find_copy_data(&mut self) -> Found {
        loop {
            let (kind, body_len) = match self.input.frame() {
                Frame::Incomplete => return Found::Pending,
                Frame::Message { kind, body_len } => (kind, body_len),
                Frame::Corrupt { kind, length } => {
                    self.lose(&ProtocolError::LostSync { kind, length });
                    return Found::Lost;
                }
            };
            match kind {
                tag::COPY_DATA if body_len == 0 => {
                    self.trace_backend(body_len);
                    self.input.consume(body_len);
                }
                tag::COPY_DATA => return Found::Data { body_len },
                tag::NOTIFICATION_RESPONSE | tag::NOTICE_RESPONSE | tag::PARAMETER_STATUS => {
                    self.trace_backend(body_len);
                    // A malformed one is skipped: the data goes on behind it.
                    if self.handle_asynchronous(kind, body_len).is_err() {
                        self.take_trace_back();
                    }
                    self.input.consume(body_len);
                }
                // The message itself is dealt with once results are asked for.
                tag::COPY_DONE if self.state == State::CopyBoth => {
                    self.state = State::CopyIn;
                    return Found::Done;
                }
                // CopyDone and whatever else ends the data is dealt with as the command's messages are.
                _ => {
                    self.state = State::Busy;
                    return Found::Done;
                }
            }
        }
    }
}

enum Found {
    Data { body_len: usize },
    Pending,
    Done,
    Lost,
}
