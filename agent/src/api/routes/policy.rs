//! How services are judged, and what is set about it.

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{delete, get, put},
};

use super::{
    Row, Shared,
    answer::{Answer, run},
    body::Sent,
    params::Params,
    piece::Piece,
};
use crate::{
    api::{
        ApiError, Code,
        access::Person,
        control,
        types::{PolicyBody, Role, ServicePolicy},
    },
    rules::policy::Mode,
};

const PATH: &str = "/v1/services/{name}/policy";

pub(super) fn rows() -> Vec<Row> {
    // What is judged, and how, is the configuration's to say, which is the administrator's.
    vec![
        Row::new(Method::GET, PATH, Role::Viewer, get(policy)),
        Row::new(Method::PUT, PATH, Role::Admin, put(set)),
        Row::new(Method::DELETE, PATH, Role::Admin, delete(reset)),
    ]
}

async fn policy(State(api): State<Shared>, Piece(name): Piece, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, move |api| api.control.policy(&name)).await
}

async fn set(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    Piece(name): Piece,
    uri: Uri,
    body: Result<Sent, ApiError>,
) -> Answer {
    Params::read(&uri, &[])?;
    let body: PolicyBody = body?.json(r#"{"mode":"off"}, "monitor" or "block""#)?;
    change(api, person, name, Some(body.mode)).await
}

async fn reset(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    Piece(name): Piece,
    uri: Uri,
) -> Answer {
    Params::read(&uri, &[])?;
    change(api, person, name, None).await
}

async fn change(api: Shared, person: Person, name: String, mode: Option<Mode>) -> Answer {
    run(api, move |api| {
        let before = api.control.policy(&name)?;
        if mode.is_none() && before.set.is_none() {
            return Err(ApiError::new(Code::NotFound, format!("no mode is set for {name}"))
                .hint("its mode is the configuration's"));
        }
        let after: ServicePolicy = api.control.set_policy(&name, mode, &person.name)?;
        let action = if mode.is_some() { "set_policy" } else { "reset_policy" };
        let desk = api.desk();
        control::audit_change(&desk, &person.name, action, &name, Some(&before.set), &after.set);
        Ok(after)
    })
    .await
}
