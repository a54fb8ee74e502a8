//! The SASL part of authentication: AuthenticationSASL, -SASLContinue, -SASLFinal, whichever the mechanism.
//!
//! An exchange takes what the server sends and gives a [`Reply`]. One that needs something from outside says so
//! ([`Need`]) and stands still until [`Startup::supply`]: a token, or the next step of an application's mechanism.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::{
    AuthenticationMessage, BindingPolicy, EndPoint, Reader, Session, Startup, StartupError, Step,
    frontend, frontend_tag, trace_backend,
};
use crate::protocol::auth::mechanism::{Mechanism, MechanismKind, Mechanisms};
use crate::protocol::auth::oauth::{Oauth, OauthError, OauthExchange, OauthStep, TokenRequest};
use crate::protocol::auth::{ChannelBinding, Scram, ScramSecret, scram};
use crate::protocol::startup_error::AuthReason;

/// What is needed from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// An OAuth token.
    Token(TokenRequest),
    /// The one that was promised.
    PromisedToken,
    /// A step of the application's mechanism.
    Application {
        /// Its number.
        mechanism: usize,
        /// What the server has sent; `None` in the first step.
        input: Option<Vec<u8>>,
        /// The server has sent it as its last.
        is_final: bool,
    },
}

/// What came from outside.
pub enum Supply {
    /// The token.
    Token(Zeroizing<Vec<u8>>),
    /// It will come.
    TokenLater,
    /// Nobody can get one.
    NoToken,
    /// What the application's mechanism says.
    Application(ApplicationReply),
    /// It failed, in these words; none leave the wording to us.
    Failed(Vec<u8>),
}

/// What a step of an application's mechanism gives.
#[derive(Debug)]
pub enum ApplicationReply {
    /// Send this and go on; in the first step `None` is no initial response.
    Continue(Option<Zeroizing<Vec<u8>>>),
    /// From our side that was all; this may be left to send.
    Finished(Option<Zeroizing<Vec<u8>>>),
}

/// What a step gives.
enum Reply {
    Send(Option<Zeroizing<Vec<u8>>>),
    Finished(Option<Zeroizing<Vec<u8>>>),
    Nothing,
    Need(Need),
}

/// An exchange under way.
pub(super) struct Sasl {
    mechanism: Mechanism,
    exchange: Exchange,
    /// SASLInitialResponse has been sent.
    begun: bool,
    /// The message under way is AuthenticationSASLFinal.
    is_final: bool,
}

enum Exchange {
    Scram(Box<Scram>, Awaits),
    Oauth(OauthExchange),
    Application,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaits {
    ServerFirst,
    ServerFinal,
    Nothing,
}

impl Startup {
    /// What is needed from outside, after [`Step::Needs`].
    pub fn need(&self) -> Option<&Need> {
        self.need.as_ref()
    }

    /// Goes on with what was needed.
    ///
    /// # Errors
    /// As [`Startup::advance`].
    pub fn supply(&mut self, supply: Supply, session: &mut Session) -> Result<Step, StartupError> {
        let oauth = &mut self.credentials.oauth;
        let need = self.need.take();
        let Some(sasl) = &mut self.sasl else {
            return Ok(Step::Progress);
        };
        let reply = match (supply, &mut sasl.exchange) {
            (Supply::Token(token), Exchange::Oauth(exchange)) => {
                oauth_reply(exchange.token(token, oauth)?)
            }
            (Supply::TokenLater, Exchange::Oauth(exchange)) => {
                oauth_reply(exchange.token_later(oauth)?)
            }
            (Supply::NoToken, _) => return Err(OauthError::NoFlow.into()),
            (Supply::Application(reply), Exchange::Application) => match reply {
                ApplicationReply::Continue(data) => Reply::Send(data),
                ApplicationReply::Finished(data) => Reply::Finished(data),
            },
            (Supply::Failed(text), Exchange::Oauth(_)) => {
                let text = match text.is_empty() {
                    true => b"user-defined OAuth flow failed".to_vec(),
                    false => text,
                };
                return Err(OauthError::Flow(text).into());
            }
            (Supply::Failed(text), _) => return Err(StartupError::Application(text)),
            // It answers another question.
            (_, _) => {
                self.need = need;
                return Ok(Step::Needs);
            }
        };
        self.take_reply(reply, session)?;
        Ok(match self.need {
            Some(_) => Step::Needs,
            None => Step::Progress,
        })
    }

    /// The options for OAuth with what has been learnt, for the next connection.
    pub fn take_oauth(&mut self) -> Oauth {
        std::mem::take(&mut self.credentials.oauth)
    }

