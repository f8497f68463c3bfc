//! Business events: logins, sign-ups, resets, payments, what is sensitive, and what a configuration adds.
//!
//! ```text
//! method, path ─> candidates ─> request's fields ─> response ─> event, attributes
//!   (one pass)                                        └─ of a login: outcome
//! ```

mod of_calls;
mod outcome;
mod rule;
mod words;

use std::{fmt, sync::Arc};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(super) use outcome::{Answer, Outcome};
use rule::{Kind, Rule};
use words::Words;

use super::{calls::Calls, fields::Fields, token::shown};
use crate::{config, event::Redactor, limits};

/// Something that happened to the business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessEvent {
    /// `users.login.success`, `users.signup`…
    pub name: Arc<str>,
    /// `usr.login`, `usr.exists`…
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}

/// Rules for business events, ready to be asked. One's own stand before Picket's.
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// The longest piece of each path pattern, and the rules it is of.
    pieces: Option<AhoCorasick>,
    of_piece: Vec<Vec<usize>>,
    /// Rules that any path may fit.
    always: Vec<usize>,
    redactor: Redactor,
    defaults: bool,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

/// A login that a transaction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Login {
    /// Who logs in, as it is kept.
    pub user: Option<Arc<str>>,
    pub outcome: Outcome,
}

/// What a transaction is to the business.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub events: Vec<BusinessEvent>,
    pub login: Option<Login>,
}

/// A transaction, for rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Parameters of the request.
    pub fields: &'a Fields,
    /// The response, taken apart.
    pub answer: Answer<'a>,
    /// Who is about to log in with this session: the password was right.
    pub pending: Option<&'a str>,
}

/// The rules compiled into Picket.
const DEFAULTS: &str = include_str!("defaults.toml");

impl Rules {
    pub fn new(users: &config::Users) -> Self {
        let own = if users.default_events { defaults() } else { Vec::new() };
        let rules: Vec<Rule> = users.events.iter().chain(&own).map(|rule| Rule::new(rule, users)).collect();
        let (mut pieces, mut of_piece, mut always): (Vec<String>, Vec<Vec<usize>>, _) =
            (Vec::new(), Vec::new(), Vec::new());
        for (number, rule) in rules.iter().enumerate() {
            let longest = |glob: &crate::rules::policy::Glob| {
                glob.as_str()
                    .split('*')
                    .max_by_key(|piece| piece.len())
                    .unwrap_or_default()
                    .to_ascii_lowercase()
            };
            let of_rule: Vec<String> = rule.paths.iter().map(longest).collect();
            if of_rule.is_empty() || of_rule.iter().any(String::is_empty) {
                always.push(number);
                continue;
            }
            for piece in of_rule {
                match pieces.iter().position(|known| *known == piece) {
                    Some(at) => of_piece.get_mut(at).into_iter().for_each(|rules| rules.push(number)),
                    None => {
                        pieces.push(piece);
                        of_piece.push(vec![number]);
                    }
                }
            }
        }
        // Each path runs through it: a table for each state, 100 KB for Picket's own pieces, is two to three times as quick
        // as what it would be by itself. A configuration whose table would be large gets that.
        let mut builder = AhoCorasick::builder();
        let builder = builder.ascii_case_insensitive(true);
        let quick = pieces.len() <= limits::BUSINESS_PIECES;
        let searcher = builder.kind(quick.then_some(AhoCorasickKind::DFA)).build(&pieces).ok();
        Self {
            rules,
            pieces: searcher,
            of_piece,
            always,
            redactor: Redactor::default(),
            defaults: users.default_events,
        }
    }

    /// Whether Picket's own are among them.
    pub fn has_defaults(&self) -> bool {
        self.defaults
    }

    /// The rules that are about such requests.
    ///
    /// Rules about users are asked whatever the status is: a sign-up that fails is no login either.
    pub fn candidates(&self, service: &str, method: &[u8], path: &[u8], status: u16, out: &mut Vec<usize>) {
        out.clear();
        out.extend(&self.always);
        if let Some(pieces) = &self.pieces {
            let found = pieces
                .find_overlapping_iter(path)
                .filter_map(|at| self.of_piece.get(at.pattern().as_usize()));
            out.extend(found.flatten());
        }
        out.sort_unstable();
        out.dedup();
        out.retain(|&number| {
            self.rules.get(number).is_some_and(|rule| {
                (rule.is_about_users() || rule.has_status(status)) && rule.is_about(service, method, path)
            })
        });
    }

