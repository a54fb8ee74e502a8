//! A session and its transport: moving bytes between the two, and what happens when that fails.

use crate::net::{self, NetError, Transport};
use crate::protocol::error::ProtocolError;
use crate::protocol::session::Session;

use super::status::ConnStatus;

/// Waiting output is sent once this many bytes have gathered (behaviour 270).
const FLUSH_BYTES: usize = 8 * 1024;

/// What reading gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// Bytes have come.
    Data,
    /// Nothing is there, and waiting was not allowed.
    WouldBlock,
    /// The connection is gone; the error text says why. What came before is still in the input.
    Closed,
}

/// What sending gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushOutcome {
    /// Nothing waits any more.
    Done,
    /// Some bytes wait, and waiting was not allowed.
    Pending,
    /// There is no connection to send on.
    Failed,
}

/// A session and its transport.
pub struct Link {
    /// The transport, while there is one.
    pub transport: Option<Transport>,
    /// The session.
    pub session: Session,
    /// How far the connection is.
    pub status: ConnStatus,
    /// Why sending failed. Kept until reading has shown everything the server may have said before (behaviour 169).
    write_error: Option<NetError>,
    /// The transport has been dropped, and what was received before is still being read.
    dropped: bool,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            transport: None,
            session: Session::default(),
            status: ConnStatus::Bad,
            write_error: None,
            dropped: false,
        }
    }
}

impl Link {
    /// Reads once. With `may_block` it waits until there is something to read.
    pub fn read(&mut self, may_block: bool) -> ReadOutcome {
        let Some(transport) = &mut self.transport else {
            // The reference's words differ between waiting for input and just looking for it.
            self.session.errors.push(if may_block {
                &b"invalid socket"[..]
            } else {
                b"connection not open"
            });
            return ReadOutcome::Closed;
        };
        let Ok((block, room)) = self.session.space() else {
            self.session
                .errors
                .push_with(|out| ProtocolError::InputFull.write_text(out));
            self.drop_transport();
            return ReadOutcome::Closed;
        };
        let failure = match transport.recv(block, room, may_block) {
            Ok(0) => NetError::Closed,
            Ok(_) => return ReadOutcome::Data,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return ReadOutcome::WouldBlock;
            }
            Err(error) => NetError::receiving(error),
        };
        self.session.errors.push_with(|out| failure.write_text(out));
        self.drop_transport();
        ReadOutcome::Closed
    }

    /// Sends what waits. With `may_block` it waits until all of it is gone, and reads meanwhile, for a server that
    /// waits for us to read would never take it.
    pub fn flush(&mut self, may_block: bool) -> FlushOutcome {
        loop {
            if self.session.output.is_empty() {
                return FlushOutcome::Done;
            }
            let Some(transport) = &mut self.transport else {
                // What becomes of it is told by whoever reads.
                self.session.output.clear();
                return FlushOutcome::Done;
            };
            if self.write_error.is_some() {
                self.session.output.clear();
                return FlushOutcome::Done;
            }
            match transport.send(self.session.output.pending(), false) {
                Ok(sent) => self.session.output.advance(sent),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    let fd = transport.raw_fd();
                    if self.read(false) == ReadOutcome::Closed {
                        self.session.output.clear();
                        return FlushOutcome::Failed;
                    }
                    if !may_block {
                        return FlushOutcome::Pending;
                    }
                    if let Err(error) = net::wait(fd, true, true, None) {
                        self.session
                            .errors
                            .push_with(|out| NetError::Polling(error).write_text(out));
                        return FlushOutcome::Failed;
                    }
                }
                Err(error) => {
                    self.write_error = Some(NetError::sending(error));
                    self.session.output.clear();
                    return FlushOutcome::Done;
                }
            }
        }
    }

    /// Sends what waits if enough has gathered.
    pub fn flush_if_full(&mut self, may_block: bool) -> FlushOutcome {
        if self.session.output.len() >= FLUSH_BYTES {
            self.flush(may_block)
        } else {
            FlushOutcome::Done
        }
    }

    /// Whether sending has failed.
    pub fn write_failed(&self) -> bool {
        self.write_error.is_some()
    }

    /// Words the failure of sending into the error text, as reading has shown nothing better.
    pub fn report_write_error(&mut self) {
        if let Some(error) = &self.write_error {
            let session = &mut self.session;
            session.errors.push_with(|out| error.write_text(out));
        }
    }

    /// Closes the transport. What has been received stays and can still be parsed.
    pub fn drop_transport(&mut self) {
        self.dropped |= self.transport.take().is_some();
        self.session.output.clear();
        self.status = ConnStatus::Bad;
    }

    /// Closes the transport and forgets everything about the session but its error text and display settings.
    pub fn disconnect(&mut self) {
        self.drop_transport();
        self.session.disconnect();
        self.write_error = None;
        self.dropped = false;
    }

    /// Nothing will come any more: the current command ends with the error text, and the commands behind it are
    /// forgotten with the connection that they were sent on. (One queued later stays and fails by itself.)
    pub fn fail_and_stop(&mut self) {
        self.session.fail_and_stop();
        if std::mem::take(&mut self.dropped) {
            self.session.forget_commands();
        }
    }

    /// The transport's descriptor, -1 when there is none.
    pub fn raw_fd(&self) -> i32 {
        self.transport.as_ref().map_or(-1, Transport::raw_fd)
    }
}
