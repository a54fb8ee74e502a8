//! One result of a command: status, columns, rows, command tag, error.
//!
//! It owns everything it shows and outlives the connection it came from. It is read-only once handed out, so threads
//! may share it.

use std::ops::Deref;
use std::sync::Arc;

use super::error::ResultError;
use super::error_fields::ErrorFields;
use super::rows::{RowError, RowStore};
use super::types::{ExecStatus, Oid};

/// One column of a result, in the order of a RowDescription's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Where its name begins in [`Columns`]' names.
    name: usize,
    /// OID of the table it comes from; 0 if none.
    pub table: Oid,
    /// Number of the column in that table; 0 if none.
    pub table_column: i32,
    /// Format code of its values: 0 text, 1 binary.
    pub format: i32,
    /// OID of its data type.
    pub type_oid: Oid,
    /// Size of its data type in bytes; negative for variable width.
    pub type_size: i32,
    /// Its type modifier.
    pub type_modifier: i32,
}

/// The columns of a result. Names are kept NUL-terminated behind one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    names: Vec<u8>,
    list: Vec<Column>,
    /// How many have format code 1, and how many another one than 0.
    binary: usize,
    not_text: usize,
}

/// What a result without columns shows. Made at compile time: what the first of several threads makes, a fork in another one may
/// leave half made, and locked, in the child.
static NO_COLUMNS: Columns = Columns {
    names: Vec::new(),
    list: Vec::new(),
    binary: 0,
    not_text: 0,
};

/// Columns that results share; by default none.
#[derive(Clone, Debug, Default)]
pub struct SharedColumns(Option<Arc<Columns>>);

impl SharedColumns {
    /// To be shared from now on.
    pub fn new(columns: Columns) -> Self {
        SharedColumns(Some(Arc::new(columns)))
    }
}

impl Deref for SharedColumns {
    type Target = Columns;

    #[inline]
    fn deref(&self) -> &Columns {
        match &self.0 {
            Some(columns) => columns,
            None => &NO_COLUMNS,
        }
    }
}

/// No memory, or more than a C `int` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl Columns {
    /// No columns, with room for `count`.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn with_room(count: usize) -> Result<Self, TooLarge> {
        let mut columns = Columns::default();
        columns
            .list
            .try_reserve_exact(count)
            .map_err(|_| TooLarge)?;
        Ok(columns)
    }

    /// Appends a column. `column` comes from [`Column::new`].
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn push(&mut self, name: &[u8], mut column: Column) -> Result<(), TooLarge> {
        self.names
            .try_reserve(name.len() + 1)
            .map_err(|_| TooLarge)?;
        self.list.try_reserve(1).map_err(|_| TooLarge)?;
        column.name = self.names.len();
        self.names.extend_from_slice(name);
        self.names.push(0);
        self.binary += usize::from(column.format == 1);
        self.not_text += usize::from(column.format != 0);
        self.list.push(column);
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The column at `index`.
    pub fn get(&self, index: usize) -> Option<&Column> {
        self.list.get(index)
    }

    /// The name of the column at `index`, from its first byte to the end of all names; it ends at the first NUL.
    pub fn name_with_nul(&self, index: usize) -> Option<&[u8]> {
        let start = self.list.get(index)?.name;
        let end = self
            .list
            .get(index + 1)
            .map_or(self.names.len(), |next| next.name);
        self.names.get(start..end)
    }

    /// The number of the first column called `name`, which is folded as the server folds an identifier: ASCII letters
    /// outside double quotes become lower-case, quotes are dropped, and a doubled quote within quotes stands for one
    /// (behaviour 228). The empty name is nobody's.
    pub fn number_of(&self, name: &[u8]) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        (0..self.list.len()).find(|&index| {
            self.name_with_nul(index)
                .and_then(|own| own.strip_suffix(b"\0"))
                .is_some_and(|own| Folded::new(name).eq(own.iter().copied()))
        })
    }

    /// All columns.
    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.list.iter()
    }

    /// Whether all values are binary, and there is a column at all (behaviour 226).
    pub fn all_binary(&self) -> bool {
        !self.list.is_empty() && self.binary == self.list.len()
    }

    /// Whether no values are text, and there is a column at all: what counts for columns the application gives.
    fn none_text(&self) -> bool {
        !self.list.is_empty() && self.not_text == self.list.len()
    }

    /// Whether some values are binary.
    pub fn any_binary(&self) -> bool {
        self.not_text > 0
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.names.capacity() + self.list.capacity() * size_of::<Column>()
    }
}

