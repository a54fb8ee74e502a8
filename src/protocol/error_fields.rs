//! The fields of an ErrorResponse or NoticeResponse.

/// The fields of one message, in order of arrival.
#[derive(Default)]
pub struct ErrorFields {
    list: Vec<(u8, Vec<u8>)>,
}

impl ErrorFields {
    /// Appends a field.
    pub fn push(&mut self, code: u8, value: &[u8]) -> bool {
        self.list.push((code, value.to_vec()));
        true
    }
    /// The value of the field `code`.
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        self.list
            .iter()
            .find(|f| f.0 == code)
            .map(|f| f.1.as_slice())
    }
    /// Bytes held.
    pub fn memory(&self) -> usize {
        0
    }
}
