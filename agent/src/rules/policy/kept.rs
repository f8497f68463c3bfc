//! Exclusions that people made with the agent: kept in the state directory, beside those of the configuration.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Exclusion, Glob, Input, Selector};
use crate::{
    limits::{EXCLUSIONS, REASON_CHARS},
    respond::{StateError, state_file},
};

/// Its name in the state directory.
const FILE: &str = "exclusions.json";
/// Entries of each kind that one exclusion may have.
const MOST: usize = 64;
/// Characters of an entry.
const LONGEST: usize = 1024;

/// An exclusion as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Rules: ids, ranges of ids, tags; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Names of services; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Where values stand; none: the rules are not asked at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// Paths; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Networks of clients; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_ips: Vec<String>,
    /// Why, in a person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An exclusion that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub time: Timestamp,
    /// Who made it.
    pub who: String,
    /// What it says.
    pub exclusion: Wanted,
}

/// Why an exclusion is not one, or is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// A field of it.
    #[error("{field}: {why}")]
    Field {
        /// Which: `rules`.
        field: &'static str,
        /// What is wrong, and what was expected.
        why: String,
    },
    /// It excludes everything.
    #[error(
        "expected what is excluded: rules, inputs, paths, services or client_ips; to judge nothing there is mode = \"off\""
    )]
    Everything,
    /// There is none with this id.
    #[error("there is no exclusion {0}")]
    Unknown(Uuid),
    /// More than there may be.
    #[error("there are {EXCLUSIONS} exclusions already, which is the most")]
    Full,
    /// The file.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Wanted {
    /// What it means.
    ///
    /// # Errors
    /// The first field that can't be read.
    pub fn read(&self) -> Result<Exclusion, KeptError> {
        let Self { rules, services, inputs, paths, client_ips, reason } = self;
        if [rules, services, inputs, paths, client_ips].into_iter().all(Vec::is_empty) {
            return Err(KeptError::Everything);
        }
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_CHARS) {
            let why = format!("at most {REASON_CHARS} characters");
            return Err(KeptError::Field { field: "reason", why });
        }
        let name = |text: &str| match text.trim() {
            "" => Err("expected a name as `picket services` shows it".to_owned()),
            _ => Ok(Glob::new(text)),
        };
        let path = |text: &str| match text.starts_with(['/', '*']) && !text.contains(['?', '#']) {
            true => Ok(Glob::new(text)),
            false => Err(format!("{text:?}: a path begins with / and has no query; `*` stands for any text")),
        };
        Ok(Exclusion {
            id: None,
            rules: each("rules", rules, |text| {
                Selector::parse(text)
                    .map_err(|why| format!("{text:?}: {why}; expected {}", Selector::EXPECTED))
            })?,
            services: each("services", services, name)?,
            inputs: each("inputs", inputs, |text| {
                Input::parse(text).map_err(|why| format!("{text:?}: {why}"))
            })?,
            paths: each("paths", paths, path)?,
            client_ips: each("client_ips", client_ips, network)?,
            reason: reason.clone(),
        })
    }
}

impl From<&Exclusion> for Wanted {
    fn from(exclusion: &Exclusion) -> Self {
        let globs = |globs: &[Glob]| globs.iter().map(|glob| glob.as_str().to_owned()).collect();
        Self {
            rules: exclusion.rules.iter().map(ToString::to_string).collect(),
            services: globs(&exclusion.services),
            inputs: exclusion.inputs.iter().map(ToString::to_string).collect(),
            paths: globs(&exclusion.paths),
            client_ips: exclusion.client_ips.iter().map(|net| crate::config::network_text(*net)).collect(),
            reason: exclusion.reason.clone(),
        }
    }
}

fn each<T>(
    field: &'static str,
    texts: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, KeptError> {
    let wrong = |why| KeptError::Field { field, why };
    if texts.len() > MOST {
        return Err(wrong(format!("at most {MOST} of them")));
    }
    let one = |text: &String| match text.len() {
        0..=LONGEST => read(text).map_err(wrong),
        _ => Err(wrong(format!("at most {LONGEST} bytes each"))),
    };
    texts.iter().map(one).collect()
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from).ok();
    let net = address.or_else(|| text.parse::<IpNet>().ok().filter(|net| net.trunc() == *net));
    net.map(crate::config::canonical)
        .ok_or_else(|| format!("{text:?}: expected an address or network, such as 203.0.113.7 or 10.0.0.0/8"))
}

/// The exclusions of a state directory.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    changing: Mutex<()>,
}