/// The bytes of an identifier after folding.
struct Folded<'a> {
    rest: &'a [u8],
    quoted: bool,
}

impl<'a> Folded<'a> {
    fn new(name: &'a [u8]) -> Self {
        Folded {
            rest: name,
            quoted: false,
        }
    }
}

impl Iterator for Folded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match (byte, rest) {
                (b'"', [b'"', rest @ ..]) if self.quoted => {
                    self.rest = rest;
                    return Some(b'"');
                }
                (b'"', _) => self.quoted = !self.quoted,
                _ if self.quoted => return Some(byte),
                _ => return Some(byte.to_ascii_lowercase()),
            }
        }
    }
}

impl Column {
    /// A column in RowDescription order; its name is given to [`Columns::push`].
    pub fn new(
        table: Oid,
        table_column: i32,
        type_oid: Oid,
        type_size: i32,
        type_modifier: i32,
        format: i32,
    ) -> Self {
        Column {
            name: 0,
            table,
            table_column,
            format,
            type_oid,
            type_size,
            type_modifier,
        }
    }
}

/// A retired result may keep so many columns, for the next one often has the same.
const KEPT_COLUMNS: usize = 64;

/// The most digits of an OID that are shown as a text.
pub const OID_DIGITS: usize = 23;

/// What the tag of an INSERT begins with; its OID follows.
const INSERT: &[u8] = b"INSERT ";

/// A command tag, at most 63 bytes and a NUL (behaviour 230).
#[derive(Clone, Copy)]
pub struct CommandTag {
    text: [u8; 64],
    len: u8,
}

impl CommandTag {
    /// No tag.
    pub const EMPTY: CommandTag = CommandTag {
        text: [0; 64],
        len: 0,
    };

    /// The first 63 bytes of `tag`.
    pub fn new(tag: &[u8]) -> Self {
        let mut this = Self::EMPTY;
        this.set(tag);
        this
    }

    /// Becomes the first 63 bytes of `tag`.
    #[inline]
    pub fn set(&mut self, tag: &[u8]) {
        let len = tag.len().min(63);
        self.text[..len].copy_from_slice(&tag[..len]);
        self.text[len] = 0;
        self.len = len as u8;
    }

    /// Becomes the tag of a CommandComplete's body; `false`, and nothing is changed, if that is not a text and its NUL.
    #[inline(always)]
    pub fn set_from_message(&mut self, body: &[u8]) -> bool {
        if let (9..=16, Some(first), Some(last)) =
            (body.len(), body.first_chunk(), body.last_chunk())
            && let Some(place) = self.text.get_mut(..body.len())
        {
            // Most are so long: two words, which overlap, and the only NUL is the second one's last byte.
            if first_zero(*first) != 8 || first_zero(*last) != 7 {
                return false;
            }
            place[..8].copy_from_slice(first);
            place[body.len() - 8..].copy_from_slice(last);
            self.len = body.len() as u8 - 1;
            return true;
        }
        match body {
            [tag @ .., 0] if !tag.contains(&0) => {
                self.set(tag);
                true
            }
            _ => false,
        }
    }

    /// The tag.
    pub fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    /// The tag and a NUL.
    pub fn text_with_nul(&self) -> &[u8] {
        &self.text[..usize::from(self.len) + 1]
    }

