//! The agent itself.

use axum::{
    Extension, Json,
    extract::State,
    http::{Method, Uri, header},
    response::IntoResponse as _,
    routing::{get, post},
};

use super::{
    OPENAPI, Row, Shared,
    answer::{Answer, blocking, run},
    params::Params,
};
use crate::api::{
    ApiError,
    access::Person,
    control,
    types::{Role, Version},
};

pub(super) fn rows() -> Vec<Row> {
    let read = |path, to| Row::new(Method::GET, path, Role::Viewer, to);
    vec![
        read("/v1/version", get(version)),
        read("/v1/stats", get(stats)),
        read("/v1/openapi.json", get(openapi)),
        read("/metrics", get(metrics)),
        Row::new(Method::POST, "/v1/reload", Role::Admin, post(reload)),
    ]
}

async fn version(uri: Uri) -> Result<Json<Version>, ApiError> {
    Params::read(&uri, &[])?;
    Ok(Json(Version { version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() }))
}

async fn stats(State(api): State<Shared>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, |api| Ok(api.control.stats())).await
}

async fn openapi(uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    Ok(([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response())
}

async fn metrics(State(api): State<Shared>, uri: Uri) -> Answer {
    // Prometheus may be told to send parameters: they say nothing here.
    let _ = uri;
    let (media_type, text) = blocking(move || api.control.metrics()).await?;
    Ok(([(header::CONTENT_TYPE, media_type)], text).into_response())
}

async fn reload(State(api): State<Shared>, Extension(person): Extension<Person>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, move |api| {
        let reloaded = api.control.reload()?;
        control::audit(&api.desk(), &person.name, "reload", "configuration", &reloaded);
        Ok(reloaded)
    })
    .await
}
