//! Connections by the dozen: options parsed once, and hooks.
//!
//! What the options say, with service file and environment, is gathered when the factory is made, and the password file is
//! read with the first connection. From then on nothing can be changed, so threads may share it.

use std::sync::Arc;

use super::Connection;
use super::connecting::{self, Mode, Origin};
use super::context::Context;
use super::error::ClientError;
use super::hooks::Hooks;
use crate::config::{ConfigError, ConnectPlan, Settings};
use crate::connect::SharedTls;
use crate::connect::connector::{Connector, Purpose};
use crate::net::shared::Shared;
use crate::protocol::auth::stretch::KeyCache;

/// Starts connections that are alike.
pub struct Factory {
    context: Arc<Context>,
    settings: Settings,
    start: Shared<Start>,
    /// Keys of passwords that connections have logged in with.
    keys: Arc<KeyCache>,
    /// TLS's configuration, as long as the files it is made of stay what they are.
    tls: SharedTls,
}

#[derive(Clone, Default)]
struct Start {
    hooks: Arc<Hooks>,
    /// Made for the first connection; from then on nothing can be changed.
    plan: Option<Planned>,
}

/// `None` where one cannot connect with the settings: each connection finds out why.
type Planned = Option<Arc<ConnectPlan>>;

impl Factory {
    /// A factory for these options, completed in `context`'s way.
    ///
    /// # Errors
    /// What is wrong with the options. Values that are only judged when connecting are not looked at yet.
    pub fn new(
        context: &Arc<Context>,
        settings: Result<Settings, ConfigError>,
    ) -> Result<Arc<Factory>, ConfigError> {
        Ok(Arc::new(Factory {
            context: Arc::clone(context),
            settings: settings?,
            start: Shared::default(),
            keys: Arc::default(),
            tls: Some(Arc::default()),
        }))
    }

    /// The context.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Changes the hooks.
    ///
    /// # Errors
    /// [`ClientError::FactoryInUse`] once a connection has been started.
    pub fn change_hooks(&self, change: impl FnOnce(&mut Hooks)) -> Result<(), ClientError> {
        // What is not taken goes when nothing is locked any more: its owner is told.
        let mut change = Some(change);
        self.start
            .change(|start| match start.plan.is_none().then(|| change.take()) {
                Some(Some(change)) => {
                    change(Arc::make_mut(&mut start.hooks));
                    Ok(())
                }
                _ => Err(ClientError::FactoryInUse),
            })
    }

    /// The hooks.
    pub fn hooks(&self) -> Arc<Hooks> {
        Arc::clone(&self.start.get().hooks)
    }

    /// Where the keys of passwords are remembered: a later connection logs in without SCRAM's iterations.
    pub(super) fn keys(&self) -> Arc<KeyCache> {
        Arc::clone(&self.keys)
    }

    /// Where TLS's configuration is kept.
    pub(super) fn tls(&self) -> SharedTls {
        self.tls.clone()
    }

    fn plan(&self) -> Planned {
        if let Some(plan) = &self.start.get().plan {
            return plan.clone();
        }
        // Nothing is locked while files are read. Of threads that come here together the first one's counts.
        let settings = self.settings.try_clone().ok();
        let plan = settings.and_then(|s| ConnectPlan::new(s, &self.context.env()).ok());
        self.start
            .change(|start| start.plan.get_or_insert(plan.map(Arc::new)).clone())
    }

    /// A connection that is to be started, by [`super::connecting::start_later`] or [`super::connecting::start`].
    pub fn connection(self: &Arc<Self>) -> Connection {
        let draft = self.settings.try_clone();
        let mut this = match (self.plan(), &draft) {
            (Some(plan), Ok(_)) => {
                let connector = Connector::for_plan(plan, Purpose::Session, self.context.env());
                Connection::from_origin(Origin::Planned(Box::new(connector)), &self.context)
            }
            _ => Connection::in_context(self.settings.try_clone(), &self.context),
        };
        this.draft = draft.ok().map(Box::new);
        this.factory = Some(Arc::clone(self));
        this
    }

    /// A connection on which nothing has been done: no packet sent, no name looked up. The start hook has been called.
    pub fn start(self: &Arc<Self>) -> Connection {
        let mut this = self.connection();
        connecting::start_later(&mut this);
        this
    }

    /// A connection that is up, or has failed. Waits.
    pub fn connect(self: &Arc<Self>) -> Connection {
        let mut this = self.connection();
        connecting::start(&mut this, Mode::Blocking);
        connecting::wait_connected(&mut this);
        this
    }
}

impl std::fmt::Debug for Factory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Factory")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
