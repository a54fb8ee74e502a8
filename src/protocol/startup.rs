//! From the StartupMessage to AuthenticationOk: protocol negotiation and authentication, without a socket.
//!
//! [`Startup::write_message`] gives the StartupMessage; then [`Startup::advance`] takes what the server sends off the
//! session's input and puts answers into its output, until [`Step::Authenticated`]. What follows until ReadyForQuery is
//! the session's own parsing ([`Session::begin_startup`]). Refuses to know where the password comes from, what time
//! it is, or how random bytes are made: all of that is given to [`Startup::new`].
//!
//! Source: the manual's chapter "Frontend/Backend Protocol", sections "Start-up" and "SASL Authentication". Messages are
//! taken in as far as the reference takes them: bytes behind an authentication request's content are read as the next
//! message.

mod sasl;

use std::borrow::Cow;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::auth::mechanism::Mechanisms;
use super::auth::oauth::Oauth;
use super::auth::stretch::SharedKeys;
use super::auth::{md5_response, scram};
use super::backend::{HEADER_LEN, Reader, tag as backend_tag};
use super::error_fields::ErrorFields;
use super::error_format;
use super::frontend::{self, OutputFull, tag as frontend_tag};
use super::input::Frame;
use super::session::{Facts, Session, State, parse_fields};
use super::startup_error::{AuthReason, NegotiationError, StartupError};
use super::trace::AuthenticationMessage;

use sasl::Sasl;
pub use sasl::{ApplicationReply, Need, Supply};

/// Bounds of the length word of Authentication and NegotiateProtocolVersion messages (behaviour 344).
const LENGTH: core::ops::RangeInclusive<i32> = 8..=2000;
/// The largest length word of an ErrorResponse before authentication; others mark the error text of a server older than
/// protocol 3 (behaviour 93).
const ERROR_LENGTH: core::ops::RangeInclusive<i32> = 8..=30_000;
/// The longest text taken from such a server, in bytes.
const OLD_ERROR_MAX: usize = 30_000;

/// Codes of Authentication messages.
mod code {
    #![allow(missing_docs)]
    pub const OK: u32 = 0;
    pub const KERBEROS_V4: u32 = 1;
    pub const KERBEROS_V5: u32 = 2;
    pub const CLEARTEXT: u32 = 3;
    pub const CRYPT: u32 = 4;
    pub const MD5: u32 = 5;
    pub const GSS: u32 = 7;
    pub const GSS_CONTINUE: u32 = 8;
    pub const SSPI: u32 = 9;
    pub const SASL: u32 = 10;
    pub const SASL_CONTINUE: u32 = 11;
    pub const SASL_FINAL: u32 = 12;
}

/// The methods `require_auth` allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Password in clear text.
    pub password: bool,
    /// Password under MD5.
    pub md5: bool,
    /// GSSAPI.
    pub gss: bool,
    /// SSPI.
    pub sspi: bool,
    /// SCRAM-SHA-256.
    pub scram: bool,
    /// OAUTHBEARER.
    pub oauth: bool,
    /// SASL mechanisms of the application: `require_auth` has no names for them, so a list of what is allowed rules them out.
    pub other_sasl: bool,
    /// No authentication.
    pub none: bool,
    /// AuthenticationGSSContinue, which belongs to GSSAPI and SSPI alike.
    pub gss_continue: bool,
}

/// What the server must and must not ask for.
pub struct Policy {
    /// `require_auth` as given, and what it allows; `None` where it is not given.
    pub require_auth: Option<(Vec<u8>, Allowed)>,
    /// `channel_binding`.
    pub channel_binding: BindingPolicy,
    /// `sslcertmode=require`: the server must have asked for our certificate and got it.
    pub certificate_required: bool,
    /// The SASL mechanisms there are; `None`: the library's own.
    pub mechanisms: Option<Arc<Mechanisms>>,
}

/// How much channel binding is wanted (`channel_binding`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingPolicy {
    /// None.
    Disable,
    /// Where server and transport can.
    Prefer,
    /// Nothing without.
    Require,
}

