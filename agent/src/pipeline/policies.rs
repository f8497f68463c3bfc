//! Which policy a service has.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    config::{Config, PolicyConfig, RuleSource},
    limits,
    rules::{
        load::{self, LoadError, Wanted},
        own::OwnText,
        policy::{Mode, Policy, Rules, Terms},
    },
    service::Service,
};

/// All policies of some settings: the default, and those of single services in the order in which they are tried.
#[derive(Clone, Debug)]
pub struct Policies {
    /// The first is the default.
    all: Arc<[InModes]>,
    /// Which services the others are for.
    fit: Arc<[PolicyConfig]>,
    /// Modes that people set, by the service's name.
    set: Arc<BTreeMap<String, Mode>>,
    /// What is doubtful about them, for a person.
    pub warnings: Vec<String>,
}

/// A policy in every mode, made once: who judged a request by one of them finds it again when the response comes, though
/// the mode was changed meanwhile.
#[derive(Debug)]
struct InModes {
    configured: Mode,
    off: Arc<Policy>,
    monitor: Arc<Policy>,
    block: Arc<Policy>,
}

/// Where a service's policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which one; 0 is the default.
    pub at: usize,
    /// The mode that a person set; none: the configuration's.
    pub set: Option<Mode>,
}

impl InModes {
    fn new(policy: &Policy) -> Self {
        let [off, monitor, block] = Mode::ALL.map(|mode| Arc::new(policy.in_mode(mode)));
        Self { configured: policy.mode, off, monitor, block }
    }

    fn get(&self, mode: Mode) -> &Arc<Policy> {
        match mode {
            Mode::Off => &self.off,
            Mode::Monitor => &self.monitor,
            Mode::Block => &self.block,
        }
    }
}

/// Why policies can't be had.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Its rules can't be loaded.
    #[error("{}{error}", of(.policy.as_deref()))]
    Load {
        /// Whose; none: the default's.
        policy: Option<String>,
        /// Why.
        error: LoadError,
    },
    /// A rule is named that is not there.
    #[error("{}there is no rule {rule:?} among the rules; the ids stand in the rule files, `picket rules check` reads them", of(.policy.as_deref()))]
    NoSuchRule {
        /// Whose; none: the default's.
        policy: Option<String>,
        /// Its id.
        rule: String,
    },
}

fn of(policy: Option<&str>) -> String {
    policy.map_or_else(|| "[rules] ".to_owned(), |name| format!("policy \"{name}\": "))
}

impl Policies {
    /// Loads and compiles what a configuration names; each set of files once.
    ///
    /// # Errors
    /// When a rule file is missing or wrong, or a rule is named that is not there.
    pub fn make(config: &Config) -> Result<Self, PolicyError> {
        let common = &config.rules;
        let mut compiled = Compiled {
            crs: common.crs.as_deref(),
            own: common.own(),
            known: HashMap::new(),
            warnings: Vec::new(),
        };
        let terms = Terms {
            paranoia: common.paranoia,
            disabled: common.disabled.clone(),
            switched: common.switched(),
            exclusions: common.exclusions.clone(),
        };
        let mut all = Vec::with_capacity(1 + config.policies.len());
        let rules = compiled.rules(&common.sources(), None)?;
        all.push(Policy::new(None, common.mode, rules, terms.clone()));
        for policy in &config.policies {
            let sources = policy.rules.clone().unwrap_or_else(|| common.sources());
            let rules = compiled.rules(&sources, Some(&policy.name))?;
            missing(&rules, policy)?;
            let terms = Terms {
                paranoia: policy.paranoia.or(terms.paranoia),
                disabled: [&terms.disabled[..], &policy.disabled].concat(),
                switched: terms.switched.clone(),
                exclusions: [&terms.exclusions[..], &policy.exclusions].concat(),
            };
            let mode = policy.mode.unwrap_or(common.mode);
            all.push(Policy::new(Some(&policy.name), mode, rules, terms));
        }
        // What [rules] leaves out has to be somewhere, not in every policy's rules.
        let somewhere = |selector: &&_| all.iter().any(|policy: &Policy| policy.rules().has(selector));
        if let Some(rule) = common.disabled.iter().find(|s| s.is_one() && !somewhere(s)) {
            return Err(PolicyError::NoSuchRule { policy: None, rule: rule.to_string() });
        }
        let mut warnings = compiled.warnings;
        for policy in &all {
            warnings.extend(policy.doubts().into_iter().map(|doubt| of(policy.name.as_deref()) + &doubt));
        }
        warnings.truncate(limits::RELOAD_WARNINGS);
        let all = all.iter().map(InModes::new).collect();
        Ok(Self { all, fit: config.policies.clone().into(), set: Arc::default(), warnings })
    }

    /// The same, with modes that people set.
    #[must_use]
    pub fn with_modes(&self, set: Arc<BTreeMap<String, Mode>>) -> Self {
        Self { set, ..self.clone() }
    }

