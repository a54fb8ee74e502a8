//! What goes wrong while connecting, and the one place of this room that words it.

use crate::net::lookup::LookupError;
use crate::net::peer::PeerError;
use crate::net::{self, address};
use crate::protocol::error::put;

/// What went wrong while connecting, besides what configuration and protocol say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// A host name has no address.
    UnknownHost(Vec<u8>, LookupError),
    /// The time was over before a host name's addresses were known.
    LookupTimeout(Vec<u8>),
    /// A `hostaddr` is no address.
    BadHostaddr(Vec<u8>, LookupError),
    /// A socket's path is too long.
    PathTooLong(Vec<u8>),
    /// socket(2) failed with this error number.
    Socket(i32),
    /// TCP_NODELAY was refused.
    NoDelay(i32),
    /// The socket's mode could not be changed.
    Mode(i32),
    /// A keepalive option was refused: its C name and the error number.
    OptionRefused(&'static str, i32),
    /// connect(2) failed on a Unix socket.
    RefusedUnix(i32),
    /// connect(2) failed on TCP.
    RefusedTcp(i32),
    /// The socket did not tell how connecting ended.
    SocketStatus(i32),
    /// The server's user could not be found out.
    Peer(PeerError),
    /// The server runs as another user than `requirepeer` says: that option, and the user.
    WrongPeer(Vec<u8>, Vec<u8>),
    /// Nobody can say as what user the server runs: that option.
    UnknownPeer(Vec<u8>),
    /// The time for this address is over.
    Timeout,
    /// The server answered an SSLRequest with an ErrorResponse.
    ErrorDuringSsl,
    /// The server answered an SSLRequest with this byte.
    InvalidSslAnswer(u8),
    /// The server answered a GSSENCRequest with this byte.
    InvalidGssAnswer(u8),
    /// Bytes that came in plain text stood between the answer to an SSLRequest and the handshake.
    UnencryptedBytes,
    /// The server has no TLS and nothing else will do.
    SslRefused,
    /// The server has no GSS encryption and nothing else will do.
    GssRefused,
    /// A request for encryption could not be queued.
    SslPacket,
    /// The startup packet could not be queued.
    StartupPacket,
    /// The cancel request could not be queued.
    CancelPacket,
    /// A result came before ReadyForQuery.
    UnexpectedDuringStartup,
    /// A COPY began before ReadyForQuery. The reference has no words for it.
    CopyDuringStartup,
    /// The rejected password came from this file.
    PasswordFromFile(Vec<u8>),
    /// `target_session_attrs`: the session cannot write.
    SessionReadOnly,
    /// `target_session_attrs`: the session can write.
    SessionNotReadOnly,
    /// `target_session_attrs`: a standby.
    HotStandby,
    /// `target_session_attrs`: no standby.
    NotHotStandby,
    /// A query to find that out failed: as it is shown.
    ProbeFailed(&'static str),
    /// A cancel request was answered.
    CancelAnswered,
    /// The server of the connection to cancel on gave no key.
    NoCancelKey,
    /// A cancel request was begun twice.
    CancelUnderWay,
    /// There is no connection to cancel on.
    NothingToCancel,
    /// The application gives no address for a host, for this reason.
    NotLookedUp(Vec<u8>, Vec<u8>),
    /// The application gives no password, for this reason.
    NoPassword(Vec<u8>),
    /// Whoever was asked for the OAuth token has none, for this reason.
    NoToken(Vec<u8>),
    /// There is no descriptor to wait on for an answer of the application's.
    Waker(i32),
    /// The application answered another question than was asked.
    WrongAnswer,
    /// No memory.
    OutOfMemory,
}

impl ConnectError {
    /// Appends libpq's text, without the newline that ends it.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use ConnectError::*;
        let with_errno = |out: &mut Vec<u8>, text: &str, errno: i32| {
            put!(out, text);
            net::write_os_error(errno, out);
        };
        match self {
            UnknownHost(host, error) => {
                put!(
                    out,
                    "could not translate host name \"",
                    host,
                    "\" to address: "
                );
                error.write_text(out);
            }
            LookupTimeout(host) => put!(
                out,
                "could not translate host name \"",
                host,
                "\" to address: timeout expired"
            ),
            BadHostaddr(text, error) => {
                put!(out, "could not parse network address \"", text, "\": ");
                error.write_text(out);
            }
            PathTooLong(path) => put!(
                out,
                "Unix-domain socket path \"",
                path,
                "\" is too long (maximum ",
                address::UNIX_PATH_MAX.to_string(),
                " bytes)"
            ),
            Socket(errno) => with_errno(out, "could not create socket: ", *errno),
            NoDelay(errno) => {
                with_errno(out, "could not set socket to TCP no delay mode: ", *errno)
            }
            Mode(errno) => with_errno(out, "could not set socket to nonblocking mode: ", *errno),
            OptionRefused(option, errno) => {
                put!(out, "setsockopt(", option, ") failed: ");
                net::write_os_error(*errno, out);
            }
            RefusedUnix(errno) => {
                net::write_os_error(*errno, out);
                put!(
                    out,
                    "\n\tIs the server running locally and accepting connections on that socket?"
                );
            }
            RefusedTcp(errno) => {
                net::write_os_error(*errno, out);
                put!(
                    out,
                    "\n\tIs the server running on that host and accepting TCP/IP connections?"
                );
            }
            SocketStatus(errno) => with_errno(out, "could not get socket error status: ", *errno),
            Peer(PeerError::Credentials(errno)) => {
                with_errno(out, "could not get peer credentials: ", *errno);
            }
            Peer(PeerError::NoSuchUser(uid)) => {
                put!(
                    out,
                    "local user with ID ",
                    uid.to_string(),
                    " does not exist"
                );
            }
            Peer(PeerError::Lookup(uid, errno)) => {
                put!(
                    out,
                    "could not look up local user ID ",
                    uid.to_string(),
                    ": "
                );
                net::write_os_error(*errno, out);
            }
            WrongPeer(wanted, actual) => put!(
                out,
                "requirepeer specifies \"",
                wanted,
                "\", but actual peer user name is \"",
                actual,
                "\""
            ),
            UnknownPeer(wanted) => put!(
                out,
                "requirepeer specifies \"",
                wanted,
                "\", but the application's transport does not tell its peer"
            ),
            Timeout => put!(out, "timeout expired"),
            ErrorDuringSsl => put!(out, "server sent an error response during SSL exchange"),
            InvalidSslAnswer(byte) => {
                put!(
                    out,
                    "received invalid response to SSL negotiation: ",
                    [*byte]
                );
            }
            InvalidGssAnswer(byte) => put!(
                out,
                "received invalid response to GSSAPI negotiation: ",
                [*byte]
            ),
            UnencryptedBytes => put!(out, "received unencrypted data after SSL response"),
            SslRefused => put!(out, "server does not support SSL, but SSL was required"),
            GssRefused => put!(
                out,
                "server doesn't support GSSAPI encryption, but it was required"
            ),
            SslPacket => put!(
                out,
                "could not send SSL negotiation packet: Cannot allocate memory"
            ),
            StartupPacket => put!(out, "could not send startup packet: Cannot allocate memory"),
            CancelPacket => put!(out, "could not send cancel packet: Cannot allocate memory"),
            UnexpectedDuringStartup => put!(out, "unexpected message from server during startup"),
            CopyDuringStartup => {}
            PasswordFromFile(file) => put!(out, "password retrieved from file \"", file, "\""),
            SessionReadOnly => put!(out, "session is read-only"),
            SessionNotReadOnly => put!(out, "session is not read-only"),
            HotStandby => put!(out, "server is in hot standby mode"),
            NotHotStandby => put!(out, "server is not in hot standby mode"),
            ProbeFailed(query) => put!(out, "\"", query, "\" failed"),
            CancelAnswered => put!(out, "unexpected response from server"),
            NoCancelKey => put!(out, "no cancellation key received"),
            CancelUnderWay => put!(
                out,
                "cancel request is already being sent on this connection"
            ),
            NothingToCancel => put!(out, "connection pointer is NULL"),
            Waker(errno) => with_errno(out, "could not create event descriptor: ", *errno),
            NotLookedUp(host, reason) => put!(
                out,
                "could not translate host name \"",
                host,
                "\" to address: ",
                reason
            ),
            NoPassword(reason) => with_reason(out, "could not get password", reason),
            NoToken(reason) => with_reason(out, "could not get token", reason),
            WrongAnswer => put!(out, "application gave an answer that is none"),
            OutOfMemory => put!(out, "out of memory"),
        }
    }
}

/// Whoever was asked need not say why.
fn with_reason(out: &mut Vec<u8>, words: &str, reason: &[u8]) {
    put!(out, words);
    if !reason.is_empty() {
        put!(out, ": ", reason);
    }
}

/// Appends the words an attempt's text begins with (behaviours 143, 144), without a newline.
pub(super) fn write_attempt(target: &Target<'_>, out: &mut Vec<u8>) {
    match target {
        Target::Unix(path) => put!(
            out,
            "connection to server on socket \"",
            path,
            "\" failed: "
        ),
        Target::Tcp {
            shown,
            numeric,
            port,
        } => {
            put!(out, "connection to server at \"", shown, "\"");
            if let Some(numeric) = numeric {
                put!(out, " (", numeric, ")");
            }
            put!(out, ", port ", port, " failed: ");
        }
    }
}

/// What an attempt is directed at, as its text shows it.
pub(super) enum Target<'a> {
    /// A Unix socket.
    Unix(&'a [u8]),
    /// An internet address.
    Tcp {
        /// The host or `hostaddr` as given.
        shown: &'a [u8],
        /// The address, where it is another text.
        numeric: Option<&'a [u8]>,
        /// The port as given.
        port: &'a [u8],
    },
}
