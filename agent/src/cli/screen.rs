//! Where a command prints, and how: JSON or text, with colour or without.

use std::{
    env, fmt,
    io::{self, IsTerminal as _, Write},
};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde::Serialize;

use super::duration::{ago, exact};
use crate::event::{json_line, printable};

/// Output of a command.
pub struct Screen<'w> {
    /// Standard output.
    pub out: &'w mut dyn Write,
    /// Standard error.
    pub err: &'w mut dyn Write,
    /// JSON instead of text.
    pub json: bool,
    /// Colour on standard output.
    pub colour: bool,
    /// Colour on standard error.
    pub colour_err: bool,
    /// Standard output is a terminal that can be cleared.
    pub terminal: bool,
    /// Columns of the terminal that standard output is; none: it is none, and nothing is cut to fit.
    pub columns: Option<usize>,
    /// Times as they are in UTC, instead of "3 min ago".
    pub utc: bool,
    /// The time "3 min ago" counts from.
    pub now: Timestamp,
}

/// Columns below which a terminal is taken to be as wide.
const NARROWEST: usize = 40;

impl<'w> Screen<'w> {
    /// The process's own: colour on a terminal, unless `NO_COLOR` is set (no-color.org) or
    /// `TERM=dumb`.
    pub fn standard(out: &'w mut dyn Write, err: &'w mut dyn Write) -> Self {
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && env::var_os("TERM").is_none_or(|value| value != "dumb");
        let terminal = io::stdout().is_terminal();
        Self {
            out,
            err,
            json: false,
            colour: wanted && terminal,
            colour_err: wanted && io::stderr().is_terminal(),
            terminal,
            columns: terminal.then(columns).flatten(),
            utc: false,
            now: Timestamp::now(),
        }
    }

    /// Text without colour, for no terminal, at a time.
    #[cfg(test)]
    pub fn plain(out: &'w mut dyn Write, err: &'w mut dyn Write, now: Timestamp) -> Self {
        let (json, colour, colour_err, terminal) = (false, false, false, false);
        Self { out, err, json, colour, colour_err, terminal, columns: None, utc: false, now }
    }

    /// Prints a line.
    ///
    /// # Errors
    ///
    /// When standard output is gone or full.
    pub fn line(&mut self, line: impl fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// Prints one JSON document on one line.
    ///
    /// # Errors
    ///
    /// As [`line`](Self::line).
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        writeln!(self.out, "{}", json_line(value))
    }

    /// How long ago something was, `3 min ago`; with `--utc` its time.
    #[must_use]
    pub fn when(&self, at: Timestamp) -> String {
        if self.utc { exact(at) } else { ago(at, self.now) }
    }

    /// Says something beside the result, on standard error.
    ///
    /// # Errors
    ///
    /// When standard error is gone.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.err, "{}", printable(text))
    }

    /// The same, of something that a person should look at.
    ///
    /// # Errors
    ///
    /// As [`note`](Self::note).
    pub fn warning(&mut self, text: &str) -> io::Result<()> {
        let label = self.paint_err(AnsiColor::Yellow, "warning:");
        writeln!(self.err, "{label} {}", printable(text))
    }

    /// Text in a colour, if there is colour.
    #[must_use]
    pub fn paint(&self, colour: AnsiColor, text: &str) -> String {
        paint(self.colour, Style::new().fg_color(Some(colour.into())).bold(), text)
    }

    pub(super) fn paint_err(&self, colour: AnsiColor, text: &str) -> String {
        paint(self.colour_err, Style::new().fg_color(Some(colour.into())).bold(), text)
    }

    /// Text that stands back, if there is colour.
    #[must_use]
    pub fn faint(&self, text: &str) -> String {
        paint(self.colour, Style::new().dimmed(), text)
    }

    /// Text that stands out, if there is colour.
    #[must_use]
    pub fn bold(&self, text: &str) -> String {
        paint(self.colour, Style::new().bold(), text)
    }
}

fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0).map(|columns| columns.max(NARROWEST))
}

fn paint(colour: bool, style: Style, text: &str) -> String {
    if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// A number as people read it: `12,345,678`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes as people read them: `1.5 MiB`.
#[must_use]
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = None;
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut value = number as f64;
    for name in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = Some(name);
    }
    unit.map_or_else(|| format!("{number} B"), |unit| format!("{value:.1} {unit}"))
}

/// Text in lines, broken at spaces, of at most so many characters where its words allow.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1023, 1024, 1_572_864].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.5 MiB"]);
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn text_is_broken_at_spaces() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable a", 3), ["unbreakable", "a"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