    /// The number of rows at the tag's end, as digits with the tag's NUL; only the NUL for commands without such a
    /// number (behaviour 231).
    ///
    /// # Errors
    /// [`ResultError::UnreadableTag`] where a number belongs and something else is.
    pub fn affected_rows(&self) -> Result<&[u8], ResultError> {
        const COUNTED: [&[u8]; 7] = [
            b"SELECT ", b"DELETE ", b"UPDATE ", b"FETCH ", b"MERGE ", b"MOVE ", b"COPY ",
        ];
        let text = self.text_with_nul();
        let unreadable = || ResultError::UnreadableTag(self.text().to_vec());
        let count = if let Some(rest) = text.strip_prefix(INSERT) {
            // Behind the OID, whatever that is.
            let space = rest.iter().position(|&b| b == b' ');
            &rest[space.ok_or_else(unreadable)? + 1..]
        } else {
            match COUNTED.iter().find_map(|word| text.strip_prefix(*word)) {
                Some(rest) => rest,
                None => return Ok(b"\0"),
            }
        };
        match count {
            [digits @ .., 0] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
                Ok(count)
            }
            _ => Err(unreadable()),
        }
    }

    /// The digits of the OID in an INSERT's tag, [`OID_DIGITS`] at the most; none if there is none (behaviour 232).
    pub fn inserted_oid_digits(&self) -> &[u8] {
        let digits = self.oid_digits();
        &digits[..digits.len().min(OID_DIGITS)]
    }

    /// The OID in an INSERT's tag; 0 if there is none, or something follows it directly. As in libpq 18.6 a number that
    /// is too large saturates at 64 bits and is cut to 32.
    pub fn inserted_oid(&self) -> Oid {
        let digits = self.oid_digits();
        match self.text().get(INSERT.len() + digits.len()) {
            None | Some(b' ') => {}
            Some(_) => return 0,
        }
        digits.iter().fold(0u64, |oid, digit| {
            oid.saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        }) as Oid
    }

    fn oid_digits(&self) -> &[u8] {
        let rest = self.text().strip_prefix(INSERT).unwrap_or_default();
        let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        &rest[..len]
    }
}

/// Where the first zero byte is in a word; 8 if nowhere.
#[inline(always)]
fn first_zero(word: [u8; 8]) -> u32 {
    let word = u64::from_le_bytes(word);
    // The lowest bit that is set is the top bit of the first byte that is 0.
    let zeros = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
    zeros.trailing_zeros() / 8
}

/// What an error or notice result carries.
pub struct ErrorReport {
    /// The fields of the server's message; none for messages of this library.
    pub fields: ErrorFields,
    /// The text as it was formatted when it came, with a NUL behind it.
    message: Vec<u8>,
    /// The query it is about, for a LINE display later.
    pub query: Option<Arc<[u8]>>,
}

impl ErrorReport {
    /// A report with its formatted text, which must hold no NUL.
    pub fn new(fields: ErrorFields, mut message: Vec<u8>, query: Option<Arc<[u8]>>) -> Self {
        message.push(0);
        ErrorReport {
            fields,
            message,
            query,
        }
    }

    /// The formatted text with a NUL behind it.
    pub fn message_with_nul(&self) -> &[u8] {
        &self.message
    }

    /// The formatted text.
    pub fn message(&self) -> &[u8] {
        &self.message[..self.message.len() - 1]
    }
}

/// One result of a command: a handle on a [`ResultBody`], so that results move from hand to hand as one pointer.
pub struct QueryResult(Box<ResultBody>);

impl core::ops::Deref for QueryResult {
    type Target = ResultBody;

    #[inline]
    fn deref(&self) -> &ResultBody {
        &self.0
    }
}

impl core::ops::DerefMut for QueryResult {
    #[inline]
    fn deref_mut(&mut self) -> &mut ResultBody {
        &mut self.0
    }
}

