//! Which policy a service has.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    config::{Config, PolicyConfig, RuleSource},
    limits,
    rules::{
        load::{self, LoadError, Wanted},
        policy::{Policy, Rules, Terms},
    },
    service::Service,
};

/// All policies of some settings: the default, and those of single services in the order in which they are tried.
#[derive(Debug)]
pub struct Policies {
    /// The first is the default.
    all: Vec<Arc<Policy>>,
    /// Which services the others are for.
    fit: Vec<PolicyConfig>,
    /// What is doubtful about them, for a person.
    pub warnings: Vec<String>,
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
        let mut compiled =
            Compiled { crs: config.rules.crs.as_deref(), known: HashMap::new(), warnings: Vec::new() };
        let common = &config.rules;
        let terms = Terms {
            paranoia: common.paranoia,
            disabled: common.disabled.clone(),
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
        Ok(Self { all: all.into_iter().map(Arc::new).collect(), fit: config.policies.clone(), warnings })
    }

    /// The place of a service's policy: the first that fits, or the default's.
    #[must_use]
    pub fn place(&self, service: &Service) -> usize {
        self.fit.iter().position(|policy| fits(policy, service)).map_or(0, |at| at + 1)
    }

    /// The policy at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&Arc<Policy>> {
        self.all.get(place)
    }

    /// All of them, the default first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.all.iter()
    }

    /// Compiled rules, each once.
    #[must_use]
    pub fn rules(&self) -> Vec<&Arc<Rules>> {
        let mut rules: Vec<&Arc<Rules>> = self.all.iter().map(|policy| policy.rules()).collect();
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
        let wanted = Wanted { paths, crs: with_crs, ..Wanted::default() };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::policy::Mode;

    fn made(toml: &str) -> Result<Policies, String> {
        let config = Config::parse(toml, "test").map_err(|error| error.to_string())?;
        Policies::make(&config).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_that_fits() {
        let toml = r#"
            [rules]
            builtin = false
            mode = "monitor"
            [[policies]]
            name = "shop"
            services = ["nginx", "app-*"]
            ports = [80, "8000-8100"]
            [[policies]]
            name = "apps"
            services = ["app-*"]
            mode = "off"
            [[policies]]
            name = "container"
            containers = ["0123456789ab"]
            cgroups = ["/kubepods/*"]
            [[policies]]
            name = "pod"
            pods = ["1b2c-*"]
            mode = "block"
        "#;
        let policies = made(toml).unwrap();
        let service = |name: &str, port| Service::named(name, port);
        let mut contained = service("x", 1);
        contained.container_id = Some("0123456789abcdef".repeat(4));
        let mut right = contained.clone();
        right.cgroup = "/kubepods/burstable/x".into();
        let mut pod = service("x", 1);
        pod.pod_uid = Some("1b2c-aa".into());
        let cases = [
            (service("nginx", 80), None, 1),
            (service("nginx", 81), None, 0),
            (service("app-7", 8100), None, 1),
            (service("app-7", 8101), Some(Mode::Off), 2),
            (service("apache2", 80), Some(Mode::Monitor), 0),
            (contained, None, 0),
            (right, None, 3),
            (pod, Some(Mode::Block), 4),
        ];
        for (service, mode, place) in cases {
            assert_eq!(policies.place(&service), place, "{} {}", service.name, service.listen);
            let policy = policies.at(place).unwrap();
            assert_eq!(policy.mode, mode.unwrap_or(Mode::Monitor));
        }
        assert_eq!(policies.at(1).unwrap().name.as_deref(), Some("shop"));
        assert_eq!((policies.at(0).unwrap().name.as_deref(), policies.iter().count()), (None, 5));
        assert_eq!(policies.rules().len(), 1, "all have the same files: these are compiled once");
    }

    #[test]
    fn the_same_files_are_compiled_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("own.conf");
        std::fs::write(&file, "SecRule ARGS \"@contains evil\" \"id:10,phase:2,log\"\n").unwrap();
        let toml = format!(
            r#"
            [[policies]]
            name = "a"
            services = ["a"]
            rules = ["{0}"]
            disabled = ["10"]
            [[policies]]
            name = "b"
            services = ["b"]
            rules = ["{0}"]
            [[policies]]
            name = "c"
            services = ["c"]
            rules = ["default", "{0}"]
            "#,
            file.display()
        );
        let policies = made(&toml).unwrap();
        let rules: Vec<u64> = policies.iter().map(|policy| policy.rules().id()).collect();
        assert_eq!(rules[1], rules[2]);
        assert_eq!(policies.rules().len(), 3);
        assert_eq!(policies.at(1).unwrap().rules().files(), [file]);
    }

    #[test]
    fn what_means_nothing_is_said() {
        for (toml, says) in [
            ("[rules]\nbuiltin = false\ndisabled = [\"nope\"]", "[rules] there is no rule \"nope\""),
            (
                "[rules]\nbuiltin = false\n[[policies]]\nname = \"a\"\nports = [1]\ndisabled = [\"nope\"]",
                "policy \"a\": there is no rule \"nope\"",
            ),
            (
                "[rules]\nbuiltin = false\n[[policies]]\nname = \"a\"\nports = [1]\nrules = [\"/nonexistent.conf\"]",
                "policy \"a\": /nonexistent.conf: ",
            ),
            ("[rules]\nbuiltin = false\ncrs = \"rules/xss.json\"", "no rules of OWASP CRS"),
        ] {
            let error = made(toml).unwrap_err();
            assert!(error.starts_with(says) || error.contains(says), "{error}");
        }
        let doubtful = made(
            "[rules]\nbuiltin = false\nparanoia = 2\n[[policies]]\nname = \"a\"\nports = [1]\ndisabled = [\"1-5\", \"tag:nope\"]",
        )
        .unwrap();
        assert_eq!(
            doubtful.warnings,
            [
                "[rules] paranoia = 2 means nothing: OWASP CRS is not among its rules",
                "policy \"a\": paranoia = 2 means nothing: OWASP CRS is not among its rules",
                "policy \"a\": disabled: \"1-5\" is none of its rules",
                "policy \"a\": disabled: \"tag:nope\" is none of its rules",
            ]
        );
    }
}
