//! Style, scripts and icon: compiled in. Their paths carry a hash of what is in them, so that browsers keep them for
//! good.

use std::sync::LazyLock;

use axum::{
    extract::RawPathParams,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::answer;

/// Something that pages load.
pub(super) struct Asset {
    path: String,
    media_type: &'static str,
    body: Bytes,
    compressed: Option<Bytes>,
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("style.css")));
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "app",
        "js",
        "text/javascript; charset=utf-8",
        concat!(include_str!("app.js"), include_str!("fresh.js")),
    )
});
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("icon.svg")));

impl Asset {
    fn new(name: &str, extension: &str, media_type: &'static str, text: &'static str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let body = Bytes::from_static(text.as_bytes());
        let compressed = answer::gzip(&body);
        Self { path: format!("/assets/{name}.{hash}.{extension}"), media_type, body, compressed }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        // The path says what is in it; so does its tag.
        let tag = format!("\"{}\"", self.path);
        let known =
            headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
        let mut response = match (known, &self.compressed) {
            (true, _) => StatusCode::NOT_MODIFIED.into_response(),
            (false, Some(body)) if answer::takes_gzip(headers) => {
                ([(header::CONTENT_ENCODING, "gzip")], body.clone()).into_response()
            }
            (false, _) => self.body.clone().into_response(),
        };
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            fields.insert(header::ETAG, tag);
        }
        response
    }
}

/// Gives one of them. There is nothing in them that only some may see.
pub(super) async fn serve(pieces: RawPathParams, headers: HeaderMap) -> Response {
    let file = pieces.iter().find(|(name, _)| *name == "file").map_or("", |(_, value)| value);
    let asked = format!("/assets/{file}");
    match [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.path == asked) {
        Some(asset) => asset.answer(&headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
