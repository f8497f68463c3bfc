//! What workers judge by: made from the configuration, swapped as a whole when it is reloaded.

use std::{collections::BTreeMap, sync::Arc};

use super::policies::{Policies, PolicyError};
use crate::{
    client_ip::ClientIp,
    config::Config,
    event::Redactor,
    geo::{GeoError, Lookup},
    http,
    kept::KeptRule,
    respond::page::{Page, PageError},
    rules::{own::Own, policy::Mode},
    user,
};

/// Settings in force.
#[derive(Clone)]
pub struct Settings {
    /// What they were made of.
    pub config: Arc<Config>,
    /// Counts up: the first settings of an agent have 1.
    pub generation: u64,
    /// Limits of the http stage.
    pub http: http::Limits,
    /// Who the client is.
    pub client_ip: ClientIp,
    /// How services are judged.
    pub policies: Policies,
    /// How users are recognised.
    pub users: Arc<user::Settings>,
    /// Where clients are; none: no database is configured.
    pub geo: Option<Arc<Lookup>>,
    /// What is a credential.
    pub redactor: Arc<Redactor>,
    /// What blocked clients are told, if they are told anything.
    pub page: Arc<Page>,
    /// Also print transactions without a match.
    pub all: bool,
    /// Whether anything is blocked without a person asking for it.
    pub responds: bool,
}

/// Why a configuration can't come into force.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Its rules can't be had.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Its databases of places can't be had.
    #[error(transparent)]
    Geo(#[from] GeoError),
    /// Its blocking page can't be had.
    #[error(transparent)]
    Page(#[from] PageError),
}

impl Settings {
    /// How many rules there are.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.policies.rules().into_iter().map(|rules| rules.count()).sum()
    }

    /// What a mode comes to: without `[respond]` nobody is blocked.
    #[must_use]
    pub fn effective(&self, mode: Mode) -> Mode {
        if mode == Mode::Block && !self.responds { Mode::Monitor } else { mode }
    }

    /// The same, with modes that people set for services.
    #[must_use]
    pub fn with_modes(&self, set: Arc<BTreeMap<String, Mode>>) -> Self {
        Self { policies: self.policies.with_modes(set), ..self.clone() }
    }

    /// Reads and compiles what the configuration names.
    ///
    /// # Errors
    ///
    /// When a rule file is missing or wrong.
    pub fn make(config: &Config, generation: u64) -> Result<Self, SettingsError> {
        let policies = Policies::make(config)?;
        let responses = policies.iter().any(|policy| policy.judges_responses());
        Ok(Self {
            config: Arc::new(config.clone()),
            generation,
            http: http::Limits {
                request_body: config.capture.request_body as usize,
                response_body: config.capture.response_body as usize,
                decode_responses: responses,
                ..http::Limits::default()
            },
            client_ip: ClientIp::new(config.proxies.trusted.clone(), config.proxies.header.clone()),
            policies,
            geo: Lookup::configured(&config.geoip)?.map(Arc::new),
            users: Arc::new(user::Settings::new(&config.users)),
            redactor: Arc::new(Redactor::new(&config.redact)),
            page: Arc::new(Page::configured(&config.deny)?),
            all: config.output.all,
            responds: config.respond.enabled,
        })
    }
}

