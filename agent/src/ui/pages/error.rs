//! Answers to requests that are not for us: no page, and nothing of ours in it.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::api::{ApiError, Code};

/// What is wrong, as text.
pub fn plain(error: &ApiError) -> Response {
    let status = match error.code {
        // RFC 9110 section 15.5.20.
        Code::Refused => StatusCode::MISDIRECTED_REQUEST,
        code => code.status(),
    };
    let hint = error.hint.as_ref().map(|hint| format!("{hint}\n")).unwrap_or_default();
    let text = format!("{}\n{hint}", error.message);
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
