//! How what is remembered of hosts ([`crate::connect::memory`]) bears on where an attempt begins, and what it adds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Connector, Go, Stage};
use crate::connect::error::ConnectError;
use crate::connect::link::Link;
use crate::connect::memory::{Found, HostMemory};

impl Connector {
    /// Begins: with the first host, or with several.
    pub(super) fn first(&mut self, link: &mut Link) -> Go {
        if let (Some(memory), Some(seconds)) = (&self.memory, self.plan.extensions.host_recheck_s) {
            let (recheck, now) = (Duration::from_secs(seconds.into()), Instant::now());
            let (plan, wanted) = (&self.plan, self.plan.target_session_attrs);
            self.candidates
                .sort_by_rank(|host| memory.rank(&plan.hosts[host], wanted, recheck, now));
        }
        match self.waiting.may_race() && self.wants_race() {
            true => self.begin_race(false, link),
            false => Go::On(Stage::NextHost),
        }
    }

    /// Says what is remembered of hosts, and remembers.
    pub fn set_memory(&mut self, memory: Arc<HostMemory>) {
        self.memory = Some(memory);
    }

    /// Notes what the present host was found to be.
    pub(super) fn remember(&self, found: Found) {
        if let (Some(memory), Some(_)) = (&self.memory, self.plan.extensions.host_recheck_s) {
            memory.note(self.host(), found, Instant::now());
        }
    }

    /// Notes what a server is that was not of the wanted kind.
    pub(super) fn remember_refused(&self, error: &ConnectError) {
        self.remember(match error {
            ConnectError::HotStandby | ConnectError::SessionReadOnly => Found::Standby,
            ConnectError::NotHotStandby | ConnectError::SessionNotReadOnly => Found::Primary,
            _ => Found::Up,
        });
    }

    /// Notes what a server is that was taken.
    pub(super) fn remember_taken(&self, link: &Link) {
        self.remember(match link.session.facts.in_hot_standby {
            Some(true) => Found::Standby,
            Some(false) => Found::Primary,
            None => Found::Up,
        });
    }
}
