//! Who is told of signals.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use crate::{
    config::{Config, NotifyTarget},
    detect::Change,
    notify::{Courier, NotifyError, Plan, Secrets, TargetStats},
    store::{self, Reader, StoreHandle},
};

/// Who is told, and whoever brings it there.
pub(super) struct Notices {
    plan: RwLock<Arc<Plan>>,
    courier: Courier,
}

impl Notices {
    /// For the targets of a configuration.
    ///
    /// # Errors
    /// A secret or a certificate can't be had.
    pub fn open(config: &Config, handle: &StoreHandle, reader: &Reader) -> Result<Self, NotifyError> {
        let plan = RwLock::new(Arc::new(Plan::new(&config.notify)?));
        let secrets = Secrets::read(&config.notify)?;
        let courier = Courier::start(&config.notify, handle.clone(), reader.clone(), &secrets)?;
        Ok(Self { plan, courier })
    }

    /// Other targets from now on.
    ///
    /// # Errors
    /// As [`Self::open`]; those before stay.
    pub fn reload(&self, config: &Config) -> Result<(), NotifyError> {
        let plan = Plan::new(&config.notify)?;
        self.courier.reconfigure(&config.notify, &Secrets::read(&config.notify)?)?;
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        Ok(())
    }

    /// What is to be stored with a change, so that whoever wants to know of it is told.
    pub fn rows(&self, change: &Change) -> Vec<store::Change> {
        let plan = Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner));
        if plan.is_empty() { Vec::new() } else { plan.rows(change, Timestamp::now()) }
    }

    /// Something was given to the store.
    pub fn wake(&self) {
        self.courier.wake();
    }
}

impl super::Desk {
    /// Sends a test to a target and waits for the receiver's words; blocks.
    ///
    /// # Errors
    /// There is no such target, it was tested too often, or the test did not arrive.
    pub fn test_notification(&self, target: &str) -> Result<String, NotifyError> {
        self.notices.courier.test(target)
    }

    /// Who is told, and what became of the notifications of each. Asks the store how many wait.
    #[must_use]
    pub fn notification_targets(&self) -> Vec<(NotifyTarget, TargetStats)> {
        self.notices.courier.targets()
    }

    /// What became of notifications, by target.
    #[must_use]
    pub fn notification_stats(&self) -> Vec<TargetStats> {
        self.notices.courier.stats()
    }
}
