//! TLS for one attempt: options made of a plan, the handshake, and what authentication looks at afterwards.
//!
//! Owns where certificates, keys and lists are looked for (behaviours 349-355). Refuses to read them: that is
//! [`crate::net::tls`]. `no_tls.rs` stands in for this file in a build without TLS.
//!
//! Beyond libpq: `sslrootcert`, `sslcert` and `sslkey` may hold PEM text in place of a file's name. It is known by its
//! first words, `-----BEGIN `, which no file name has that anybody uses; so no option is added, and the list of
//! options stays libpq's.

use std::cell::Cell;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::config::{
    self, ConnectPlan, Env, HostSpec, Opt, PolicyEnv, SslCertMode, SslMode, SslNegotiation,
};
pub(super) use crate::net::tls::Config;
use crate::net::tls::{
    ClientCertificate, PasswordHook, Progress, Roots, SharedConfig, Source, TlsError, TlsOptions,
    TlsStream, TlsVersion, Verify,
};
use crate::net::{NetError, Transport};
use crate::protocol::startup::{Channel, EndPoint};

use super::encryption::{Begun, PassPhrase, Shake, TlsFacts};
use super::link::Link;

/// The name of the TLS implementation.
///
/// Not "OpenSSL": who reads that name may go on to `PQgetssl` or `PQsslStruct` and hand what they get to OpenSSL's
/// functions, and there is no such object here.
pub const LIBRARY: Option<&str> = Some("rustls");

/// What connections that are alike have in common, or nothing.
pub type SharedTls = Option<Arc<SharedConfig>>;

/// What PEM text begins with.
const PEM_START: &[u8] = b"-----BEGIN ";
/// Where the default files are, below the home directory.
const DIRECTORY: &str = ".postgresql";

/// Makes the link's plain socket one on which a handshake can begin.
///
/// # Errors
/// Whatever is wrong with the files, or with how the options go together.
pub(super) fn begin(
    link: &mut Link,
    plan: &ConnectPlan,
    host: &HostSpec,
    env: &PolicyEnv,
    pass_phrase: PassPhrase,
    shared: &SharedTls,
) -> Result<Begun, TlsError> {
    let asked = Rc::new(Cell::new(false));
    let may_ask = matches!(pass_phrase, PassPhrase::Unasked);
    let (password, hook) = match pass_phrase {
        PassPhrase::Known(phrase) => (Some(phrase), None),
        _ => {
            let asked = Rc::clone(&asked);
            let hook: PasswordHook = Box::new(move || {
                asked.set(may_ask);
                None
            });
            (None, Some(hook))
        }
    };
    let options = options(plan, host, env, password, hook);
    let config = match shared {
        // An encrypted key fails then, and comes back with its pass phrase.
        Some(shared) if may_ask => shared.get(&options),
        _ => Config::new(&options),
    };
    let config = match config {
        Ok(config) => config,
        Err(_) if asked.get() => return Ok(Begun::NeedsPassPhrase),
        Err(error) => return Err(error),
    };
    start(link, host, config)
}

/// The same, with what an earlier connection to this host was set up with.
///
/// # Errors
/// What is wrong with it.
pub(super) fn start(link: &mut Link, host: &HostSpec, config: Config) -> Result<Begun, TlsError> {
    match link.transport.take() {
        Some(Transport::Plain(socket)) => {
            let stream = TlsStream::start(socket, &config, &host.host)?;
            link.transport = Some(Transport::Tls(Box::new(stream)));
        }
        other => link.transport = other,
    }
    Ok(Begun::Ready(config))
}

/// Goes on with the handshake, without waiting.
///
/// # Errors
/// It failed; the transport is of no use any more.
pub(super) fn handshake(link: &mut Link, plan: &ConnectPlan) -> Result<Shake, TlsError> {
    let Some(Transport::Tls(stream)) = &mut link.transport else {
        return Ok(Shake::Done);
    };
    match stream.handshake()? {
        Progress::WantRead => Ok(Shake::Reading),
        Progress::WantWrite => Ok(Shake::Writing),
        Progress::Done => {
            // A server that takes a direct handshake but does not know the protocol by name may be another one.
            if plan.sslnegotiation == SslNegotiation::Direct {
                stream.require_alpn()?;
            }
            Ok(Shake::Done)
        }
    }
}

