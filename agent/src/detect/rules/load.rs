//! Detection rules from files: which files, and ids that are told apart.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Off, Rule, RuleError, builtin, read};
use crate::{kept::KeptRule, limits, rules::catalog::pretty};

/// Rules that were loaded.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// All of them, enabled or not.
    pub rules: Vec<Arc<Rule>>,
    /// The files they were read from, in their order.
    pub files: Vec<PathBuf>,
    /// Ids of rules compiled in that a file replaces.
    pub replaced: Vec<Arc<str>>,
    /// Rules that do not run, as the configuration or they themselves say.
    pub off: Vec<(Arc<str>, Off)>,
    /// Rules that people wrote with the agent: they take the place of others with their ids.
    kept: HashMap<Arc<str>, String>,
    /// Where the rules of files were read.
    from: HashMap<Arc<str>, PathBuf>,
}

impl Loaded {
    /// The rules that run.
    #[must_use]
    pub fn running(&self) -> Vec<Arc<Rule>> {
        self.rules.iter().filter(|rule| rule.enabled).cloned().collect()
    }

    /// Why a rule does not run, if it does not.
    #[must_use]
    pub fn off(&self, id: &str) -> Option<Off> {
        self.off.iter().find(|(of, _)| **of == *id).map(|(_, off)| *off)
    }

    /// Takes over what people wrote. What an older Picket took and this one does not is left out, and said.
    pub(super) fn keep(&mut self, kept: &[KeptRule]) {
        for (id, text) in kept.iter().filter_map(|kept| Some((&kept.id, kept.text.as_ref()?))) {
            let rule = match read(text.as_bytes(), "").map(|mut rules| rules.pop()) {
                Ok(Some(rule)) => rule,
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(id, "a detection rule is not in force: {error}");
                    continue;
                }
            };
            self.kept.insert(Arc::clone(&rule.id), text.clone());
            match self.rules.iter_mut().find(|known| known.id == rule.id) {
                Some(known) => *known = Arc::new(rule),
                None => self.rules.push(Arc::new(rule)),
            }
        }
    }

    /// Whether a rule was written with the agent.
    #[must_use]
    pub fn is_kept(&self, id: &str) -> bool {
        self.kept.contains_key(id)
    }

    /// The file that a rule stands in; none: it comes with Picket, or was written with the agent.
    #[must_use]
    pub fn file(&self, id: &str) -> Option<&Path> {
        self.from.get(id).filter(|_| !self.is_kept(id)).map(PathBuf::as_path)
    }
}

impl Loaded {
    /// The JSON of a rule, with a member a line, as its file has it now. None: the file is gone, or has no such rule any
    /// more.
    #[must_use]
    pub fn text(&self, id: &str) -> Option<String> {
        if let Some(text) = self.kept.get(id) {
            return Some(text.clone());
        }
        match self.from.get(id) {
            Some(file) => text_in(std::str::from_utf8(&bytes_of(file).ok()?).ok()?, id),
            None => builtin::FILES.iter().find_map(|(_, text)| text_in(text, id)),
        }
    }
}

/// The JSON of a rule in a file of one or of several.
fn text_in(text: &str, id: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named<'t> {
        id: Cow<'t, str>,
    }
    #[derive(Deserialize)]
    struct Several<'t> {
        #[serde(borrow)]
        rules: Vec<&'t RawValue>,
    }
    let all: Vec<&RawValue> = if text.trim_ascii_start().starts_with('[') {
        serde_json::from_str(text).ok()?
    } else if let Ok(several) = serde_json::from_str::<Several<'_>>(text) {
        several.rules
    } else {
        vec![serde_json::from_str(text).ok()?]
    };
    let is_it =
        |raw: &&&RawValue| serde_json::from_str::<Named<'_>>(raw.get()).is_ok_and(|named| named.id == id);
    all.iter().find(is_it).map(|raw| pretty(raw.get()))
}

/// Rules that can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or directory.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A directory without rules.
    #[error("{}: no .json file in it", .0.display())]
    Empty(PathBuf),
    /// A rule that is refused.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Two files with the same id.
    #[error("{file}: the id `{id}` stands in {other} too; ids are unique")]
    Twice {
        /// The id.
        id: Arc<str>,
        /// Where it stands again.
        file: String,
        /// Where it stood first.
        other: String,
    },
    /// A name in the configuration that fits no rule.
    #[error(
        "{key}: no detection rule has the id `{name}`{}; `picket rules detection list` shows all",
        near.as_ref().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
    )]
    Unknown {
        /// The key in the configuration.
        key: &'static str,
        /// What stands there.
        name: String,
        /// The id that is most like it.
        near: Option<Arc<str>>,
    },
    /// More than run.
    #[error("{0} detection rules; at most {most} run", most = limits::DETECT_RULES)]
    TooMany(usize),
}

/// Loads rules: `default` stands for those compiled in, anything else is a file or a directory with `.json` files. A
/// rule from a file replaces the one compiled in with the same id.
///
/// # Errors
/// The first file or rule that can't be had, with the path of the key.
pub fn load(paths: &[PathBuf]) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    if paths.iter().any(|path| path == Path::new("default")) {
        loaded.rules = builtin()?.into_iter().map(Arc::new).collect();
    }
    let own = loaded.rules.len();
    for path in paths.iter().filter(|path| *path != Path::new("default")) {
        for file in files_of(path)? {
            let name = file.display().to_string();
            for rule in read(&bytes_of(&file)?, &name)? {
                if let Some(other) = loaded.from.insert(Arc::clone(&rule.id), file.clone()) {
                    let other = other.display().to_string();
                    return Err(LoadError::Twice { id: rule.id, file: name, other });
                }
                match loaded.rules.iter_mut().take(own).find(|known| known.id == rule.id) {
                    Some(known) => {
                        loaded.replaced.push(Arc::clone(&rule.id));
                        *known = Arc::new(rule);
                    }
                    None => loaded.rules.push(Arc::new(rule)),
                }
            }
            loaded.files.push(file);
        }
    }
    match loaded.rules.len() {
        count if count > limits::DETECT_RULES => Err(LoadError::TooMany(count)),
        _ => Ok(loaded),
    }
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let io = |error| LoadError::Io { path: path.to_owned(), error };
    if !fs::metadata(path).map_err(io)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(io)? {
        let file = entry.map_err(io)?.path();
        if file.extension().is_some_and(|ending| ending == "json") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() { Err(LoadError::Empty(path.to_owned())) } else { Ok(files) }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, LoadError> {
    let io = |error| LoadError::Io { path: path.to_owned(), error };
    let size = fs::metadata(path).map_err(io)?.len();
    if size > limits::DETECT_FILE {
        let error = format!("{size} bytes; at most {} are read", limits::DETECT_FILE);
        return Err(io(io::Error::other(error)));
    }
    fs::read(path).map_err(io)
}
