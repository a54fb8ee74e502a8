//! A session and its transport: moving bytes between the two, and what happens when that fails.

use crate::net::{self, NetError, Transport};
use crate::protocol::error::ProtocolError;
use crate::protocol::session::Session;

use super::encryption::TlsFacts;
use super::status::ConnStatus;
use super::tls;

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
    /// The transport is encrypted and the server at its end has been accepted.
    pub(super) secured: bool,
    /// Why sending failed. Kept until reading has shown everything the server may have said before (behaviour 169).
    write_error: Option<NetError>,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            transport: None,
            session: Session::default(),
            status: ConnStatus::Bad,
            secured: false,
            write_error: None,
        }
    }
}

impl Link {
    /// Reads once. With `may_block` it waits until there is something to read.
    ///
    /// Afterwards nothing is left in the transport that the socket does not show: who waits for the socket misses
    /// nothing.
    pub fn read(&mut self, may_block: bool) -> ReadOutcome {
        let mut outcome = self.read_once(may_block);
        // A plain transport holds nothing back.
        while outcome == ReadOutcome::Data && self.has_pending() {
            outcome = match self.read_once(false) {
                // The transport had only a part of a record.
                ReadOutcome::WouldBlock => return ReadOutcome::Data,
                outcome => outcome,
            };
        }
        outcome
    }

    fn has_pending(&self) -> bool {
        self.transport.as_ref().is_some_and(Transport::has_pending)
    }

    fn read_once(&mut self, may_block: bool) -> ReadOutcome {
        let Some(transport) = &mut self.transport else {
            self.session.errors.push(b"connection not open");
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
                self.session.output.clear();
                return if self.write_error.is_some() {
                    FlushOutcome::Done
                } else {
                    FlushOutcome::Failed
                };
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
        if let Some(mut transport) = self.transport.take() {
            transport.close_notify();
        }
        self.secured = false;
        self.session.output.clear();
        self.status = ConnStatus::Bad;
    }

    /// Closes the transport and forgets everything about the session but its error text and display settings.
    pub fn disconnect(&mut self) {
        self.drop_transport();
        self.session.disconnect();
        self.write_error = None;
    }

    /// What can be told about the session's TLS; `None` without TLS.
    pub fn tls_facts(&self) -> Option<TlsFacts> {
        tls::facts(self)
    }

    /// The transport's descriptor, -1 when there is none.
    pub fn raw_fd(&self) -> i32 {
        self.transport.as_ref().map_or(-1, Transport::raw_fd)
    }
}
