//! Signals: what people look at, and what they decide.

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{get, patch, post},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Row, Shared,
    answer::{Answer, ask, page, run, stored, timestamp},
    body::Sent,
    facet::{Asked, Facet},
    params::{Params, bad, id},
    piece::Piece,
    timeline,
};
use crate::{
    api::{
        ApiError, Code,
        access::Person,
        types::{HistoryView, List, Role, TriageBody, TriageManyBody, Triaged, Untriaged},
    },
    desk::Triage,
    limits::{self, API_NAME, API_TRIAGED, REASON_CHARS},
    query::SIGNALS,
    store::{Reader, read::Reach},
};

pub(super) fn rows() -> Vec<Row> {
    let read = |path, to| Row::new(Method::GET, path, Role::Viewer, to);
    vec![
        read("/v1/signals", get(list)),
        read("/v1/signals/facets", get(facets)),
        read("/v1/signals/timeline", get(in_time)),
        Row::new(Method::POST, "/v1/signals/triage", Role::Responder, post(triage_many)),
        read("/v1/signals/{id}", get(one)),
        Row::new(Method::PATCH, "/v1/signals/{id}", Role::Responder, patch(triage)),
        read("/v1/signals/{id}/events", get(events)),
        read("/v1/signals/{id}/history", get(history)),
    ]
}

async fn list(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["query", "from", "to", "limit", "cursor"])?;
    let condition = params.query(&SIGNALS)?.to_sql();
    let cursor = params.cursor()?;
    let between = params.between(cursor.as_ref())?;
    let limit = params.limit(limits::API_PAGE)?;
    let after = cursor.map(|cursor| cursor.at.parse()).transpose()?;
    ask(api, move |reader| {
        let found = reader.signals(&condition, between, limit, after.as_ref())?;
        let next = found.next.map(|next| params.next(between, next));
        page(found.rows.into_iter().map(|signal| signal.json), next)
    })
    .await
}

async fn one(State(api): State<Shared>, Piece(text): Piece, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    let id = id(&text)?;
    run(api, move |api| api.desk().signal(id)?.ok_or_else(|| no_such(id))).await
}

async fn events(State(api): State<Shared>, Piece(text): Piece, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    let id = id(&text)?;
    ask(api, move |reader| {
        known(reader, id)?;
        page(reader.signal_events(&id.to_string())?.into_iter().map(|event| event.json), None)
    })
    .await
}

async fn history(State(api): State<Shared>, Piece(text): Piece, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    let id = id(&text)?;
    ask(api, move |reader| {
        known(reader, id)?;
        let changes = reader.signal_history(&id.to_string())?.into_iter();
        let items = changes.map(|change| HistoryView {
            time: timestamp(change.time),
            who: change.who,
            what: change.what,
            details: serde_json::from_str(&change.json).unwrap_or(Value::Null),
        });
        Ok(List { items: items.collect(), next: None })
    })
    .await
}

fn known(reader: &Reader, id: Uuid) -> Result<(), ApiError> {
    reader.signal(&id.to_string())?.map(drop).ok_or_else(|| no_such(id))
}

fn no_such(id: Uuid) -> ApiError {
    ApiError::new(Code::NotFound, format!("there is no signal {id}"))
}

async fn facets(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["facet", "facets", "query", "from", "to", "limit"])?;
    let asked = Asked::read(&params, "?facet=severity", &SIGNALS)?;
    let condition = params.query(&SIGNALS)?.to_sql();
    let between = params.between(None)?;
    let limit = params.limit(limits::API_FACET)?;
    ask(api, move |reader| {
        let found = reader.signal_facets(&condition, &asked.expressions(), between, limit)?;
        let reach = Reach { complete: true, since: 0 };
        Ok(asked.answer(found.into_iter().map(|values| (values, reach))))
    })
    .await
}

async fn in_time(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["by", "buckets", "query", "from", "to"])?;
    let by = params.text("by").map(|by| Facet::find(by, &SIGNALS)).transpose()?;
    let condition = params.query(&SIGNALS)?.to_sql();
    let between = params.between(None)?;
    let buckets = params.number("buckets", 1..=limits::STORE_TIMELINE)?.unwrap_or(limits::API_BUCKETS);
    ask(api, move |reader| {
        let by_values = by.as_ref().map(|facet| (&facet.expression, limits::API_SERIES));
        let now = stored(jiff::Timestamp::now());
        let found = reader.signal_timeline(&condition, between, now, buckets, by_values)?;
        Ok(timeline::view(found, by.as_ref()))
    })
    .await
}

async fn triage(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    Piece(text): Piece,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let id = id(&text)?;
    let triage = decision(body?.json(r#"{"status":"under_review","assignee":"alice","note":"…"}"#)?)?;
    run(api, move |api| Ok(api.desk().triage(id, &triage, &person.name)?)).await
}

async fn triage_many(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let body: TriageManyBody =
        body?.json(r#"{"ids":["…"],"status":"archived","reason":"false_positive"}"#)?;
    let (mut ids, body) = body.into_parts();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > API_TRIAGED {
        return Err(bad(format!("ids: expected 1 to {API_TRIAGED} of them, found {}", ids.len())));
    }
    let triage = decision(body)?;
    run(api, move |api| {
        let desk = api.desk();
        let mut triaged = Triaged { items: Vec::new(), failed: Vec::new() };
        for id in ids {
            match desk.triage(id, &triage, &person.name) {
                Ok(signal) => triaged.items.push(signal),
                Err(error) => triaged.failed.push(Untriaged { id, error: error.into() }),
            }
        }
        Ok(triaged)
    })
    .await
}

/// What a person decided, within bounds.
fn decision(body: TriageBody) -> Result<Triage, ApiError> {
    let TriageBody { status, reason, assignee, case, note } = body;
    for (field, text) in [("assignee", assignee.as_ref()), ("case", case.as_ref())] {
        let Some(Some(text)) = text else { continue };
        if text.trim().is_empty() || text.chars().count() > API_NAME {
            return Err(bad(format!("{field}: expected 1 to {API_NAME} characters, or null for none")));
        }
    }
    if note.as_ref().is_some_and(|note| note.chars().count() > REASON_CHARS) {
        return Err(bad(format!("note is longer than {REASON_CHARS} characters")));
    }
    Ok(Triage { status, reason, assignee, case, note })
}
