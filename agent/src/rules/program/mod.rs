//! Programs: rules in the order they are asked, with state, jumps and actions; what SecLang is made of.
//!
//! ```text
//! seclang (reader) ─> lower ─> model (Program) ─> compile (Engine) ─┐
//!                                                                  v
//!        Request, Response ─> collect ─> store (values) ─> scan ─> run ─> Verdict
//! ```
//!
//! What makes it fast is [`scan`]: every text of a transaction is read once by one automaton that knows the
//! literals of all rules, and rules whose literals are nowhere cost a look at an empty list.
#![forbid(unsafe_code)]

pub mod collect;
pub mod compile;
pub mod engine;
pub mod judge;
pub mod lanes;
pub mod memo;
pub mod model;
pub mod overlay;
pub mod run;
pub mod scan;
mod state;
pub mod store;
pub mod template;
pub mod texts;
pub mod told;
pub mod verdict;
pub mod written;

#[cfg(test)]
mod tests;
