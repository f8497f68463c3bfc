//! inapp: Datadog's In-App WAF rules, versions 2.1 and 2.2, read whole.
//!
//! ```text
//! text ─ read ─> ast::File ─┐
//! text ─ read ─> ast::File ─┴─ resolve ─> Set: rules in the order they are asked, overrides applied
//! ```
//!
//! What the constructs mean is what libddwaf does with them; where Picket differs, the construct says so.
//! What its documents leave open was tried out with the library of version [`LIBDDWAF`]:
//!
//! - **Which rules.** [`Set::rules`] stands in libddwaf's order: by group ([`ast::Module`]), those that block
//!   first. After a rule that blocks none is asked any more; in the group `waf` one rule of each `type` tells
//!   something, the first that holds, be it by an event or by attributes.
//! - **Negated.** `!operator` holds on an input when the operator says no of each value that it can judge, and
//!   there is at least one. An address without a value, or a path that is not there, is no such value.
//! - **Kinds.** Operators on texts pass over numbers and truth values, those on numbers texts. Transformers
//!   change texts only.
//! - **Exclusions.** Of several that mean a rule, `bypass` counts more than `monitor`, and that more than an
//!   action. `monitor` takes the blocking action out of a rule and leaves the others. Conditions of
//!   exclusions ask `exclusion_data`, those of rules `rules_data`. In a path `*` is any member and any
//!   element; a name is a member only.
//! - **Data.** A value counts until its second is over (`now <= until`). With several networks around an
//!   address it is enough that one counts.
//!
//! ```
//! use picket::rules::inapp;
//!
//! let rules = br#"{"version": "2.2", "rules": [{"id": "mine", "name": "Mine", "tags": {"type": "xss"},
//!     "conditions": [{"operator": "is_xss", "parameters": {"inputs": [{"address": "server.request.query"}]}}]}]}"#;
//! let changes = br#"{"rules_override": [{"id": "mine", "on_match": ["block"]}]}"#;
//! let rules = inapp::read(rules, "rules.json")?;
//! let changes = inapp::read(changes, "changes.json")?;
//! let set = inapp::resolve([rules.file, changes.file])?.set;
//! assert!(set.blocks(&set.rules[0]));
//! # Ok::<(), inapp::ReadError>(())
//! ```

pub mod address;
pub mod ast;
mod node;
pub mod object;
pub(super) mod position;
pub mod processors;
mod read;
mod report;
mod resolve;
mod set;

pub use position::{Problems, ReadError};
pub use read::{Reading, operators, read, read_lenient, read_rule};
pub use report::{Report, Unseen};
pub use resolve::{Resolved, resolve, resolve_lenient};
pub use set::Set;

/// The libddwaf whose meaning this is, for `min_version` and `max_version` of rules: the one in the wheel
/// ddtrace 4.16.0, whose rules file is the one in the field.
pub const LIBDDWAF: (u32, u32, u32) = (2, 1, 0);

#[cfg(test)]
mod tests;
