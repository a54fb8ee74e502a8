//! From options to what rustls needs: files are read here, once, before a connection begins.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SupportedProtocolVersion};

use super::chain::Store;
use super::crl::RevocationLists;
use super::error::{Reason, TlsError};
use super::identity;
use super::key_log::KeyLogFile;
use super::options::{Roots, TlsOptions, TlsVersion, Verify};
use super::verifier::{ShowCertificate, Witness};
use super::{pem, provider};

/// The largest file read, in bytes.
const FILE_MAX: u64 = 64 * 1024 * 1024;

/// What the server speaks, as ALPN names it.
pub(super) const PROTOCOL: &[u8] = b"postgresql";

/// Everything a connection needs but its host. Cheap to clone; connections may share it.
#[derive(Clone)]
pub struct Config {
    pub(super) verify: Verify,
    pub(super) sni: bool,
    pub(super) versions: (TlsVersion, TlsVersion),
    pub(super) base: Arc<ClientConfig>,
    pub(super) store: Option<Arc<Store>>,
    pub(super) identity: Option<Arc<CertifiedKey>>,
}

impl Config {
    /// Reads what the options name. Blocks in file access.
    ///
    /// # Errors
    /// What cannot be read or used, in libpq's words.
    pub fn new(options: &TlsOptions) -> Result<Config, TlsError> {
        let store = store(options)?.map(Arc::new);
        let verify = match (&store, options.verify) {
            (Some(_), verify) => verify.max(Verify::Ca),
            (None, _) => Verify::None,
        };
        let (versions, allowed) = versions(options)?;
        let identity = match &options.certificate {
            Some(certificate) => identity::load(certificate)?.map(Arc::new),
            None => None,
        };
        let nobody = Arc::new(Witness::new(None, None));
        let mut base = ClientConfig::builder_with_provider(provider::provider().clone())
            .with_protocol_versions(&allowed)
            .map_err(|e| TlsError::Setup(Reason::Owned(e.to_string())))?
            .dangerous()
            .with_custom_certificate_verifier(nobody.clone())
            .with_client_cert_resolver(Arc::new(ShowCertificate(nobody)));
        // PostgreSQL's server gives out no tickets, and a session must not outlive its connection's checks.
        base.resumption = Resumption::disabled();
        if options.alpn {
            base.alpn_protocols = vec![PROTOCOL.to_vec()];
        }
        if let Some(path) = &options.key_log {
            base.key_log = Arc::new(KeyLogFile::open(path));
        }
        Ok(Config {
            verify,
            sni: options.sni,
            versions,
            base: Arc::new(base),
            store,
            identity,
        })
    }

    /// One connection's own: with a witness that belongs to nobody else.
    pub(super) fn for_connection(&self, sni: bool) -> (Arc<ClientConfig>, Arc<Witness>) {
        let witness = Arc::new(Witness::new(self.store.clone(), self.identity.clone()));
        let mut config = ClientConfig::clone(&self.base);
        config.dangerous().set_certificate_verifier(witness.clone());
        config.client_auth_cert_resolver = Arc::new(ShowCertificate(witness.clone()));
        config.enable_sni = sni;
        (Arc::new(config), witness)
    }
}

/// The versions allowed, for messages and for rustls.
type Versions = (
    (TlsVersion, TlsVersion),
    Vec<&'static SupportedProtocolVersion>,
);

fn versions(options: &TlsOptions) -> Result<Versions, TlsError> {
    let lowest = options.min_version.unwrap_or(TlsVersion::V1_2);
    let highest = options.max_version.unwrap_or(TlsVersion::V1_3);
    if highest < TlsVersion::V1_2 {
        return Err(TlsError::MaxVersion(highest));
    }
    let mut allowed = Vec::new();
    for (version, known) in [
        (TlsVersion::V1_3, &rustls::version::TLS13),
        (TlsVersion::V1_2, &rustls::version::TLS12),
    ] {
        if (lowest..=highest).contains(&version) {
            allowed.push(known);
        }
    }
    Ok(((lowest, highest), allowed))
}

