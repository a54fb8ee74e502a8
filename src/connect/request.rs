//! What a connection that is being made may ask of the application, and how the answer comes back, at once or later.
//!
//! The connector says what it wants ([`super::Connector::take_want`]) and stands still; whoever drives it asks, with
//! nothing borrowed, and hands the [`Answer`] in ([`super::Connector::answer`]). An answer that is not known yet is a
//! [`Pending`]: any thread may settle it once, which wakes who waits for the connection. When the attempt ends first, its
//! deadline included, it is cancelled: whoever settles it then is told that it is too late.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};

use zeroize::Zeroizing;

use super::sasl::{Flow, SaslCall, SaslReply};
use crate::net::fork::Generation;
use crate::net::{Address, Transport, Waker};
use crate::protocol::auth::oauth::TokenRequest;

/// What is wanted, with all there is to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// The pass phrase of the client's private key: [`Given::Secret`].
    PassPhrase,
    /// The password for this server, which has asked for one: [`Given::Secret`].
    Password(Peer),
    /// The addresses of a host: [`Given::Addresses`].
    Lookup(Peer),
    /// A connected transport to a host: [`Given::Transport`].
    Dial(Peer),
    /// An OAuth token for this server: [`Given::Secret`], or [`Given::TokenFlow`] for one that takes a while.
    Token(Peer, TokenRequest),
    /// The same of an auth-data hook, once [`Want::Token`] was answered by [`Answer::Default`].
    AuthData(TokenRequest),
    /// Whether the token of this flow has come: [`Given::Secret`], or [`Given::TokenWait`].
    TokenPoll(Flow),
    /// A step of the application's SASL mechanism: [`Given::Sasl`].
    Sasl(SaslCall),
    /// Nothing: what was wanted has gone meanwhile.
    Nothing,
}

impl Want {
    /// What kind of answer it takes.
    pub fn kind(&self) -> WantKind {
        match self {
            Want::PassPhrase => WantKind::PassPhrase,
            Want::Password(_) => WantKind::Password,
            Want::Lookup(_) => WantKind::Lookup,
            Want::Dial(_) => WantKind::Dial,
            Want::Token(..) => WantKind::Token,
            Want::AuthData(_) => WantKind::AuthData,
            Want::TokenPoll(_) => WantKind::TokenPoll,
            Want::Sasl(_) => WantKind::Sasl,
            Want::Nothing => WantKind::Nothing,
        }
    }
}

/// The kinds of [`Want`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantKind {
    /// [`Want::PassPhrase`].
    PassPhrase,
    /// [`Want::Password`].
    Password,
    /// [`Want::Lookup`].
    Lookup,
    /// [`Want::Dial`].
    Dial,
    /// [`Want::Token`].
    Token,
    /// [`Want::AuthData`].
    AuthData,
    /// [`Want::TokenPoll`].
    TokenPoll,
    /// [`Want::Sasl`].
    Sasl,
    /// [`Want::Nothing`].
    Nothing,
}

/// The server an attempt is made at, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The host as the options name it; empty where they only give an address.
    pub host: Vec<u8>,
    /// The numeric address; empty before the lookup and for a Unix socket.
    pub hostaddr: Vec<u8>,
    /// The port.
    pub port: u16,
    /// The user.
    pub user: Vec<u8>,
    /// The database.
    pub dbname: Vec<u8>,
    /// The connection is encrypted, with the server's certificate checked as far as the options say.
    pub encrypted: bool,
    /// Which attempt this is, from 1; it grows with every address.
    pub attempt: usize,
}

/// What was asked for.
#[derive(Debug)]
pub enum Given {
    /// A password, pass phrase or token.
    Secret(Zeroizing<Vec<u8>>),
    /// Addresses, in the order they are to be tried.
    Addresses(Vec<Address>),
    /// Something connected.
    Transport(Transport),
    /// A token that is on the way.
    TokenFlow(Flow),
    /// It is not there yet; a descriptor tells when to ask again.
    TokenWait {
        /// The descriptor.
        fd: i32,
        /// When it can be written; else when it can be read.
        write: bool,
    },
    /// What a step of the application's SASL mechanism gives.
    Sasl(SaslReply),
}

