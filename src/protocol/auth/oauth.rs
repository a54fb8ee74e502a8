//! The client's side of OAUTHBEARER (RFC 7628; protocol chapter "SASL Authentication"): its messages, and what a server's
//! refusal teaches.
//!
//! Without a token, or without knowing where to get one, the exchange asks the server by an empty one; the server answers
//! with a JSON object and fails the session. A token that was got with what it says serves on another connection, so what
//! has been learnt ([`Oauth`]) outlives the exchange. Refuses to know how a token is got: who drives the exchange is told
//! what is wanted.
//!
//! Source: behaviours 377-382.

use zeroize::{Zeroize, Zeroizing};

use super::json::{self, JsonError};
use crate::protocol::error::put;

/// What the options say, and what has been learnt on the way, across connections.
#[derive(Default)]
pub struct Oauth {
    /// `oauth_issuer`.
    issuer: Option<Vec<u8>>,
    /// `oauth_client_id` is given.
    has_client_id: bool,
    /// `oauth_scope`; a server's serves where it is not given.
    scope: Option<Vec<u8>>,
    /// The issuer's identifier, once made out.
    issuer_id: Option<Vec<u8>>,
    /// Where its discovery document is, once known.
    discovery_uri: Option<Vec<u8>>,
    /// The token, once there is one.
    token: Option<Zeroizing<Vec<u8>>>,
}

/// Where a token is to be got, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Where the issuer's discovery document is.
    pub discovery_uri: Vec<u8>,
    /// The issuer's identifier.
    pub issuer: Vec<u8>,
    /// The scopes to ask for, separated by spaces; `None` leaves them to the issuer.
    pub scope: Option<Vec<u8>>,
}

/// What is wrong with OAuth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OauthError {
    /// `oauth_issuer` and `oauth_client_id` are not both given.
    NotConfigured,
    /// Nobody can get a token.
    NoFlow,
    /// Whoever gets tokens has failed, in these words.
    Flow(Vec<u8>),
    /// A token has been got, for another connection.
    Retry,
    /// The server has not said where its issuer's discovery document is.
    NoDiscovery,
    /// A discovery document's address is of no use: the address, and why.
    Uri(Vec<u8>, UriFault),
    /// There is a NUL in the server's refusal.
    RefusalNul,
    /// It is not UTF-8.
    RefusalEncoding,
    /// It is no JSON, or not the object it should be.
    Refusal(JsonError),
    /// It names another issuer: the document's address, its issuer, and ours.
    OtherIssuer(Vec<u8>, Vec<u8>, Vec<u8>),
    /// It names another discovery document of the same issuer: this one, and the former.
    Moved(Vec<u8>, Vec<u8>),
    /// It has no status.
    NoStatus,
    /// It refuses for this reason, which another token does not change.
    Rejected(Vec<u8>),
    /// AuthenticationSASLFinal, for which there is no use.
    UnexpectedFinal,
    /// A message after the refusal.
    AfterRefusal,
    /// No memory.
    OutOfMemory,
}

/// Why the address of a discovery document is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriFault {
    /// Not https.
    Scheme,
    /// A query or fragment.
    Query,
    /// No `/.well-known/` in it.
    NotWellKnown,
    /// Another document than the two kinds there are.
    Suffix,
    /// The well-known part stands between two parts of a path.
    Place,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum OauthStep {
    /// Send the token, in this. From our side that is all.
    SendToken(Zeroizing<Vec<u8>>),
    /// Send this, and be refused.
    SendNone(Zeroizing<Vec<u8>>),
    /// The server has the word.
    Refused,
    /// A token is wanted: [`OauthExchange::token`], [`OauthExchange::token_later`].
    WantToken(TokenRequest),
    /// The token that was promised is needed now: [`OauthExchange::token`].
    AwaitToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has been sent; a token may be on the way.
    Init,
    /// The first message has been sent.
    Sent,
    /// The server has refused, and a token is wanted for the next connection.
    Wanting,
    /// The server has refused our token.
    Refused,
}

/// One exchange.
#[derive(Debug)]
pub struct OauthExchange {
    state: State,
    /// Somebody has promised a token.
    promised: bool,
}

/// RFC 7628's separator; on its own it answers a refusal.
const SEPARATOR: u8 = 1;
const WELL_KNOWN: &[u8] = b"/.well-known/";
const DOCUMENTS: [&[u8]; 2] = [b"openid-configuration", b"oauth-authorization-server"];
/// How deep the server's object may be.
const DEPTH: usize = 8;

