//! A request and its response taken apart into the values of SecLang's variables.

use base64::Engine as _;
use memchr::memchr;

use super::{
    model::{Processor, Settings},
    run::{Facts, Scratch},
    state::State,
};
use crate::{
    http::{Header, Request, Response},
    limits,
    rules::{
        bodies::{self, Buffers, File, Sink, multipart},
        inputs::target,
        transforms::percent_decode,
        values::{
            lanes::Lanes,
            store::{Span, Store},
        },
        variable::Variable as V,
    },
};

const ARGS_GET: Lanes = Lanes::all(&[V::Args, V::ArgsGet]);
const ARGS_GET_NAMES: Lanes = Lanes::all(&[V::ArgsNames, V::ArgsGetNames]);
const ARGS_POST: Lanes = Lanes::all(&[V::Args, V::ArgsPost]);
const ARGS_POST_NAMES: Lanes = Lanes::all(&[V::ArgsNames, V::ArgsPostNames]);

/// Request line, header and query: what phase 1 looks at.
pub(super) fn head(request: &Request, facts: &Facts, settings: &Settings, scratch: &mut Scratch) {
    let store = &mut scratch.store;
    let scalar = |store: &mut Store, variable, bytes: &[u8]| store.scalar_value(Lanes::of(variable), bytes);
    scalar(store, V::RequestMethod, &request.method);
    let protocol = &request.protocol[..];
    scalar(store, V::RequestProtocol, protocol);
    if store.wants(Lanes::of(V::RequestLine)) {
        let line = store.build(|to| {
            for part in [&request.method[..], &request.target[..], protocol] {
                if !part.is_empty() {
                    to.extend_from_slice(part);
                    to.push(b' ');
                }
            }
            to.pop();
        });
        if let Some(line) = line {
            store.push(Lanes::of(V::RequestLine), Span::default(), line);
        }
    }
    scratch.args_size = read_target(&request.target, settings, store, &mut scratch.buffers);
    headers(&request.headers, store);
    who(request, facts, store);
    when(facts, store);
    scratch.state.processor = by_media_type(media_type(request.header("content-type").map(|v| &v[..])));
    processor_name(&mut scratch.state, store);
}

/// The name of the body's processor: rules may look at it before and after they choose one.
fn processor_name(state: &mut State, store: &mut Store) {
    let name = state.processor.map_or("", Processor::name);
    store.scalar_value(Lanes::of(V::ReqbodyProcessor), name.as_bytes());
}

fn read_target(target: &[u8], settings: &Settings, store: &mut Store, buffers: &mut Buffers) -> u64 {
    let (path, query) = target::split(target);
    let whole = Lanes::all(&[V::RequestUri, V::RequestUriRaw]);
    if path.len() + query.map_or(0, |query| query.len() + 1) == target.len() {
        store.scalar_value(whole, target);
    } else if store.wants(whole) {
        // Without scheme and host.
        let uri = store.build(|to| {
            to.extend_from_slice(path);
            if let Some(query) = query {
                to.push(b'?');
                to.extend_from_slice(query);
            }
        });
        if let Some(uri) = uri {
            store.push(Lanes::of(V::RequestUri), Span::default(), uri);
        }
        store.scalar_value(Lanes::of(V::RequestUriRaw), target);
    }
    let query = query.unwrap_or_default();
    let path = path.split(|&b| b == b'#').next().unwrap_or_default();
    if store.wants(Lanes::all(&[V::RequestFilename, V::RequestBasename])) {
        let decoded = store.build(|to| {
            let start = to.len();
            if !percent_decode(path, false, to) {
                to.truncate(start);
                to.extend_from_slice(path);
            }
        });
        if let Some(decoded) = decoded {
            store.push(Lanes::of(V::RequestFilename), Span::default(), decoded);
            let bytes = store.slice(decoded);
            let base = bytes.iter().rposition(|b| matches!(b, b'/' | b'\\')).map_or(0, |at| at + 1);
            let base = decoded.tail(base);
            store.push(Lanes::of(V::RequestBasename), Span::default(), base);
        }
    }
    store.scalar_value(Lanes::of(V::QueryString), query);
    store.scalar_value(Lanes::of(V::PathInfo), b"");
    let mut args = Args { store, lanes: ARGS_GET, names: ARGS_GET_NAMES, size: 0 };
    bodies::urlencoded::read(query, settings.separator, buffers, &mut args);
    args.size
}

fn headers(headers: &[Header], store: &mut Store) {
    for header in headers {
        store.member_value(
            Lanes::of(V::RequestHeaders),
            Lanes::of(V::RequestHeadersNames),
            &header.name,
            &header.value,
        );
        if header.name.eq_ignore_ascii_case(b"cookie") {
            cookies(&header.value, store);
        }
    }
}

