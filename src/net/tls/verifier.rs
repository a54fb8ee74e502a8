//! What rustls asks during a handshake: is this certificate to be trusted, is this signature its key's, which certificate
//! of ours shall be shown.
//!
//! One [`Witness`] belongs to one connection. It remembers what rustls has no place for: why a chain was refused, in full,
//! and whether the server asked for a certificate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::{Certificate, oid, shown_name};
use super::chain::Store;
use super::error::{Reason, TlsError};
use super::provider::{self, KeyKind};

/// What one connection's handshake is judged by and what it has shown.
#[derive(Debug)]
pub(super) struct Witness {
    /// Whom to trust; `None` trusts everybody.
    pub store: Option<Arc<Store>>,
    /// The certificate to show.
    pub identity: Option<Arc<CertifiedKey>>,
    /// Whether the server asked for one.
    pub requested: AtomicBool,
    /// Whether it was given one.
    pub sent: AtomicBool,
    /// Why the server was refused.
    refusal: Mutex<Option<TlsError>>,
}

impl Witness {
    pub fn new(store: Option<Arc<Store>>, identity: Option<Arc<CertifiedKey>>) -> Witness {
        Witness {
            store,
            identity,
            requested: AtomicBool::new(false),
            sent: AtomicBool::new(false),
            refusal: Mutex::new(None),
        }
    }

    /// Why the server was refused, taken out.
    pub fn take_refusal(&self) -> Option<TlsError> {
        match self.refusal.lock() {
            Ok(mut refusal) => refusal.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        }
    }

    fn refuse(&self, error: TlsError, alert: CertificateError) -> Error {
        match self.refusal.lock() {
            Ok(mut refusal) => *refusal = Some(error),
            Err(poisoned) => *poisoned.into_inner() = Some(error),
        }
        Error::InvalidCertificate(alert)
    }

    fn verify_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        tls13: bool,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(certificate) = Certificate::parse(cert) else {
            let error = TlsError::Protocol(Reason::Text("certificate cannot be decoded"));
            return Err(self.refuse(error, CertificateError::BadEncoding));
        };
        if let Some(error) = super::chain::weak_key(&certificate, "ee key too small") {
            return Err(self.refuse(error, CertificateError::BadSignature));
        }
        let (kind, algorithms) = provider::handshake_algorithms(signed.scheme, tls13);
        let fits = |algorithm: &[u8]| match kind {
            KeyKind::OfAlgorithm => algorithm == certificate.key_algorithm,
            KeyKind::RsaPss => certificate.key_oid() == oid::RSA_PSS,
        };
        if algorithms.is_empty() {
            let error = TlsError::Certificate {
                reason: Reason::Owned(format!(
                    "unsupported signature type {:#06x}",
                    u16::from(signed.scheme)
                )),
                certificate: shown_name(&certificate),
            };
            return Err(self.refuse(error, CertificateError::BadSignature));
        }
        for algorithm in algorithms {
            if fits(algorithm.public_key_alg_id().as_ref())
                && algorithm
                    .verify_signature(certificate.public_key, message, signed.signature())
                    .is_ok()
            {
                return Ok(HandshakeSignatureValid::assertion());
            }
        }
        let error = TlsError::Protocol(Reason::Text("bad signature"));
        Err(self.refuse(error, CertificateError::BadSignature))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(store) = &self.store {
            store
                .verify(end_entity, intermediates, now)
                .map_err(|(error, alert)| self.refuse(error, alert))?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, cert, signed, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, cert, signed, true)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider::handshake_schemes()
    }
}

/// Shows our certificate to a server that asks, whichever authorities it names.
#[derive(Debug)]
pub(super) struct ShowCertificate(pub Arc<Witness>);

impl ResolvesClientCert for ShowCertificate {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.0.requested.store(true, Ordering::Relaxed);
        let identity = self.0.identity.as_ref()?;
        identity.key.choose_scheme(sigschemes)?;
        self.0.sent.store(true, Ordering::Relaxed);
        Some(identity.clone())
    }

    // Also without one: only then are we asked, and only then do we know that the server did.
    fn has_certs(&self) -> bool {
        true
    }
}
