//! rules: requests and responses judged.
//!
//! ```text
//! seclang (reader) ─> program::model ─┐
//! inapp   (reader) ─> inapp::Set ─────┴─> program::compile (Engine) ─> judge: values ─> scan ─> rules ─> Verdict
//! ```
//!
//! A reader turns one rule language into its form; everything behind [`program::compile`] is one engine for both:
//! values are read once, by one automaton of all literals of all rules. An [`Engine`](program::engine::Engine) is
//! immutable and shared by the workers; what changes while judging is in a [`Scratch`](program::run::Scratch) that each
//! worker owns.
//!
//! ```
//! use picket::rules::{load::{load, Wanted}, program::run::{Facts, Scratch}};
//! # use picket::http::{Body, Request};
//!
//! let loaded = load(&Wanted { paths: vec!["default".into()], ..Wanted::default() })?;
//! let engine = loaded.engine.ok_or("no rules")?;
//! let request = Request {
//!     method: "GET".into(),
//!     target: "/?id=1%27%20UNION%20SELECT%201--".into(),
//!     # number: 0, protocol: "HTTP/1.1".into(), version: 1, headers: vec![], trailers: 0, body: Body::default(), anomalies: vec![], started: 0, ended: 0,
//!     // …
//! };
//! let facts = Facts::of_client([192, 0, 2, 1].into(), 1_763_800_000);
//! let matches = engine.judge(&request, None, &facts, &mut Scratch::default()).matches();
//! assert_eq!(matches[0].rule.tags["type"], "sql_injection");
//! assert_eq!(matches[0].location, "query.id");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

#[doc(hidden)]
mod automata;
pub mod bodies;
mod builtin;
mod bytes;
pub mod cases;
pub mod catalog;
mod coverage;
pub mod inapp;
pub mod inputs;
pub mod load;
mod matched;
pub mod model;
pub mod need;
pub(crate) mod operators;
pub mod own;
pub mod policy;
pub mod program;
pub mod seclang;
#[cfg(test)]
mod tests;
mod transforms;
pub mod trial;
pub mod values;
pub mod variable;

pub use builtin::{builtin, reason};
pub use bytes::ByteSet;
pub use inapp::ReadError;
pub use matched::Match;
pub use model::RuleMeta;
