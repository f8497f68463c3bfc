//! What was measured, as tables: for a person at the terminal, and as Markdown for the docs.

use std::fmt::Write as _;

/// What a part found out.
#[derive(Clone, Debug)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// How it was measured: whole sentences.
    pub method: String,
    /// The figures.
    pub tables: Vec<Table>,
    /// What has been aimed at, and whether it was met.
    pub aims: Vec<Aim>,
}

/// Figures side by side. The first column is text and flush left, the others flush right.
#[derive(Clone, Debug)]
pub struct Table {
    /// What the rows have in common.
    pub caption: String,
    /// Heads of the columns, with units.
    pub columns: Vec<String>,
    /// Cells, as many in each row as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// A figure aimed at.
#[derive(Clone, Debug)]
pub struct Aim {
    /// In words, with the figure.
    pub what: String,
    /// What was measured.
    pub found: String,
    /// Whether that is enough.
    pub met: bool,
}

impl Table {
    /// An empty one.
    pub fn new(caption: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self { caption: caption.into(), columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// For the terminal.
    pub fn text(&self) -> String {
        let mut text = format!("  {}\n", self.caption);
        let widths = self.widths();
        let mut line = |cells: &[String]| {
            let mut out = String::from("   ");
            for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                let _ = if at == 0 { write!(out, " {cell}{pad}") } else { write!(out, "  {pad}{cell}") };
            }
            text.push_str(out.trim_end());
            text.push('\n');
        };
        line(&self.columns);
        line(&widths.iter().map(|&width| "─".repeat(width)).collect::<Vec<_>>());
        for row in &self.rows {
            line(row);
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.caption);
        let _ = writeln!(text, "| {} |", self.columns.join(" | "));
        let rules = self.columns.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" });
        let _ = writeln!(text, "|{}|", rules.collect::<Vec<_>>().join("|"));
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let lines = || std::iter::once(&self.columns).chain(&self.rows);
        (0..self.columns.len())
            .map(|at| lines().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max())
            .map(Option::unwrap_or_default)
            .collect()
    }
}

impl Section {
    /// For the terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for table in &self.tables {
            let _ = writeln!(text, "{}", table.text());
        }
        for aim in &self.aims {
            let _ = writeln!(text, "  {}", aim.text());
        }
        text
    }

    /// For the docs.
    pub fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n{}\n\n", self.title, self.method);
        for table in &self.tables {
            let _ = writeln!(text, "{}", table.markdown());
        }
        for aim in &self.aims {
            let _ = writeln!(text, "- {}", aim.text());
        }
        text
    }
}

impl Aim {
    fn text(&self) -> String {
        let verdict = if self.met { "met" } else { "missed" };
        format!("Aim: {}: {} ({})", self.what, verdict, self.found)
    }
}

/// A whole number with a comma every three digits.
pub fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value <= -0.5 { format!("-{out}") } else { out }
}

/// With one digit after the point.
pub fn tenths(value: f64) -> String {
    format!("{value:.1}")
}

/// With two digits after the point.
pub fn hundredths(value: f64) -> String {
    format!("{value:.2}")
}

/// A share as percent.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Nanoseconds as microseconds.
pub fn microseconds(nanoseconds: f64) -> String {
    grouped(nanoseconds / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let written: Vec<String> =
            [0.0, 999.0, 1000.0, 1_234_567.4, -1000.0, -0.2].map(grouped).into_iter().collect();
        assert_eq!(written, ["0", "999", "1,000", "1,234,567", "-1,000", "0"]);
    }

    #[test]
    fn tables_line_up() {
        let mut table = Table::new("Packets", &["side", "ns"]);
        table.row(["without".to_owned(), "7".to_owned()]);
        table.row(["with".to_owned(), "1,000".to_owned()]);
        assert_eq!(
            table.text(),
            "  Packets\n    side        ns\n    ───────  ─────\n    without      7\n    with     1,000\n"
        );
        assert!(table.markdown().contains("|---|---:|\n| without | 7 |\n"));
    }
}