/// What a result holds.
pub struct ResultBody {
    /// Its status.
    pub status: ExecStatus,
    /// Its columns; shared by the partial results of one command.
    pub columns: SharedColumns,
    /// Its rows.
    pub rows: RowStore,
    /// Types of a statement's parameters, from a Describe.
    pub param_types: Vec<Oid>,
    /// Its overall format: for COPY the server's word, else whether all columns are binary.
    pub binary: bool,
    /// Its command tag.
    pub tag: CommandTag,
    /// The error or notice, if it is one.
    pub error: Option<Box<ErrorReport>>,
    /// The client encoding when it was made (an id of [`super::encoding`]).
    pub client_encoding: i32,
    /// It only says that the connection has failed: event procedures are not told of it.
    pub is_failure: bool,
}

impl ResultBody {
    /// Out of line, for what drops the former columns would be a burden to those who keep theirs.
    #[inline(never)]
    fn take_columns(&mut self, columns: &SharedColumns) {
        self.columns = columns.clone();
    }
}

impl QueryResult {
    /// A result without columns and rows.
    pub fn new(status: ExecStatus, client_encoding: i32) -> Self {
        QueryResult::with_columns(status, SharedColumns::default(), client_encoding)
    }

    /// A result ready to take rows of these columns.
    pub fn with_columns(status: ExecStatus, columns: SharedColumns, client_encoding: i32) -> Self {
        QueryResult(Box::new(ResultBody {
            status,
            rows: RowStore::new(columns.len(), columns.any_binary()),
            param_types: Vec::new(),
            binary: columns.all_binary(),
            columns,
            tag: CommandTag::EMPTY,
            error: None,
            client_encoding,
            is_failure: false,
        }))
    }

    /// As if made by [`QueryResult::with_columns`], in the memory of a result that was retired.
    #[inline]
    pub fn renew(&mut self, status: ExecStatus, columns: &SharedColumns, client_encoding: i32) {
        let body = &mut *self.0;
        if !std::ptr::eq::<Columns>(&*body.columns, &**columns) {
            body.take_columns(columns);
        }
        body.status = status;
        body.binary = columns.all_binary();
        body.rows.restart(columns.len(), columns.any_binary());
        body.tag.set(b"");
        body.client_encoding = client_encoding;
        body.is_failure = false;
    }

    /// Nobody needs the result any more: gives up what it holds, but for a little memory that the next one can use.
    #[inline]
    pub fn retire(&mut self) {
        let body = &mut *self.0;
        body.rows.trim();
        if body.columns.len() > KEPT_COLUMNS {
            body.columns = SharedColumns::default();
        }
        if body.param_types.capacity() > 0 {
            body.param_types = Vec::new();
        }
        if body.error.is_some() {
            body.error = None;
        }
    }

    /// The body, for who keeps it by itself for a while.
    pub fn into_body(self) -> Box<ResultBody> {
        self.0
    }

    /// A result with this body.
    pub fn from_body(body: Box<ResultBody>) -> Self {
        QueryResult(body)
    }

    /// An error or notice of this library, without fields.
    pub fn with_message(status: ExecStatus, message: &[u8], client_encoding: i32) -> Self {
        let mut this = QueryResult::new(status, client_encoding);
        this.error = Some(Box::new(ErrorReport::new(
            ErrorFields::default(),
            message.to_vec(),
            None,
        )));
        this
    }

    /// A copy with the command tag, perhaps the columns, and perhaps the rows, which include the columns; status
    /// [`ExecStatus::TuplesOk`], no error (behaviour 235).
    ///
    /// # Errors
    /// [`RowError::OutOfMemory`].
    pub fn copy(&self, columns: bool, rows: bool) -> Result<QueryResult, RowError> {
        let mut copy = QueryResult::new(ExecStatus::TuplesOk, self.client_encoding);
        if columns || rows {
            copy.binary = self.columns.none_text();
            copy.rows = RowStore::new(self.columns.len(), self.columns.any_binary());
            copy.columns = self.columns.clone();
        }
        if rows && !self.columns.is_empty() {
            copy.rows = self.rows.try_clone()?;
        }
        copy.tag = self.tag;
        Ok(copy)
    }

