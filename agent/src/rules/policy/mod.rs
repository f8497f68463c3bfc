//! Policies: which rules judge a service, how strictly, and what they leave alone.
//!
//! ```text
//! files ─> load ─> Rules (compiled, shared) ──┐
//!                                             ├──> Policy ─> judge: matches, verdict
//! level, disabled, exclusions ─> Overlay ─────┘
//! ```
//!
//! Compiled rules are large (CRS: some 27 MiB), policies are small: those with the same files share one [`Rules`].
#![forbid(unsafe_code)]

mod exclusion;
mod glob;
mod input;
mod judge;
pub mod kept;
mod rules;
mod select;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::{
    exclusion::{Exclusion, RequestPath},
    glob::Glob,
    input::Input,
    kept::Kept,
    rules::Rules,
    select::Selector,
};
use super::catalog::Entry;
pub use super::program::overlay::Overlay;

/// What is done about the attacks on a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Requests are counted, not judged.
    Off,
    /// Attacks are events; nobody is blocked for them.
    Monitor,
    /// Attacks are events, and count for what is said of blocking (`[respond]`).
    #[default]
    #[serde(alias = "protect")]
    Block,
}

impl Mode {
    /// All of them, the mildest first.
    pub const ALL: [Self; 3] = [Self::Off, Self::Monitor, Self::Block];

    /// Its name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Monitor => "monitor",
            Self::Block => "block",
        }
    }
}

impl std::str::FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The word of those who know it from elsewhere.
        let text = if text == "protect" { "block" } else { text };
        Self::ALL.into_iter().find(|mode| mode.name() == text).ok_or("expected off, monitor or block")
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a policy does not ask a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// The rule's file says so.
    NotEnabled,
    /// Somebody switched it off with the agent.
    Switched,
    /// The policy's mode is `off`.
    Mode,
    /// `disabled` names it.
    Disabled,
    /// It is of a higher paranoia level.
    Paranoia,
    /// What it looks at can't be seen from outside of the service.
    Never,
}

impl Off {
    /// The word for machines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotEnabled => "not_enabled",
            Self::Switched => "switched_off",
            Self::Mode => "mode",
            Self::Disabled => "disabled",
            Self::Paranoia => "paranoia",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotEnabled => "switched off in its file (\"enabled\": false)",
            Self::Switched => "switched off with the agent; `picket rules on ID` switches it on again",
            Self::Mode => "not asked: the mode of the policy is off",
            Self::Disabled => "switched off: `disabled` in the configuration names it",
            Self::Paranoia => "not asked: it is of a higher paranoia level than the policy's",
            Self::Never => "without effect: what it looks at is known only inside of the service's process",
        })
    }
}

/// How a policy differs from the rules it uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// CRS's paranoia level, 1 to 4; none: what its set-up says.
    pub paranoia: Option<u8>,
    /// Rules that are not asked.
    pub disabled: Vec<Selector>,
    /// Ids of rules that people switched off.
    pub switched: Vec<Selector>,
    /// What rules leave alone.
    pub exclusions: Vec<Exclusion>,
}

/// How the requests to a service are judged.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name; none: the default.
    pub name: Option<Arc<str>>,
    /// What is done about attacks.
    pub mode: Mode,
    rules: Arc<Rules>,
    terms: Arc<Terms>,
    overlay: Option<Arc<Overlay>>,
}

impl Policy {
    /// A policy by its terms over compiled rules.
    #[must_use]
    pub fn new(name: Option<&str>, mode: Mode, rules: Arc<Rules>, terms: Terms) -> Self {
        let plain = terms == Terms::default();
        let overlay = rules.engine().filter(|_| !plain).map(|engine| {
            let disabled = [&terms.disabled[..], &terms.switched].concat();
            Arc::new(Overlay::new(engine, terms.paranoia, &disabled, &terms.exclusions))
        });
        Self { name: name.map(Arc::from), mode, rules, terms: Arc::new(terms), overlay }
    }

    /// The same, which does something else about attacks.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> Self {
        Self { mode, ..self.clone() }
    }

    /// The rules it uses.
    #[must_use]
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// How it differs from the rules it uses.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Why it does not ask a rule; none: it does.
    #[must_use]
    pub fn off(&self, rule: &Entry) -> Option<Off> {
        let level = rule.meta.tags.get("paranoia_level").and_then(|level| level.parse::<u8>().ok());
        if !rule.enabled {
            Some(Off::NotEnabled)
        } else if self.terms.switched.iter().any(|selector| selector.fits(&rule.meta, &rule.labels)) {
            Some(Off::Switched)
        } else if self.mode == Mode::Off {
            Some(Off::Mode)
        } else if self.terms.disabled.iter().any(|selector| selector.fits(&rule.meta, &rule.labels)) {
            Some(Off::Disabled)
        } else if level.zip(self.terms.paranoia).is_some_and(|(level, asked)| level > asked) {
            Some(Off::Paranoia)
        } else {
            rule.never.is_some().then_some(Off::Never)
        }
    }

    /// Of its terms, what means nothing to its rules; for a person.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if let Some(level) = self.terms.paranoia
            && !self.rules.engine().is_some_and(|engine| engine.has_levels())
        {
            doubts.push(format!("paranoia = {level} means nothing: OWASP CRS is not among its rules"));
        }
        let excluded = self.terms.exclusions.iter().flat_map(|exclusion| &exclusion.rules);
        for (key, selector) in
            self.terms.disabled.iter().map(|s| ("disabled", s)).chain(excluded.map(|s| ("exclusions", s)))
        {
            if !self.rules.has(selector) {
                doubts.push(format!("{key}: \"{selector}\" is none of its rules"));
            }
        }
        doubts
    }
}