impl OauthExchange {
    /// Begins an exchange.
    ///
    /// # Errors
    /// The options are of no use.
    pub fn begin(oauth: &mut Oauth) -> Result<(OauthExchange, OauthStep), OauthError> {
        oauth.set_up()?;
        let exchange = OauthExchange {
            state: State::Init,
            promised: false,
        };
        let step = match (&oauth.token, oauth.request()) {
            (None, Some(request)) => OauthStep::WantToken(request),
            _ => return exchange.first(oauth),
        };
        Ok((exchange, step))
    }

    /// The first message: the token, or an empty one.
    fn first(mut self, oauth: &Oauth) -> Result<(OauthExchange, OauthStep), OauthError> {
        let step = self.send_first(oauth)?;
        Ok((self, step))
    }

    fn send_first(&mut self, oauth: &Oauth) -> Result<OauthStep, OauthError> {
        self.state = State::Sent;
        let token: &[u8] = oauth.token.as_ref().map_or(b"", |token| token);
        let mut message = Zeroizing::new(Vec::new());
        message
            .try_reserve_exact(token.len() + 24)
            .map_err(|_| OauthError::OutOfMemory)?;
        message.extend_from_slice(b"n,,\x01auth=");
        if oauth.token.is_some() {
            message.extend_from_slice(b"Bearer ");
            message.extend_from_slice(token);
        }
        message.extend_from_slice(&[SEPARATOR, SEPARATOR]);
        Ok(match oauth.token {
            Some(_) => OauthStep::SendToken(message),
            None => OauthStep::SendNone(message),
        })
    }

    /// The token that was wanted.
    ///
    /// # Errors
    /// [`OauthError::Retry`] where it serves only on another connection.
    pub fn token(
        &mut self,
        token: Zeroizing<Vec<u8>>,
        oauth: &mut Oauth,
    ) -> Result<OauthStep, OauthError> {
        oauth.token = Some(token);
        match self.state {
            State::Init => self.send_first(oauth),
            _ => Err(OauthError::Retry),
        }
    }

    /// There will be a token. Until then the server is not kept waiting: it is told that there is none, and closes.
    ///
    /// # Errors
    /// No memory.
    pub fn token_later(&mut self, oauth: &Oauth) -> Result<OauthStep, OauthError> {
        self.promised = true;
        match self.state {
            State::Init => self.send_first(oauth),
            _ => Ok(OauthStep::AwaitToken),
        }
    }

    /// What a refusal is answered with, whatever it says (RFC 7628, section 3.2.3); `None` where one cannot be meant.
    pub fn answer_to_refusal(&self, is_final: bool) -> Option<&'static [u8]> {
        (self.state == State::Sent && !is_final).then_some(&[SEPARATOR])
    }

    /// Takes the server's refusal.
    ///
    /// # Errors
    /// Nothing it says would help, or it is nonsense.
    pub fn handle(
        &mut self,
        message: &[u8],
        is_final: bool,
        oauth: &mut Oauth,
    ) -> Result<OauthStep, OauthError> {
        match self.state {
            State::Sent if is_final => return Err(OauthError::UnexpectedFinal),
            State::Sent => {}
            _ => return Err(OauthError::AfterRefusal),
        }
        oauth.learn(message)?;
        if oauth.token.is_some() {
            self.state = State::Refused;
            return Ok(OauthStep::Refused);
        }
        self.state = State::Wanting;
        match oauth.request() {
            None => Err(OauthError::NoDiscovery),
            Some(_) if self.promised => Ok(OauthStep::AwaitToken),
            Some(request) => Ok(OauthStep::WantToken(request)),
        }
    }
}

impl Oauth {
    /// What the options say; nothing has been learnt.
    pub fn new(issuer: Option<Vec<u8>>, has_client_id: bool, scope: Option<Vec<u8>>) -> Oauth {
        let mut this = Oauth::default();
        this.issuer = issuer;
        this.has_client_id = has_client_id;
        this.scope = scope;
        this
    }

    fn set_up(&mut self) -> Result<(), OauthError> {
        let (Some(issuer), true) = (&self.issuer, self.has_client_id) else {
            return Err(OauthError::NotConfigured);
        };
        if self.issuer_id.is_some() {
            return Ok(());
        }
        if find(issuer, WELL_KNOWN).is_some() {
            self.issuer_id = Some(issuer_of(issuer)?);
            self.discovery_uri = Some(issuer.clone());
        } else {
            self.issuer_id = Some(issuer.clone());
        }
        Ok(())
    }

    fn request(&self) -> Option<TokenRequest> {
        Some(TokenRequest {
            discovery_uri: self.discovery_uri.clone()?,
            issuer: self.issuer_id.clone()?,
            scope: self.scope.clone(),
        })
    }