/// Whom to trust; `None` where nothing is verified.
fn store(options: &TlsOptions) -> Result<Option<Store>, TlsError> {
    let must = options.verify >= Verify::Ca;
    let mut lists = RevocationLists::default();
    let certificates = match &options.roots {
        Roots::None if must => return Err(TlsError::RootHomeMissing),
        Roots::None => return Ok(None),
        Roots::Pem(text) => {
            lists.add(text);
            let found = pem::certificates(text);
            if found.is_empty() {
                return Err(TlsError::RootsUnreadable(NO_CERTIFICATE));
            }
            found
        }
        Roots::File { path, required } => {
            if fs::metadata(path).is_err() {
                return match must || *required {
                    true => Err(TlsError::RootFileMissing(path.clone())),
                    false => Ok(None),
                };
            }
            let text = read_file(path)
                .map_err(|e| TlsError::RootFileUnreadable(path.clone(), Reason::io(&e)))?;
            lists.add(&text);
            let found = pem::certificates(&text);
            if found.is_empty() {
                return Err(TlsError::RootFileUnreadable(path.clone(), NO_CERTIFICATE));
            }
            found
        }
        Roots::System => system_roots()?,
    };
    let store = Store::new(certificates, revocation(options, lists));
    match (&options.roots, store.is_empty()) {
        (Roots::File { path, .. }, true) => Err(TlsError::RootFileUnreadable(
            path.clone(),
            Reason::Text("certificate cannot be decoded"),
        )),
        (_, true) => Err(TlsError::RootsUnreadable(NO_CERTIFICATE)),
        (_, false) => Ok(Some(store)),
    }
}

const NO_CERTIFICATE: Reason = Reason::Text("no certificate or crl found");

/// The revocation lists, if any were asked for and could be read (behaviour 354). `lists` has those of the root file.
fn revocation(options: &TlsOptions, mut lists: RevocationLists) -> Option<RevocationLists> {
    let mut asked = false;
    if let Some(path) = &options.crl_file {
        let text = read_file(path).ok()?;
        if lists.add(&text) == 0 {
            return None;
        }
        asked = true;
    }
    if let Some(dir) = &options.crl_dir {
        asked = true;
        for path in crl_files(dir) {
            if let Ok(text) = read_file(&path) {
                lists.add_from_directory(&text);
            }
        }
    }
    asked.then_some(lists)
}

/// The revocation lists in a directory.
pub(super) fn crl_files(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| is_hashed_name(entry.file_name().as_encoded_bytes()))
        .map(|entry| entry.path())
}

/// Whether a file has a name as `openssl rehash` gives to revocation lists: `0123abcd.r0`.
fn is_hashed_name(name: &[u8]) -> bool {
    match name.split_at_checked(8) {
        Some((hash, [b'.', b'r', number @ ..])) => {
            hash.iter().all(u8::is_ascii_hexdigit)
                && !number.is_empty()
                && number.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

#[cfg(feature = "tls-system-roots")]
fn system_roots() -> Result<Vec<Vec<u8>>, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = match found.errors.first() {
            Some(error) => Reason::Owned(error.to_string()),
            None => NO_CERTIFICATE,
        };
        return Err(TlsError::SystemRoots(why));
    }
    Ok(found.certs.into_iter().map(|c| c.to_vec()).collect())
}

#[cfg(not(feature = "tls-system-roots"))]
fn system_roots() -> Result<Vec<Vec<u8>>, TlsError> {
    Err(TlsError::SystemRoots(Reason::Text(
        "this library was built without them",
    )))
}

/// All of a file, if it is not too large.
pub(super) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let mut text = Vec::new();
    match file.take(FILE_MAX + 1).read_to_end(&mut text) {
        // OpenSSL finds nothing in a directory.
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {}
        result => drop(result?),
    }
    if text.len() as u64 > FILE_MAX {
        return Err(std::io::Error::from_raw_os_error(libc::EFBIG));
    }
    Ok(text)
}
