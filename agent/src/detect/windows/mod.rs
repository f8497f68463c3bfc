//! What is counted of a group, in sliding windows of event time.
//!
//! ```text
//! window 300 s = 20 buckets of 15 s     |..|..|..| … |..|now|
//! ```
//!
//! A window holds the newest twenty buckets, the one that is being filled among them: it is never longer than the
//! rule says, and at most a twentieth shorter. So nothing is counted too high.

mod baseline;
mod buckets;
mod distinct;
mod estimate;
mod hash;
mod known;
mod series;

pub use baseline::Baseline;
pub use buckets::{Buckets, Clock};
pub use distinct::Distinct;
pub use estimate::{Estimate, STANDARD_ERROR};
pub use hash::{Hash, HashKey};
pub use known::Known;
pub use series::{Measure, Series, When};

#[cfg(test)]
mod tests;
