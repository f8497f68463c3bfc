//! `Forwarded` (RFC 7239): `for=192.0.2.43, for="[2001:db8:cafe::17]:4711";proto=http;by=203.0.113.43`.
//!
//! Elements are cut from the right. Cutting from the left would let a client that sends an opening
//! quotation mark swallow what the proxies append to its line.
#![forbid(unsafe_code)]

use std::net::IpAddr;

/// The `for` nodes of one line from right to left; `None` for an element that names no address.
pub(super) fn hops(line: &[u8]) -> impl Iterator<Item = Option<IpAddr>> + '_ {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let (before, element) = split_right(rest?, b',');
        rest = before;
        Some(element.trim_ascii())
    })
    .filter(|element| !element.is_empty())
    .map(node_of)
}

/// Cuts at the last separator that is not inside a quoted string, reading from the right.
fn split_right(text: &[u8], separator: u8) -> (Option<&[u8]>, &[u8]) {
    let mut quoted = false;
    for (at, &byte) in text.iter().enumerate().rev() {
        if byte == b'"' && !(quoted && is_escaped(text, at)) {
            quoted = !quoted;
        } else if byte == separator && !quoted {
            return (text.get(..at), text.get(at + 1..).unwrap_or_default());
        }
    }
    (None, text)
}

/// Whether an odd number of backslashes stands before this byte (RFC 9110 section 5.6.4).
fn is_escaped(text: &[u8], at: usize) -> bool {
    text.iter().take(at).rev().take_while(|&&b| b == b'\\').count() % 2 == 1
}

/// The node of the one `for` parameter of an element.
fn node_of(element: &[u8]) -> Option<IpAddr> {
    let mut node = None;
    let mut rest = Some(element);
    while let Some(text) = rest {
        let (before, pair) = split_right(text, b';');
        rest = before;
        let pair = pair.trim_ascii();
        let Some(equals) = pair.iter().position(|&b| b == b'=') else {
            if pair.is_empty() { continue } else { return None }
        };
        let (name, value) = pair.split_at(equals);
        if name.trim_ascii().eq_ignore_ascii_case(b"for") {
            // Twice is malformed (section 4), and who knows which one the proxy wrote.
            if node.replace(unquoted(value.get(1..)?.trim_ascii())?).is_some() {
                return None;
            }
        }
    }
    super::node(&node?)
}

/// The content of a token or quoted string.
fn unquoted(value: &[u8]) -> Option<Vec<u8>> {
    let Some(inner) = value.strip_prefix(b"\"") else {
        return Some(value.to_vec());
    };
    let mut bytes = inner.strip_suffix(b"\"")?.iter();
    let mut content = Vec::with_capacity(bytes.len());
    while let Some(&byte) = bytes.next() {
        content.push(if byte == b'\\' { *bytes.next()? } else { byte });
    }
    Some(content)
}
