//! What can go wrong between StartupMessage and AuthenticationOk, and the one place that words it.

use super::auth::AuthError;
use super::auth::oauth::OauthError;
use super::error::put;
use super::error_fields::ErrorFields;

/// Why an attempt failed before AuthenticationOk.
pub enum StartupError {
    /// A message other than R, E or v came; its type byte.
    ExpectedAuth(u8),
    /// An authentication request of an impossible length.
    InvalidAuthRequest,
    /// A NegotiateProtocolVersion of an impossible length.
    InvalidNegotiation,
    /// A second NegotiateProtocolVersion.
    DuplicateNegotiation,
    /// A NegotiateProtocolVersion we cannot accept.
    Negotiation(NegotiationError),
    /// An ErrorResponse that cannot be read.
    InvalidError,
    /// The server's ErrorResponse. Its text is made by [`super::error_format`].
    Server(Box<ErrorFields>),
    /// The text of a server older than protocol 3.
    OldStyle(Vec<u8>),
    /// `require_auth` forbids what the server asks for.
    RequireAuth {
        /// The option's value.
        requirement: Vec<u8>,
        /// What the server did.
        reason: AuthReason,
    },
    /// Channel binding is required and the transport has nothing to bind to.
    BindingWithoutTls,
    /// Channel binding is required and authentication ended without it.
    BindingNotDone,
    /// Channel binding is required and the method has none.
    BindingNotOffered,
    /// The server offers channel binding over a transport that has none.
    PlusWithoutTls,
    /// Channel binding is required and the server offers no mechanism that has it.
    PlusNotOffered,
    /// The server's certificate gives nothing to bind to; why.
    NoEndPoint(Vec<u8>),
    /// `sslcertmode=require` and the server did not ask for a certificate.
    CertificateNotRequested,
    /// `sslcertmode=require` and the server was content without a certificate.
    CertificateNotSent,
    /// A password is asked for and there is none.
    NoPassword,
    /// The password could not be sent.
    PasswordNotSent,
    /// A method this library does not have; its name.
    Unsupported(&'static str),
    /// A method without a name; its code.
    UnknownMethod(u32),
    /// A SASL message before any exchange has begun.
    SaslContinueWithoutSasl,
    /// The list of SASL mechanisms has no end.
    InvalidMechanisms,
    /// None of the server's SASL mechanisms is ours.
    NoCommonMechanism,
    /// A second AuthenticationSASL.
    DuplicateSasl,
    /// AuthenticationSASLFinal before the exchange is done.
    SaslFinalTooEarly,
    /// The exchange is done but the server goes on.
    NoClientResponse,
    /// A SASL message after the exchange is done.
    SaslOutOfTurn,
    /// The OAUTHBEARER exchange failed.
    Oauth(OauthError),
    /// The application's SASL mechanism failed, in these words.
    Application(Vec<u8>),
    /// There were no random bytes.
    NoNonce,
    /// The SCRAM exchange failed.
    Auth(AuthError),
    /// The output buffer could not grow.
    OutputFull,
}

/// What the server did that `require_auth` forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthReason {
    /// It let us in before an exchange was finished.
    Incomplete,
    /// It asked for a password in clear text.
    Cleartext,
    /// It asked for a password under MD5.
    Hashed,
    /// It asked for GSSAPI.
    Gss,
    /// It asked for SSPI.
    Sspi,
    /// It asked for SASL.
    Sasl,
    /// It asked for something without a name.
    Unknown,
    /// It offered only this SASL mechanism, of those we know.
    Mechanism(Vec<u8>),
}

/// What is wrong with a NegotiateProtocolVersion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NegotiationError {
    /// A version above the one asked for.
    HigherVersion,
    /// A version below 3.0.
    PreThree,
    /// Version 3.1, which never was.
    ThreeOne,
    /// A negative number of options.
    NegativeCount,
    /// The version asked for, and no options.
    NoChange,
    /// A version below `min_protocol_version`.
    BelowMinimum {
        /// The server's.
        version: u32,
        /// Ours.
        min: u32,
    },
    /// An option whose name is no protocol option's.
    WithoutPrefix(Vec<u8>),
    /// An option we never sent.
    NotRequested(Vec<u8>),
    /// The message ends too early.
    TooShort,
}

impl From<AuthError> for StartupError {
    fn from(error: AuthError) -> Self {
        StartupError::Auth(error)
    }
}

impl From<OauthError> for StartupError {
    fn from(error: OauthError) -> Self {
        StartupError::Oauth(error)
    }
}

impl From<NegotiationError> for StartupError {
    fn from(error: NegotiationError) -> Self {
        StartupError::Negotiation(error)
    }
}

impl StartupError {
    /// The SQLSTATE, where the server sent one.
    pub fn sqlstate(&self) -> Option<&[u8]> {
        match self {
            StartupError::Server(fields) => fields.get(b'C'),
            _ => None,
        }
    }

