//! The certificate we show and its key: files, their permissions, and whether the two belong together
//! (behaviours 351, 352).

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::certificate::Certificate;
use super::config::read_file;
use super::error::{Reason, TlsError};
use super::options::{ClientCertificate, Source};
use super::{key, pem, provider};

/// Reads the certificate and its key; `None` where the certificate's file does not exist.
///
/// # Errors
/// In libpq's words.
pub(super) fn load(options: &ClientCertificate) -> Result<Option<CertifiedKey>, TlsError> {
    let Some(chain) = certificates(&options.certificate)? else {
        return Ok(None);
    };
    let (path, text) = key_text(&options.key)?;
    let unreadable = |why| TlsError::KeyUnreadable(path.clone(), why);
    let decoded = key::decode(&text, &mut || password(options)).map_err(unreadable)?;
    let der = PrivateKeyDer::try_from(&decoded[..])
        .map_err(|_| unreadable(Reason::Text("unsupported private key")))?;
    let signing = provider::provider()
        .key_provider
        .load_private_key(der.clone_key())
        .map_err(|e| unreadable(Reason::Owned(e.to_string())))?;
    // rustls compares the two itself, but not for a certificate of version 1.
    let own = chain.first().and_then(|der| Certificate::parse(der));
    if let (Some(own), Some(key)) = (own, signing.public_key())
        && own.spki != &key[..]
    {
        // OpenSSL notices at different times.
        let same_type = Certificate::key_algorithm_of(&key) == Some(own.key_algorithm);
        return Err(match same_type {
            true => TlsError::KeyUnreadable(path, Reason::Text("key values mismatch")),
            false => TlsError::KeyMismatch(path, Reason::Text("no certificate assigned")),
        });
    }
    Ok(Some(CertifiedKey::new(chain, signing)))
}

/// The certificate first, then those that lead to its authority.
fn certificates(source: &Source) -> Result<Option<Vec<CertificateDer<'static>>>, TlsError> {
    let (path, text) = match source {
        Source::Pem(text) => (PathBuf::new(), text.to_vec()),
        Source::File(path) => {
            if let Err(error) = fs::metadata(path) {
                return match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                    _ => Err(TlsError::CertificateStat(
                        path.clone(),
                        crate::net::errno_of(&error),
                    )),
                };
            }
            let text = read_file(path)
                .map_err(|e| TlsError::CertificateUnreadable(path.clone(), Reason::io(&e)))?;
            (path.clone(), text)
        }
    };
    let found = pem::certificates(&text);
    if found.is_empty() {
        return Err(TlsError::CertificateUnreadable(
            path,
            Reason::Text("no start line"),
        ));
    }
    // A trusted certificate's section has more in it than the certificate.
    let readable: Option<Vec<CertificateDer<'static>>> = found
        .iter()
        .map(|der| Some(CertificateDer::from(Certificate::parse(der)?.der.to_vec())))
        .collect();
    match readable {
        Some(chain) => Ok(Some(chain)),
        None => Err(TlsError::CertificateUnreadable(
            path,
            Reason::Text("certificate cannot be decoded"),
        )),
    }
}

/// The key's text and where it came from; an empty path where it was given as text.
fn key_text(source: &Source) -> Result<(PathBuf, Zeroizing<Vec<u8>>), TlsError> {
    let path = match source {
        Source::Pem(text) => return Ok((PathBuf::new(), text.clone())),
        Source::File(path) => path,
    };
    if let Some(engine) = engine_of(path) {
        return Err(TlsError::Engine(
            engine,
            Reason::Text("engines and PKCS#11 tokens are not supported"),
        ));
    }
    let about = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => TlsError::KeyMissing(path.clone()),
        _ => TlsError::KeyStat(path.clone(), crate::net::errno_of(&error)),
    })?;
    if !about.is_file() {
        return Err(TlsError::KeyNotRegular(path.clone()));
    }
    // The owner may do anything; root's file may be read by its group.
    let forbidden = match about.uid() {
        0 => 0o037,
        _ => 0o077,
    };
    if about.mode() & forbidden != 0 {
        return Err(TlsError::KeyMode(path.clone()));
    }
    let text =
        read_file(path).map_err(|e| TlsError::KeyUnreadable(path.clone(), Reason::io(&e)))?;
    Ok((path.clone(), Zeroizing::new(text)))
}

/// The engine in `engine:key`, as libpq cuts it off, or the scheme of a PKCS#11 address.
fn engine_of(path: &Path) -> Option<Vec<u8>> {
    let text = path.as_os_str().as_bytes();
    let colon = text.iter().position(|&b| b == b':')?;
    (!text[..colon].contains(&b'/')).then(|| text[..colon].to_vec())
}

/// The pass phrase: from the hook, or else the one given.
fn password(options: &ClientCertificate) -> Option<Zeroizing<Vec<u8>>> {
    match &options.password_hook {
        Some(hook) => hook(),
        None => options.password.clone(),
    }
}
