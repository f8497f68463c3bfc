//! detect: events in, signals out. Detection rules count what events say, in windows of event time, and what they
//! find becomes few signals.
//!
//! ```text
//! Event ─> engine: queries ─> groups ─> windows ─> conditions ─> Finding ─> signals: book ─> Change
//!             └ rules: JSON in the shape of Datadog's security-monitoring rules
//! ```
//!
//! Pure: times come in as arguments, as nanoseconds since the epoch. `docs/detection.md` describes the format, the
//! methods, the bounds and the rules that come with Picket.
#![forbid(unsafe_code)]

mod detection;
pub mod engine;
pub mod facet;
pub mod rules;
pub mod scenario;
pub mod signals;
pub mod windows;

pub use detection::{Detection, DetectionError};
pub use engine::{Detector, DetectorStats, Finding, Seed, StateError};
pub use rules::{Rule, Severity};
pub use signals::{Change, ChangeKind, Signal, SignalBook, Triage, TriageError, Wanted};

#[cfg(test)]
mod tests;
