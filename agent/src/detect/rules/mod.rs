//! Detection rules: JSON in the shape of Datadog's security-monitoring rules.
//!
//! ```text
//! files ─> load ─> read (node: paths of keys) ─> Rule { queries, cases, options }
//!                  condition: `a > 3 && b > 1`   template: `{{@usr.id}} …`
//! ```
//!
//! A rule either works or is refused with the path of the key that can't be had.

mod builtin;
pub mod condition;
mod configured;
mod load;
pub mod model;
mod node;
mod options;
mod query;
mod read;
pub mod template;

pub use builtin::builtin;
pub use configured::{Off, Places, configured};
pub use load::{LoadError, Loaded, load};
pub use model::{
    Action, ActionKind, Aggregation, Anomaly, Case, Filter, Method, NewValue, Rule, RuleQuery, Sequence,
    Severity, Step,
};
pub use read::read;

/// Why a rule is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// The file; may be empty.
    pub file: String,
    /// Keys that lead to the place: `rules[2].cases[0].condition`.
    pub path: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in [&self.file, &self.path] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.problem)
    }
}

#[cfg(test)]
mod tests;
