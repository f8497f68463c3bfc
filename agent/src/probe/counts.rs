//! The kernel side's counters, read.

use aya::maps::{MapData, MapError, PerCpuArray};
use picket_common::stats::{COUNTERS, Counter};

/// Reads the per-CPU counters.
pub struct KernelCounts(PerCpuArray<MapData, [u64; COUNTERS]>);

impl KernelCounts {
    pub(super) fn new(map: PerCpuArray<MapData, [u64; COUNTERS]>) -> Self {
        Self(map)
    }

    /// Each counter with its value on every CPU.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the lookup.
    pub fn read(&self) -> Result<Vec<(Counter, Vec<u64>)>, MapError> {
        let per_cpu = self.0.get(&0, 0)?;
        Ok(Counter::ALL
            .iter()
            .map(|&counter| (counter, per_cpu.iter().map(|cpu| cpu[counter as usize]).collect()))
            .collect())
    }
}
