//! What goes wrong with TLS, and the one place that words it as libpq does with OpenSSL.
//!
//! A chain that is refused says more than libpq: behind the words that scripts look for (`SSL error: certificate verify
//! failed`) stand the reason, as OpenSSL words it, and the certificate's name.

use std::fmt;
use std::path::PathBuf;

use crate::net::sys;

use super::options::TlsVersion;

/// A failure of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsError {
    /// The root file does not exist, and the server must be verified.
    RootFileMissing(PathBuf),
    /// No home directory to look for the root file in, and the server must be verified.
    RootHomeMissing,
    /// The root file cannot be read or has no certificate in it.
    RootFileUnreadable(PathBuf, Reason),
    /// The roots given as text have no certificate in them.
    RootsUnreadable(Reason),
    /// The system's roots cannot be read.
    SystemRoots(Reason),
    /// The certificate file is there but cannot be looked at: error number.
    CertificateStat(PathBuf, i32),
    /// The certificate file cannot be read; no path for a certificate given as text.
    CertificateUnreadable(PathBuf, Reason),
    /// There is a certificate but no key file.
    KeyMissing(PathBuf),
    /// The key file cannot be looked at: error number.
    KeyStat(PathBuf, i32),
    /// The key file is a directory or the like.
    KeyNotRegular(PathBuf),
    /// Others than its owner may read the key file.
    KeyMode(PathBuf),
    /// The key file cannot be read or understood.
    KeyUnreadable(PathBuf, Reason),
    /// The key is another certificate's.
    KeyMismatch(PathBuf, Reason),
    /// A key in an OpenSSL engine: its name as given.
    Engine(Vec<u8>, Reason),
    /// The highest version allowed is one that is not spoken.
    MaxVersion(TlsVersion),
    /// The connection could not be set up for another reason.
    Setup(Reason),
    /// The two ends do not understand each other, or the peer said why it ended.
    Protocol(Reason),
    /// As [`TlsError::Protocol`], where the reason may be the versions allowed, lowest and highest.
    Version(Reason, TlsVersion, TlsVersion),
    /// The server's certificate is refused: why, and which certificate of the chain.
    Chain {
        /// As OpenSSL words it.
        reason: Reason,
        /// The certificate's name.
        certificate: Vec<u8>,
    },
    /// The server's certificate cannot be used, trusted or not: why, and which it is.
    Certificate {
        /// Why.
        reason: Reason,
        /// The certificate's name.
        certificate: Vec<u8>,
    },
    /// The certificate is for others.
    NameMismatch {
        /// The first name in it.
        first: Vec<u8>,
        /// How many names more were looked at.
        others: usize,
        /// The host asked for.
        host: Vec<u8>,
    },
    /// The certificate has no name at all.
    NoName,
    /// A name in the certificate has a zero byte in it.
    NullInName,
    /// An address in the certificate is neither IPv4 nor IPv6: its length in bytes.
    AddressLength(usize),
    /// No host was given to compare the certificate's names with.
    HostMissing,
    /// The server closed the connection without an end of TLS.
    Eof,
    /// The server ended TLS.
    Closed,
    /// The connection broke: error number.
    Syscall(i32),
    /// The server closed the connection or its machine reset it in the midst of the handshake: error number.
    Reset(i32),
    /// Direct TLS, and the server did not name the protocol.
    NoAlpn,
    /// The server named another protocol.
    WrongAlpn,
    /// No digest can be had of the server's certificate, for its signature has none: the algorithm's name.
    NoDigest(Reason),
    /// The server's certificate cannot be read for its digest.
    NoSignatureAlgorithm,
}

/// A reason in words: ours, or those of a peer or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Fixed words.
    Text(&'static str),
    /// Words made up on the way.
    Owned(String),
    /// The operating system's words for an error number.
    Os(i32),
    /// The alert with this number, received from the server.
    Alert(u8),
}

impl Reason {
    pub(super) fn io(error: &std::io::Error) -> Reason {
        match error.raw_os_error() {
            Some(errno) => Reason::Os(errno),
            None => Reason::Owned(error.to_string()),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Reason::Text(text) => out.extend_from_slice(text.as_bytes()),
            Reason::Owned(text) => out.extend_from_slice(text.as_bytes()),
            Reason::Os(errno) => sys::strerror(*errno, out),
            Reason::Alert(code) => match alert_text(*code) {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                // OpenSSL's code of an error it has no words for: the library, and the alert's number above 1000.
                None => {
                    let number = (20 << 23) + 1000 + u32::from(*code);
                    out.extend_from_slice(format!("SSL error code {number}").as_bytes());
                }
            },
        }
    }
}

