//! The one place that names the cryptography under rustls: aws-lc-rs, or ring with the feature `tls-ring` alone.
//!
//! aws-lc-rs is the default because what OpenSSL's users may have works with it: P-521 certificates and keys, and key
//! exchange that is safe from quantum computers (X25519MLKEM768, offered first, and agreed on where the server has it).
//! Both need only a C compiler to be built. What they cost, on x86_64 with two processors:
//!
//! | | aws-lc-rs 1.19 | ring 0.17 | libpq 18.6, OpenSSL 3.0 / 3.5 |
//! |---|---|---|---|
//! | P-521 certificates; X25519MLKEM768 | yes; yes | no; no | yes; no / yes |
//! | all of the library built from nothing: CPU seconds | 127 (111 + 16 of the system) | 75 (70 + 5) | |
//! | stripped libpq.so.5, bytes | 5,211,632 | 3,154,056 | |
//! | first connection of a process, TLS 1.3, trust: CPU | 2 ms | 2 ms | 6 ms / 8 ms |
//! | each further one: client instructions, ML-KEM offered by aws-lc-rs and 3.5 | 1.63 M | 1.62 M | 7.39 M / 4.61 M |
//! | records in memory, AES-256-GCM encrypted / decrypted, GB/s | 5.9 / 6.7 | 5.3 / 6.2 | 3.0 / 3.5 |
//! | the same, AES-128-GCM | 6.6 / 7.5 | 5.8 / 7.0 | 3.2 / 3.6 |
//! | the same, ChaCha20-Poly1305 | 2.1 / 2.3 | 2.2 / 2.3 | 2.5 / 2.9 |
//! | handshake in memory, X25519: client CPU | 100 us | 119 us | 346 us |
//! | the same with X25519MLKEM768 | 136 us | | |
//! | 1M rows x 4, SELECT, PostgreSQL 18: client CPU, median of 4 | 0.17 s | | 0.38 s / 0.35 s |
//! | the same, COPY out | 0.074 s | | 0.11 s / 0.09 s |
//! | COPY in of 500k rows of 100 bytes | 0.030 s | | 0.038 s / 0.034 s |
//!
//! In memory: both ends of TLS 1.3 in one process of each library's own, OpenSSL 3.0.19's over memory BIOs; full records,
//! 4 MiB at a time, median of 31; a handshake with an RSA key of 2048 bits, median of 350, in which the certificate's chain
//! is not verified and the signature is; processor time of the process. `openssl speed -evp` has 4.2, 4.5 and 3.8 GB/s for
//! the bare ciphers in pieces of 16 KiB.
//!
//! The first connection is as cheap as that only without aws-lc's own source of entropy: see `.cargo/config.toml`.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::SignatureVerificationAlgorithm;

use crate::net::shared::Once;

// Features only add: who has both has what aws-lc-rs can.
#[cfg(feature = "tls-aws-lc-rs")]
use rustls::crypto::aws_lc_rs as chosen;
#[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc-rs")))]
use rustls::crypto::ring as chosen;
#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc-rs")))]
compile_error!("the feature `tls` needs `tls-aws-lc-rs` or `tls-ring`");

/// The provider, made once in the process's life.
pub(super) fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: Once<Arc<CryptoProvider>> = Once::new();
    PROVIDER.get_or_make(|| Arc::new(chosen::default_provider()))
}

/// Its name, for diagnostics.
pub const NAME: &str = if cfg!(feature = "tls-aws-lc-rs") {
    "aws-lc-rs"
} else {
    "ring"
};

/// The algorithms that certificates and revocation lists may be signed with.
pub(super) fn signature_algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    provider().signature_verification_algorithms.all
}

/// Signature schemes of keys that are themselves of type RSASSA-PSS (RFC 8446, section 4.2.3), for which rustls has no
/// names, and those of ordinary RSA keys that compute the same.
const RSA_PSS_KEYS: [(u16, SignatureScheme); 3] = [
    (0x0809, SignatureScheme::RSA_PSS_SHA256),
    (0x080a, SignatureScheme::RSA_PSS_SHA384),
    (0x080b, SignatureScheme::RSA_PSS_SHA512),
];

/// The signature schemes we offer for the handshake, best first.
///
/// P-521 is always among them: a server that has no other key then shows its certificate, and a provider that cannot
/// check it can at least say so.
pub(super) fn handshake_schemes() -> Vec<SignatureScheme> {
    let pss_keys = RSA_PSS_KEYS.iter().map(|(scheme, _)| (*scheme).into());
    let mut schemes: Vec<SignatureScheme> = provider()
        .signature_verification_algorithms
        .supported_schemes()
        .into_iter()
        .chain(pss_keys)
        .collect();
    if !schemes.contains(&SignatureScheme::ECDSA_NISTP521_SHA512) {
        schemes.push(SignatureScheme::ECDSA_NISTP521_SHA512);
    }
    schemes
}

/// What kind of public key a signature scheme is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// The one the algorithm names.
    OfAlgorithm,
    /// RSASSA-PSS, with whatever parameters.
    RsaPss,
}

/// The algorithms of a signature scheme. In TLS 1.3 the scheme names the curve, too, so that only the first counts.
pub(super) fn handshake_algorithms(
    scheme: SignatureScheme,
    tls13: bool,
) -> (
    KeyKind,
    &'static [&'static dyn SignatureVerificationAlgorithm],
) {
    let pss = RSA_PSS_KEYS
        .iter()
        .find(|(own, _)| *own == u16::from(scheme));
    let (kind, scheme) = match pss {
        Some((_, same)) => (KeyKind::RsaPss, *same),
        None => (KeyKind::OfAlgorithm, scheme),
    };
    let pkcs1 = matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
    );
    let mapping = provider().signature_verification_algorithms.mapping;
    match mapping.iter().find(|(known, _)| *known == scheme) {
        Some((_, algorithms)) if tls13 && !pkcs1 => (kind, algorithms.get(..1).unwrap_or_default()),
        Some((_, algorithms)) if !tls13 => (kind, algorithms),
        _ => (kind, &[]),
    }
}
