//! What the API answers when it does not do what was asked.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::query::QueryError;

/// Why, for machines. Stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is not understood; the message says what was expected.
    BadRequest,
    /// A query is not understood; `place` says where.
    BadQuery,
    /// A detection rule is not understood; the message says where.
    BadRule,
    /// No token, or none that is known.
    Unauthorized,
    /// The caller may not do this.
    Forbidden,
    /// No such entry or path.
    NotFound,
    /// The path does not know the method.
    MethodNotAllowed,
    /// The passlist holds the address.
    Passlisted,
    /// The agent will not do this to protect the host.
    Refused,
    /// The body is larger than is read.
    TooLarge,
    /// A table is full.
    Full,
    /// Too many tails, connections or failed attempts; later it may go.
    TooMany,
    /// It took too long; asked for less, it may go.
    TooSlow,
    /// What is needed for it does not run: the store, for one.
    Unavailable,
    /// The agent failed.
    Internal,
    /// A code this client does not know: the agent is newer.
    #[serde(other)]
    Other,
}

impl Code {
    /// All that an agent answers with.
    pub const ALL: [Self; 15] = [
        Self::BadRequest,
        Self::BadQuery,
        Self::BadRule,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Passlisted,
        Self::Refused,
        Self::TooLarge,
        Self::Full,
        Self::TooMany,
        Self::TooSlow,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The status of HTTP that goes with it.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::BadQuery | Self::BadRule => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Passlisted | Self::Refused => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal | Self::Other => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error of the API: what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Why, for machines.
    pub code: Code,
    /// What is wrong, for people.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where a query is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Where a query is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Where it begins, in characters, from 1.
    pub column: usize,
    /// Characters it covers, at least 1.
    pub length: usize,
    /// What could stand there instead.
    pub expected: Vec<String>,
}

impl ApiError {
    /// An error without a hint.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, place: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let place = Place { column: error.column, length: error.length, expected: error.expected };
        Self { code: Code::BadQuery, message: error.message, hint: error.hint, place: Some(place) }
    }
}

/// As it stands in a body.
#[derive(Debug, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ApiError,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = self.code;
        let mut response = (code.status(), Json(ErrorBody { error: self })).into_response();
        let headers = response.headers_mut();
        match code {
            // RFC 9110 section 11.6.1 wants it with every 401.
            Code::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::TooMany | Code::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
