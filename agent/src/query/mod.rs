//! query: what a person looks for among events and signals, in the search syntax people know.
//!
//! ```text
//! text ─> Query::parse ─> Query ─┬─> Matcher: tests live events, allocates nothing
//!              │ facets ─────────┴─> Sql: a condition with bound parameters for stored ones
//!              └> QueryError: column, what was expected
//! ```
//!
//! One [`Query`] means the same in both: a property test holds [`Matcher`] and SQLite together. The
//! language is described in `docs/query.md`.
#![forbid(unsafe_code)]

mod ast;
mod complete;
mod display;
mod error;
mod event;
mod facets;
mod field;
mod functions;
mod glob;
mod json;
mod lookup;
mod matcher;
mod moment;
mod number;
mod parse;
mod pattern;
mod plan;
mod resolve;
mod sql;
mod tables;

pub use ast::{Comparison, Expression, Query, Term, Test};
pub use complete::{Completion, Completions};
pub use error::QueryError;
pub use facets::{Column, Facet, Facets, Kind};
pub use field::{Field, Fields, Value};
pub use functions::register;
pub use lookup::Found;
pub use matcher::Matcher;
pub use moment::{Moment, NotAMoment};
pub use number::Number;
pub use sql::{Sql, SqlValue};
pub use tables::{ALL, ENDPOINTS, EVENTS, RULES, SIGNALS};

#[cfg(test)]
mod tests;