/// What to do about a server that cannot be verified; follows both messages about a missing root file.
const ROOT_ADVICE: &str = "\nEither provide the file, use the system's trusted roots with sslrootcert=system, \
     or change sslmode to disable server certificate verification.";

impl TlsError {
    /// Appends libpq's text, without the newline that ends it.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use std::os::unix::ffi::OsStrExt;
        let mut put = |parts: &[Part<'_>]| {
            for part in parts {
                match part {
                    Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                    Part::Bytes(bytes) => out.extend_from_slice(bytes),
                    Part::Path(path) => out.extend_from_slice(path.as_os_str().as_bytes()),
                    Part::Reason(reason) => reason.write(out),
                    Part::Os(errno) => sys::strerror(*errno, out),
                }
            }
        };
        use Part::{Bytes, Os, Path, Reason as Why, Text};
        match self {
            TlsError::RootFileMissing(path) => put(&[
                Text("root certificate file \""),
                Path(path),
                Text("\" does not exist"),
                Text(ROOT_ADVICE),
            ]),
            TlsError::RootHomeMissing => put(&[
                Text("could not get home directory to locate root certificate file"),
                Text(ROOT_ADVICE),
            ]),
            TlsError::RootFileUnreadable(path, why) => put(&[
                Text("could not read root certificate file \""),
                Path(path),
                Text("\": "),
                Why(why),
            ]),
            TlsError::RootsUnreadable(why) => {
                put(&[Text("could not read root certificates: "), Why(why)])
            }
            TlsError::SystemRoots(why) => put(&[
                Text("could not load system root certificate paths: "),
                Why(why),
            ]),
            TlsError::CertificateStat(path, errno) => put(&[
                Text("could not open certificate file \""),
                Path(path),
                Text("\": "),
                Os(*errno),
            ]),
            TlsError::CertificateUnreadable(path, why) if path.as_os_str().is_empty() => {
                put(&[Text("could not read certificate: "), Why(why)])
            }
            TlsError::CertificateUnreadable(path, why) => put(&[
                Text("could not read certificate file \""),
                Path(path),
                Text("\": "),
                Why(why),
            ]),
            TlsError::KeyMissing(path) => put(&[
                Text("certificate present, but not private key file \""),
                Path(path),
                Text("\""),
            ]),
            TlsError::KeyStat(path, errno) => put(&[
                Text("could not stat private key file \""),
                Path(path),
                Text("\": "),
                Os(*errno),
            ]),
            TlsError::KeyNotRegular(path) => put(&[
                Text("private key file \""),
                Path(path),
                Text("\" is not a regular file"),
            ]),
            TlsError::KeyMode(path) => put(&[
                Text("private key file \""),
                Path(path),
                Text(
                    "\" has group or world access; file must have permissions u=rw (0600) or less if owned by the \
                     current user, or permissions u=rw,g=r (0640) or less if owned by root",
                ),
            ]),
            TlsError::KeyUnreadable(path, why) if path.as_os_str().is_empty() => {
                put(&[Text("could not load private key: "), Why(why)])
            }
            TlsError::KeyUnreadable(path, why) => put(&[
                Text("could not load private key file \""),
                Path(path),
                Text("\": "),
                Why(why),
            ]),
            TlsError::KeyMismatch(path, why) if path.as_os_str().is_empty() => {
                put(&[Text("certificate does not match private key: "), Why(why)])
            }
            TlsError::KeyMismatch(path, why) => put(&[
                Text("certificate does not match private key file \""),
                Path(path),
                Text("\": "),
                Why(why),
            ]),
            TlsError::Engine(name, why) => put(&[
                Text("could not load SSL engine \""),
                Bytes(name),
                Text("\": "),
                Why(why),
            ]),
            TlsError::MaxVersion(version) => put(&[
                Text("could not set maximum SSL protocol version: "),
                Text(version.name()),
                Text(" is not supported"),
            ]),
            TlsError::Setup(why) => put(&[Text("could not create SSL context: "), Why(why)]),
            TlsError::Protocol(why) => put(&[Text("SSL error: "), Why(why)]),
            TlsError::Version(why, lowest, highest) => put(&[
                Text("SSL error: "),
                Why(why),
                Text(
                    "\nThis may indicate that the server does not support any SSL protocol version between ",
                ),
                Text(lowest.name()),
                Text(" and "),
                Text(highest.name()),
                Text("."),
            ]),
            TlsError::Chain {
                reason,
                certificate,
            } => put(&[
                Text("SSL error: certificate verify failed: "),
                Why(reason),
                Text(" (certificate \""),
                Bytes(certificate),
                Text("\")"),
            ]),
            TlsError::Certificate {
                reason,
                certificate,
            } => put(&[
                Text("SSL error: "),
                Why(reason),
                Text(" (certificate \""),
                Bytes(certificate),
                Text("\")"),
            ]),
            TlsError::NameMismatch {
                first,
                others,
                host,
            } => {
                put(&[Text("server certificate for \""), Bytes(first), Text("\"")]);
                match others {
                    0 => {}
                    1 => put(&[Text(" (and 1 other name)")]),
                    n => put(&[Text(&format!(" (and {n} other names)"))]),
                }
                put(&[
                    Text(" does not match host name \""),
                    Bytes(host),
                    Text("\""),
                ]);
            }
            TlsError::NoName => put(&[Text(
                "could not get server's host name from server certificate",
            )]),
            TlsError::NullInName => put(&[Text("SSL certificate's name contains embedded null")]),
            TlsError::AddressLength(length) => put(&[Text(&format!(
                "certificate contains IP address with invalid length {length}"
            ))]),
            TlsError::HostMissing => put(&[Text(
                "host name must be specified for a verified SSL connection",
            )]),
            TlsError::Eof => put(&[Text("SSL error: unexpected eof while reading")]),
            TlsError::Closed => put(&[Text("SSL connection has been closed unexpectedly")]),
            TlsError::Syscall(errno) => put(&[Text("SSL SYSCALL error: "), Os(*errno)]),
            TlsError::Reset(errno) => {
                crate::net::NetError::Closed.write_text(out);
                out.extend_from_slice(b"\nSSL SYSCALL error: ");
                sys::strerror(*errno, out);
            }
            TlsError::NoAlpn => put(&[Text(
                "direct SSL connection was established without ALPN protocol negotiation extension",
            )]),
            TlsError::WrongAlpn => put(&[Text(
                "SSL connection was established with unexpected ALPN protocol",
            )]),
            TlsError::NoDigest(name) => put(&[Text("could not find digest for NID "), Why(name)]),
            TlsError::NoSignatureAlgorithm => put(&[Text(
                "could not determine server certificate signature algorithm",
            )]),
        }
    }

    /// Wraps it for a call that gives [`std::io::Error`]; [`crate::net::NetError`] unwraps it.
    pub(super) fn into_io(self) -> std::io::Error {
        std::io::Error::other(self)
    }
}

