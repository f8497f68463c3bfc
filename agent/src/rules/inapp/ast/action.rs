//! Actions: what is done when a rule holds.

use std::{collections::BTreeMap, sync::Arc};

use super::Place;

/// An action: what is done when a rule that names it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What rules name it by.
    pub id: Arc<str>,
    /// What it is.
    pub kind: ActionKind,
    /// `parameters`: every value as a text.
    pub parameters: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// Kinds of actions (`type`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `block_request`: `status_code`, `grpc_status_code`, `type` (`auto`, `html`, `json`).
    Block,
    /// `redirect_request`: `location`, `status_code`.
    Redirect,
    /// `generate_stack`: a stack trace of the service; its process alone has one.
    Stack,
    /// `generate_schema`: schemas of the request are made.
    Schema,
    /// `monitor`: nothing is done.
    Monitor,
    /// Another; carried by name, without effect.
    Unknown(String),
}

impl ActionKind {
    /// Whether it keeps the request from the service.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        matches!(self, Self::Block | Self::Redirect)
    }

    /// The name in the format.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Block => "block_request",
            Self::Redirect => "redirect_request",
            Self::Stack => "generate_stack",
            Self::Schema => "generate_schema",
            Self::Monitor => "monitor",
            Self::Unknown(name) => name,
        }
    }
}
