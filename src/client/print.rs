//! The tables of `PQprint`, `PQdisplayTuples` and `PQprintTuples` (manual section "Miscellaneous Functions" and older
//! manuals; behaviours 297 to 305).
//!
//! Pure formatting: the caller says where the pieces go. Widths count bytes (behaviour 303), of whole values; shown are
//! values up to their first NUL.

use crate::protocol::result::QueryResult;

/// Where the pieces of a text go.
pub type Emit<'a> = &'a mut dyn FnMut(&[u8]);

/// What `PQprint` is to show, its `PQprintOpt`.
pub struct PrintOptions<'a> {
    /// Column names above and the number of rows below.
    pub header: bool,
    /// Pad values to the width of their column.
    pub align: bool,
    /// Borders around everything; with `align` only.
    pub standard: bool,
    /// HTML tables.
    pub html: bool,
    /// One line, or HTML row, a value.
    pub expanded: bool,
    /// What stands between values.
    pub separator: &'a [u8],
    /// Attributes of HTML's table element.
    pub table_options: &'a [u8],
    /// HTML's caption.
    pub caption: Option<&'a [u8]>,
    /// Names instead of the columns' own, from the first column on; empty ones replace nothing.
    pub names: Vec<&'a [u8]>,
}

/// What `PQdisplayTuples` is to show.
pub struct DisplayOptions<'a> {
    /// Pad values to the width of their column.
    pub align: bool,
    /// What stands behind values.
    pub separator: &'a [u8],
    /// Column names above.
    pub header: bool,
    /// No number of rows below.
    pub quiet: bool,
}

/// Repeats a byte.
fn fill(out: Emit<'_>, byte: u8, count: usize) {
    let chunk = [byte; 64];
    let mut left = count;
    while left > 0 {
        let now = left.min(chunk.len());
        out(&chunk[..now]);
        left -= now;
    }
}

/// Pads a text to `width`, on its left if `right`-justified.
fn padded(out: Emit<'_>, text: &[u8], width: usize, right: bool) {
    let padding = width.saturating_sub(text.len());
    if right {
        fill(out, b' ', padding);
    }
    out(text);
    if !right {
        fill(out, b' ', padding);
    }
}

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|&b| b == 0).next().unwrap_or_default()
}

fn value(result: &QueryResult, row: usize, column: usize) -> &[u8] {
    until_nul(result.rows.value(row, column).unwrap_or_default())
}

fn own_name(result: &QueryResult, column: usize) -> &[u8] {
    until_nul(result.columns.name_with_nul(column).unwrap_or_default())
}

fn length(result: &QueryResult, row: usize, column: usize) -> usize {
    usize::try_from(result.rows.length(row, column)).unwrap_or(0)
}

/// Whether a value counts as a number for its column's alignment (behaviour 299).
fn looks_like_number(value: &[u8]) -> bool {
    let (Some(first), Some(last)) = (value.first(), value.last()) else {
        return true;
    };
    let within = |set: &[u8], byte: &u8| byte.is_ascii_digit() || set.contains(byte);
    within(b". -", first) && within(b"", last) && value.iter().all(|b| within(b".Ee -", b))
}

/// Shows a result as `PQprint` does; nothing if it has no columns.
pub fn print(result: &QueryResult, options: &PrintOptions<'_>, out: Emit<'_>) {
    if result.columns.is_empty() {
        return;
    }
    let mut table = Table {
        result,
        options,
        out,
    };
    match (options.expanded, options.html) {
        (true, true) => table.expanded_html(),
        (true, false) => table.expanded_text(),
        (false, true) => table.html(),
        (false, false) if options.align => table.aligned(),
        (false, false) => table.unaligned(),
    }
    if options.header && !options.html {
        let rows = result.rows.rows();
        let plural = if rows == 1 { "" } else { "s" };
        table.text(&format!("({rows} row{plural})\n\n"));
    }
}