    /// Whether the application has mechanisms of its own.
    pub(super) fn has_application_mechanisms(&self) -> bool {
        let mechanisms = self.policy.mechanisms.as_deref();
        mechanisms.is_some_and(Mechanisms::has_application)
    }

    /// Whether the exchange under way, or finished, is bound to the channel.
    pub(super) fn is_bound(&self) -> bool {
        let kind = self.sasl.as_ref().map(|sasl| sasl.mechanism.kind);
        kind == Some(MechanismKind::ScramPlus)
    }

    /// AuthenticationSASL: chooses a mechanism (behaviours 127, 128) and begins.
    pub(super) fn begin_sasl(
        &mut self,
        body: &mut Reader<'_>,
        session: &mut Session,
    ) -> Result<(), StartupError> {
        let binding = self.policy.channel_binding;
        let is_tls = self.channel.end_point.is_some();
        if binding == BindingPolicy::Require && !is_tls {
            return Err(StartupError::BindingWithoutTls);
        }
        if self.sasl.is_some() {
            return Err(StartupError::DuplicateSasl);
        }
        let own;
        let mechanisms = match &self.policy.mechanisms {
            Some(mechanisms) => &**mechanisms,
            None => {
                own = Mechanisms::default();
                &own
            }
        };
        let asked_before = self.password_asked;
        let mut chosen = None;
        loop {
            match body.string() {
                None => return Err(StartupError::InvalidMechanisms),
                Some(b"") => break,
                Some(name) => {
                    chosen = mechanisms.consider(name, chosen, is_tls, binding)?;
                    self.password_asked |= chosen.is_some_and(|m| m.kind.uses_password());
                }
            }
        }
        let mechanism = chosen.ok_or(StartupError::NoCommonMechanism)?.clone();
        self.password_asked = asked_before || mechanism.kind.uses_password();
        if let Some((requirement, allowed)) = &self.policy.require_auth
            && !mechanism.kind.is_allowed(allowed)
        {
            return Err(StartupError::RequireAuth {
                requirement: requirement.clone(),
                reason: AuthReason::Mechanism(mechanism.name),
            });
        }
        let is_bound = mechanism.kind == MechanismKind::ScramPlus;
        if binding == BindingPolicy::Require && !is_bound {
            return Err(StartupError::PlusNotOffered);
        }
        self.method = Some(Cow::Owned(mechanism.name.clone()));
        let (exchange, reply) = match mechanism.kind {
            MechanismKind::ScramPlus | MechanismKind::Scram => {
                let mut scram = self.new_scram(is_bound)?;
                let first = Zeroizing::new(scram.client_first());
                let exchange = Exchange::Scram(Box::new(scram), Awaits::ServerFirst);
                (exchange, Reply::Send(Some(first)))
            }
            MechanismKind::Oauth => {
                let (exchange, step) = OauthExchange::begin(&mut self.credentials.oauth)?;
                (Exchange::Oauth(exchange), oauth_reply(step))
            }
            MechanismKind::Application(number) => {
                let need = Need::Application {
                    mechanism: number,
                    input: None,
                    is_final: false,
                };
                (Exchange::Application, Reply::Need(need))
            }
        };
        trace_backend(session);
        self.sasl = Some(Sasl {
            mechanism,
            exchange,
            begun: false,
            is_final: false,
        });
        self.take_reply(reply, session)
    }

    fn new_scram(&mut self, bound: bool) -> Result<Scram, StartupError> {
        let (client_key, server_key) = (
            self.credentials.scram_client_key,
            self.credentials.scram_server_key,
        );
        let secret = match (self.password(), client_key) {
            (Ok(password), _) => ScramSecret::new(password, client_key, server_key)?,
            // A client key stands in for the password.
            (Err(_), Some(_)) => ScramSecret::new(b"", client_key, server_key)?,
            (Err(error), None) => return Err(error),
        };
        let secret = secret.remembered_in(self.credentials.scram_cache.clone());
        let mut nonce = [0; scram::RAW_NONCE_LEN];
        if !(self.random)(&mut nonce) {
            return Err(StartupError::NoNonce);
        }
        let binding = match (&self.channel.end_point, self.policy.channel_binding) {
            (Some(EndPoint::Hash(hash)), _) if bound => ChannelBinding::Bound(hash.clone()),
            (Some(EndPoint::None(reason)), _) if bound => {
                return Err(StartupError::NoEndPoint(reason.clone()));
            }
            // Says that we could: the server, which can too, then sees that somebody took its offer away.
            (Some(_), BindingPolicy::Prefer) => ChannelBinding::SupportedNotUsed,
            _ => ChannelBinding::Unsupported,
        };
        Ok(Scram::new(secret, nonce, binding))
    }