impl Kept {
    /// Those of a state directory; there need be no file.
    #[must_use]
    pub fn of(state: &Path) -> Self {
        Self { path: state.join(FILE), changing: Mutex::default() }
    }

    /// All of them, in the order in which they were made.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn list(&self) -> Result<Vec<Made>, StateError> {
        let (made, notice) = state_file::read(&self.path, Timestamp::now())?;
        if let Some(notice) = notice {
            tracing::error!("exclusions: {notice}");
        }
        Ok(made)
    }

    /// The same, understood. One that an older Picket wrote and this one does not understand is left out, and said.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn exclusions(&self) -> Result<Vec<Exclusion>, StateError> {
        let understood = |made: Made| match made.exclusion.read() {
            Ok(exclusion) => Some(Exclusion { id: Some(made.id), ..exclusion }),
            Err(error) => {
                tracing::error!(id = %made.id, "an exclusion is not in force: {error}");
                None
            }
        };
        Ok(self.list()?.into_iter().filter_map(understood).collect())
    }

    /// Keeps an exclusion.
    ///
    /// # Errors
    /// It is none, there are too many, or the file can't be written.
    pub fn add(&self, exclusion: Wanted, who: &str) -> Result<Made, KeptError> {
        exclusion.read()?;
        self.change(|all| {
            if all.len() >= EXCLUSIONS {
                return Err(KeptError::Full);
            }
            let time = Timestamp::now();
            let made =
                Made { id: crate::event::EventIds::new(0).next(time), time, who: who.to_owned(), exclusion };
            all.push(made.clone());
            Ok(made)
        })
    }

    /// Puts one that was removed where it was.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn put_back(&self, made: Made) -> Result<(), KeptError> {
        self.change(|all| {
            let at = all.iter().position(|other| other.time > made.time).unwrap_or(all.len());
            all.insert(at, made);
            Ok(())
        })
    }

    /// Takes one away; gives what it was.
    ///
    /// # Errors
    /// There is none with this id, or the file can't be written.
    pub fn remove(&self, id: Uuid) -> Result<Made, KeptError> {
        self.change(|all| {
            let at = all.iter().position(|made| made.id == id).ok_or(KeptError::Unknown(id))?;
            Ok(all.remove(at))
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Made>) -> Result<T, KeptError>) -> Result<T, KeptError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.list()?;
        let changed = change(&mut all)?;
        state_file::write(&self.path, &state_file::encode(&all))?;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(json: serde_json::Value) -> Wanted {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn they_stay_and_go() {
        let state = tempfile::tempdir().unwrap();
        let kept = Kept::of(state.path());
        assert_eq!(kept.list().unwrap(), []);
        let json = serde_json::json!({"rules": ["942100", "tag:attack-xss"], "services": ["shop*"], "inputs": ["query.q"],
            "paths": ["/editor/*"], "client_ips": ["10.0.0.0/8"], "reason": "markup by right"});
        let made = kept.add(wanted(json.clone()), "alice").unwrap();
        let other = kept.add(wanted(serde_json::json!({"rules": ["1"]})), "bob").unwrap();
        assert_ne!(made.id, other.id);
        // Another process, or the next start.
        let again = Kept::of(state.path());
        assert_eq!(again.list().unwrap(), [made.clone(), other.clone()]);
        let read = again.exclusions().unwrap();
        assert_eq!(read[0].id, Some(made.id));
        assert_eq!(serde_json::to_value(Wanted::from(&read[0])).unwrap(), json);
        assert_eq!(again.remove(made.id).unwrap(), made);
        assert!(matches!(again.remove(made.id), Err(KeptError::Unknown(_))));
        again.put_back(made.clone()).unwrap();
        assert_eq!(kept.list().unwrap(), [made, other]);
    }

    #[test]
    fn what_is_none_says_why() {
        for (json, says) in [
            (serde_json::json!({"reason": "x"}), "expected what is excluded"),
            (serde_json::json!({"rules": ["9-1"]}), "rules: \"9-1\""),
            (serde_json::json!({"inputs": ["nothing.x"]}), "inputs: \"nothing.x\": places are"),
            (serde_json::json!({"paths": ["editor"]}), "paths: \"editor\": a path begins with /"),
            (serde_json::json!({"client_ips": ["10.0.0.1/8"]}), "client_ips: \"10.0.0.1/8\""),
            (serde_json::json!({"services": [""]}), "services: expected a name"),
            (serde_json::json!({"rules": vec!["1"; 65]}), "rules: at most 64"),
            (serde_json::json!({"rules": ["1"], "reason": "x".repeat(3000)}), "reason: at most"),
        ] {
            let error = wanted(json.clone()).read().unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
    }
}
