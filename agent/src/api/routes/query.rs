//! Help with queries.

use axum::{
    Json,
    http::{Method, Uri},
    routing::get,
};

use super::{
    Row,
    params::{Params, bad},
};
use crate::{
    api::{
        ApiError,
        types::{CompletionView, CompletionsView, Role},
    },
    limits,
    query::{ENDPOINTS, EVENTS, Query, RULES, SIGNALS},
};

pub(super) fn rows() -> Vec<Row> {
    vec![Row::new(Method::GET, "/v1/query/complete", Role::Viewer, get(complete))]
}

async fn complete(uri: Uri) -> Result<Json<CompletionsView>, ApiError> {
    let params = Params::read(&uri, &["q", "at", "of"])?;
    let query = params.text("q").unwrap_or("");
    if query.len() > limits::QUERY_BYTES {
        return Err(bad(format!("q: a query has at most {} bytes", limits::QUERY_BYTES)));
    }
    let facets = match params.text("of") {
        None | Some("events") => &EVENTS,
        Some("signals") => &SIGNALS,
        Some("endpoints") => &ENDPOINTS,
        Some("rules") => &RULES,
        Some(_) => return Err(bad("of: expected events, signals, endpoints or rules")),
    };
    let end = query.chars().count() + 1;
    let at = params.number("at", 1..=end)?.unwrap_or(end);
    let found = Query::complete(query, at, facets);
    let items = found.items.into_iter();
    Ok(Json(CompletionsView {
        column: found.column,
        length: found.length,
        items: items.map(|item| CompletionView { text: item.text, about: item.about.to_owned() }).collect(),
    }))
}
