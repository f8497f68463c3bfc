//! inapp: Datadog's In-App WAF rules, versions 2.1 and 2.2, read whole.
//!
//! ```text
//! text ─ read ─> ast::File ─┐
//! text ─ read ─> ast::File ─┴─ resolve ─> Set: rules in the order they are asked, overrides applied
//! ```
//!
//! What the constructs mean is what libddwaf does with them; where Picket differs, the construct says so.

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
pub use read::{Reading, operators, read, read_lenient};
pub use report::{Report, Unseen};
pub use resolve::{Resolved, resolve, resolve_lenient};
pub use set::Set;

/// The libddwaf whose meaning this is, for `min_version` and `max_version` of rules: the one in the wheel
/// ddtrace 4.16.0, whose rules file is the one in the field.
pub const LIBDDWAF: (u32, u32, u32) = (2, 1, 0);

#[cfg(test)]
mod tests;
