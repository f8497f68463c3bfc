//! rules: requests judged.
//!
//! ```text
//! json (reader) ─> model (RuleSet) ─> compile (Engine) ─> evaluate: Request ─> inputs ─> matches
//! ```
//!
//! A reader turns one rule language into the [`model`]; everything after it knows the model only, so
//! that another reader (SecLang) is one more folder beside [`json`]. [`Engine`] is immutable and
//! shared by the workers; what changes while judging is in a [`Scratch`] that each worker owns.
//!
//! ```
//! use picket::rules;

//! let engine = rules::compile(&rules::builtin()?)?;
//! let mut scratch = rules::Scratch::default();
//! # use picket::http::{Body, Request};
//! let request = Request {
//!     method: "GET".into(),
//!     target: "/?id=1%27%20UNION%20SELECT%201--".into(),
//!     # number: 0, protocol: "HTTP/1.1".into(), version: 1, headers: vec![], trailers: 0, body: Body::default(), anomalies: vec![], started: 0, ended: 0,
//!     // …
//! };
//! let matches = engine.judge(&request, [192, 0, 2, 1].into(), &mut scratch);
//! assert_eq!(matches[0].rule.tags["type"], "sql_injection");
//! assert_eq!(matches[0].location, "query.id");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod bodies;
mod builtin;
mod bytes;
pub mod cases;
mod compile;
mod coverage;
mod evaluate;
pub mod inputs;
pub mod json;
mod literals;
pub mod load;
mod matched;
pub mod model;
pub mod need;
mod operators;
#[cfg(test)]
mod plain;
pub mod policy;
pub mod program;
mod scratch;
pub mod seclang;
#[cfg(test)]
mod tests;
mod transforms;
pub mod variable;

pub use builtin::builtin;
pub use bytes::ByteSet;
pub use compile::{CompileError, Engine, compile};
pub use json::ReadError;
pub use matched::Match;
pub use model::{RuleMeta, RuleSet};
pub use scratch::{JudgeStats, Scratch};
