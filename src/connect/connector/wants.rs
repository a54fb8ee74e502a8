//! Standing still for an answer of the application: see [`crate::connect::request`].
//!
//! A step that needs something calls [`Connector::ask`]. The first time that notes the want and gives nothing, so the
//! step ends by [`Connector::stand_still`] and is taken again when the answer is there.

use std::sync::Arc;

use super::{Connector, Go, Stage};
use crate::connect::error::ConnectError;
use crate::connect::request::{Answer, Given, Peer, Pending, Want, WantKind};
use crate::connect::sasl::Forsaken;
use crate::connect::status::PollStatus;

/// What the application can be asked for. The pass phrase of a key always can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// Passwords.
    pub password: bool,
    /// Addresses of hosts.
    pub lookup: bool,
    /// Transports.
    pub dial: bool,
}

/// How far asking is.
#[derive(Default)]
pub(super) enum Asking {
    /// Nothing is asked.
    #[default]
    Nothing,
    /// This is wanted, and nobody has been asked.
    Wanted(Want),
    /// Somebody is being asked.
    Asked(WantKind),
    /// The answer will come.
    Pending(Arc<Pending>),
    /// The answer.
    Answered(Answer),
}

impl Connector {
    /// Says what the application can be asked for.
    pub fn set_asks(&mut self, asks: Asks) {
        self.asks = asks;
    }

    /// What the attempt cannot go on without, for the caller to ask for and hand to [`Connector::answer`]. If it is polled
    /// instead, the answer is [`Answer::Default`].
    pub fn take_want(&mut self) -> Option<Want> {
        match std::mem::take(&mut self.asking) {
            Asking::Nothing if self.race.is_some() => self.take_want_of_lane(),
            Asking::Wanted(want) => {
                self.asking = Asking::Asked(want.kind());
                Some(want)
            }
            other => {
                self.asking = other;
                None
            }
        }
    }

    /// The answer to what was taken last. One that comes when nothing is asked any more is dropped, and cancelled.
    pub fn answer(&mut self, answer: Answer) {
        let Some(answer) = self.answer_lane(answer) else {
            return;
        };
        if !matches!(self.asking, Asking::Asked(_)) {
            if let Answer::Pending(pending) = answer {
                self.forsaken.push(Forsaken::Answer(pending));
            }
            return;
        }
        self.asking = match answer {
            Answer::Pending(pending) => match self.waker() {
                Ok(waker) => {
                    // One that has come already is found by the next poll.
                    pending.wake_with(&waker);
                    Asking::Pending(pending)
                }
                Err(error) => {
                    self.forsaken.push(Forsaken::Answer(pending));
                    let mut text = Vec::new();
                    ConnectError::Waker(crate::net::errno_of(&error)).write_text(&mut text);
                    Asking::Answered(Answer::Refused(text))
                }
            },
            answer => Asking::Answered(answer),
        };
    }

    /// Whether the attempt waits for an answer that was promised: then a waker tells when there is something to do, and not
    /// the socket.
    pub fn is_pending(&self) -> bool {
        matches!(self.asking, Asking::Pending(_))
    }

    /// Whether [`Connector::take_want`] or [`Connector::take_forsaken`] would give something.
    pub fn has_news(&self) -> bool {
        matches!(self.asking, Asking::Wanted(_))
            || !self.forsaken.is_empty()
            || self.race.as_ref().is_some_and(|race| race.has_news())
    }

    /// What was promised and nobody waits for any more: to be cancelled ([`Forsaken::cancel`]) by the caller, with nothing
    /// borrowed.
    pub fn take_forsaken(&mut self) -> Vec<Forsaken> {
        if let Some(race) = &mut self.race {
            self.forsaken.append(race.forsaken());
        }
        std::mem::take(&mut self.forsaken)
    }

    /// Waits for no answer any more.
    pub fn forsake(&mut self) {
        if let Asking::Pending(pending) = std::mem::take(&mut self.asking) {
            self.forsaken.push(Forsaken::Answer(pending));
        }
    }

    /// The answer to `want`; `None` while it is not there: then the step stands still.
    pub(super) fn ask(&mut self, want: impl FnOnce(&Connector) -> Want) -> Option<Answer> {
        match std::mem::take(&mut self.asking) {
            Asking::Nothing => {
                self.asking = Asking::Wanted(want(self));
                None
            }
            // Polled by one who does not ask.
            Asking::Wanted(_) => Some(Answer::Default),
            // Polled by the very one who is being asked.
            Asking::Asked(kind) => {
                self.asking = Asking::Asked(kind);
                None
            }
            Asking::Pending(pending) => {
                let answer = pending.take();
                if answer.is_none() {
                    self.asking = Asking::Pending(pending);
                }
                answer
            }
            Asking::Answered(answer) => Some(answer),
        }
    }

    /// Ends a step that has no answer yet; `stage` is taken again.
    pub(super) fn stand_still(&self, stage: Stage) -> Go {
        Go::Wait(
            stage,
            match self.asking {
                // The socket is writable: whoever only polls comes back at once.
                Asking::Wanted(_) => PollStatus::Writing,
                _ => PollStatus::Reading,
            },
        )
    }

    /// The server of the present attempt.
    pub(super) fn peer(&self, encrypted: bool) -> Peer {
        let host = self.host();
        Peer {
            host: host.host.clone(),
            hostaddr: self.hostaddr.clone(),
            port: crate::config::parse_port(&host.port_text).unwrap_or_default(),
            user: self.plan.user().to_vec(),
            dbname: self.plan.dbname().to_vec(),
            encrypted,
            attempt: self.periods,
        }
    }
}

/// A secret that was given, or why there is none; `None`: the default serves.
pub(super) fn secret(answer: Answer) -> Option<Result<zeroize::Zeroizing<Vec<u8>>, Vec<u8>>> {
    match answer {
        Answer::Default => None,
        Answer::Given(Given::Secret(secret)) => Some(Ok(secret)),
        Answer::Refused(text) => Some(Err(text)),
        Answer::Given(_) | Answer::Pending(_) => Some(Err(nonsense())),
    }
}

/// The text for an answer to another question.
pub(super) fn nonsense() -> Vec<u8> {
    let mut text = Vec::new();
    ConnectError::WrongAnswer.write_text(&mut text);
    text
}

impl Drop for Connector {
    fn drop(&mut self) {
        self.forsake();
        self.forsake_sasl();
        for pending in self.take_forsaken() {
            pending.cancel();
        }
    }
}