/// Whether [`print`]'s output goes through a pager on a screen of this size, as libpq 18.6 estimates it: from the names
/// and separators, not from the values; HTML never does.
pub fn is_taller(
    result: &QueryResult,
    options: &PrintOptions<'_>,
    screen_rows: usize,
    screen_columns: usize,
) -> bool {
    let (rows, columns) = (result.rows.rows(), result.columns.len());
    if columns == 0 || options.html {
        return false;
    }
    if options.expanded {
        return rows * (columns + 1) >= screen_rows;
    }
    let names: usize = (0..columns)
        .map(|c| shown_name(result, options, c).len())
        .sum();
    let line = names + 2 * columns * options.separator.len() + 1;
    let lines_a_row = line / screen_columns.max(1) + 1;
    let body = rows * lines_a_row * if options.standard { 2 } else { 1 };
    let head = if options.header {
        2 * lines_a_row + 2
    } else {
        0
    };
    body >= screen_rows.saturating_sub(head)
}

/// The name that is shown, but for the header of aligned text.
fn shown_name<'a>(result: &'a QueryResult, options: &PrintOptions<'a>, column: usize) -> &'a [u8] {
    match options.names.get(column) {
        Some(name) if !name.is_empty() => name,
        _ => own_name(result, column),
    }
}

/// One call of [`print`].
struct Table<'a, 'o> {
    result: &'a QueryResult,
    options: &'a PrintOptions<'a>,
    out: Emit<'o>,
}

