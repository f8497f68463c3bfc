//! SecLang: the rule language of ModSecurity, Coraza and OWASP CRS.
//!
//! ```text
//! file ─> source (bytes, places) ─> lines (`\` joined, comments gone) ─> words (quotes undone)
//!      ─> directive ─> targets, operator, actions ─> reader: Include, chains ─> Script (ast)
//! ```
//!
//! This stage knows what the language looks like, not what it means: names are known or refused,
//! everything has its place, macros (`%{tx.x}`), expressions and file names are kept as text.
//!
//! Source of syntax and names: the reference manuals of ModSecurity 2 and 3. Quoting is Apache's
//! (`ap_getword_conf`): `\\` and `\"` are undone in a directive's arguments, and once more `\\` and `\'`
//! between the single quotes of an action. libmodsecurity 3 leaves the first as they stand. CRS 3.3 asks
//! for Apache's: its tests of rule 920460, `"@rx (?:^|[^\\\\])\\\\[c…]"`, expect it for one `\` in front of
//! a letter. A `\` that means the same to all engines is `\x5c`, as CRS 4 writes it; in `[\\/]` there is
//! a slash only.
#![forbid(unsafe_code)]

mod action;
mod actions;
mod assignment;
pub mod ast;
mod containers;
mod ctl;
mod directive;
mod directives;
mod display;
mod files;
mod glob;
mod ids;
mod lines;
pub mod lower;
pub(super) mod names;
mod operator;
pub mod operators;
pub mod pcre;
mod places;
mod reader;
mod source;
mod targets;
#[cfg(test)]
mod tests;
mod text;
mod transformation;
mod words;

use std::{path::Path, sync::Arc};

use super::inapp::ReadError;
use ast::Directive;
pub use files::{Disk, Files};
pub use reader::Reader;

/// What files of SecLang say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// In their order; included files stand where they are included.
    pub directives: Vec<Directive>,
    /// The files that were read, in the order in which they were opened.
    pub files: Vec<Arc<str>>,
}

/// Reads a file and what it includes.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(path: &Path, files: &dyn Files) -> Result<Script, ReadError> {
    let mut reader = Reader::new(files);
    reader.file(path)?;
    reader.finish()
}

/// Reads a text that includes nothing; `name` names it in errors.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_text(text: impl AsRef<[u8]>, name: &str) -> Result<Script, ReadError> {
    let mut reader = Reader::new(&files::Nothing);
    reader.text(name, text.as_ref())?;
    reader.finish()
}

/// Reads what can be read of a file and what it includes. A rule that can't be read is left out with all
/// of its chain, any other directive alone; the errors say which.
#[must_use]
pub fn read_lenient(path: &Path, files: &dyn Files) -> (Script, Vec<ReadError>) {
    let mut reader = Reader::lenient(files);
    // A lenient reader keeps its errors.
    let _ = reader.file(path);
    reader.finish_lenient()
}
