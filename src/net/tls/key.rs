//! Private keys: PKCS#8, PKCS#1 and SEC1, in PEM or DER, each perhaps under a pass phrase.
//!
//! Encrypted keys need the feature `tls-encrypted-keys`. OpenSSL's words for what is wrong with a key are kept.

use zeroize::Zeroizing;

use super::der::{Reader, tag};
use super::error::Reason;
use super::pem;

#[cfg(feature = "tls-encrypted-keys")]
#[path = "key_decrypt.rs"]
mod decrypt;

/// Asks for the pass phrase.
pub(super) type AskPassword<'a> = dyn FnMut() -> Option<Zeroizing<Vec<u8>>> + 'a;

/// Without the feature no key can be decrypted.
#[cfg(not(feature = "tls-encrypted-keys"))]
mod decrypt {
    use super::{AskPassword, Reason, Zeroizing};

    const NOT_BUILT: Reason = Reason::Text("this library was built without encrypted keys");

    pub fn pkcs8(_: &[u8], _: &mut AskPassword<'_>) -> Result<Zeroizing<Vec<u8>>, Reason> {
        Err(NOT_BUILT)
    }

    pub fn legacy(
        _: &[u8],
        _: &[u8],
        _: &mut AskPassword<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Reason> {
        Err(NOT_BUILT)
    }
}

/// The key in DER, unencrypted.
///
/// # Errors
/// Why it cannot be had.
pub(super) fn decode(text: &[u8], ask: &mut AskPassword<'_>) -> Result<Zeroizing<Vec<u8>>, Reason> {
    for section in pem::sections(text) {
        let encrypted = section
            .headers
            .iter()
            .any(|(name, value)| name == b"Proc-Type" && value.ends_with(b"ENCRYPTED"));
        match &section.label[..] {
            b"ENCRYPTED PRIVATE KEY" => return decrypt::pkcs8(&section.content, ask),
            b"PRIVATE KEY" | b"RSA PRIVATE KEY" | b"EC PRIVATE KEY" if encrypted => {
                let how = section.headers.iter().find(|(name, _)| name == b"DEK-Info");
                let how = how.map_or(&b""[..], |(_, value)| value);
                return decrypt::legacy(how, &section.content, ask);
            }
            b"PRIVATE KEY" | b"RSA PRIVATE KEY" | b"EC PRIVATE KEY" => return Ok(section.content),
            _ => {}
        }
    }
    let mut whole = Reader::new(text);
    let Some(mut inner) = whole.inside(tag::SEQUENCE) else {
        return Err(Reason::Text("unsupported"));
    };
    if inner.optional(tag::SEQUENCE).is_some() {
        return decrypt::pkcs8(text, ask);
    }
    Ok(Zeroizing::new(text.to_vec()))
}
