//! Why an attempt failed, sorted: what programs decide by, where the error text is for people.

use crate::connect::error::ConnectError;
use crate::net::NetError;
use crate::net::peer::PeerError;
#[cfg(feature = "tls")]
use crate::net::tls::{Reason, TlsError};
use crate::protocol::auth::oauth::OauthError;
use crate::protocol::startup_error::StartupError;

/// The kind of a failure. The numbers are C's and never change their meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum FailureKind {
    /// Something that has no kind of its own.
    #[default]
    Other = 0,
    /// The host has no address.
    Lookup = 1,
    /// connect(2), or what leads to it, failed: the error number says why.
    Network = 2,
    /// The time was over.
    Timeout = 3,
    /// The server closed the connection, or it broke.
    Closed = 4,
    /// The server has no encryption and nothing else would do.
    EncryptionRefused = 5,
    /// TLS failed.
    Tls = 6,
    /// The server's certificate was refused.
    Certificate = 7,
    /// We could not, or would not, authenticate as the server asked.
    Authentication = 8,
    /// A password was asked for and none was there.
    PasswordMissing = 9,
    /// The server said no: the SQLSTATE says why.
    Server = 10,
    /// The server is of another kind than `target_session_attrs` wants.
    Role = 11,
    /// The server does not keep to the protocol, or is none.
    Protocol = 12,
    /// The server at a Unix socket runs as another user than `requirepeer` says.
    Peer = 13,
    /// A hook of the application refused, failed, or answered nonsense.
    Application = 14,
    /// An option's value, or a file it names, is of no use.
    Configuration = 15,
    /// Another attempt was faster, or the whole was given up.
    Abandoned = 16,
}

impl FailureKind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Other => "other",
            FailureKind::Lookup => "lookup",
            FailureKind::Network => "network",
            FailureKind::Timeout => "timeout",
            FailureKind::Closed => "closed",
            FailureKind::EncryptionRefused => "encryption refused",
            FailureKind::Tls => "tls",
            FailureKind::Certificate => "certificate",
            FailureKind::Authentication => "authentication",
            FailureKind::PasswordMissing => "password missing",
            FailureKind::Server => "server",
            FailureKind::Role => "role",
            FailureKind::Protocol => "protocol",
            FailureKind::Peer => "peer",
            FailureKind::Application => "application",
            FailureKind::Configuration => "configuration",
            FailureKind::Abandoned => "abandoned",
        }
    }
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Its kind.
    pub kind: FailureKind,
    /// The system's error number; 0 where none belongs to it.
    pub errno: i32,
    /// The TLS alert that the server sent.
    pub alert: Option<u8>,
    /// The SQLSTATE that the server sent.
    pub sqlstate: Option<[u8; 5]>,
}

impl Cause {
    /// A cause of this kind, with nothing else to say.
    pub fn of(kind: FailureKind) -> Cause {
        Cause {
            kind,
            ..Cause::default()
        }
    }

    fn errno(kind: FailureKind, errno: i32) -> Cause {
        Cause {
            errno,
            ..Cause::of(kind)
        }
    }

    /// What the server said.
    pub fn server(sqlstate: Option<&[u8]>) -> Cause {
        Cause {
            sqlstate: sqlstate.and_then(|s| s.first_chunk().copied()),
            ..Cause::of(FailureKind::Server)
        }
    }
}

impl From<&ConnectError> for Cause {
    fn from(error: &ConnectError) -> Cause {
        use ConnectError as E;
        use FailureKind::*;
        match error {
            E::UnknownHost(_, why) => Cause::errno(Lookup, why.errno()),
            E::BadHostaddr(..) | E::PathTooLong(_) => Cause::of(Configuration),
            E::Socket(errno)
            | E::NoDelay(errno)
            | E::Mode(errno)
            | E::OptionRefused(_, errno)
            | E::RefusedUnix(errno)
            | E::RefusedTcp(errno)
            | E::SocketStatus(errno) => Cause::errno(Network, *errno),
            E::Peer(PeerError::Credentials(errno) | PeerError::Lookup(_, errno)) => {
                Cause::errno(Peer, *errno)
            }
            E::Peer(PeerError::NoSuchUser(_)) | E::WrongPeer(..) | E::UnknownPeer(_) => {
                Cause::of(Peer)
            }
            E::Timeout | E::LookupTimeout(_) => Cause::of(Timeout),
            E::WrongAnswer => Cause::of(Application),
            E::Waker(errno) => Cause::errno(Other, *errno),
            E::SslRefused | E::GssRefused => Cause::of(EncryptionRefused),
            E::ErrorDuringSsl | E::InvalidSslAnswer(_) | E::InvalidGssAnswer(_) => {
                Cause::of(Protocol)
            }
            E::UnencryptedBytes
            | E::UnexpectedDuringStartup
            | E::CopyDuringStartup
            | E::CancelAnswered => Cause::of(Protocol),
            E::SessionReadOnly
            | E::SessionNotReadOnly
            | E::HotStandby
            | E::NotHotStandby
            | E::ProbeFailed(_) => Cause::of(Role),
            _ => Cause::of(Other),
        }
    }
}

impl From<&StartupError> for Cause {
    fn from(error: &StartupError) -> Cause {
        use FailureKind::*;
        use StartupError as E;
        match error {
            E::Server(fields) => Cause::server(fields.get(b'C')),
            E::OldStyle(_) => Cause::of(Server),
            E::NoPassword => Cause::of(PasswordMissing),
            E::Application(_) | E::Oauth(OauthError::Flow(_)) => Cause::of(Application),
            E::ExpectedAuth(_)
            | E::InvalidAuthRequest
            | E::InvalidNegotiation
            | E::DuplicateNegotiation
            | E::Negotiation(_)
            | E::InvalidError => Cause::of(Protocol),
            _ => Cause::of(Authentication),
        }
    }
}

impl From<&NetError> for Cause {
    fn from(error: &NetError) -> Cause {
        use FailureKind::*;
        let io = |error: &std::io::Error| Cause::errno(Closed, crate::net::errno_of(error));
        match error {
            NetError::Receiving(error) | NetError::Sending(error) | NetError::Polling(error) => {
                io(error)
            }
            #[cfg(feature = "tls")]
            NetError::Tls(error) => error.into(),
            NetError::Silent(_) => Cause::of(Timeout),
            _ => Cause::of(Closed),
        }
    }
}

#[cfg(feature = "tls")]
impl From<&TlsError> for Cause {
    fn from(error: &TlsError) -> Cause {
        use FailureKind::*;
        use TlsError as E;
        match error {
            E::Chain { .. }
            | E::Certificate { .. }
            | E::NameMismatch { .. }
            | E::NoName
            | E::NullInName
            | E::AddressLength(_) => Cause::of(Certificate),
            E::Eof | E::Closed | E::Reset(_) => Cause::of(Closed),
            E::Syscall(errno) => Cause::errno(Closed, *errno),
            E::Protocol(why) | E::Version(why, ..) => Cause {
                alert: match why {
                    Reason::Alert(code) => Some(*code),
                    _ => None,
                },
                ..Cause::of(Tls)
            },
            E::NoAlpn | E::WrongAlpn | E::NoDigest(_) | E::NoSignatureAlgorithm => Cause::of(Tls),
            // The rest is about files and options.
            _ => Cause::of(Configuration),
        }
    }
}