/// What a message is put together from.
enum Part<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    Path(&'a std::path::Path),
    Reason(&'a Reason),
    Os(i32),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write_text(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl std::error::Error for TlsError {}

/// OpenSSL's words for an alert received, by its number.
fn alert_text(code: u8) -> Option<&'static str> {
    Some(match code {
        10 => "sslv3 alert unexpected message",
        20 => "sslv3 alert bad record mac",
        21 => "tlsv1 alert decryption failed",
        22 => "tlsv1 alert record overflow",
        30 => "sslv3 alert decompression failure",
        40 => "sslv3 alert handshake failure",
        41 => "sslv3 alert no certificate",
        42 => "sslv3 alert bad certificate",
        43 => "sslv3 alert unsupported certificate",
        44 => "sslv3 alert certificate revoked",
        45 => "sslv3 alert certificate expired",
        46 => "sslv3 alert certificate unknown",
        47 => "sslv3 alert illegal parameter",
        48 => "tlsv1 alert unknown ca",
        49 => "tlsv1 alert access denied",
        50 => "tlsv1 alert decode error",
        51 => "tlsv1 alert decrypt error",
        60 => "tlsv1 alert export restriction",
        70 => "tlsv1 alert protocol version",
        71 => "tlsv1 alert insufficient security",
        80 => "tlsv1 alert internal error",
        86 => "tlsv1 alert inappropriate fallback",
        90 => "tlsv1 alert user cancelled",
        100 => "tlsv1 alert no renegotiation",
        109 => "tlsv13 alert missing extension",
        110 => "tlsv1 unsupported extension",
        111 => "tlsv1 certificate unobtainable",
        112 => "tlsv1 unrecognized name",
        113 => "tlsv1 bad certificate status response",
        114 => "tlsv1 bad certificate hash value",
        116 => "tlsv13 alert certificate required",
        115 => "tlsv1 alert unknown psk identity",
        120 => "tlsv1 alert no application protocol",
        _ => return None,
    })
}
