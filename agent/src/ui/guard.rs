//! What every request passes, whoever sends it: is it meant for us, did our own page send it; and what every answer
//! says to the browser.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::api::{ApiError, Code};

/// Names the UI may be asked by. A page elsewhere whose name is pointed at this address (DNS rebinding) is the same
/// origin to its browser, but it sends its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hosts {
    address: IpAddr,
    names: Vec<String>,
}

impl Hosts {
    pub fn new(address: IpAddr, names: &[String]) -> Self {
        Self { address, names: names.to_vec() }
    }

    /// Whether a request is meant for this UI. Ports do not count: tunnels and proxies have their own.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let mut given = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (given.next(), given.next()) else {
            return Err(ApiError::new(Code::BadRequest, "expected one Host header field"));
        };
        let host = host.to_str().unwrap_or_default();
        if self.knows(bare(host)) {
            return Ok(());
        }
        let shown: String = host.chars().take(100).collect();
        Err(ApiError::new(Code::Refused, format!("this UI is not called {shown:?}")).hint(
            "ask for it by its address or localhost, or add the name to hosts in [ui] of the configuration",
        ))
    }

    fn knows(&self, name: &str) -> bool {
        if let Ok(address) = name.parse::<IpAddr>() {
            // Nobody can point an address somewhere else.
            let own = self.address.is_unspecified() || address.to_canonical() == self.address.to_canonical();
            return own
                || (self.address.is_loopback() && address.is_loopback())
                || self.names.iter().any(|known| known.parse() == Ok(address));
        }
        name.eq_ignore_ascii_case("localhost")
            || self.names.iter().any(|known| known.eq_ignore_ascii_case(name.trim_end_matches('.')))
    }
}

/// A host without its port; IPv6 without its brackets.
fn bare(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// That a request which changes something comes from a page of this UI. Browsers say where a request comes from, and
/// scripts of other pages can't change what they say.
pub(super) fn same_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let origin = text(header::ORIGIN);
    let host = text(header::HOST).unwrap_or_default();
    let from_here = origin.is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
    });
    let said = site.is_some() || origin.is_some();
    if said && from_here && site.is_none_or(|site| site == "same-origin") {
        return Ok(());
    }
    Err(ApiError::new(Code::Forbidden, "this did not come from a page of this UI, so nothing was done")
        .hint("open the page here and try again; a program uses the API"))
}

/// Whether somebody follows a link of another site: cookies that are only for this site are not sent then.
pub(super) fn follows_link(headers: &HeaderMap) -> bool {
    let is =
        |name, expected| headers.get(HeaderName::from_static(name)).is_some_and(|value| value == expected);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-site", "cross-site")
}

/// A number for one answer: scripts and styles that carry it are ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nonce(String);

impl Nonce {
    pub fn new() -> Result<Self, ApiError> {
        let bytes = crate::random::bytes::<16>()
            .map_err(|error| ApiError::new(Code::Internal, format!("random numbers: {error}")))?;
        Ok(Self(STANDARD.encode(bytes)))
    }

    #[cfg(test)]
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// What a page may load and where it may send forms.
    pub fn policy(&self) -> String {
        let nonce = &self.0;
        format!(
            "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
             img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

/// What every answer says, a page or not.
pub(super) fn secure(headers: &mut HeaderMap, tls: bool) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    if tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
