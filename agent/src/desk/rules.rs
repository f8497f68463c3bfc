//! Detection rules at the desk: which run, and what each does at the moment.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use super::{Desk, DeskError};
use crate::{
    config::Config,
    detect::rules::{self, Loaded, Off, Places},
    store::read::RuleSignals,
};

/// What a detection rule does at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleAtWork {
    /// Groups that it counts.
    pub groups: u64,
    /// Its signals that are stored; none: there are none.
    pub signals: Option<RuleSignals>,
}

impl Desk {
    /// The detection rules and the targets of notifications of another configuration from now on.
    ///
    /// # Errors
    /// A rule that can't be read or run, a secret that can't be had; what was stays then.
    pub fn reload(&self, config: &Config) -> Result<(), DeskError> {
        let rules = configured(config)?;
        self.notices.reload(config)?;
        self.detection().reload(&rules.running())?;
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        Ok(())
    }

    /// The detection rules, those that run and those that don't.
    #[must_use]
    pub fn rules(&self) -> Arc<Loaded> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What each rule does that runs or has signals, by its id. Asks the store.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn rules_at_work(&self) -> Result<HashMap<Arc<str>, RuleAtWork>, DeskError> {
        let stored = self.reader.signals_by_rule()?;
        let mut at_work: HashMap<Arc<str>, RuleAtWork> = self
            .detection()
            .groups()
            .map(|(id, groups)| (Arc::clone(id), RuleAtWork { groups: groups as u64, signals: None }))
            .collect();
        for signals in stored {
            let of = at_work.entry(Arc::from(signals.rule.as_str())).or_default();
            of.signals = Some(signals);
        }
        Ok(at_work)
    }
}

/// The rules that a configuration has run. What is off though nobody switched it off is said.
pub(super) fn configured(config: &Config) -> Result<Loaded, DeskError> {
    let rules = rules::configured(&config.detection, Places::from(&config.geoip))?;
    for (rule, why) in rules.off.iter().filter(|(_, why)| matches!(why, Off::NoPlaces | Off::NoSystems)) {
        tracing::info!("detection rule {rule} is {why}");
    }
    Ok(rules)
}
