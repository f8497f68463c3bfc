//! Paths to handlers: one file a resource, one row a method of a path.

mod actors;
mod agent;
mod answer;
mod audit;
mod body;
mod cursor;
mod detection;
mod events;
mod exclusions;
mod facet;
mod inventory;
mod kept;
mod lists;
mod notifications;
mod own;
mod params;
mod past;
mod piece;
mod policy;
mod portable;
mod protection;
mod query;
mod rules;
mod settings;
mod signals;
mod tail;
mod tailing;
mod timeline;
mod trial;
mod ui;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, Response, Uri, header},
    middleware::{self, Next},
    response::IntoResponse,
    routing::MethodRouter,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{Semaphore, watch};

use super::{
    ApiError, Code, Control,
    access::{Access, Caller, Person, Tokens},
    inside::Door,
    types::Role,
};
use crate::limits;

/// The API's description, OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("../../../openapi.json");

/// Time between two signs of life of a tail.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client may be slow.
const PATIENCE: Duration = Duration::from_secs(limits::API_READ_SECONDS);

type Shared = Arc<Api>;

/// What all handlers share.
pub struct Api {
    control: Arc<dyn Control>,
    access: Access,
    tails: Arc<Semaphore>,
    heartbeat: Duration,
    patience: Duration,
    stopping: watch::Sender<bool>,
    door: OnceLock<Arc<dyn Door>>,
}

impl Api {
    /// For an agent, with the tokens that are taken over TCP.
    #[must_use]
    pub fn new(control: Arc<dyn Control>, tokens: Tokens) -> Self {
        Self {
            control,
            access: Access::new(tokens),
            tails: Arc::new(Semaphore::new(limits::API_TAILS)),
            heartbeat: HEARTBEAT,
            patience: PATIENCE,
            stopping: watch::Sender::new(false),
            door: OnceLock::new(),
        }
    }

    /// With another time between two signs of life of a tail.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat;
        self
    }

    /// With another time in which a head, a body and a handshake of TLS have to come, and in which a connection has to be
    /// used again.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long a client may be slow.
    pub(crate) fn slowest(&self) -> Duration {
        self.patience
    }

    /// Ends tails.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Log-in links come from here from now on.
    pub fn open(&self, door: Arc<dyn Door>) {
        // There is one UI.
        let _ = self.door.set(door);
    }

    /// Who may.
    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// The agent.
    pub(super) fn control(&self) -> &Arc<dyn Control> {
        &self.control
    }

    /// The router for connections of a caller.
    pub(super) fn router(self: &Arc<Self>) -> Router {
        let mut router = Router::new();
        for Row { path, role, to, .. } in rows() {
            router = router.route(path, to.route_layer(middleware::from_fn_with_state(role, only)));
        }
        router
            .fallback(no_such_path)
            .method_not_allowed_fallback(no_such_method)
            .layer(middleware::from_fn_with_state(Arc::clone(self), authenticate))
            .with_state(Arc::clone(self))
    }

    /// Answers one request without a connection: for tests.
    ///
    /// # Errors
    /// The body of the answer broke off.
    pub async fn answer(
        self: &Arc<Self>,
        caller: Caller,
        request: axum::http::Request<Bytes>,
    ) -> Result<Response<Bytes>, axum::Error> {
        let service = TowerToHyperService::new(self.router().layer(Extension(caller)));
        let (head, body) = request.into_parts();
        let request = axum::http::Request::from_parts(head, Body::new(Full::new(body)));
        let (head, body) = match service.call(request).await {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }
}

/// A method of a path, who may, and what answers.
struct Row {
    method: Method,
    path: &'static str,
    role: Role,
    to: MethodRouter<Shared>,
}

impl Row {
    fn new(method: Method, path: &'static str, role: Role, to: MethodRouter<Shared>) -> Self {
        Self { method, path, role, to }
    }
}

/// A row as others may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Method.
    pub method: String,
    /// `/v1/events/{id}`.
    pub path: &'static str,
    /// Who may.
    pub role: Role,
}

/// Everything that is answered.
#[must_use]
pub fn route_table() -> Vec<Route> {
    let route = |row: Row| Route { method: row.method.to_string(), path: row.path, role: row.role };
    rows().into_iter().map(route).collect()
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for resource in [
        agent::rows(),
        events::rows(),
        signals::rows(),
        tail::rows(),
        inventory::rows(),
        policy::rows(),
        actors::rows(),
        lists::rows(),
        protection::rows(),
        audit::rows(),
        rules::rows(),
        own::rows(),
        trial::rows(),
        exclusions::rows(),
        detection::rows(),
        notifications::rows(),
        settings::rows(),
        portable::rows(),
        query::rows(),
        ui::rows(),
    ] {
        rows.extend(resource);
    }
    rows
}

/// Finds out who asks; what may not be read never gets to a handler.
async fn authenticate(
    State(api): State<Shared>,
    caller: Option<Extension<Caller>>,
    mut request: Request,
    next: Next,
) -> axum::response::Response {
    let caller = caller.map_or(Caller::Local(None), |Extension(caller)| caller);
    // Known already: only this process can say so.
    let known = request.extensions_mut().remove::<Person>();
    let mut response = match known.map_or_else(|| api.access.person(caller, request.headers()), Ok) {
        Err(error) => error.into_response(),
        Ok(_)
            if request
                .uri()
                .path_and_query()
                .is_some_and(|target| target.as_str().len() > limits::API_TARGET) =>
        {
            ApiError::new(
                Code::TooLarge,
                format!("path and parameters: at most {} bytes", limits::API_TARGET),
            )
            .into_response()
        }
        Ok(person) => {
            request.extensions_mut().insert(person);
            next.run(request).await
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Lets those with a role pass.
async fn only(
    State(role): State<Role>,
    person: Option<Extension<Person>>,
    request: Request,
    next: Next,
) -> axum::response::Response {
    let may = match person {
        Some(Extension(person)) => person.may(role),
        None => Err(ApiError::new(Code::Unauthorized, "it is not known who asks")),
    };
    match may {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn no_such_path(uri: Uri) -> ApiError {
    let mut paths: Vec<&str> = rows().iter().map(|row| row.path).collect();
    paths.dedup();
    ApiError::new(Code::NotFound, format!("there is no {}", shown(&uri))).hint(paths.join(", "))
}

async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    ApiError::new(Code::MethodNotAllowed, format!("{} does not take {}", shown(&uri), short(method.as_str())))
}

fn shown(uri: &Uri) -> String {
    short(uri.path())
}

/// As much of a caller's text as an error repeats.
fn short(text: &str) -> String {
    cut(text, 200)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain(['…']).collect()
}
