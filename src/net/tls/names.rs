//! Whether a certificate is for the host asked for (behaviours 355 to 358).
//!
//! The rules are libpq's, not RFC 6125's: all DNS and address names are looked at; the common name counts only where the
//! certificate has no alternative name of the host's kind; a wildcard is a whole first label and stands for one label.

use std::net::Ipv6Addr;

use super::certificate::{Certificate, oid};
use super::der::{Reader, tag};
use super::error::TlsError;

const DNS_NAME: u8 = tag::context_primitive(2);
const IP_ADDRESS: u8 = tag::context_primitive(7);

/// The names looked at so far.
#[derive(Default)]
struct Examined {
    first: Option<Vec<u8>>,
    count: usize,
}

impl Examined {
    fn add(&mut self, name: Vec<u8>) {
        self.first.get_or_insert(name);
        self.count += 1;
    }
}

/// Checks that the certificate is for `host`.
///
/// # Errors
/// In libpq's words, with the first name and the number of others.
pub(super) fn check(certificate: &Certificate<'_>, host: &[u8]) -> Result<(), TlsError> {
    if host.is_empty() {
        return Err(TlsError::HostMissing);
    }
    let v4 = parse_ipv4(host);
    let v6 = std::str::from_utf8(host)
        .ok()
        .and_then(|text| text.parse::<Ipv6Addr>().ok());
    let is_address = v4.is_some() || v6.is_some();
    let own_kind = if is_address { IP_ADDRESS } else { DNS_NAME };

    let mut examined = Examined::default();
    let mut use_common_name = true;
    let names = certificate
        .extension(oid::SUBJECT_ALT_NAME)
        .and_then(|value| Reader::new(value).inside(tag::SEQUENCE));
    if let Some(mut names) = names {
        while let Some(name) = names.element() {
            if name.tag == own_kind {
                use_common_name = false;
            }
            let matches = match name.tag {
                DNS_NAME => {
                    let matches = is_name_of(name.value, host)?;
                    examined.add(name.value.to_vec());
                    matches
                }
                IP_ADDRESS => {
                    let (shown, matches) = match name.value.len() {
                        4 => (
                            std::net::Ipv4Addr::from(
                                <[u8; 4]>::try_from(name.value).unwrap_or_default(),
                            )
                            .to_string(),
                            v4.is_some_and(|host| host == name.value),
                        ),
                        16 => {
                            let address = Ipv6Addr::from(
                                <[u8; 16]>::try_from(name.value).unwrap_or_default(),
                            );
                            (address.to_string(), v6 == Some(address))
                        }
                        length => return Err(TlsError::AddressLength(length)),
                    };
                    examined.add(shown.into_bytes());
                    matches
                }
                _ => continue,
            };
            if matches {
                return Ok(());
            }
        }
    }
    if use_common_name && let Some(name) = certificate.common_name() {
        let matches = is_name_of(name, host)?;
        examined.add(name.to_vec());
        if matches {
            return Ok(());
        }
    }
    match examined.first {
        None => Err(TlsError::NoName),
        Some(first) => Err(TlsError::NameMismatch {
            first,
            others: examined.count - 1,
            host: host.to_vec(),
        }),
    }
}

/// Whether one name of a certificate is the host's.
fn is_name_of(name: &[u8], host: &[u8]) -> Result<bool, TlsError> {
    if name.contains(&0) {
        return Err(TlsError::NullInName);
    }
    Ok(name.eq_ignore_ascii_case(host) || wildcard_matches(name, host))
}

fn wildcard_matches(pattern: &[u8], host: &[u8]) -> bool {
    let Some(rest) = pattern.strip_prefix(b"*") else {
        return false;
    };
    if rest.len() < 2 || rest[0] != b'.' {
        return false;
    }
    let Some(label_len) = host.len().checked_sub(rest.len()) else {
        return false;
    };
    let (label, host_rest) = host.split_at(label_len);
    label_len > 0 && !label.contains(&b'.') && host_rest.eq_ignore_ascii_case(rest)
}

/// The address that inet_aton(3) reads: one to four numbers, decimal, octal or hexadecimal.
pub(super) fn parse_ipv4(text: &[u8]) -> Option<[u8; 4]> {
    let parts: Vec<u32> = text
        .split(|&b| b == b'.')
        .map(|part| {
            let part = std::str::from_utf8(part).ok()?;
            let (digits, radix) = match part.as_bytes() {
                [b'0', b'x' | b'X', ..] => (&part[2..], 16),
                [b'0', _, ..] => (&part[1..], 8),
                _ => (part, 10),
            };
            if digits.starts_with('+') {
                return None;
            }
            u32::from_str_radix(digits, radix).ok()
        })
        .collect::<Option<_>>()?;
    let (&last, front) = parts.split_last()?;
    if front.len() > 3 || front.iter().any(|&part| part > 255) {
        return None;
    }
    let last_bits = 32 - 8 * front.len() as u32;
    if last_bits < 32 && last >> last_bits != 0 {
        return None;
    }
    let mut value = last;
    for (i, part) in front.iter().enumerate() {
        value |= part << (24 - 8 * i);
    }
    Some(value.to_be_bytes())
}
