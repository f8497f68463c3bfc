//! Requests for tests.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::http::{Body, Header, Request};

pub(super) fn get(target: &str) -> Request {
    request("GET", target)
}

pub(super) fn post(target: &str, content_type: &str, body: impl AsRef<[u8]>) -> Request {
    let mut request = request("POST", target);
    if !content_type.is_empty() {
        request = request.with("content-type", content_type);
    }
    request.body.data = body.as_ref().to_vec().into();
    request
}

pub(super) fn request(method: &str, target: &str) -> Request {
    Request {
        number: 0,
        method: method.to_owned().into(),
        target: target.to_owned().into(),
        protocol: "HTTP/1.1".into(),
        version: 1,
        headers: Vec::new(),
        trailers: 0,
        body: Body::default(),
        anomalies: Vec::new(),
        started: 0,
        ended: 0,
    }
}

impl Request {
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header { name: name.to_owned().into(), value: value.to_owned().into() });
        self
    }
}

/// A request in a case file: a target of a GET, or its parts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Case {
    Target(String),
    Parts(Parts),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    #[serde(default)]
    method: Option<String>,
    target: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    /// After `body`, for bytes that are not text.
    #[serde(default)]
    body_bytes: Vec<u8>,
}

impl Case {
    pub fn request(&self) -> Request {
        match self {
            Self::Target(target) => get(target),
            Self::Parts(parts) => {
                let mut made = request(parts.method.as_deref().unwrap_or("GET"), &parts.target);
                for (name, value) in &parts.headers {
                    made = made.with(name, value);
                }
                let data = [parts.body.as_bytes(), &parts.body_bytes].concat();
                made.body = Body { wire_len: data.len() as u64, data: data.into(), cut: false };
                made
            }
        }
    }
}
