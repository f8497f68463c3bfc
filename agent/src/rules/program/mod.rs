//! Programs: rules in the order they are asked, with state, jumps and actions; what SecLang is made of.
//!
//! ```text
//! seclang (reader) ─> lower ─> model (Program) ─> compile (Engine) ─┐
//!                                                                  v
//!        Request, Response ─> collect ─> store (values) ─> scan ─> run ─> Verdict
//! ```
//!
//! What makes it fast is [`scan`]: every text of a transaction is read once by a [filter](grams) that knows the
//! literals of all rules, and rules whose literals are nowhere cost a look at a bit.
#![forbid(unsafe_code)]

mod act;
mod answers;
pub mod collect;
pub mod collections;
pub mod compile;
mod conditions;
pub mod doubts;
pub mod engine;
mod filter;
mod grams;
mod in_app;
pub mod judge;
pub mod memo;
pub mod model;
mod others;
pub mod overlay;
mod passages;
mod plan;
mod processing;
pub mod run;
pub mod scan;
mod selectors;
mod state;
pub mod template;
pub mod texts;
pub mod told;
pub mod verdict;
pub mod written;

#[cfg(test)]
mod tests;
