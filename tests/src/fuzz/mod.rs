//! Fuzz targets: each takes any bytes and must neither panic nor take more than it may.

pub mod rules_json;
pub mod rules_judge;

/// Name and entry of each target; its corpus is `tests/corpus/NAME`.
pub const TARGETS: &[(&str, fn(&[u8]))] =
    &[("rules_json", rules_json::run), ("rules_judge", rules_judge::run)];
