//! Aligned tables.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use super::screen::Screen;
use crate::event::printable;

/// Widest cell; the rest is in `--json`.
const WIDEST: usize = 60;

/// Rows under headings. Cells are made harmless; numbers stand to the right.
#[derive(Debug)]
pub struct Table {
    headings: Vec<&'static str>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these headings; one that starts with `>` stands to the right.
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.iter().map(|heading| heading.trim_start_matches('>')).collect(),
            right: headings.iter().map(|heading| heading.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| cut(&printable(&cell))).collect());
    }

    /// Prints it.
    pub fn print(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
            cells.chain(self.headings.get(column).map(|heading| heading.width())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        let headings = self.headings.iter().map(|&heading| heading.to_owned()).collect::<Vec<_>>();
        if self.headings.iter().any(|heading| !heading.is_empty()) {
            let heading = screen.faint(&self.aligned(&headings, &widths));
            screen.line(heading)?;
        }
        for row in &self.rows {
            screen.line(self.aligned(row, &widths))?;
        }
        Ok(())
    }

    fn aligned(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), right) in row.iter().zip(widths).zip(&self.right) {
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            if !line.is_empty() {
                line.push_str("  ");
            }
            if *right {
                line.push_str(&pad);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&pad);
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn cut(cell: &str) -> String {
    if cell.width() <= WIDEST {
        return cell.to_owned();
    }
    let mut out = String::new();
    for c in cell.chars() {
        if out.width() + 2 > WIDEST {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}
