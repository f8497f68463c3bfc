//! Denylist and passlist.

use std::time::Duration;

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{delete, get, post},
};

use super::{
    Row, Shared,
    answer::{Answer, run},
    body::Sent,
    params::{Params, bad, whom},
};
use crate::{
    api::{
        ApiError, Code, Find, ListPage, Place,
        access::Person,
        types::{BlockBody, DenyRequest, PassBody, Role, Unblocked, Whom},
    },
    limits::{DENYLIST_LISTED, REASON_CHARS},
    store::read::Between,
};

/// Entries of the denylist that are listed at most.
const MOST_LISTED: usize = 1_000_000;

pub(super) fn rows() -> Vec<Row> {
    let change = |method, path, to| Row::new(method, path, Role::Responder, to);
    vec![
        Row::new(Method::GET, "/v1/denylist", Role::Viewer, get(denylist)),
        change(Method::POST, "/v1/denylist", post(block)),
        change(Method::DELETE, "/v1/denylist", delete(unblock)),
        Row::new(Method::GET, "/v1/passlist", Role::Viewer, get(passlist)),
        change(Method::POST, "/v1/passlist", post(pass)),
        change(Method::DELETE, "/v1/passlist", delete(unpass)),
    ]
}

async fn denylist(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["find", "limit", "cursor"])?;
    let limit = params.number("limit", 0..=MOST_LISTED)?.unwrap_or(DENYLIST_LISTED);
    let after = params.cursor()?.map(|cursor| cursor.at.parse::<Place>());
    let after = after.transpose().map_err(|()| bad("cursor: not one of this list"))?;
    run(api, move |api| {
        // One more, to see whether there are more.
        let wanted = ListPage { find: find(&params)?, after, limit: limit + 1 };
        let mut list = api.control.denylist(&wanted)?;
        if list.entries.len() > limit {
            list.entries.truncate(limit);
            list.next = list.entries.last().map(|last| params.next(Between::any(), last.place()));
        }
        Ok(list)
    })
    .await
}

async fn block(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    const EXPECTED: &str = r#"{"net":"203.0.113.7","for_seconds":600,"reason":"…"}, "user" in place of "net", "forever":true in place of "for_seconds""#;
    Params::read(&uri, &[])?;
    let body: BlockBody = body?.json(EXPECTED)?;
    let wish = wish(body, person.name).map_err(|error| match error.hint {
        None => error.hint(EXPECTED),
        Some(_) => error,
    })?;
    run(api, move |api| api.control.block(wish)).await
}

/// Whom to block for how long, within bounds.
pub(super) fn wish(body: BlockBody, who: String) -> Result<DenyRequest, ApiError> {
    let duration = match (body.for_seconds, body.forever) {
        (Some(0), _) => return Err(bad("for_seconds is 0: expected at least 1")),
        (Some(seconds), false) => Some(Duration::from_secs(seconds)),
        (None, true) => None,
        _ => return Err(bad("expected exactly one of for_seconds and forever")),
    };
    let whom = whom(body.net.as_deref(), body.user.as_deref())?;
    if let Whom::Net(net) = &whom
        && net.prefix_len() == 0
    {
        return Err(ApiError::new(Code::Refused, format!("{net} is everybody: this would cut the host off"))
            .hint("block the networks that attack, or take the interface down"));
    }
    let reason = words("reason", body.reason)?;
    Ok(DenyRequest { whom, duration, reason, signal: body.signal, who })
}

async fn unblock(State(api): State<Shared>, Extension(person): Extension<Person>, uri: Uri) -> Answer {
    const EXPECTED: &str = "expected exactly one of net, user and all";
    let params = Params::read(&uri, &["net", "user", "all"])?;
    let named = params.text("net").is_some() || params.text("user").is_some();
    match (params.flag("all")?, named) {
        (true, false) => {
            run(api, move |api| api.control.unblock_all(&person.name).map(|removed| Unblocked { removed }))
                .await
        }
        (false, true) => {
            let whom = params.whom()?;
            run(api, move |api| api.control.unblock(whom, &person.name)).await
        }
        _ => Err(bad(EXPECTED).hint("?net=203.0.113.7, ?user=alice or ?all=true")),
    }
}

async fn passlist(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["find"])?;
    run(api, move |api| {
        let (find, mut list) = (find(&params)?, api.control.passlist());
        list.retain(|entry| {
            let words = [entry.comment.as_deref(), entry.author.as_deref()].map(Option::unwrap_or_default);
            find.takes(&entry.whom(), &words)
        });
        Ok(list)
    })
    .await
}

async fn pass(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let body: PassBody = body?.json(r#"{"net":"192.0.2.0/24","comment":"…"}, "user" in place of "net""#)?;
    let whom = whom(body.net.as_deref(), body.user.as_deref())?;
    let comment = words("comment", body.comment)?;
    run(api, move |api| api.control.passlist_add(whom, comment, &person.name)).await
}

async fn unpass(State(api): State<Shared>, Extension(person): Extension<Person>, uri: Uri) -> Answer {
    let whom = Params::read(&uri, &["net", "user"])?.whom()?;
    run(api, move |api| api.control.passlist_remove(whom, &person.name)).await
}

/// `find=`.
fn find(params: &Params) -> Result<Find, ApiError> {
    let text = params.text("find").unwrap_or_default();
    if text.chars().count() > REASON_CHARS {
        return Err(bad(format!(
            "find is longer than {REASON_CHARS} characters, which nothing on a list is"
        )));
    }
    Ok(Find::new(text))
}

/// A person's words, within bounds.
pub(super) fn words(field: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if text.chars().count() > REASON_CHARS => {
            Err(bad(format!("{field} is longer than {REASON_CHARS} characters")))
        }
        text => Ok(text.filter(|text| !text.trim().is_empty())),
    }
}
