//! A session and its transport: moving bytes between the two, and what happens when that fails.
//!
//! A transport belongs to the process that opened it ([`crate::net::fork`]). In a child of that process
//! [`Link::check_owner`] closes the child's copy of it, without a word to the server, and makes the connection bad for
//! good. Reading and sending check it themselves, so that no byte is moved by the wrong process whoever calls; the border
//! to C checks before everything it does with a connection, so that status and error text agree with that from the
//! start. The parent's session goes on: its descriptor stays open, and nothing has happened on the socket.
//!
//! One kind of connection is made to be handed on: pg_basebackup opens the one that it streams WAL over, and lets its child
//! stream. Whoever asks for physical replication is taken at that.

use std::time::{Duration, Instant};

use crate::net::fork::{self, Generation};
use crate::net::socket::Peek;
use crate::net::{NetError, Transport};
use crate::protocol::error::{ProtocolError, UsageError};
use crate::protocol::session::Session;

use super::encryption::TlsFacts;
use super::report::Cause;
use super::status::ConnStatus;
use super::tls;

/// Waiting output is sent once this many bytes have gathered (behaviour 270).
pub const FLUSH_BYTES: usize = 8 * 1024;

/// What reading gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// Bytes have come.
    Data,
    /// Nothing is there, and waiting was not allowed.
    WouldBlock,
    /// Reading has failed and the error text says why; as a rule the connection is gone. What came before is still in
    /// the input.
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
    /// How long reading and sending wait for a server that says nothing (`read_timeout_ms`).
    pub(super) read_timeout: Option<Duration>,
    /// Why the last failure that was put into words happened; for the connect report.
    pub(super) cause: Cause,
    /// Why sending failed. Kept until reading has shown everything the server may have said before (behaviour 169).
    write_error: Option<NetError>,
    /// The process that opened the transport; `None` where a child may take it over.
    owner: Option<Generation>,
    /// It was another process, and the transport has been given up.
    disowned: bool,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            transport: None,
            session: Session::default(),
            status: ConnStatus::Bad,
            secured: false,
            read_timeout: None,
            cause: Cause::default(),
            write_error: None,
            owner: Some(Generation::current()),
            disowned: false,
        }
    }
}

impl Link {
    /// Takes a transport that this process has opened. With `for_children` children may use it too.
    pub fn attach(&mut self, transport: Transport, for_children: bool) {
        fork::watch();
        self.owner = (!for_children).then(Generation::current);
        self.transport = Some(transport);
    }

    /// Whether the transport may be another process's, so that [`Link::check_owner`] would do something.
    #[inline]
    pub fn is_inherited(&self) -> bool {
        self.owner
            .is_some_and(|owner| owner != Generation::current())
    }

    /// Gives up a transport that another process has opened. See the module's text.
    #[inline]
    pub fn check_owner(&mut self) {
        if self.is_inherited() {
            self.disown();
        }
    }

    /// Why there is no transport.
    pub fn why_closed(&self) -> NetError {
        match self.disowned {
            true => NetError::Inherited,
            false => NetError::NotOpen,
        }
    }

    #[cold]
    fn disown(&mut self) {
        self.owner = Some(Generation::current());
        // Without a transport nothing is shared: a connection that has failed stays what it is, and one that was about
        // to dial, or a cancel request, may do so from here.
        if self.transport.is_none() {
            return;
        }
        let had_failed = self.status == ConnStatus::Bad;
        self.disowned = true;
        // Not by dropping it in the ordinary way: TLS says good-bye then.
        self.transport = None;
        self.drop_transport();
        self.session.abandon();
        self.write_error = None;
        if !had_failed {
            self.session.errors.clear();
            self.session
                .errors
                .push_with(|out| NetError::Inherited.write_text(out));
            self.session.errors.keep();
        }
    }

    /// Reads once. With `may_block` it waits until there is something to read.
    ///
    /// Afterwards nothing is left in the transport that the socket does not show: who waits for the socket misses
    /// nothing.
    pub fn read(&mut self, may_block: bool) -> ReadOutcome {
        if may_block && self.read_timeout.is_some() && self.transport.is_some() {
            return self.read_in_time();
        }
        self.check_owner();
        match self.read_once(may_block) {
            // A plain transport holds nothing back.
            ReadOutcome::Data if self.has_pending() => self.read_rest(),
            ReadOutcome::Data if !may_block && self.session.input.is_small_and_full() => {
                self.read_more()
            }
            outcome => outcome,
        }
    }