    /// The place of a service's policy: the first that fits, or the default's.
    #[must_use]
    pub fn place(&self, service: &Service) -> Place {
        let at = self.fit.iter().position(|policy| fits(policy, service)).map_or(0, |at| at + 1);
        Place { at, set: self.set.get(&service.name).copied() }
    }

    /// The policy at a place, in the mode that holds there.
    #[must_use]
    pub fn at(&self, place: Place) -> Option<&Arc<Policy>> {
        self.all.get(place.at).map(|policy| policy.get(place.set.unwrap_or(policy.configured)))
    }

    /// The policy of services that none of the others fits, as the configuration has it.
    #[must_use]
    pub fn default(&self) -> Option<&Arc<Policy>> {
        self.iter().next()
    }

    /// The policy at a place as the configuration has it.
    #[must_use]
    pub fn configured(&self, place: Place) -> Option<&Arc<Policy>> {
        self.at(Place { set: None, ..place })
    }

    /// All of them as the configuration has them, the default first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.all.iter().map(|policy| policy.get(policy.configured))
    }

    /// Compiled rules, each once.
    #[must_use]
    pub fn rules(&self) -> Vec<&Arc<Rules>> {
        let mut rules: Vec<&Arc<Rules>> = self.iter().map(|policy| policy.rules()).collect();
        rules.sort_by_key(|rules| rules.id());
        rules.dedup_by_key(|rules| rules.id());
        rules
    }
}

/// A policy's own words about rules that none of its rules is.
fn missing(rules: &Rules, policy: &PolicyConfig) -> Result<(), PolicyError> {
    match policy.disabled.iter().find(|selector| selector.is_one() && !rules.has(selector)) {
        Some(rule) => {
            Err(PolicyError::NoSuchRule { policy: Some(policy.name.clone()), rule: rule.to_string() })
        }
        None => Ok(()),
    }
}

/// Rules that were compiled already, by their files.
struct Compiled<'c> {
    crs: Option<&'c Path>,
    /// What people wrote; all policies have it.
    own: Vec<OwnText>,
    known: HashMap<Vec<PathBuf>, Arc<Rules>>,
    warnings: Vec<String>,
}

impl Compiled<'_> {
    fn rules(&mut self, sources: &[RuleSource], policy: Option<&str>) -> Result<Arc<Rules>, PolicyError> {
        let with_crs = self.crs.is_some() && sources.contains(&RuleSource::Crs);
        let path = |source: &RuleSource| match source {
            RuleSource::Default => Some("default".into()),
            RuleSource::Crs => self.crs.map(Path::to_owned),
            RuleSource::Path(path) => Some(path.clone()),
        };
        let paths: Vec<PathBuf> = sources.iter().filter_map(path).collect();
        // Whether a directory is meant as CRS makes a difference: Picket's own rules give way.
        let mut key = paths.clone();
        key.extend(with_crs.then(|| "crs".into()));
        if let Some(rules) = self.known.get(&key) {
            return Ok(Arc::clone(rules));
        }
        let wanted = Wanted { paths, crs: with_crs, own: self.own.clone(), ..Wanted::default() };
        let mut loaded = load::load(&wanted)
            .map_err(|error| PolicyError::Load { policy: policy.map(str::to_owned), error })?;
        self.warnings.extend(loaded.left_out.drain(..).map(|left_out| format!("left out: {left_out}")));
        self.warnings.append(&mut loaded.warnings);
        // One line for what `picket rules check` says of single rules: who uses CRS as it comes can't change them.
        let doubts = loaded.engine.as_ref().map_or(0, |engine| engine.warnings().len());
        if doubts > 0 {
            let paths: Vec<String> = wanted.paths.iter().map(|path| path.display().to_string()).collect();
            self.warnings.push(format!(
                "{doubts} doubts about single rules; picket rules check {} says which",
                paths.join(" ")
            ));
        }
        let rules = Arc::new(Rules::new(loaded));
        self.known.insert(key, Arc::clone(&rules));
        Ok(rules)
    }
}

/// Whether a policy is for a service: of each kind it names, one fits.
fn fits(policy: &PolicyConfig, service: &Service) -> bool {
    fn one<T>(of: &[T], fits: impl FnMut(&T) -> bool) -> bool {
        of.is_empty() || of.iter().any(fits)
    }
    let container = service.container_id.as_deref().unwrap_or_default();
    let pod = service.pod_uid.as_deref();
    let port = service.listen.port();
    one(&policy.services, |name| name.fits(&service.name))
        && one(&policy.ports, |ports| ports.contains(&port))
        && one(&policy.containers, |id| container.starts_with(id.as_str()))
        && one(&policy.pods, |uid| pod.is_some_and(|pod| uid.fits(pod)))
        && one(&policy.cgroups, |group| group.fits(&service.cgroup))
}
