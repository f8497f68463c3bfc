//! Why there is no answer.

use std::{io, path::PathBuf};

use crate::api::ApiError;

/// Why there is no answer, or not the one hoped for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no agent runs here: nothing answers on {socket}")]
    NotRunning {
        /// The socket.
        socket: PathBuf,
    },
    /// The socket is not for this user.
    #[error("this user may not talk to the agent on {socket}")]
    NotPermitted {
        /// The socket.
        socket: PathBuf,
    },
    /// No answer in time.
    #[error("the agent on {socket} did not answer in time")]
    Timeout {
        /// The socket.
        socket: PathBuf,
    },
    /// The agent said no.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The answer is not one of this API.
    #[error("what answers on {socket} does not speak this picket's API: {detail}")]
    Protocol {
        /// The socket.
        socket: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The connection failed.
    #[error("cannot talk to the agent on {socket}: {source}")]
    Io {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The address of an agent elsewhere, or what goes with it.
    #[error("{what}: {why}")]
    Remote {
        /// `--api`, `--token-file`…
        what: String,
        /// What is wrong, and what was expected.
        why: String,
    },
}

impl ClientError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotRunning { .. } => Some(
                "start it with: sudo picket run   (an agent with a directory of its own: --state-dir DIR on both sides)"
                    .to_owned(),
            ),
            Self::NotPermitted { .. } => Some("only root may: run the command with sudo".to_owned()),
            Self::Timeout { .. } => Some("the host may be overloaded; see: picket stats, top".to_owned()),
            Self::Api(error) => error.hint.clone(),
            Self::Protocol { .. } => {
                Some("agent and command are of different versions, or --state-dir names something else".to_owned())
            }
            Self::Io { .. } | Self::Remote { .. } => None,
        }
    }
}
