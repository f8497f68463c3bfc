//! The API for what runs in this process: the web UI, which knows who asks and needs no connection.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Body,
    http::{Request, Response},
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::json;

use super::{
    ApiError, Code,
    access::Person,
    control,
    routes::Api,
    types::{LoginLink, TokenView},
};

/// What makes links to log in to the web UI with.
pub trait Door: Send + Sync + 'static {
    /// A link for somebody.
    ///
    /// # Errors
    /// When too many are outstanding.
    fn link(&self, person: Person) -> Result<LoginLink, ApiError>;
}

/// The API without a connection. Roles, audit, limits and errors are those of any other caller.
#[derive(Clone)]
pub struct Inside {
    api: Arc<Api>,
    router: Router,
}

impl Inside {
    /// Of an API.
    #[must_use]
    pub fn of(api: &Arc<Api>) -> Self {
        Self { api: Arc::clone(api), router: api.router() }
    }

    /// Answers somebody. The body of a tail goes on until it is dropped.
    pub async fn answer(&self, person: Person, request: Request<Bytes>) -> Response<Body> {
        let service = TowerToHyperService::new(self.router.clone().layer(Extension(person)));
        let (head, body) = request.into_parts();
        match service.call(Request::from_parts(head, Body::new(Full::new(body)))).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Whose token it is; on a thread that may block.
    ///
    /// # Errors
    /// It is nobody's, or too many that came from the address were wrong.
    pub async fn token(&self, address: IpAddr, token: String) -> Result<TokenView, ApiError> {
        let api = Arc::clone(&self.api);
        let found = tokio::task::spawn_blocking(move || api.access().token(address, &token)).await;
        found.map_err(|error| ApiError::new(Code::Internal, error.to_string()))?
    }

    /// Whether a token that was let in still is one.
    #[must_use]
    pub fn still(&self, token: &TokenView) -> bool {
        self.api.access().still(token)
    }

    /// Whether an address may try another secret.
    ///
    /// # Errors
    /// [`Code::TooMany`] after wrong ones.
    pub fn may_try(&self, address: IpAddr) -> Result<(), ApiError> {
        self.api.access().may_try(address)
    }

    /// A secret that came from an address was wrong.
    pub fn failed(&self, address: IpAddr) {
        self.api.access().failed(address);
    }

    /// Writes down that somebody logged in, or out.
    pub async fn audit(&self, person: &Person, action: &'static str, from: IpAddr) {
        let control = Arc::clone(self.api.control());
        let Person { name, role } = person.clone();
        let written = tokio::task::spawn_blocking(move || {
            let after = json!({ "role": role, "from": from });
            control::audit(&control.desk(), &name, action, "web UI", &after);
        });
        // A panic there is in the log already.
        let _ = written.await;
    }
}
