//! Escaping as a connection needs it: in its encoding and for its server, with errors in its error text.

use super::Connection;
use crate::protocol::escape::{self, EscapeError, EscapedString};

/// Servers from this version on read bytea in hexadecimal form.
const FIRST_WITH_HEX_BYTEA: i32 = 90_000;

impl Connection {
    /// Escapes the inside of a string constant, piece by piece; see [`escape::escape_string`].
    pub fn escape_string(&mut self, from: &[u8], emit: impl FnMut(&[u8])) -> EscapedString {
        self.begin_cycle();
        let facts = &self.link.session.facts;
        let escaped = escape::escape_string(from, facts.client_encoding, facts.std_strings, emit);
        if let Some(error) = &escaped.error {
            self.report_escape_error(error);
        }
        escaped
    }

    /// A string constant with its quotes; `None` with the reason in the error text.
    pub fn escape_literal(&mut self, from: &[u8]) -> Option<Vec<u8>> {
        self.begin_cycle();
        let encoding = self.link.session.facts.client_encoding;
        self.or_report(escape::escape_literal(from, encoding))
    }

    /// An identifier with its quotes; `None` with the reason in the error text.
    pub fn escape_identifier(&mut self, from: &[u8]) -> Option<Vec<u8>> {
        self.begin_cycle();
        let encoding = self.link.session.facts.client_encoding;
        self.or_report(escape::escape_identifier(from, encoding))
    }

    /// A bytea for a string constant, without a NUL (behaviour 293); `None` with the reason in the error text.
    ///
    /// `from` is asked for its `len` bytes only once it is known that their escaped form can be.
    pub fn escape_bytea<'a>(
        &mut self,
        len: usize,
        from: impl FnOnce() -> &'a [u8],
    ) -> Option<Vec<u8>> {
        self.begin_cycle();
        let facts = &self.link.session.facts;
        let std_strings = facts.std_strings;
        let hex = facts.server_version >= FIRST_WITH_HEX_BYTEA;
        let escaped = escape::escaped_bytea_size(len, std_strings)
            .and_then(|_| escape::escape_bytea(from(), std_strings, hex));
        self.or_report(escaped)
    }

    fn or_report<T>(&mut self, outcome: Result<T, EscapeError>) -> Option<T> {
        outcome
            .inspect_err(|error| self.report_escape_error(error))
            .ok()
    }

    fn report_escape_error(&mut self, error: &EscapeError) {
        let errors = &mut self.link.session.errors;
        errors.push_with(|out| error.write_text(out));
    }
}