    /// Reads again into a block that has grown: who is told only once that something has come (EPOLLET) relies on it that
    /// one call takes in what libpq takes in at once, 16 KiB.
    #[cold]
    #[inline(never)]
    fn read_more(&mut self) -> ReadOutcome {
        let Some(transport) = &mut self.transport else {
            return ReadOutcome::Data;
        };
        let Ok((block, room)) = self.session.space() else {
            return self.refuse_input();
        };
        match transport.recv(block, room, false) {
            // The end of the stream is the next call's to see.
            Ok(_) => ReadOutcome::Data,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => ReadOutcome::Data,
            Err(error) => self.read_failed(&NetError::receiving(error)),
        }
    }

    /// Reads what the transport holds back.
    #[inline(never)]
    fn read_rest(&mut self) -> ReadOutcome {
        loop {
            match self.read_once(false) {
                // The transport had only a part of a record.
                ReadOutcome::WouldBlock => return ReadOutcome::Data,
                ReadOutcome::Data if self.has_pending() => {}
                outcome => return outcome,
            }
        }
    }

    #[cold]
    fn read_in_time(&mut self) -> ReadOutcome {
        loop {
            match self.read(false) {
                ReadOutcome::WouldBlock => {}
                outcome => return outcome,
            }
            if !self.wait_in_time(true, false) {
                return ReadOutcome::Closed;
            }
        }
    }

    /// Waits for the socket; `false`, and the connection is gone, if the server is silent for too long.
    fn wait_in_time(&mut self, read: bool, write: bool) -> bool {
        let deadline = self
            .read_timeout
            .and_then(|time| Instant::now().checked_add(time));
        let waited = match &self.transport {
            Some(transport) => transport.socket().wait(read, write, deadline),
            None => Ok(true),
        };
        let failure = match waited {
            Ok(true) => return true,
            Ok(false) => NetError::Silent(self.read_timeout.unwrap_or_default()),
            Err(error) => NetError::Polling(error),
        };
        self.session.errors.push_with(|out| failure.write_text(out));
        self.cause = Cause::from(&failure);
        if matches!(failure, NetError::Silent(_)) {
            self.drop_transport();
        }
        false
    }

    /// Whether the server is still there, as far as that can be told without asking it. Takes in what has come by TLS, for its
    /// end may be among it; otherwise nothing is read.
    pub fn is_alive(&mut self) -> bool {
        self.check_owner();
        let Some(transport) = &self.transport else {
            return false;
        };
        match transport.socket().peek() {
            Peek::Closed => false,
            Peek::Data if transport.is_encrypted() => self.read(false) != ReadOutcome::Closed,
            Peek::Quiet | Peek::Data => true,
        }
    }

    #[inline]
    fn has_pending(&self) -> bool {
        self.transport.as_ref().is_some_and(Transport::has_pending)
    }

    #[inline(always)]
    fn read_once(&mut self, may_block: bool) -> ReadOutcome {
        let Some(transport) = &mut self.transport else {
            return self.read_nothing(may_block);
        };
        let Ok((block, room)) = self.session.space() else {
            return self.refuse_input();
        };
        match transport.recv(block, room, may_block) {
            Ok(0) => self.read_failed(&NetError::Closed),
            Ok(_) => ReadOutcome::Data,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => ReadOutcome::WouldBlock,
            Err(error) => self.read_failed(&NetError::receiving(error)),
        }
    }

    #[cold]
    fn read_nothing(&mut self, may_block: bool) -> ReadOutcome {
        // The reference's words differ between waiting for input and just looking for it.
        self.session.errors.push(if may_block {
            &b"invalid socket"[..]
        } else {
            b"connection not open"
        });
        ReadOutcome::Closed
    }

    #[cold]
    fn refuse_input(&mut self) -> ReadOutcome {
        self.session
            .errors
            .push_with(|out| ProtocolError::InputFull.write_text(out));
        self.drop_transport();
        ReadOutcome::Closed
    }

    #[cold]
    fn read_failed(&mut self, failure: &NetError) -> ReadOutcome {
        self.session.errors.push_with(|out| failure.write_text(out));
        self.cause = Cause::from(failure);
        if failure.ends_connection() {
            self.drop_transport();
        }
        ReadOutcome::Closed
    }

    /// Sends what waits. With `may_block` it waits until all of it is gone, and reads meanwhile, for a server that
    /// waits for us to read would never take it.
    #[inline]
    pub fn flush(&mut self, may_block: bool) -> FlushOutcome {
        self.check_owner();
        match self.session.output.is_empty() {
            true => FlushOutcome::Done,
            false => self.flush_all(may_block),
        }
    }

