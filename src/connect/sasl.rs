//! What an application brings to authentication: SASL mechanisms of its own, and ways to get an OAuth token.
//!
//! Both are called by whoever drives the connection, with nothing of it borrowed: the connector only says when.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use zeroize::Zeroizing;

use super::request::{Answer, Given, Peer, Pending, Want, WantKind};
use crate::protocol::auth::mechanism::{Mechanism, MechanismKind, Mechanisms};
pub use crate::protocol::startup::ApplicationReply as SaslReply;

/// A SASL mechanism of the application.
pub trait SaslMechanism: Send + Sync {
    /// Its registered name, such as `X-TICKET`.
    fn name(&self) -> &[u8];

    /// The higher, the better; SCRAM-SHA-256 and OAUTHBEARER have 0, SCRAM-SHA-256-PLUS has 100. Among equals the server
    /// chooses.
    fn priority(&self) -> i32 {
        0
    }

    /// It is passed over on a channel that is not encrypted.
    fn needs_encryption(&self) -> bool {
        false
    }

    /// Begins an exchange with this server. `target` is what the application holds the connection by.
    ///
    /// # Errors
    /// It cannot; the text goes into the error text.
    fn begin(&self, peer: &Peer, target: &mut dyn Any) -> Result<Box<dyn SaslExchange>, Vec<u8>>;
}

/// One exchange of a mechanism.
pub trait SaslExchange: Send {
    /// The next step: [`SaslCall::input`] is `None` the first time. The pending answer is for one who returns
    /// [`SaslOutcome::Later`].
    fn step(&mut self, call: &SaslCall, pending: &Arc<Pending>) -> SaslOutcome;
}

/// What a step comes to.
#[derive(Debug)]
pub enum SaslOutcome {
    /// This.
    Reply(SaslReply),
    /// The exchange has failed; the text goes into the error text.
    Failed(Vec<u8>),
    /// The answer will come.
    Later,
}

/// An exchange between two steps. Shared by who drives the connection and the connector.
pub struct SaslState {
    mechanism: Arc<dyn SaslMechanism>,
    exchange: Mutex<Option<Box<dyn SaslExchange>>>,
}

impl SaslState {
    pub(super) fn new(mechanism: Arc<dyn SaslMechanism>) -> Arc<SaslState> {
        Arc::new(SaslState {
            mechanism,
            exchange: Mutex::new(None),
        })
    }

    /// Takes a step. The application is called, so nothing of the connection may be borrowed.
    fn step(&self, call: &SaslCall, target: &mut dyn Any, pending: &Arc<Pending>) -> Answer {
        // Taken out for the call: nothing is locked meanwhile, and a step within a step finds nothing.
        let taken = self.lock().take();
        let mut exchange = match (taken, &call.input) {
            (Some(exchange), _) => exchange,
            (None, None) => match self.mechanism.begin(&call.peer, target) {
                Ok(exchange) => exchange,
                Err(text) => return Answer::Refused(text),
            },
            (None, Some(_)) => return Answer::Refused(Vec::new()),
        };
        let outcome = exchange.step(call, pending);
        *self.lock() = Some(exchange);
        match outcome {
            SaslOutcome::Reply(reply) => Answer::Given(Given::Sasl(reply)),
            SaslOutcome::Failed(text) => Answer::Refused(text),
            SaslOutcome::Later => Answer::Pending(Arc::clone(pending)),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn SaslExchange>>> {
        self.exchange.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Ends the exchange. The application is called.
    pub(super) fn end(&self) {
        let exchange = self.lock().take();
        drop(exchange);
    }
}

/// The next step of an exchange, to be taken by [`SaslCall::run`].
#[derive(Clone)]
pub struct SaslCall {
    pub(super) state: Arc<SaslState>,
    /// The server.
    pub peer: Peer,
    /// What it has sent; `None` in the first step.
    pub input: Option<Vec<u8>>,
    /// It has sent its last message.
    pub is_final: bool,
}

impl SaslCall {
    /// Takes the step. The application is called, so nothing of the connection may be borrowed.
    pub fn run(&self, target: &mut dyn Any, pending: &Arc<Pending>) -> Answer {
        self.state.step(self, target, pending)
    }
}

#[cfg(test)]
impl SaslCall {
    /// The first step of an exchange that no server has asked for.
    pub fn first(mechanism: Arc<dyn SaslMechanism>, peer: Peer) -> SaslCall {
        SaslCall {
            state: SaslState::new(mechanism),
            peer,
            input: None,
            is_final: false,
        }
    }
}

impl PartialEq for SaslCall {
    fn eq(&self, other: &SaslCall) -> bool {
        Arc::ptr_eq(&self.state, &other.state) && self.input == other.input
    }
}

impl Eq for SaslCall {}

impl std::fmt::Debug for SaslCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SaslCall").finish_non_exhaustive()
    }
}

/// The mechanisms that an application has registered, and the choice that they make with our own.
#[derive(Clone, Default)]
pub struct SaslSet {
    /// Made with the first one: every connection has a set, and hardly any a mechanism.
    choice: Option<Arc<Mechanisms>>,
    application: Vec<Arc<dyn SaslMechanism>>,
}

impl SaslSet {
    /// Adds a mechanism. One with the name of another takes its place, also of one of our own.
    pub fn register(&mut self, mechanism: Arc<dyn SaslMechanism>) {
        let entry = Mechanism {
            name: mechanism.name().to_vec(),
            priority: mechanism.priority(),
            needs_encryption: mechanism.needs_encryption(),
            kind: MechanismKind::Application(self.application.len()),
        };
        Arc::make_mut(self.choice.get_or_insert_default()).register(entry);
        self.application.push(mechanism);
    }

