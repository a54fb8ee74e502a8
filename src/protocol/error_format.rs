//! The text of a server's error or notice, as `PQresultErrorMessage` and `PQresultVerboseErrorMessage` give it
//! (manual: `PQsetErrorVerbosity`, `PQsetErrorContextVisibility`; behaviours 149 to 158 and 163).
//!
//! Owns the order of the parts and the LINE display with its caret. Refuses to decide when a message is built, or which
//! query it belongs to.

use crate::protocol::encoding;
use crate::protocol::error_fields::{self as field, ErrorFields, OutOfMemory};
use crate::protocol::types::{ContextVisibility, Verbosity};

/// Columns of a query line that are shown at most.
const WINDOW_COLUMNS: usize = 60;
/// Columns kept to the right of the caret when the line is cut.
const COLUMNS_AFTER_CARET: usize = 10;

/// Appends the text of a message, each line with its newline.
///
/// `query` is the text that `P` positions count in, when it was kept; `client_encoding` is its encoding and that of the
/// fields.
///
/// # Errors
/// [`OutOfMemory`]; `out` then holds the beginning of the text.
pub fn build_message(
    fields: &ErrorFields,
    is_notice: bool,
    verbosity: Verbosity,
    show_context: ContextVisibility,
    query: Option<&[u8]>,
    client_encoding: i32,
    out: &mut Vec<u8>,
) -> Result<(), OutOfMemory> {
    let mut out = Output(out);
    if fields.is_empty() {
        return out.put(&[b"no error message available\n"]);
    }
    if let Some(severity) = fields.get(field::SEVERITY) {
        out.put(&[severity, b":  "])?;
    }
    let sqlstate = fields.get(field::SQLSTATE);
    if let (Verbosity::Sqlstate, Some(sqlstate)) = (verbosity, sqlstate) {
        return out.put(&[sqlstate, b"\n"]);
    }
    if let (Verbosity::Verbose, Some(sqlstate)) = (verbosity, sqlstate) {
        out.put(&[sqlstate, b": "])?;
    }
    if let Some(message) = fields.get(field::MESSAGE_PRIMARY) {
        out.put(&[message])?;
    }

    // A position counts in the statement, else in the internal query.
    let internal_query = fields.get(field::INTERNAL_QUERY);
    let pointed = match fields.get(field::STATEMENT_POSITION) {
        Some(position) => Some((position, query)),
        None => fields
            .get(field::INTERNAL_POSITION)
            .map(|position| (position, internal_query)),
    };
    let short = matches!(verbosity, Verbosity::Terse | Verbosity::Sqlstate);
    let mut caret = None;
    if let Some((position, text)) = pointed {
        match text {
            Some(text) if !short => caret = Some((number(position), text)),
            _ => out.put(&[b" at character ", position])?,
        }
    }
    out.put(&[b"\n"])?;
    if short {
        return Ok(());
    }

    if let Some((position, text)) = caret {
        write_caret(text, position, client_encoding, &mut out)?;
    }
    let context = match show_context {
        ContextVisibility::Never => None,
        ContextVisibility::Errors if is_notice => None,
        _ => fields.get(field::CONTEXT),
    };
    let mut labelled = |label: &[u8], value: Option<&[u8]>| match value {
        Some(value) => out.put(&[label, b":  ", value, b"\n"]),
        None => Ok(()),
    };
    labelled(b"DETAIL", fields.get(field::MESSAGE_DETAIL))?;
    labelled(b"HINT", fields.get(field::MESSAGE_HINT))?;
    labelled(b"QUERY", internal_query)?;
    labelled(b"CONTEXT", context)?;
    if !matches!(verbosity, Verbosity::Verbose) {
        return Ok(());
    }
    labelled(b"SCHEMA NAME", fields.get(field::SCHEMA_NAME))?;
    labelled(b"TABLE NAME", fields.get(field::TABLE_NAME))?;
    labelled(b"COLUMN NAME", fields.get(field::COLUMN_NAME))?;
    labelled(b"DATATYPE NAME", fields.get(field::DATATYPE_NAME))?;
    labelled(b"CONSTRAINT NAME", fields.get(field::CONSTRAINT_NAME))?;
    write_location(fields, &mut out)
}

/// The LOCATION line (behaviour 163): file and line only together.
fn write_location(fields: &ErrorFields, out: &mut Output) -> Result<(), OutOfMemory> {
    let function = fields.get(field::SOURCE_FUNCTION);
    let file = fields.get(field::SOURCE_FILE);
    let line = fields.get(field::SOURCE_LINE);
    if function.is_none() && file.is_none() && line.is_none() {
        return Ok(());
    }
    out.put(&[b"LOCATION:  "])?;
    if let Some(function) = function {
        out.put(&[function, b", "])?;
    }
    if let (Some(file), Some(line)) = (file, line) {
        out.put(&[file, b":", line])?;
    }
    out.put(&[b"\n"])
}