/// What the transport is, as far as authentication looks at it.
#[derive(Default)]
pub struct Channel {
    /// What SCRAM can be bound to; `None` where the transport is not TLS.
    pub end_point: Option<EndPoint>,
    /// The server has asked for a certificate of ours.
    pub certificate_requested: bool,
    /// It has got one.
    pub certificate_sent: bool,
}

/// The server's end of a TLS channel.
pub enum EndPoint {
    /// `tls-server-end-point` of RFC 5929: the hash of the server's certificate.
    Hash(Vec<u8>),
    /// The certificate has none; why, in the words of the error.
    None(Vec<u8>),
}

/// What we can answer with.
pub struct Credentials {
    /// The user name.
    pub user: Vec<u8>,
    /// The password: the password file's, or the one given.
    pub password: Option<Zeroizing<Vec<u8>>>,
    /// `scram_client_key`.
    pub scram_client_key: Option<[u8; scram::KEY_LEN]>,
    /// `scram_server_key`.
    pub scram_server_key: Option<[u8; scram::KEY_LEN]>,
    /// The options for OAuth, and what former connections have taught.
    pub oauth: Oauth,
    /// Where the keys of the password are remembered.
    pub scram_cache: SharedKeys,
}

/// The versions that may be spoken, as major << 16 | minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The lowest.
    pub min: u32,
    /// The one asked for.
    pub max: u32,
}

/// Where random bytes come from; `false` means that there are none.
pub type RandomBytes = fn(&mut [u8]) -> bool;

/// How far [`Startup::advance`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More input is needed.
    NeedInput,
    /// A message was dealt with; there may be output to send, and more input to handle.
    Progress,
    /// The server asks for a password, and [`Startup::set_password`] must say which before it is answered.
    NeedPassword,
    /// The server has said AuthenticationOk.
    Authenticated,
    /// Something is needed from outside: [`Startup::need`], [`Startup::supply`].
    Needs,
}

/// One attempt at a session, from StartupMessage to AuthenticationOk.
pub struct Startup {
    policy: Policy,
    channel: Channel,
    credentials: Credentials,
    versions: Versions,
    random: RandomBytes,
    negotiated: bool,
    sasl: Option<Sasl>,
    need: Option<Need>,
    /// An exchange has been carried through from our side.
    finished: bool,
    /// The server has sent an authentication request.
    requested: bool,
    /// The server has asked for a password.
    password_asked: bool,
    /// The password is not known before the server asks for it.
    password_deferred: bool,
    /// What it has asked for, until somebody takes note.
    method: Option<Cow<'static, [u8]>>,
}

impl Startup {
    /// A new attempt. `random` is asked once, for a nonce, when the server asks for SCRAM.
    pub fn new(
        policy: Policy,
        channel: Channel,
        credentials: Credentials,
        versions: Versions,
        random: RandomBytes,
    ) -> Startup {
        Startup {
            policy,
            channel,
            credentials,
            versions,
            random,
            negotiated: false,
            sasl: None,
            need: None,
            finished: false,
            requested: false,
            password_asked: false,
            password_deferred: false,
            method: None,
        }
    }

