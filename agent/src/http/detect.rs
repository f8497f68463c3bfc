//! Is it HTTP? What the first bytes of a connection, or of a piece after a gap, say.

/// Methods that are believed without seeing the rest of the line: RFC 9110, WebDAV and its
/// relatives, UPnP, and what scanners send.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"TRACE",
    b"CONNECT",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"SEARCH",
    b"REPORT",
    b"MKACTIVITY",
    b"CHECKOUT",
    b"CHECKIN",
    b"MERGE",
    b"VERSION-CONTROL",
    b"UNCHECKOUT",
    b"UPDATE",
    b"MKWORKSPACE",
    b"LABEL",
    b"BASELINE-CONTROL",
    b"ORDERPATCH",
    b"ACL",
    b"BIND",
    b"REBIND",
    b"UNBIND",
    b"LINK",
    b"UNLINK",
    b"MKCALENDAR",
    b"MKREDIRECTREF",
    b"UPDATEREDIRECTREF",
    b"QUERY",
    b"PURGE",
    b"M-SEARCH",
    b"NOTIFY",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"SOURCE",
    b"TRACK",
    b"DEBUG",
];

/// Longest method that is believed.
const MAX_METHOD: usize = 32;
/// Longest request line of an unknown method that is waited for on a connection that has not shown
/// HTTP yet.
const MAX_UNKNOWN_LINE: usize = 8 * 1024;

/// What a first line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A request line with an HTTP version, well formed or nearly.
    Http,
    /// An HTTP/0.9 request.
    Simple,
    /// The first line of the HTTP/2 preface (RFC 9113 section 3.4).
    Http2,
    /// Nothing of these.
    Other,
}

