//! capture: ring buffer bytes to records.

pub mod record;

pub use record::{Record, RecordError, Segment};