/// Appends two lines: the line of `query` that holds the character number `position` (from 1), and a caret under it.
///
/// Nothing when there is no such character, nor an end of text just there (behaviours 157, 158).
fn write_caret(
    query: &[u8],
    position: i32,
    client_encoding: i32,
    out: &mut Output,
) -> Result<(), OutOfMemory> {
    let Ok(characters_before) = usize::try_from(i64::from(position) - 1) else {
        return Ok(());
    };
    let characters = |text| Characters {
        rest: text,
        client_encoding,
    };

    // Where the line begins that holds the character, and its number.
    let (mut before, mut line_start, mut line_number) = (0, 0, 1u32);
    let mut after_return = false;
    let mut seen = 0;
    for character in characters(query).take(characters_before) {
        seen += 1;
        before += character.len();
        if is_line_break(character) {
            // A newline right after a carriage return only belongs to it.
            if !(after_return && character == b"\n") {
                line_number = line_number.wrapping_add(1);
            }
            line_start = before;
        }
        after_return = character == b"\r";
    }
    if seen < characters_before {
        return Ok(());
    }
    let (head, tail) = query.split_at(before);
    let line_end = before
        + characters(tail)
            .take_while(|character| !is_line_break(character))
            .map(<[u8]>::len)
            .sum::<usize>();
    let line = query.get(line_start..line_end).unwrap_or_default();

    let columns = |text| {
        characters(text)
            .map(|character| columns_of(character, client_encoding))
            .sum::<usize>()
    };
    let caret_column = columns(head.get(line_start..).unwrap_or_default());
    let line_columns = columns(line);

    // Cut what does not fit the window, first on the right of the caret, then on the left.
    let (mut shown, mut right_cut) = (line, false);
    let mut shown_columns = line_columns;
    if line_columns > WINDOW_COLUMNS {
        let limit = WINDOW_COLUMNS.max(caret_column + COLUMNS_AFTER_CARET);
        let (mut len, mut columns) = (0, 0);
        for character in characters(line) {
            let more = columns_of(character, client_encoding);
            if columns + more > limit {
                right_cut = true;
                break;
            }
            len += character.len();
            columns += more;
        }
        shown = line.get(..len).unwrap_or(line);
        shown_columns = columns;
    }
    let mut hidden_columns = 0;
    for character in characters(shown) {
        if shown_columns - hidden_columns <= WINDOW_COLUMNS {
            break;
        }
        hidden_columns += columns_of(character, client_encoding);
        shown = shown.get(character.len()..).unwrap_or_default();
    }

    let label = format!("LINE {line_number}: ");
    out.put(&[label.as_bytes()])?;
    let mut indent = label.len() + caret_column - hidden_columns.min(caret_column);
    if hidden_columns > 0 {
        out.put(&[b"..."])?;
        indent += 3;
    }
    for character in characters(shown) {
        out.put(&[match character {
            b"\t" => b" ",
            other => other,
        }])?;
    }
    if right_cut {
        out.put(&[b"..."])?;
    }
    out.put(&[b"\n"])?;
    out.spaces(indent)?;
    out.put(&[b"^\n"])
}

/// Splits text into characters; the last may be cut off by the end.
struct Characters<'t> {
    rest: &'t [u8],
    client_encoding: i32,
}

impl<'t> Iterator for Characters<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let len = encoding::mblen(self.client_encoding, self.rest).min(self.rest.len());
        let (character, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(character)
    }
}

fn is_line_break(character: &[u8]) -> bool {
    matches!(character, b"\n" | b"\r")
}

/// Columns a character takes in the display: what has none or is a control character takes one (behaviour 158).
fn columns_of(character: &[u8], client_encoding: i32) -> usize {
    encoding::dsplen(client_encoding, character).max(1) as usize
}

/// A decimal number as libpq 18.6 reads it from a field: leading white space and a sign, then digits up to anything
/// else, a 64-bit value that saturates and is cut to 32 bits. Zero without digits.
fn number(text: &[u8]) -> i32 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut value = 0i64;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(digit - b'0');
        value = value.saturating_mul(10);
        value = if negative {
            value.saturating_sub(digit)
        } else {
            value.saturating_add(digit)
        };
    }
    value as i32
}

/// A buffer that grows only by asking.
struct Output<'o>(&'o mut Vec<u8>);

impl Output<'_> {
    fn put(&mut self, parts: &[&[u8]]) -> Result<(), OutOfMemory> {
        for part in parts {
            self.0.try_reserve(part.len()).map_err(|_| OutOfMemory)?;
            self.0.extend_from_slice(part);
        }
        Ok(())
    }

    fn spaces(&mut self, count: usize) -> Result<(), OutOfMemory> {
        self.0.try_reserve(count).map_err(|_| OutOfMemory)?;
        self.0.resize(self.0.len() + count, b' ');
        Ok(())
    }
}

#[cfg(test)]
#[path = "error_format_tests.rs"]
mod tests;
