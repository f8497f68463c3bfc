//! Tests of the whole: kernel scenarios, replay, rule conformance, fuzz targets; and benchmarks.

pub mod bench;
pub mod cache;
pub mod crs;
pub mod fuzz;
pub mod judge;
pub mod rates;
pub mod wheels;
