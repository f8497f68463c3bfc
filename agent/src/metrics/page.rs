//! The text of OpenMetrics 1.0: families of samples, and an end.

use std::{
    collections::HashSet,
    fmt::{self, Display, Write as _},
};

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only grows, until the agent starts again.
    Counter,
    /// It is what it is now.
    Gauge,
    /// It says something in its labels; its value is 1.
    Info,
    /// Quantiles and a count.
    Summary,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Info => "info",
            Self::Summary => "summary",
        }
    }
}

/// The text.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    names: HashSet<String>,
}

/// A family that is being written.
pub(super) struct Family<'p> {
    text: &'p mut String,
    name: String,
    kind: Kind,
}

impl Page {
    /// Begins a family. Its unit is the last part of its name, if it is one. None: there is one of this name already.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) -> Option<Family<'_>> {
        let name = legal(name);
        if !self.names.insert(name.clone()) {
            return None;
        }
        let unit = ["seconds", "bytes"].into_iter().find(|unit| {
            name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')) && kind != Kind::Info
        });
        // Writing to a string can't fail.
        let _ = writeln!(self.text, "# TYPE {name} {}", kind.name());
        if let Some(unit) = unit {
            let _ = writeln!(self.text, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.text, "# HELP {name} {}", Escaped(help));
        Some(Family { text: &mut self.text, name, kind })
    }

    /// A family of one sample without labels.
    pub fn one(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        if let Some(mut family) = self.family(name, kind, help) {
            family.sample(&[], value);
        }
    }

    /// The whole text.
    pub fn end(mut self) -> String {
        self.text.push_str("# EOF\n");
        self.text
    }
}

impl Family<'_> {
    /// Adds a sample.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Summary => "",
        };
        self.write(suffix, labels, value);
    }

    /// The count of a summary.
    pub fn count(&mut self, value: u64) {
        self.write("_count", &[], value);
    }

    fn write(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let _ = write!(self.text, "{}{suffix}", self.name);
        for (place, (name, value)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{}=\"{}\"", legal(name), Escaped(value));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{after} {value}");
    }
}

/// Letters, digits, underscores; no digit first.
fn legal(name: &str) -> String {
    let mut legal: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if legal.chars().next().is_none_or(|c| c.is_ascii_digit()) {
        legal.insert(0, '_');
    }
    legal
}

/// Backslash, quotation mark and end of line are escaped, in help and in labels alike.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
