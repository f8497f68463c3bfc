//! metrics: everything `picket stats` shows, and what the stages after it count, as OpenMetrics text for Prometheus.
//!
//! ```text
//!  api::Stats, Figures ─> render ─> page: families, each with help, type and unit ─> GET /metrics
//! ```
//!
//! Names are stable. `docs/metrics.md` lists them.
#![forbid(unsafe_code)]

mod attacks;
mod figures;
mod page;
mod process;
mod render;
mod serve;

pub use attacks::{AttackCount, Attacks};
pub use figures::{Figures, SignalCount, stored_signals};
pub use process::Process;
pub use render::render;
pub use serve::serve;

/// What `GET /metrics` answers with (OpenMetrics 1.0).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
pub(crate) mod tests;
