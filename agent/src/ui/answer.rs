//! Answers: pages, compressed where it pays, and ways to other pages.

use std::io::Write as _;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use maud::Markup;

use super::{
    frame::Frame,
    page::{self, Page},
    target::Target,
};
use crate::api::ApiError;

/// Bytes below which compressing does not pay: they fit into one packet.
const SHORT: usize = 1200;

/// A page in its frame.
pub(super) fn page(frame: &Frame, page: &Page, headers: &HeaderMap) -> Response {
    whole(frame, page, page::render(frame, page), headers)
}

/// What is in the frame alone: a script has the frame.
pub(super) fn inside(frame: &Frame, page: &Page, headers: &HeaderMap) -> Response {
    whole(frame, page, page::inside(page), headers)
}

fn whole(frame: &Frame, page: &Page, html: Markup, headers: &HeaderMap) -> Response {
    let html = html.into_string();
    let mut response = (page.status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")]).into_response();
    if let Ok(policy) = HeaderValue::try_from(frame.nonce.policy()) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding, cookie"));
    let compressed = takes_gzip(headers).then(|| gzip(html.as_bytes())).flatten();
    let body = match compressed {
        Some(body) => {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            body
        }
        None => html.into(),
    };
    *response.body_mut() = body.into();
    response
}

/// The page that says what went wrong, to somebody who is not logged in.
pub(super) fn failed(headers: &HeaderMap, here: Target, error: ApiError) -> Response {
    match Frame::new(headers, here, None) {
        Ok(frame) => page(&frame, &Page::error(&error), headers),
        Err(error) => error.into_response(),
    }
}

/// Go there, with GET.
pub(super) fn to(target: &str) -> Response {
    match HeaderValue::try_from(target) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Ask for the same once more, from here: a browser that follows a link of another site keeps back the session's cookie,
/// and sends it with what our own page asks for.
pub(super) fn again(here: &Target) -> Response {
    let html = page::again(here).into_string();
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

/// Whether a client takes gzip (RFC 9110 section 12.5.3).
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let given = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|field| field.to_str().ok());
    given.flat_map(|field| field.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        name.eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Compressed, if that pays.
pub(super) fn gzip(bytes: &[u8]) -> Option<Bytes> {
    if bytes.len() < SHORT {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().filter(|out| out.len() < bytes.len()).map(Bytes::from)
}
