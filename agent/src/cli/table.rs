//! Aligned tables that fit the terminal: a row is a line.

use std::io;

use anstyle::AnsiColor;
use unicode_width::UnicodeWidthStr as _;

use super::screen::Screen;
use crate::event::{fit, printable};

/// Widest cell where there is no terminal to fit; the rest is in `--json`.
const WIDEST: usize = 60;
/// Columns that stay of a cell when nobody said what gives way.
const LEAST: usize = 8;
/// Columns between cells.
const GAP: usize = 2;

/// What a cell is painted with, by its text.
type Paint = fn(&str) -> Option<AnsiColor>;

/// Rows under headings. Cells are made harmless; numbers stand to the right.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    indent: usize,
    shrinks: Vec<(&'static str, usize)>,
    goes: Vec<&'static str>,
}

#[derive(Debug)]
struct Column {
    heading: &'static str,
    right: bool,
    paint: Option<Paint>,
}

impl Table {
    /// With these headings; one that starts with `>` stands to the right.
    pub fn new(headings: &[&'static str]) -> Self {
        let column = |heading: &&'static str| Column {
            heading: heading.trim_start_matches('>'),
            right: heading.starts_with('>'),
            paint: None,
        };
        Self {
            columns: headings.iter().map(column).collect(),
            rows: Vec::new(),
            indent: 0,
            shrinks: Vec::new(),
            goes: Vec::new(),
        }
    }

    /// It stands in from the left, under a heading of its own.
    pub fn indented(mut self) -> Self {
        self.indent = GAP;
        self
    }

    /// Columns that give way on a narrow terminal, the least important first, and how much stays of each.
    pub fn shrinking(mut self, columns: &[(&'static str, usize)]) -> Self {
        self.shrinks = columns.to_vec();
        self
    }

    /// Columns that are left out, the first first, when that was not enough.
    pub fn dropping(mut self, columns: &[&'static str]) -> Self {
        self.goes = columns.to_vec();
        self
    }

    /// Cells of a column are painted.
    pub fn painted(mut self, heading: &str, paint: Paint) -> Self {
        for column in self.columns.iter_mut().filter(|column| column.heading == heading) {
            column.paint = Some(paint);
        }
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell).into_owned()).collect());
    }

    /// Prints it.
    pub fn print(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let widths = self.widths(screen.columns.map(|columns| columns.saturating_sub(self.indent)));
        if self.columns.iter().any(|column| !column.heading.is_empty()) {
            let headings: Vec<String> = self.columns.iter().map(|column| column.heading.to_owned()).collect();
            let heading = screen.faint(&self.aligned(&headings, &widths, None));
            screen.line(format_args!("{:1$}{heading}", "", self.indent))?;
        }
        for row in &self.rows {
            let line = self.aligned(row, &widths, Some(screen));
            screen.line(format_args!("{:1$}{line}", "", self.indent))?;
        }
        Ok(())
    }

    /// The width of each column; none: it is left out.
    fn widths(&self, room: Option<usize>) -> Vec<Option<usize>> {
        let natural: Vec<usize> = (0..self.columns.len()).map(|at| self.natural(at)).collect();
        let Some(room) = room else {
            return natural.into_iter().map(|width| Some(width.min(WIDEST))).collect();
        };
        for gone in 0..=self.goes.len() {
            let gone = self.goes.get(..gone).unwrap_or_default();
            let there =
                |at: usize| self.columns.get(at).is_some_and(|column| !gone.contains(&column.heading));
            let mut widths: Vec<Option<usize>> =
                natural.iter().enumerate().map(|(at, width)| there(at).then_some(*width)).collect();
            self.shrink(&mut widths, room);
            if over(&widths, room) == 0 {
                return widths;
            }
            if gone.len() == self.goes.len() {
                self.squeeze(&mut widths, room);
                return widths;
            }
        }
        Vec::new()
    }

    fn natural(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
        cells.chain(self.columns.get(at).map(|column| column.heading.width())).max().unwrap_or(0)
    }

    /// What may give way does, in its order.
    fn shrink(&self, widths: &mut [Option<usize>], room: usize) {
        for (heading, least) in &self.shrinks {
            let over = over(widths, room);
            let named = self.columns.iter().position(|column| column.heading == *heading);
            if let Some(Some(width)) = named.and_then(|at| widths.get_mut(at)) {
                let least = (*least).max(heading.width()).min(*width);
                *width = width.saturating_sub(over).max(least);
            }
        }
    }

    /// No order is left: the widest gives way. A number that is cut would be another number.
    fn squeeze(&self, widths: &mut [Option<usize>], room: usize) {
        for _ in 0..widths.len() {
            let over = over(widths, room);
            let texts = self.columns.iter().zip(widths.iter_mut()).filter(|(column, _)| !column.right);
            let widest = texts.filter_map(|(_, width)| width.as_mut()).max_by_key(|width| **width);
            match widest {
                Some(width) if over > 0 && *width > LEAST => {
                    *width = width.saturating_sub(over).max(LEAST);
                }
                _ => return,
            }
        }
    }

