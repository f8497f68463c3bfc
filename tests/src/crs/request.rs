//! The bytes that go-ftw sends for a stage.
//!
//! Learnt from go-ftw's `BuildRequest` and, for bodies given as lines, from ftw in Python, for which the
//! tests of CRS 3 were written. Two things differ, as the tests say nothing of them: fields stay in the
//! file's order (go-ftw sorts them), and a POST without data gets no `Content-Length: 0` (go-ftw of the
//! time of CRS 3.3 added none either).

use anyhow::{Context, Result};

use super::yaml::{Data, Headers, Input};

const FORM: &str = "application/x-www-form-urlencoded";

/// The request, as it goes over the wire.
///
/// # Errors
/// An `encoded_request` that is not base64.
pub(super) fn bytes(input: &Input) -> Result<Vec<u8>> {
    if let Some(encoded) = &input.encoded_request {
        return base64(encoded).context("encoded_request is not base64");
    }
    if let Some(raw) = &input.raw_request {
        return Ok(raw.clone().into_bytes());
    }
    let mut headers = input.headers.clone();
    let body = body(input, &mut headers);
    let or = |value: &Option<String>, default: &str| value.clone().unwrap_or_else(|| default.to_owned());
    let (method, uri) = (or(&input.method, "GET"), or(&input.uri, "/"));
    let mut bytes = format!("{method} {uri} {}\r\n", or(&input.version, "HTTP/1.1")).into_bytes();
    for (name, value) in &headers.0 {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// The body; adds the fields that it and the connection need.
fn body(input: &Input, headers: &mut Headers) -> Vec<u8> {
    let mut body = match &input.data {
        Some(Data::Text(text)) => text.clone(),
        Some(Data::Lines(lines)) => lines.join("\r\n"),
        None => String::new(),
    };
    if !input.stop_magic && !body.is_empty() {
        headers.default("Content-Type", FORM);
        if headers.value("Content-Type") == Some(FORM) && !is_escaped(body.as_bytes()) {
            body = escaped(&body);
        }
    }
    // ModSecurity is strict about line ends in multipart bodies; a file in YAML has LF only.
    if headers.value("Content-Type").is_some_and(|value| value.starts_with("multipart/form-data;")) {
        body = body.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    if !input.stop_magic {
        headers.default("Connection", "close");
        if !body.is_empty() {
            headers.default("Content-Length", &body.len().to_string());
        }
    }
    body.into_bytes()
}

impl Headers {
    fn value(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// Adds a field unless there is one of that name.
    fn default(&mut self, name: &str, value: &str) {
        if self.value(name).is_none() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// Whether decoding would change it, or can't be done: then it is sent as it is.
fn is_escaped(data: &[u8]) -> bool {
    data.iter().any(|byte| matches!(byte, b'%' | b'+'))
}

/// Each name and value escaped, `&` and the first `=` of a pair kept.
fn escaped(data: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => format!("{}={}", escape(name), escape(value)),
        None => escape(pair),
    };
    // Go's loop has nothing left after a trailing `&`, and then takes the one that it wrote itself away.
    let data = data.strip_suffix('&').unwrap_or(data);
    data.split('&').map(pair).collect::<Vec<_>>().join("&")
}

/// Go's `url.QueryEscape`: unreserved characters of RFC 3986 stay, a space becomes `+`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte.into()),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// RFC 4648 section 4, with padding or without.
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for digit in group {
            let value = ALPHABET.iter().position(|other| other == digit)?;
            bits = bits << 6 | u32::try_from(value).ok()?;
        }
        // One digit is less than a byte.
        let length = group.len().checked_sub(1).filter(|length| *length > 0)?;
        let [_, bytes @ ..] = (bits << (6 * (3 - length))).to_be_bytes();
        out.extend_from_slice(bytes.get(..length)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn input(headers: &[(&str, &str)], data: Option<&str>) -> Input {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Input {
            headers: Headers(headers.collect()),
            data: data.map(|data| Data::Text(data.to_owned())),
            ..Input::default()
        }
    }

    fn sent(input: &Input) -> String {
        String::from_utf8(bytes(input).expect("a request")).expect("text")
    }

    #[test]
    fn requests_are_those_of_go_ftw() {
        let multipart = "multipart/form-data; boundary=b";
        let vectors = [
            (input(&[("Host", "h")], None), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
            (
                input(&[("host", "h")], Some("a=b c&d=<e>")),
                "GET / HTTP/1.1\r\nhost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Connection: close\r\nContent-Length: 15\r\n\r\na=b+c&d=%3Ce%3E",
            ),
            (
                input(&[("Content-Type", "text/plain"), ("Connection", "x")], Some("a b")),
                "GET / HTTP/1.1\r\nContent-Type: text/plain\r\nConnection: x\r\nContent-Length: 3\r\n\r\na b",
            ),
            (
                input(&[("Content-Type", multipart), ("Content-Length", "9")], Some("--b\n\n--b--")),
                "GET / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9\r\n\
                 Connection: close\r\n\r\n--b\r\n\r\n--b--",
            ),
            (
                Input { stop_magic: true, method: Some("POST".to_owned()), ..input(&[], Some("a=b c")) },
                "POST / HTTP/1.1\r\n\r\na=b c",
            ),
            (Input { raw_request: Some("x\n".to_owned()), ..input(&[], Some("y")) }, "x\n"),
            (Input { encoded_request: Some("R0VU".to_owned()), ..input(&[], Some("y")) }, "GET"),
        ];
        let mut ran = 0;
        for (input, expected) in vectors {
            assert_eq!(sent(&input), expected);
            ran += 1;
        }
        assert_eq!(ran, 7);
    }

    #[test]
    fn data_is_escaped_once() {
        let vectors = [
            ("a=1&b=2", "a=1&b=2"),
            ("a=1=2", "a=1%3D2"),
            ("a", "a"),
            ("a=&b", "a=&b"),
            ("a=ü", "a=%C3%BC"),
            ("a=1&", "a=1"),
            ("a=x%20y z", "a=x%20y z"),
            ("a=x+y z", "a=x+y z"),
        ];
        for (data, expected) in vectors {
            let out = if is_escaped(data.as_bytes()) { data.to_owned() } else { escaped(data) };
            assert_eq!(out, expected, "{data}");
        }
        assert_eq!(vectors.len(), 8);
    }

    #[test]
    fn base64_of_rfc_4648() {
        let vectors =
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob")];
        for (encoded, text) in vectors {
            assert_eq!(base64(encoded).as_deref(), Some(text.as_bytes()), "{encoded}");
        }
        assert_eq!(vectors.len(), 6);
        assert_eq!((base64("Z"), base64("Zm9*")), (None, None));
    }

    proptest! {
        #[test]
        fn prop_what_is_escaped_is_plain(data in "[^%+&=]{0,40}") {
            prop_assert!(escape(&data).bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~+%".contains(&b)));
        }
    }
}
