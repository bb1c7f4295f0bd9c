//! Prints for people or for machines.

use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};

/// How answers are printed.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    is_json: bool,
    has_colour: bool,
}

impl Output {
    pub fn new(is_json: bool) -> Self {
        let has_colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { is_json, has_colour }
    }

    pub fn is_json(self) -> bool {
        self.is_json
    }

    /// Prints an answer: the document, or what `text` makes of it.
    pub fn answer(self, document: &Value, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.is_json { self.line(&document.to_string()) } else { self.line(&text()) }
    }

    pub fn line(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// Says something around an answer, to people only.
    pub fn note(self, text: &str) {
        if !self.is_json {
            eprintln!("{text}");
        }
    }

    pub fn error(self, text: &str) {
        if self.is_json {
            eprintln!("{}", json!({"error": text}));
        } else {
            eprintln!("error: {text}");
        }
    }

    pub fn bold(self, text: &str) -> String {
        self.styled("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.styled("2", text)
    }

    pub fn green(self, text: &str) -> String {
        self.styled("32", text)
    }

    fn styled(self, code: &str, text: &str) -> String {
        if self.has_colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Rows under their headings, each column as wide as its widest cell.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let headings = headings.map(str::to_uppercase);
    let mut widths = headings.each_ref().map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let lines: Vec<_> = std::iter::once(&headings).chain(rows).map(line).collect();
    lines.join("\n")
}

/// A member of a document as a cell: texts bare, lists joined, nothing for null.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            [["a".to_owned(), "long cell".to_owned()], ["ünïcode".to_owned(), "b".to_owned()]];
        let expect = "ID       LABEL\na        long cell\nünïcode  b";
        assert_eq!(table(["id", "label"], &rows), expect);
    }

    #[test]
    fn a_cell_holds_no_json() {
        assert_eq!(cell(&json!(["all", "read"])), "all, read");
        assert_eq!(cell(&json!(null)), "");
        assert_eq!(cell(&json!(17)), "17");
    }
}
