//! An X.509 certificate, read just far enough: the parts that names, chains, revocation and channel binding ask for.

use super::der::{self, Reader, tag};

/// Object identifiers, without tag and length.
pub(super) mod oid {
    pub const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    pub const KEY_USAGE: &[u8] = &[0x55, 29, 15];
    pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 29, 17];
    pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 29, 19];
    pub const CERTIFICATE_POLICIES: &[u8] = &[0x55, 29, 32];
    pub const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 29, 37];
    pub const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
    pub const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
}

/// A certificate and where its parts are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Certificate<'a> {
    /// All of it.
    pub der: &'a [u8],
    /// What is signed.
    pub tbs: &'a [u8],
    /// 1, 2 or 3.
    pub version: u8,
    /// The serial number's bytes.
    pub serial: &'a [u8],
    /// Who signed it: a Name, tag and length included.
    pub issuer: &'a [u8],
    /// Seconds since 1970.
    pub not_before: i64,
    /// Seconds since 1970.
    pub not_after: i64,
    /// Whose it is: a Name, tag and length included.
    pub subject: &'a [u8],
    /// SubjectPublicKeyInfo, tag and length included.
    pub spki: &'a [u8],
    /// The key's AlgorithmIdentifier, without tag and length.
    pub key_algorithm: &'a [u8],
    /// The key's bits.
    pub public_key: &'a [u8],
    /// AlgorithmIdentifier of the signature, without tag and length.
    pub signature_algorithm: &'a [u8],
    /// The extensions, one after the other.
    extensions: &'a [u8],
    /// In `tbs`: what stands before the extensions, after the version, tag and length of the whole left out.
    fields: &'a [u8],
}

/// One extension.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extension<'a> {
    /// What it is, without tag and length.
    pub oid: &'a [u8],
    /// Whether one who does not know it must refuse the certificate.
    pub critical: bool,
    /// What is in it.
    pub value: &'a [u8],
    /// All of it.
    raw: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate. What follows it is left alone.
    pub fn parse(bytes: &'a [u8]) -> Option<Certificate<'a>> {
        let whole = Reader::new(bytes).expect(tag::SEQUENCE)?;
        let mut outer = Reader::new(whole.value);
        let tbs = outer.expect(tag::SEQUENCE)?;
        let signature_algorithm = outer.expect(tag::SEQUENCE)?.value;
        der::whole_bits(outer.expect(tag::BIT_STRING)?.value)?;

        let mut inner = Reader::new(tbs.value);
        let mut fields_start = 0;
        let version = match inner.optional(tag::context(0)) {
            None => 1,
            Some(version) => {
                fields_start = version.raw.len();
                u8::try_from(Reader::new(version.value).small_integer()?.checked_add(1)?).ok()?
            }
        };
        let serial = inner.expect(tag::INTEGER)?.value;
        inner.expect(tag::SEQUENCE)?;
        let issuer = inner.expect(tag::SEQUENCE)?.raw;
        let mut validity = inner.inside(tag::SEQUENCE)?;
        let not_before = der::time(&validity.element()?)?;
        let not_after = der::time(&validity.element()?)?;
        let subject = inner.expect(tag::SEQUENCE)?.raw;
        let spki = inner.expect(tag::SEQUENCE)?;
        let mut key = Reader::new(spki.value);
        let key_algorithm = key.expect(tag::SEQUENCE)?.value;
        let public_key = der::whole_bits(key.expect(tag::BIT_STRING)?.value)?;
        inner.optional(tag::context_primitive(1));
        inner.optional(tag::context_primitive(2));
        let extensions = inner.optional(tag::context(3));
        let fields_end = tbs.value.len() - extensions.map_or(0, |e| e.raw.len());
        if !inner.is_empty() {
            return None;
        }
        Some(Certificate {
            der: whole.raw,
            tbs: tbs.raw,
            version,
            serial,
            issuer,
            not_before,
            not_after,
            subject,
            spki: spki.raw,
            key_algorithm,
            public_key,
            signature_algorithm,
            extensions: match extensions {
                None => &[],
                Some(e) => Reader::new(e.value).expect(tag::SEQUENCE)?.value,
            },
            fields: tbs.value.get(fields_start..fields_end)?,
        })
    }

    /// The extensions. One that cannot be read ends them.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        let mut reader = Reader::new(self.extensions);
        std::iter::from_fn(move || read_extension(&mut reader))
    }

    /// What is in one extension.
    pub fn extension(&self, oid: &[u8]) -> Option<&'a [u8]> {
        self.extensions().find(|e| e.oid == oid).map(|e| e.value)
    }

    /// Whether it names itself as its issuer.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// What basicConstraints say: whether it is an authority, and of how many below it; `None` where it says nothing.
    pub fn basic_constraints(&self) -> Option<(bool, Option<u32>)> {
        let mut inner =
            Reader::new(self.extension(oid::BASIC_CONSTRAINTS)?).inside(tag::SEQUENCE)?;
        let is_ca = inner.optional(tag::BOOLEAN).is_some_and(|e| e.value != [0]);
        Some((is_ca, inner.small_integer()))
    }

    /// The bits of keyUsage, the first in the highest bit; `None` where it says nothing.
    pub fn key_usage(&self) -> Option<u8> {
        let bits = Reader::new(self.extension(oid::KEY_USAGE)?).expect(tag::BIT_STRING)?;
        Some(bits.value.get(1).copied().unwrap_or(0))
    }

    /// Whether extendedKeyUsage, where it is, has a server's purpose in it.
    pub fn may_be_server(&self) -> bool {
        let Some(value) = self.extension(oid::EXTENDED_KEY_USAGE) else {
            return true;
        };
        let Some(mut purposes) = Reader::new(value).inside(tag::SEQUENCE) else {
            return false;
        };
        while let Some(purpose) = purposes.element() {
            if purpose.value == oid::SERVER_AUTH {
                return true;
            }
        }
        false
    }

    /// The AlgorithmIdentifier, without tag and length, of a SubjectPublicKeyInfo.
    pub fn key_algorithm_of(spki: &[u8]) -> Option<&[u8]> {
        let mut inner = Reader::new(spki).inside(tag::SEQUENCE)?;
        Some(inner.expect(tag::SEQUENCE)?.value)
    }

    /// The OID of the key's algorithm.
    pub fn key_oid(&self) -> &'a [u8] {
        algorithm_oid(self.key_algorithm)
    }

    /// The length of an RSA key in bits; `None` for other keys.
    pub fn rsa_bits(&self) -> Option<usize> {
        if ![oid::RSA_ENCRYPTION, oid::RSA_PSS].contains(&self.key_oid()) {
            return None;
        }
        let modulus = Reader::new(self.public_key)
            .inside(tag::SEQUENCE)?
            .expect(tag::INTEGER)?
            .value;
        let digits = modulus
            .iter()
            .position(|&b| b != 0)
            .map(|i| &modulus[i..])?;
        Some(digits.len() * 8 - digits.first()?.leading_zeros() as usize)
    }

    /// The first common name of the subject, as its bytes are.
    pub fn common_name(&self) -> Option<&'a [u8]> {
        attribute(self.subject, oid::COMMON_NAME)
    }

    /// The same signed fields as a certificate of version 3 that is no authority: what a stricter reader accepts in this
    /// one's place. Gives the certificate and its new signed part; its signature is over the old one.
    pub fn as_end_entity(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut kept = Vec::new();
        for extension in self.extensions() {
            if ![oid::BASIC_CONSTRAINTS, oid::CERTIFICATE_POLICIES].contains(&extension.oid) {
                kept.extend_from_slice(extension.raw);
            }
        }
        let extensions = match kept.is_empty() {
            true => Vec::new(),
            false => der::build(tag::context(3), &[&der::build(tag::SEQUENCE, &[&kept])]),
        };
        let version = [tag::context(0), 3, tag::INTEGER, 1, 2];
        let tbs = der::build(tag::SEQUENCE, &[&version, self.fields, &extensions]);
        let mut outer = Reader::new(self.der).inside(tag::SEQUENCE)?;
        outer.expect(tag::SEQUENCE)?;
        let algorithm = outer.element()?.raw;
        let signature = outer.element()?.raw;
        Some((
            der::build(tag::SEQUENCE, &[&tbs, algorithm, signature]),
            tbs,
        ))
    }
}

