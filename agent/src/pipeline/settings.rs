//! What workers judge by: made from the configuration, swapped as a whole when it is reloaded.

use std::sync::Arc;

use crate::{
    client_ip::ClientIp,
    config::Config,
    event::Redactor,
    http,
    rules::{
        load::{self, Loaded, Wanted},
        program::engine::Engine,
    },
};

/// Settings in force.
pub struct Settings {
    /// Limits of the http stage.
    pub http: http::Limits,
    /// Who the client is.
    pub client_ip: ClientIp,
    /// The rules, if there are any.
    pub engine: Option<Arc<Engine>>,
    /// What is a credential.
    pub redactor: Arc<Redactor>,
    /// Also print transactions without a match.
    pub all: bool,
    /// What `[respond]` says.
    pub respond: crate::config::Respond,
}

/// Why a configuration can't come into force: its rules can't be had.
pub type SettingsError = load::LoadError;

impl Settings {
    /// How many rules there are.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.engine.as_ref().map_or(0, |engine| engine.rules())
    }

    /// Reads and compiles what the configuration names.
    ///
    /// # Errors
    ///
    /// When a rule file is missing or wrong.
    pub fn make(config: &Config) -> Result<Self, SettingsError> {
        let rules = rules(config)?;
        for left_out in &rules.left_out {
            tracing::warn!("left out: {left_out}");
        }
        let responses = rules.engine.as_ref().is_some_and(Engine::judges_responses);
        Ok(Self {
            http: http::Limits {
                request_body: config.capture.request_body as usize,
                response_body: config.capture.response_body as usize,
                decode_responses: responses,
                ..http::Limits::default()
            },
            client_ip: ClientIp::new(config.proxies.trusted.clone(), config.proxies.header.clone()),
            engine: rules.engine.map(Arc::new),
            redactor: Arc::new(Redactor::new(&config.redact)),
            all: config.output.all,
            respond: config.respond.clone(),
        })
    }
}

fn rules(config: &Config) -> Result<Loaded, load::LoadError> {
    let mut paths = config.rules.files.clone();
    if config.rules.builtin {
        paths.insert(0, "default".into());
    }
    load::load(&Wanted {
        paths,
        paranoia: config.rules.paranoia,
        disabled: config.rules.disabled.clone(),
        lenient: false,
    })
}
