//! Response heads.

use std::mem::MaybeUninit;

use bytes::Bytes;

use super::{
    anomaly::{self, note},
    detect,
    fields::{Fields, slice},
    lenient,
    limits::Limits,
    message::{Anomaly, Header},
};
use crate::limits::MAX_HEADERS;

/// A response head, read.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub status: u16,
    pub headers: Vec<Header>,
    pub anomalies: Vec<Anomaly>,
    pub fields: Fields,
}

/// Reads a head, complete with its empty line or as much of it as came. `None`: the first line is
/// no status line.
pub(super) fn parse(head: &Bytes, complete: bool, bare_lf: bool, limits: &Limits) -> Option<ResponseHead> {
    let end = head.iter().position(|&b| b == b'\n').map_or(head.len(), |lf| lf + 1);
    let (line, rest) = head.split_at(end);
    let status = detect::status_of(line)?;
    let mut anomalies = Vec::new();
    if bare_lf {
        note(&mut anomalies, anomaly::BARE_LF, || "lines of the head end in a bare LF".into());
    }
    let mut fields = Fields::default();
    let headers = (complete && limits.headers <= MAX_HEADERS)
        .then(|| strict(head, limits, &mut fields, &mut anomalies))
        .flatten()
        .unwrap_or_else(|| lenient::read_headers(head, rest, limits.headers, &mut fields, &mut anomalies));
    Some(ResponseHead { status, headers, anomalies, fields })
}

/// The clean path. `None`: httparse refuses it.
fn strict(
    head: &Bytes,
    limits: &Limits,
    fields: &mut Fields,
    anomalies: &mut Vec<Anomaly>,
) -> Option<Vec<Header>> {
    let mut space = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let space = space.get_mut(..limits.headers)?;
    let mut response = httparse::Response::new(&mut []);
    let parsed =
        httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut response, head, space);
    // Both must agree on where the head ends.
    if parsed != Ok(httparse::Status::Complete(head.len())) {
        return None;
    }
    let mut headers = Vec::with_capacity(response.headers.len());
    for header in response.headers.iter() {
        fields.note(header.name.as_bytes(), header.value, anomalies);
        headers.push(Header { name: slice(head, header.name.as_bytes()), value: slice(head, header.value) });
    }
    Some(headers)
}
