//! Fuzz targets: functions that must not panic, whatever the bytes.

pub mod config;

/// A target's name and its entry.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[("config", config::run)];
