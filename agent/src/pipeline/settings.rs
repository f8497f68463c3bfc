//! What workers judge by: made from the configuration, swapped as a whole when it is reloaded.

use std::{fs, path::PathBuf, sync::Arc};

use crate::{
    client_ip::ClientIp,
    config::Config,
    event::Redactor,
    http, limits,
    rules::{self, CompileError, Engine, ReadError, RuleSet},
};

/// Settings in force.
pub struct Settings {
    /// Limits of the http stage.
    pub http: http::Limits,
    /// Who the client is.
    pub client_ip: ClientIp,
    /// The rules; `None`: capture only.
    pub engine: Option<Arc<Engine>>,
    /// What is a credential.
    pub redactor: Arc<Redactor>,
    /// Also print transactions without a match.
    pub all: bool,
    /// What `[respond]` says.
    pub respond: crate::config::Respond,
}

/// Why a configuration can't come into force.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A rule file can't be read.
    #[error("rule file {path}: {error}; give the path of a JSON rule file in [rules] files")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A rule file is wrong.
    #[error(transparent)]
    Rules(#[from] ReadError),
    /// Two files have rules of one id.
    #[error("{path}: {error}")]
    Twice {
        /// The second file.
        path: PathBuf,
        /// Which rule.
        error: String,
    },
    /// `[rules] disabled` names no rule.
    #[error("[rules] disabled: there is no rule {0:?}; the ids stand in the rule files")]
    NoSuchRule(String),
    /// A rule can't be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

impl Settings {
    /// Reads and compiles what the configuration names.
    ///
    /// # Errors
    ///
    /// When a rule file is missing or wrong.
    pub fn make(config: &Config) -> Result<Self, SettingsError> {
        let rules = rules(config)?;
        let engine = if rules.rules.is_empty() { None } else { Some(Arc::new(rules::compile(&rules)?)) };
        Ok(Self {
            http: http::Limits {
                request_body: config.capture.request_body as usize,
                response_body: config.capture.response_body as usize,
                // No rule judges responses yet.
                decode_responses: false,
                ..http::Limits::default()
            },
            client_ip: ClientIp::new(config.proxies.trusted.clone(), config.proxies.header.clone()),
            engine,
            redactor: Arc::new(Redactor::new(&config.redact)),
            all: config.output.all,
            respond: config.respond.clone(),
        })
    }
}

fn rules(config: &Config) -> Result<RuleSet, SettingsError> {
    let mut set = if config.rules.builtin { rules::builtin()? } else { RuleSet::default() };
    for path in &config.rules.files {
        let file = |error| SettingsError::File { path: path.clone(), error };
        let size = fs::metadata(path).map_err(file)?.len();
        if size > limits::RULE_FILE {
            let error = format!("{size} bytes; at most {} are read", limits::RULE_FILE);
            return Err(file(std::io::Error::other(error)));
        }
        let text = fs::read(path).map_err(file)?;
        let more = rules::json::read(&text, &path.display().to_string())?;
        set.extend(more).map_err(|error| SettingsError::Twice { path: path.clone(), error })?;
    }
    for id in &config.rules.disabled {
        let before = set.rules.len();
        set.rules.retain(|rule| rule.meta.id != *id);
        if set.rules.len() == before {
            return Err(SettingsError::NoSuchRule(id.clone()));
        }
    }
    Ok(set)
}
