//! What is asked of the running agent, and without one of the files that it would read.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::{CliError, ask, screen::Screen};
use crate::{
    api::{Client, ClientError},
    config::{Config, DEFAULT_PATH},
};

/// Whom a command asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The agent.
    Agent,
    /// The configuration, or Picket's own rules where there is none, and why no agent.
    Files {
        /// `as /etc/picket/picket.toml has it`.
        which: String,
        /// Why the agent was not asked; none: the command line names files.
        why: Option<&'static str>,
    },
}

impl Source {
    /// Says it, below what was listed.
    pub fn say(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let line = match self {
            Self::Agent => "as the running agent has it".to_owned(),
            Self::Files { which, why: None } => which.clone(),
            Self::Files { which, why: Some(why) } => format!("{why}: {which}"),
        };
        let line = screen.faint(&crate::event::printable(&line));
        screen.line(line)?;
        Ok(())
    }

    /// A list as `--json` shows it.
    pub fn list(&self, items: &impl Serialize) -> Value {
        let source = match self {
            Self::Agent => "agent",
            Self::Files { .. } => "files",
        };
        json!({ "items": items, "next": null, "source": source })
    }
}

/// Asks the agent. `Err` in it: there is none on this host that answers, and why not. An agent elsewhere has to answer:
/// this host's files say nothing of it.
pub(super) fn agent_or<T>(
    client: &Client,
    call: impl Future<Output = Result<T, ClientError>>,
) -> Result<Result<T, &'static str>, CliError> {
    match ask(call) {
        Err(CliError::Client(ClientError::NotRunning { .. })) if client.is_local() => {
            Ok(Err("no agent runs"))
        }
        Err(CliError::Client(ClientError::NotPermitted { .. })) if client.is_local() => {
            Ok(Err("the running agent may be asked by root only"))
        }
        answer => answer.map(Ok),
    }
}

/// A configuration and where it is from: the file that is named, the one where the agent looks for it, or none.
pub(super) fn configuration(file: Option<&Path>) -> Result<(Config, String), CliError> {
    let default = Path::new(DEFAULT_PATH);
    let Some(file) = file.or_else(|| default.exists().then_some(default)) else {
        return Ok((
            Config::default(),
            format!("as it is without a configuration ({DEFAULT_PATH} is not there)"),
        ));
    };
    let config = Config::load(file).map_err(|error| CliError::Agent(error.into()))?;
    Ok((config, format!("as {} has it", file.display())))
}
