//! The denylist and the passlist through the command line tool.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Installation;
use crate::patience::wait_until;

/// An entry of `picket denylist --json`.
pub struct Denied {
    /// Whether it ends by itself.
    pub ends: bool,
    /// Packets dropped.
    pub drops: u64,
    /// All of it.
    pub raw: Value,
}

impl Installation<'_> {
    /// Blocks an address or network, for a time or for good.
    pub fn block(&self, what: &str, time: Option<&str>) -> Result<()> {
        let arguments = match time {
            Some(time) => vec!["block", what, "--for", time],
            None => vec!["block", what, "--forever"],
        };
        self.cli_ok(&arguments).map(|_| ())
    }

    /// Ends a block.
    pub fn unblock(&self, what: &str) -> Result<()> {
        self.cli_ok(&["unblock", what]).map(|_| ())
    }

    /// Puts an address or network on the passlist.
    pub fn passlist_add(&self, what: &str) -> Result<()> {
        self.cli_ok(&["passlist", "add", what]).map(|_| ())
    }

    /// The denylist's entry of this address or network.
    pub fn denied(&self, what: &str) -> Result<Option<Denied>> {
        let list = self.json(&["denylist"])?;
        let entries = list["entries"].as_array();
        let entries = entries.with_context(|| format!("picket denylist --json has no entries: {list}"))?;
        let Some(entry) = entries.iter().find(|e| e["net"] == what) else { return Ok(None) };
        let drops = entry["drops"].as_u64().with_context(|| format!("an entry has no drops: {entry}"))?;
        Ok(Some(Denied { ends: !entry["ends"].is_null(), drops, raw: entry.clone() }))
    }

    /// Waits until the denylist shows the address.
    pub fn wait_for_block(&self, address: &str) -> Result<Denied> {
        wait_until(&format!("{address} to be blocked"), 10, || self.denied(address).ok().flatten())
    }
}