    /// Queues the StartupMessage and notes the version it asks for.
    ///
    /// # Errors
    /// [`OutputFull`].
    pub fn write_message(
        &self,
        session: &mut Session,
        parameters: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)],
    ) -> Result<(), OutputFull> {
        session.facts = Facts::default();
        session.facts.protocol_version = self.versions.max;
        let mark = session.output.mark();
        frontend::startup(session.output.buffer(), self.versions.max, parameters)?;
        if let Some(trace) = &mut session.trace {
            trace.frontend_untyped(session.output.since(mark));
        }
        Ok(())
    }

    /// Has [`Startup::advance`] ask for the password when the server does.
    pub fn defer_password(&mut self) {
        self.password_deferred = true;
    }

    /// The password; `None`: that of the credentials serves.
    pub fn set_password(&mut self, password: Option<Zeroizing<Vec<u8>>>) {
        self.password_deferred = false;
        if password.is_some() {
            self.credentials.password = password;
        }
    }

    /// Whether an answer to `request`, with this content, needs the password.
    fn needs_password(&self, request: u32, content: &[u8]) -> bool {
        match request {
            code::CLEARTEXT | code::MD5 => true,
            code::SASL => {
                self.credentials.scram_client_key.is_none()
                    && content.split(|&b| b == 0).any(|m| m.starts_with(b"SCRAM-"))
            }
            _ => false,
        }
    }

    /// Whether the server has sent an authentication request, AuthenticationOk included.
    pub fn was_requested(&self) -> bool {
        self.requested
    }

    /// Whether the server has asked for a password.
    pub fn asked_for_password(&self) -> bool {
        self.password_asked
    }

    /// How the server wants to be shown who we are, once, when that has become known.
    pub fn take_method(&mut self) -> Option<Cow<'static, [u8]>> {
        self.method.take()
    }

    /// Deals with the next message from the server.
    ///
    /// # Errors
    /// The attempt has failed. [`StartupError::Server`] is what the server said.
    pub fn advance(&mut self, session: &mut Session) -> Result<Step, StartupError> {
        let unparsed = session.input.unparsed();
        match unparsed.first() {
            None => return Ok(Step::NeedInput),
            Some(
                &(backend_tag::AUTHENTICATION
                | backend_tag::NEGOTIATE_PROTOCOL_VERSION
                | backend_tag::ERROR_RESPONSE),
            ) => {}
            // The first byte is enough to see that this is no server of ours.
            Some(&other) => return Err(StartupError::ExpectedAuth(other)),
        }
        let Some(header) = unparsed.first_chunk::<HEADER_LEN>() else {
            return Ok(Step::NeedInput);
        };
        let kind = header[0];
        let length = i32::from_be_bytes([header[1], header[2], header[3], header[4]]);
        match kind {
            backend_tag::AUTHENTICATION if !LENGTH.contains(&length) => {
                return Err(StartupError::InvalidAuthRequest);
            }
            backend_tag::NEGOTIATE_PROTOCOL_VERSION if !LENGTH.contains(&length) => {
                return Err(StartupError::InvalidNegotiation);
            }
            backend_tag::ERROR_RESPONSE if !ERROR_LENGTH.contains(&length) => {
                return old_style_error(unparsed);
            }
            _ => {}
        }
        // All three bounds begin at 8.
        let body_len = length as usize - 4;
        let Some(body) = unparsed.get(HEADER_LEN..HEADER_LEN + body_len) else {
            return Ok(Step::NeedInput);
        };
        if kind == backend_tag::ERROR_RESPONSE {
            let fields = parse_fields(&mut Reader::new(body));
            trace_backend(session);
            session.input.consume(body_len);
            return Err(match fields {
                Some(fields) => StartupError::Server(Box::new(fields)),
                None => StartupError::InvalidError,
            });
        }
        let mut body = body.to_vec();
        let mut reader = Reader::new(&body);
        let step = match kind {
            backend_tag::NEGOTIATE_PROTOCOL_VERSION => {
                session.facts.protocol_version = self.negotiate(&mut reader)?;
                trace_backend(session);
                Step::Progress
            }
            _ => {
                self.requested = true;
                let request = reader.i32().unwrap_or_default() as u32;
                self.allow(request)?;
                if self.password_deferred && self.needs_password(request, reader.rest()) {
                    return Ok(Step::NeedPassword);
                }
                self.method = match request {
                    code::OK if !self.finished => Some(Cow::Borrowed(b"none")),
                    code::CLEARTEXT => Some(Cow::Borrowed(b"password")),
                    code::MD5 => Some(Cow::Borrowed(b"md5")),
                    code::GSS => Some(Cow::Borrowed(b"gss")),
                    code::SSPI => Some(Cow::Borrowed(b"sspi")),
                    _ => None,
                };
                if request == code::OK {
                    Step::Authenticated
                } else {
                    self.answer(request, &mut reader, session)?;
                    match self.need {
                        Some(_) => Step::Needs,
                        None => Step::Progress,
                    }
                }
            }
        };
        let taken = body_len - reader.rest().len();
        session.input.consume(taken);
        zeroize::Zeroize::zeroize(&mut body);
        Ok(step)
    }

    /// NegotiateProtocolVersion: the version to speak from now on (behaviour 116).
    fn negotiate(&mut self, body: &mut Reader<'_>) -> Result<u32, StartupError> {
        use NegotiationError::*;
        if core::mem::replace(&mut self.negotiated, true) {
            return Err(StartupError::DuplicateNegotiation);
        }
        let (Some(version), Some(count)) = (body.i32(), body.i32()) else {
            return Err(TooShort.into());
        };
        let version = version as u32;
        if version > self.versions.max {
            return Err(HigherVersion.into());
        }
        if version < 0x0003_0000 {
            return Err(PreThree.into());
        }
        if version == 0x0003_0001 {
            return Err(ThreeOne.into());
        }
        if count < 0 {
            return Err(NegativeCount.into());
        }
        if version == self.versions.max && count == 0 {
            return Err(NoChange.into());
        }
        if version < self.versions.min {
            return Err(BelowMinimum {
                version,
                min: self.versions.min,
            }
            .into());
        }
        if count > 0 {
            // We send no options, so naming one is wrong whatever it is.
            let name = body.string().ok_or(TooShort)?;
            return Err(match name.starts_with(b"_pq_.") {
                true => NotRequested(name.to_vec()),
                false => WithoutPrefix(name.to_vec()),
            }
            .into());
        }
        Ok(version)
    }

    /// Whether the server may ask for this (behaviours 123-126, 129, 353).
    fn allow(&self, request: u32) -> Result<(), StartupError> {
        if self.policy.certificate_required && request == code::OK {
            if !self.channel.certificate_requested {
                return Err(StartupError::CertificateNotRequested);
            }
            if !self.channel.certificate_sent {
                return Err(StartupError::CertificateNotSent);
            }
        }
        if let Some((requirement, allowed)) = &self.policy.require_auth {
            let (ok, reason) = match request {
                code::OK => (allowed.none || self.finished, AuthReason::Incomplete),
                code::CLEARTEXT => (allowed.password, AuthReason::Cleartext),
                code::MD5 => (allowed.md5, AuthReason::Hashed),
                code::GSS => (allowed.gss, AuthReason::Gss),
                code::GSS_CONTINUE => (allowed.gss_continue, AuthReason::Gss),
                code::SSPI => (allowed.sspi, AuthReason::Sspi),
                code::SASL | code::SASL_CONTINUE | code::SASL_FINAL => {
                    let other = allowed.other_sasl && self.has_application_mechanisms();
                    (allowed.scram || allowed.oauth || other, AuthReason::Sasl)
                }
                _ => (false, AuthReason::Unknown),
            };
            if !ok {
                return Err(StartupError::RequireAuth {
                    requirement: requirement.clone(),
                    reason,
                });
            }
        }
        if self.policy.channel_binding == BindingPolicy::Require {
            match request {
                code::SASL | code::SASL_CONTINUE | code::SASL_FINAL => {}
                code::OK if self.finished && self.is_bound() => {}
                code::OK => return Err(StartupError::BindingNotDone),
                _ => return Err(StartupError::BindingNotOffered),
            }
        }
        Ok(())
    }

    fn answer(
        &mut self,
        request: u32,
        body: &mut Reader<'_>,
        session: &mut Session,
    ) -> Result<(), StartupError> {
        match request {
            code::CLEARTEXT | code::MD5 => self.answer_password(request, body, session),
            code::SASL => self.begin_sasl(body, session),
            code::SASL_CONTINUE | code::SASL_FINAL => {
                let message = body.bytes(body.rest().len()).unwrap_or_default();
                self.continue_sasl(request == code::SASL_FINAL, message, session)
            }
            code::KERBEROS_V4 => Err(StartupError::Unsupported("Kerberos 4")),
            code::KERBEROS_V5 => Err(StartupError::Unsupported("Kerberos 5")),
            code::CRYPT => Err(StartupError::Unsupported("Crypt")),
            code::GSS | code::GSS_CONTINUE => Err(StartupError::Unsupported("GSSAPI")),
            code::SSPI => Err(StartupError::Unsupported("SSPI")),
            other => Err(StartupError::UnknownMethod(other)),
        }
    }

    /// The password, which must be there and not empty (behaviour 130).
    fn password(&mut self) -> Result<&Zeroizing<Vec<u8>>, StartupError> {
        self.password_asked = true;
        match &self.credentials.password {
            Some(password) if !password.is_empty() => Ok(password),
            _ => Err(StartupError::NoPassword),
        }
    }

    fn answer_password(
        &mut self,
        request: u32,
        body: &mut Reader<'_>,
        session: &mut Session,
    ) -> Result<(), StartupError> {
        let user = self.credentials.user.clone();
        let password = self.password()?;
        let reply = match request {
            code::MD5 => {
                let salt = body.bytes(4).and_then(|s| <[u8; 4]>::try_from(s).ok());
                let salt = salt.ok_or(StartupError::PasswordNotSent)?;
                Zeroizing::new(md5_response(&user, password, salt).to_vec())
            }
            _ => password.clone(),
        };
        trace_backend(session);
        self.send(session, AuthenticationMessage::Password, |out| {
            frontend::string(out, frontend_tag::AUTHENTICATION, &reply)
        })?;
        self.finished = true;
        Ok(())
    }

    /// Queues an answer and traces it.
    fn send(
        &self,
        session: &mut Session,
        kind: AuthenticationMessage,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), OutputFull>,
    ) -> Result<(), StartupError> {
        let mark = session.output.mark();
        write(session.output.buffer()).map_err(|_| StartupError::OutputFull)?;
        if let Some(trace) = &mut session.trace {
            trace.frontend_authentication(kind, session.output.since(mark));
        }
        Ok(())
    }
}

