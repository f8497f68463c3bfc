//! What workers judge by: made from the configuration, swapped as a whole when it is reloaded.

use std::{collections::BTreeMap, sync::Arc};

use super::policies::{Policies, PolicyError};
use crate::{
    client_ip::ClientIp,
    config::Config,
    event::Redactor,
    geo::{GeoError, Lookup},
    http,
    rules::policy::Mode,
    user,
};

/// Settings in force.
#[derive(Clone)]
pub struct Settings {
    /// Counts up: the first settings of an agent have 1.
    pub generation: u64,
    /// Limits of the http stage.
    pub http: http::Limits,
    /// Who the client is.
    pub client_ip: ClientIp,
    /// How services are judged.
    pub policies: Policies,
    /// How users are recognised.
    pub users: Arc<user::Settings>,
    /// Where clients are; none: no database is configured.
    pub geo: Option<Arc<Lookup>>,
    /// What is a credential.
    pub redactor: Arc<Redactor>,
    /// Also print transactions without a match.
    pub all: bool,
    /// Whether anything is blocked without a person asking for it.
    pub responds: bool,
}

/// Why a configuration can't come into force.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Its rules can't be had.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Its databases of places can't be had.
    #[error(transparent)]
    Geo(#[from] GeoError),
}

impl Settings {
    /// How many rules there are.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.policies.rules().into_iter().map(|rules| rules.count()).sum()
    }

    /// What a mode comes to: without `[respond]` nobody is blocked.
    #[must_use]
    pub fn effective(&self, mode: Mode) -> Mode {
        if mode == Mode::Block && !self.responds { Mode::Monitor } else { mode }
    }

    /// The same, with modes that people set for services.
    #[must_use]
    pub fn with_modes(&self, set: Arc<BTreeMap<String, Mode>>) -> Self {
        Self { policies: self.policies.with_modes(set), ..self.clone() }
    }

    /// Reads and compiles what the configuration names.
    ///
    /// # Errors
    ///
    /// When a rule file is missing or wrong.
    pub fn make(config: &Config, generation: u64) -> Result<Self, SettingsError> {
        let policies = Policies::make(config)?;
        let responses = policies.iter().any(|policy| policy.judges_responses());
        Ok(Self {
            generation,
            http: http::Limits {
                request_body: config.capture.request_body as usize,
                response_body: config.capture.response_body as usize,
                decode_responses: responses,
                ..http::Limits::default()
            },
            client_ip: ClientIp::new(config.proxies.trusted.clone(), config.proxies.header.clone()),
            policies,
            geo: Lookup::configured(&config.geoip)?.map(Arc::new),
            users: Arc::new(user::Settings::new(&config.users)),
            redactor: Arc::new(Redactor::new(&config.redact)),
            all: config.output.all,
            responds: config.respond.enabled,
        })
    }
}
