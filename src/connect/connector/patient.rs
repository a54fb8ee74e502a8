//! Waiting without a system call for it: where nothing but the socket is waited for, and for as long as it takes, the
//! read itself waits.

use std::io;

use super::{Connector, Stage};
use crate::connect::link::Link;
use crate::connect::status::PollStatus;
use crate::net;

impl Connector {
    /// As [`Connector::poll`], for who would wait without bound for what it said last, `status`, and does nothing else.
    ///
    /// # Errors
    /// What waiting says.
    pub fn wait_and_poll(&mut self, status: PollStatus, link: &mut Link) -> io::Result<PollStatus> {
        let waits_itself = match self.stage {
            _ if self.is_pending() || self.altsock().is_some() => false,
            // Just connected, so there is room to send.
            Stage::Made | Stage::Secured => true,
            Stage::Requested(_)
            | Stage::Startup(_)
            | Stage::AwaitReady
            | Stage::Probing(_)
            | Stage::Consume => status == PollStatus::Reading,
            _ => false,
        };
        if !waits_itself {
            let reading = status == PollStatus::Reading;
            net::wait(self.descriptor(link), reading, !reading, None)?;
        }
        self.is_patient = true;
        let status = self.poll(link);
        self.is_patient = false;
        Ok(status)
    }

    /// Whether a read may wait for the server. It must not while there is something to show.
    pub(super) fn reads_may_wait(&self, link: &Link) -> bool {
        self.is_patient && link.session.notices.is_empty() && link.session.trace.is_none()
    }
}
