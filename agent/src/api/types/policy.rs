//! How services are judged, and what people set about it.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    api::{ApiError, Code},
    rules::policy::{Mode, kept::Wanted},
};

/// A mode that a person set for the services of a name. It holds, over what the configuration says, until it is taken
/// back; over restarts, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMode {
    /// What is done about attacks.
    pub mode: Mode,
    /// Since when.
    pub since: Timestamp,
    /// Who set it.
    pub by: String,
}

/// Body of `PUT /v1/services/{name}/policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyBody {
    /// What is to be done about attacks.
    pub mode: Mode,
}

/// How the requests to the services of a name are judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePolicy {
    /// The name.
    pub service: String,
    /// The mode that a person set; none: the configuration's hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<SetMode>,
    /// The services of this name, by where they listen.
    pub listeners: Vec<ListenerPolicy>,
    /// Why somebody is not blocked though the mode is `block`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl ServicePolicy {
    /// Of the services of a name. `responds`: whether anybody is blocked without a person asking for it.
    ///
    /// # Errors
    /// [`Code::NotFound`]: there is none, and nobody set anything for it.
    pub fn new(
        service: &str,
        set: Option<SetMode>,
        listeners: Vec<ListenerPolicy>,
        responds: bool,
    ) -> Result<Self, ApiError> {
        if listeners.is_empty() && set.is_none() {
            let shown: String = service.chars().take(100).collect();
            return Err(ApiError::new(
                Code::NotFound,
                format!("no service {shown:?} has had requests since the agent started"),
            )
            .hint("picket services has the names"));
        }
        let wanted = set.as_ref().map(|set| set.mode);
        let blocks = listeners.iter().any(|one| wanted.unwrap_or(one.configured) == Mode::Block);
        let note = (blocks && !responds).then(|| {
            "[respond] is not enabled in the configuration: attacks are events, and nobody is blocked for them"
                .to_owned()
        });
        Ok(Self { service: service.to_owned(), set, listeners, note })
    }

    /// Of a name that is nobody's any longer.
    #[must_use]
    pub fn nothing(service: &str) -> Self {
        Self { service: service.to_owned(), set: None, listeners: Vec::new(), note: None }
    }
}

/// How the requests to one service are judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerPolicy {
    /// Address and port.
    pub listen: SocketAddr,
    /// Its policy; `default` is what `[rules]` says.
    pub policy: String,
    /// The mode that the configuration gives it.
    pub configured: Mode,
    /// What is done about attacks: `block` only when `[respond]` is enabled, too.
    pub mode: Mode,
    /// What its rules leave alone.
    pub exclusions: Vec<Wanted>,
}
