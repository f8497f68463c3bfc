//! Request heads.

use std::mem::MaybeUninit;

use bytes::Bytes;

use super::{
    anomaly::{self, note},
    coding::Coding,
    fields::{Fields, slice},
    framing::{self, Framing},
    lenient,
    limits::Limits,
    message::{Anomaly, Header},
    pairing::Kind,
};
use crate::limits::MAX_HEADERS;

/// A request head, read.
#[derive(Debug)]
pub(super) struct RequestHead {
    pub method: Bytes,
    pub target: Bytes,
    pub protocol: Bytes,
    pub version: u8,
    pub headers: Vec<Header>,
    pub anomalies: Vec<Anomaly>,
    pub framing: Framing,
    pub codings: Vec<Option<Coding>>,
    pub expect_continue: bool,
    pub kind: Kind,
}

/// Reads a head, complete with its empty line or as much of it as came.
pub(super) fn parse(head: &Bytes, complete: bool, bare_lf: bool, limits: &Limits) -> RequestHead {
    let mut anomalies = Vec::new();
    if bare_lf {
        note(&mut anomalies, anomaly::BARE_LF, || "lines of the head end in a bare LF".into());
    }
    let mut read = (complete && limits.headers <= MAX_HEADERS)
        .then(|| strict(head, limits, &mut anomalies))
        .flatten()
        .unwrap_or_else(|| read_leniently(head, limits, &mut anomalies));
    let version = read.version;
    if read.fields.hosts == 0 && version == 1 && complete {
        note(&mut anomalies, anomaly::MISSING_HOST, || "HTTP/1.1 request without Host".into());
    }
    if read.fields.hosts > 1 {
        note(&mut anomalies, anomaly::DUPLICATE_HOST, || format!("{} Host fields", read.fields.hosts));
    }
    let kind = Kind::of(&read.method);
    let framing = match kind {
        _ if !read.believable => Framing::Unknown,
        // What follows CONNECT belongs to the tunnel, if there will be one.
        Kind::Connect => Framing::None,
        _ => framing::of_request(&read.fields, version, &mut anomalies),
    };
    RequestHead {
        method: read.method,
        target: read.target,
        protocol: read.protocol,
        version,
        headers: read.headers,
        anomalies,
        framing,
        codings: read.fields.codings(),
        expect_continue: read.fields.expect_continue && version == 1,
        kind,
    }
}

struct Read {
    method: Bytes,
    target: Bytes,
    protocol: Bytes,
    version: u8,
    headers: Vec<Header>,
    fields: Fields,
    believable: bool,
}

/// The clean path. `None`: httparse refuses it.
fn strict(head: &Bytes, limits: &Limits, anomalies: &mut Vec<Anomaly>) -> Option<Read> {
    let mut space = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let space = space.get_mut(..limits.headers)?;
    let mut request = httparse::Request::new(&mut []);
    let parsed =
        httparse::ParserConfig::default().parse_request_with_uninit_headers(&mut request, head, space);
    // Both must agree on where the head ends.
    if parsed != Ok(httparse::Status::Complete(head.len())) {
        return None;
    }
    let mut fields = Fields::default();
    let mut headers = Vec::with_capacity(request.headers.len());
    for header in request.headers.iter() {
        fields.note(header.name.as_bytes(), header.value, anomalies);
        headers.push(Header { name: slice(head, header.name.as_bytes()), value: slice(head, header.value) });
    }
    Some(Read {
        method: slice(head, request.method?.as_bytes()),
        target: slice(head, request.path?.as_bytes()),
        protocol: Bytes::from_static(if request.version? == 0 { b"HTTP/1.0" } else { b"HTTP/1.1" }),
        version: request.version?,
        headers,
        fields,
        believable: true,
    })
}

fn read_leniently(head: &Bytes, limits: &Limits, anomalies: &mut Vec<Anomaly>) -> Read {
    let end = head.iter().position(|&b| b == b'\n').map_or(head.len(), |lf| lf + 1);
    let (line, rest) = head.split_at(end);
    let line = lenient::request_line(line, anomalies);
    let mut fields = Fields::default();
    let headers = lenient::read_headers(head, rest, limits.headers, &mut fields, anomalies);
    Read {
        method: slice(head, line.method),
        target: slice(head, line.target),
        protocol: slice(head, line.protocol),
        version: line.version,
        headers,
        fields,
        believable: line.believable,
    }
}
