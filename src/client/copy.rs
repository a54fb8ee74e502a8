//! COPY data: sending it and receiving it. The line-wise calls of old stand in `copy_lines.rs`.

use super::command::Refused;
use super::{Connection, Handle};
use crate::connect::link::{FLUSH_BYTES, FlushOutcome, ReadOutcome};
use crate::protocol::error::UsageError;
use crate::protocol::session::CopyStep;

/// What became of a piece of COPY data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is queued.
    Queued,
    /// It would have to wait, which a non-blocking connection does not.
    WouldBlock,
}

/// What asking for COPY data gave.
pub enum GetOutcome<T> {
    /// A message's content.
    Data(T),
    /// Nothing yet, and waiting was not allowed.
    Pending,
    /// The data has ended; results tell how.
    Done,
    /// It cannot be had; the error text says why.
    Failed,
}

impl Connection {
    /// Queues a piece of COPY data.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn put_copy_data(&mut self, data: &[u8]) -> Result<PutOutcome, Refused> {
        if !self.link.session.can_put_copy() {
            return self.refuse(&UsageError::NoCopy);
        }
        // Notices may arrive in any number while data is sent.
        self.link.session.parse();
        if data.is_empty() {
            return Ok(PutOutcome::Queued);
        }
        let is_large = data.len() >= FLUSH_BYTES;
        let put = match is_large {
            true => self.link.put_copy_data_at_once(data),
            false => self.link.session.put_copy_data(data),
        };
        match put {
            Ok(()) => {}
            // Only a buffer that cannot grow makes a caller wait who does not want to (behaviour 207).
            Err(UsageError::OutputFull) if self.nonblocking => return Ok(PutOutcome::WouldBlock),
            Err(error) => return self.refuse(&error),
        }
        match self.link.flush_if_full(!self.nonblocking) {
            FlushOutcome::Failed => Err(Refused),
            FlushOutcome::Done | FlushOutcome::Pending => {
                if !is_large {
                    self.link.session.expect_copy_data(FLUSH_BYTES);
                }
                Ok(PutOutcome::Queued)
            }
        }
    }

    /// [`Connection::put_copy_data`], if no more is to be done than to copy it behind what waits to be sent.
    #[inline(always)]
    pub fn append_copy_data(&mut self, data: &[u8]) -> bool {
        self.link.session.append_copy_data(data)
    }

    /// Ends COPY data, well or (with a reason) in failure, and sends what waits.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn put_copy_end(&mut self, failure: Option<&[u8]>) -> Result<PutOutcome, Refused> {
        if let Err(error) = self.link.session.put_copy_end(failure) {
            return self.refuse(&error);
        }
        match self.link.flush(!self.nonblocking) {
            FlushOutcome::Failed => Err(Refused),
            FlushOutcome::Done | FlushOutcome::Pending => Ok(PutOutcome::Queued),
        }
    }

    /// Takes the next CopyData message that has come; `take` gets its content.
    fn take_copy<T>(
        &mut self,
        may_wait: bool,
        take: &mut impl FnMut(&[u8]) -> T,
    ) -> Option<GetOutcome<T>> {
        if !self.link.session.can_get_copy() {
            self.link.session.refuse(&UsageError::NoCopy);
            return Some(GetOutcome::Failed);
        }
        match self.link.session.get_copy_data() {
            CopyStep::Data(data) => return Some(GetOutcome::Data(take(data))),
            CopyStep::Done => {
                self.drop_if_lost();
                return Some(GetOutcome::Done);
            }
            CopyStep::Lost => {
                self.drop_if_lost();
                return Some(GetOutcome::Failed);
            }
            CopyStep::Pending => {}
        }
        if !may_wait {
            return Some(GetOutcome::Pending);
        }
        if !self.link.session.notices.is_empty() {
            return None;
        }
        if self.link.send_and_wait() == ReadOutcome::Closed {
            return Some(GetOutcome::Failed);
        }
        None
    }
}

/// Receives the next CopyData message, waiting for it if `may_wait`; `take` gets its content.
pub fn get_copy_data<T>(
    handle: &mut impl Handle,
    may_wait: bool,
    mut take: impl FnMut(&[u8]) -> T,
) -> GetOutcome<T> {
    loop {
        if let Some(outcome) = handle.with(|c| c.take_copy(may_wait, &mut take)) {
            return outcome;
        }
    }
}
