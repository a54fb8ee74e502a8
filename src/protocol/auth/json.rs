//! Members of one JSON object (RFC 8259), as much as a server's refusal of a token needs: strings by name. What stands
//! deeper is checked and passed over.

use crate::protocol::error::put;

/// What is wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// It ends too early.
    Ended,
    /// This is no word of JSON, or stands where it cannot.
    Token(Vec<u8>),
    /// Something else was expected here: what, and what stands there.
    Expected(&'static str, Vec<u8>),
    /// A character below the space in a string: its number.
    Control(u8),
    /// An escape that there is not: what follows the backslash.
    Escape(Vec<u8>),
    /// The value is no object.
    NotObject,
    /// A member that must be a string is none: its name.
    NotString(&'static str),
    /// A member comes twice: its name.
    Twice(&'static str),
    /// Too deep.
    Depth,
    /// No memory.
    OutOfMemory,
}

impl JsonError {
    /// Appends the text, without a newline.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use JsonError::*;
        match self {
            Ended => put!(out, "The input string ended unexpectedly."),
            Token(token) => put!(out, "Token \"", token, "\" is invalid."),
            Expected(what, token) => {
                put!(out, "Expected ", what, ", but found \"", token, "\".");
            }
            Control(byte) => put!(
                out,
                "Character with value 0x",
                format!("{byte:02x}"),
                " must be escaped."
            ),
            Escape(what) => put!(out, "Escape sequence \"\\", what, "\" is invalid."),
            NotObject => put!(out, "top-level element must be an object"),
            NotString(name) => put!(out, "field \"", name, "\" must be a string"),
            Twice(name) => put!(out, "field \"", name, "\" is duplicated"),
            Depth => put!(out, "JSON is too deeply nested"),
            OutOfMemory => put!(out, "out of memory"),
        }
    }
}

/// The strings that the object has under `names`, in that order. Deeper than `depth` nothing may be.
///
/// # Errors
/// The text is no JSON, no object, or has under a name what is no string.
pub fn members<const N: usize>(
    text: &str,
    depth: usize,
    names: [&'static str; N],
) -> Result<[Option<Vec<u8>>; N], JsonError> {
    let mut reader = Reader {
        text: text.as_bytes(),
        at: 0,
        depth,
    };
    match reader.peek()? {
        b'{' => {}
        b'[' => return Err(JsonError::NotObject),
        _ => {
            reader.value(0)?;
            return Err(JsonError::NotObject);
        }
    }
    let mut found = [const { None }; N];
    reader.object(1, &mut |reader, name| {
        let Some(known) = names.iter().position(|n| n.as_bytes() == name) else {
            return reader.value(1);
        };
        if found[known].is_some() {
            return Err(JsonError::Twice(names[known]));
        }
        if reader.peek()? != b'"' {
            return Err(JsonError::NotString(names[known]));
        }
        found[known] = Some(reader.string()?);
        Ok(())
    })?;
    reader.space();
    match reader.at < reader.text.len() {
        true => reader.wrong("end of input"),
        false => Ok(found),
    }
}

type OnMember<'f> = dyn FnMut(&mut Reader<'_>, &[u8]) -> Result<(), JsonError> + 'f;

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// The first byte of what comes next.
    fn peek(&mut self) -> Result<u8, JsonError> {
        self.space();
        self.text.get(self.at).copied().ok_or(JsonError::Ended)
    }

    /// What stands here, to be shown: a word, or one character.
    fn word(&self) -> Vec<u8> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_word =
            |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'.' | 0x80..);
        let len = rest.iter().take_while(|b| is_word(b)).count();
        rest[..len.max(1).min(rest.len())].to_vec()
    }

    /// What stands here is not what was expected.
    fn wrong<T>(&mut self, expected: &'static str) -> Result<T, JsonError> {
        let word = match self.peek()? {
            b'"' => {
                let start = self.at;
                self.string()?;
                self.text[start..self.at].to_vec()
            }
            _ => self.word(),
        };
        let is_token =
            is_scalar(&word) || matches!(word[0], b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"');
        Err(match is_token {
            true => JsonError::Expected(expected, word),
            false => JsonError::Token(word),
        })
    }

    /// Passes over a value that stands `depth` deep.
    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        match self.peek()? {
            b'{' => self.object(depth + 1, &mut |reader, _| reader.value(depth + 1)),
            b'[' => self.array(depth + 1),
            b'"' => self.string().map(|_| ()),
            _ => self.scalar(),
        }
    }

    fn deeper(&self, depth: usize) -> Result<(), JsonError> {
        match depth > self.depth {
            true => Err(JsonError::Depth),
            false => Ok(()),
        }
    }

    fn object(&mut self, depth: usize, member: &mut OnMember<'_>) -> Result<(), JsonError> {
        self.deeper(depth)?;
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        let mut expected = "string or \"}\"";
        loop {
            if self.peek()? != b'"' {
                return self.wrong(expected);
            }
            expected = "string";
            let name = self.string()?;
            if self.peek()? != b':' {
                return self.wrong("\":\"");
            }
            self.at += 1;
            member(self, &name)?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return self.wrong("\",\" or \"}\""),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.deeper(depth)?;
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            match self.peek()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return self.wrong("\",\" or \"]\""),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), JsonError> {
        let word = self.word();
        if !is_scalar(&word) {
            return self.wrong("JSON value");
        }
        self.at += word.len();
        Ok(())
    }

    fn string(&mut self) -> Result<Vec<u8>, JsonError> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .iter()
                .take_while(|b| !matches!(b, b'"' | b'\\' | 0..=0x1f))
                .count();
            out.try_reserve(plain + 4)
                .map_err(|_| JsonError::OutOfMemory)?;
            out.extend_from_slice(&rest[..plain]);
            self.at += plain + 1;
            match rest.get(plain) {
                None => return Err(JsonError::Ended),
                Some(b'"') => return Ok(out),
                Some(b'\\') => self.escape(&mut out)?,
                Some(&control) => return Err(JsonError::Control(control)),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let Some(&letter) = self.text.get(self.at) else {
            return Err(JsonError::Ended);
        };
        self.at += 1;
        out.push(match letter {
            b'"' | b'\\' | b'/' => letter,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let first = self.hex()?;
                let c = match first {
                    0xd800..0xdc00 => {
                        let pair = self.text.get(self.at..self.at + 2) == Some(b"\\u");
                        self.at += 2 * usize::from(pair);
                        let low = if pair { self.hex()? } else { 0 };
                        match low {
                            0xdc00..0xe000 => {
                                char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00))
                            }
                            _ => None,
                        }
                    }
                    // A NUL would hide what follows.
                    0 => None,
                    code => char::from_u32(code),
                };
                let Some(c) = c else {
                    return Err(JsonError::Escape(format!("u{first:04x}").into_bytes()));
                };
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            other => return Err(JsonError::Escape(vec![other])),
        });
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .ok_or(JsonError::Ended)?;
        let code = digits.iter().try_fold(0, |code, &digit| {
            Some(code * 16 + char::from(digit).to_digit(16)?)
        });
        let code = code.ok_or_else(|| JsonError::Escape([b"u", digits].concat()))?;
        self.at += 4;
        Ok(code)
    }
}

