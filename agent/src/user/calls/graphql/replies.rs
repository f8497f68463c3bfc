//! What a GraphQL service answers: `data` by the name of a field, `errors` with the path of one.

use super::super::{Call, Calls, Reply, index, part};
use crate::{
    http::Body,
    limits,
    rules::bodies::{Buffers, Sink, json},
};

/// Codes and beginnings of messages of requests that were never run.
const UNCHECKED: [&[u8]; 11] = [
    b"graphql_validation_failed",
    b"graphql_parse_failed",
    b"persisted_query_not_found",
    b"persistedquerynotfound",
    b"persisted_query_not_supported",
    b"cannot query field",
    b"syntax error",
    b"unknown argument",
    b"unknown type",
    b"field \"",
    b"variable \"$",
];

/// Gives each call what was answered to it.
pub(in crate::user::calls) fn replies(status: u16, body: &Body, calls: &mut Calls) {
    let mut reader = Reader { calls, status, error: Error::default() };
    json::read(&body.data, limits::FIELD_DEPTH, body.cut, &mut Buffers::default(), &mut reader);
    reader.end();
}

/// An error, as far as it was read.
#[derive(Debug, Default)]
struct Error {
    /// Which of a batch it is in, and which of its errors it is.
    place: Option<(u32, u32)>,
    /// The name of the field that it is about, if it says so.
    key: Vec<u8>,
    text: Vec<u8>,
}

struct Reader<'r> {
    calls: &'r mut Calls,
    status: u16,
    error: Error,
}

impl Reader<'_> {
    /// Takes a value of an error.
    fn error(&mut self, entry: u32, name: &[u8], value: &[u8]) {
        let (number, rest) = index(name).unwrap_or((0, name));
        if self.error.place != Some((entry, number)) {
            self.end();
            self.error.place = Some((entry, number));
        }
        match rest {
            b"path.array_0" => self.error.key = value.to_vec(),
            b""
            | b"message"
            | b"extensions.code"
            | b"extensions.category"
            | b"extensions.errorCode"
            | b"code"
                if self.error.text.len() < limits::FIELD_BYTES =>
            {
                self.error.text.extend_from_slice(value);
                self.error.text.push(b'\n');
            }
            _ => {}
        }
    }

    /// The error is whole.
    fn end(&mut self) {
        let Error { place: Some((entry, _)), key, text } = std::mem::take(&mut self.error) else { return };
        let unchecked = text.split(|&byte| byte == b'\n').any(|line| {
            let fits = |known: &&[u8]| {
                line.get(..known.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(known))
            };
            UNCHECKED.iter().any(fits)
        });
        // One that names no field is about the request; with these statuses, about its form or the service.
        let of_request = key.is_empty() && (self.status == 400 || self.status >= 500);
        let reply = match unchecked || of_request {
            true => Reply::Unchecked,
            false => Reply::Refused,
        };
        let about = |call: &&mut Call| {
            call.entry == entry && (key.is_empty() || call.key.is_empty() || call.key == key)
        };
        self.calls.iter_mut().filter(about).for_each(|call| call.refuse(reply, &text));
    }

    fn data(&mut self, entry: u32, name: &[u8], value: &[u8]) {
        let (key, rest) = part(name);
        let about = |call: &&mut Call| call.entry == entry && (call.key.is_empty() || call.key == key);
        self.calls.iter_mut().filter(about).for_each(|call| call.take(rest, value));
    }
}

impl Sink for Reader<'_> {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool {
        let name = name.strip_prefix(b"json.").unwrap_or_default();
        let (entry, name) = index(name).unwrap_or((0, name));
        match part(name) {
            (b"errors", rest) => self.error(entry, rest, value),
            (b"data", rest) if !rest.is_empty() => self.data(entry, rest, value),
            _ => {}
        }
        true
    }
}
