//! PEM (RFC 7468 and the older form with headers, RFC 1421): text in, sections out.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// One section.
pub(super) struct Section {
    /// What stands between `BEGIN` and the dashes: `CERTIFICATE`.
    pub label: Vec<u8>,
    /// The header lines of an encrypted key of the old form, name and value.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// What was encoded. It may be a private key.
    pub content: Zeroizing<Vec<u8>>,
}

/// All sections of a text that can be read, in order. What stands between them is left alone.
pub(super) fn sections(text: &[u8]) -> impl Iterator<Item = Section> + '_ {
    let mut lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    std::iter::from_fn(move || {
        loop {
            let label = lines.find_map(|line| {
                line.strip_prefix(b"-----BEGIN ")?
                    .strip_suffix(b"-----")
                    .map(<[u8]>::to_vec)
            })?;
            if let Some(section) = section(&mut lines, label) {
                return Some(section);
            }
        }
    })
}

fn section<'a>(lines: &mut impl Iterator<Item = &'a [u8]>, label: Vec<u8>) -> Option<Section> {
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut encoded = Zeroizing::new(Vec::new());
    loop {
        let line = lines.next()?;
        if let Some(end) = line.strip_prefix(b"-----END ") {
            if end.strip_suffix(b"-----") != Some(&label[..]) {
                return None;
            }
            break;
        }
        match line.iter().position(|&b| b == b':') {
            Some(colon) if encoded.is_empty() => headers.push((
                line[..colon].trim_ascii().to_vec(),
                line[colon + 1..].trim_ascii().to_vec(),
            )),
            _ => encoded.extend(line.iter().filter(|b| !b.is_ascii_whitespace())),
        }
    }
    let text = std::str::from_utf8(&encoded).ok()?;
    let content = Zeroizing::new(Base64::decode_vec(text).ok()?);
    Some(Section {
        label,
        headers,
        content,
    })
}

/// The certificates of a text.
pub(super) fn certificates(text: &[u8]) -> Vec<Vec<u8>> {
    sections(text)
        .filter(|s| {
            [
                &b"CERTIFICATE"[..],
                b"X509 CERTIFICATE",
                b"TRUSTED CERTIFICATE",
            ]
            .contains(&&s.label[..])
        })
        .map(|s| s.content.to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_with_headers_and_noise_around_them() {
        let text = b"noise\n-----BEGIN A-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: X,00\r\n\r\naGVs\r\nbG8=\r\n-----END A-----\nmore\n\
            -----BEGIN B-----\n!!\n-----END B-----\n-----BEGIN C-----\naGk=\n-----END C-----";
        let found: Vec<Section> = sections(text).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].label, b"A");
        assert_eq!(found[0].content[..], *b"hello");
        assert_eq!(
            found[0].headers,
            [
                (b"Proc-Type".to_vec(), b"4,ENCRYPTED".to_vec()),
                (b"DEK-Info".to_vec(), b"X,00".to_vec())
            ]
        );
        assert_eq!(found[1].label, b"C");
        assert_eq!(found[1].content[..], *b"hi");
    }

    #[test]
    fn a_section_without_its_end_is_none() {
        assert_eq!(sections(b"-----BEGIN A-----\naGk=\n").count(), 0);
        assert_eq!(
            sections(b"-----BEGIN A-----\naGk=\n-----END B-----\n").count(),
            0
        );
    }
}