    fn aligned(&self, row: &[String], widths: &[Option<usize>], screen: Option<&Screen<'_>>) -> String {
        let mut line = String::new();
        let last = widths.iter().rposition(Option::is_some);
        for (at, ((cell, width), column)) in row.iter().zip(widths).zip(&self.columns).enumerate() {
            let Some(width) = *width else { continue };
            let cell = if width == 0 { "".into() } else { fit(cell, width) };
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            let colour = column.paint.and_then(|paint| paint(&cell));
            let painted = match (screen, colour) {
                (Some(screen), Some(colour)) => screen.paint(colour, &cell),
                _ => cell.into_owned(),
            };
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            if column.right {
                line.push_str(&pad);
                line.push_str(&painted);
            } else {
                line.push_str(&painted);
                if Some(at) != last {
                    line.push_str(&pad);
                }
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Columns that are too many.
fn over(widths: &[Option<usize>], room: usize) -> usize {
    let there = widths.iter().flatten();
    let gaps = there.clone().count().saturating_sub(1) * GAP;
    (there.sum::<usize>() + gaps).saturating_sub(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(columns: Option<usize>, colour: bool, table: &Table) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut screen = Screen::plain(&mut out, &mut err, jiff::Timestamp::UNIX_EPOCH);
        (screen.columns, screen.colour) = (columns, colour);
        table.print(&mut screen).expect("printed");
        String::from_utf8(out).expect("UTF-8")
    }

    fn table() -> Table {
        let mut table = Table::new(&["WHO", ">COUNT", "AGENT", "REQUEST"])
            .shrinking(&[("AGENT", 6), ("REQUEST", 12)])
            .dropping(&["AGENT"]);
        table.row(["203.0.113.7", "12", "Mozilla/5.0 (X11)", "GET /search?q=1"].map(str::to_owned));
        table.row(["alice", "3", "curl/8", "POST /login"].map(str::to_owned));
        table
    }

    #[test]
    fn columns_give_way_in_their_order() {
        for (columns, expected) in [
            (
                Some(60),
                "WHO          COUNT  AGENT              REQUEST\n\
                 203.0.113.7     12  Mozilla/5.0 (X11)  GET /search?q=1\n\
                 alice            3  curl/8             POST /login\n",
            ),
            (
                Some(44),
                "WHO          COUNT  AGENT    REQUEST\n\
                 203.0.113.7     12  Mozill…  GET /search?q=1\n\
                 alice            3  curl/8   POST /login\n",
            ),
            (
                Some(40),
                "WHO          COUNT  AGENT   REQUEST\n\
                 203.0.113.7     12  Mozil…  GET /search…\n\
                 alice            3  curl/8  POST /login\n",
            ),
            (
                Some(33),
                "WHO          COUNT  REQUEST\n\
                 203.0.113.7     12  GET /search?…\n\
                 alice            3  POST /login\n",
            ),
        ] {
            let shown = shown(columns, false, &table());
            assert_eq!(shown, expected, "{columns:?}\n{shown}");
            let fits = shown.lines().all(|line| line.width() <= columns.unwrap_or(usize::MAX));
            assert!(fits, "{columns:?}\n{shown}");
        }
    }

    #[test]
    fn a_line_never_breaks_however_wide_what_is_in_it() {
        let hostile = "a\x1b[2J\r\n\u{202e}漢字漢字漢字漢字\u{9b}31m".repeat(20);
        let mut ran = 0;
        for columns in [40, 60, 80, 200] {
            let mut table = Table::new(&["A", ">N", "B", "C"]).painted("A", |_| Some(AnsiColor::Red));
            table.row([hostile.clone(), "1".to_owned(), hostile.clone(), hostile.clone()]);
            let plain = shown(Some(columns), false, &table);
            assert_eq!(plain.lines().count(), 2);
            assert!(plain.lines().all(|line| line.width() <= columns), "{columns}\n{plain}");
            assert!(!plain.contains(['\x1b', '\r', '\u{9b}', '\u{202e}']), "{plain:?}");
            // The painted one differs by the paint alone.
            let painted = shown(Some(columns), true, &table);
            let bare = ["\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"];
            let bare = bare.iter().fold(painted.clone(), |text, code| text.replace(code, ""));
            assert_eq!((bare, painted == plain), (plain, false));
            ran += 1;
        }
        assert_eq!(ran, 4);
    }

    #[test]
    fn without_a_terminal_cells_are_cut_at_their_widest() {
        let mut table = Table::new(&["A", "B"]);
        table.row(["x".repeat(100), "y".to_owned()]);
        assert_eq!(shown(None, false, &table), format!("A{}B\n{}…  y\n", " ".repeat(61), "x".repeat(59)));
    }
}
