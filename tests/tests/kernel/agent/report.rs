//! A line of `picket run --json --all`.

use std::fmt;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A reported request: an event (something matched) or a transaction (nothing did).
#[derive(Clone, Debug)]
pub struct Report(Value);

/// Fields every report has, null where nothing is known (docs/events.md).
const FIELDS: [&str; 15] = [
    "kind",
    "id",
    "time",
    "service",
    "client_ip",
    "peer_ip",
    "peer_port",
    "method",
    "host",
    "path",
    "query",
    "status",
    "user_agent",
    "matches",
    "blocked",
];

impl Report {
    /// From a line.
    pub fn parse(line: &str) -> Result<Self> {
        let value: Value =
            serde_json::from_str(line).with_context(|| format!("not JSON on stdout: {line:?}"))?;
        for field in FIELDS {
            ensure!(value.get(field).is_some(), "a report lacks {field:?}: {line}");
        }
        Ok(Self(value))
    }

    /// A field by JSON pointer (RFC 6901); null where there is none.
    pub fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The path.
    pub fn path(&self) -> &str {
        self.at("/path").as_str().unwrap_or_default()
    }

    /// Whether it is an event.
    pub fn is_event(&self) -> bool {
        self.at("/kind") == "event"
    }

    /// The matches.
    pub fn matches(&self) -> &[Value] {
        self.at("/matches").as_array().map_or(&[], Vec::as_slice)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
