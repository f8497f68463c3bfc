//! Facts, one a line, under each other: what a thing is, and what is known of it.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use super::screen::{Screen, wrapped};
use crate::event::{fit, printable};

/// Columns where there is no terminal to fit.
const WIDTH: usize = 100;
/// Before each line.
const INDENT: usize = 2;

/// Labels and what stands beside them. Everything is made harmless.
#[derive(Debug, Default)]
pub struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// A fact; without a label it belongs to the one before.
    pub fn fact(&mut self, label: &'static str, text: impl Into<String>) {
        self.0.push((label, text.into()));
    }

    /// A fact if there is one.
    pub fn maybe(&mut self, label: &'static str, text: Option<String>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.fact(label, text);
        }
    }

    /// Prints them; long ones are broken at spaces, and go on under themselves.
    pub fn print(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let labels = self.0.iter().map(|(label, _)| label.width()).max().unwrap_or(0);
        let beside = INDENT + labels + 2;
        let room = screen.columns.unwrap_or(WIDTH).saturating_sub(beside).max(20);
        for (label, text) in &self.0 {
            for (at, line) in wrapped(&printable(text), room).iter().enumerate() {
                let label = if at == 0 { *label } else { "" };
                let label = screen.faint(&format!("{label:labels$}"));
                // A word that is longer than the line.
                let line = if screen.columns.is_some() { fit(line, room) } else { line.as_str().into() };
                let line = format!("{:INDENT$}{label}  {line}", "");
                screen.line(line.trim_end())?;
            }
        }
        Ok(())
    }
}