impl<'a> Table<'a, '_> {
    fn rows(&self) -> usize {
        self.result.rows.rows()
    }

    fn columns(&self) -> usize {
        self.result.columns.len()
    }

    fn value(&self, row: usize, column: usize) -> &'a [u8] {
        value(self.result, row, column)
    }

    fn name(&self, column: usize) -> &'a [u8] {
        shown_name(self.result, self.options, column)
    }

    /// Values that show nothing do not count, whatever their length.
    fn width_of_values(&self, column: usize) -> usize {
        (0..self.rows())
            .filter(|&row| !self.value(row, column).is_empty())
            .map(|row| length(self.result, row, column))
            .max()
            .unwrap_or(0)
    }

    fn put(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            (self.out)(piece);
        }
    }

    fn text(&mut self, text: &str) {
        (self.out)(text.as_bytes());
    }

    /// Which columns hold numbers only. Without alignment nobody looks.
    fn numeric_columns(&self) -> Vec<bool> {
        (0..self.columns())
            .map(|c| {
                !self.options.align
                    || (0..self.rows()).all(|row| looks_like_number(self.value(row, c)))
            })
            .collect()
    }

    fn unaligned(&mut self) {
        let separator = self.options.separator;
        let last = self.columns() - 1;
        if self.options.header {
            let mut length = separator.len() * last;
            for column in 0..=last {
                let name = self.name(column);
                length += name.len();
                self.put(&[name, if column < last { separator } else { b"\n" }]);
            }
            fill(self.out, b'-', length);
            self.text("\n");
        }
        for row in 0..self.rows() {
            for column in 0..=last {
                let end = if column < last { separator } else { b"\n" };
                self.put(&[self.value(row, column), end]);
            }
        }
    }

    fn aligned(&mut self) {
        let numeric = self.numeric_columns();
        let mut widths: Vec<usize> = (0..self.columns())
            .map(|c| self.name(c).len().max(self.width_of_values(c)))
            .collect();
        // As in libpq 18.6 the border follows from the replacement names, while the header shows the columns' own
        // (behaviour 298) and widens what comes below it.
        let border = widths.clone();
        let standard = self.options.standard;
        if self.options.header {
            if standard {
                self.border(&border);
            }
            for (column, width) in widths.iter_mut().enumerate() {
                *width = own_name(self.result, column).len().max(*width);
            }
            self.line(&widths, &numeric, |table, c| own_name(table.result, c));
            self.border(&border);
        }
        for row in 0..self.rows() {
            self.line(&widths, &numeric, |table, c| table.value(row, c));
            if standard {
                match self.options.header {
                    true => self.border(&border),
                    // What libpq 18.6 prints for the border it has not made.
                    false => self.text("(null)\n"),
                }
            }
        }
    }

    /// A line of dashes, with a plus for every byte of the separator.
    fn border(&mut self, widths: &[usize]) {
        let crossing = self.options.separator.len();
        let standard = self.options.standard;
        for (column, width) in widths.iter().enumerate() {
            if standard || column > 0 {
                fill(self.out, b'+', crossing);
            }
            fill(self.out, b'-', width + if standard { 2 } else { 0 });
        }
        if standard {
            fill(self.out, b'+', crossing);
        }
        self.text("\n");
    }

    /// A line of padded cells.
    fn line(
        &mut self,
        widths: &[usize],
        numeric: &[bool],
        cell: impl Fn(&Self, usize) -> &'a [u8],
    ) {
        let separator = self.options.separator;
        let standard = self.options.standard;
        for (column, (&width, &right)) in widths.iter().zip(numeric).enumerate() {
            let text = cell(self, column);
            if standard || column > 0 {
                self.put(&[separator]);
            }
            if standard {
                self.text(" ");
            }
            padded(self.out, text, width, right);
            if standard {
                self.text(" ");
            }
        }
        self.put(&[if standard { separator } else { b"" }, b"\n"]);
    }

    fn html(&mut self) {
        let options = self.options;
        let (rows, columns) = (self.rows(), self.columns());
        if !options.align {
            self.separators_of_empty_values();
        }
        let numeric = self.numeric_columns();
        self.put(&[b"<table ", options.table_options, b">"]);
        if options.header {
            self.text("<caption align=\"top\">");
            match options.caption {
                Some(caption) => self.put(&[caption]),
                None => self.text(&format!("Retrieved {rows} rows * {columns} fields")),
            }
            self.text("</caption>\n<tr>");
            if options.standard {
                self.put(&[options.separator]);
            }
            for (column, &right) in numeric.iter().enumerate() {
                let name = self.name(column);
                self.put(&[b"<th align=\"", side(right), b"\">", name, b"</th>"]);
            }
            self.text("</tr>\n");
        }
        for row in 0..rows {
            self.text("<tr>");
            for (column, &right) in numeric.iter().enumerate() {
                let value = self.value(row, column);
                self.put(&[b"<td align=\"", side(right), b"\">", value, b"</td>"]);
            }
            self.text("</tr>\n");
        }
        self.text("</table>\n");
    }

    /// What libpq 18.6 lets slip out before the table (behaviour 302).
    fn separators_of_empty_values(&mut self) {
        let last = self.columns() - 1;
        for row in 0..self.rows() {
            for column in 0..=last {
                if self.value(row, column).is_empty() {
                    self.put(&[if column < last {
                        self.options.separator
                    } else {
                        b"\n"
                    }]);
                }
            }
        }
    }

    fn expanded_text(&mut self) {
        let separator = self.options.separator;
        let names = 0..self.columns();
        let (width, gap) = match self.options.align {
            true => (names.map(|c| self.name(c).len()).max().unwrap_or(0), " "),
            false => (0, ""),
        };
        if self.options.header {
            padded(self.out, b"Field", width, false);
            self.put(&[separator, gap.as_bytes(), b"Value\n"]);
        }
        for row in 0..self.rows() {
            self.text(&format!("-- RECORD {row} --\n"));
            for column in 0..self.columns() {
                let value = self.value(row, column);
                if !value.is_empty() {
                    let name = self.name(column);
                    padded(self.out, name, width, false);
                    self.put(&[separator, gap.as_bytes(), value, b"\n"]);
                }
            }
        }
    }

    fn expanded_html(&mut self) {
        let options = self.options;
        let (rows, columns) = (self.rows(), self.columns());
        self.text("<center><h2>");
        match options.caption {
            Some(caption) => self.put(&[caption]),
            None => self.text(&format!("Query retrieved {rows} rows * {columns} fields")),
        }
        self.text("</h2></center>\n");
        // Whether a column holds numbers is known from the rows shown so far only.
        let mut numeric = vec![true; columns];
        for row in 0..rows {
            self.put(&[b"<table ", options.table_options, b">"]);
            self.text(&format!("<caption align=\"top\">{row}</caption>\n"));
            for (column, right) in numeric.iter_mut().enumerate() {
                let value = self.value(row, column);
                if value.is_empty() {
                    continue;
                }
                *right &= !options.align || looks_like_number(value);
                let name = self.name(column);
                self.put(&[b"<tr><td align=\"left\"><b>", name, b"</b></td>"]);
                self.put(&[
                    b"<td align=\"",
                    side(*right),
                    b"\">",
                    value,
                    b"</td></tr>\n",
                ]);
            }
            self.text("</table>\n");
        }
    }
}