/// Traces the message at the front. The reference does so where it has accepted a message, not where it fails over it.
fn trace_backend(session: &mut Session) {
    if let (Some(trace), Frame::Message { body_len, .. }) =
        (&mut session.trace, session.input.frame())
    {
        trace.backend(session.input.message(body_len));
    }
}

impl Session {
    /// From AuthenticationOk on, messages are parsed as those of a command that ends with ReadyForQuery.
    pub fn begin_startup(&mut self) {
        self.state = State::Busy;
    }

    /// Appends the text of an ErrorResponse that came before AuthenticationOk to the error text.
    pub fn say_server_error(&mut self, fields: &ErrorFields) {
        let mut text = Vec::new();
        let (verbosity, context) = (self.verbosity, self.context_visibility);
        // Without memory the text is shorter.
        let _ = error_format::build_message(
            fields,
            false,
            verbosity,
            context,
            None,
            self.facts.client_encoding,
            &mut text,
        );
        self.errors.append_with(|out| out.extend_from_slice(&text));
    }
}

/// The error text of a server older than protocol 3: everything behind the type byte, up to a NUL.
fn old_style_error(unparsed: &[u8]) -> Result<Step, StartupError> {
    let text = unparsed.get(1..).unwrap_or_default();
    match text.iter().position(|&b| b == 0) {
        Some(end) => Err(StartupError::OldStyle(text[..end].to_vec())),
        None if text.len() > OLD_ERROR_MAX => {
            Err(StartupError::OldStyle(text[..OLD_ERROR_MAX].to_vec()))
        }
        None => Ok(Step::NeedInput),
    }
}

#[cfg(test)]
#[path = "startup_tests.rs"]
mod tests;