/// The Cookie header field (RFC 6265 section 4.2.1), as ModSecurity reads it: values as they stand.
fn cookies(field: &[u8], store: &mut Store) {
    for pair in field.split(|&byte| byte == b';') {
        let pair = pair.trim_ascii_start();
        if pair.is_empty() {
            continue;
        }
        let (name, value) = match memchr(b'=', pair) {
            Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
            None => (pair, &b""[..]),
        };
        let lanes = (Lanes::of(V::RequestCookies), Lanes::of(V::RequestCookiesNames));
        if !store.member_value(lanes.0, lanes.1, name, value) {
            return;
        }
    }
}

fn who(request: &Request, facts: &Facts, store: &mut Store) {
    let client = Lanes::all(&[V::RemoteAddr, V::RemoteHost]);
    if store.wants(client) {
        store.scalar_value(client, facts.client.to_string().as_bytes());
    }
    store.number(Lanes::of(V::RemotePort), u64::from(facts.client_port));
    if store.wants(Lanes::of(V::ServerAddr)) {
        store.scalar_value(Lanes::of(V::ServerAddr), facts.server.to_string().as_bytes());
    }
    store.number(Lanes::of(V::ServerPort), u64::from(facts.server_port));
    let host = request.header("host").map_or(&b""[..], |value| value);
    let name = memchr::memrchr(b':', host).filter(|&at| host.get(at..).is_some_and(|p| !p.contains(&b']')));
    store.scalar_value(Lanes::of(V::ServerName), name.and_then(|at| host.get(..at)).unwrap_or(host));
    if let Some(credentials) = request.header("authorization") {
        let scheme = credentials.split(|&b| b == b' ').next().unwrap_or_default();
        store.scalar_value(Lanes::of(V::AuthType), scheme);
        if store.wants(Lanes::of(V::RemoteUser))
            && let Some(user) = basic_user(credentials)
        {
            store.scalar_value(Lanes::of(V::RemoteUser), &user);
        }
    }
    store.number(Lanes::of(V::Duration), request.ended.saturating_sub(request.started) / 1_000_000);
    store.scalar_value(Lanes::of(V::ModsecBuild), BUILD);
    if store.wants(Lanes::of(V::UniqueId)) {
        let id = format!("{:x}-{:x}", facts.time, request.started);
        store.scalar_value(Lanes::of(V::UniqueId), id.as_bytes());
    }
}

/// What `MODSEC_BUILD` says, which old rule sets ask: the version of ModSecurity whose manual is followed (3.0.15),
/// written as it writes its own.
const BUILD: &[u8] = b"030015900";

