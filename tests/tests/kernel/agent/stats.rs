//! `picket stats --json`: counters by name, wherever in the object they stand.

use std::fmt;

use anyhow::{Context, Result};
use serde_json::Value;

/// Counters at one moment.
#[derive(Clone, Debug)]
pub struct Stats(pub Value);

impl Stats {
    /// A counter of the kernel side (picket_common::stats).
    pub fn kernel(&self, key: &str) -> Result<u64> {
        let kernel = self.0.get("kernel").unwrap_or(&self.0);
        find(kernel, key).with_context(|| format!("picket stats has no kernel counter {key:?}: {}", self.0))
    }
}

/// The first number under this key, in this object or one inside of it.
fn find(value: &Value, key: &str) -> Option<u64> {
    let object = value.as_object()?;
    object.get(key).and_then(total).or_else(|| object.values().find_map(|inner| find(inner, key)))
}

/// A counter is a number, or a list or object of numbers (one a CPU) with a total.
fn total(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.get("total")?.as_u64())
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
