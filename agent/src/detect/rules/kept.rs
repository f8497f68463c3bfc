//! Detection rules that people wrote with the agent, and those that they switched off: kept in the state directory.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RuleError, read};
use crate::{
    limits::DETECT_RULES,
    respond::{StateError, state_file},
};

/// Its name in the state directory.
const FILE: &str = "detections.json";

/// What people made of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRule {
    /// Its id.
    pub id: String,
    /// When it was changed last.
    pub time: Timestamp,
    /// Who changed it.
    pub who: String,
    /// The rule, as JSON; none: it is another one's, and only switched.
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
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// It has another id, or there are several.
    #[error("expected one rule with the id `{0}`")]
    Other(String),
    /// Nobody wrote such a rule here.
    #[error("the rule `{0}` was not written here")]
    Unknown(String),
    /// More than there may be.
    #[error("there are {DETECT_RULES} rules already, which is the most")]
    Full,
    /// The file.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The rules of a state directory.
#[derive(Debug)]
pub struct KeptRules {
    path: PathBuf,
    changing: Mutex<()>,
}

impl KeptRules {
    /// Those of a state directory; there need be no file.
    #[must_use]
    pub fn of(state: &Path) -> Self {
        Self { path: state.join(FILE), changing: Mutex::default() }
    }

    /// All of them.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn list(&self) -> Result<Vec<KeptRule>, StateError> {
        let (kept, notice) = state_file::read(&self.path, Timestamp::now())?;
        if let Some(notice) = notice {
            tracing::error!("detection rules: {notice}");
        }
        Ok(kept)
    }

    /// Keeps a rule; gives all as they were before.
    ///
    /// # Errors
    /// It is no rule, has another id, or the file can't be written.
    pub fn put(&self, id: &str, text: &str, who: &str) -> Result<Vec<KeptRule>, KeepError> {
        match read(text.as_bytes(), "")?.as_slice() {
            [rule] if *rule.id == *id => {}
            _ => return Err(KeepError::Other(id.to_owned())),
        }
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
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.list()?;
        let mut all = before.clone();
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
        if all.len() > DETECT_RULES {
            return Err(KeepError::Full);
        }
        state_file::write(&self.path, &state_file::encode(&all))?;
        Ok(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"{"id": "own", "name": "n", "queries": [{"query": "@status:404"}],
        "cases": [{"status": "low", "condition": "a > 3"}],
        "options": {"evaluationWindow": 60, "keepAlive": 60, "maxSignalDuration": 60}}"#;

    #[test]
    fn rules_stay_are_switched_and_go() {
        let state = tempfile::tempdir().unwrap();
        let kept = KeptRules::of(state.path());
        assert_eq!(kept.put("own", RULE, "alice").unwrap(), []);
        assert!(matches!(kept.put("other", RULE, "alice"), Err(KeepError::Other(_))));
        assert!(matches!(kept.put("own", "{}", "alice"), Err(KeepError::Rule(_))));
        kept.switch("own", true, "bob").unwrap();
        let before = kept.switch("brute-force", true, "bob").unwrap();
        let all = KeptRules::of(state.path()).list().unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].text.as_deref(), all[0].off, all[0].who.as_str()), (Some(RULE), true, "bob"));
        kept.put_back(&before).unwrap();
        assert_eq!(kept.list().unwrap().len(), 1);
        kept.remove("own").unwrap();
        assert!(matches!(kept.remove("own"), Err(KeepError::Unknown(_))));
        assert_eq!(kept.list().unwrap(), []);
    }
}
