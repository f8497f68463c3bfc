//! Events: what happened, and how much of what.

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::get,
};

use super::{
    Row, Shared,
    answer::{Answer, ask, page, raw, stored},
    facet::{Asked, Facet},
    params::{Params, id},
    piece::Piece,
    timeline,
};
use crate::{
    api::{ApiError, Code, types::Role},
    limits,
    query::EVENTS,
    store::read::Between,
};

pub(super) fn rows() -> Vec<Row> {
    let read = |path, to| Row::new(Method::GET, path, Role::Viewer, to);
    vec![
        read("/v1/events", get(list)),
        read("/v1/events/facets", get(facets)),
        read("/v1/events/timeline", get(in_time)),
        read("/v1/events/{id}", get(one)),
    ]
}

async fn list(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["query", "from", "to", "limit", "cursor"])?;
    let condition = params.query(&EVENTS)?.to_sql();
    let cursor = params.cursor()?;
    let between = params.between(cursor.as_ref())?;
    let limit = params.limit(limits::API_PAGE)?;
    let after = cursor.map(|cursor| cursor.at.parse()).transpose()?;
    ask(api, move |reader| {
        let found = reader.events(&condition, between, limit, after.as_ref())?;
        let next = found.next.map(|next| params.next(between, next));
        page(found.rows.into_iter().map(|event| event.json), next)
    })
    .await
}

async fn one(State(api): State<Shared>, Piece(text): Piece, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    let id = id(&text)?;
    ask(api, move |reader| match reader.event(&id.to_string())? {
        Some(event) => raw(event.json),
        None => Err(ApiError::new(Code::NotFound, format!("there is no event {id}")).hint(
            "it may be too old, or it was counted and not stored: see what was left out in picket stats",
        )),
    })
    .await
}

async fn facets(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["facet", "facets", "query", "from", "to", "limit", "within"])?;
    let asked = Asked::read(&params, "?facet=service", &EVENTS)?;
    let condition = params.query(&EVENTS)?.to_sql();
    let between = params.between(None)?;
    let limit = params.limit(limits::API_FACET)?;
    ask(api, move |reader| {
        let found = params.within(reader)?.facets(&condition, &asked.expressions(), between, limit)?;
        Ok(asked.answer(found.into_iter().map(|found| (found.values, found.reach))))
    })
    .await
}

async fn in_time(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["by", "buckets", "query", "from", "to", "within"])?;
    let by = params.text("by").map(|by| Facet::find(by, &EVENTS)).transpose()?;
    let condition = params.query(&EVENTS)?.to_sql();
    let asked = params.between(None)?;
    let between = Between { to: asked.to.or(Some(stored(jiff::Timestamp::now()))), ..asked };
    let buckets = params.number("buckets", 1..=limits::STORE_TIMELINE)?.unwrap_or(limits::API_BUCKETS);
    ask(api, move |reader| {
        let by_values = by.as_ref().map(|facet| (&facet.expression, limits::API_SERIES));
        let found = params.within(reader)?.timeline(&condition, between, buckets, by_values)?;
        Ok(timeline::view(found, by.as_ref()))
    })
    .await
}