/// What an agent starts with: rules that people wrote and that can't come into force with the others are left out, and
/// said. An agent that does not start keeps nobody out.
///
/// # Errors
///
/// When a rule file is missing or wrong.
pub fn at_start(config: &Config) -> Result<Settings, SettingsError> {
    let wrong = match Settings::make(config, 1) {
        Err(wrong) if !config.rules.own().is_empty() => wrong,
        made => return made,
    };
    let mut less = config.clone();
    less.rules.kept.retain(|kept| kept.text.is_none());
    let plain = Settings::make(&less, 1)?;
    tracing::error!("not all rules that people wrote are in force: {wrong}");
    let taken = |id: &str| plain.policies.iter().any(|policy| policy.rules().find(id).is_some());
    let good = |kept: &KeptRule| kept.text.as_ref().is_none_or(|text| Own::read(&kept.id, text).is_ok());
    less.rules.kept = config.rules.kept.clone();
    less.rules.kept.retain(|kept| kept.text.is_none() || (good(kept) && !taken(&kept.id)));
    let made = Settings::make(&less, 1).unwrap_or(plain);
    Ok(Settings { config: Arc::new(config.clone()), ..made })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        cli::{args::LogLevel, paths::Paths, run::RunOptions},
        detect::rules::{self, Off, Places},
        kept::KeptRules,
        rules::{
            policy::{Kept, kept::Wanted},
            program::run::{Facts, Scratch},
        },
    };

    /// What an agent reads when it starts, and at each reload.
    #[test]
    fn what_people_made_counts_after_a_restart() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("picket.toml");
        fs::write(&file, "[[rules.exclusions]]\npaths = [\"/editor/*\"]\n").unwrap();
        let options = RunOptions {
            paths: Paths {
                state: state.path().to_owned(),
                socket: state.path().join("s"),
                pins: state.path().join("p"),
            },
            config: Some(file),
            cgroup: None,
            deny: Vec::new(),
            all: false,
            json: false,
            rules: Vec::new(),
            ui: None,
            clean: false,
            log_level: LogLevel::Info,
        };
        let wanted = Wanted {
            rules: vec!["picket-*".to_owned()],
            services: vec!["shop".to_owned()],
            ..Wanted::default()
        };
        let made = Kept::of(state.path()).add(wanted, "alice").unwrap();
        KeptRules::of_detections(state.path()).switch("web-shell", true, "alice").unwrap();

        let config = super::super::configuration(&options).unwrap();
        let ids: Vec<_> = config.rules.exclusions.iter().map(|exclusion| exclusion.id).collect();
        assert_eq!(ids, [None, Some(made.id)]);
        let loaded = rules::configured(&config.detection, Places::default()).unwrap();
        assert_eq!(loaded.off("web-shell"), Some(Off::Switched));
        let settings = Settings::make(&config, 1).unwrap();
        let request = crate::http::exchange(
            b"GET /?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\r\nHost: x\r\n\r\n",
            None,
            http::Limits::default(),
        )
        .request;
        let mut scratch = Scratch::default();
        let facts = Facts::of_client([192, 0, 2, 1].into(), 0);
        for (service, holds) in [("api", true), ("shop", false), ("api", true)] {
            scratch.serve(service);
            let (said, _) =
                settings.policies.default().unwrap().judge_request(&request, &facts, &mut scratch);
            assert_eq!(!said.matches().is_empty(), holds, "{service}");
        }
    }

    /// A file that came meanwhile has the id of a rule that somebody wrote.
    #[test]
    fn an_agent_starts_without_rules_that_no_longer_fit() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("own.conf");
        fs::write(&file, "SecRule ARGS \"@rx x\" \"id:7,phase:2,log\"\n").unwrap();
        let kept = KeptRules::of_requests(state.path());
        for id in ["7", "8"] {
            kept.put(id, &format!("SecRule ARGS \"@rx y\" \"id:{id},phase:2,log\""), "alice").unwrap();
        }
        let mut config = Config::default();
        config.rules.builtin = false;
        config.rules.files = vec![file];
        config.rules.kept = kept.list().unwrap();
        let error = Settings::make(&config, 1).map(drop).unwrap_err().to_string();
        assert!(error.contains("kept rule 7: there is a rule with this id already, at "), "{error}");
        let settings = at_start(&config).unwrap();
        let rules = settings.policies.default().unwrap().rules();
        assert!(rules.find("7").unwrap().own.is_none());
        assert!(rules.find("8").unwrap().own.is_some());
        assert_eq!(settings.config.rules.kept.len(), 2, "they are still kept");
        // The same in the other language.
        let json = r#"{"id":"9","name":"n","tags":{"type":"t"},"conditions":[{"operator":"is_xss",
            "parameters":{"inputs":[{"address":"server.request.query"}]}}]}"#;
        fs::write(state.path().join("own.json"), format!("{{\"version\":\"2.2\",\"rules\":[{json}]}}"))
            .unwrap();
        kept.remove("7").unwrap();
        kept.put("9", "SecRule ARGS \"@rx y\" \"id:9,phase:2,log\"", "alice").unwrap();
        config.rules.files = vec![state.path().join("own.json")];
        config.rules.kept = kept.list().unwrap();
        let error = Settings::make(&config, 1).map(drop).unwrap_err().to_string();
        assert!(error.contains("kept rule 9: there is a rule with this id already, at "), "{error}");
        assert!(at_start(&config).unwrap().policies.default().unwrap().rules().find("8").is_some());
    }
}
