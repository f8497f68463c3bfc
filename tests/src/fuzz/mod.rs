//! Fuzz targets: functions that must not panic, whatever the bytes.

pub mod config;

/// A target's name and its entry.
pub const TARGETS: &[(&str, fn(&[u8]))] = &[("config", config::run)];
