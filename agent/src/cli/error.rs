//! What a command ends with.

use std::{io, path::PathBuf, process::ExitCode};

use super::screen::Screen;
use crate::{
    api::{ClientError, Code, access::TokenError},
    config::ConfigError,
    event::printable,
};

/// Exit codes, the same for all commands. Shown by `picket --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// No agent runs.
    NotRunning = 3,
    /// The agent refused: passlisted, no such entry, table full.
    Refused = 4,
    /// This user may not.
    NotPermitted = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The agent did not answer, or said no.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Only root may do it.
    #[error("{what} needs root: it loads programs into the kernel and reads other users' processes")]
    NotRoot {
        /// The command.
        what: &'static str,
    },
    /// A directory given is not usable.
    #[error("--state-dir {path}: {source}")]
    StateDir {
        /// As given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The agent could not start, or stopped because something failed.
    #[error("{0:#}")]
    Agent(anyhow::Error),
    /// No runtime for the call.
    #[error("cannot start: {0}")]
    Start(io::Error),
    /// Rules that can't be loaded.
    #[error("{0}")]
    Rules(String),
    /// No event or signal has this id, or begins with it.
    #[error("there is no {what} {id}")]
    NoSuchId {
        /// `event`, `signal`.
        what: &'static str,
        /// As given.
        id: String,
    },
    /// Several do.
    #[error("more than one {what} begins with {id}:\n  {}", .ids.join("\n  "))]
    ManyIds {
        /// `event`, `signal`.
        what: &'static str,
        /// As given.
        id: String,
        /// Some of them.
        ids: Vec<String>,
    },
    /// Tokens can't be had or changed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A file that can't be read.
    #[error("{0}")]
    Input(String),
    /// Standard output is gone or full.
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
}

impl CliError {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Client(ClientError::NotRunning { .. }) => Exit::NotRunning,
            Self::Client(ClientError::Remote { .. }) => Exit::Usage,
            Self::Client(ClientError::NotPermitted { .. }) | Self::NotRoot { .. } => Exit::NotPermitted,
            Self::Client(ClientError::Api(error)) => match error.code {
                Code::Passlisted | Code::Refused | Code::NotFound | Code::Full => Exit::Refused,
                // A query, a facet, a time: what the command line said.
                Code::BadRequest | Code::BadQuery | Code::BadRule => Exit::Usage,
                Code::Unauthorized | Code::Forbidden => Exit::NotPermitted,
                _ => Exit::Failed,
            },
            Self::NoSuchId { .. } => Exit::Refused,
            Self::Token(TokenError::Name(_)) => Exit::Usage,
            Self::Token(TokenError::Taken(_) | TokenError::Unknown(_) | TokenError::Full) => Exit::Refused,
            Self::StateDir { .. } | Self::Rules(_) | Self::Usage(_) | Self::ManyIds { .. } => Exit::Usage,
            Self::Agent(error) if error.is::<ConfigError>() => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Client(error) => error.hint(),
            Self::NotRoot { .. } => Some("run it with sudo".to_owned()),
            Self::NoSuchId { what, .. } => Some(format!(
                "ids stand in: picket {what}s --from -30d   (what is older than the store keeps is gone)"
            )),
            Self::ManyIds { .. } => Some("write more of it".to_owned()),
            Self::Agent(_) => Some("picket doctor says what this kernel allows".to_owned()),
            _ => None,
        }
    }

    fn code(&self) -> String {
        match self {
            Self::Client(ClientError::Api(error)) => {
                serde_json::to_value(error.code).ok().and_then(|code| Some(code.as_str()?.to_owned()))
            }
            _ => None,
        }
        .unwrap_or_else(|| {
            match self.exit() {
                Exit::NotRunning => "not_running",
                Exit::NotPermitted => "not_permitted",
                Exit::Usage => "usage",
                _ => "failed",
            }
            .to_owned()
        })
    }
}

impl Screen<'_> {
    /// Says what went wrong and what to do, on standard error; as the API's error JSON with `--json`.
    ///
    /// # Errors
    ///
    /// When standard error is gone.
    pub fn error(&mut self, error: &CliError) -> io::Result<()> {
        if self.json {
            let error = serde_json::json!({
                "error": { "code": error.code(), "message": error.to_string(), "hint": error.hint() }
            });
            return writeln!(self.err, "{error}");
        }
        let label = self.paint_err(anstyle::AnsiColor::Red, "error:");
        let message = error.to_string();
        let mut lines = message.lines();
        writeln!(self.err, "{label} {}", printable(lines.next().unwrap_or_default()))?;
        // The line of a file with a mark below it, and further problems.
        for line in lines {
            writeln!(self.err, "{}", printable(line))?;
        }
        if let Some(hint) = error.hint() {
            writeln!(self.err, "  hint: {}", printable(&hint))?;
        }
        Ok(())
    }
}
