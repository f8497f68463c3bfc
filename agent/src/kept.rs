//! Rules that people wrote with the agent, and those that they switched off: kept in the state directory. Detection rules
//! in one file, rules that judge requests in another.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    detect, limits,
    respond::{StateError, state_file},
    rules,
};

/// What people made of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRule {
    /// Its id.
    pub id: String,
    /// When it was changed last.
    pub time: Timestamp,
    /// Who changed it.
    pub who: String,
    /// The rule, as it was written; none: it is another one's, and only switched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// It is switched off.
    #[serde(default)]
    pub off: bool,
}

/// Why a rule is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// It is none.
    #[error("{why}")]
    Rule {
        /// What is wrong, and where.
        why: String,
        /// The page that has the form of a rule.
        docs: &'static str,
    },
    /// It has another id, or there are several.
    #[error("expected one rule with the id `{0}`")]
    Other(String),
    /// Nobody wrote such a rule here.
    #[error("the rule `{0}` was not written here")]
    Unknown(String),
    /// More than there may be.
    #[error("there are {0} rules already, which is the most")]
    Full(usize),
    /// More bytes than there may be.
    #[error("rules that are kept have at most {} bytes together", limits::KEPT_BYTES)]
    Long,
    /// The file.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<rules::own::OwnError> for KeepError {
    fn from(error: rules::own::OwnError) -> Self {
        Self::Rule { why: error.to_string(), docs: "docs/rules.md" }
    }
}

/// A kind of rules.
struct Kind {
    /// The file in the state directory.
    file: &'static str,
    /// What they are, for the log.
    what: &'static str,
    /// How many may be kept.
    most: usize,
    /// What may be kept under an id.
    check: fn(&str, &str) -> Result<(), KeepError>,
}

const DETECTIONS: Kind = Kind {
    file: "detections.json",
    what: "detection rules",
    most: limits::DETECT_RULES,
    check: |id, text| {
        let wrong = |error: detect::rules::RuleError| KeepError::Rule {
            why: error.to_string(),
            docs: "docs/detection.md",
        };
        match detect::rules::read(text.as_bytes(), "").map_err(wrong)?.as_slice() {
            [rule] if *rule.id == *id => Ok(()),
            _ => Err(KeepError::Other(id.to_owned())),
        }
    },
};

const REQUESTS: Kind = Kind {
    file: "rules.json",
    what: "rules",
    most: limits::KEPT_RULES,
    check: |id, text| {
        let own = rules::own::Own::read("rule", text)?;
        if own.id == id { Ok(()) } else { Err(KeepError::Other(id.to_owned())) }
    },
};

/// The rules of a kind in a state directory.
pub struct KeptRules {
    path: PathBuf,
    kind: &'static Kind,
    changing: Mutex<()>,
}

impl fmt::Debug for KeptRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptRules").field("path", &self.path).finish_non_exhaustive()
    }
}

impl KeptRules {
    /// Rules that raise signals; there need be no file.
    #[must_use]
    pub fn of_detections(state: &Path) -> Self {
        Self::new(state, &DETECTIONS)
    }

    /// Rules that judge requests; there need be no file.
    #[must_use]
    pub fn of_requests(state: &Path) -> Self {
        Self::new(state, &REQUESTS)
    }

    fn new(state: &Path, kind: &'static Kind) -> Self {
        Self { path: state.join(kind.file), kind, changing: Mutex::default() }
    }

