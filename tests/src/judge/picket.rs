//! Picket's engine.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::Result;
use picket::rules::{
    load::{self, Loaded, Wanted},
    program::run::{Facts, Scratch},
};

use super::{Judge, Judged, Message};

/// CRS as Debian packs it.
const CRS: &str = "/usr/share/modsecurity-crs";
/// Its set-up.
const SETUP: &str = "/etc/modsecurity/crs/crs-setup.conf";

/// Picket's engine with some rules.
pub struct Picket {
    name: String,
    loaded: Loaded,
    scratch: Scratch,
}

impl Picket {
    /// With the rules that come with the agent.
    ///
    /// # Errors
    /// None, as long as the tests of the agent pass.
    pub fn native() -> Result<Self> {
        Self::load("Picket, its own rules".to_owned(), vec!["default".into()], None)
    }

    /// With CRS as it comes.
    ///
    /// # Errors
    /// It is not installed.
    pub fn crs(paranoia: u8) -> Result<Self> {
        Self::load(format!("Picket, CRS, level {paranoia}"), vec![CRS.into()], Some(paranoia))
    }

    /// With CRS as its regression tests want it.
    ///
    /// # Errors
    /// It is not installed.
    pub fn regression() -> Result<Self> {
        let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/crs-regression.conf");
        let paths = vec![PathBuf::from(SETUP), settings, Path::new(CRS).join("rules")];
        Self::load("Picket, CRS, as its tests want it".to_owned(), paths, Some(4))
    }

    fn load(name: String, paths: Vec<PathBuf>, paranoia: Option<u8>) -> Result<Self> {
        let loaded = load::load(&Wanted { paths, paranoia, ..Wanted::default() })?;
        Ok(Self { name, loaded, scratch: Scratch::default() })
    }
}

impl Judge for Picket {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn judge(&mut self, client: IpAddr, message: &Message) -> Result<Judged> {
        let mut judged = Judged { rules: Vec::new(), status: None };
        if let Some(engine) = &self.loaded.engine {
            let facts = Facts::of_client(client, 1_700_000_000);
            let verdict = engine.judge(&message.request, None, &facts, &mut self.scratch);
            judged.rules.extend(verdict.in_app.iter().map(|found| found.rule.id.clone()));
            judged.rules.extend(verdict.hits.iter().map(|hit| hit.rule.id.to_string()));
            judged.status = verdict.denied.map(|(_, status)| status);
        }
        Ok(judged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_rules_judge() {
        let mut judge = Picket::native().expect("own rules");
        let mut rules = |target: &str| {
            let request = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
            let judged = judge.judge([192, 0, 2, 1].into(), &Message::read(request.as_bytes()));
            judged.expect("it judges").rules
        };
        assert!(rules("/?id=1").is_empty());
        assert!(!rules("/?id=1%27%20UNION%20SELECT%201--").is_empty());
    }
}