fn side(right: bool) -> &'static [u8] {
    if right { b"right" } else { b"left" }
}

/// Shows a result as `PQdisplayTuples` does; no result has no columns and no rows (behaviour 304).
pub fn display<'a>(result: Option<&'a QueryResult>, options: &DisplayOptions<'_>, out: Emit<'_>) {
    let columns = result.map_or(0, |r| r.columns.len());
    let rows = result.map_or(0, |r| r.rows.rows());
    let widths: Vec<usize> = (0..columns)
        .map(|c| match result {
            Some(result) if options.align => {
                let values = (0..rows).map(|row| length(result, row, c)).max();
                own_name(result, c).len().max(values.unwrap_or(0)) + 1
            }
            _ => 0,
        })
        .collect();
    let mut line = |cell: &dyn Fn(usize) -> &'a [u8], filler: u8| {
        for (column, &width) in widths.iter().enumerate() {
            let text = cell(column);
            out(text);
            fill(out, filler, width.saturating_sub(text.len()));
            out(options.separator);
        }
        out(b"\n");
    };
    if options.header {
        line(&|c| result.map_or(&b""[..], |r| own_name(r, c)), b' ');
        line(&|_| b"", b'-');
    }
    for row in 0..rows {
        line(&|c| result.map_or(&b""[..], |r| value(r, row, c)), b' ');
    }
    if !options.quiet {
        let plural = if rows == 1 { "" } else { "s" };
        out(format!("\nQuery returned {rows} row{plural}.\n").as_bytes());
    }
}