/// What authentication looks at.
pub(super) fn channel(link: &Link, plan: &ConnectPlan) -> Channel {
    let Some(Transport::Tls(stream)) = &link.transport else {
        return Channel::default();
    };
    let facts = stream.facts();
    let end_point = match plan.channel_binding {
        // Never looked at, but TLS it is.
        config::ChannelBinding::Disable => EndPoint::None(Vec::new()),
        _ => match stream.server_end_point() {
            Ok(hash) => EndPoint::Hash(hash),
            Err(error) => {
                let mut reason = Vec::new();
                error.write_text(&mut reason);
                EndPoint::None(reason)
            }
        },
    };
    Channel {
        end_point: Some(end_point),
        certificate_requested: facts.client_cert_requested,
        certificate_sent: facts.client_cert_sent,
    }
}

/// Whether a failure to receive only means that the server has closed, with or without the end that TLS has for that.
pub(super) fn is_end(error: &NetError) -> bool {
    matches!(error, NetError::Tls(TlsError::Eof | TlsError::Closed))
}

fn options(
    plan: &ConnectPlan,
    host: &HostSpec,
    env: &dyn Env,
    password: Option<Zeroizing<Vec<u8>>>,
    password_hook: Option<PasswordHook>,
) -> TlsOptions {
    let settings = plan.settings();
    let home = env.home_dir();
    let default_file = |name: &str| {
        let home = PathBuf::from(OsString::from_vec(home.clone()?));
        Some(home.join(DIRECTORY).join(name))
    };
    let given = |option| settings.get_nonempty(option);
    let path = |option| given(option).map(path_of);
    let policy = env.policy();
    let identity = policy.and_then(|policy| policy.identity.as_ref());
    // The context's stand in for the files in the home directory, and only together.
    let identity =
        identity.filter(|_| given(Opt::Sslcert).is_none() && given(Opt::Sslkey).is_none());
    let source = |option, default| match given(option) {
        Some(text) if text.starts_with(PEM_START) => {
            Some(Source::Pem(Zeroizing::new(text.to_vec())))
        }
        Some(text) => Some(Source::File(path_of(text))),
        None => default_file(default).map(Source::File),
    };
    let verify = match plan.sslmode {
        SslMode::VerifyFull => Verify::Full,
        SslMode::VerifyCa => Verify::Ca,
        _ => Verify::None,
    };
    let roots = policy.and_then(|policy| policy.roots.as_deref());
    let roots = match given(Opt::Sslrootcert) {
        Some(b"system") => Roots::System,
        Some(text) if text.starts_with(PEM_START) => Roots::Pem(text.to_vec()),
        _ => match path(Opt::Sslrootcert).or_else(|| default_file("root.crt")) {
            _ if given(Opt::Sslrootcert).is_none() && roots.is_some() => {
                Roots::Pem(roots.unwrap_or_default().to_vec())
            }
            Some(path) => Roots::File {
                path,
                required: verify != Verify::None,
            },
            None => Roots::None,
        },
    };
    let certificate = match plan.sslcertmode {
        SslCertMode::Disable => None,
        _ => match identity {
            Some((certificate, key)) => Some((
                Source::Pem(Zeroizing::new(certificate.to_vec())),
                Source::Pem(Zeroizing::clone(key)),
            )),
            None => {
                source(Opt::Sslcert, "postgresql.crt").zip(source(Opt::Sslkey, "postgresql.key"))
            }
        }
        .map(|(certificate, key)| ClientCertificate {
            certificate,
            key,
            password,
            password_hook,
        }),
    };
    let crl_dir = path(Opt::Sslcrldir);
    let crl_file = match (path(Opt::Sslcrl), &crl_dir) {
        (None, None) => default_file("root.crl"),
        (file, _) => file,
    };
    TlsOptions {
        verify,
        host: host.host.clone(),
        sni: plan.is_on(Opt::Sslsni),
        roots,
        crl_file,
        crl_dir,
        certificate,
        min_version: plan.ssl_min_protocol_version.map(version),
        max_version: plan.ssl_max_protocol_version.map(version),
        key_log: path(Opt::Sslkeylogfile),
        alpn: true,
    }
}

fn path_of(text: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(text.to_vec()))
}

fn version(version: config::TlsVersion) -> TlsVersion {
    match version {
        config::TlsVersion::V1_0 => TlsVersion::V1_0,
        config::TlsVersion::V1_1 => TlsVersion::V1_1,
        config::TlsVersion::V1_2 => TlsVersion::V1_2,
        config::TlsVersion::V1_3 => TlsVersion::V1_3,
    }
}

/// What can be told about a link's TLS, once its server has been accepted.
pub(super) fn facts(link: &Link) -> Option<TlsFacts> {
    match &link.transport {
        Some(Transport::Tls(stream)) if link.secured => {
            let facts = stream.facts();
            Some(TlsFacts {
                protocol: facts.protocol.into(),
                cipher: facts.cipher.into(),
                key_bits: facts.key_bits.into(),
                alpn: facts.alpn,
            })
        }
        _ => None,
    }
}
