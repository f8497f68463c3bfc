//! What is configured, ready to be asked.

use std::{collections::BTreeSet, ops::RangeInclusive, sync::Arc};

use super::{
    Identity, Source,
    business::{Rules, normal},
};
use crate::{config, rules::policy::Glob};

/// Settings of all services.
#[derive(Debug)]
pub struct Settings {
    default: Arc<Profile>,
    services: Vec<Of>,
}

/// Settings of some services.
#[derive(Debug)]
struct Of {
    services: Vec<Glob>,
    ports: Vec<RangeInclusive<u16>>,
    profile: Arc<Profile>,
}

/// Settings of one service.
#[derive(Debug)]
pub(super) struct Profile {
    pub identity: Identity,
    pub sources: Vec<Source>,
    pub claims: Vec<String>,
    pub jwt_cookies: Names,
    /// In lower case.
    pub headers: Vec<String>,
    pub session_cookies: Names,
    /// Normalised, as are the names of fields.
    pub token_fields: Vec<String>,
    /// Seconds.
    pub session_idle: i64,
    pub rules: Arc<Rules>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(&config::Users::default())
    }
}

impl Settings {
    /// Of `[users]`.
    #[must_use]
    pub fn new(users: &config::Users) -> Self {
        let default = Arc::new(Profile::new(users));
        let of = |own: &config::ServiceUsers| Of {
            services: own.services.clone(),
            ports: own.ports.clone(),
            profile: Arc::new(Profile::new(&merged(users, own))),
        };
        Self { default, services: users.services.iter().map(of).collect() }
    }

    /// Those of a service.
    pub(super) fn of(&self, service: &str, port: u16) -> &Arc<Profile> {
        let fits = |of: &&Of| {
            let named = of.services.is_empty() || of.services.iter().any(|glob| glob.fits(service));
            let there = of.ports.is_empty() || of.ports.iter().any(|ports| ports.contains(&port));
            named && there
        };
        self.services.iter().find(fits).map_or(&self.default, |of| &of.profile)
    }
}

/// What holds for a service: what it says, and what is said for all.
fn merged(all: &config::Users, own: &config::ServiceUsers) -> config::Users {
    config::Users {
        identity: own.identity.unwrap_or(all.identity),
        sources: own.sources.clone().unwrap_or_else(|| all.sources.clone()),
        claims: own.claims.clone().unwrap_or_else(|| all.claims.clone()),
        jwt_cookies: own.jwt_cookies.clone().unwrap_or_else(|| all.jwt_cookies.clone()),
        headers: own.headers.clone().unwrap_or_else(|| all.headers.clone()),
        login_fields: own.login_fields.clone().unwrap_or_else(|| all.login_fields.clone()),
        session_cookies: own.session_cookies.clone().unwrap_or_else(|| all.session_cookies.clone()),
        token_fields: own.token_fields.clone().unwrap_or_else(|| all.token_fields.clone()),
        session_idle: own.session_idle.unwrap_or(all.session_idle),
        default_events: own.default_events.unwrap_or(all.default_events),
        events: all.events.clone(),
        services: Vec::new(),
    }
}

impl Profile {
    fn new(users: &config::Users) -> Self {
        Self {
            identity: users.identity,
            sources: users.sources.clone(),
            claims: users.claims.clone(),
            jwt_cookies: Names::new(&users.jwt_cookies),
            headers: users.headers.clone(),
            session_cookies: Names::new(&users.session_cookies),
            token_fields: users.token_fields.iter().map(normal).collect(),
            session_idle: i64::try_from(users.session_idle.as_secs()).unwrap_or(i64::MAX),
            rules: Arc::new(Rules::new(users)),
        }
    }
}

/// Names of cookies, most of them without a star.
#[derive(Debug)]
pub(super) struct Names {
    plain: BTreeSet<Box<[u8]>>,
    globs: Vec<Glob>,
}

impl Names {
    fn new(globs: &[Glob]) -> Self {
        let (plain, globs): (Vec<Glob>, Vec<Glob>) = globs.iter().cloned().partition(Glob::is_plain);
        Self { plain: plain.iter().map(|name| name.as_str().as_bytes().into()).collect(), globs }
    }

    /// Whether it is one of them.
    pub fn fits(&self, name: &[u8]) -> bool {
        self.plain.contains(name) || self.globs.iter().any(|glob| glob.fits(name))
    }
}

#[cfg(test)]
#[test]
fn a_service_has_its_own() {
    let text = "[users]\nidentity = \"hashed\"\n[[users.services]]\nservices = [\"shop*\"]\nports = [80]\nidentity = \"off\"\n\
        [[users.services]]\nports = [\"80-90\"]\nclaims = [\"oid\"]\n";
    let settings = Settings::new(&config::Config::parse(text, "x").unwrap().users);
    let cases = [
        ("shop", 80, Identity::Off, "sub"),
        ("shop-2", 80, Identity::Off, "sub"),
        ("nginx", 80, Identity::Hashed, "oid"),
        ("shop", 81, Identity::Hashed, "oid"),
        ("shop", 8080, Identity::Hashed, "sub"),
    ];
    for (service, port, identity, claim) in cases {
        let profile = settings.of(service, port);
        assert_eq!((profile.identity, &profile.claims[0][..]), (identity, claim), "{service}:{port}");
    }
    assert_eq!(cases.len(), 5);
    let names = &settings.default.session_cookies;
    let sessions = [
        "PHPSESSID",
        "connect.sid",
        "_shop_session",
        "wordpress_logged_in_5c016e8f0f95f039",
        ".AspNetCore.Identity.Application",
    ];
    let others = ["_ga", "theme", "phpsessid2", "_session", "csrftoken", "cart"];
    assert!(sessions.iter().all(|name| names.fits(name.as_bytes())));
    assert!(!others.iter().any(|name| names.fits(name.as_bytes())));
}
