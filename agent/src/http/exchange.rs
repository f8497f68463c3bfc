//! One request and its response, whole: what is judged from a file rather than from a wire.

use bytes::Bytes;
use picket_common::conn::Direction;

use super::{
    Connection, Limits, Output,
    anomaly::{self, note},
    message::{Body, Request, Response},
};
use crate::stream::Piece;

/// A request and its response.
#[derive(Debug)]
pub struct Exchange {
    /// The request, as far as it can be read.
    pub request: Request,
    /// Its response.
    pub response: Option<Response>,
}

/// Reads bytes that are one request, whatever they look like, and those that are its response. What is no
/// request at all comes out as the body of one without method and target.
#[must_use]
pub fn exchange(request: &[u8], response: Option<&[u8]>, limits: Limits) -> Exchange {
    let mut connection = Connection::new(limits, true);
    // It is known to be HTTP: what is malformed is an observation.
    connection.proven = true;
    let mut outputs = Vec::new();
    connection.feed(Direction::Ingress, Piece::Data(request), 0, &mut outputs);
    connection.ended(Direction::Ingress, 0, &mut outputs);
    if let Some(response) = response {
        connection.feed(Direction::Egress, Piece::Data(response), 0, &mut outputs);
        connection.ended(Direction::Egress, 0, &mut outputs);
    }
    connection.close(0, &mut outputs);
    let mut read = Exchange { request: nothing_of(request), response: None };
    let mut found = false;
    for output in outputs {
        match output {
            Output::Request(request) if !found => {
                read.request = *request;
                found = true;
            }
            Output::Response(response) if found && response.number == read.request.number => {
                read.response = Some(*response);
            }
            _ => {}
        }
    }
    read
}

fn nothing_of(bytes: &[u8]) -> Request {
    let mut anomalies = Vec::new();
    note(&mut anomalies, anomaly::BAD_REQUEST_LINE, || "no request line".into());
    Request {
        number: 0,
        method: Bytes::new(),
        target: Bytes::new(),
        protocol: Bytes::new(),
        version: 1,
        headers: Vec::new(),
        trailers: 0,
        body: Body { data: Bytes::copy_from_slice(bytes), wire_len: bytes.len() as u64, cut: false },
        anomalies,
        started: 0,
        ended: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_in_a_request_comes_out() {
        type Bytes = &'static [u8];
        let cases: [(Bytes, Bytes, Bytes, Bytes); 7] = [
            (b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", b"GET", b"/a", b""),
            (b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"POST", b"/a", b"abc"),
            (b"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", b"POST", b"/a", b"abc"),
            (b"GET /a HTTP/1.1\r\nHost: x", b"GET", b"/a", b""),
            (b"GET /a", b"GET", b"/a", b""),
            (b"", b"", b"", b""),
            (b"\x00\xff", b"", b"", b"\x00\xff"),
        ];
        let mut ran = 0;
        for (bytes, method, target, body) in cases {
            let Exchange { request, .. } = exchange(bytes, None, Limits::default());
            let shown = bytes.escape_ascii();
            assert_eq!((&request.method[..], &request.target[..]), (method, target), "{shown}");
            assert_eq!(&request.body.data[..], body, "{shown}");
            ran += 1;
        }
        assert_eq!(ran, 7);
        let read = exchange(
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            Some(b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"),
            Limits::default(),
        );
        let response = read.response.unwrap();
        assert_eq!((response.status, &response.body.data[..]), (404, &b"no"[..]));
    }
}
