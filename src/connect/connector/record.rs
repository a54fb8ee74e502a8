//! What the connector writes into the connect report, and the one place where an attempt is judged to have ended.

use std::borrow::Cow;

use super::{Connector, Go, Stage};
use crate::config::TargetSessionAttrs;
use crate::connect::error::ConnectError;
use crate::connect::link::Link;
use crate::connect::report::{Cause, Phase, Report, Role, TlsUsed};
use crate::connect::status::ConnStatus;
use crate::connect::target::{Probe, Verdict};

impl Connector {
    /// What was tried since the last start, and how it went.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Takes in what a machine beside this one has tried.
    pub fn merge_report(&mut self, other: &mut Connector) {
        self.report.merge(std::mem::take(&mut other.report));
    }

    pub(super) fn record_host(&mut self, link: &Link) {
        self.end_attempt(link);
        let host = &self.plan.hosts[self.candidates.current()];
        self.report.begin_host(
            host.shown_host(),
            host.shown_port(),
            link.session.errors.text().len(),
        );
    }

    pub(super) fn record_dial(&mut self, link: &mut Link) {
        // A second dial to one address is an attempt of its own.
        if !self.is_looking_up() {
            self.end_attempt(link);
        }
        link.cause = Cause::default();
        let host = &self.plan.hosts[self.candidates.current()];
        self.report.begin_dial(
            host.shown_host(),
            &self.hostaddr,
            host.shown_port(),
            link.session.errors.text().len(),
        );
    }

    fn is_looking_up(&mut self) -> bool {
        let attempt = self.report.current();
        attempt.is_some_and(|a| a.last_phase() == Some(Phase::Lookup))
    }

    /// The phase begins.
    pub(super) fn record(&mut self, phase: Phase) {
        self.report.enter(phase);
    }

    /// Notes what TLS came to.
    pub(super) fn record_tls(&mut self, link: &Link) {
        if let (Some(attempt), Some(facts)) = (self.report.current(), link.tls_facts()) {
            attempt.tls = Some(TlsUsed {
                version: facts.protocol,
                cipher: facts.cipher,
                key_bits: facts.key_bits,
            });
        }
    }

    /// The attempt under way, if any, has failed.
    pub(super) fn end_attempt(&mut self, link: &Link) {
        if self.report.current().is_none() {
            return;
        }
        self.note_facts(link);
        self.report.fail(link.cause, link.session.errors.text());
    }

    /// What a step has led to, seen from the report.
    pub(super) fn record_outcome(&mut self, go: &Go, link: &mut Link) {
        match go {
            Go::On(Stage::Ended) => {
                match link.status {
                    ConnStatus::Bad => self.end_attempt(link),
                    _ => {
                        self.note_facts(link);
                        self.report.succeed();
                    }
                }
                self.report.end();
            }
            Go::On(Stage::NextHost) => self.end_attempt(link),
            // After a lookup the attempt only begins.
            Go::On(Stage::NextAddress) if !self.is_looking_up() => self.end_attempt(link),
            Go::On(_) | Go::Wait(..) => {}
        }
    }

    fn note_facts(&mut self, link: &Link) {
        let facts = &link.session.facts;
        let Some(attempt) = self.report.current() else {
            return;
        };
        if attempt.phases[Phase::Authentication as usize].is_none() {
            return;
        }
        attempt.protocol_version = facts.protocol_version;
        attempt.server_version = facts.server_version;
        attempt.backend_pid = facts.process_id;
        match facts.in_hot_standby {
            Some(true) => attempt.role = Role::Standby,
            Some(false) => attempt.role = Role::Primary,
            // An answer to our question, if there was one, has been noted.
            None => {}
        }
    }

    /// Notes how the server wants to be shown who we are.
    pub(super) fn record_method(&mut self, method: Cow<'static, [u8]>) {
        if let Some(attempt) = self.report.current() {
            attempt.auth_method = method;
        }
    }

    /// Notes what a server that does not report its role has answered.
    pub(super) fn record_role(&mut self, probe: Probe, verdict: &Verdict) {
        let role = match (verdict, self.wanted()) {
            _ if probe != Probe::Recovery => return,
            (Verdict::Refuse(ConnectError::HotStandby), _) => Role::Standby,
            (Verdict::Refuse(ConnectError::NotHotStandby), _) => Role::Primary,
            (Verdict::Accept, TargetSessionAttrs::Primary) => Role::Primary,
            (Verdict::Accept, _) => Role::Standby,
            _ => return,
        };
        if let Some(attempt) = self.report.current() {
            attempt.role = role;
        }
    }
}
