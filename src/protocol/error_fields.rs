//! The fields of an ErrorResponse or NoticeResponse.
//!
//! Owns the values as they came; refuses to interpret them (see `error_format`). Filled by the message decoder, read by
//! `PQresultErrorField` and the error display.

use core::ops::Range;

use super::backend::find_nul;

/// Localized severity.
pub const SEVERITY: u8 = b'S';
/// Severity that is never localized.
pub const SEVERITY_NONLOCALIZED: u8 = b'V';
/// SQLSTATE code.
pub const SQLSTATE: u8 = b'C';
/// Primary message.
pub const MESSAGE_PRIMARY: u8 = b'M';
/// Detail.
pub const MESSAGE_DETAIL: u8 = b'D';
/// Hint.
pub const MESSAGE_HINT: u8 = b'H';
/// Cursor position in the statement, in characters from 1.
pub const STATEMENT_POSITION: u8 = b'P';
/// Cursor position in the internal query.
pub const INTERNAL_POSITION: u8 = b'p';
/// Text of an internally generated command.
pub const INTERNAL_QUERY: u8 = b'q';
/// Where the error occurred: call stack.
pub const CONTEXT: u8 = b'W';
/// Schema name.
pub const SCHEMA_NAME: u8 = b's';
/// Table name.
pub const TABLE_NAME: u8 = b't';
/// Column name.
pub const COLUMN_NAME: u8 = b'c';
/// Data type name.
pub const DATATYPE_NAME: u8 = b'd';
/// Constraint name.
pub const CONSTRAINT_NAME: u8 = b'n';
/// Source file of the server.
pub const SOURCE_FILE: u8 = b'F';
/// Source line of the server.
pub const SOURCE_LINE: u8 = b'L';
/// Source function of the server.
pub const SOURCE_FUNCTION: u8 = b'R';

/// How many fields an error has when nothing is special about it.
const USUAL_FIELDS: usize = 10;

/// A field could not be stored: no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// Fields in the order of their arrival.
///
/// Each value is stored with a NUL behind it, so that C can be given its address.
#[derive(Clone, Debug, Default)]
pub struct ErrorFields {
    /// Values, each followed by a NUL.
    text: Vec<u8>,
    /// Code and place of the value in `text`, without its NUL.
    fields: Vec<(u8, Range<usize>)>,
}

impl ErrorFields {
    /// No fields.
    pub const fn new() -> Self {
        ErrorFields {
            text: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Makes room for the fields of a message of so many bytes, which have come. Without memory [`ErrorFields::push`] says so.
    pub fn expect(&mut self, bytes: usize) {
        let _ = self.fields.try_reserve_exact(USUAL_FIELDS);
        let _ = self.text.try_reserve_exact(bytes);
    }

    /// Adds a field. The value comes from a String of the protocol, so it holds no NUL; it would end at one.
    ///
    /// What is stored is bounded by the message's own length, which the caller has bounded.
    ///
    /// # Errors
    /// [`OutOfMemory`]; nothing has been added then.
    pub fn push(&mut self, code: u8, value: &[u8]) -> Result<(), OutOfMemory> {
        let end = find_nul(value);
        let value = value.get(..end.unwrap_or(value.len())).unwrap_or(value);
        self.fields.try_reserve(1).map_err(|_| OutOfMemory)?;
        self.text
            .try_reserve(value.len().saturating_add(1))
            .map_err(|_| OutOfMemory)?;
        let start = self.text.len();
        self.text.extend_from_slice(value);
        self.fields.push((code, start..self.text.len()));
        self.text.push(0);
        Ok(())
    }

    /// The value of a field, `None` when the message had none. Of several the last counts.
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        self.text.get(self.place(code)?)
    }

    /// As [`ErrorFields::get`], with the NUL that ends it.
    pub fn get_with_nul(&self, code: u8) -> Option<&[u8]> {
        let place = self.place(code)?;
        self.text.get(place.start..=place.end)
    }

    /// All fields in the order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.fields
            .iter()
            .filter_map(|(code, place)| Some((*code, self.text.get(place.clone())?)))
    }

    /// Whether the message had no field at all.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.text.capacity() + self.fields.capacity() * size_of::<(u8, Range<usize>)>()
    }

    fn place(&self, code: u8) -> Option<Range<usize>> {
        self.fields
            .iter()
            .rev()
            .find(|(known, _)| *known == code)
            .map(|(_, place)| place.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_code_and_the_last_of_several_counts() {
        let mut fields = ErrorFields::new();
        assert!(fields.is_empty());
        fields.push(SEVERITY, b"ERROR").unwrap();
        fields.push(MESSAGE_PRIMARY, b"first").unwrap();
        fields.push(MESSAGE_PRIMARY, b"").unwrap();
        assert_eq!(fields.get(SEVERITY), Some(&b"ERROR"[..]));
        assert_eq!(fields.get(MESSAGE_PRIMARY), Some(&b""[..]));
        assert_eq!(fields.get_with_nul(SEVERITY), Some(&b"ERROR\0"[..]));
        assert_eq!(fields.get_with_nul(MESSAGE_PRIMARY), Some(&b"\0"[..]));
        assert_eq!(fields.get(MESSAGE_HINT), None);
        assert_eq!(fields.iter().count(), 3);
        assert_eq!(fields.iter().nth(1), Some((b'M', &b"first"[..])));
    }

    #[test]
    fn a_value_ends_at_a_nul() {
        let mut fields = ErrorFields::new();
        fields.push(MESSAGE_HINT, b"a\0b").unwrap();
        assert_eq!(fields.get_with_nul(MESSAGE_HINT), Some(&b"a\0"[..]));
    }
}
