//! Reading and writing DER (X.690), as much of it as certificates, revocation lists and keys need.
//!
//! Nothing is allocated while reading and nothing is trusted: a length that does not fit gives `None`.

/// Tags of the types met in certificates, revocation lists and keys.
pub(super) mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const OID: u8 = 0x06;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const SEQUENCE: u8 = 0x30;
    /// A constructed element of a tag that only its place gives a meaning.
    pub const fn context(number: u8) -> u8 {
        0xa0 | number
    }
    /// A primitive one.
    pub const fn context_primitive(number: u8) -> u8 {
        0x80 | number
    }
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    /// Its tag.
    pub tag: u8,
    /// What is in it.
    pub value: &'a [u8],
    /// All of it, tag and length included.
    pub raw: &'a [u8],
}

/// Reads one element after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, whatever it is.
    pub fn element(&mut self) -> Option<Element<'a>> {
        let (&tag, after_tag) = self.rest.split_first()?;
        // A tag number of more than one byte is used by nothing we read.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, after_length) = after_tag.split_first()?;
        let (length, content) = match first {
            0..=0x7f => (usize::from(first), after_length),
            0x81..=0x84 => {
                let (bytes, content) = after_length.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes.iter().fold(0usize, |n, &b| n << 8 | usize::from(b));
                (length, content)
            }
            _ => return None,
        };
        let (value, rest) = content.split_at_checked(length)?;
        let raw = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        Some(Element { tag, value, raw })
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.element().filter(|e| e.tag == tag)
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.rest.first() != Some(&tag) {
            return None;
        }
        self.element()
    }

    /// Goes into the next element, which must have this tag.
    pub fn inside(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.expect(tag).map(|e| Reader::new(e.value))
    }

    /// A small integer that is not negative.
    pub fn small_integer(&mut self) -> Option<u32> {
        let value = self.expect(tag::INTEGER)?.value;
        let (&first, _) = value.split_first()?;
        if first & 0x80 != 0 || value.len() > 4 {
            return None;
        }
        Some(value.iter().fold(0, |n, &b| n << 8 | u32::from(b)))
    }
}

/// The bits of a BIT STRING of whole bytes.
pub(super) fn whole_bits(value: &[u8]) -> Option<&[u8]> {
    match value.split_first()? {
        (0, bits) => Some(bits),
        _ => None,
    }
}

/// Seconds since 1970 of a UTCTime or GeneralizedTime in the form that certificates use.
pub(super) fn time(element: &Element<'_>) -> Option<i64> {
    let text = element.value.strip_suffix(b"Z")?;
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| {
        digits
            .iter()
            .fold(0i64, |n, d| n * 10 + i64::from(d - b'0'))
    };
    let (year, rest) = match (element.tag, text.len()) {
        (tag::UTC_TIME, 12) => {
            let two = number(&text[..2]);
            (if two < 50 { 2000 + two } else { 1900 + two }, &text[2..])
        }
        (tag::GENERALIZED_TIME, 14) => (number(&text[..4]), &text[4..]),
        _ => return None,
    };
    let part = |i: usize| number(&rest[i * 2..i * 2 + 2]);
    let (month, day) = (part(0), part(1));
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || part(2) > 23 || part(3) > 59 {
        return None;
    }
    Some(days_from_1970(year, month, day) * 86400 + part(2) * 3600 + part(3) * 60 + part(4))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// An element made of these parts.
pub(super) fn build(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|p| p.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let skip = bytes.iter().take_while(|&&b| b == 0).count();
        out.push(0x80 | (bytes.len() - skip) as u8);
        out.extend_from_slice(&bytes[skip..]);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_and_built_alike_for_every_length_form() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7u8; length];
            let built = build(tag::OCTET_STRING, &[&content]);
            let mut reader = Reader::new(&built);
            let element = reader.expect(tag::OCTET_STRING).unwrap();
            assert_eq!(element.value, content);
            assert_eq!(element.raw, built);
            assert!(reader.is_empty());
            // Cut anywhere, it is no element.
            for cut in [0, 1, built.len() / 2, built.len() - 1] {
                assert!(Reader::new(&built[..cut]).element().is_none());
            }
        }
    }

    #[test]
    fn times_are_seconds_since_1970() {
        let at = |tag, text: &str| {
            time(&Element {
                tag,
                value: text.as_bytes(),
                raw: b"",
            })
        };
        assert_eq!(at(tag::UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(at(tag::UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(at(tag::UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(
            at(tag::GENERALIZED_TIME, "20000229120000Z"),
            Some(951_825_600)
        );
        assert_eq!(at(tag::UTC_TIME, "701301000000Z"), None);
        assert_eq!(at(tag::UTC_TIME, "7001010000Z"), None);
        assert_eq!(at(tag::UTC_TIME, "700101000000+0100"), None);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for bytes in [
            &[0x30, 0x80][..],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x1f, 0x01, 0x00],
            &[0x30],
        ] {
            assert!(Reader::new(bytes).element().is_none(), "{bytes:x?}");
        }
    }
}
