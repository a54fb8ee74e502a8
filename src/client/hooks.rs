//! What an application may put into the making of a connection.
//!
//! A hook gets the connection as a [`Target`], which nobody has borrowed meanwhile: it may look at it and call what it
//! likes. A panic in a hook is caught and fails what it was called for. Those of one connection come before its
//! factory's, and those before its context's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Connection;
use crate::connect::connector::Asks;
use crate::connect::request::{Answer, Pending, Want, WantKind};
use crate::connect::sasl::{self, SaslSet};

/// The connection a hook is called for.
pub trait Target {
    /// Runs `f` on the connection.
    fn connection(&mut self, f: &mut dyn FnMut(&mut Connection));

    /// What the application holds the connection by, for hooks that know it.
    fn as_any(&mut self) -> &mut dyn Any;
}

impl Target for Connection {
    fn connection(&mut self, f: &mut dyn FnMut(&mut Connection)) {
        f(self);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// Called when a connection is about to be started, and again before each reset: what may be set before the first
/// dial may be set now. An error fails the connection with its text.
pub type StartHook = dyn Fn(&mut dyn Target) -> Result<(), Vec<u8>> + Send + Sync;

/// Gives what is wanted. The pending answer is for one who returns it in [`Answer::Pending`] and settles it later, perhaps
/// from another thread; one who does not, leaves it alone.
pub type Provider = dyn Fn(&mut dyn Target, &Want, &Arc<Pending>) -> Answer + Send + Sync;

/// A set of hooks. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hooks {
    /// Between start and first dial.
    pub start: Option<Arc<StartHook>>,
    /// The pass phrase of the client's private key.
    pub pass_phrase: Option<Arc<Provider>>,
    /// The password, when the server has asked for one.
    pub password: Option<Arc<Provider>>,
    /// The addresses of a host.
    pub lookup: Option<Arc<Provider>>,
    /// A connected transport to a host.
    pub dial: Option<Arc<Provider>>,
    /// A token for OAUTHBEARER.
    pub token: Option<Arc<Provider>>,
    /// Who watches.
    pub event: Option<Arc<super::watch::EventHook>>,
    /// SASL mechanisms beside the library's own.
    pub sasl: SaslSet,
}

impl Hooks {
    /// Who gives what is wanted.
    pub fn provider(&self, kind: WantKind) -> Option<&Arc<Provider>> {
        match kind {
            WantKind::PassPhrase => self.pass_phrase.as_ref(),
            WantKind::Password => self.password.as_ref(),
            WantKind::Lookup => self.lookup.as_ref(),
            WantKind::Dial => self.dial.as_ref(),
            WantKind::Token => self.token.as_ref(),
            // The request says whom to call.
            WantKind::TokenPoll | WantKind::Sasl | WantKind::Nothing => None,
        }
    }
}

impl Connection {
    /// The hook that `which` finds first: the connection's own, the factory's, the context's.
    pub fn hook<T: Clone>(&self, which: impl Fn(&Hooks) -> Option<T>) -> Option<T> {
        which(&self.hooks)
            .or_else(|| which(self.factory.as_ref()?.hooks()))
            .or_else(|| which(&self.context.hooks()))
    }

    /// What the application can be asked for.
    pub(super) fn asks(&self) -> Asks {
        let can = |kind| self.hook(|hooks| hooks.provider(kind).cloned()).is_some();
        Asks {
            password: can(WantKind::Password),
            lookup: can(WantKind::Lookup),
            dial: can(WantKind::Dial),
        }
    }
}

/// Asks the hook for what is wanted; [`Answer::Default`] where there is none.
pub fn ask(target: &mut dyn Target, want: &Want) -> Answer {
    if let Some(answer) = catch_unwind(AssertUnwindSafe(|| sasl::run(want, target.as_any())))
        .unwrap_or_else(|_| Some(Answer::Refused(PANICKED.to_vec())))
    {
        return answer;
    }
    let mut provider = None;
    target.connection(&mut |c| {
        provider = c.hook(|hooks| hooks.provider(want.kind()).cloned());
    });
    let Some(provider) = provider else {
        return Answer::Default;
    };
    let pending = Pending::new(want.kind());
    match catch_unwind(AssertUnwindSafe(|| provider(target, want, &pending))) {
        Ok(Answer::Pending(promised)) => Answer::Pending(promised),
        Ok(answer) => {
            // Whoever kept it is told that nobody waits.
            pending.cancel();
            answer
        }
        Err(_) => {
            pending.cancel();
            Answer::Refused(PANICKED.to_vec())
        }
    }
}

/// The text of a hook that panicked.
const PANICKED: &[u8] = b"a hook of the application panicked";

/// Calls a start hook.
pub(super) fn call_start(hook: &Arc<StartHook>, target: &mut dyn Target) -> Result<(), Vec<u8>> {
    catch_unwind(AssertUnwindSafe(|| hook(target))).unwrap_or_else(|_| Err(PANICKED.to_vec()))
}
