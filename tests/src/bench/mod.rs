//! `cargo xtask bench`: what Picket costs, and how fast it is, side by side with doing without.
//!
//! Everything that is compared is measured in one run, in turns (A B A B …), so that what the machine
//! does besides hits all sides alike. A figure is the median of the turns with the least and the most.

pub mod agent;
pub mod clock;
pub mod cpu;
pub mod docs;
pub mod figures;
pub mod ground;
pub mod load;
pub mod machine;
pub mod named;
pub mod parts;
pub mod report;
pub mod rules;
pub mod service;
pub mod store;

pub mod sys;
pub mod tls;
pub mod ui;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;

use report::Section;

/// How a benchmark's program ends; what went wrong stands on standard error.
#[must_use]
pub fn ended(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the parts are given.
pub struct Bench {
    /// Fewer and shorter turns: shows that all works, not what it costs.
    pub quick: bool,
    /// The agent, built for release.
    pub picket: PathBuf,
}

impl Bench {
    /// `full`, or less when it has to be quick.
    pub fn turns(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// Says what is being done, on standard error.
    pub fn progress(&self, text: &str) {
        eprintln!("    {text}");
    }
}

/// A part of the benchmarks.
pub struct Part<T: 'static = Bench> {
    /// Its name.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// Measures.
    pub run: fn(&T) -> Result<Section>,
}

/// Every part, in the order they run.
pub const PARTS: &[Part] = &[
    parts::xdp::PART,
    parts::flood::PART,
    parts::saturated::PART,
    parts::steady::PART,
    parts::footprint::PART,
    parts::reaction::PART,
];
