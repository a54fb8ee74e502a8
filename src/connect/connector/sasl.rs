//! Where authentication needs something from the application: a token, or a step of its own SASL mechanism.

use std::sync::Arc;

use super::{Connector, Go, Stage};
use crate::config::Opt;
use crate::connect::error::ConnectError;
use crate::connect::link::Link;
use crate::connect::request::{Answer, Given, Want};
use crate::connect::sasl::{Flow, Forsaken, SaslCall, SaslSet, SaslState};
use crate::connect::status::{ConnStatus, PollStatus};
use crate::protocol::auth::oauth::Oauth;
use crate::protocol::startup::{Need, Startup, Supply};

/// What outlives one attempt's exchange.
#[derive(Default)]
pub(super) struct SaslMemory {
    /// What OAUTHBEARER has learnt; `None` while an exchange has it, and before any.
    oauth: Option<Oauth>,
    /// Whoever provides tokens leaves this one to the auth-data hook, which is asked next.
    declined: bool,
    /// The token that was promised.
    flow: Option<Flow>,
    /// What it waits on.
    altsock: Option<i32>,
    /// The exchange of the application's mechanism.
    exchange: Option<Arc<SaslState>>,
    /// The application's mechanisms.
    pub(super) set: SaslSet,
}

impl Connector {
    /// The mechanisms that the application has registered.
    pub fn set_sasl(&mut self, set: SaslSet) {
        self.sasl.set = set;
    }

    /// The descriptor that a token on the way waits on.
    pub(super) fn altsock(&self) -> Option<i32> {
        self.sasl.altsock
    }

    /// The options for OAuth, and what has been learnt.
    pub(super) fn take_oauth(&mut self) -> Oauth {
        if let Some(oauth) = self.sasl.oauth.take() {
            return oauth;
        }
        let settings = self.plan.settings();
        let given = |option| settings.get(option).map(<[u8]>::to_vec);
        Oauth::new(
            given(Opt::OauthIssuer),
            settings.get(Opt::OauthClientId).is_some(),
            given(Opt::OauthScope),
        )
    }

    /// The exchange of an attempt has ended: keeps what it has learnt, and lets the application's end.
    pub(super) fn end_sasl(&mut self, startup: &mut Startup) {
        self.sasl.oauth = Some(startup.take_oauth());
        self.sasl.altsock = None;
        self.sasl.declined = false;
        // Who was getting a token hears of it when the connection goes, as in libpq.
        self.forsake_exchange();
    }

    /// Whoever was getting a token, or is in an exchange, is told that nobody waits.
    pub fn forsake_sasl(&mut self) {
        self.sasl.altsock = None;
        self.sasl.declined = false;
        let flow = self.sasl.flow.take().map(Forsaken::Token);
        self.forsaken.extend(flow);
        self.forsake_exchange();
    }

    fn forsake_exchange(&mut self) {
        let exchange = self.sasl.exchange.take().map(Forsaken::Exchange);
        self.forsaken.extend(exchange);
    }

    /// Forgets what has been learnt.
    pub(super) fn forget_sasl(&mut self) {
        self.forsake_sasl();
        self.sasl.oauth = None;
    }

    /// What the exchange needs; where it is not there, how to go on.
    pub(super) fn fetch(
        &mut self,
        need: &Need,
        startup: Box<Startup>,
        link: &mut Link,
    ) -> Result<(Box<Startup>, Supply), Go> {
        let encrypted = link.secured;
        if let Need::Application { mechanism, .. } = need
            && self.sasl.exchange.is_none()
        {
            let mechanism = self.sasl.set.application(*mechanism);
            self.sasl.exchange = mechanism.map(|m| SaslState::new(Arc::clone(m)));
        }
        let answer = self.ask(|this| match need {
            Need::Token(request) if this.sasl.declined => Want::AuthData(request.clone()),
            Need::Token(request) => Want::Token(this.peer(encrypted), request.clone()),
            Need::PromisedToken => match &this.sasl.flow {
                Some(flow) => Want::TokenPoll(flow.clone()),
                None => Want::Nothing,
            },
            Need::Application {
                input, is_final, ..
            } => match this.sasl.exchange.clone() {
                Some(state) => Want::Sasl(SaslCall {
                    state,
                    peer: this.peer(encrypted),
                    input: input.clone(),
                    is_final: *is_final,
                }),
                None => Want::Nothing,
            },
        });
        let Some(answer) = answer else {
            return Err(self.stand_still(Stage::Startup(startup)));
        };
        let of_provider = matches!(need, Need::Token(_)) && !self.sasl.declined;
        if of_provider && matches!(answer, Answer::Default) {
            self.sasl.declined = true;
            return self.fetch(need, startup, link);
        }
        self.sasl.declined = false;
        let supply = match (answer, need) {
            (Answer::Given(Given::Secret(token)), Need::Token(_) | Need::PromisedToken) => {
                self.forsake_sasl();
                Supply::Token(token)
            }
            (Answer::Given(Given::TokenFlow(flow)), Need::Token(_)) => {
                self.sasl.flow = Some(flow);
                Supply::TokenLater
            }
            (Answer::Given(Given::TokenWait { fd, write }), Need::PromisedToken) => {
                self.sasl.altsock = Some(fd);
                link.status = ConnStatus::Authenticating;
                let status = match write {
                    true => PollStatus::Writing,
                    false => PollStatus::Reading,
                };
                return Err(Go::Wait(Stage::Startup(startup), status));
            }
            (Answer::Given(Given::Sasl(reply)), Need::Application { .. }) => {
                Supply::Application(reply)
            }
            (Answer::Default, Need::Token(_)) => Supply::NoToken,
            (Answer::Refused(reason), _) if of_provider => {
                let mut text = Vec::new();
                ConnectError::NoToken(reason).write_text(&mut text);
                Supply::Failed(text)
            }
            (Answer::Refused(text), _) => Supply::Failed(text),
            (_, _) => Supply::Failed(super::wants::nonsense()),
        };
        Ok((startup, supply))
    }
}
