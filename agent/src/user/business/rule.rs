//! One rule for a business event, ready to be asked.

use std::{ops::RangeInclusive, sync::Arc};

use aho_corasick::AhoCorasick;

use super::{Answer, normal};
use crate::{
    config::{BusinessRule, Test, Users},
    http::Response,
    limits,
    rules::policy::Glob,
    user::fields::Fields,
};

/// Names of passwords: `@password`.
const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "pwd",
    "j_password",
    "passphrase",
    "user_password",
    "userpassword",
    "user_pass",
    "password1",
    "passwort",
    "contrasena",
    "mot_de_passe",
];

/// What a rule makes of what it holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `users.login`: the outcome is still to be read.
    Login,
    /// `users.login.success`: it says so itself.
    Success,
    /// `users.login.failure`.
    Failure,
    /// Any other event.
    Plain,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub event: Arc<str>,
    /// Events of which one transaction has one: `users.login` and its outcomes are the same.
    pub family: Arc<str>,
    pub kind: Kind,
    services: Vec<Glob>,
    methods: Vec<Box<[u8]>>,
    pub paths: Vec<Glob>,
    /// Of calls; none: it is about whole requests.
    calls: Vec<Glob>,
    fields: Vec<Names>,
    status: Vec<RangeInclusive<u16>>,
    headers: Vec<Names>,
    body: Option<AhoCorasick>,
    body_without: Option<AhoCorasick>,
    json: Vec<Names>,
    /// Normalised.
    pub login: Vec<String>,
    pub second_factor: bool,
    pub set: Vec<(String, String)>,
    pub copy: Vec<(String, String)>,
}

/// A [`Test`] with its names normalised.
#[derive(Debug)]
struct Names {
    names: Vec<String>,
    values: Vec<Glob>,
    not: bool,
}

impl Rule {
    pub fn new(rule: &BusinessRule, users: &Users) -> Self {
        let logins: Vec<String> = users.login_fields.iter().map(normal).collect();
        let names = |tests: &[Test]| tests.iter().map(|test| Names::new(test, &logins)).collect();
        let searcher = |texts: &[String]| {
            let some = !texts.is_empty();
            // Texts of a configuration of bounded size.
            some.then(|| AhoCorasick::builder().ascii_case_insensitive(true).build(texts).ok()).flatten()
        };
        let family = rule.event.strip_suffix(".success").or_else(|| rule.event.strip_suffix(".failure"));
        let kind = match &rule.event[..] {
            "users.login" => Kind::Login,
            "users.login.success" => Kind::Success,
            "users.login.failure" => Kind::Failure,
            _ => Kind::Plain,
        };
        Self {
            event: rule.event.as_str().into(),
            family: family.filter(|_| kind != Kind::Plain).unwrap_or(&rule.event).into(),
            kind,
            services: rule.services.clone(),
            methods: rule.methods.iter().map(|method| method.as_bytes().into()).collect(),
            paths: rule.paths.clone(),
            calls: rule.calls.clone(),
            fields: names(&rule.fields),
            status: rule.status.clone(),
            headers: names(&rule.headers),
            body: searcher(&rule.body),
            body_without: searcher(&rule.body_without),
            json: names(&rule.json),
            login: if rule.login.is_empty() {
                logins.clone()
            } else {
                rule.login.iter().map(normal).collect()
            },
            second_factor: rule.second_factor,
            set: rule.set.clone(),
            copy: rule.copy.iter().map(|(name, of)| (name.clone(), normal(of))).collect(),
        }
        .without_passwords()
    }

    /// In XML-RPC passwords have no name but their place: behind the user's. They are no attributes.
    fn without_passwords(mut self) -> Self {
        let of_users = self.login.iter().filter_map(|name| name.strip_prefix("param_")?.parse::<u32>().ok());
        let passwords: Vec<String> =
            of_users.map(|place| format!("param_{}", place.saturating_add(1))).collect();
        self.copy.retain(|(_, of)| !passwords.contains(of));
        self
    }

    /// Whether it is about such requests at all: what needs no reading.
    pub fn is_about(&self, service: &str, method: &[u8], path: &[u8]) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|known| **known == *method))
            && (self.paths.is_empty() || self.paths.iter().any(|glob| glob.fits_any_case(path)))
            && (self.services.is_empty() || self.services.iter().any(|glob| glob.fits(service)))
    }

    /// Whether it is about users: of these rules a transaction fits one kind.
    pub fn is_about_users(&self) -> bool {
        self.family.starts_with("users.")
    }

    /// Whether it is about calls in a body, not about whole requests.
    pub fn is_about_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Whether it is about calls of this name.
    pub fn has_call(&self, name: &[u8]) -> bool {
        self.calls.iter().any(|glob| glob.fits_any_case(name))
    }

    /// Whether the status is one that it asks for.
    pub fn has_status(&self, status: u16) -> bool {
        self.status.is_empty() || self.status.iter().any(|range| range.contains(&status))
    }

    /// Whether the request's parameters are what it asks for.
    pub fn takes(&self, fields: &Fields) -> bool {
        self.fields.iter().all(|test| test.holds(fields))
    }

    /// Whether the response is what it asks for.
    pub fn answered(&self, answer: &Answer<'_>) -> bool {
        let Answer { response, json, said, .. } = *answer;
        let body = said.get(..said.len().min(limits::WORDS_READ)).unwrap_or_default();
        self.has_status(response.status)
            && self.headers.iter().all(|test| test.holds_for_headers(response))
            && self.json.iter().all(|test| test.holds(json))
            && self.body.as_ref().is_none_or(|texts| texts.is_match(body))
            && self.body_without.as_ref().is_none_or(|texts| !texts.is_match(body))
    }
}

impl Names {
    fn new(test: &Test, logins: &[String]) -> Self {
        let mut names = Vec::new();
        for name in &test.names {
            match &name[..] {
                "@password" => names.extend(PASSWORDS.iter().map(|&name| name.to_owned())),
                "@login" => names.extend(logins.iter().cloned()),
                _ => names.push(normal(name)),
            }
        }
        Self { names, values: test.values.clone(), not: test.not }
    }

    fn holds(&self, fields: &Fields) -> bool {
        let any = self.names.iter().any(|name| fields.named(name).any(|value| self.fits(value)));
        any != self.not
    }

    fn holds_for_headers(&self, response: &Response) -> bool {
        let any = response.headers.iter().any(|header| {
            self.names.iter().any(|name| header.name.eq_ignore_ascii_case(name.as_bytes()))
                && self.fits(&header.value)
        });
        any != self.not
    }

    fn fits(&self, value: &[u8]) -> bool {
        if self.values.is_empty() {
            !value.is_empty()
        } else {
            self.values.iter().any(|glob| glob.fits_any_case(value))
        }
    }
}
