//! The line-wise COPY calls of old, which programs written before protocol 3 still make.

use super::command::Refused;
use super::{Connection, Handle, blocking};
use crate::connect::link::{FlushOutcome, ReadOutcome};
use crate::protocol::error::UsageError;
use crate::protocol::session::{CopyStep, State};
use crate::protocol::types::ExecStatus;

/// What asking for a piece of COPY data gave.
pub enum Piece<T> {
    /// Some of it.
    Data(T),
    /// Nothing has come yet.
    Pending,
    /// There is no more, or there is no COPY from the server.
    End,
}

/// What asking for a line gave.
pub enum Line<T> {
    /// The line, or as much of it as was asked for.
    Data(T),
    /// There is no further line.
    End,
    /// It cannot be had; the error text says why.
    Failed,
}

/// How ending a COPY went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOutcome {
    /// The COPY has succeeded.
    Done,
    /// It has failed, or it is not known yet on a non-blocking connection.
    NotDone,
}

impl Connection {
    /// Whether a line of text may be asked for now; if not, the error text says so.
    pub fn check_text_copy_out(&mut self) -> bool {
        let may = self.link.transport.is_some() && self.link.session.is_text_copy_out();
        if !may {
            self.link.session.refuse(&UsageError::NotTextCopyOut);
        }
        may
    }

    /// Takes up to `most` bytes of the row at hand, without waiting and without reading; a longer row comes in pieces.
    pub fn get_copy_piece<T>(&mut self, most: usize, take: impl FnOnce(&[u8]) -> T) -> Piece<T> {
        if self.link.session.state() != State::CopyOut {
            return Piece::End;
        }
        match self.link.session.get_copy_part(most) {
            CopyStep::Data(data) => Piece::Data(take(data)),
            CopyStep::Pending => Piece::Pending,
            CopyStep::Done | CopyStep::Lost => {
                self.drop_if_lost();
                Piece::End
            }
        }
    }

    fn wait_for_copy(&mut self) -> Result<(), Refused> {
        if self.link.session.notices.is_empty() && self.link.send_and_wait() == ReadOutcome::Closed
        {
            return Err(Refused);
        }
        Ok(())
    }

    /// Ends the data of a COPY in either direction; `false` when there is none or its end cannot be sent.
    fn end_copy_data(&mut self) -> bool {
        let session = &mut self.link.session;
        match session.state() {
            State::CopyIn | State::CopyBoth => {
                if let Err(error) = session.put_copy_end(None) {
                    session.refuse(&error);
                    return false;
                }
            }
            State::CopyOut => {}
            _ => {
                session.refuse(&UsageError::NoCopy);
                return false;
            }
        }
        session.skip_copy_out();
        let flushed = self.link.flush(!self.nonblocking);
        !self.nonblocking || flushed == FlushOutcome::Done && !self.is_busy()
    }
}

/// Waits for a line and takes up to `most` bytes of it.
pub fn get_line<T>(
    handle: &mut impl Handle,
    most: usize,
    mut take: impl FnMut(&[u8]) -> T,
) -> Line<T> {
    loop {
        match handle.with(|c| c.get_copy_piece(most, &mut take)) {
            Piece::Data(data) => return Line::Data(data),
            Piece::End => return Line::End,
            Piece::Pending => {
                if handle.with(Connection::wait_for_copy).is_err() {
                    return Line::Failed;
                }
            }
        }
    }
}

/// Ends a COPY and waits for its outcome, but on a non-blocking connection only if that has come already. Data not
/// yet read is skipped. A failure is shown as a notice too (behaviour 219).
pub fn end_copy(handle: &mut impl Handle) -> EndOutcome {
    if !handle.with(Connection::end_copy_data) {
        return EndOutcome::NotDone;
    }
    let outcome = blocking::next_result(handle).map(|result| handle.announce(result));
    match outcome {
        Some(result) if result.status == ExecStatus::CommandOk => EndOutcome::Done,
        _ => {
            handle.with(|c| {
                let text = c.link.session.errors.text();
                let text = text.strip_suffix(b"\n").unwrap_or(text).to_vec();
                if !text.is_empty() {
                    c.link.session.internal_notice(&[&text]);
                }
            });
            EndOutcome::NotDone
        }
    }
}