    /// AuthenticationSASLContinue and AuthenticationSASLFinal. The exchange knows which of the two it waits for; the
    /// reference feeds it either and judges afterwards.
    pub(super) fn continue_sasl(
        &mut self,
        is_final: bool,
        message: &[u8],
        session: &mut Session,
    ) -> Result<(), StartupError> {
        let Some(sasl) = &mut self.sasl else {
            return Err(StartupError::SaslContinueWithoutSasl);
        };
        trace_backend(session);
        sasl.is_final = is_final;
        let reply = match &mut sasl.exchange {
            Exchange::Scram(scram, awaits) => {
                let reply = match awaits {
                    Awaits::ServerFirst => scram
                        .handle_server_first(message)
                        .map(|answer| Reply::Send(Some(Zeroizing::new(answer)))),
                    Awaits::ServerFinal => scram
                        .handle_server_final(message)
                        .map(|()| Reply::Finished(None)),
                    Awaits::Nothing => return Err(StartupError::SaslOutOfTurn),
                };
                if let Some(remark) = scram.take_remark() {
                    session.errors.push_with(|out| remark.write_text(out));
                }
                *awaits = match awaits {
                    Awaits::ServerFirst => Awaits::ServerFinal,
                    _ => Awaits::Nothing,
                };
                reply?
            }
            Exchange::Oauth(exchange) => {
                if let Some(answer) = exchange.answer_to_refusal(is_final) {
                    let mark = session.output.mark();
                    frontend::bytes(
                        session.output.buffer(),
                        frontend_tag::AUTHENTICATION,
                        answer,
                    )
                    .map_err(|_| StartupError::OutputFull)?;
                    if let Some(trace) = &mut session.trace {
                        let kind = AuthenticationMessage::SaslResponse;
                        trace.frontend_authentication(kind, session.output.since(mark));
                    }
                }
                oauth_reply(exchange.handle(message, is_final, &mut self.credentials.oauth)?)
            }
            Exchange::Application => {
                let MechanismKind::Application(mechanism) = sasl.mechanism.kind else {
                    return Err(StartupError::SaslOutOfTurn);
                };
                let mut input = Vec::new();
                input
                    .try_reserve_exact(message.len())
                    .map_err(|_| StartupError::OutputFull)?;
                input.extend_from_slice(message);
                Reply::Need(Need::Application {
                    mechanism,
                    input: Some(input),
                    is_final,
                })
            }
        };
        self.take_reply(reply, session)
    }

    /// Does what a step has given.
    fn take_reply(&mut self, reply: Reply, session: &mut Session) -> Result<(), StartupError> {
        let Some(sasl) = &mut self.sasl else {
            return Ok(());
        };
        let (data, is_finished) = match reply {
            Reply::Need(need) => {
                self.need = Some(need);
                return Ok(());
            }
            Reply::Nothing => return Ok(()),
            Reply::Send(_) if sasl.is_final => return Err(StartupError::SaslFinalTooEarly),
            Reply::Send(data) => (data, false),
            Reply::Finished(data) => (data, true),
        };
        self.finished |= is_finished;
        let is_first = !std::mem::replace(&mut sasl.begun, true);
        let (name, is_final) = (sasl.mechanism.name.clone(), sasl.is_final);
        let data = data.as_ref().map(|data| data.as_slice());
        match data {
            data if is_first => {
                self.send(session, AuthenticationMessage::SaslInitialResponse, |out| {
                    frontend::sasl_initial_response(out, &name, data)
                })
            }
            Some(data) => self.send(session, AuthenticationMessage::SaslResponse, |out| {
                frontend::bytes(out, frontend_tag::AUTHENTICATION, data)
            }),
            None if is_final => Ok(()),
            None => Err(StartupError::NoClientResponse),
        }
    }
}

/// What an OAUTHBEARER step means for the exchange: once the token has been sent, that is all from our side (behaviour
/// 126).
fn oauth_reply(step: OauthStep) -> Reply {
    match step {
        OauthStep::SendToken(message) => Reply::Finished(Some(message)),
        OauthStep::SendNone(message) => Reply::Send(Some(message)),
        OauthStep::Refused => Reply::Nothing,
        OauthStep::WantToken(request) => Reply::Need(Need::Token(request)),
        OauthStep::AwaitToken => Reply::Need(Need::PromisedToken),
    }
}
