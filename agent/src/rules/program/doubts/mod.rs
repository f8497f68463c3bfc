//! What is doubtful about a program: rules that never hold, that hold always, that are never asked, that are slow.
//!
//! Nothing here changes what a program means; a doubt is for the person who wrote it, with its place and what to do.

mod bytes;
mod link;
mod order;
#[cfg(test)]
mod tests;
mod written;

use std::fmt;

use super::model::Program;
use crate::rules::seclang::ast::Place;
pub(super) use link::of_link;

/// The name of the directives that are put between those of files.
pub const OWN: &str = "picket";

/// Something doubtful.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// The id of the rule; 0: it has none.
    pub rule: u64,
    /// What, and what to do.
    pub what: String,
}

impl Doubt {
    fn new(place: &Place, rule: u64, what: impl Into<String>) -> Self {
        Self { file: place.file.to_string(), line: place.line, rule, what: what.into() }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: rule {}: {}", self.file, self.line, self.rule, self.what)
    }
}

/// What is doubtful about rules together.
pub(super) fn of_program(program: &Program) -> Vec<Doubt> {
    let mut doubts = order::of_program(program);
    doubts.extend(written::of_program(program));
    // What Picket puts between the files of CRS is no person's to mend.
    doubts.retain(|doubt| doubt.file != OWN);
    doubts
}