    /// Whether the application has registered any.
    pub fn is_empty(&self) -> bool {
        self.application.is_empty()
    }

    pub(super) fn choice(&self) -> Option<Arc<Mechanisms>> {
        self.choice.clone()
    }

    pub(super) fn application(&self, number: usize) -> Option<&Arc<dyn SaslMechanism>> {
        self.application.get(number)
    }
}

/// A token that is on the way.
pub trait TokenFlow: Send + Sync {
    /// Whether it has come. Does not wait. Nothing of the connection is borrowed.
    fn poll(&self) -> TokenStatus;

    /// It is not wanted any more, or has been taken. Called once at least; only the first call counts. Nothing of the
    /// connection is borrowed.
    fn finish(&self);
}

/// How far a token is.
#[derive(Debug)]
pub enum TokenStatus {
    /// Ask again when this descriptor is ready.
    Waiting {
        /// The descriptor.
        fd: i32,
        /// To be written; else to be read.
        write: bool,
    },
    /// Here it is.
    Token(Zeroizing<Vec<u8>>),
    /// There will be none, for this reason.
    Failed(Vec<u8>),
}

/// A shared [`TokenFlow`], as requests and answers carry it.
#[derive(Clone)]
pub struct Flow(pub Arc<dyn TokenFlow>);

impl PartialEq for Flow {
    fn eq(&self, other: &Flow) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Flow {}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flow")
    }
}

/// Gets what needs no asking: it is known whom to call. Whoever is called must find nothing of the connection borrowed.
pub fn run(want: &Want, target: &mut dyn Any) -> Option<Answer> {
    match want {
        Want::Sasl(call) => Some(call.run(target, &Pending::new(WantKind::Sasl))),
        Want::TokenPoll(flow) => Some(match flow.0.poll() {
            TokenStatus::Waiting { fd, write } => Answer::Given(Given::TokenWait { fd, write }),
            TokenStatus::Token(token) => Answer::Given(Given::Secret(token)),
            TokenStatus::Failed(text) => Answer::Refused(text),
        }),
        Want::Nothing => Some(Answer::Default),
        _ => None,
    }
}

/// What nobody waits for any more. [`Forsaken::cancel`] tells the application, so nothing of the connection may be borrowed.
pub enum Forsaken {
    /// A promised answer.
    Answer(Arc<Pending>),
    /// A token on the way.
    Token(Flow),
    /// An exchange of the application's mechanism.
    Exchange(Arc<SaslState>),
}

impl Forsaken {
    /// Tells the application. A panic of who is told is nobody else's matter.
    pub fn cancel(self) {
        let _ = catch_unwind(AssertUnwindSafe(|| match self {
            Forsaken::Answer(pending) => pending.cancel(),
            Forsaken::Token(flow) => flow.0.finish(),
            Forsaken::Exchange(state) => state.end(),
        }));
    }
}
