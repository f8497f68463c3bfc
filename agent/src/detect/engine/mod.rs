//! Events in, findings out.
//!
//! ```text
//! event ─> queries (each distinct one once) ─> rules ─> group (table) ─> series ─> conditions ─> Finding
//! ```

mod detector;
mod finding;
mod group;
mod order;
mod queries;
mod running;
mod scratch;
mod state;
mod table;

pub use detector::{Detector, DetectorStats, Seed};
pub use finding::Finding;
pub use state::StateError;
pub(crate) use state::{open, seal};

#[cfg(test)]
mod tests;
