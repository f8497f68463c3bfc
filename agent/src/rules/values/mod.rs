//! values: what rules look at, taken out of a transaction; each value with its name or its place, and the variables
//! it belongs to.
//!
//! ```text
//! inputs  (addresses of the In-App WAF) ─┐
//! program::collect (SecLang's variables) ┴─> store: bytes, values; tree: places; lanes, labels: sets and names as numbers
//! ```

pub mod labels;
pub mod lanes;
pub mod stats;
pub mod store;
pub mod tree;
