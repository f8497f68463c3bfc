//! Requests for tests.

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
