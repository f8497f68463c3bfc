//! endpoint: which routes a service has, what they take and give, and how they answer.
//!
//! ```text
//! path ─> segment: what is an id, a hash, a date… ─> tree: what varies is learned ─> route: counts, latency,
//!                                                                                    parameters, sensitive data
//! ```
//!
//! An [`Inventory`] is one worker's; several are merged. Only what a service answers as if it was there becomes a
//! route: a scanner that asks for a thousand paths adds none. All tables have caps; what is over them is folded harder.
#![forbid(unsafe_code)]

mod histogram;
mod inventory;
mod kind;
mod route;
mod segment;
mod sensitive;
mod snapshot;
#[cfg(test)]
mod tests;
mod tree;

pub use histogram::Histogram;
pub use inventory::{Inventory, Seen};
pub use kind::Kind;
pub use segment::{Segments, fold};
pub use sensitive::Sensitive;
pub use snapshot::{Endpoint, Latency, Parameter, Place, ServiceEndpoints, Snapshot};
