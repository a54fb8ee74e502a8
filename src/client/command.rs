//! Commands that are queued and, where that is the rule, sent at once. None of them waits for an answer.

use super::Connection;
use crate::connect::link::FlushOutcome;
use crate::connect::status::ConnStatus;
use crate::protocol::error::UsageError;
use crate::protocol::frontend::Params;
use crate::protocol::session::Target;
use crate::protocol::types::Oid;

/// Why a command was refused; the error text says it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl Connection {
    /// Sends a simple query.
    ///
    /// # Errors
    /// [`Refused`], as all functions here.
    pub fn send_query(&mut self, query: Option<&[u8]>) -> Result<(), Refused> {
        self.command(|c| {
            let query = query.ok_or(UsageError::NullQuery)?;
            c.link.session.send_query(query)
        })
    }

    /// Sends a query with parameters.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn send_query_params<P: Params + ?Sized>(
        &mut self,
        query: Option<&[u8]>,
        types: &[Oid],
        params: &P,
        result_format: i16,
    ) -> Result<(), Refused> {
        self.command(|c| {
            let query = query.ok_or(UsageError::NullQuery)?;
            c.link
                .session
                .send_query_params(query, types, params, result_format)
        })
    }

    /// Sends the execution of a prepared statement.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn send_query_prepared<P: Params + ?Sized>(
        &mut self,
        statement: Option<&[u8]>,
        params: &P,
        result_format: i16,
    ) -> Result<(), Refused> {
        self.command(|c| {
            let statement = statement.ok_or(UsageError::NullStatementName)?;
            c.link
                .session
                .send_query_prepared(statement, params, result_format)
        })
    }

    /// Sends the preparation of a statement.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn send_prepare(
        &mut self,
        statement: Option<&[u8]>,
        query: Option<&[u8]>,
        types: Result<&[Oid], UsageError>,
    ) -> Result<(), Refused> {
        self.command(|c| {
            let statement = statement.ok_or(UsageError::NullStatementName)?;
            let query = query.ok_or(UsageError::NullQuery)?;
            c.link.session.send_prepare(statement, query, types?)
        })
    }

    /// Sends a Describe; no name means the unnamed statement or portal.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn send_describe(&mut self, target: Target, name: Option<&[u8]>) -> Result<(), Refused> {
        self.command(|c| {
            c.link
                .session
                .send_describe(target, name.unwrap_or_default())
        })
    }

    /// Sends a Close; no name means the unnamed statement or portal.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn send_close(&mut self, target: Target, name: Option<&[u8]>) -> Result<(), Refused> {
        self.command(|c| c.link.session.send_close(target, name.unwrap_or_default()))
    }

    /// Ends a pipeline segment and sends all of it.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn pipeline_sync(&mut self) -> Result<(), Refused> {
        self.queue_sync()?;
        self.flushed()
    }

    /// Ends a pipeline segment; it is sent once enough has gathered.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn send_pipeline_sync(&mut self) -> Result<(), Refused> {
        self.queue_sync()?;
        self.flush_as_due()
    }

    /// Asks the server to send what it has.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn send_flush_request(&mut self) -> Result<(), Refused> {
        if self.link.status != ConnStatus::Ok {
            return self.refuse(&UsageError::NotConnected);
        }
        let queued = self.link.session.send_flush_request();
        self.accept(queued)?;
        self.flush_as_due()
    }

    /// Enters pipeline mode. A closed connection may do so too (behaviour 192).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn enter_pipeline(&mut self) -> Result<(), Refused> {
        let entered = self.link.session.enter_pipeline();
        self.accept(entered)
    }

    /// Leaves pipeline mode and sends what waits.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn exit_pipeline(&mut self) -> Result<(), Refused> {
        let was_off =
            self.link.session.pipeline_status() == crate::protocol::types::PipelineStatus::Off;
        let left = self.link.session.exit_pipeline();
        self.accept(left)?;
        if was_off { Ok(()) } else { self.flushed() }
    }

    /// What every command begins and ends with: a new cycle's empty error text, a live connection; then sending.
    fn command(
        &mut self,
        queue: impl FnOnce(&mut Connection) -> Result<(), UsageError>,
    ) -> Result<(), Refused> {
        self.begin_cycle();
        if self.link.status != ConnStatus::Ok {
            return self.refuse(&UsageError::NotConnected);
        }
        let before = self.link.session.output.len();
        let queued = self.link.session.check_command().and_then(|()| queue(self));
        self.accept(queued)?;
        if let Some(watch) = &mut self.watch {
            watch.sent(self.link.session.output.len().saturating_sub(before));
        }
        self.flush_as_due()
    }

    fn queue_sync(&mut self) -> Result<(), Refused> {
        let queued = self.link.session.send_pipeline_sync();
        self.accept(queued)
    }

    /// A new cycle begins when nothing is queued: what went wrong before is forgotten (behaviour 141).
    pub(super) fn begin_cycle(&mut self) {
        if self.link.session.queue_is_empty() {
            self.link.session.errors.clear();
        }
    }

    fn accept(&mut self, queued: Result<(), UsageError>) -> Result<(), Refused> {
        match queued {
            Ok(()) => Ok(()),
            Err(error) => self.refuse(&error),
        }
    }

    pub(super) fn refuse<T>(&mut self, error: &UsageError) -> Result<T, Refused> {
        self.link.session.refuse(error);
        Err(Refused)
    }

    fn flush_as_due(&mut self) -> Result<(), Refused> {
        if self.link.session.wants_flush() {
            self.flushed()
        } else {
            Ok(())
        }
    }

    fn flushed(&mut self) -> Result<(), Refused> {
        let may_block = !self.nonblocking;
        match self.link.flush(may_block) {
            FlushOutcome::Done | FlushOutcome::Pending => Ok(()),
            FlushOutcome::Failed => Err(Refused),
        }
    }
}
