//! One route: how often, by whom, how quick, with what.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Histogram, Place, inventory::Seen, kind::Kind, segment::fold, sensitive};
use crate::{limits, user};

/// A method. What clients make up is one of its own, so that they can't make up routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Method(&'static str);

impl Method {
    pub fn of(method: &[u8]) -> Self {
        const KNOWN: [&str; 16] = [
            "GET",
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "HEAD",
            "OPTIONS",
            "TRACE",
            "CONNECT",
            "QUERY",
            "PROPFIND",
            "PROPPATCH",
            "MKCOL",
            "COPY",
            "MOVE",
            "REPORT",
        ];
        Self(KNOWN.iter().find(|known| known.as_bytes() == method).copied().unwrap_or("OTHER"))
    }

    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(Box::<str>::deserialize(deserializer)?.as_bytes()))
    }
}

/// What is known of a route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Route {
    pub seen: u64,
    /// By class: 1xx to 5xx, and without response.
    pub statuses: [u64; 6],
    pub latency: Histogram,
    pub authenticated: u64,
    /// By place and name: kinds as bits, and how often it was looked at.
    pub parameters: BTreeMap<(Place, Box<str>), (u16, u64)>,
    /// Parameters over the cap.
    pub more_parameters: u64,
    pub sensitive_request: u8,
    pub sensitive_response: u8,
    pub attacks: BTreeMap<Box<str>, u64>,
    /// Business events by name: logins, signups.
    pub business: BTreeMap<Box<str>, u64>,
    pub first: Timestamp,
    pub last: Timestamp,
}

impl Route {
    pub fn new(now: Timestamp) -> Self {
        Self {
            seen: 0,
            statuses: [0; 6],
            latency: Histogram::default(),
            authenticated: 0,
            parameters: BTreeMap::new(),
            more_parameters: 0,
            sensitive_request: 0,
            sensitive_response: 0,
            attacks: BTreeMap::new(),
            business: BTreeMap::new(),
            first: now,
            last: now,
        }
    }

    /// Counts a request. Whether its parameters and bodies are to be looked at: reading them costs more than all else.
    pub fn count(&mut self, seen: &Seen<'_>, now: Timestamp) -> bool {
        let look = self.seen < limits::ENDPOINT_FIRST || self.seen.is_multiple_of(limits::ENDPOINT_SAMPLE);
        self.seen += 1;
        let class = seen.response.map_or(0, |response| usize::from(response.status / 100));
        if let Some(count) = self.statuses.get_mut(if (1..=5).contains(&class) { class - 1 } else { 5 }) {
            *count += 1;
        }
        if let Some(latency) = seen.latency {
            self.latency.add(latency);
        }
        self.authenticated += u64::from(seen.authenticated);
        for attack in seen.attacks {
            count_named(&mut self.attacks, attack, 1);
        }
        for event in seen.business {
            count_named(&mut self.business, &event.name, 1);
        }
        self.first = self.first.min(now);
        self.last = self.last.max(now);
        // What an attacker sends says nothing of the route.
        look && seen.attacks.is_empty()
    }

    /// Looks at what a request takes and its response gives.
    pub fn look(&mut self, seen: &Seen<'_>, fields: &user::Fields) {
        let accepted = seen.response.is_some_and(|response| response.status < 400);
        if accepted {
            for field in fields.iter() {
                let place = match field.place {
                    user::Place::Query => Place::Query,
                    user::Place::Form => Place::Form,
                    user::Place::Json => Place::Json,
                };
                if let Some(name) = parameter(field.name) {
                    self.parameter(place, &name, Kind::of(field.value).bit(), 1);
                }
            }
        }
        self.sensitive_request |= sensitive::kinds(&seen.request.body.data);
        self.sensitive_request |= seen.query.map_or(0, sensitive::kinds);
        if let Some(response) = seen.response {
            self.sensitive_response |= sensitive::kinds(&response.body.data);
        }
    }

    fn parameter(&mut self, place: Place, name: &str, kinds: u16, times: u64) {
        let room = self.parameters.len() < limits::ENDPOINT_PARAMETERS;
        let key = (place, Box::from(name));
        match self.parameters.get_mut(&key) {
            Some((known, seen)) => {
                *known |= kinds;
                *seen += times;
            }
            None if room => drop(self.parameters.insert(key, (kinds, times))),
            None => self.more_parameters += times,
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.seen += other.seen;
        self.statuses.iter_mut().zip(other.statuses).for_each(|(to, from)| *to += from);
        self.latency.merge(&other.latency);
        self.authenticated += other.authenticated;
        self.more_parameters += other.more_parameters;
        for ((place, name), (kinds, times)) in &other.parameters {
            self.parameter(*place, name, *kinds, *times);
        }
        self.sensitive_request |= other.sensitive_request;
        self.sensitive_response |= other.sensitive_response;
        for (attack, times) in &other.attacks {
            count_named(&mut self.attacks, attack, *times);
        }
        for (name, times) in &other.business {
            count_named(&mut self.business, name, *times);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Counts by name: types of attacks, business events. Names over the cap are `other`.
pub(super) fn count_named(counts: &mut BTreeMap<Box<str>, u64>, name: &str, times: u64) {
    if let Some(count) = counts.get_mut(name) {
        *count += times;
        return;
    }
    let name = if counts.len() + 1 < limits::ENDPOINT_NAMED { name } else { "other" };
    *counts.entry(name.into()).or_insert(0) += times;
}

/// A parameter's name as it is listed: `items.array_0.id` → `items[].id`, ids in it folded. `None`: it is none that a
/// program would have.
fn parameter(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-[]:$@".contains(&b)) {
        return None;
    }
    let mut listed = String::with_capacity(name.len());
    for part in name.split('.') {
        if part.strip_prefix("array_").is_some_and(|index| index.bytes().all(|b| b.is_ascii_digit())) {
            listed.push_str("[]");
            continue;
        }
        if !listed.is_empty() {
            listed.push('.');
        }
        // Keys that are ids: `{"prices": {"10423": …}}`.
        listed.push_str(match fold(part.as_bytes()).as_slice() {
            [folded] if folded.starts_with('{') => {
                if part.contains(['[', ']']) {
                    part
                } else {
                    folded
                }
            }
            _ => part,
        });
    }
    (!listed.is_empty()).then_some(listed)
}

#[cfg(test)]
#[test]
fn names_of_parameters() {
    let cases = [
        ("q", Some("q")),
        ("items.array_0.id", Some("items[].id")),
        ("prices.10423.eur", Some("prices.{id}.eur")),
        ("user[email]", Some("user[email]")),
        ("' OR 1=1", None),
        ("", None),
    ];
    for (name, listed) in cases {
        assert_eq!(parameter(name.as_bytes()).as_deref(), listed, "{name}");
    }
    assert_eq!((Method::of(b"GET").as_str(), Method::of(b"get").as_str()), ("GET", "OTHER"));
}
