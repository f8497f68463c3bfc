//! The web server in front: some stages are about what it answers by itself, before any rule.
//!
//! The tests were written with Apache httpd 2.4 in front, which refuses with 400 what RFC 9112 says a
//! server must or should refuse, and waits for a body that does not come. No rule engine can answer for
//! it, so these few checks stand here, for every judge alike.

use crate::judge::{Judged, Message};

/// The status of the answer; none if the client would wait in vain or could not read it.
#[must_use]
pub fn answer(message: &Message, judged: &Judged) -> Option<u16> {
    // Without a version the answer has no status line (HTTP/0.9).
    if message.protocol.is_empty() || !message.complete {
        return None;
    }
    Some(refusal(message).or(judged.status).unwrap_or(200))
}

/// 400 where a server refuses, whatever the rules say.
fn refusal(message: &Message) -> Option<u16> {
    let bad = !is_token(&message.method)
        || !is_protocol(&message.protocol)
        || !is_target(message)
        || message.fields.iter().any(|field| !is_token(&field.name) || !is_field_value(&field.value))
        || hosts(message) != 1 && message.protocol.as_ref() == b"HTTP/1.1"
        || message.values("content-length").any(|length| !is_number(length));
    bad.then_some(400)
}

/// RFC 9110 section 5.6.2.
fn is_token(name: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_tchar)
}

/// RFC 9112 section 2.3, major version 1.
fn is_protocol(protocol: &[u8]) -> bool {
    matches!(protocol, [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit())
}

/// RFC 9112 section 3.2: origin form, absolute form, authority form with CONNECT, asterisk with OPTIONS.
fn is_target(message: &Message) -> bool {
    let target = message.target.as_ref();
    // A fragment is no part of any form (RFC 3986 section 4.3).
    if target.iter().any(|byte| byte.is_ascii_control() || b" #".contains(byte)) {
        return false;
    }
    if message.method.as_ref() == b"CONNECT" {
        let mut parts = target.rsplitn(2, |byte| *byte == b':');
        return parts.next().is_some_and(is_number) && parts.next().is_some_and(|host| !host.is_empty());
    }
    target.starts_with(b"/")
        || target == b"*" && message.method.as_ref() == b"OPTIONS"
        || target.windows(3).any(|part| part == b"://")
}

/// RFC 9110 section 5.5: no control characters but the tab.
fn is_field_value(value: &[u8]) -> bool {
    !value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

fn is_number(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn hosts(message: &Message) -> usize {
    message.values("host").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rfc_9112_refuses_is_refused() {
        let vectors = [
            ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", Some(200)),
            ("GET / HTTP/1.0\r\n\r\n", Some(200)),
            ("OPTIONS * HTTP/1.0\r\n\r\n", Some(200)),
            ("GET http://h/ HTTP/1.0\r\n\r\n", Some(200)),
            ("CONNECT h:80 HTTP/1.0\r\n\r\n", Some(200)),
            ("GET / HTTP/1.1\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", Some(400)),
            ("CONNECT h HTTP/1.0\r\n\r\n", Some(400)),
            ("G<T / HTTP/1.0\r\n\r\n", Some(400)),
            ("  GET / HTTP/1.0\r\n\r\n", Some(400)),
            ("GET /a b HTTP/1.0\r\n\r\n", Some(400)),
            ("GET x HTTP/1.0\r\n\r\n", Some(400)),
            ("GET /#x HTTP/1.0\r\n\r\n", Some(400)),
            ("GET / JUNK/1.0\r\n\r\n", Some(400)),
            ("GET / HTTP/1.0\r\nA B: c\r\n\r\n", Some(400)),
            ("GET / HTTP/1.0\r\nA: \u{1}\r\n\r\n", Some(400)),
            ("POST / HTTP/1.0\r\nContent-Length: x\r\n\r\n", Some(400)),
            ("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nab", None),
            ("GET / \r\n\r\n", None),
        ];
        for (request, expected) in vectors {
            let message = Message::read(request.as_bytes());
            assert_eq!(answer(&message, &Judged::default()), expected, "{request:?}");
        }
        assert_eq!(vectors.len(), 19);
        let blocked = Judged { status: Some(403), ..Judged::default() };
        assert_eq!(answer(&Message::read(b"GET / HTTP/1.0\r\n\r\n"), &blocked), Some(403));
    }
}
