//! How services are judged, for people: said, and changed while the agent runs.

use std::collections::BTreeMap;

use super::{modes::ModesError, shared::Shared};
use crate::{
    api::{
        ApiError, Code,
        types::{ListenerPolicy, ServicePolicy},
    },
    rules::policy::{Mode, kept::Wanted},
};

impl Shared {
    /// How the services of a name are judged.
    ///
    /// # Errors
    ///
    /// When there is none, and nobody set anything for it.
    pub fn policy(&self, name: &str) -> Result<ServicePolicy, ApiError> {
        let set = self.modes().get(name).cloned();
        let settings = self.settings();
        let mut listeners = Vec::new();
        for service in self.services.list().iter().filter(|service| service.name == name) {
            let place = settings.policies.place(service);
            let both = settings.policies.at(place).zip(settings.policies.configured(place));
            let Some((policy, configured)) = both else { continue };
            listeners.push(ListenerPolicy {
                listen: service.listen,
                policy: policy.name.as_deref().unwrap_or("default").to_owned(),
                configured: configured.mode,
                mode: settings.effective(policy.mode),
                exclusions: policy.terms().exclusions.iter().map(Wanted::from).collect(),
            });
        }
        ServicePolicy::new(name, set, listeners, settings.responds)
    }

    /// Sets what is done about attacks on them, or gives that back to the configuration.
    ///
    /// # Errors
    ///
    /// As above, and when it can't be kept.
    pub fn set_policy(&self, name: &str, mode: Option<Mode>, who: &str) -> Result<ServicePolicy, ApiError> {
        self.policy(name)?;
        self.set_mode(name, mode, who)?;
        match mode {
            Some(mode) => tracing::info!(service = name, "{who} set what is done about attacks to {mode}"),
            None => tracing::info!(
                service = name,
                "{who} gave back to the configuration what is done about attacks"
            ),
        }
        // What was given back may be nobody's any longer.
        self.policy(name).or_else(|_| Ok(ServicePolicy::nothing(name)))
    }

    /// Sets what is done about attacks on services of several names, also of those that had no requests yet.
    ///
    /// # Errors
    ///
    /// When it can't be kept; then nothing was changed.
    pub fn set_modes(&self, modes: &BTreeMap<String, Mode>, who: &str) -> Result<(), ApiError> {
        self.change_modes(modes.iter().map(|(service, mode)| (service.as_str(), Some(*mode))), who)?;
        tracing::info!(services = modes.len(), "{who} set what is done about attacks");
        Ok(())
    }
}

impl From<ModesError> for ApiError {
    fn from(error: ModesError) -> Self {
        match error {
            ModesError::Full => Self::new(Code::Full, error.to_string())
                .hint("give one back to the configuration: picket services policy NAME --reset"),
            ModesError::State(_) => Self::new(Code::Internal, error.to_string()),
        }
    }
}
