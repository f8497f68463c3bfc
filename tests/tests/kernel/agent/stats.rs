//! `picket stats --json`.

use std::fmt;

use anyhow::{Context, Result};
use serde_json::Value;

/// Counters at one moment.
#[derive(Clone, Debug)]
pub struct Stats(pub Value);

impl Stats {
    /// A counter of the kernel side (picket_common::stats), over all CPUs.
    pub fn kernel(&self, name: &str) -> Result<u64> {
        let counters = self.0["kernel"].as_array().map_or(&[][..], Vec::as_slice);
        let counter = counters.iter().find(|c| c["name"] == name).and_then(|c| c["total"].as_u64());
        counter.with_context(|| format!("picket stats has no kernel counter {name:?}: {}", self.0))
    }
}

/// The counters that are not zero.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for side in ["kernel", "agent"] {
            for counter in self.0[side].as_array().into_iter().flatten() {
                if counter["total"] != 0 {
                    let stage = counter["stage"].as_str().unwrap_or(side);
                    write!(f, "{stage}.{}={} ", counter["name"].as_str().unwrap_or("?"), counter["total"])?;
                }
            }
        }
        Ok(())
    }
}
