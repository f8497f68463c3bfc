//! What of a transaction each address holds, as seen from outside of the service.
//!
//! | address | object |
//! |---|---|
//! | `server.request.method`, `server.request.uri.raw` | text, as sent |
//! | `server.request.query` | map, decoded once; several values of a name are a list |
//! | `server.request.path_params` | list of the path's segments: which of them are parameters only the service knows |
//! | `server.request.headers.no_cookies`, `server.request.headers` | map, names in small letters |
//! | `server.request.cookies` | map, as sent |
//! | `server.request.body` | map of a form or of multipart fields, JSON as it is, text |
//! | `server.request.body.filenames`, `….files_content`, `….combined_file_size` | of multipart |
//! | `server.response.status` | text of three digits, as tracers give it |
//! | `server.response.headers.no_cookies`, `server.response.headers` | as of the request, `no_cookies` without Set-Cookie |
//! | `server.response.body` | JSON as it is |
//! | `http.client_ip`, `usr.id`, `usr.session_id`, `waf.context.processor` | what is known beside the messages |
//!
//! and Picket's own `server.request.path`, `server.request.query.raw`, `server.request.body.raw`.

use std::borrow::Cow;
use std::net::IpAddr;

use super::{Fields, Object, Room, read_json};
use crate::http::{Body, Header, Request, Response};
use crate::rules::bodies::{Buffers, multipart, urlencoded};
use crate::rules::inputs::body::Kind;
use crate::rules::inputs::target;
use crate::rules::transforms::percent_decode;

/// What is known of a transaction beside its messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'r> {
    /// The client, behind trusted proxies too.
    pub client_ip: Option<IpAddr>,
    /// Who is logged in (`usr.id`).
    pub user_id: Option<&'r [u8]>,
    /// The session's id (`usr.session_id`).
    pub session_id: Option<&'r [u8]>,
    /// Whether schemas are wanted of this transaction (`waf.context.processor`, `extract-schema`): whoever
    /// runs the processors samples.
    pub extract_schema: bool,
}

/// A request, its response once there is one, and what else is known.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'r> {
    /// The request.
    pub request: &'r Request,
    /// Its response.
    pub response: Option<&'r Response>,
    /// The rest.
    pub facts: Facts<'r>,
}

impl<'r> Transaction<'r> {
    /// The object of an address; none: there is nothing, or it can't be seen from outside.
    #[must_use]
    pub fn object(&self, address: &str, room: &mut Room) -> Option<Object<'r>> {
        let Self { request, response, facts } = self;
        if let Some(part) = address.strip_prefix("server.request.") {
            return of_request(request, part, room);
        }
        if let Some(part) = address.strip_prefix("server.response.") {
            return of_response((*response)?, part, room);
        }
        match address {
            "http.client_ip" => facts.client_ip.map(|ip| owned(ip.to_string())),
            "usr.id" => facts.user_id.map(|id| text(id, room)),
            "usr.session_id" => facts.session_id.map(|id| text(id, room)),
            "waf.context.processor" => {
                Some(Object::Map(vec![(b"extract-schema".into(), Object::Bool(facts.extract_schema))]))
            }
            _ => None,
        }
    }
}

fn of_request<'r>(request: &'r Request, part: &str, room: &mut Room) -> Option<Object<'r>> {
    let (path, query) = target::split(&request.target);
    Some(match part {
        "method" => text(&request.method, room),
        "uri.raw" => text(&request.target, room),
        "path" => Object::String(decoded(path, room)),
        "path_params" => segments(path, room),
        "query.raw" => text(query?, room),
        "query" => parameters(query?, room),
        "headers" => fields(request.head_fields(), None, room),
        "headers.no_cookies" => fields(request.head_fields(), Some("cookie"), room),
        "cookies" => return cookies(request.head_fields(), room),
        "body.raw" => text(some(&request.body)?, room),
        "body" => return body(request, room),
        "body.filenames" => files(request, room)?.0,
        "body.files_content" => files(request, room)?.1,
        "body.combined_file_size" => files(request, room)?.2,
        _ => return None,
    })
}