/// The name in credentials of the scheme Basic (RFC 7617 section 2).
fn basic_user(credentials: &[u8]) -> Option<Vec<u8>> {
    let (scheme, encoded) = credentials.split_at_checked(b"basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let mut decoded = base64::prelude::BASE64_STANDARD.decode(encoded.trim_ascii()).ok()?;
    decoded.truncate(memchr(b':', &decoded)?);
    Some(decoded)
}

fn when(facts: &Facts, store: &mut Store) {
    const TIMES: Lanes = Lanes::all(&[
        V::Time,
        V::TimeDay,
        V::TimeHour,
        V::TimeMin,
        V::TimeMon,
        V::TimeSec,
        V::TimeWday,
        V::TimeYear,
    ]);
    store.number(Lanes::of(V::TimeEpoch), u64::try_from(facts.time).unwrap_or(0));
    if !store.wants(TIMES) {
        return;
    }
    let Ok(now) = jiff::Timestamp::from_second(facts.time) else { return };
    let now = now.to_zoned(jiff::tz::TimeZone::UTC);
    let unsigned = |n: i8| u64::try_from(n).unwrap_or(0);
    store.number(Lanes::of(V::TimeDay), unsigned(now.day()));
    store.number(Lanes::of(V::TimeHour), unsigned(now.hour()));
    store.number(Lanes::of(V::TimeMin), unsigned(now.minute()));
    store.number(Lanes::of(V::TimeMon), unsigned(now.month() - 1));
    store.number(Lanes::of(V::TimeSec), unsigned(now.second()));
    store.number(Lanes::of(V::TimeWday), unsigned(now.weekday().to_sunday_zero_offset()));
    store.number(Lanes::of(V::TimeYear), u64::try_from(now.year()).unwrap_or(0));
    let time = format!("{:02}:{:02}:{:02}", now.hour(), now.minute(), now.second());
    store.scalar_value(Lanes::of(V::Time), time.as_bytes());
}

/// The media type of a Content-Type field, without parameters.
fn media_type(field: Option<&[u8]>) -> &[u8] {
    let field = field.unwrap_or_default();
    let end = field.iter().position(|b| matches!(b, b';' | b',' | b' ' | b'\t')).unwrap_or(field.len());
    field.get(..end).unwrap_or_default()
}

/// The body, by its processor: what phase 2 looks at. Returns whether anything of it was read.
pub(super) fn body(request: &Request, settings: &Settings, scratch: &mut Scratch) {
    let Scratch { store, state, buffers, args_size, .. } = scratch;
    if !state.request_body.unwrap_or(settings.request_body) {
        return;
    }
    let text = &request.body.data[..];
    let cut = request.body.cut;
    let field = request.header("content-type").map(|value| &value[..]);
    let mut args = Args { store, lanes: ARGS_POST, names: ARGS_POST_NAMES, size: *args_size };
    let mut outcome = bodies::Outcome::default();
    match state.processor {
        Some(Processor::UrlEncoded) => {
            let read = bodies::urlencoded::read(text, settings.separator, buffers, &mut args);
            outcome.over = read.over;
            args.store.number(Lanes::of(V::UrlencodedError), u64::from(read.invalid));
        }
        Some(Processor::Multipart) => {
            let how = multipart::Settings { cut, files: settings.files };
            let read = multipart::read(field.unwrap_or_default(), text, how, buffers, &mut args);
            outcome = read.outcome;
            flags(&read, args.store);
        }
        Some(Processor::Json) => {
            outcome = bodies::json::read(text, settings.json_depth, cut, buffers, &mut args);
        }
        Some(Processor::Xml) => {
            outcome = bodies::xml::read(text, limits::BODY_DEPTH, cut, buffers, &mut args);
        }
        Some(Processor::None) | None => {}
    }
    let size = args.size;
    store.number(Lanes::of(V::ArgsCombinedSize), size);
    store.number(Lanes::of(V::RequestBodyLength), request.body.wire_len.max(text.len() as u64));
    store.number(Lanes::of(V::InboundDataError), u64::from(cut));
    if state.processor == Some(Processor::UrlEncoded) || state.force_body {
        store.scalar_value(Lanes::of(V::RequestBody), text);
    }
    let failed = u64::from(outcome.error.is_some());
    store.number(Lanes::all(&[V::ReqbodyError, V::ReqbodyProcessorError]), failed);
    let message = Lanes::all(&[V::ReqbodyErrorMsg, V::ReqbodyProcessorErrorMsg]);
    if store.wants(message) {
        let text = outcome.error.map(|error| error.to_string()).unwrap_or_default();
        store.scalar_value(message, text.as_bytes());
    }
    full_request(request, store);
}

/// The processor that ModSecurity and its recommended configuration choose for a media type, before any rule is
/// asked.
fn by_media_type(media_type: &[u8]) -> Option<Processor> {
    let is = |name: &str| media_type.eq_ignore_ascii_case(name.as_bytes());
    let ends = |suffix: &[u8]| {
        let at = media_type.len().checked_sub(suffix.len());
        at.and_then(|at| media_type.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    };
    if is("application/x-www-form-urlencoded") {
        Some(Processor::UrlEncoded)
    } else if is("multipart/form-data") {
        Some(Processor::Multipart)
    } else if is("application/json") || ends(b"+json") {
        Some(Processor::Json)
    } else if is("application/xml") || is("text/xml") || ends(b"+xml") {
        Some(Processor::Xml)
    } else {
        None
    }
}

fn flags(read: &multipart::Multipart, store: &mut Store) {
    let flags = &read.flags;
    for (variable, set) in [
        (V::MultipartStrictError, read.strict_error()),
        (V::MultipartBoundaryQuoted, flags.boundary_quoted),
        (V::MultipartBoundaryWhitespace, flags.boundary_whitespace),
        (V::MultipartDataBefore, flags.data_before),
        (V::MultipartDataAfter, flags.data_after),
        (V::MultipartHeaderFolding, flags.header_folding),
        (V::MultipartCrlfLine, flags.crlf_line),
        (V::MultipartLfLine, flags.lf_line),
        (V::MultipartCrlfLfLines, flags.crlf_lf_lines()),
        (V::MultipartMissingSemicolon, flags.missing_semicolon),
        (V::MultipartInvalidQuoting, flags.invalid_quoting),
        (V::MultipartInvalidPart, flags.invalid_part),
        (V::MultipartInvalidHeaderFolding, flags.invalid_header_folding),
        (V::MultipartFileLimitExceeded, flags.file_limit_exceeded),
    ] {
        store.number(Lanes::of(variable), u64::from(set));
    }
    store.number(Lanes::of(V::MultipartUnmatchedBoundary), flags.unmatched_boundary as u64);
    store.number(Lanes::of(V::FilesCombinedSize), read.files_size as u64);
}

fn full_request(request: &Request, store: &mut Store) {
    if !store.wants(Lanes::all(&[V::FullRequest, V::FullRequestLength])) {
        return;
    }
    let whole = store.build(|to| {
        for part in [&request.method[..], b" ", &request.target[..], b" HTTP/1."] {
            to.extend_from_slice(part);
        }
        to.extend_from_slice(itoa::Buffer::new().format(request.version).as_bytes());
        to.extend_from_slice(b"\r\n");
        for header in request.head_fields() {
            for part in [&header.name[..], b": ", &header.value[..], b"\r\n"] {
                to.extend_from_slice(part);
            }
        }
        to.extend_from_slice(b"\r\n");
        to.extend_from_slice(&request.body.data);
    });
    if let Some(whole) = whole {
        let length = store.slice(whole).len() as u64;
        store.push(Lanes::of(V::FullRequest), Span::default(), whole);
        store.number(Lanes::of(V::FullRequestLength), length);
    }
}

/// Status and header of the response: what phase 3 looks at.
pub(super) fn response_head(response: &Response, scratch: &mut Scratch) {
    let store = &mut scratch.store;
    store.number(Lanes::of(V::ResponseStatus), u64::from(response.status));
    store.scalar_value(Lanes::of(V::ResponseProtocol), b"HTTP/1.1");
    if store.wants(Lanes::of(V::StatusLine)) {
        let line = format!("HTTP/1.1 {}", response.status);
        store.scalar_value(Lanes::of(V::StatusLine), line.as_bytes());
    }
    for header in &response.headers {
        store.member_value(
            Lanes::of(V::ResponseHeaders),
            Lanes::of(V::ResponseHeadersNames),
            &header.name,
            &header.value,
        );
    }
    let media_type = media_type(response.header("content-type").map(|value| &value[..]));
    store.scalar_value(Lanes::of(V::ResponseContentType), media_type);
    store.number(Lanes::of(V::ResponseContentLength), response.body.wire_len);
}

/// The response's body: what phase 4 looks at.
pub(super) fn response_body(response: &Response, settings: &Settings, scratch: &mut Scratch) {
    let Scratch { store, state, .. } = scratch;
    let media_type = media_type(response.header("content-type").map(|value| &value[..]));
    let is_read = state.response_body.unwrap_or(settings.response_body)
        && (settings.response_types.is_empty()
            || settings.response_types.iter().any(|t| media_type.eq_ignore_ascii_case(t.as_bytes())));
    if is_read {
        store.scalar_value(Lanes::of(V::ResponseBody), &response.body.data);
    }
    store.number(Lanes::of(V::OutboundDataError), u64::from(response.body.cut));
}

/// Arguments and files go to the store.
struct Args<'s> {
    store: &'s mut Store,
    lanes: Lanes,
    names: Lanes,
    /// Bytes of names and values so far.
    size: u64,
}

impl Sink for Args<'_> {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool {
        self.size += (name.len() + value.len()) as u64;
        self.store.member_value(self.lanes, self.names, name, value)
    }

    fn file(&mut self, file: &File<'_>) -> bool {
        let store = &mut *self.store;
        let size = itoa::Buffer::new().format(file.content.len()).to_owned();
        let mut room =
            store.member_value(Lanes::of(V::Files), Lanes::of(V::FilesNames), file.part, file.filename);
        if let Some(other) = file.other_filename {
            room &= store.member_value(Lanes::of(V::Files), Lanes::NONE, file.part, other);
        }
        room & store.member_value(Lanes::of(V::FilesSizes), Lanes::NONE, file.part, size.as_bytes())
            & store.member_value(Lanes::of(V::FilesTmpContent), Lanes::NONE, file.part, file.content)
    }

    fn part_name(&mut self, name: &[u8]) -> bool {
        self.store.member_value(Lanes::of(V::MultipartName), Lanes::NONE, name, name)
    }

    fn part_filename(&mut self, filename: &[u8]) -> bool {
        self.store.member_value(Lanes::of(V::MultipartFilename), Lanes::NONE, filename, filename)
    }

    fn part_header(&mut self, part: &[u8], line: &[u8]) -> bool {
        self.store.member_value(Lanes::of(V::MultipartPartHeaders), Lanes::NONE, part, line)
    }

    fn xml_text(&mut self, text: &[u8]) -> bool {
        self.store.member_value(Lanes::of(V::Xml), Lanes::NONE, b"/*", text)
    }

    fn xml_attribute(&mut self, _: &[u8], value: &[u8]) -> bool {
        self.store.member_value(Lanes::of(V::Xml), Lanes::NONE, b"//@*", value)
    }
}
