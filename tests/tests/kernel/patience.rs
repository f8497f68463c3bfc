//! Deadlines instead of sleeps: wait for a condition, and say what was waited for when it does not
//! come.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Time between two looks at a condition that cannot be waited for otherwise.
const LOOK: Duration = Duration::from_millis(3);

/// A deadline is for what never comes: a machine that does much else at the same time is not to blame the agent.
const SLACK: u32 = 4;

/// How much slower than a real machine this one is; loads are smaller by it: 1 on a real machine, 10 under software emulation
/// (`PICKET_VM=1`), or what `PICKET_PATIENCE` says.
pub fn factor() -> u32 {
    static FACTOR: OnceLock<u32> = OnceLock::new();
    *FACTOR.get_or_init(|| {
        let asked = std::env::var("PICKET_PATIENCE").ok().and_then(|n| n.parse().ok());
        asked.unwrap_or(if in_vm() { 10 } else { 1 }).max(1)
    })
}

/// Whether the run is inside a virtual machine of the kernel matrix.
pub fn in_vm() -> bool {
    std::env::var_os("PICKET_VM").is_some_and(|v| v == "1")
}

/// `seconds` of a real machine at rest as a deadline.
pub fn patient(seconds: u64) -> Duration {
    Duration::from_secs(seconds) * factor() * SLACK
}

/// Looks at `condition` until it gives a value; fails naming `what` when it has not after
/// `seconds` (see [`patient`]).
pub fn wait_until<T>(what: &str, seconds: u64, mut condition: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + patient(seconds);
    loop {
        if let Some(value) = condition() {
            return Ok(value);
        }
        if Instant::now() >= end {
            bail!("waited {:?} for {what}", patient(seconds));
        }
        std::thread::sleep(LOOK);
    }
}