/// An answer to a [`Want`].
#[derive(Debug)]
pub enum Answer {
    /// What is done where nobody is asked: the option, the resolver, the socket.
    Default,
    /// This. One of another kind than wanted refuses.
    Given(Given),
    /// There is none, for a reason that goes into the error text; an empty one leaves the wording to the connector.
    Refused(Vec<u8>),
    /// It will come.
    Pending(Arc<Pending>),
}

/// Why an answer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It has been answered before.
    Twice,
    /// Nobody waits for it any more: the attempt has ended, or its time was over.
    TooLate,
    /// It answers another question.
    WrongKind,
}

type OnCancel = Box<dyn FnOnce() + Send>;

/// An answer that is still to come.
pub struct Pending {
    kind: WantKind,
    /// In a child of fork() nobody waits for it, and another thread may have had it locked.
    owner: Generation,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    slot: Slot,
    waker: Option<Arc<Waker>>,
    on_cancel: Option<OnCancel>,
}

#[derive(Default)]
enum Slot {
    #[default]
    Open,
    Settled(Answer),
    Taken,
    Cancelled,
}

impl Pending {
    /// One that nobody has settled.
    pub fn new(kind: WantKind) -> Arc<Pending> {
        Arc::new(Pending {
            kind,
            owner: Generation::current(),
            state: Mutex::default(),
        })
    }

    /// The kind of answer it takes.
    pub fn kind(&self) -> WantKind {
        self.kind
    }

    /// Settles it, once, from any thread, and wakes who waits. [`Answer::Pending`] is no answer.
    ///
    /// # Errors
    /// [`NotTaken`]; the answer is dropped.
    pub fn settle(&self, answer: Answer) -> Result<(), NotTaken> {
        let fits = match (&answer, self.kind) {
            (Answer::Default | Answer::Refused(_), _) => true,
            (Answer::Pending(_), _) => false,
            (Answer::Given(Given::Secret(_)), kind) => {
                matches!(
                    kind,
                    WantKind::PassPhrase
                        | WantKind::Password
                        | WantKind::Token
                        | WantKind::AuthData
                )
            }
            (Answer::Given(Given::Addresses(_)), kind) => kind == WantKind::Lookup,
            (Answer::Given(Given::Transport(_)), kind) => kind == WantKind::Dial,
            (Answer::Given(Given::TokenFlow(_)), kind) => {
                matches!(kind, WantKind::Token | WantKind::AuthData)
            }
            (Answer::Given(Given::TokenWait { .. }), kind) => kind == WantKind::TokenPoll,
            (Answer::Given(Given::Sasl(_)), kind) => kind == WantKind::Sasl,
        };
        if !fits {
            return Err(NotTaken::WrongKind);
        }
        let Some(mut state) = self.lock() else {
            return Err(NotTaken::TooLate);
        };
        match state.slot {
            Slot::Open => {}
            Slot::Settled(_) | Slot::Taken => return Err(NotTaken::Twice),
            Slot::Cancelled => return Err(NotTaken::TooLate),
        }
        state.slot = Slot::Settled(answer);
        let (waker, unused) = (state.waker.take(), state.on_cancel.take());
        drop(state);
        drop(unused);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Whether it can still be settled.
    pub fn is_open(&self) -> bool {
        self.lock()
            .is_some_and(|state| matches!(state.slot, Slot::Open))
    }

    /// Whether it has been cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.lock()
            .is_none_or(|state| matches!(state.slot, Slot::Cancelled))
    }

    /// Has `told` called when it is cancelled, by the thread that ends the attempt. `false` when it is not open any more;
    /// `told` is dropped then.
    pub fn on_cancel(&self, told: impl FnOnce() + Send + 'static) -> bool {
        let told: OnCancel = Box::new(told);
        let Some(mut state) = self.lock() else {
            return false;
        };
        if !matches!(state.slot, Slot::Open) {
            drop(state);
            return false;
        }
        let former = state.on_cancel.replace(told);
        drop(state);
        drop(former);
        true
    }

