//! Whether a server's certificate comes from an authority we trust.
//!
//! webpki decides; this module decides what webpki gets to see, so that what OpenSSL accepts is accepted and what it
//! refuses is refused, and finds the words for a refusal:
//!
//! - Only certificates that name themselves as issuer, are authorities and are valid today are trust anchors. What else
//!   stands in the root file only helps to build a chain, as without OpenSSL's partial chains.
//! - A server certificate that stands itself in the root file is trusted though it be an authority, too (what
//!   `openssl req -x509` makes).
//! - A server certificate of version 1, or one that is an authority, is shown to webpki as one of version 3 that is
//!   none; its signature is checked over what was really signed.
//! - Revocation lists are checked here for every certificate of the chain, the anchor included.

use rustls::CertificateError;
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
    TrustAnchor, UnixTime,
};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::certificate::{Certificate, oid, shown_name};
use super::crl::RevocationLists;
use super::error::{Reason, TlsError};
use super::provider;

/// The shortest RSA key that is trusted, in bits.
const RSA_BITS_MIN: usize = 2048;

/// Whom to trust.
#[derive(Debug)]
pub(super) struct Store {
    /// Everything in the root file.
    certificates: Vec<CertificateDer<'static>>,
    /// The revocation lists, where they shall be looked at.
    revocation: Option<RevocationLists>,
}

/// What is refused: for the user, and for the alert that the server gets.
pub(super) type Refusal = (TlsError, CertificateError);

impl Store {
    /// Certificates that cannot be read are left out.
    pub fn new(certificates: Vec<Vec<u8>>, revocation: Option<RevocationLists>) -> Store {
        let readable = certificates
            .into_iter()
            .filter_map(|der| Some(Certificate::parse(&der)?.der.to_vec()))
            .map(CertificateDer::from)
            .collect();
        Store {
            certificates: readable,
            revocation,
        }
    }

