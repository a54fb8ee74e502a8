//! Small helpers for caller-chosen texts: fallible copies and C's idea of white space.

use super::error::ConfigError;

/// A copy of caller-sized bytes.
pub(super) fn copy(bytes: &[u8]) -> Result<Vec<u8>, ConfigError> {
    let mut out = Vec::new();
    append(&mut out, bytes)?;
    Ok(out)
}

/// Appends caller-sized bytes.
pub(super) fn append(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), ConfigError> {
    out.try_reserve(bytes.len())
        .map_err(|_| ConfigError::OutOfMemory)?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// The error that carries a copy of `bytes`, or the lack of memory for that copy.
pub(super) fn error_with(bytes: &[u8], make: impl FnOnce(Vec<u8>) -> ConfigError) -> ConfigError {
    copy(bytes).map_or_else(|e| e, make)
}

/// White space as C's `isspace` has it in the C locale; unlike Rust's ASCII white space it includes vertical tab.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0b' | b'\x0c' | b'\r')
}

/// `text` without the white space before it.
pub(super) fn trim_start(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|&b| !is_space(b))
        .unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// `text` without the white space after it.
pub(super) fn trim_end(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .rposition(|&b| !is_space(b))
        .map_or(0, |i| i + 1);
    text.get(..end).unwrap_or_default()
}