fn of_response<'r>(response: &'r Response, part: &str, room: &mut Room) -> Option<Object<'r>> {
    Some(match part {
        "status" => owned(response.status.to_string()),
        "headers" => fields(&response.headers, None, room),
        "headers.no_cookies" => fields(&response.headers, Some("set-cookie"), room),
        "body" => {
            let data = some(&response.body)?;
            let content_type = response.header("content-type").map_or(&b""[..], |value| value);
            match Kind::of(content_type, data) {
                Kind::Json => return read_json(data, response.body.cut, room),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn text<'r>(text: &'r [u8], room: &mut Room) -> Object<'r> {
    Object::String(room.text(text))
}

fn owned(text: String) -> Object<'static> {
    Object::String(text.into_bytes().into())
}

fn some(body: &Body) -> Option<&[u8]> {
    Some(&body.data[..]).filter(|data| !data.is_empty())
}

/// Percent-decoded once.
fn decoded<'r>(text: &'r [u8], room: &mut Room) -> Cow<'r, [u8]> {
    let text = room.text(text);
    let mut out = Vec::new();
    if percent_decode(&text, false, &mut out) { out.into() } else { text }
}

fn segments<'r>(path: &'r [u8], room: &mut Room) -> Object<'r> {
    let mut items = Vec::new();
    for segment in path.split(|&byte| byte == b'/').filter(|segment| !segment.is_empty()) {
        if !room.take(items.len()) {
            break;
        }
        items.push(Object::String(decoded(segment, room)));
    }
    Object::Array(items)
}

fn parameters(text: &[u8], room: &mut Room) -> Object<'static> {
    let mut fields = Fields::new(room);
    urlencoded::read(text, urlencoded::SEPARATOR, &mut Buffers::default(), &mut fields);
    fields.map()
}

/// Header fields but for those with the name `without`.
fn fields<'r>(headers: &'r [Header], without: Option<&str>, room: &mut Room) -> Object<'r> {
    let mut map = Fields::new(room);
    for Header { name, value } in headers {
        if without.is_some_and(|without| name.eq_ignore_ascii_case(without.as_bytes())) {
            continue;
        }
        if name.iter().any(u8::is_ascii_uppercase) {
            map.text(name.to_ascii_lowercase(), &value[..]);
        } else {
            map.text(&name[..], &value[..]);
        }
    }
    map.map()
}

/// Pairs of Cookie fields (RFC 6265 section 4.2.1), quotation marks around a value taken off. What has no
/// equals sign is no cookie.
fn cookies<'r>(headers: &'r [Header], room: &mut Room) -> Option<Object<'r>> {
    let mut lines = headers.iter().filter(|field| field.name.eq_ignore_ascii_case(b"cookie")).peekable();
    lines.peek()?;
    let mut map = Fields::new(room);
    for pair in lines.flat_map(|field| field.value.split(|&byte| byte == b';')) {
        let Some(at) = memchr::memchr(b'=', pair) else { continue };
        let name = pair.get(..at).unwrap_or_default().trim_ascii();
        let value = pair.get(at + 1..).unwrap_or_default().trim_ascii();
        let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        map.text(name, unquoted.unwrap_or(value));
    }
    Some(map.map())
}

fn body<'r>(request: &'r Request, room: &mut Room) -> Option<Object<'r>> {
    let data = some(&request.body)?;
    match kind(request, data) {
        Kind::Json => read_json(data, request.body.cut, room),
        Kind::Form => Some(parameters(data, room)),
        Kind::Multipart(_) => {
            let mut fields = Fields::new(room);
            parts(request, data, &mut fields);
            Some(fields.map())
        }
        Kind::Text => Some(text(data, room)),
        Kind::Media => None,
    }
}

/// Names, contents, and the bytes of all files of a multipart body.
fn files(request: &Request, room: &mut Room) -> Option<(Object<'static>, Object<'static>, Object<'static>)> {
    let data = some(&request.body)?;
    let Kind::Multipart(_) = kind(request, data) else { return None };
    let mut fields = Fields::new(room);
    parts(request, data, &mut fields);
    if fields.filenames.is_empty() {
        return None;
    }
    let Fields { filenames, files, files_size, .. } = fields;
    Some((Object::Array(filenames), Object::Array(files), Object::Unsigned(files_size)))
}

fn parts(request: &Request, data: &[u8], fields: &mut Fields<'static, '_>) {
    let settings = multipart::Settings { cut: request.body.cut, ..multipart::Settings::default() };
    multipart::read(content_type(request), data, settings, &mut Buffers::default(), fields);
}

fn kind<'r>(request: &'r Request, data: &[u8]) -> Kind<'r> {
    Kind::of(content_type(request), data)
}

fn content_type(request: &Request) -> &[u8] {
    request.header("content-type").map_or(&b""[..], |value| value)
}
