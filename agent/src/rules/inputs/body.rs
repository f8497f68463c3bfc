//! The body by what it is: what Content-Type says, and what it looks like where that says little.

use super::{Address, Inputs, NodeId, form, json_body, multipart};
use crate::http::Body;

/// Where the body of a request goes: taken apart, and as one text.
pub(super) const REQUEST: (Address, Address) = (Address::Body, Address::BodyRaw);
/// What only files have.
const FILES: [Address; 4] =
    [Address::Filenames, Address::FilesContent, Address::FilesFieldNames, Address::CombinedFileSize];
/// Where that of a response does.
pub(super) const RESPONSE: (Address, Address) = (Address::ResponseBody, Address::ResponseBodyRaw);

pub(super) fn read(
    body: &Body,
    content_type: &[u8],
    (address, raw): (Address, Address),
    inputs: &mut Inputs<'_>,
) {
    let data = &body.data[..];
    if data.is_empty() {
        return;
    }
    inputs.value(raw, NodeId::ROOT, data);
    let is_request = address == Address::Body;
    let files = is_request && FILES.into_iter().any(|address| inputs.wants(address));
    if !inputs.wants(address) && !files {
        return;
    }
    match Kind::of(content_type, data) {
        Kind::Json => json(data, address, body.cut, inputs),
        Kind::Form => {
            form::read(address, data, inputs);
            // A form that looks like JSON: some frameworks don't look at the type.
            if looks_like_json(data) {
                json_body::read(data, address, NodeId::ROOT, inputs);
            }
        }
        Kind::Multipart(boundary) if is_request => {
            inputs.files_size = 0;
            multipart::read(data, boundary, inputs);
            let size = inputs.files_size;
            inputs.word(Address::CombinedFileSize, NodeId::ROOT, itoa::Buffer::new().format(size).as_bytes());
        }
        Kind::Multipart(_) | Kind::Text => inputs.value(address, NodeId::ROOT, data),
        Kind::Media => inputs.stats.media_bodies += 1,
    }
}

/// JSON; what is not quite JSON is judged as one text too.
fn json(data: &[u8], address: Address, cut: bool, inputs: &mut Inputs<'_>) {
    let end = json_body::read(data, address, NodeId::ROOT, inputs);
    if end == json_body::End::Malformed || (end == json_body::End::Early && !cut) {
        inputs.stats.malformed_json += 1;
        inputs.value(address, NodeId::ROOT, data);
    }
}

/// What a body is.
#[derive(Debug, PartialEq)]
pub(crate) enum Kind<'r> {
    Json,
    Form,
    Multipart(&'r [u8]),
    Text,
    /// Pictures, sound, archives: not text and not judged as such.
    Media,
}

impl<'r> Kind<'r> {
    /// By what Content-Type says, and by how it begins where that says little.
    pub fn of(content_type: &'r [u8], data: &[u8]) -> Self {
        let end = memchr::memchr2(b';', b',', content_type).unwrap_or(content_type.len());
        let media_type = content_type.get(..end).unwrap_or_default().trim_ascii().to_ascii_lowercase();
        let media_type = &media_type[..];
        let ends = |with: &[u8]| media_type.ends_with(with);
        if media_type == b"application/x-www-form-urlencoded" {
            return Self::Form;
        }
        if ends(b"/json") || ends(b"+json") || ends(b"-json") || ends(b"/graphql") {
            return Self::Json;
        }
        if media_type.starts_with(b"multipart/") {
            return multipart::boundary(content_type).map_or(Self::Text, Self::Multipart);
        }
        if ends(b"/xml") || ends(b"+xml") {
            return Self::Text;
        }
        let media: [&[u8]; 4] = [b"image/", b"audio/", b"video/", b"font/"];
        let binary: [&[u8]; 5] = [b"/octet-stream", b"/zip", b"/gzip", b"/pdf", b"/wasm"];
        if (media.iter().any(|m| media_type.starts_with(m)) || binary.iter().any(|m| ends(m)))
            && looks_binary(data)
        {
            return Self::Media;
        }
        if looks_like_json(data) {
            return Self::Json;
        }
        if looks_like_form(data) { Self::Form } else { Self::Text }
    }
}

fn looks_like_json(data: &[u8]) -> bool {
    matches!(data.trim_ascii_start(), [b'{' | b'[', ..])
}

/// `name=value` before any white space, markup or control byte.
fn looks_like_form(data: &[u8]) -> bool {
    let name = data.iter().take_while(|&&b| b > b' ' && b < 0x7f && !b"=<>\"'&;".contains(&b)).count();
    name > 0 && data.get(name) == Some(&b'=') && data.iter().all(|&b| b >= b' ')
}

fn looks_binary(data: &[u8]) -> bool {
    data.iter().take(512).any(|&b| b < b' ' && !b"\t\n\r".contains(&b))
}

#[cfg(test)]
#[test]
fn kinds() {
    let cases: [(&str, &[u8], Kind<'_>); 14] = [
        ("application/x-www-form-urlencoded; charset=utf-8", b"a=1", Kind::Form),
        ("Application/JSON", b"1", Kind::Json),
        ("application/vnd.api+json", b"1", Kind::Json),
        ("multipart/form-data; boundary=XyZ", b"--XyZ", Kind::Multipart(b"XyZ")),
        ("multipart/form-data; boundary=\"a b\"; x=1", b"", Kind::Multipart(b"a b")),
        ("multipart/form-data", b"", Kind::Text),
        ("text/xml", b"<a/>", Kind::Text),
        ("text/plain", b" {\"a\":1}", Kind::Json),
        ("", b"a=1&b=2", Kind::Form),
        ("", b"a = 1 <b>", Kind::Text),
        ("", b"hello world", Kind::Text),
        ("image/png", b"\x89PNG\r\n\x1a\n", Kind::Media),
        ("image/png", b"<?php echo 1;", Kind::Text),
        ("nonsense", b"[1]", Kind::Json),
    ];
    for (content_type, data, kind) in cases {
        assert_eq!(Kind::of(content_type.as_bytes(), data), kind, "{content_type}");
    }
}
