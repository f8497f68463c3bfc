//! Who did what.

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::get,
};
use serde_json::Value;

use super::{
    Row, Shared,
    answer::{Answer, ask, timestamp},
    params::{Params, bad},
};
use crate::{
    api::types::{AuditView, List, Role},
    limits,
};

pub(super) fn rows() -> Vec<Row> {
    vec![Row::new(Method::GET, "/v1/audit", Role::Viewer, get(audit))]
}

async fn audit(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["who", "from", "to", "limit", "cursor"])?;
    let cursor = params.cursor()?;
    let between = params.between(cursor.as_ref())?;
    let limit = params.limit(limits::API_PAGE)?;
    let before = match cursor {
        Some(cursor) => Some(cursor.at.parse::<i64>().map_err(|_| bad("cursor: not one of this list"))?),
        None => None,
    };
    ask(api, move |reader| {
        let entries = reader.audit(between, params.text("who"), limit, before)?;
        let next =
            entries.last().filter(|_| entries.len() == limit).map(|(number, _)| params.next(between, number));
        let json = |text: Option<String>| {
            text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)))
        };
        let items = entries.into_iter().map(|(number, entry)| AuditView {
            number,
            time: timestamp(entry.time),
            who: entry.who,
            action: entry.action,
            what: entry.what,
            before: json(entry.before),
            after: json(entry.after),
        });
        Ok(List { items: items.collect(), next })
    })
    .await
}