    /// Whether there is no certificate in it.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    fn parsed(&self) -> impl Iterator<Item = (&CertificateDer<'static>, Certificate<'_>)> {
        self.certificates
            .iter()
            .filter_map(|der| Some((der, Certificate::parse(der)?)))
    }

    /// Checks the chain from `leaf` to an authority in the store; `presented` is what the server sent beside it.
    ///
    /// # Errors
    /// The reason, and the certificate it is about.
    pub fn verify(
        &self,
        leaf: &[u8],
        presented: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let Some(certificate) = Certificate::parse(leaf) else {
            return Err(refusal(
                "certificate cannot be decoded",
                b"",
                CertificateError::BadEncoding,
            ));
        };
        if let Some(error) = weak_key(&certificate, "EE certificate key too weak") {
            return Err((error, CertificateError::BadSignature));
        }
        check_usage(&certificate)?;
        if certificate.is_self_issued() && self.certificates.iter().any(|der| der[..] == *leaf) {
            check_dates(&certificate, seconds)?;
            return self.check_revocation(&[certificate], seconds);
        }

        let anchors: Vec<(Certificate<'_>, TrustAnchor<'_>)> = self
            .parsed()
            .filter(|(_, c)| is_anchor(c) && check_dates(c, seconds).is_ok())
            .filter_map(|(der, c)| Some((c, webpki::anchor_from_trusted_cert(der).ok()?)))
            .collect();
        let trusted: Vec<TrustAnchor<'_>> = anchors.iter().map(|(_, a)| a.clone()).collect();
        let mut helpers: Vec<CertificateDer<'_>> = presented.to_vec();
        helpers.extend(
            self.parsed()
                .filter(|(_, c)| !is_anchor(c))
                .map(|(d, _)| d.clone()),
        );

        let rewritten = needs_rewriting(&certificate)
            .then(|| certificate.as_end_entity())
            .flatten();
        let (shown, tbs): (&[u8], &[u8]) = match &rewritten {
            Some((shown, tbs)) => (shown, tbs),
            None => (certificate.der, certificate.tbs),
        };
        let algorithms: Vec<OverOriginal<'_>> = provider::signature_algorithms()
            .iter()
            .map(|inner| OverOriginal {
                inner: *inner,
                shown: tbs,
                original: certificate.tbs,
            })
            .collect();
        let algorithms: Vec<&dyn SignatureVerificationAlgorithm> =
            algorithms.iter().map(|a| a as _).collect();

        let revoked = std::cell::RefCell::new(None);
        let check_path = |path: &VerifiedPath<'_>| {
            let result = self.check_path(&certificate, path, &anchors, seconds);
            result.map_err(|refusal| {
                revoked.borrow_mut().get_or_insert(refusal);
                webpki::Error::CertRevoked
            })
        };
        let shown = CertificateDer::from(shown);
        let result = EndEntityCert::try_from(&shown).and_then(|leaf| {
            leaf.verify_for_usage(
                &algorithms,
                &trusted,
                &helpers,
                now,
                KeyUsage::server_auth(),
                None,
                Some(&check_path),
            )
            .map(drop)
        });
        match result {
            Ok(()) => Ok(()),
            Err(error) => Err(revoked
                .into_inner()
                .unwrap_or_else(|| self.explain(&certificate, presented, seconds, &error))),
        }
    }

    /// What webpki leaves to its caller: how long the anchor lets a chain be, and revocation.
    fn check_path(
        &self,
        leaf: &Certificate<'_>,
        path: &VerifiedPath<'_>,
        anchors: &[(Certificate<'_>, TrustAnchor<'_>)],
        now: i64,
    ) -> Result<(), Refusal> {
        let used = path.anchor();
        let anchor = anchors.iter().find(|(_, a)| a == used).map(|(c, _)| *c);
        let mut chain = vec![*leaf];
        let intermediates: Vec<CertificateDer<'_>> =
            path.intermediate_certificates().map(|c| c.der()).collect();
        chain.extend(
            intermediates
                .iter()
                .filter_map(|der| Certificate::parse(der)),
        );
        if let Some(anchor) = anchor {
            let between = chain.iter().skip(1).filter(|c| !c.is_self_issued()).count();
            let limit = anchor.basic_constraints().and_then(|(_, limit)| limit);
            if limit.is_some_and(|limit| between > limit as usize) {
                return Err(refusal_of(
                    "path length constraint exceeded",
                    &anchor,
                    CertificateError::UnknownIssuer,
                ));
            }
            chain.push(anchor);
        }
        self.check_revocation(&chain, now)
    }

    fn check_revocation(&self, chain: &[Certificate<'_>], now: i64) -> Result<(), Refusal> {
        let Some(lists) = &self.revocation else {
            return Ok(());
        };
        for (i, certificate) in chain.iter().enumerate() {
            let issuer = chain.get(i + 1).unwrap_or(certificate);
            lists.check(certificate, issuer, now).map_err(|why| {
                let alert = match why {
                    "certificate revoked" => CertificateError::Revoked,
                    _ => CertificateError::UnknownRevocationStatus,
                };
                refusal_of(why, certificate, alert)
            })?;
        }
        Ok(())
    }

    /// Finds the words for what webpki refused: walks up from the leaf by names and says what is wrong first.
    fn explain(
        &self,
        leaf: &Certificate<'_>,
        presented: &[CertificateDer<'_>],
        now: i64,
        error: &webpki::Error,
    ) -> Refusal {
        let presented: Vec<Certificate<'_>> = presented
            .iter()
            .filter_map(|der| Certificate::parse(der))
            .collect();
        let mut chain = vec![*leaf];
        // No longer than what webpki would have followed.
        for _ in 0..8 {
            let Some(&top) = chain.last() else { break };
            if top.is_self_issued() {
                break;
            }
            let signs = |c: &&Certificate<'_>| c.subject == top.issuer;
            let stored: Vec<Certificate<'_>> = self.parsed().map(|(_, c)| c).collect();
            let valid = |c: &&Certificate<'_>| signs(c) && check_dates(c, now).is_ok();
            let found = stored
                .iter()
                .find(valid)
                .or_else(|| presented.iter().find(valid))
                .or_else(|| stored.iter().find(signs))
                .or_else(|| presented.iter().find(signs))
                .copied();
            let Some(issuer) = found else {
                return refusal_of(
                    "unable to get local issuer certificate",
                    &top,
                    CertificateError::UnknownIssuer,
                );
            };
            chain.push(issuer);
        }
        let Some(&top) = chain.last() else {
            return refusal_of(
                "unable to get local issuer certificate",
                leaf,
                CertificateError::UnknownIssuer,
            );
        };
        if !self.certificates.iter().any(|der| der[..] == *top.der) {
            let why = match chain.len() {
                1 => "self-signed certificate",
                _ => "self-signed certificate in certificate chain",
            };
            return refusal_of(why, &top, CertificateError::UnknownIssuer);
        }
        for certificate in &chain[1..] {
            if let Some(error) = weak_key(certificate, "CA certificate key too weak") {
                return (error, CertificateError::BadSignature);
            }
            let anchor = certificate.is_self_issued();
            let is_ca = certificate.basic_constraints().is_some_and(|(ca, _)| ca);
            if !(is_ca || anchor && is_anchor(certificate)) {
                return refusal_of(
                    "invalid CA certificate",
                    certificate,
                    CertificateError::InvalidPurpose,
                );
            }
            if !certificate.may_be_server() {
                return refusal_of(
                    "unsuitable certificate purpose",
                    certificate,
                    CertificateError::InvalidPurpose,
                );
            }
        }
        for certificate in chain.iter().filter(|c| !c.is_self_issued()) {
            if let Some(why) = weak_digest(certificate) {
                return refusal_of(why, certificate, CertificateError::BadSignature);
            }
        }
        for certificate in chain.iter().rev() {
            if let Err(refusal) = check_dates(certificate, now) {
                return refusal;
            }
        }
        use webpki::Error as E;
        let (why, alert) = match error {
            E::InvalidSignatureForPublicKey | E::SignatureAlgorithmMismatch => (
                "certificate signature failure",
                CertificateError::BadSignature,
            ),
            E::UnsupportedSignatureAlgorithmContext(_) => (
                "unsupported signature algorithm",
                CertificateError::BadSignature,
            ),
            E::NameConstraintViolation => (
                "permitted subtree violation",
                CertificateError::UnknownIssuer,
            ),
            E::PathLenConstraintViolated => (
                "path length constraint exceeded",
                CertificateError::UnknownIssuer,
            ),
            E::UnsupportedCriticalExtension => (
                "unhandled critical extension",
                CertificateError::UnhandledCriticalExtension,
            ),
            E::RequiredEkuNotFoundContext(_) => (
                "unsuitable certificate purpose",
                CertificateError::InvalidPurpose,
            ),
            E::UnknownIssuer => (
                "unable to get local issuer certificate",
                CertificateError::UnknownIssuer,
            ),
            E::MaximumPathDepthExceeded
            | E::MaximumPathBuildCallsExceeded
            | E::MaximumSignatureChecksExceeded => (
                "certificate chain too long",
                CertificateError::UnknownIssuer,
            ),
            other => {
                let reason = Reason::Owned(other.to_string());
                let certificate = shown_name(leaf);
                return (
                    TlsError::Chain {
                        reason,
                        certificate,
                    },
                    CertificateError::BadEncoding,
                );
            }
        };
        refusal_of(why, leaf, alert)
    }
}

fn refusal(why: &'static str, certificate: &[u8], alert: CertificateError) -> Refusal {
    let error = TlsError::Chain {
        reason: Reason::Text(why),
        certificate: certificate.to_vec(),
    };
    (error, alert)
}

fn refusal_of(why: &'static str, of: &Certificate<'_>, alert: CertificateError) -> Refusal {
    refusal(why, &shown_name(of), alert)
}

fn check_dates(certificate: &Certificate<'_>, now: i64) -> Result<(), Refusal> {
    if now < certificate.not_before {
        return Err(refusal_of(
            "certificate is not yet valid",
            certificate,
            CertificateError::NotValidYet,
        ));
    }
    if now > certificate.not_after {
        return Err(refusal_of(
            "certificate has expired",
            certificate,
            CertificateError::Expired,
        ));
    }
    Ok(())
}

/// Whether a server may use the certificate: one of the purposes, and a key usage that a handshake needs.
fn check_usage(certificate: &Certificate<'_>) -> Result<(), Refusal> {
    const DIGITAL_SIGNATURE: u8 = 0x80;
    const KEY_ENCIPHERMENT: u8 = 0x20;
    const KEY_AGREEMENT: u8 = 0x08;
    let usable = certificate
        .key_usage()
        .is_none_or(|bits| bits & (DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT) != 0);
    if usable && certificate.may_be_server() {
        return Ok(());
    }
    Err(refusal_of(
        "unsuitable certificate purpose",
        certificate,
        CertificateError::InvalidPurpose,
    ))
}

/// Whether a certificate of the root file can end a chain: it names itself as issuer and may sign others.
fn is_anchor(certificate: &Certificate<'_>) -> bool {
    const KEY_CERT_SIGN: u8 = 0x04;
    let may_sign = certificate
        .key_usage()
        .map(|bits| bits & KEY_CERT_SIGN != 0);
    let is_ca = match certificate.basic_constraints() {
        Some((is_ca, _)) => is_ca && may_sign != Some(false),
        None => certificate.version == 1 || may_sign == Some(true),
    };
    certificate.is_self_issued() && is_ca && certificate.may_be_server()
}

/// A refusal where the key is an RSA key that is too short.
pub(super) fn weak_key(certificate: &Certificate<'_>, why: &'static str) -> Option<TlsError> {
    let bits = certificate.rsa_bits().filter(|&bits| bits < RSA_BITS_MIN)?;
    Some(TlsError::Chain {
        reason: Reason::Owned(format!("{why}: RSA with {bits} bits")),
        certificate: shown_name(certificate),
    })
}

/// What is wrong with the digest a certificate is signed with.
fn weak_digest(certificate: &Certificate<'_>) -> Option<&'static str> {
    const WEAK: [&[u8]; 4] = [
        // md5WithRSAEncryption, sha1WithRSAEncryption, ecdsa-with-SHA1, dsa-with-sha1
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4],
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
        &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3],
    ];
    let oid = super::certificate::algorithm_oid(certificate.signature_algorithm);
    WEAK.contains(&oid)
        .then_some("CA signature digest algorithm too weak")
}

/// Whether webpki would refuse a server's certificate for what OpenSSL accepts.
fn needs_rewriting(certificate: &Certificate<'_>) -> bool {
    certificate.version < 3
        || certificate.basic_constraints().is_some_and(|(ca, _)| ca)
        || certificate
            .extensions()
            .any(|e| e.oid == oid::CERTIFICATE_POLICIES && e.critical)
}

/// A signature algorithm that, where it is shown the rewritten leaf, checks what was really signed.
#[derive(Debug)]
struct OverOriginal<'a> {
    inner: &'static dyn SignatureVerificationAlgorithm,
    shown: &'a [u8],
    original: &'a [u8],
}

impl SignatureVerificationAlgorithm for OverOriginal<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let message = if message == self.shown {
            self.original
        } else {
            message
        };
        self.inner.verify_signature(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.inner.signature_alg_id()
    }
}
