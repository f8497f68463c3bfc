//! What workers judge by: made from the configuration, swapped as a whole when it is reloaded.

use std::sync::Arc;

use super::policies::{Policies, PolicyError};
use crate::{client_ip::ClientIp, config::Config, event::Redactor, http, rules::policy::Mode};

/// Settings in force.
pub struct Settings {
    /// Counts up: the first settings of an agent have 1.
    pub generation: u64,
    /// Limits of the http stage.
    pub http: http::Limits,
    /// Who the client is.
    pub client_ip: ClientIp,
    /// How services are judged.
    pub policies: Policies,
    /// What is a credential.
    pub redactor: Arc<Redactor>,
    /// Also print transactions without a match.
    pub all: bool,
    /// Whether anything is blocked without a person asking for it.
    pub responds: bool,
}

/// Why a configuration can't come into force: its rules can't be had.
pub type SettingsError = PolicyError;

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
            redactor: Arc::new(Redactor::new(&config.redact)),
            all: config.output.all,
            responds: config.respond.enabled,
        })
    }
}
