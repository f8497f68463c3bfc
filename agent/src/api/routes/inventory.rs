//! What there is to attack: services and their endpoints.

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::get,
};

use super::{
    Row, Shared,
    answer::{Answer, run},
    params::{Params, bad},
};
use crate::{
    api::{
        ApiError, Code,
        types::{EndpointView, List, Role},
    },
    limits,
    query::ENDPOINTS,
    store::read::Between,
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(Method::GET, "/v1/services", Role::Viewer, get(services)),
        Row::new(Method::GET, "/v1/endpoints", Role::Viewer, get(endpoints)),
    ]
}

async fn services(State(api): State<Shared>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, |api| Ok(api.control.services())).await
}

/// By service, pattern and method: a page begins behind the last endpoint of the one before, whatever came since.
async fn endpoints(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["query", "limit", "cursor"])?;
    let matcher = params.query(&ENDPOINTS)?;
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
            .map(|view| (key(&view), view))
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

/// Service, port, pattern, method.
type Key = (String, Option<u16>, String, String);

fn key(view: &EndpointView) -> Key {
    let endpoint = &view.endpoint;
    (view.service.clone(), view.port, endpoint.pattern.to_string(), endpoint.method.to_string())
}
