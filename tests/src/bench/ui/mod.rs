//! `cargo xtask bench ui`: how fast pages come with ten million events behind them, whether live rows stay smooth, and
//! what an open UI costs the services that are watched.

mod browser;
mod cost;
mod house;
mod live;
mod pages;
mod signals;

use std::path::PathBuf;

use super::Bench;

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
pub type Part = super::Part<UiBench>;

/// Every part, in the order they run.
pub const PARTS: &[Part] = &[pages::PART, live::PART, cost::PART];
