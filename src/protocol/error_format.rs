//! stub until the real room is merged
use super::error_fields::ErrorFields;
use super::types::*;
/// build
pub fn build_message(
    fields: &ErrorFields,
    _notice: bool,
    _v: Verbosity,
    _c: ContextVisibility,
    _q: Option<&[u8]>,
    _e: i32,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(fields.get(b'S').unwrap_or(b""));
    out.extend_from_slice(b":  ");
    out.extend_from_slice(fields.get(b'M').unwrap_or(b""));
    out.push(b'\n');
}
