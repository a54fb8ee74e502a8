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
    /// The same in libpq's way, where `token` gives none.
    pub auth_data: Option<Arc<Provider>>,
    /// Who watches.
    pub event: Option<Arc<super::watch::EventHook>>,
    /// SASL mechanisms beside the library's own.
    pub sasl: SaslSet,
}

impl Hooks {
    /// Who gives what is wanted.
    fn provider(&self, kind: WantKind) -> Option<&Arc<Provider>> {
        match kind {
            WantKind::PassPhrase => self.pass_phrase.as_ref(),
            WantKind::Password => self.password.as_ref(),
            WantKind::Lookup => self.lookup.as_ref(),
            WantKind::Dial => self.dial.as_ref(),
            WantKind::Token => self.token.as_ref(),
            WantKind::AuthData => self.auth_data.as_ref(),
            // The request says whom to call.
            WantKind::TokenPoll | WantKind::Sasl | WantKind::Nothing => None,
        }
    }

    /// Whether nobody farther away is asked for it.
    fn ends_search(&self, kind: WantKind) -> bool {
        // An auth-data hook comes before the providers of tokens that are farther away than itself.
        self.provider(kind).is_some() || (kind == WantKind::Token && self.auth_data.is_some())
    }
}

impl Connection {
    /// The hook that `which` finds first: the connection's own, the factory's, the context's.
    pub fn hook<T: Clone>(&self, which: impl Fn(&Hooks) -> Option<T>) -> Option<T> {
        which(&self.hooks)
            .or_else(|| which(&self.factory.as_ref()?.hooks()))
            .or_else(|| which(&self.context.hooks()))
    }

    fn provider(&self, kind: WantKind) -> Option<Arc<Provider>> {
        self.hook(|hooks| {
            hooks
                .ends_search(kind)
                .then(|| hooks.provider(kind).cloned())
        })?
    }

    /// What the application can be asked for.
    pub(super) fn asks(&self) -> Asks {
        let can = |kind| self.provider(kind).is_some();
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
        provider = c.provider(want.kind());
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::client::Context;
    use crate::client::connecting::{start, wait_connected};
    use crate::config::Settings;
    use crate::connect::connector::Mode;
    use crate::connect::request::Peer;
    use crate::connect::sasl::{
        Flow, Forsaken, SaslCall, SaslExchange, SaslMechanism, SaslOutcome, TokenFlow, TokenStatus,
    };
    use crate::connect::status::ConnStatus;
    use crate::protocol::auth::oauth::TokenRequest;

    fn connection(context: &Arc<Context>) -> Connection {
        let conninfo = b"host=/nonexistent user=u dbname=d";
        Connection::in_context(Settings::from_conninfo(conninfo, &context.env()), context)
    }

    /// Connects, which fails; what it says.
    fn text(conn: &mut Connection) -> String {
        start(conn, Mode::Blocking);
        wait_connected(conn);
        assert_eq!(conn.link.status, ConnStatus::Bad);
        String::from_utf8_lossy(conn.link.session.errors.text()).into_owned()
    }

    fn peer() -> Peer {
        Peer {
            host: b"h".to_vec(),
            hostaddr: Vec::new(),
            port: 1,
            user: Vec::new(),
            dbname: Vec::new(),
            encrypted: false,
            attempt: 1,
        }
    }

    #[test]
    fn a_sasl_mechanism_that_panics_refuses() {
        /// Panics when it begins, or in its first step.
        struct Panics {
            in_step: bool,
            dropped: Arc<AtomicUsize>,
        }
        struct Begun(Arc<AtomicUsize>);
        impl SaslMechanism for Panics {
            fn name(&self) -> &[u8] {
                b"X-PANIC"
            }

            fn begin(&self, _: &Peer, _: &mut dyn Any) -> Result<Box<dyn SaslExchange>, Vec<u8>> {
                assert!(self.in_step, "a mechanism");
                Ok(Box::new(Begun(Arc::clone(&self.dropped))))
            }
        }
        impl SaslExchange for Begun {
            fn step(&mut self, _: &SaslCall, _: &Arc<Pending>) -> SaslOutcome {
                panic!("a step")
            }
        }
        impl Drop for Begun {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        for in_step in [false, true] {
            let dropped = Arc::new(AtomicUsize::new(0));
            let mechanism = Arc::new(Panics {
                in_step,
                dropped: Arc::clone(&dropped),
            });
            let call = SaslCall::first(mechanism, peer());
            let mut conn = connection(&Context::new());
            let answer = ask(&mut conn, &Want::Sasl(call.clone()));
            assert!(matches!(answer, Answer::Refused(text) if text == PANICKED));
            // The exchange is over: it is freed, and has no further step.
            assert_eq!(dropped.load(Ordering::Relaxed), usize::from(in_step));
            let mut next = call;
            next.input = Some(b"more".to_vec());
            let answer = ask(&mut conn, &Want::Sasl(next));
            assert!(matches!(answer, Answer::Refused(text) if text.is_empty()));
        }
    }

    #[test]
    fn a_provider_that_panics_refuses() {
        let token = TokenRequest {
            discovery_uri: Vec::new(),
            issuer: Vec::new(),
            scope: None,
        };
        let context = Context::new();
        let provider: Arc<Provider> = Arc::new(|_, _, _| panic!("a provider"));
        context.change_hooks(|hooks| {
            hooks.pass_phrase = Some(Arc::clone(&provider));
            hooks.password = Some(Arc::clone(&provider));
            hooks.lookup = Some(Arc::clone(&provider));
            hooks.dial = Some(Arc::clone(&provider));
            hooks.token = Some(Arc::clone(&provider));
            hooks.auth_data = Some(provider);
        });
        let mut conn = connection(&context);
        for want in [
            Want::PassPhrase,
            Want::Password(peer()),
            Want::Lookup(peer()),
            Want::Dial(peer()),
            Want::Token(peer(), token.clone()),
            Want::AuthData(token),
        ] {
            let answer = ask(&mut conn, &want);
            assert!(matches!(answer, Answer::Refused(text) if text == PANICKED));
        }
        // The host is refused with these words.
        assert!(text(&mut conn).contains("a hook of the application panicked"));
    }

    #[test]
    fn a_token_flow_that_panics_refuses() {
        struct Panics;
        impl TokenFlow for Panics {
            fn poll(&self) -> TokenStatus {
                panic!("a token flow")
            }

            fn finish(&self) {
                panic!("the end of one")
            }
        }
        let mut conn = connection(&Context::new());
        let flow = Flow(Arc::new(Panics));
        Forsaken::Token(flow.clone()).cancel();
        let answer = ask(&mut conn, &Want::TokenPoll(flow));
        assert!(matches!(answer, Answer::Refused(text) if text == PANICKED));
    }

    #[test]
    fn a_start_hook_that_panics_fails_the_connection() {
        let context = Context::new();
        context.change_hooks(|hooks| hooks.start = Some(Arc::new(|_| panic!("a start hook"))));
        let text = text(&mut connection(&context));
        assert_eq!(text, "a hook of the application panicked\n");
    }

    #[test]
    fn a_panic_of_who_watches_changes_nothing() {
        let context = Context::new();
        let plain = text(&mut connection(&context));
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        context.change_hooks(|hooks| {
            hooks.event = Some(Arc::new(move |_, _| {
                count.fetch_add(1, Ordering::Relaxed);
                panic!("an event handler")
            }));
        });
        assert_eq!(text(&mut connection(&context)), plain);
        assert!(told.load(Ordering::Relaxed) >= 1);
    }
}
