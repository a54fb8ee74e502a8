//! The connect report as JSON (RFC 8259), one object. Members are only ever added.

use super::{Attempt, OptionUsed, Outcome, Phase, Report};

/// Writes a value behind a name, with the commas that belong there.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut Vec<u8>) -> Object<'a> {
        out.push(b'{');
        Object {
            out,
            is_first: true,
        }
    }

    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        string(name.as_bytes(), self.out);
        self.out.push(b':');
        self.out
    }

    fn text(&mut self, name: &str, value: &[u8]) {
        string(value, self.name(name));
    }

    /// `null` for an empty text.
    fn text_or_null(&mut self, name: &str, value: &[u8]) {
        match value.is_empty() {
            true => self.name(name).extend_from_slice(b"null"),
            false => self.text(name, value),
        }
    }

    fn number(&mut self, name: &str, value: Option<i128>) {
        let out = self.name(name);
        match value {
            Some(value) => out.extend_from_slice(value.to_string().as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn close(self) {
        self.out.push(b'}');
    }
}

/// A list of what `write` writes for each item.
fn list<T>(items: &[T], out: &mut Vec<u8>, mut write: impl FnMut(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

/// A string; bytes that are no UTF-8 become U+FFFD.
fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            c if (c as u32) < 0x20 => {
                out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes());
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

impl Report {
    /// The report as JSON: times in microseconds since connecting began.
    pub fn to_json(&self, options: &[OptionUsed]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        let wall = self.started_at().and_then(|t| {
            let since = t.duration_since(std::time::UNIX_EPOCH).ok()?;
            i128::try_from(since.as_micros()).ok()
        });
        object.number("started_at_us", wall);
        object.number(
            "duration_us",
            self.duration().map(|d| d.as_micros() as i128),
        );
        list(&self.attempts, object.name("attempts"), |attempt, out| {
            self.attempt_json(attempt, out);
        });
        object.number("attempts_omitted", Some(self.omitted as i128));
        list(options, object.name("options"), |option, out| {
            let mut object = Object::open(out);
            object.text("keyword", option.keyword.as_bytes());
            object.text("value", &option.value);
            object.text("source", option.origin.name().as_bytes());
            object.close();
        });
        object.close();
        out
    }

    fn attempt_json(&self, attempt: &Attempt, out: &mut Vec<u8>) {
        let at = |instant| Some(self.since_start(instant).as_micros() as i128);
        let mut object = Object::open(out);
        object.text("host", &attempt.host);
        object.text_or_null("hostaddr", &attempt.hostaddr);
        object.text("port", &attempt.port);
        object.number("begin_us", at(attempt.span.begin));
        object.number("end_us", attempt.span.end.and_then(at));
        let spans: Vec<_> = Phase::ALL
            .into_iter()
            .filter_map(|phase| Some((phase, attempt.phases[phase as usize]?)))
            .collect();
        list(&spans, object.name("phases"), |(phase, span), out| {
            let mut object = Object::open(out);
            object.text("phase", phase.name().as_bytes());
            object.number("begin_us", at(span.begin));
            object.number("end_us", span.end.and_then(at));
            object.close();
        });
        match &attempt.tls {
            None => object.text("encryption", b"none"),
            Some(tls) => {
                object.text("encryption", b"tls");
                object.text("tls_version", &tls.version);
                object.text("tls_cipher", &tls.cipher);
                object.number("tls_key_bits", Some(tls.key_bits.into()));
            }
        }
        let version = attempt.protocol_version;
        let version = match version {
            0 => String::new(),
            v => format!("{}.{}", v >> 16, v & 0xffff),
        };
        object.text_or_null("protocol_version", version.as_bytes());
        object.text_or_null("auth_method", &attempt.auth_method);
        let known = |number: i32| (number != 0).then_some(number.into());
        object.number("server_version", known(attempt.server_version));
        object.number("backend_pid", known(attempt.backend_pid));
        object.text("role", attempt.role.name().as_bytes());
        object.text("outcome", attempt.outcome.name().as_bytes());
        if attempt.outcome == Outcome::Failed {
            let cause = &attempt.cause;
            object.text("failure", cause.kind.name().as_bytes());
            object.number("errno", known(cause.errno));
            object.number("tls_alert", cause.alert.map(i128::from));
            object.text_or_null("sqlstate", cause.sqlstate.as_ref().map_or(b"", |s| s));
            object.text("message", &attempt.message);
        }
        object.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_and_made_utf_8() {
        let mut out = Vec::new();
        string(b"a\"b\\c\n\x01\xff\xc3\xa9", &mut out);
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\u0001\u{fffd}é\"".as_bytes());
    }

    #[test]
    fn an_empty_report_is_an_object_of_nothing() {
        assert_eq!(
            Report::default().to_json(&[]),
            b"{\"started_at_us\":null,\"duration_us\":null,\"attempts\":[],\"attempts_omitted\":0,\"options\":[]}"
        );
    }
}
