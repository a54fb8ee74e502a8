//! Which ways to encrypt are tried at an address, in which order, and what the server's answer to a request means.
//!
//! A machine of two tables and a cursor, without input or output: [`super::connector`] does what it says. GSS encryption
//! has its place in both tables; a build that cannot do it never puts it into the order.
//!
//! | answer | TLS asked for | GSS asked for |
//! |---|---|---|
//! | the letter for yes | handshake | handshake |
//! | `N` | the next way, on this connection where it can begin there | the same |
//! | `E` | the attempt ends; what follows is not shown, for nobody knows who sent it | the next way, on a new connection |
//! | anything else | the attempt ends | the attempt ends |
//!
//! Source: behaviours 97-108, and `tests/data/tls_steps.tsv`, recorded from the reference.

use zeroize::Zeroizing;

use crate::config::{ConnectPlan, GssEncMode, HAS_TLS, SslMode, SslNegotiation};

use super::error::ConnectError;
use super::tls::Config;

/// A way to carry the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// GSS encryption.
    Gss,
    /// TLS.
    Tls,
    /// No encryption.
    Plain,
}

/// The ways that `sslmode` allows, in the order they are tried (behaviours 98, 99).
const BY_SSLMODE: [(SslMode, &[Method]); 6] = [
    (SslMode::Disable, &[Method::Plain]),
    (SslMode::Allow, &[Method::Plain, Method::Tls]),
    (SslMode::Prefer, &[Method::Tls, Method::Plain]),
    (SslMode::Require, &[Method::Tls]),
    (SslMode::VerifyCa, &[Method::Tls]),
    (SslMode::VerifyFull, &[Method::Tls]),
];

/// What the server's one-byte answer to a request means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It agrees.
    Handshake,
    /// It does not; the connection can still be used.
    Refused,
    /// It cannot understand us; the connection is used up.
    Failed,
    /// Nothing it can mean lets us go on.
    Fatal(ConnectError),
}

/// What the answer `byte` to a request for `method` means.
pub(super) fn read_answer(method: Method, byte: u8) -> Answer {
    match (method, byte) {
        (Method::Tls, b'S') | (Method::Gss, b'G') => Answer::Handshake,
        (_, b'N') => Answer::Refused,
        (Method::Tls, b'E') => Answer::Fatal(ConnectError::ErrorDuringSsl),
        (Method::Gss, b'E') => Answer::Failed,
        (Method::Gss, other) => Answer::Fatal(ConnectError::InvalidGssAnswer(other)),
        (_, other) => Answer::Fatal(ConnectError::InvalidSslAnswer(other)),
    }
}

/// The error of a server that refused `method` where nothing else will do.
pub(super) fn refused(method: Method) -> ConnectError {
    match method {
        Method::Gss => ConnectError::GssRefused,
        Method::Tls | Method::Plain => ConnectError::SslRefused,
    }
}

/// What can be told about a session's TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.3`.
    pub protocol: Vec<u8>,
    /// The cipher suite, as OpenSSL names it.
    pub cipher: Vec<u8>,
    /// Length of the symmetric key in bits.
    pub key_bits: u32,
    /// The protocol agreed on; empty where none was.
    pub alpn: Vec<u8>,
}

/// What is known of the pass phrase of the client's private key.
#[cfg_attr(not(feature = "tls"), expect(dead_code))]
pub(super) enum PassPhrase {
    /// Nothing: if the key is encrypted, the application is to be asked.
    Unasked,
    /// The pass phrase.
    Known(Zeroizing<Vec<u8>>),
    /// The application would not say.
    Refused,
}

/// What became of setting TLS up.
#[cfg_attr(not(feature = "tls"), expect(dead_code))]
pub(super) enum Begun {
    /// The handshake can begin, by this.
    Ready(Config),
    /// The private key is encrypted: its pass phrase is to be asked for.
    NeedsPassPhrase,
}

/// How far a handshake is.
#[cfg_attr(not(feature = "tls"), expect(dead_code))]
pub(super) enum Shake {
    /// It waits for the server.
    Reading,
    /// It waits to send.
    Writing,
    /// Done.
    Done,
}

/// How one way begins on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// The session's first packet.
    Session,
    /// A request of this kind, and its answer.
    Request(Method),
    /// The TLS handshake, unasked.
    DirectTls,
}

/// The ways still open at one address. Begun anew at every address (behaviour 108).
#[derive(Clone, Debug, Default)]
pub(super) struct Negotiation {
    /// The ways not given up yet; the first is the present one.
    open: Vec<Method>,
    direct: bool,
}

