//! An inventory as it is shown: JSON of the API.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Histogram, Kind, Sensitive,
    inventory::Elsewhere,
    route::{Method, Route},
    tree::Tree,
};

/// The routes of all services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// By name and port.
    pub services: Vec<ServiceEndpoints>,
    /// Requests to services beyond the cap.
    pub left_out: u64,
}

/// The routes of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceEndpoints {
    /// Its name.
    pub service: Arc<str>,
    /// Its port.
    pub port: u16,
    /// By pattern and method.
    pub endpoints: Vec<Endpoint>,
    /// Requests that are to no route the service is known to have: not found, or no room.
    pub elsewhere: u64,
    /// Attacks among them, by type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere_attacks: BTreeMap<Box<str>, u64>,
    /// Times that segments of paths were found to vary.
    pub learned: u64,
    /// Times that routes were folded to make room.
    pub squeezed: u64,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Method; `OTHER`: one that is not registered.
    pub method: Box<str>,
    /// `/users/{id}/orders`.
    pub pattern: Arc<str>,
    /// Requests.
    pub seen: u64,
    /// By class: `2xx`; `none`: no response was seen. Only those that there were.
    pub statuses: BTreeMap<Box<str>, u64>,
    /// How long answers take; none: no response was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Requests with a known user or with credentials.
    pub authenticated: u64,
    /// What it takes, as seen in a part of the requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// Parameters beyond the cap, as often as they were seen.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_parameters: u64,
    /// Sensitive data in requests, as seen in a part of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive_request: Vec<Sensitive>,
    /// Sensitive data in responses, as seen in a part of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive_response: Vec<Sensitive>,
    /// Attacks, by type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attacks: BTreeMap<Box<str>, u64>,
    /// Business events, by name: logins, signups.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub business: BTreeMap<Box<str>, u64>,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
}

/// How long answers take, microseconds, off by at most a sixteenth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them take no longer.
    pub p50_us: u64,
    /// 95 of 100.
    pub p95_us: u64,
    /// 99 of 100.
    pub p99_us: u64,
}

/// A parameter of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Where it stands.
    pub place: Place,
    /// `items[].id`.
    pub name: Box<str>,
    /// What its values look like.
    pub kinds: Vec<Kind>,
    /// Values that were looked at.
    pub seen: u64,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the query.
    Query,
    /// In a form, also multipart.
    Form,
    /// In JSON.
    Json,
}

impl ServiceEndpoints {
    pub(super) fn new(service: &Arc<str>, port: u16, tree: &Tree, elsewhere: &Elsewhere) -> Self {
        let routes = tree.routes().into_iter();
        Self {
            service: Arc::clone(service),
            port,
            endpoints: routes.map(|(pattern, method, route)| Endpoint::new(pattern, method, route)).collect(),
            elsewhere: elsewhere.seen,
            elsewhere_attacks: elsewhere.attacks.clone(),
            learned: tree.learned,
            squeezed: tree.squeezed,
        }
    }
}

impl Endpoint {
    /// Answers with 4xx and 5xx.
    #[must_use]
    pub fn errors(&self) -> u64 {
        let of = |class: &str| self.statuses.get(class).copied().unwrap_or(0);
        of("4xx") + of("5xx")
    }

    fn new(pattern: Arc<str>, method: Method, route: &Route) -> Self {
        const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];
        let statuses = CLASSES.iter().zip(route.statuses).filter(|(_, count)| *count > 0);
        let parameters = route.parameters.iter().map(|((place, name), (kinds, seen))| Parameter {
            place: *place,
            name: name.clone(),
            kinds: Kind::ALL.into_iter().filter(|kind| kinds & kind.bit() != 0).collect(),
            seen: *seen,
        });
        Self {
            method: method.as_str().into(),
            pattern,
            seen: route.seen,
            statuses: statuses.map(|(class, count)| (Box::from(*class), count)).collect(),
            latency: Latency::of(&route.latency),
            authenticated: route.authenticated,
            parameters: parameters.collect(),
            more_parameters: route.more_parameters,
            sensitive_request: sensitive(route.sensitive_request),
            sensitive_response: sensitive(route.sensitive_response),
            attacks: route.attacks.clone(),
            business: route.business.clone(),
            first_seen: route.first,
            last_seen: route.last,
        }
    }
}

impl Latency {
    /// Of times in microseconds; none without any.
    #[must_use]
    pub fn of(histogram: &Histogram) -> Option<Self> {
        Some(Self {
            p50_us: histogram.quantile(0.5)?,
            p95_us: histogram.quantile(0.95)?,
            p99_us: histogram.quantile(0.99)?,
        })
    }
}

fn sensitive(bits: u8) -> Vec<Sensitive> {
    Sensitive::ALL.into_iter().filter(|kind| bits & kind.bit() != 0).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
