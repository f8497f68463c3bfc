//! Signals: what a person looks at. The same thing going on extends one; it does not raise a hundred.
//!
//! ```text
//! finding + event ─> book ─┬─ no signal of this rule and group under way ─> opened
//!                          ├─ a worse case ──────────────────────────────> escalated
//!                          └─ the same thing going on ───────────────────> extended (at most once a second)
//! ```

mod book;
mod change;
mod observed;
mod related;
mod samples;
mod saved;
mod signal;
mod targets;
mod text;
mod timeline;
mod triage;
mod under_way;

pub use book::{BookStats, SignalBook};
pub use change::{Change, ChangeKind, Wanted};
pub(crate) use signal::is_full;
pub use signal::{Archive, Counts, Fingerprints, Sample, Signal, Status};
pub use timeline::{Entry, Stage, Timeline};
pub use triage::{Triage, TriageError};

#[cfg(test)]
mod tests;