/// Characters of a token (RFC 9110 section 5.6.2).
pub(super) fn is_token_char(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// A line without its end.
pub(super) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn is_known(method: &[u8]) -> bool {
    METHODS.contains(&method)
}

/// What a complete first line is.
pub(super) fn request_line(line: &[u8]) -> Line {
    let line = without_line_end(line);
    if line == b"PRI * HTTP/2.0" {
        return Line::Http2;
    }
    if !request_prefix(line) {
        return Line::Other;
    }
    let Some(space) = line.iter().position(|&b| b == b' ') else { return Line::Other };
    let (method, rest) = line.split_at(space);
    let rest = rest.trim_ascii();
    match rest.iter().rposition(|&b| b == b' ' || b == b'\t') {
        Some(at) => {
            let version = rest.get(at + 1..).unwrap_or_default();
            if version.get(..5).is_some_and(|v| v.eq_ignore_ascii_case(b"HTTP/")) {
                Line::Http
            } else {
                Line::Other
            }
        }
        None if is_known(method) && looks_like_target(rest) => Line::Simple,
        None => Line::Other,
    }
}

/// Whether bytes without a line end yet can be the beginning of a request line.
pub(super) fn request_prefix(bytes: &[u8]) -> bool {
    let method = bytes.iter().position(|&b| !is_token_char(b)).unwrap_or(bytes.len());
    if method > MAX_METHOD || (method == 0 && !bytes.is_empty()) {
        return false;
    }
    let (method, rest) = bytes.split_at(method);
    match rest.split_first() {
        None => true,
        Some((b' ', _)) if is_known(method) => true,
        Some((b' ', target)) => {
            bytes.len() <= MAX_UNKNOWN_LINE
                && !target.iter().any(|&b| b.is_ascii_control() && b != b'\r' && b != b'\t')
        }
        Some(_) => false,
    }
}

fn looks_like_target(target: &[u8]) -> bool {
    matches!(target.first(), Some(b'/' | b'*' | b'h' | b'H'))
}

/// Whether a piece after a gap may begin with a request: strict, because it may as well be the
/// middle of a body. Its first line is checked once it is there.
pub(super) fn could_start_request(piece: &[u8]) -> bool {
    let Some(space) = piece.iter().take(MAX_METHOD).position(|&b| b == b' ') else {
        return METHODS.iter().any(|m| m.starts_with(piece));
    };
    let (method, rest) = piece.split_at(space);
    let target = rest.get(1..).unwrap_or_default();
    (is_known(method) && (target.is_empty() || looks_like_target(target) || method == b"CONNECT"))
        || piece.starts_with(b"PRI * HTTP/2.0")
}

/// Whether bytes can be the beginning of an HTTP/1.x response.
pub(super) fn response_prefix(bytes: &[u8]) -> bool {
    const START: &[u8] = b"HTTP/1.";
    let n = bytes.len().min(START.len());
    bytes.get(..n) == START.get(..n)
}

/// The status code of a complete status line.
pub(super) fn status_of(line: &[u8]) -> Option<u16> {
    let rest = without_line_end(line).strip_prefix(b"HTTP/1.")?;
    let (minor, rest) = rest.split_first()?;
    let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
    let (code, rest) = rest.split_at_checked(3)?;
    if !minor.is_ascii_digit() || !(rest.is_empty() || rest.starts_with(b" ")) {
        return None;
    }
    let code = std::str::from_utf8(code).ok()?;
    let status = code.bytes().all(|b| b.is_ascii_digit()).then(|| code.parse().ok()).flatten()?;
    (status >= 100).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        let cases: &[(&[u8], Line)] = &[
            (b"GET / HTTP/1.1\r\n", Line::Http),
            (b"GET / HTTP/1.1\n", Line::Http),
            (b"BREW /pot HTTP/1.0\r\n", Line::Http),
            (b"GET /?id=1 OR 1=1 HTTP/1.1\r\n", Line::Http),
            (b"GET /\0 HTTP/1.1\r\n", Line::Http),
            (b"GET / http/1.1\r\n", Line::Http),
            (b"GET / HTTP/3.7\r\n", Line::Http),
            (b"GET /index.html\r\n", Line::Simple),
            (b"PRI * HTTP/2.0\r\n", Line::Http2),
            (b"get key\r\n", Line::Other),
            (b"OPTIONS sip:nm SIP/2.0\r\n", Line::Other),
            (b"OPTIONS / RTSP/1.0\r\n", Line::Other),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Line::Other),
            (b"*1\r\n", Line::Other),
            (b"PING\r\n", Line::Other),
            (b"EHLO mail.example\r\n", Line::Other),
            (b"\x16\x03\x01\x02\n", Line::Other),
            (b"\n", Line::Other),
            (b" \n", Line::Other),
        ];
        for (line, expected) in cases {
            assert_eq!(request_line(line), *expected, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn first_bytes() {
        for yes in
            [&b""[..], b"G", b"GET", b"GET ", b"GET /a", b"FOO /x", b"GET \0", b"M-SEARCH *", b"PRI * H"]
        {
            assert!(request_prefix(yes), "{}", yes.escape_ascii());
        }
        let long_method = [b'A'; MAX_METHOD + 1];
        let long_line = [b"FOO /", &[b'a'; MAX_UNKNOWN_LINE][..]].concat();
        for no in [
            &b"\x16\x03\x01"[..],
            b"*1\r",
            b"SSH-2.0-x\r",
            b" ",
            b"FOO \0",
            b"\x80",
            &long_method,
            &long_line,
        ] {
            assert!(!request_prefix(no), "{}", no.escape_ascii());
        }
        for yes in [&b"GET /"[..], b"P", b"POST ", b"CONNECT a:1 ", b"GET http://a/"] {
            assert!(could_start_request(yes), "{}", yes.escape_ascii());
        }
        for no in [&b"get /"[..], b"hello world", b"GET x", b"{\"a\": 1}", b"Q"] {
            // `Q` alone begins QUERY
            assert_eq!(could_start_request(no), no == b"Q", "{}", no.escape_ascii());
        }
    }

    #[test]
    fn status_lines() {
        assert_eq!(status_of(b"HTTP/1.1 200 OK\r\n"), Some(200));
        assert_eq!(status_of(b"HTTP/1.0 404\n"), Some(404));
        for no in [
            &b"HTTP/1.1 20 OK\r\n"[..],
            b"HTTP/1.1 2000 OK\r\n",
            b"HTTP/2 200\r\n",
            b"HTTP/1.1 +20 \r\n",
            b"",
            b"HTTP/1.1 099 x\r\n",
        ] {
            assert_eq!(status_of(no), None, "{}", no.escape_ascii());
        }
    }
}
