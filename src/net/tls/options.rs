//! What a TLS connection is asked to be.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// How far the server is verified, as `sslmode` asks. A root file that is there raises [`Verify::None`] to
/// [`Verify::Ca`] (behaviour 350).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verify {
    /// Encrypts only.
    None,
    /// Its certificate must come from a trusted authority.
    Ca,
    /// And be for the host asked for.
    Full,
}

/// Whom to trust (`sslrootcert`).
#[derive(Clone, PartialEq)]
pub enum Roots {
    /// Nobody: nothing is verified. With [`Verify::Ca`] or more, an error says that no home directory was found.
    None,
    /// The authorities in a file of PEM certificates.
    File {
        /// The file.
        path: PathBuf,
        /// Whether it is an error that it does not exist. It is anyway with [`Verify::Ca`] or more.
        required: bool,
    },
    /// Those that the system trusts.
    System,
    /// Those given here, in PEM.
    Pem(Vec<u8>),
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.0. Not spoken: as the lowest version it means [`TlsVersion::V1_2`].
    V1_0,
    /// TLS 1.1. Not spoken, either.
    V1_1,
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl TlsVersion {
    /// As libpq's options and OpenSSL spell it.
    pub fn name(self) -> &'static str {
        match self {
            TlsVersion::V1_0 => "TLSv1",
            TlsVersion::V1_1 => "TLSv1.1",
            TlsVersion::V1_2 => "TLSv1.2",
            TlsVersion::V1_3 => "TLSv1.3",
        }
    }
}

/// A certificate or key: where it is, or itself.
#[derive(Clone, PartialEq)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// Here, in PEM (a key also in DER).
    Pem(Zeroizing<Vec<u8>>),
}

impl Source {
    /// The file, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Source::File(path) => Some(path),
            Source::Pem(_) => None,
        }
    }
}

/// Asked for the pass phrase of a private key; gives `None` when there is none.
pub type PasswordHook = Box<dyn Fn() -> Option<Zeroizing<Vec<u8>>>>;

/// The certificate we show to a server that asks for one, and its key.
pub struct ClientCertificate {
    /// The certificate and those that lead to its authority. A file that does not exist means no certificate.
    pub certificate: Source,
    /// Its private key: PKCS#8, PKCS#1 or SEC1, in PEM or DER, perhaps encrypted.
    pub key: Source,
    /// The key's pass phrase (`sslpassword`).
    pub password: Option<Zeroizing<Vec<u8>>>,
    /// Asked instead of looking at `password`.
    pub password_hook: Option<PasswordHook>,
}

/// What a TLS connection is asked to be.
pub struct TlsOptions {
    /// How far the server is verified.
    pub verify: Verify,
    /// The host as the user gave it: for [`Verify::Full`], SNI and messages.
    pub host: Vec<u8>,
    /// Whether the server is told which host is wanted (`sslsni`). An address never is.
    pub sni: bool,
    /// Whom to trust.
    pub roots: Roots,
    /// Revocation lists in one file (`sslcrl`). What cannot be read is left out.
    pub crl_file: Option<PathBuf>,
    /// Revocation lists in a directory prepared by `openssl rehash` (`sslcrldir`).
    pub crl_dir: Option<PathBuf>,
    /// The certificate we have, if any.
    pub certificate: Option<ClientCertificate>,
    /// The lowest version that will do; [`TlsVersion::V1_2`] where nothing is said.
    pub min_version: Option<TlsVersion>,
    /// The highest.
    pub max_version: Option<TlsVersion>,
    /// Where the secrets of the connection are appended for a network analyser (`sslkeylogfile`).
    pub key_log: Option<PathBuf>,
    /// Whether the protocol is named to the server (ALPN).
    pub alpn: bool,
}

impl Default for TlsOptions {
    /// Encrypts, verifies nothing, has no certificate.
    fn default() -> Self {
        TlsOptions {
            verify: Verify::None,
            host: Vec::new(),
            sni: true,
            roots: Roots::None,
            crl_file: None,
            crl_dir: None,
            certificate: None,
            min_version: None,
            max_version: None,
            key_log: None,
            alpn: true,
        }
    }
}