    /// What these rules make of a transaction. `calls`: those of its body; `has_token`: whether an answer holds one;
    /// `identify`: what a user's name is kept as.
    pub fn events(
        &self,
        candidates: &[usize],
        asked: &Asked<'_>,
        calls: &Calls,
        has_token: &dyn Fn(&Fields) -> bool,
        identify: &dyn Fn(&str) -> Option<Arc<str>>,
    ) -> Told {
        let mut told = Told::default();
        // The first of the rules about users whose request fits says what it is.
        let mut about_users: Option<&Arc<str>> =
            self.of_calls(candidates, asked, calls, has_token, identify, &mut told);
        for rule in candidates.iter().filter_map(|&number| self.rules.get(number)) {
            let of_users = rule.is_about_users();
            let otherwise = about_users.is_some_and(|family| of_users && *family != rule.family);
            let known = told.events.iter().any(|event| event.name.starts_with(&*rule.family));
            if rule.is_about_calls()
                || otherwise
                || known
                || told.login.is_some() && rule.kind != Kind::Plain
                || !rule.takes(asked.fields)
            {
                continue;
            }
            if rule.second_factor && asked.pending.is_none() {
                continue;
            }
            if of_users {
                about_users = Some(&rule.family);
            }
            if rule.answered(&asked.answer) {
                self.hold(rule, asked, identify, &mut told);
            }
        }
        told
    }

    /// A rule that holds.
    fn hold(
        &self,
        rule: &Rule,
        asked: &Asked<'_>,
        identify: &dyn Fn(&str) -> Option<Arc<str>>,
        told: &mut Told,
    ) {
        let named = rule.login.iter().find_map(|name| asked.fields.named(name).find_map(shown));
        let named = named.and_then(|name| self.harmless(&name)).and_then(|name| identify(&name));
        // Whose password was right is known, as it is kept.
        let login = if rule.second_factor { asked.pending.map(Arc::from) } else { named };
        let outcome = match rule.kind {
            Kind::Login => Some(Answer { second: rule.second_factor, ..asked.answer }.outcome()),
            Kind::Success => Some(Outcome::Success),
            Kind::Failure => {
                let words = Words::of(asked.answer.said);
                Some(Outcome::Failure { exists: words.exists(), reason: None })
            }
            Kind::Plain => None,
        };
        let mut attributes = Map::new();
        let mut set = |name: &str, value: Value| drop(attributes.insert(name.to_owned(), value));
        if let Some(user) = login.as_deref().filter(|user| !user.is_empty() && rule.is_about_users()) {
            set("usr.login", user.into());
        }
        let name = match outcome {
            None => &*rule.event,
            Some(Outcome::Success) => "users.login.success",
            Some(Outcome::Failure { exists, reason }) => {
                // The password was right: there is somebody.
                if let Some(exists) = exists.or(rule.second_factor.then_some(true)) {
                    set("usr.exists", exists.into());
                }
                if let Some(reason) = reason {
                    set("login.reason", reason.into());
                }
                "users.login.failure"
            }
            Some(Outcome::SecondFactor | Outcome::Unknown) => "",
        };
        if rule.second_factor {
            set("login.step", "second_factor".into());
        }
        if &*rule.event == "users.password_reset"
            && let Some(exists) = Words::of(asked.answer.said).exists()
        {
            set("usr.exists", exists.into());
        }
        for (name, value) in &rule.set {
            set(name, value.as_str().into());
        }
        for (name, of) in &rule.copy {
            let value = asked.fields.named(of).find_map(shown).filter(|_| !self.redactor.is_credential(of));
            if let Some(value) = value.and_then(|value| self.harmless(&value)) {
                set(name, value.into());
            }
        }
        if let Some(outcome) = outcome {
            told.login = Some(Login { user: login, outcome });
        }
        if !name.is_empty() {
            told.events.push(BusinessEvent { name: name.into(), attributes });
        }
    }

    /// A text without what looks like a credential.
    fn harmless(&self, text: &str) -> Option<String> {
        let clean = self.redactor.text(text);
        (!clean.is_empty()).then(|| clean.into_owned())
    }
}

/// Picket's own rules. A test reads them too: they are as they should be.
fn defaults() -> Vec<config::BusinessRule> {
    config::Config::parse(DEFAULTS, "defaults.toml").map(|config| config.users.events).unwrap_or_default()
}

/// A name of a field as fields are compared: `user[Email]` → `user.email`.
pub(super) fn normal(name: &(impl AsRef<[u8]> + ?Sized)) -> String {
    let normal: Vec<u8> = super::fields::normal(name.as_ref()).collect();
    String::from_utf8_lossy(&normal).into_owned()
}

#[cfg(test)]
#[test]
fn the_defaults_are_rules() {
    let config = config::Config::parse(DEFAULTS, "defaults.toml").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.users.events.len(), DEFAULTS.matches("[[users.events]]").count());
    assert!(config.users.events.len() > 20);
    let rules = Rules::new(&config::Users::default());
    let mut found = Vec::new();
    rules.candidates("x", b"POST", b"/wp-login.php", 200, &mut found);
    assert!(found.len() >= 4, "{found:?}");
    rules.candidates("x", b"GET", b"/wp-login.php", 200, &mut found);
    assert!(found.is_empty(), "{found:?}");
    rules.candidates("x", b"POST", b"/search", 200, &mut found);
    assert!(found.is_empty(), "{found:?}");
    rules.candidates("x", b"POST", b"/search", 402, &mut found);
    assert_eq!(found.len(), 1, "payment required");
}
