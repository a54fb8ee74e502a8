//! What may be set on a connection between its making and its first dial.

use std::sync::Arc;

use super::Connection;
use super::connecting::Origin;
use super::error::ClientError;
use super::watch::Watch;
use crate::config::{ConfigError, ConnectPlan, Opt, Settings};
use crate::connect::connector::{Connector, Purpose};
use crate::connect::status::ConnStatus;

/// Where a connection stands between its making and its first dial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing has been dialled.
    #[default]
    Fresh,
    /// The same, and options have been set: they are yet to be judged.
    Changed,
    /// It has been dialled.
    Dialled,
    /// It is not to be dialled.
    Refused,
}

impl Connection {
    /// Sets an option as if the caller had given it; `None` takes its value away. Judged with all others before the first
    /// dial: a value that cannot be fails the connection then.
    ///
    /// # Errors
    /// It has been dialled, or there is no such option; `service` and `servicefile` have had their effect.
    pub fn set_param(&mut self, keyword: &[u8], value: Option<&[u8]>) -> Result<(), ClientError> {
        let opt = match Opt::from_keyword(keyword) {
            Some(opt) if !matches!(opt, Opt::Service | Opt::Servicefile) => opt,
            _ => return Err(ClientError::NotSettable(keyword.to_vec())),
        };
        if !self.is_settable() {
            return Err(ClientError::AlreadyStarted);
        }
        let Some(draft) = &mut self.draft else {
            return Err(ClientError::AlreadyStarted);
        };
        match value {
            Some(value) => draft.set_late(opt, value)?,
            None => draft.clear(opt),
        }
        self.phase = Phase::Changed;
        Ok(())
    }

    /// Sets the password, as [`Connection::set_param`] does.
    ///
    /// # Errors
    /// It has been dialled.
    pub fn set_password(&mut self, password: Option<&[u8]>) -> Result<(), ClientError> {
        self.set_param(b"password", password)
    }

    /// Whether options and hooks can still be set.
    pub fn is_settable(&self) -> bool {
        matches!(self.phase, Phase::Fresh | Phase::Changed) && self.draft.is_some()
    }

    /// Makes the connection one that cannot be connected with, for this reason.
    pub fn refuse_start(&mut self, reason: &[u8]) {
        self.link.session.errors.push(reason);
        self.link.status = ConnStatus::Bad;
        self.phase = Phase::Refused;
    }

    /// Whether it has been made by a factory and not been dialled.
    pub(super) fn is_started_late(&self) -> bool {
        self.link.status == ConnStatus::Allocated && self.factory.is_some()
    }

    /// The first dial is next: what was set is judged. `false` if one cannot connect with it.
    pub(super) fn begin_dialling(&mut self) -> bool {
        if self.phase == Phase::Dialled {
            return true;
        }
        if !self.judge_changes() {
            return false;
        }
        self.phase = Phase::Dialled;
        let asks = self.asks();
        self.watch = self.hook(|hooks| hooks.event.clone()).map(Watch::new);
        let sasl = self.hook(|hooks| (!hooks.sasl.is_empty()).then(|| hooks.sasl.clone()));
        let sasl = sasl.unwrap_or_default();
        let keys = self.factory.as_ref().map(|factory| factory.keys());
        let tls = self.factory.as_ref().and_then(|factory| factory.tls());
        if let Origin::Planned(connector) = &mut self.origin {
            connector.set_asks(asks);
            connector.set_sasl(sasl);
            connector.set_key_cache(keys);
            connector.set_shared_tls(tls);
            connector.set_memory(Arc::clone(self.context.hosts()));
        }
        true
    }

    /// Judges what was set. `false` if one cannot connect with it.
    pub(super) fn judge_changes(&mut self) -> bool {
        if self.phase == Phase::Changed {
            self.phase = Phase::Fresh;
            let settings = self.draft.as_ref().map(|draft| draft.try_clone());
            if settings.is_some_and(|settings| !self.plan_anew(settings)) {
                self.phase = Phase::Refused;
            }
        }
        self.phase != Phase::Refused
    }

    fn plan_anew(&mut self, settings: Result<Settings, ConfigError>) -> bool {
        let env = self.context.env();
        let (origin, error) = match settings {
            Err(error) => (None, Some(error)),
            Ok(settings) => match ConnectPlan::new(settings, &env) {
                Ok(plan) => {
                    let mut connector = Connector::for_plan(plan.into(), Purpose::Session, env);
                    // Its descriptor may be waited for already.
                    if let Origin::Planned(former) = &mut self.origin {
                        connector.take_over(former);
                    }
                    (Some(Origin::Planned(Box::new(connector))), None)
                }
                Err(rejected) => {
                    let rejected = *rejected;
                    let origin = Origin::Rejected {
                        settings: rejected.settings,
                        hosts: rejected.hosts,
                    };
                    (Some(origin), Some(rejected.error))
                }
            },
        };
        if let Some(origin) = origin {
            self.origin = origin;
        }
        match error {
            None => true,
            Some(error) => {
                self.link
                    .session
                    .errors
                    .push_with(|out| error.write_text(out));
                self.link.status = ConnStatus::Bad;
                false
            }
        }
    }
}