    /// Sends all that waits, and then waits for input: not if some came while it was sending, for that may be all there is.
    #[inline]
    pub fn send_and_wait(&mut self) -> ReadOutcome {
        if !self.session.output.is_empty() {
            let before = self.session.input.unparsed().len();
            if self.flush(true) == FlushOutcome::Failed {
                return ReadOutcome::Closed;
            }
            if self.session.input.unparsed().len() > before && !self.write_failed() {
                return ReadOutcome::Data;
            }
        }
        self.read(true)
    }

    fn flush_all(&mut self, may_block: bool) -> FlushOutcome {
        loop {
            let Some(transport) = &mut self.transport else {
                // As a failed send: nothing is said before reading has shown why.
                self.write_error.get_or_insert(NetError::NotOpen);
                self.session.output.clear();
                return FlushOutcome::Done;
            };
            if self.write_error.is_some() {
                // Once more: whether the server has said why, or has gone.
                self.session.output.clear();
                return match self.read(false) {
                    ReadOutcome::Closed => FlushOutcome::Failed,
                    _ => FlushOutcome::Done,
                };
            }
            match transport.send(self.session.output.pending(), false) {
                Ok(sent) => {
                    self.session.output.advance(sent);
                    if self.session.output.is_empty() {
                        return FlushOutcome::Done;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    if self.read(false) == ReadOutcome::Closed {
                        self.session.output.clear();
                        return FlushOutcome::Failed;
                    }
                    if !may_block {
                        return FlushOutcome::Pending;
                    }
                    if !self.wait_in_time(true, true) {
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

    /// Queues COPY data, or sends it from where it lies, behind what waits, as far as a plain socket takes it at once. The rest
    /// is copied and waits.
    ///
    /// # Errors
    /// As [`Session::put_copy_data`].
    pub fn put_copy_data_at_once(&mut self, data: &[u8]) -> Result<(), UsageError> {
        self.check_owner();
        let Some(Transport::Plain(socket)) = &self.transport else {
            return self.session.put_copy_data(data);
        };
        if self.write_error.is_some() || socket.is_foreign() {
            return self.session.put_copy_data(data);
        }
        let mut failure = None;
        self.session.offer_copy_data(data, |parts| {
            socket.send_gathered(parts).unwrap_or_else(|error| {
                failure = Some(error).filter(|e| e.kind() != std::io::ErrorKind::WouldBlock);
                0
            })
        })?;
        // As a failed send of what waits.
        if let Some(error) = failure {
            self.write_error = Some(NetError::sending(error));
            self.session.output.clear();
        }
        Ok(())
    }

    /// Sends what waits if enough has gathered.
    pub fn flush_if_full(&mut self, may_block: bool) -> FlushOutcome {
        if self.session.output.len() >= FLUSH_BYTES {
            self.flush(may_block)
        } else {
            FlushOutcome::Done
        }
    }

    /// Whether the transport is a socket, and nothing else is between it and the session.
    #[inline(always)]
    pub fn is_mere_socket(&self) -> bool {
        matches!(&self.transport, Some(Transport::Plain(socket)) if !socket.is_foreign())
    }

    /// Whether the bytes go over a stream of the application's.
    pub fn is_foreign(&self) -> bool {
        self.transport
            .as_ref()
            .is_some_and(|transport| transport.socket().is_foreign())
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
        self.session.forget_commands();
        self.status = ConnStatus::Bad;
    }

    /// Becomes what another link is, but for trace and display settings, and notices nobody has been shown.
    pub(super) fn take_place_of(&mut self, mut other: Link) {
        let (own, its) = (&mut self.session, &mut other.session);
        its.trace = own.trace.take();
        its.verbosity = own.verbosity;
        its.context_visibility = own.context_visibility;
        for notice in std::mem::take(&mut own.notices).into_iter().rev() {
            its.notices.push_front(notice);
        }
        *self = other;
    }

    /// Takes the transport, which has said its good-bye, from a link that will be disconnected.
    pub(super) fn retire(&mut self) -> Option<Transport> {
        let mut transport = self.transport.take()?;
        transport.close_notify();
        Some(transport)
    }

    /// Closes the transport and forgets everything about the session but its error text and display settings.
    pub fn disconnect(&mut self) {
        self.drop_transport();
        self.session.disconnect();
        self.session.errors.keep_nothing();
        self.disowned = false;
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
