//! Paths to calls of [`Control`].

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Query, Request, State, rejection::BytesRejection, rejection::QueryRejection,
    },
    http::{Method, StatusCode, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    ApiError, BlockRequest, Code, Control, Version, net,
    server::Caller,
    types::{BlockBody, PassBody, Unblocked},
};
use crate::limits::{API_BODY, DENYLIST_LISTED, REASON_CHARS};

type Shared = Arc<dyn Control>;
type Answer = Result<Response, ApiError>;

pub(super) fn router(control: Shared) -> Router {
    Router::new()
        .route("/v1/version", get(version))
        .route("/v1/stats", get(stats))
        .route("/v1/services", get(services))
        .route("/v1/denylist", get(denylist).post(block).delete(unblock))
        .route("/v1/passlist", get(passlist).post(passlist_add).delete(passlist_remove))
        .route("/v1/reload", post(reload))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(API_BODY))
        .layer(middleware::from_fn(only_allowed_users))
        .with_state(control)
}

async fn only_allowed_users(request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<axum::extract::ConnectInfo<Caller>>().map(|info| info.0);
    match caller {
        Some(caller) if caller.is_allowed() => next.run(request).await,
        _ => ApiError::new(Code::Forbidden, "only root and the agent's own user may use this socket")
            .hint("run the command with sudo")
            .into_response(),
    }
}

async fn version() -> Json<Version> {
    Json(Version { version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() })
}

async fn stats(State(control): State<Shared>) -> Answer {
    run(move || Ok(control.stats())).await
}

async fn services(State(control): State<Shared>) -> Answer {
    run(move || Ok(control.services())).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    limit: Option<usize>,
}

async fn denylist(State(control): State<Shared>, query: Result<Query<Listed>, QueryRejection>) -> Answer {
    let limit = self::query(query, "?limit=N")?.limit.unwrap_or(DENYLIST_LISTED);
    run(move || control.denylist(limit)).await
}

async fn block(State(control): State<Shared>, body: Result<Bytes, BytesRejection>) -> Answer {
    const EXPECTED: &str = r#"{"net":"203.0.113.7","for_seconds":600,"reason":"…"} or "forever":true"#;
    let body: BlockBody = self::body(body, EXPECTED)?;
    let duration = match (body.for_seconds, body.forever) {
        (Some(0), _) => return Err(bad("for_seconds is 0: expected at least 1").hint(EXPECTED)),
        (Some(seconds), false) => Some(Duration::from_secs(seconds)),
        (None, true) => None,
        _ => return Err(bad("expected exactly one of for_seconds and forever").hint(EXPECTED)),
    };
    let net = network(&body.net)?;
    if net.prefix_len() == 0 {
        return Err(ApiError::new(Code::Refused, format!("{net} is everybody: this would cut the host off"))
            .hint("block the networks that attack, or take the interface down"));
    }
    let reason = words("reason", body.reason)?;
    run(move || control.block(BlockRequest { net, duration, reason })).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    net: Option<String>,
    #[serde(default)]
    all: bool,
}

async fn unblock(State(control): State<Shared>, query: Result<Query<Which>, QueryRejection>) -> Answer {
    const EXPECTED: &str = "?net=203.0.113.7 or ?all=true";
    match self::query(query, EXPECTED)? {
        Which { net: None, all: true } => {
            run(move || control.unblock_all().map(|removed| Unblocked { removed })).await
        }
        Which { net: Some(net), all: false } => {
            let net = network(&net)?;
            run(move || control.unblock(net)).await
        }
        _ => Err(bad("expected exactly one of net and all").hint(EXPECTED)),
    }
}

async fn passlist(State(control): State<Shared>) -> Answer {
    run(move || Ok(control.passlist())).await
}

async fn passlist_add(State(control): State<Shared>, body: Result<Bytes, BytesRejection>) -> Answer {
    let body: PassBody = self::body(body, r#"{"net":"192.0.2.0/24","comment":"…"}"#)?;
    let net = network(&body.net)?;
    let comment = words("comment", body.comment)?;
    run(move || control.passlist_add(net, comment)).await
}

async fn passlist_remove(
    State(control): State<Shared>,
    query: Result<Query<Which>, QueryRejection>,
) -> Answer {
    const EXPECTED: &str = "?net=192.0.2.0/24";
    match self::query(query, EXPECTED)? {
        Which { net: Some(net), all: false } => {
            let net = network(&net)?;
            run(move || control.passlist_remove(net)).await
        }
        _ => Err(bad("expected net, and nothing else").hint(EXPECTED)),
    }
}

async fn reload(State(control): State<Shared>) -> Answer {
    run(move || control.reload()).await
}

async fn no_such_path(uri: Uri) -> ApiError {
    ApiError::new(Code::NotFound, format!("there is no {}", uri.path()))
        .hint("/v1/version, /v1/stats, /v1/services, /v1/denylist, /v1/passlist, /v1/reload")
}

async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    ApiError::new(Code::MethodNotAllowed, format!("{} does not take {method}", uri.path()))
}

/// Calls the agent on a thread that may block, and answers with JSON.
async fn run<T: Serialize + Send + 'static>(
    call: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Answer {
    let json = tokio::task::spawn_blocking(move || {
        let answer = call()?;
        serde_json::to_vec(&answer).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
    })
    .await
    .map_err(|error| {
        ApiError::new(Code::Internal, format!("the agent failed over this request: {error}"))
    })??;
    Ok((StatusCode::OK, [("content-type", "application/json")], json).into_response())
}

fn body<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>, expected: &str) -> Result<T, ApiError> {
    let body =
        body.map_err(|rejection| bad(rejection.body_text()).hint(format!("at most {API_BODY} bytes")))?;
    serde_json::from_slice(&body)
        .map_err(|error| bad(format!("body: {error}")).hint(format!("expected {expected}")))
}

fn query<T>(query: Result<Query<T>, QueryRejection>, expected: &str) -> Result<T, ApiError> {
    match query {
        Ok(Query(query)) => Ok(query),
        Err(rejection) => Err(bad(rejection.body_text()).hint(format!("expected {expected}"))),
    }
}

fn network(text: &str) -> Result<IpNet, ApiError> {
    net::parse(text).map_err(|error| bad(error.to_string()))
}

fn words(field: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if text.chars().count() > REASON_CHARS => {
            Err(bad(format!("{field} is longer than {REASON_CHARS} characters")))
        }
        text => Ok(text.filter(|text| !text.trim().is_empty())),
    }
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::new(Code::BadRequest, message)
}
