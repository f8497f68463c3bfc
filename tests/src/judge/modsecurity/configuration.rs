//! What libmodsecurity is loaded with: its own settings, then the Core Rule Set as Debian packs it.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

/// `SecRuleEngine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Rules match and nothing comes of it.
    DetectionOnly,
    /// A rule may end the transaction with a status; later rules do not run then.
    On,
}

/// How the Core Rule Set is to run.
#[derive(Clone, Copy, Debug)]
pub struct Configuration {
    /// Whether rules block.
    pub engine: Engine,
    /// `tx.paranoia_level`, 1 to 4.
    pub paranoia: u8,
    /// Also the limits that the regression tests ask for in their README (rule 900005 there).
    pub regression: bool,
}

/// Our settings.
const SETTINGS: &str = include_str!("../../../data/modsecurity.conf");

/// Debian's files of CRS: its configuration.
const SETUP: &str = "/etc/modsecurity/crs/crs-setup.conf";
/// … and its rules.
const RULES: &str = "/usr/share/modsecurity-crs/rules";

/// What the regression tests are to be run with (CRS 3.3.4, `tests/regression/README.md`).
const REGRESSION: &str = "
    setvar:tx.crs_validate_utf8_encoding=1,\\
    setvar:tx.arg_name_length=100,\\
    setvar:tx.arg_length=400,\\
    setvar:tx.total_arg_length=64000,\\
    setvar:tx.max_num_args=255,\\
    setvar:tx.max_file_size=64100,\\
    setvar:tx.combined_file_sizes=65535,\\
    ctl:ruleRemoveById=910000,\\";

/// Something to load.
pub(super) enum Part {
    Text(String),
    File(PathBuf),
}

impl Configuration {
    /// CRS as it comes, at paranoia level 1, detecting: what is measured.
    pub const LEVEL_1: Self = Self { engine: Engine::DetectionOnly, paranoia: 1, regression: false };

    /// For the regression tests.
    #[must_use]
    pub fn regression(engine: Engine) -> Self {
        Self { engine, paranoia: 4, regression: true }
    }

    /// Everything, in order.
    ///
    /// # Errors
    /// CRS is not installed.
    pub(super) fn parts(&self) -> Result<Vec<Part>> {
        let mut rules = fs::read_dir(RULES)
            .and_then(|entries| {
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
            })
            .with_context(|| format!("cannot read {RULES}: `cargo xtask setup` installs CRS"))?;
        rules.retain(|file| file.extension().is_some_and(|kind| kind == "conf"));
        rules.sort();
        let mut parts = vec![Part::Text(self.settings()), Part::File(SETUP.into()), Part::Text(self.level())];
        parts.extend(rules.into_iter().map(Part::File));
        Ok(parts)
    }

    fn settings(&self) -> String {
        let engine = match self.engine {
            Engine::DetectionOnly => "DetectionOnly",
            Engine::On => "On",
        };
        format!("SecRuleEngine {engine}\n{SETTINGS}")
    }

    fn level(&self) -> String {
        let limits = if self.regression { REGRESSION } else { "" };
        format!(
            "SecAction \"id:900005,phase:1,nolog,pass,t:none,\\{limits}\n    setvar:tx.paranoia_level={}\"\n",
            self.paranoia
        )
    }
}