impl Negotiation {
    /// All ways the plan allows to an address; a Unix socket is never encrypted (behaviour 97). `have_ticket` says
    /// whether GSS credentials are at hand.
    pub fn new(plan: &ConnectPlan, is_unix: bool, have_ticket: bool) -> Negotiation {
        let gss = plan.gssencmode != GssEncMode::Disable && have_ticket;
        Negotiation {
            open: ways(plan.sslmode, plan.gssencmode, is_unix, gss),
            direct: plan.sslnegotiation == SslNegotiation::Direct,
        }
    }

    /// The present way.
    pub fn current(&self) -> Method {
        self.open.first().copied().unwrap_or(Method::Plain)
    }

    /// Leaves only TLS open.
    pub fn only_tls(&mut self) {
        self.open.retain(|way| *way == Method::Tls);
    }

    /// How the present way begins on a fresh connection, or on one where an earlier request was refused.
    pub fn beginning(&self) -> Beginning {
        match self.current() {
            Method::Plain => Beginning::Session,
            Method::Tls if self.direct => Beginning::DirectTls,
            method => Beginning::Request(method),
        }
    }

    /// Gives the present way up; `false` when it was the last.
    pub fn give_up(&mut self) -> bool {
        match self.open.len() {
            0 | 1 => false,
            _ => {
                self.open.remove(0);
                true
            }
        }
    }

    /// Whether the present way can begin where a request was refused before. A direct handshake cannot.
    pub fn may_stay(&self) -> bool {
        self.beginning() != Beginning::DirectTls
    }
}

fn ways(sslmode: SslMode, gssencmode: GssEncMode, is_unix: bool, gss: bool) -> Vec<Method> {
    if is_unix {
        return vec![Method::Plain];
    }
    let mut open = Vec::new();
    if gss {
        open.push(Method::Gss);
    }
    if gssencmode != GssEncMode::Require {
        let row = BY_SSLMODE.iter().find(|(mode, _)| *mode == sslmode);
        open.extend_from_slice(row.map_or(&[][..], |(_, ways)| ways));
        open.retain(|way| HAS_TLS || *way != Method::Tls);
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sslmode: SslMode, gssencmode: GssEncMode, gss: bool) -> Vec<Method> {
        ways(sslmode, gssencmode, false, gss)
    }

    #[test]
    fn behaviours_98_99_100_every_combination_of_modes_has_its_order() {
        use GssEncMode as G;
        use Method::*;
        for (sslmode, ways_of_row) in BY_SSLMODE {
            let mut expected = ways_of_row.to_vec();
            expected.retain(|way| HAS_TLS || *way != Tls);
            assert_eq!(of(sslmode, G::Disable, false), expected);
            assert_eq!(of(sslmode, G::Prefer, false), expected, "no ticket");
            let with_gss: Vec<_> = [Gss].into_iter().chain(expected.iter().copied()).collect();
            assert_eq!(of(sslmode, G::Prefer, true), with_gss);
            assert_eq!(of(sslmode, G::Require, true), [Gss]);
            assert_eq!(ways(sslmode, G::Prefer, true, true), [Plain]);
        }
    }

    #[test]
    fn behaviours_101_103_answers_mean_what_the_table_says() {
        use Answer::*;
        assert_eq!(read_answer(Method::Tls, b'S'), Handshake);
        assert_eq!(read_answer(Method::Tls, b'N'), Refused);
        assert_eq!(
            read_answer(Method::Tls, b'E'),
            Fatal(ConnectError::ErrorDuringSsl)
        );
        assert_eq!(
            read_answer(Method::Tls, b'G'),
            Fatal(ConnectError::InvalidSslAnswer(b'G'))
        );
        assert_eq!(read_answer(Method::Gss, b'G'), Handshake);
        assert_eq!(read_answer(Method::Gss, b'N'), Refused);
        assert_eq!(read_answer(Method::Gss, b'E'), Failed);
        assert_eq!(
            read_answer(Method::Gss, b'S'),
            Fatal(ConnectError::InvalidGssAnswer(b'S'))
        );
    }

    #[test]
    fn behaviour_101_a_direct_handshake_needs_a_connection_of_its_own() {
        let mut open = Negotiation {
            open: vec![Method::Gss, Method::Tls],
            direct: true,
        };
        assert_eq!(open.beginning(), Beginning::Request(Method::Gss));
        assert!(open.give_up());
        assert_eq!(open.beginning(), Beginning::DirectTls);
        assert!(!open.may_stay());
        assert!(!open.give_up(), "the last way is not given up");
        open.direct = false;
        assert!(open.may_stay());
        assert_eq!(open.beginning(), Beginning::Request(Method::Tls));
    }
}
