//! Cancel requests: objects made from a connection, and a connection of their own to deliver them.

use zeroize::Zeroizing;

use super::Connection;
use super::connecting::{Mode, Origin};
use crate::connect::connector::Connector;
use crate::connect::error::ConnectError;
use crate::connect::status::ConnStatus;
use crate::net::NetError;
use crate::net::signal_cancel::SignalCancel;

impl Connection {
    /// A cancel request that may be sent from a signal handler; `None` when there is no connection.
    pub fn signal_cancel(&self) -> Option<SignalCancel> {
        self.link.transport.as_ref()?;
        let facts = &self.link.session.facts;
        let key = facts.cancel_key.as_ref().map(|k| k.as_slice());
        self.connector()?.signal_cancel(facts.process_id, key)
    }

    /// Sends a cancel request at once; `false` with the reason in the error text.
    pub fn request_cancel(&mut self) -> bool {
        let Some(request) = self.signal_cancel() else {
            self.link.session.errors.clear();
            self.link
                .session
                .errors
                .push(b"PQrequestCancel() -- connection is not open");
            return false;
        };
        let mut reason = [0; 256];
        let sent = request.send(&mut reason);
        if !sent {
            self.link.session.errors.clear();
            self.link
                .session
                .errors
                .append_with(|out| out.extend_from_slice(&reason));
        }
        sent
    }

    /// A connection that will carry a cancel request to where this one is connected (behaviours 272, 273). If that
    /// is impossible it is bad and its error text says why.
    pub fn cancel_twin(&self) -> Connection {
        let facts = &self.link.session.facts;
        if self.link.transport.is_none() {
            return Connection::with_error(|out| self.link.why_closed().write_text(out));
        }
        let Some(key) = &facts.cancel_key else {
            return Connection::with_error(|out| ConnectError::NoCancelKey.write_text(out));
        };
        let key = Zeroizing::new(key.to_vec());
        match self
            .connector()
            .and_then(|c| c.for_cancel(facts.process_id, key))
        {
            Some(connector) => {
                let origin = Origin::Planned(Box::new(connector));
                let mut twin = Connection::from_origin(origin, &self.context);
                twin.factory.clone_from(&self.factory);
                twin.hooks.clone_from(&self.hooks);
                twin.link.status = ConnStatus::Allocated;
                twin
            }
            None => Connection::with_error(|out| NetError::NotOpen.write_text(out)),
        }
    }

    /// A connection that never was, for a request without a connection to cancel on.
    pub fn cancel_of_nothing() -> Connection {
        Connection::with_error(|out| ConnectError::NothingToCancel.write_text(out))
    }

    /// Begins to deliver a cancel request. `false` when it has been begun already (behaviour 275) or cannot be.
    pub fn cancel_start(&mut self, mode: Mode) -> bool {
        match self.link.status {
            ConnStatus::Allocated => {
                self.link.session.errors.clear();
                self.start(mode);
                // A request without anything to cancel on starts nothing.
                !matches!(self.link.status, ConnStatus::Bad | ConnStatus::Allocated)
            }
            ConnStatus::Bad => false,
            _ => {
                let errors = &mut self.link.session.errors;
                errors.push_with(|out| ConnectError::CancelUnderWay.write_text(out));
                // The descriptor stays for those who wait on it.
                self.link.status = ConnStatus::Bad;
                false
            }
        }
    }

    /// Makes a cancel request ready to be delivered again.
    pub fn cancel_reset(&mut self) {
        self.link.disconnect();
        self.link.session.errors.clear();
        if let Origin::Planned(connector) = &mut self.origin {
            connector.restart();
        }
        self.link.status = ConnStatus::Allocated;
    }

    fn connector(&self) -> Option<&Connector> {
        match &self.origin {
            Origin::Planned(connector) => Some(connector),
            Origin::Rejected { .. } => None,
        }
    }

    fn with_error(write: impl FnOnce(&mut Vec<u8>)) -> Connection {
        let mut this = Connection::default();
        this.link.session.errors.push_with(write);
        this
    }
}
