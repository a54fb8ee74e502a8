//! Connections by the dozen: options parsed once, and hooks.
//!
//! What the options say, with service file and environment, is gathered when the factory is made, and the password file is
//! read with the first connection. From then on nothing can be changed, so threads may share it.

use std::sync::{Arc, Mutex, OnceLock};

use super::Connection;
use super::connecting::{self, Mode, Origin};
use super::context::Context;
use super::error::ClientError;
use super::hooks::Hooks;
use crate::config::{ConfigError, ConnectPlan, Settings};
use crate::connect::SharedTls;
use crate::connect::connector::{Connector, Purpose};
use crate::protocol::auth::stretch::KeyCache;

/// Starts connections that are alike.
pub struct Factory {
    context: Arc<Context>,
    settings: Settings,
    /// What can still be changed.
    open: Mutex<Option<Hooks>>,
    /// What cannot be changed any more.
    fixed: OnceLock<Fixed>,
    /// Keys of passwords that connections have logged in with.
    keys: Arc<KeyCache>,
    /// TLS's configuration, as long as the files it is made of stay what they are.
    tls: SharedTls,
}

struct Fixed {
    hooks: Hooks,
    /// `None` where one cannot connect with the settings: each connection finds out why.
    plan: Option<Arc<ConnectPlan>>,
}

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
            open: Mutex::new(Some(Hooks::default())),
            fixed: OnceLock::new(),
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
        let mut open = self.open.lock().unwrap_or_else(|e| e.into_inner());
        let Some(hooks) = open.as_mut() else {
            return Err(ClientError::FactoryInUse);
        };
        // Former ones go when nothing is locked any more.
        let former = hooks.clone();
        change(hooks);
        drop(open);
        drop(former);
        Ok(())
    }

    /// The hooks.
    pub fn hooks(&self) -> &Hooks {
        &self.fixed().hooks
    }

    /// Where the keys of passwords are remembered: a later connection logs in without SCRAM's iterations.
    pub(super) fn keys(&self) -> Arc<KeyCache> {
        Arc::clone(&self.keys)
    }

    /// Where TLS's configuration is kept.
    pub(super) fn tls(&self) -> SharedTls {
        self.tls.clone()
    }

    fn fixed(&self) -> &Fixed {
        self.fixed.get_or_init(|| {
            let mut open = self.open.lock().unwrap_or_else(|e| e.into_inner());
            let hooks = open.take().unwrap_or_default();
            drop(open);
            let settings = self.settings.try_clone().ok();
            let plan = settings.and_then(|s| ConnectPlan::new(s, &self.context.env()).ok());
            Fixed {
                hooks,
                plan: plan.map(Arc::new),
            }
        })
    }

    /// A connection that is to be started, by [`super::connecting::start_later`] or [`super::connecting::start`].
    pub fn connection(self: &Arc<Self>) -> Connection {
        let draft = self.settings.try_clone();
        let mut this = match (&self.fixed().plan, &draft) {
            (Some(plan), Ok(_)) => {
                let plan = Arc::clone(plan);
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
