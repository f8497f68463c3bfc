//! Live tails, as server-sent events (the HTML standard, section 9.2).

use axum::{
    extract::State,
    http::{HeaderMap, Method, Uri, header},
    response::IntoResponse as _,
    routing::get,
};

use super::{
    Row, Shared,
    answer::Answer,
    params::{Params, bad},
    short,
    tailing::{Of, Resume, Tail},
};
use crate::{
    api::{ApiError, Code, types::Role},
    limits::API_TAILS,
    query::{EVENTS, Facets, SIGNALS},
};

/// What a client that reconnects says it had last.
const LAST: &str = "last-event-id";

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new(Method::GET, "/v1/events/tail", Role::Viewer, get(events)),
        Row::new(Method::GET, "/v1/signals/tail", Role::Viewer, get(signals)),
    ]
}

async fn events(State(api): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    tail(api, &uri, &headers, Of::Events, &EVENTS).await
}

async fn signals(State(api): State<Shared>, uri: Uri, headers: HeaderMap) -> Answer {
    tail(api, &uri, &headers, Of::Signals, &SIGNALS).await
}

async fn tail(api: Shared, uri: &Uri, headers: &HeaderMap, of: Of, facets: &'static Facets) -> Answer {
    let params = Params::read(uri, &["query"])?;
    let matcher = params.query(facets)?;
    let resume = headers.get(LAST).map(|last| resume(last.to_str().unwrap_or_default(), of)).transpose()?;
    let desk = api.desk();
    let Ok(place) = std::sync::Arc::clone(&api.tails).try_acquire_owned() else {
        return Err(ApiError::new(Code::TooMany, format!("{API_TAILS} tails run already"))
            .hint("end one, or ask for a list again and again"));
    };
    let body = Tail::start(desk, of, matcher, resume, api.heartbeat, api.stopping.subscribe(), place);
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], body).into_response())
}

fn resume(last: &str, of: Of) -> Result<Resume, ApiError> {
    Resume::read(last, of)
        .ok_or_else(|| bad(format!("{LAST}: expected the id of the last that came, found {:?}", short(last))))
}