    /// Gives a result that has neither columns nor rows its columns; whether it was such a one.
    pub fn set_columns(&mut self, columns: Columns) -> bool {
        if !self.columns.is_empty() || self.rows.rows() > 0 {
            return false;
        }
        self.rows = RowStore::new(columns.len(), columns.any_binary());
        self.binary = columns.none_text();
        self.columns = SharedColumns::new(columns);
        true
    }

    /// The error text, "" if it is no error.
    pub fn message(&self) -> &[u8] {
        self.error.as_ref().map_or(b"", |e| e.message())
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        let error = self.error.as_ref().map_or(0, |e| {
            size_of::<ErrorReport>()
                + e.message.capacity()
                + e.fields.memory()
                + e.query.as_ref().map_or(0, |q| q.len())
        });
        size_of::<ResultBody>()
            + self.columns.memory()
            + self.rows.memory()
            + self.param_types.capacity() * 4
            + error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_231_rows_affected() {
        for (tag, count) in [
            ("INSERT 0 5", Some("5")),
            ("INSERT 12a 5", Some("5")),
            ("INSERT  5", Some("5")),
            ("INSERT", Some("")),
            ("INSERT ", None),
            ("INSERT 0", None),
            ("INSERT 0 ", None),
            ("INSERT 0  5", None),
            ("INSERT 0 5 6", None),
            ("SELECT 7", Some("7")),
            ("SELECT", Some("")),
            ("SELECT ", None),
            ("SELECT 5x", None),
            ("SELECT 5 ", None),
            ("SELECT -5", None),
            ("select 5", Some("")),
            ("DELETE 3", Some("3")),
            (
                "UPDATE 999999999999999999999",
                Some("999999999999999999999"),
            ),
            ("FETCH 5", Some("5")),
            ("MERGE 6", Some("6")),
            ("MOVE 7", Some("7")),
            ("MOVE x", None),
            ("COPY 8", Some("8")),
            ("CREATE TABLE AS 5", Some("")),
            ("", Some("")),
        ] {
            let tag = CommandTag::new(tag.as_bytes());
            let expected = match count {
                Some(count) => Ok([count.as_bytes(), b"\0"].concat()),
                None => Err(ResultError::UnreadableTag(tag.text().to_vec())),
            };
            assert_eq!(tag.affected_rows().map(<[u8]>::to_vec), expected);
        }
    }

    #[test]
    fn behaviour_232_inserted_oid() {
        for (tag, oid, digits) in [
            ("INSERT 123 5", 123, "123"),
            ("INSERT 123", 123, "123"),
            ("INSERT 12a 5", 0, "12"),
            ("INSERT -1 1", 0, ""),
            ("INSERT  7 1", 0, ""),
            ("SELECT 5", 0, ""),
            ("INSERT 99999999999 1", 1_215_752_191, "99999999999"),
            (
                "INSERT 1234567890123456789012345678901234567890 1",
                u32::MAX,
                "12345678901234567890123",
            ),
        ] {
            let made = CommandTag::new(tag.as_bytes());
            assert_eq!(made.inserted_oid(), oid, "{tag}");
            assert_eq!(made.inserted_oid_digits(), digits.as_bytes(), "{tag}");
        }
    }

    #[test]
    fn a_tag_is_taken_from_a_body_that_ends_with_its_only_nul() {
        for len in 0..70 {
            let body = [&vec![b'x'; len][..], b"\0"].concat();
            let mut tag = CommandTag::new(b"OLD");
            assert!(tag.set_from_message(&body), "{len}");
            assert_eq!(tag.text_with_nul(), [&body[..len.min(63)], b"\0"].concat());
            for at in 0..len {
                let mut bad = body.clone();
                bad[at] = 0;
                assert!(!tag.set_from_message(&bad), "{at} of {len}");
            }
            assert!(!tag.set_from_message(&body[..len]));
            assert_eq!(tag.text(), &body[..len.min(63)]);
        }
    }

    #[test]
    fn behaviour_230_a_tag_keeps_63_bytes() {
        let tag = CommandTag::new(&[b'x'; 70]);
        assert_eq!(tag.text_with_nul(), [&[b'x'; 63][..], b"\0"].concat());
    }
}