fn is_scalar(word: &[u8]) -> bool {
    matches!(word, b"true" | b"false" | b"null") || is_number(word)
}

fn is_number(word: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = word.strip_prefix(b"-").unwrap_or(word);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = &fraction[len..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            exponent => exponent,
        };
        let len = digits(exponent);
        return len > 0 && len == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> Result<Option<String>, JsonError> {
        let [status] = members(text, 4, ["status"])?;
        Ok(status.map(|s| String::from_utf8(s).unwrap()))
    }

    #[test]
    fn strings_are_found_by_name_at_the_top_only() {
        let found = status(
            r#" {"a":[1,-2.5e3,{"status":"deep"}],"status":"x\u00e9\n\ud83d\ude00","b":null} "#,
        );
        assert_eq!(found, Ok(Some("xé\n😀".into())));
        assert_eq!(status("{}"), Ok(None));
    }

    #[test]
    fn what_is_no_object_of_strings_is_refused() {
        use JsonError::*;
        let token = |t: &str| Err(Token(t.as_bytes().to_vec()));
        for (text, expected) in [
            ("", Err(Ended)),
            ("[]", Err(NotObject)),
            ("3", Err(NotObject)),
            ("bad", token("bad")),
            ("{", Err(Ended)),
            ("{3:4}", Err(Expected("string or \"}\"", b"3".to_vec()))),
            ("{\"a\" 1}", Err(Expected("\":\"", b"1".to_vec()))),
            ("{\"a\":}", Err(Expected("JSON value", b"}".to_vec()))),
            ("{\"a\":01}", token("01")),
            ("{} x", token("x")),
            ("{} {}", Err(Expected("end of input", b"{".to_vec()))),
            ("{\"status\":1}", Err(NotString("status"))),
            ("{\"status\":\"a\",\"status\":\"b\"}", Err(Twice("status"))),
            ("{\"a\":[[[[]]]]}", Err(Depth)),
            ("{\"a\":\"\x01\"}", Err(Control(1))),
            ("{\"a\":\"\\x\"}", Err(Escape(b"x".to_vec()))),
            ("{\"a\":\"\\ud800\"}", Err(Escape(b"ud800".to_vec()))),
            ("{\"a\":\"\\u0000\"}", Err(Escape(b"u0000".to_vec()))),
            ("{\"a\":\"", Err(Ended)),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }
}
