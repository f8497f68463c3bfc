//! capture: ring buffer bytes to records.

pub mod record;

pub use record::{Origin, Record, RecordError, Segment};
