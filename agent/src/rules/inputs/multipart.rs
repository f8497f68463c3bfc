//! `multipart/form-data` (RFC 7578), read leniently: bare line feeds, a missing last boundary, headers
//! in any order. What stands outside of the parts is judged as text, too.

use memchr::memmem;

use super::{Address, End, Inputs, NodeId, json_body};
use crate::limits;

/// The boundary parameter of a content type.
pub(super) fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    parameter(content_type, b"boundary").filter(|b| !b.is_empty())
}

pub(super) fn read(data: &[u8], boundary: &[u8], inputs: &mut Inputs<'_>) {
    let delimiter = [b"--", boundary].concat();
    let finder = memmem::Finder::new(&delimiter);
    let Some(first) = finder.find(data) else {
        inputs.value(Address::Body, NodeId::ROOT, data);
        return;
    };
    outside(data.get(..first).unwrap_or_default(), inputs);
    let mut rest = data.get(first + delimiter.len()..).unwrap_or_default();
    for parts in 0.. {
        if let Some(epilogue) = rest.strip_prefix(b"--") {
            outside(epilogue, inputs);
            return;
        }
        if parts >= limits::MULTIPART_PARTS || inputs.is_full() {
            inputs.stats.parts_over_limit += 1;
            inputs.store.cut();
            inputs.value(Address::Body, NodeId::ROOT, rest);
            return;
        }
        let end = next_delimiter(rest, &finder);
        part(rest.get(..end).unwrap_or_default(), inputs);
        let Some(after) = rest.get(end + delimiter.len()..) else { return };
        rest = after;
    }
}

/// Where the next delimiter at the start of a line is; the end when there is none.
fn next_delimiter(rest: &[u8], finder: &memmem::Finder<'_>) -> usize {
    finder
        .find_iter(rest)
        .find(|&at| at.checked_sub(1).is_some_and(|before| rest.get(before) == Some(&b'\n')))
        .unwrap_or(rest.len())
}

/// Text before the first boundary or after the last: nobody should read it.
fn outside(text: &[u8], inputs: &mut Inputs<'_>) {
    if !text.trim_ascii().is_empty() {
        inputs.value(Address::Body, NodeId::ROOT, text);
    }
}

fn part(part: &[u8], inputs: &mut Inputs<'_>) {
    let (head, content) = split_head(part);
    let mut name = &b""[..];
    let mut filename = None;
    let mut json = false;
    for (field, value) in fields(head) {
        if field.eq_ignore_ascii_case(b"content-disposition") {
            name = parameter(value, b"name").unwrap_or_default();
            filename = parameter(value, b"filename").or_else(|| parameter(value, b"filename*"));
        } else if field.eq_ignore_ascii_case(b"content-type") {
            json = value.to_ascii_lowercase().starts_with(b"application/json");
        }
    }
    let node = inputs.named(Address::Body, NodeId::ROOT, name);
    for (field, value) in fields(head) {
        if !field.eq_ignore_ascii_case(b"content-disposition") || name.is_empty() {
            let field = inputs.named_lowercase(Address::Body, node, field);
            inputs.value(Address::Body, field, value);
        }
    }
    match filename {
        Some(filename) => {
            inputs.value_decoded(Address::Filenames, node, filename, false);
            inputs.value(Address::FilesContent, node, content);
            inputs.value(Address::FilesFieldNames, node, name);
            inputs.files_size += content.len();
        }
        None if json && json_body::read(content, Address::Body, node, inputs) == End::Complete => {}
        None => inputs.value(Address::Body, node, content),
    }
}

/// Head and content, without the line end that belongs to the next boundary.
fn split_head(part: &[u8]) -> (&[u8], &[u8]) {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    let part = part.strip_suffix(b"\r").unwrap_or(part);
    let mut at = 0;
    while let Some(line) = memchr::memchr(b'\n', part.get(at..).unwrap_or_default()) {
        let text = part.get(at..at + line).unwrap_or_default().trim_ascii();
        // The first line is what is left of the boundary's own line.
        if text.is_empty() && at > 0 {
            let (head, content) = part.split_at(at);
            return (head, content.get(line + 1..).unwrap_or_default());
        }
        at += line + 1;
    }
    // No empty line: all of it is content.
    (b"", part)
}

fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|&b| b == b'\n').filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        Some((line.get(..colon)?.trim_ascii(), line.get(colon + 1..)?.trim_ascii()))
    })
}

/// A parameter of a field value: `name=token` or `name="quoted"`; ASCII case of the name ignored.
fn parameter<'v>(value: &'v [u8], name: &[u8]) -> Option<&'v [u8]> {
    let mut rest = value;
    loop {
        let semicolon = memchr::memchr(b';', rest)?;
        rest = rest.get(semicolon + 1..)?.trim_ascii_start();
        let end = rest.iter().position(|b| b"=;".contains(b)).unwrap_or(rest.len());
        let (this, after) = rest.split_at(end);
        let Some(value) = after.strip_prefix(b"=") else { continue };
        let value = value.trim_ascii_start();
        let (found, next) = match value.strip_prefix(b"\"") {
            Some(quoted) => {
                let close = quote_end(quoted);
                (quoted.get(..close)?, quoted.get(close..)?)
            }
            None => {
                let end = memchr::memchr(b';', value).unwrap_or(value.len());
                (value.get(..end)?.trim_ascii_end(), value.get(end..)?)
            }
        };
        if this.trim_ascii().eq_ignore_ascii_case(name) {
            return Some(found);
        }
        rest = next;
    }
}

/// Where a quoted string ends: the first quote without a backslash before it.
fn quote_end(quoted: &[u8]) -> usize {
    memchr::memchr_iter(b'"', quoted)
        .find(|&at| at.checked_sub(1).is_none_or(|before| quoted.get(before) != Some(&b'\\')))
        .unwrap_or(quoted.len())
}