    /// Nobody waits for it any more. Calls what [`Pending::on_cancel`] gave, so nothing of the connection may be borrowed.
    pub fn cancel(&self) {
        let Some(mut state) = self.lock() else {
            return;
        };
        if matches!(state.slot, Slot::Cancelled | Slot::Taken) {
            return;
        }
        let former = std::mem::replace(&mut state.slot, Slot::Cancelled);
        let told = state.on_cancel.take();
        state.waker = None;
        drop(state);
        drop(former);
        if let Some(told) = told {
            // A panic of who is told is nobody else's matter.
            let _ = catch_unwind(AssertUnwindSafe(told));
        }
    }

    /// The answer that was given before the hook returned, for one who says something else by returning.
    pub fn take_early(&self) -> Option<Answer> {
        self.take()
    }

    /// The answer, if it has come.
    pub(super) fn take(&self) -> Option<Answer> {
        let mut state = self.lock()?;
        match std::mem::take(&mut state.slot) {
            Slot::Settled(answer) => {
                state.slot = Slot::Taken;
                Some(answer)
            }
            other => {
                state.slot = other;
                None
            }
        }
    }

    /// Has `waker` woken once it is settled. `false` when it is already.
    pub(super) fn wake_with(&self, waker: &Arc<Waker>) -> bool {
        let Some(mut state) = self.lock() else {
            return true;
        };
        let open = matches!(state.slot, Slot::Open);
        if open {
            state.waker = Some(Arc::clone(waker));
        }
        open
    }

    /// `None` in a child of fork().
    fn lock(&self) -> Option<MutexGuard<'_, State>> {
        // Nothing that may panic runs under the lock.
        let state = || self.state.lock().unwrap_or_else(|e| e.into_inner());
        (self.owner == Generation::current()).then(state)
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn secret() -> Answer {
        Answer::Given(Given::Secret(Zeroizing::new(b"sesame".to_vec())))
    }

    #[test]
    fn it_is_settled_once_by_an_answer_that_fits() {
        let pending = Pending::new(WantKind::Password);
        assert!(pending.take().is_none() && pending.is_open());
        let addresses = Answer::Given(Given::Addresses(Vec::new()));
        assert_eq!(pending.settle(addresses), Err(NotTaken::WrongKind));
        let never = Answer::Pending(Pending::new(WantKind::Password));
        assert_eq!(pending.settle(never), Err(NotTaken::WrongKind));
        assert_eq!(pending.settle(secret()), Ok(()));
        assert_eq!(pending.settle(secret()), Err(NotTaken::Twice));
        assert!(matches!(
            pending.take(),
            Some(Answer::Given(Given::Secret(_)))
        ));
        assert!(pending.take().is_none());
        assert_eq!(pending.settle(secret()), Err(NotTaken::Twice));
        pending.cancel();
        assert!(!pending.is_cancelled());
    }

    #[test]
    fn cancelling_tells_once_and_comes_before_a_late_answer() {
        let told = Arc::new(AtomicUsize::new(0));
        let pending = Pending::new(WantKind::Lookup);
        let count = Arc::clone(&told);
        assert!(pending.on_cancel(move || {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        pending.cancel();
        pending.cancel();
        assert_eq!(told.load(Ordering::SeqCst), 1);
        assert_eq!(pending.settle(Answer::Default), Err(NotTaken::TooLate));
        assert!(!pending.on_cancel(|| ()));
    }

    #[test]
    fn a_panic_of_who_is_told_of_the_end_goes_no_further() {
        let pending = Pending::new(WantKind::Password);
        assert!(pending.on_cancel(|| panic!("who is told")));
        pending.cancel();
        assert!(pending.is_cancelled());
    }

    #[test]
    fn settling_wakes() {
        let pending = Pending::new(WantKind::Dial);
        let waker = Arc::new(Waker::new().unwrap());
        assert!(pending.wake_with(&waker));
        let other = Arc::clone(&pending);
        let thread = std::thread::spawn(move || other.settle(Answer::Default));
        assert!(crate::net::wait(waker.raw_fd(), true, false, None).unwrap());
        assert_eq!(thread.join().unwrap(), Ok(()));
        assert!(!pending.wake_with(&waker));
    }
}