/// Shows a result as `PQprintTuples` does; nothing if it has no columns (behaviour 305).
pub fn print_tuples<'a>(
    result: &'a QueryResult,
    names: bool,
    terse: bool,
    column_width: usize,
    out: Emit<'_>,
) {
    const DASHES_A_COLUMN: usize = 14;
    let columns = result.columns.len();
    if columns == 0 {
        return;
    }
    let edge: &[u8] = if terse { b"" } else { b"|" };
    let border = |out: Emit<'_>| {
        if !terse {
            fill(out, b'-', DASHES_A_COLUMN * columns);
            out(b"\n");
        }
    };
    border(out);
    let mut line = |cell: &dyn Fn(usize) -> &'a [u8]| {
        for column in 0..columns {
            out(edge);
            out(b" ");
            padded(out, cell(column), column_width, false);
        }
        out(edge);
        out(b"\n");
        border(out);
    };
    if names {
        line(&|c| own_name(result, c));
    }
    for row in 0..result.rows.rows() {
        line(&|c| value(result, row, c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::result::{Column, Columns, SharedColumns};
    use crate::protocol::types::ExecStatus;

    /// What all tables here show: a number, a text, one value missing.
    fn result(rows: &[[Option<&str>; 2]]) -> QueryResult {
        let mut columns = Columns::default();
        for name in ["num", "long_name"] {
            let column = Column::new(0, 0, 25, -1, -1, 0);
            columns.push(name.as_bytes(), column).unwrap();
        }
        let mut result =
            QueryResult::with_columns(ExecStatus::TuplesOk, SharedColumns::new(columns), 0);
        for (row, values) in rows.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let value = value.map(str::as_bytes);
                result.rows.set_value(row, column, value).unwrap();
            }
        }
        result
    }

    fn two_rows() -> QueryResult {
        result(&[[Some("1"), Some("abc")], [Some("-22"), None]])
    }

    fn options(header: bool, align: bool, standard: bool) -> PrintOptions<'static> {
        PrintOptions {
            header,
            align,
            standard,
            html: false,
            expanded: false,
            separator: b"|",
            table_options: b"",
            caption: None,
            names: Vec::new(),
        }
    }

    fn printed(result: &QueryResult, options: &PrintOptions<'_>) -> String {
        let mut out = Vec::new();
        print(result, options, &mut |piece| out.extend_from_slice(piece));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn unaligned_and_aligned_text() {
        let r = two_rows();
        assert_eq!(
            printed(&r, &options(true, false, true)),
            "num|long_name\n-------------\n1|abc\n-22|\n(2 rows)\n\n"
        );
        assert_eq!(
            printed(&r, &options(true, true, false)),
            "num|long_name\n---+---------\n  1|abc      \n-22|         \n(2 rows)\n\n"
        );
        assert_eq!(
            printed(&r, &options(true, true, true)),
            "+-----+-----------+\n| num | long_name |\n+-----+-----------+\n\
             |   1 | abc       |\n+-----+-----------+\n\
             | -22 |           |\n+-----+-----------+\n(2 rows)\n\n"
        );
        assert_eq!(
            printed(
                &result(&[[Some("1"), Some("2")]]),
                &options(false, true, true)
            ),
            "|   1 |         2 |\n(null)\n",
            "the border that nobody made"
        );
        let none = QueryResult::new(ExecStatus::CommandOk, 0);
        assert_eq!(printed(&none, &options(true, true, true)), "");
    }

    #[test]
    fn behaviour_298_an_aligned_header_shows_the_columns_own_names() {
        let mut options = options(true, true, false);
        options.names = vec![b"number", b"l"];
        assert_eq!(
            printed(&two_rows(), &options),
            "   num|long_name\n------+---\n     1|abc      \n   -22|         \n(2 rows)\n\n"
        );
        options.align = false;
        options.names = vec![b"", b"l", b"too", b"many"];
        assert_eq!(
            printed(&two_rows(), &options),
            "num|l\n-----\n1|abc\n-22|\n(2 rows)\n\n"
        );
    }

    #[test]
    fn behaviour_299_what_counts_as_a_number() {
        for number in ["5", "-5", ".5", " 5", "1e5", "1 2", "-.eE 0", ""] {
            assert!(looks_like_number(number.as_bytes()), "{number}");
        }
        for text in ["-", "5.", "5 ", "e5", "+5", "5x5", "1e", "\u{664}"] {
            assert!(!looks_like_number(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn behaviour_300_expanded_text_skips_empty_values() {
        let r = result(&[[Some("1"), None], [Some(""), Some("x")]]);
        let mut options = options(true, false, false);
        options.expanded = true;
        assert_eq!(
            printed(&r, &options),
            "Field|Value\n-- RECORD 0 --\nnum|1\n-- RECORD 1 --\nlong_name|x\n(2 rows)\n\n"
        );
        options.align = true;
        assert_eq!(
            printed(&r, &options),
            "Field    | Value\n-- RECORD 0 --\nnum      | 1\n-- RECORD 1 --\n\
             long_name| x\n(2 rows)\n\n"
        );
    }

    #[test]
    fn behaviour_302_html_and_what_slips_out_before_it() {
        let r = result(&[[None, Some("x")], [Some("1"), None]]);
        let mut options = options(true, false, false);
        options.html = true;
        options.table_options = b"border=1";
        assert_eq!(
            printed(&r, &options),
            "|\n<table border=1><caption align=\"top\">Retrieved 2 rows * 2 fields</caption>\n\
             <tr><th align=\"right\">num</th><th align=\"right\">long_name</th></tr>\n\
             <tr><td align=\"right\"></td><td align=\"right\">x</td></tr>\n\
             <tr><td align=\"right\">1</td><td align=\"right\"></td></tr>\n</table>\n"
        );
        options.expanded = true;
        options.align = true;
        options.caption = Some(b"<c>");
        let r = result(&[[None, Some("5")], [Some("1"), Some("x")]]);
        assert_eq!(
            printed(&r, &options),
            "<center><h2><c></h2></center>\n\
             <table border=1><caption align=\"top\">0</caption>\n\
             <tr><td align=\"left\"><b>long_name</b></td><td align=\"right\">5</td></tr>\n\
             </table>\n<table border=1><caption align=\"top\">1</caption>\n\
             <tr><td align=\"left\"><b>num</b></td><td align=\"right\">1</td></tr>\n\
             <tr><td align=\"left\"><b>long_name</b></td><td align=\"left\">x</td></tr>\n\
             </table>\n"
        );
    }

    #[test]
    fn behaviour_304_display_tuples() {
        let displayed = |result: Option<&QueryResult>, align, header, quiet| {
            let mut out = Vec::new();
            let options = DisplayOptions {
                align,
                separator: b"|",
                header,
                quiet,
            };
            display(result, &options, &mut |piece| out.extend_from_slice(piece));
            String::from_utf8(out).unwrap()
        };
        let r = two_rows();
        assert_eq!(
            displayed(Some(&r), true, true, false),
            "num |long_name |\n----|----------|\n1   |abc       |\n-22 |          |\n\
             \nQuery returned 2 rows.\n"
        );
        assert_eq!(displayed(Some(&r), false, false, true), "1|abc|\n-22||\n");
        assert_eq!(
            displayed(None, true, true, false),
            "\n\n\nQuery returned 0 rows.\n"
        );
    }

    #[test]
    fn behaviour_305_print_tuples() {
        let shown = |names, terse, width| {
            let mut out = Vec::new();
            print_tuples(&two_rows(), names, terse, width, &mut |piece| {
                out.extend_from_slice(piece);
            });
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(false, true, 0), " 1 abc\n -22 \n");
        let dashes = "-".repeat(28);
        assert_eq!(
            shown(true, false, 4),
            format!(
                "{dashes}\n| num | long_name|\n{dashes}\n| 1   | abc |\n{dashes}\n\
                 | -22 |     |\n{dashes}\n"
            )
        );
    }

    #[test]
    fn behaviour_297_a_pager_is_due_when_the_estimate_fills_the_screen() {
        let rows = |count: usize| result(&vec![[Some("1"), Some("x")]; count]);
        let due = |count, o: &PrintOptions<'_>| is_taller(&rows(count), o, 24, 80);
        let plain = options(false, false, false);
        assert!(!due(23, &plain) && due(24, &plain));
        let headed = options(true, true, false);
        assert!(!due(19, &headed) && due(20, &headed));
        let boxed = options(true, true, true);
        assert!(!due(9, &boxed) && due(10, &boxed));
        let wide = PrintOptions {
            separator: &[b' '; 17],
            ..options(true, false, false)
        };
        // 12 bytes of names, 68 of separators and 1 are two lines of 80.
        assert!(!due(8, &wide) && due(9, &wide));
        let expanded = PrintOptions {
            expanded: true,
            ..options(true, true, true)
        };
        assert!(!due(7, &expanded) && due(8, &expanded));
        let html = PrintOptions {
            html: true,
            ..options(true, true, true)
        };
        assert!(!due(100, &html));
    }
}
