//! The digest of the server's certificate for channel binding `tls-server-end-point` (RFC 5929, section 4.1).

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::certificate::{Certificate, oid};
use super::der::{Reader, tag};
use super::error::{Reason, TlsError};

/// Digests that a certificate's signature may name.
#[derive(Clone, Copy)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// What follows 1.2.840.113549.1.1 (PKCS#1), with the digest it implies. MD5 and SHA-1 count as SHA-256.
const PKCS1: [(u8, Hash); 6] = [
    (4, Hash::Sha256),
    (5, Hash::Sha256),
    (14, Hash::Sha224),
    (11, Hash::Sha256),
    (12, Hash::Sha384),
    (13, Hash::Sha512),
];

/// The digest of a certificate by the algorithm that its signature names.
///
/// # Errors
/// A signature that implies no digest (Ed25519).
pub(super) fn server_end_point(der: &[u8]) -> Result<Vec<u8>, TlsError> {
    let certificate = Certificate::parse(der).ok_or(TlsError::NoSignatureAlgorithm)?;
    let hash = signature_hash(certificate.signature_algorithm)?;
    Ok(match hash {
        Hash::Sha224 => Sha224::digest(der).to_vec(),
        Hash::Sha256 => Sha256::digest(der).to_vec(),
        Hash::Sha384 => Sha384::digest(der).to_vec(),
        Hash::Sha512 => Sha512::digest(der).to_vec(),
    })
}

fn signature_hash(algorithm: &[u8]) -> Result<Hash, TlsError> {
    let mut parts = Reader::new(algorithm);
    let name = parts
        .expect(tag::OID)
        .ok_or(TlsError::NoSignatureAlgorithm)?
        .value;
    if name == oid::RSA_PSS {
        return pss_hash(&mut parts);
    }
    if let Some((last, front)) = name.split_last()
        && oid::RSA_ENCRYPTION.starts_with(front)
        && front.len() == oid::RSA_ENCRYPTION.len() - 1
        && let Some((_, hash)) = PKCS1.iter().find(|(known, _)| known == last)
    {
        return Ok(*hash);
    }
    match name {
        // ecdsa-with-SHA1, dsa-with-sha1
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] | [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3] => {
            Ok(Hash::Sha256)
        }
        // ecdsa-with-SHA2
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, n] => match n {
            1 => Ok(Hash::Sha224),
            2 => Ok(Hash::Sha256),
            3 => Ok(Hash::Sha384),
            4 => Ok(Hash::Sha512),
            _ => Err(TlsError::NoSignatureAlgorithm),
        },
        // Ed25519 and Ed448 sign without one.
        [0x2b, 0x65, 112 | 113] => Err(TlsError::NoDigest(Reason::Text("UNDEF"))),
        _ => Err(TlsError::NoSignatureAlgorithm),
    }
}

/// The digest in RSASSA-PSS-params (RFC 4055); SHA-1, its default, counts as SHA-256.
fn pss_hash(parts: &mut Reader<'_>) -> Result<Hash, TlsError> {
    let Some(mut parameters) = parts.inside(tag::SEQUENCE) else {
        return Ok(Hash::Sha256);
    };
    let Some(mut field) = parameters
        .optional(tag::context(0))
        .and_then(|e| Reader::new(e.value).inside(tag::SEQUENCE))
    else {
        return Ok(Hash::Sha256);
    };
    let name = field
        .expect(tag::OID)
        .ok_or(TlsError::NoSignatureAlgorithm)?
        .value;
    match name {
        [0x2b, 14, 3, 2, 26] => Ok(Hash::Sha256),
        [0x60, 0x86, 0x48, 1, 101, 3, 4, 2, n] => match n {
            1 => Ok(Hash::Sha256),
            2 => Ok(Hash::Sha384),
            3 => Ok(Hash::Sha512),
            4 => Ok(Hash::Sha224),
            _ => Err(TlsError::NoSignatureAlgorithm),
        },
        _ => Err(TlsError::NoSignatureAlgorithm),
    }
}
