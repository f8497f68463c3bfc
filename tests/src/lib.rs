//! Tests of the whole: kernel scenarios, replay, rule conformance, fuzz targets.

pub mod fuzz;
