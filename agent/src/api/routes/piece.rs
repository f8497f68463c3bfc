//! The piece of a path that names one thing: `/v1/signals/{id}`.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use super::super::{ApiError, Code};

/// It, decoded.
pub(super) struct Piece(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Piece {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(piece)) => Ok(Self(piece)),
            Err(rejection) => Err(ApiError::new(
                Code::BadRequest,
                format!("the path {}: {}", parts.uri.path(), rejection.body_text()),
            )
            .hint("write bytes that are not ASCII as UTF-8, percent-encoded")),
        }
    }
}
