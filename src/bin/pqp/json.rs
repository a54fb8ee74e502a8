//! As much JSON as the doctor writes.

/// A JSON string (RFC 8259, section 7).
pub fn string(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The string, or `null` for an empty one.
pub fn or_null(text: &str) -> String {
    match text.is_empty() {
        true => "null".into(),
        false => string(text),
    }
}
