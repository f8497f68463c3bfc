//! The kernel's own account of its programs: how often each ran, and for how long.

use std::{collections::HashSet, os::fd::OwnedFd};

use anyhow::{Context, Result};
use aya::{
    programs::loaded_programs,
    sys::{Stats, enable_stats},
};

use crate::bench::report::{Table, grouped, hundredths};

/// The account is open, and programs other than these are of interest.
pub struct Watch {
    others: HashSet<u32>,
    _stats: OwnedFd,
}

/// Every program that is loaded now, by its id.
///
/// # Errors
///
/// When the kernel does not say.
pub fn loaded() -> Result<HashSet<u32>> {
    loaded_programs().map(|program| Ok(program?.id())).collect()
}

impl Watch {
    /// Opens the account (`BPF_ENABLE_STATS`, Linux 5.8).
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn start(others: HashSet<u32>) -> Result<Self> {
        Ok(Self { others, _stats: enable_stats(Stats::RunTime).context("ask the kernel to count")? })
    }

    /// What ran since, by round.
    ///
    /// # Errors
    ///
    /// When the kernel does not say.
    pub fn table(self, rounds: u32) -> Result<Table> {
        let mut table = Table::new(
            format!(
                "Each program, as the kernel counts it, the counting included; over {} rounds",
                grouped(rounds.into())
            ),
            &["program (15 letters of its name)", "runs a round", "ns a run", "ns a round"],
        );
        let mut programs: Vec<_> = loaded_programs().collect::<Result<Vec<_>, _>>()?;
        programs.retain(|program| {
            !self.others.contains(&program.id()) && program.run_count() > u64::from(rounds) / 10
        });
        programs.sort_by_key(|program| std::cmp::Reverse(program.run_time()));
        for program in programs {
            let (runs, ns) = (program.run_count() as f64, program.run_time().as_nanos() as f64);
            table.row([
                format!("`{}`", program.name_as_str().unwrap_or("?")),
                hundredths(runs / f64::from(rounds)),
                grouped(ns / runs),
                grouped(ns / f64::from(rounds)),
            ]);
        }
        Ok(table)
    }
}