fn read_extension<'a>(reader: &mut Reader<'a>) -> Option<Extension<'a>> {
    let whole = reader.expect(tag::SEQUENCE)?;
    let mut inner = Reader::new(whole.value);
    let oid = inner.expect(tag::OID)?.value;
    let critical = inner.optional(tag::BOOLEAN).is_some_and(|e| e.value != [0]);
    Some(Extension {
        oid,
        critical,
        value: inner.expect(tag::OCTET_STRING)?.value,
        raw: whole.raw,
    })
}

/// The extensions of a list that holds them as certificates do.
pub(super) fn extensions_of(list: &[u8]) -> impl Iterator<Item = Extension<'_>> {
    let mut reader = Reader::new(list);
    std::iter::from_fn(move || read_extension(&mut reader))
}

/// The OID of an AlgorithmIdentifier given without its tag and length.
pub(super) fn algorithm_oid(identifier: &[u8]) -> &[u8] {
    Reader::new(identifier)
        .expect(tag::OID)
        .map_or(&[], |e| e.value)
}

/// The first value of an attribute in a Name.
fn attribute<'a>(name: &'a [u8], oid: &[u8]) -> Option<&'a [u8]> {
    let mut sets = Reader::new(name).inside(tag::SEQUENCE)?;
    while let Some(set) = sets.element() {
        let mut pairs = Reader::new(set.value);
        while let Some(pair) = pairs.element() {
            let mut pair = Reader::new(pair.value);
            if pair.expect(tag::OID)?.value == oid {
                return Some(pair.element()?.value);
            }
        }
    }
    None
}

/// How messages call a certificate: its common name, or the last thing its subject says of itself.
pub(super) fn shown_name(certificate: &Certificate<'_>) -> Vec<u8> {
    if let Some(name) = certificate.common_name() {
        return name.to_vec();
    }
    let mut last: &[u8] = b"";
    if let Some(mut sets) = Reader::new(certificate.subject).inside(tag::SEQUENCE) {
        while let Some(set) = sets.element() {
            let value = Reader::new(set.value)
                .inside(tag::SEQUENCE)
                .and_then(|mut pair| pair.element().and_then(|_| pair.element()));
            if let Some(value) = value {
                last = value.value;
            }
        }
    }
    last.to_vec()
}