    /// Appends libpq's text, without the newline that ends it; nothing for [`StartupError::Server`].
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use StartupError::*;
        let text = match self {
            ExpectedAuth(kind) => {
                return put!(
                    out,
                    "expected authentication request from server, but received ",
                    [*kind]
                );
            }
            InvalidAuthRequest => "received invalid authentication request",
            InvalidNegotiation => "received invalid protocol negotiation message",
            DuplicateNegotiation => "received duplicate protocol negotiation message",
            Negotiation(error) => return error.write_text(out),
            InvalidError => "received invalid error message",
            Server(_) => "",
            OldStyle(text) => {
                return out.extend_from_slice(text.strip_suffix(b"\n").unwrap_or(text));
            }
            RequireAuth {
                requirement,
                reason,
            } => {
                put!(
                    out,
                    "authentication method requirement \"",
                    requirement,
                    "\" failed: "
                );
                return reason.write_text(out);
            }
            BindingWithoutTls => "channel binding required, but SSL not in use",
            BindingNotDone => {
                "channel binding required, but server authenticated client without channel binding"
            }
            BindingNotOffered => {
                "channel binding required but not supported by server's authentication request"
            }
            PlusWithoutTls => {
                "server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection"
            }
            PlusNotOffered => {
                "channel binding is required, but server did not offer an authentication method that supports channel binding"
            }
            NoEndPoint(reason) => return out.extend_from_slice(reason),
            CertificateNotRequested => "server did not request an SSL certificate",
            CertificateNotSent => "server accepted connection without a valid SSL certificate",
            NoPassword => "fe_sendauth: no password supplied",
            PasswordNotSent => "fe_sendauth: error sending password authentication",
            Unsupported(method) => return put!(out, method, " authentication not supported"),
            UnknownMethod(code) => {
                return put!(
                    out,
                    "authentication method ",
                    code.to_string(),
                    " not supported"
                );
            }
            SaslContinueWithoutSasl => {
                "fe_sendauth: invalid authentication request from server: AUTH_REQ_SASL_CONT without AUTH_REQ_SASL"
            }
            InvalidMechanisms => {
                "fe_sendauth: invalid authentication request from server: invalid list of authentication mechanisms"
            }
            NoCommonMechanism => {
                "none of the server's SASL authentication mechanisms are supported"
            }
            DuplicateSasl => "duplicate SASL authentication request",
            SaslFinalTooEarly => {
                "AuthenticationSASLFinal received from server, but SASL authentication was not completed"
            }
            NoClientResponse => "no client response found after SASL exchange success",
            SaslOutOfTurn => "invalid SCRAM exchange state",
            Oauth(error) => return error.write_text(out),
            Application(text) if text.is_empty() => "fe_sendauth: error in SASL authentication",
            Application(text) => return out.extend_from_slice(text),
            NoNonce => "could not generate nonce",
            Auth(error) => return error.write_text(out),
            OutputFull => "cannot allocate memory for output buffer",
        };
        out.extend_from_slice(text.as_bytes());
    }
}

impl AuthReason {
    fn write_text(&self, out: &mut Vec<u8>) {
        let text = match self {
            AuthReason::Incomplete => "server did not complete authentication",
            AuthReason::Cleartext => "server requested a cleartext password",
            AuthReason::Hashed => "server requested a hashed password",
            AuthReason::Gss => "server requested GSSAPI authentication",
            AuthReason::Sspi => "server requested SSPI authentication",
            AuthReason::Sasl => "server requested SASL authentication",
            AuthReason::Unknown => "server requested an unknown authentication type",
            AuthReason::Mechanism(name) => {
                return put!(out, "server requested ", name, " authentication");
            }
        };
        out.extend_from_slice(text.as_bytes());
    }
}

impl NegotiationError {
    fn write_text(&self, out: &mut Vec<u8>) {
        use NegotiationError::*;
        if let BelowMinimum { version, min } = self {
            let number = |v: &u32| format!("{}.{}", v >> 16, v & 0xffff);
            return put!(
                out,
                "server only supports protocol version ",
                number(version),
                ", but \"min_protocol_version\" was set to ",
                number(min)
            );
        }
        put!(out, "received invalid protocol negotiation message: ");
        let text = match self {
            HigherVersion => "server requested downgrade to a higher-numbered version",
            PreThree => "server requested downgrade to pre-3.0 protocol version",
            ThreeOne => "server requested downgrade to non-existent 3.1 protocol version",
            NegativeCount => "server reported negative number of unsupported parameters",
            NoChange => "server negotiated but asks for no changes",
            WithoutPrefix(name) => {
                return put!(
                    out,
                    "server reported unsupported parameter name without a \"_pq_.\" prefix (\"",
                    name,
                    "\")"
                );
            }
            NotRequested(name) => {
                return put!(
                    out,
                    "server reported an unsupported parameter that was not requested (\"",
                    name,
                    "\")"
                );
            }
            TooShort => "message too short",
            // Worded above.
            BelowMinimum { .. } => "",
        };
        out.extend_from_slice(text.as_bytes());
    }
}