    /// Takes in what the server says with its refusal.
    fn learn(&mut self, message: &[u8]) -> Result<(), OauthError> {
        if message.contains(&0) {
            return Err(OauthError::RefusalNul);
        }
        let Ok(text) = std::str::from_utf8(message) else {
            return Err(OauthError::RefusalEncoding);
        };
        let names = ["status", "scope", "openid-configuration"];
        let [status, scope, uri] =
            json::members(text, DEPTH, names).map_err(OauthError::Refusal)?;
        if let Some(uri) = uri {
            let theirs = issuer_of(&uri)?;
            let ours = self.issuer_id.clone().unwrap_or_default();
            if theirs != ours {
                return Err(OauthError::OtherIssuer(uri, theirs, ours));
            }
            match &self.discovery_uri {
                Some(known) if *known != uri => return Err(OauthError::Moved(uri, known.clone())),
                _ => self.discovery_uri = Some(uri),
            }
        }
        if self.scope.is_none() {
            self.scope = scope;
        }
        match status {
            None => Err(OauthError::NoStatus),
            Some(status) if status != b"invalid_token" => Err(OauthError::Rejected(status)),
            Some(_) => Ok(()),
        }
    }
}

impl Drop for Oauth {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

/// The identifier of the issuer whose discovery document is at `uri`.
fn issuer_of(uri: &[u8]) -> Result<Vec<u8>, OauthError> {
    let fault = |fault| Err(OauthError::Uri(uri.to_vec(), fault));
    const SCHEME: &[u8] = b"https://";
    let Some(rest) = uri
        .split_at_checked(SCHEME.len())
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
        .map(|(_, rest)| rest)
    else {
        return fault(UriFault::Scheme);
    };
    if rest.iter().any(|b| matches!(b, b'?' | b'#')) {
        return fault(UriFault::Query);
    }
    let Some(at) = find(rest, WELL_KNOWN) else {
        return fault(UriFault::NotWellKnown);
    };
    let (before, behind) = (&rest[..at], &rest[at + WELL_KNOWN.len()..]);
    let path = DOCUMENTS
        .iter()
        .filter_map(|document| behind.strip_prefix(*document))
        .find(|path| path.is_empty() || path.starts_with(b"/"));
    let Some(path) = path else {
        return fault(UriFault::Suffix);
    };
    if !path.is_empty() && before.contains(&b'/') {
        return fault(UriFault::Place);
    }
    Ok([&uri[..SCHEME.len()], before, path].concat())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

impl OauthError {
    /// Appends libpq's text, without the newline that ends it.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use OauthError::*;
        match self {
            NotConfigured => put!(
                out,
                "server requires OAuth authentication, but oauth_issuer and oauth_client_id are not both set"
            ),
            NoFlow => put!(
                out,
                "no OAuth flows are available (try installing the libpq-oauth package)"
            ),
            Flow(text) => put!(out, text),
            Retry => put!(out, "retrying connection with new bearer token"),
            NoDiscovery => put!(
                out,
                "server requires OAuth authentication, but no discovery metadata was provided"
            ),
            Uri(uri, fault) => {
                let fault = match fault {
                    UriFault::Scheme => "must use HTTPS",
                    UriFault::Query => "must not contain query or fragment components",
                    UriFault::NotWellKnown => "is not a .well-known URI",
                    UriFault::Suffix => "uses an unsupported .well-known suffix",
                    UriFault::Place => "uses an invalid format",
                };
                put!(out, "OAuth discovery URI \"", uri, "\" ", fault);
            }
            RefusalNul => put!(
                out,
                "server's error message contained an embedded NULL, and was discarded"
            ),
            RefusalEncoding => put!(out, "server's error response is not valid UTF-8"),
            Refusal(why) => {
                put!(out, "failed to parse server's error response: ");
                why.write_text(out);
            }
            OtherIssuer(uri, theirs, ours) => put!(
                out,
                "server's discovery document at ",
                uri,
                " (issuer \"",
                theirs,
                "\") is incompatible with oauth_issuer (",
                ours,
                ")"
            ),
            Moved(uri, former) => put!(
                out,
                "server's discovery document has moved to ",
                uri,
                " (previous location was ",
                former,
                ")"
            ),
            NoStatus => put!(out, "server sent error response without a status"),
            Rejected(status) => put!(out, "server rejected OAuth bearer token: ", status),
            UnexpectedFinal => put!(out, "server sent unexpected additional OAuth data"),
            AfterRefusal => put!(out, "server sent additional OAuth data after error"),
            OutOfMemory => put!(out, "out of memory"),
        }
    }
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
