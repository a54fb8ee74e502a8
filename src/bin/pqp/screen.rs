//! Text for a screen of 80 columns: colours, wrapped lines, and spans of time as bars.

use std::time::Duration;

/// What nothing is wider than.
pub const WIDTH: usize = 80;

/// Colours, or none.
#[derive(Clone, Copy)]
pub struct Paint(pub bool);

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        match self.0 && !text.is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// What did not.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// A heading.
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// What matters less.
    pub fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }
}

/// The text in lines that fit behind `indent` columns. Its own line breaks stay; a word longer than a line stands alone.
pub fn lines(text: &str, indent: usize) -> Vec<String> {
    let width = WIDTH.saturating_sub(indent).max(20);
    let mut out = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let mut word = word;
            // A path or key that no line holds is cut where the line ends.
            while word.chars().count() > width {
                if !line.is_empty() {
                    out.push(std::mem::take(&mut line));
                }
                let end = word
                    .char_indices()
                    .nth(width)
                    .map_or(word.len(), |(i, _)| i);
                out.push(word[..end].to_owned());
                word = &word[end..];
            }
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                out.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        out.push(line);
    }
    out
}

/// The text, cut to so many columns.
pub fn cut(text: &str, columns: usize) -> String {
    match text.chars().count() > columns {
        true => {
            let kept: String = text.chars().take(columns.saturating_sub(3)).collect();
            kept + "..."
        }
        false => text.to_owned(),
    }
}

/// A span of time in three digits or so: `0.21 ms`, `14.3 ms`, `2.00 s`.
pub fn time(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1e3;
    match ms {
        _ if ms < 10.0 => format!("{ms:.2} ms"),
        _ if ms < 100.0 => format!("{ms:.1} ms"),
        _ if ms < 1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1e3),
    }
}

/// Where a span stands in the whole, as a bar of `columns`.
pub fn bar(begin: Duration, end: Duration, whole: Duration, columns: usize) -> String {
    let whole = whole.as_secs_f64().max(1e-9);
    let place = |at: Duration| ((at.as_secs_f64() / whole) * columns as f64) as usize;
    let from = place(begin).min(columns - 1);
    let to = place(end).clamp(from + 1, columns);
    " ".repeat(from) + &"=".repeat(to - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_keep_every_word() {
        let text = "one two three ".repeat(20) + &"x".repeat(100);
        let found = lines(&text, 10);
        assert!(found.iter().all(|line| line.chars().count() <= 70));
        assert_eq!(found.concat().matches('x').count(), 100);
        assert_eq!(lines("a\nb", 0), ["a", "b"]);
    }

    #[test]
    fn bars_stay_in_their_columns_and_show_the_shortest_span() {
        let ms = Duration::from_millis;
        assert_eq!(bar(ms(0), ms(10), ms(10), 10), "==========");
        assert_eq!(bar(ms(5), ms(5), ms(10), 10), "     =");
        assert_eq!(bar(ms(10), ms(10), ms(10), 10), "         =");
        assert_eq!(bar(ms(0), ms(0), ms(0), 10), "=");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(time(Duration::from_micros(210)), "0.21 ms");
        assert_eq!(time(Duration::from_millis(123)), "123 ms");
        assert_eq!(time(Duration::from_secs(2)), "2.00 s");
    }
}
