//! `cargo xtask bench ui`: how fast pages come with ten million events behind them, whether live rows stay smooth, and
//! what an open UI costs the services that are watched.

mod browser;
mod cost;
mod house;
mod live;
mod pages;
mod signals;

use std::path::PathBuf;

use anyhow::Result;

use super::{Bench, report::Section};

/// What the parts are given.
pub struct UiBench {
    /// As for all benchmarks.
    pub bench: Bench,
    /// A state directory with a filled store, or one to be filled.
    pub state: PathBuf,
    /// Events in it.
    pub events: u64,
}

/// A part.
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// Measures.
    pub run: fn(&UiBench) -> Result<Section>,
}

/// Every part, in the order they run.
pub const PARTS: &[Part] = &[pages::PART, live::PART, cost::PART];
