//! The XDP denylist as what respond enforces with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use super::deny::Deny;
use crate::{
    respond::{Drops, EnforceError, Enforcer, Standing, boottime},
    time,
};

/// A handle to the denylist in the kernel, shared with whoever reads its counts.
#[derive(Clone)]
pub struct XdpEnforcer(Arc<Mutex<Deny>>);

impl XdpEnforcer {
    /// Enforces with `deny`.
    #[must_use]
    pub fn new(deny: Deny) -> Self {
        Self(Arc::new(Mutex::new(deny)))
    }

    /// The denylist itself.
    pub fn deny(&self) -> MutexGuard<'_, Deny> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Enforcer for XdpEnforcer {
    fn deny(&mut self, net: IpNet, until: Option<Timestamp>) -> Result<(), EnforceError> {
        let expires = boottime(until, Timestamp::now(), time::boot_now());
        Self::deny(self).deny(net, expires).map_err(refused)
    }

    fn allow(&mut self, net: IpNet) -> Result<(), EnforceError> {
        Self::deny(self).allow(net).map(drop).map_err(refused)
    }

    fn pass(&mut self, nets: &[IpNet]) -> Result<(), EnforceError> {
        Self::deny(self).pass(nets).map_err(refused)
    }

    fn drops(&mut self, net: IpNet) -> Option<Drops> {
        let entry = Self::deny(self).entry(net)?;
        let first = (entry.first_drop != 0).then(|| wall(entry.first_drop));
        Some(Drops { packets: entry.drops, first })
    }

    fn standing(&mut self) -> Result<Vec<Standing>, EnforceError> {
        let entries = Self::deny(self).entries();
        let until = |expires| (expires != 0).then(|| wall(expires));
        Ok(entries.into_iter().map(|(net, e)| Standing { net, until: until(e.expires) }).collect())
    }
}

/// A moment of `CLOCK_BOOTTIME` (nanoseconds) on the wall's clock.
fn wall(boot: u64) -> Timestamp {
    let left = i128::from(boot) - i128::from(time::boot_now());
    let span = SignedDuration::from_nanos(i64::try_from(left).unwrap_or(i64::MAX));
    Timestamp::now().saturating_add(span).unwrap_or(Timestamp::MAX)
}

fn refused(error: aya::maps::MapError) -> EnforceError {
    use std::error::Error;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    EnforceError(format!("{error}{cause}"))
}
