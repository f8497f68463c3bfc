//! Settings as people are shown them. Keys that may hold a secret are not among them.

use std::{fmt::Display, path::Path, time::Duration};

use super::{Config, keys::KEYS, network_text};
use crate::{
    cli::{duration, screen},
    user::Identity,
};

/// A setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// `store.max_age`.
    pub key: &'static str,
    /// What it is, for people; empty: nothing is set.
    pub value: String,
    /// It is what it is without a configuration.
    pub is_default: bool,
    /// Changed, it takes effect when the agent starts.
    pub needs_restart: bool,
}

impl Config {
    /// The settings that people look for, by section.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let default = Self::default();
        let of = |(key, value): (&'static str, String)| {
            let known = KEYS.iter().find(|known| known.name == key);
            Shown {
                key,
                value,
                is_default: known.is_none_or(|known| !(known.differs)(&default, self)),
                needs_restart: known.is_some_and(|known| known.restart),
            }
        };
        self.values().into_iter().map(of).collect()
    }

    fn values(&self) -> Vec<(&'static str, String)> {
        let Self { capture, proxies, rules, users, deny, respond, detection, geoip, store, api, ui, .. } =
            self;
        vec![
            ("rules.mode", rules.mode.to_string()),
            ("rules.builtin", yes(rules.builtin)),
            ("rules.crs", file(rules.crs.as_deref())),
            ("rules.files", list(rules.files.iter().map(|path| path.display()))),
            ("rules.paranoia", maybe(rules.paranoia)),
            ("rules.disabled", list(&rules.disabled)),
            ("detection.default_rules", yes(detection.default_rules)),
            ("detection.rules", list(detection.rules.iter().map(|path| path.display()))),
            ("detection.disabled", list(detection.disabled.iter().map(|glob| glob.as_str()))),
            ("respond.enabled", yes(respond.enabled)),
            ("respond.events", respond.events.to_string()),
            ("respond.window", duration::short(respond.window)),
            ("respond.block_for", length(respond.block_for)),
            ("deny.interfaces", list(&deny.interfaces)),
            ("deny.answer", word(&deny.answer)),
            ("deny.page_ports", list(&deny.page_ports)),
            ("deny.page_contact", maybe(deny.page_contact.as_ref())),
            ("deny.page_html", file(deny.page_html.as_deref())),
            ("deny.page_json", file(deny.page_json.as_deref())),
            ("users.identity", identity(users.identity).to_owned()),
            ("users.sources", list(users.sources.iter().map(word))),
            ("users.claims", list(&users.claims)),
            ("users.jwt_cookies", list(users.jwt_cookies.iter().map(|glob| glob.as_str()))),
            ("users.headers", list(&users.headers)),
            ("users.login_fields", list(&users.login_fields)),
            ("users.session_cookies", list(users.session_cookies.iter().map(|glob| glob.as_str()))),
            ("users.session_idle", duration::short(users.session_idle)),
            ("proxies.trusted", list(proxies.trusted.iter().map(|net| network_text(*net)))),
            ("proxies.header", proxies.header.name().to_owned()),
            ("store.enabled", yes(store.enabled)),
            ("store.max_age", duration::short(store.max_age)),
            ("store.max_size", screen::bytes(store.max_size)),
            ("store.events_per_second", screen::grouped(store.events_per_second.into())),
            ("geoip.database", file(geoip.database.as_deref())),
            ("geoip.asn_database", file(geoip.asn_database.as_deref())),
            ("capture.tls", yes(capture.tls)),
            ("capture.request_body", screen::bytes(capture.request_body.into())),
            ("capture.response_body", screen::bytes(capture.response_body.into())),
            ("capture.cgroup", file(capture.cgroup.as_deref())),
            ("ui.listen", maybe(ui.listen)),
            ("ui.hosts", list(&ui.hosts)),
            ("api.listen", maybe(api.listen)),
            ("api.tls_cert", file(api.tls_cert.as_deref())),
            ("metrics.listen", maybe(self.metrics.listen)),
        ]
    }
}

fn yes(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn file(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

fn maybe(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn length(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "for good".to_owned(), duration::short)
}

fn word(value: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.as_ref().and_then(|word| word.as_str()).unwrap_or_default().to_owned()
}

fn identity(identity: Identity) -> &'static str {
    match identity {
        Identity::AsIs => "as it is",
        Identity::Hashed => "hashed",
        Identity::Off => "off",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_shown_and_no_secret() {
        let config = Config::parse(
            "[proxies]\ntrusted = [\"10.0.0.0/8\"]\n[users]\nsources = [\"header\"]\n[store]\nmax_age = \"7d\"\n\
             [api]\nlisten = \"127.0.0.1:7181\"\ntls_cert = \"a.crt\"\ntls_key = \"secret.key\"\n",
            "t",
        )
        .unwrap();
        let shown = config.shown();
        let one = |key: &str| shown.iter().find(|shown| shown.key == key).unwrap();
        assert_eq!(one("proxies.trusted").value, "10.0.0.0/8");
        assert_eq!((one("users.sources").value.as_str(), one("users.sources").is_default), ("header", false));
        assert_eq!((one("store.max_age").value.as_str(), one("store.max_age").needs_restart), ("7d", true));
        assert!(one("store.max_size").is_default && one("geoip.database").value.is_empty());
        assert!(shown.iter().all(|shown| !shown.value.contains("secret")));
        assert!(shown.iter().all(|shown| KEYS.iter().any(|key| key.name == shown.key)));
    }
}
