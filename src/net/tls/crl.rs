//! Certificate revocation lists, of version 1 and 2 (RFC 5280, section 5).

use super::certificate::{Certificate, extensions_of};
use super::der::{self, Reader, tag};
use super::pem;
use super::provider;

/// CRL extensions that may be critical and change nothing here: the list's number and its issuer's key.
const HARMLESS: [&[u8]; 2] = [&[0x55, 29, 20], &[0x55, 29, 35]];
/// Entry extension that may be critical and changes nothing here: the reason.
const HARMLESS_ENTRY: [&[u8]; 2] = [&[0x55, 29, 21], &[0x55, 29, 24]];

/// The lists to be looked at.
#[derive(Debug, Default)]
pub(super) struct RevocationLists {
    lists: Vec<Vec<u8>>,
    /// Those of a directory, looked at for issuers that have none of the others.
    directory: Vec<Vec<u8>>,
}

/// One list and where its parts are.
struct List<'a> {
    tbs: &'a [u8],
    signature_algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    this_update: i64,
    next_update: Option<i64>,
    revoked: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> List<'a> {
    fn parse(bytes: &'a [u8]) -> Option<List<'a>> {
        let mut outer = Reader::new(bytes).inside(tag::SEQUENCE)?;
        let tbs = outer.expect(tag::SEQUENCE)?;
        let signature_algorithm = outer.expect(tag::SEQUENCE)?.value;
        let signature = der::whole_bits(outer.expect(tag::BIT_STRING)?.value)?;
        let mut inner = Reader::new(tbs.value);
        inner.optional(tag::INTEGER);
        inner.expect(tag::SEQUENCE)?;
        let issuer = inner.expect(tag::SEQUENCE)?.raw;
        let this_update = der::time(&inner.element()?)?;
        let next_update = match inner
            .optional(tag::UTC_TIME)
            .or_else(|| inner.optional(tag::GENERALIZED_TIME))
        {
            Some(time) => Some(der::time(&time)?),
            None => None,
        };
        let revoked = inner.optional(tag::SEQUENCE).map_or(&[][..], |e| e.value);
        let extensions = match inner.optional(tag::context(0)) {
            Some(e) => Reader::new(e.value).expect(tag::SEQUENCE)?.value,
            None => &[],
        };
        inner.is_empty().then_some(List {
            tbs: tbs.raw,
            signature_algorithm,
            signature,
            issuer,
            this_update,
            next_update,
            revoked,
            extensions,
        })
    }

    fn is_signed_by(&self, issuer: &Certificate<'_>) -> bool {
        provider::signature_algorithms().iter().any(|algorithm| {
            algorithm.signature_alg_id().as_ref() == self.signature_algorithm
                && algorithm.public_key_alg_id().as_ref() == issuer.key_algorithm
                && algorithm
                    .verify_signature(issuer.public_key, self.tbs, self.signature)
                    .is_ok()
        })
    }

    /// Whether a serial number is on the list; `None` where the list cannot be read to its end.
    fn has(&self, serial: &[u8]) -> Option<Result<bool, &'static str>> {
        let mut entries = Reader::new(self.revoked);
        let mut found = false;
        while !entries.is_empty() {
            let mut entry = entries.inside(tag::SEQUENCE)?;
            let number = entry.expect(tag::INTEGER)?.value;
            der::time(&entry.element()?)?;
            if let Some(extensions) = entry.optional(tag::SEQUENCE)
                && extensions_of(extensions.value)
                    .any(|e| e.critical && !HARMLESS_ENTRY.contains(&e.oid))
            {
                return Some(Err("unhandled critical CRL extension"));
            }
            found |= number == serial;
        }
        Some(Ok(found))
    }
}

impl RevocationLists {
    /// Adds the lists in a PEM text; gives their number.
    pub fn add(&mut self, text: &[u8]) -> usize {
        let before = self.lists.len();
        self.lists.extend(lists_in(text));
        self.lists.len() - before
    }

    /// Adds the lists in a file of a directory.
    pub fn add_from_directory(&mut self, text: &[u8]) {
        self.directory.extend(lists_in(text));
    }

    /// Looks for a certificate on its issuer's list.
    ///
    /// # Errors
    /// OpenSSL's words for why it cannot be called good.
    pub fn check(
        &self,
        certificate: &Certificate<'_>,
        issuer: &Certificate<'_>,
        now: i64,
    ) -> Result<(), &'static str> {
        let own: Vec<List<'_>> = [&self.lists, &self.directory]
            .into_iter()
            .map(|lists| {
                let all = lists.iter().filter_map(|der| List::parse(der));
                all.filter(|list| list.issuer == certificate.issuer)
                    .collect()
            })
            .find(|own: &Vec<List<'_>>| !own.is_empty())
            .unwrap_or_default();
        let is_current = |list: &&List<'_>| {
            list.this_update <= now && list.next_update.is_none_or(|next| now <= next)
        };
        // Of several, one that is valid today, the newest.
        let best = own
            .iter()
            .filter(is_current)
            .max_by_key(|list| list.this_update)
            .or_else(|| own.iter().max_by_key(|list| list.this_update))
            .ok_or("unable to get certificate CRL")?;
        const CRL_SIGN: u8 = 0x02;
        if issuer.key_usage().is_some_and(|bits| bits & CRL_SIGN == 0) {
            return Err("key usage does not include CRL signing");
        }
        if !best.is_signed_by(issuer) {
            return Err("CRL signature failure");
        }
        if best.this_update > now {
            return Err("CRL is not yet valid");
        }
        if best.next_update.is_some_and(|next| next < now) {
            return Err("CRL has expired");
        }
        if extensions_of(best.extensions).any(|e| e.critical && !HARMLESS.contains(&e.oid)) {
            return Err("unhandled critical CRL extension");
        }
        match best.has(certificate.serial) {
            None => Err("CRL cannot be decoded"),
            Some(Err(why)) => Err(why),
            Some(Ok(true)) => Err("certificate revoked"),
            Some(Ok(false)) => Ok(()),
        }
    }
}

/// The lists in a PEM text that can be read.
fn lists_in(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    pem::sections(text)
        .filter(|s| s.label == b"X509 CRL")
        .map(|s| s.content.to_vec())
        .filter(|der| List::parse(der).is_some())
}
