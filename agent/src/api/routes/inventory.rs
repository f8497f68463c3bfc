//! What there is to attack: services and their endpoints.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    str::FromStr,
};

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::get,
};

use super::{
    Row, Shared,
    answer::{Answer, count, run, stored},
    facet::Facet,
    params::{Params, bad},
};
use crate::{
    api::{
        ApiError, Code,
        types::{EndpointView, List, Role},
    },
    endpoint::Endpoint,
    limits,
    query::{ENDPOINTS, Query, SIGNALS},
    store::read::{Between, FacetValue},
};

/// Signals that somebody has to look at.
const OPEN: &str = "status:(open OR under_review)";

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(Method::GET, "/v1/services", Role::Viewer, get(services)),
        Row::new(Method::GET, "/v1/endpoints", Role::Viewer, get(endpoints)),
    ]
}

/// What the agent sees of services, and what the desk knows about them.
async fn services(State(api): State<Shared>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, |api| {
        let mut services = api.control.services();
        let desk = api.desk();
        let mut attacks: HashMap<String, BTreeMap<String, u64>> = HashMap::new();
        for count in desk.attacks() {
            attacks.entry(count.service).or_default().insert(count.kind, count.count);
        }
        let open = Query::parse(OPEN)?.matcher(&SIGNALS)?.to_sql();
        let by_service = Facet::find("service", &SIGNALS)?.expression;
        let open = desk.reader().signal_facet(&open, &by_service, Between::any(), limits::SERVICES)?;
        let open: HashMap<String, u64> = open
            .into_iter()
            .filter_map(|(value, signals)| match value {
                FacetValue::Text(service) => Some((service, count(signals))),
                FacetValue::Integer(_) => None,
            })
            .collect();
        for service in &mut services {
            service.attacks = attacks.get(&service.name).cloned().unwrap_or_default();
            service.open_signals = open.get(&service.name).copied().unwrap_or(0);
        }
        Ok(services)
    })
    .await
}

/// In an order that may be asked for; within it by service, port, pattern and method. A page begins behind the last
/// endpoint of the one before.
async fn endpoints(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["query", "sort", "limit", "cursor"])?;
    let matcher = params.query(&ENDPOINTS)?;
    let sort: Sort = params.text("sort").map_or(Ok(Sort::Name), str::parse)?;
    let limit = params.limit(limits::API_PAGE)?;
    let after: Option<Key> = match params.cursor()? {
        Some(cursor) => {
            Some(serde_json::from_str(&cursor.at).map_err(|_| bad("cursor: not one of this list"))?)
        }
        None => None,
    };
    run(api, move |api| {
        let services = api.control.endpoints().services.into_iter();
        let mut all: Vec<(Key, EndpointView)> = services
            .flat_map(|of| {
                of.endpoints.into_iter().map(move |endpoint| EndpointView {
                    service: of.service.to_string(),
                    port: Some(of.port),
                    endpoint,
                })
            })
            .map(|view| (key(&view, sort), view))
            .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
            .collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut items = Vec::new();
        let mut last = None;
        for (key, view) in all {
            let json = serde_json::to_value(&view)
                .map_err(|error| ApiError::new(Code::Internal, error.to_string()))?;
            if !matcher.matches(&json) {
                continue;
            }
            if items.len() == limit {
                let at = serde_json::to_string(&last).unwrap_or_default();
                return Ok(List { items, next: Some(params.next(Between::any(), at)) });
            }
            last = Some(key);
            items.push(view);
        }
        Ok(List { items, next: None })
    })
    .await
}

/// What the list begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Name,
    Requests,
    Errors,
    Latency,
    Users,
    Attacks,
    Business,
    FirstSeen,
    LastSeen,
}

impl Sort {
    const ALL: [(&str, Self); 9] = [
        ("name", Self::Name),
        ("requests", Self::Requests),
        ("errors", Self::Errors),
        ("latency", Self::Latency),
        ("users", Self::Users),
        ("attacks", Self::Attacks),
        ("business", Self::Business),
        ("first_seen", Self::FirstSeen),
        ("last_seen", Self::LastSeen),
    ];

    /// How much an endpoint has of it.
    fn of(self, endpoint: &Endpoint) -> u64 {
        let sum = |counts: &BTreeMap<Box<str>, u64>| counts.values().sum::<u64>();
        match self {
            Self::Name => 0,
            Self::Requests => endpoint.seen,
            // In a million, so that shares stand in their order.
            Self::Errors => endpoint.errors().saturating_mul(1_000_000) / endpoint.seen.max(1),
            Self::Latency => endpoint.latency.map_or(0, |latency| latency.p95_us),
            Self::Users => endpoint.authenticated,
            Self::Attacks => sum(&endpoint.attacks),
            Self::Business => sum(&endpoint.business),
            Self::FirstSeen => stored(endpoint.first_seen).unsigned_abs(),
            Self::LastSeen => stored(endpoint.last_seen).unsigned_abs(),
        }
    }
}

impl FromStr for Sort {
    type Err = ApiError;

    fn from_str(text: &str) -> Result<Self, ApiError> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, sort)| sort).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            bad(format!("sort: expected one of {}", names.join(", ")))
        })
    }
}

/// What it is sorted by, the most first; service, port, pattern, method.
type Key = (Reverse<u64>, String, Option<u16>, String, String);

fn key(view: &EndpointView, sort: Sort) -> Key {
    let endpoint = &view.endpoint;
    (
        Reverse(sort.of(endpoint)),
        view.service.clone(),
        view.port,
        endpoint.pattern.to_string(),
        endpoint.method.to_string(),
    )
}