    /// All of them. Of a file that can't be read as a whole, what can be read; the file is kept under another name, and
    /// the log says so.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn list(&self) -> Result<Vec<KeptRule>, StateError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.read()
    }

    fn read(&self) -> Result<Vec<KeptRule>, StateError> {
        let (kept, notice) = state_file::read(&self.path, Timestamp::now())?;
        if let Some(notice) = notice {
            tracing::error!("{}: {notice}", self.kind.what);
            // What could be read is there the next time, too.
            state_file::write(&self.path, &state_file::encode(&kept))?;
        }
        Ok(kept)
    }

    /// Whether a text is a rule that may be kept under an id.
    ///
    /// # Errors
    /// It is no rule, or has another id.
    pub fn check(&self, id: &str, text: &str) -> Result<(), KeepError> {
        (self.kind.check)(id, text)
    }

    /// Keeps a rule; gives all as they were before.
    ///
    /// # Errors
    /// It is no rule, has another id, or the file can't be written.
    pub fn put(&self, id: &str, text: &str, who: &str) -> Result<Vec<KeptRule>, KeepError> {
        self.check(id, text)?;
        self.change(id, who, |kept| {
            kept.text = Some(text.to_owned());
            Ok(())
        })
    }

    /// Switches a rule off, or on; gives all as they were before.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn switch(&self, id: &str, off: bool, who: &str) -> Result<Vec<KeptRule>, KeepError> {
        self.change(id, who, |kept| {
            kept.off = off;
            Ok(())
        })
    }

    /// Forgets a rule that was written here: one that comes with Picket, or from a file, is what it was before. Gives all as
    /// they were before.
    ///
    /// # Errors
    /// There is none with this id, or the file can't be written.
    pub fn remove(&self, id: &str) -> Result<Vec<KeptRule>, KeepError> {
        self.change(id, "", |kept| {
            kept.off = false;
            kept.text.take().map(drop).ok_or_else(|| KeepError::Unknown(id.to_owned()))
        })
    }

    /// Keeps those of another agent, too; one with an id that is here already takes its place. They were checked. Gives all
    /// as they were before.
    ///
    /// # Errors
    /// There are too many, or the file can't be written.
    pub fn add(&self, rules: &[KeptRule]) -> Result<Vec<KeptRule>, KeepError> {
        self.write(|all| {
            *all = with(std::mem::take(all), rules);
            Ok(())
        })
    }

    /// Whether there is room for those of another agent.
    ///
    /// # Errors
    /// There is not, or the file can't be read.
    pub fn room(&self, rules: &[KeptRule]) -> Result<(), KeepError> {
        self.fits(&with(self.list()?, rules))
    }

    /// Puts all back as they were.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn put_back(&self, before: &[KeptRule]) -> Result<(), KeepError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(state_file::write(&self.path, &state_file::encode(before))?)
    }

    fn change(
        &self,
        id: &str,
        who: &str,
        change: impl FnOnce(&mut KeptRule) -> Result<(), KeepError>,
    ) -> Result<Vec<KeptRule>, KeepError> {
        self.write(|all| {
            let known = all.iter().position(|kept| kept.id == id);
            let new = || KeptRule {
                id: id.to_owned(),
                time: Timestamp::now(),
                who: who.to_owned(),
                text: None,
                off: false,
            };
            let mut one = known.map_or_else(new, |at| all.remove(at));
            change(&mut one)?;
            (one.time, one.who) = (Timestamp::now(), who.to_owned());
            // What says nothing is not kept.
            if one.off || one.text.is_some() {
                all.push(one);
            }
            Ok(())
        })
    }

    fn write(
        &self,
        change: impl FnOnce(&mut Vec<KeptRule>) -> Result<(), KeepError>,
    ) -> Result<Vec<KeptRule>, KeepError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read()?;
        let mut all = before.clone();
        change(&mut all)?;
        self.fits(&all)?;
        state_file::write(&self.path, &state_file::encode(&all))?;
        Ok(before)
    }

    fn fits(&self, all: &[KeptRule]) -> Result<(), KeepError> {
        if all.len() > self.kind.most {
            return Err(KeepError::Full(self.kind.most));
        }
        let bytes: usize = all.iter().filter_map(|kept| kept.text.as_ref()).map(String::len).sum();
        if bytes > limits::KEPT_BYTES { Err(KeepError::Long) } else { Ok(()) }
    }
}

/// All, with new ones in the place of those with their ids.
fn with(mut all: Vec<KeptRule>, new: &[KeptRule]) -> Vec<KeptRule> {
    all.retain(|kept| new.iter().all(|new| new.id != kept.id));
    all.extend_from_slice(new);
    all
}

#[cfg(test)]
mod tests;
