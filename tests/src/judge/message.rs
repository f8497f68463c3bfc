//! A request as it came over the wire, taken apart as far as a web server does that before it asks a
//! rule engine.

use bytes::{Bytes, BytesMut};
use picket::http::{self, Limits, Request};

/// A header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As sent.
    pub name: Bytes,
    /// Without white space around it.
    pub value: Bytes,
}

/// A request. Read more loosely than any server would: engines must get to see what is wrong with it.
#[derive(Clone, Debug)]
pub struct Message {
    /// The first word of the request line, with white space before it.
    pub method: Bytes,
    /// What stands between the first word and the last.
    pub target: Bytes,
    /// The last word of the request line: `HTTP/1.1`. Empty if there are two words.
    pub protocol: Bytes,
    /// In order.
    pub fields: Vec<Field>,
    /// Without chunk framing.
    pub body: Bytes,
    /// Nothing of the body is missing.
    pub complete: bool,
    /// The same as Picket's http stage reads it.
    pub request: Request,
}

impl Message {
    /// Reads a request; Picket's http stage keeps as much of its body as an agent does.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let all = Bytes::copy_from_slice(bytes);
        let mut rest = all.clone();
        let line = line(&mut rest);
        let (method, target, protocol) = words(&line);
        let fields = fields(&mut rest);
        let request = http::exchange(bytes, None, Limits::default()).request;
        let mut message =
            Self { method, target, protocol, fields, body: Bytes::new(), complete: true, request };
        message.read_body(&rest);
        message
    }

    /// Values of the fields with this name (ASCII case ignored), in order.
    pub fn values<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m [u8]> {
        let named = self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|field| field.value.as_ref())
    }

    /// RFC 9112 section 6.3. A length that is no number takes everything: the server refuses anyway.
    fn read_body(&mut self, rest: &Bytes) {
        let chunked = self
            .values("transfer-encoding")
            .last()
            .is_some_and(|coding| coding.to_ascii_lowercase().ends_with(b"chunked"));
        if chunked {
            (self.body, self.complete) = dechunked(rest.clone());
            return;
        }
        let Some(length) = self.values("content-length").next() else { return };
        let length = std::str::from_utf8(length).ok().and_then(|digits| digits.parse::<usize>().ok());
        let length = length.unwrap_or(rest.len());
        self.complete = length <= rest.len();
        self.body = rest.slice(..length.min(rest.len()));
    }
}

/// Takes a line away, without its end (CRLF or LF).
fn line(rest: &mut Bytes) -> Bytes {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let mut line = rest.split_to(end.map_or(rest.len(), |end| end + 1));
    if end.is_some() {
        line.truncate(line.len() - 1);
    }
    if line.ends_with(b"\r") {
        line.truncate(line.len() - 1);
    }
    line
}

/// The words of the request line.
fn words(line: &Bytes) -> (Bytes, Bytes, Bytes) {
    let indent = line.len() - line.trim_ascii_start().len();
    let space = |from: usize| {
        let rest = line.get(from..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b' ').map(|at| from + at)
    };
    let Some(first) = space(indent) else { return (line.clone(), Bytes::new(), Bytes::new()) };
    let last = line.iter().rposition(|byte| *byte == b' ').filter(|last| *last > first);
    let target = line.slice(first + 1..last.unwrap_or(line.len()));
    let protocol = last.map_or_else(Bytes::new, |last| line.slice(last + 1..));
    (line.slice(..first), target, protocol)
}

/// Takes the header fields away, with the empty line behind them. A line that begins with white space
/// goes on with the one before (RFC 9112 section 5.2).
fn fields(rest: &mut Bytes) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    while !rest.is_empty() {
        let line = line(rest);
        if line.is_empty() {
            break;
        }
        if let (Some(b' ' | b'\t'), Some(before)) = (line.first(), fields.last_mut()) {
            let mut joined = BytesMut::from(before.value.as_ref());
            joined.extend_from_slice(b" ");
            joined.extend_from_slice(line.trim_ascii());
            before.value = joined.freeze();
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let name = line.slice(..colon.unwrap_or(line.len()));
        let value = line.slice(colon.map_or(line.len(), |colon| colon + 1)..);
        fields.push(Field { name, value: value.slice_ref(value.trim_ascii()) });
    }
    fields
}

/// RFC 9112 section 7.1, and whether the last chunk is there.
fn dechunked(mut rest: Bytes) -> (Bytes, bool) {
    let mut body = BytesMut::new();
    while !rest.is_empty() {
        let size = line(&mut rest);
        let digits = size.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        match size {
            Some(0) => return (body.freeze(), true),
            Some(size) => {
                body.extend_from_slice(&rest.split_to(size.min(rest.len())));
                line(&mut rest);
            }
            None => break,
        }
    }
    (body.freeze(), false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn request_lines_are_taken_apart() {
        let vectors = [
            ("GET / HTTP/1.1", ["GET", "/", "HTTP/1.1"]),
            ("GET /a b HTTP/1.1", ["GET", "/a b", "HTTP/1.1"]),
            ("  GET / HTTP/1.1", ["  GET", "/", "HTTP/1.1"]),
            ("GET / ", ["GET", "/", ""]),
            ("GET /", ["GET", "/", ""]),
            ("GET", ["GET", "", ""]),
            ("", ["", "", ""]),
        ];
        for (text, expected) in vectors {
            let (method, target, protocol) = words(&Bytes::from_static(text.as_bytes()));
            assert_eq!([method, target, protocol], expected.map(|word| Bytes::from_static(word.as_bytes())));
        }
        assert_eq!(vectors.len(), 7);
    }

    #[test]
    fn bodies_are_framed() {
        let vectors = [
            ("Content-Length: 2", "abc", "ab", true),
            ("Content-Length: 4", "abc", "abc", false),
            ("Content-Length: x", "abc", "abc", true),
            ("A: b", "abc", "", true),
            ("Transfer-Encoding: chunked", "2\r\nab\r\n1;x\r\nc\r\n0\r\n\r\n", "abc", true),
            ("Transfer-Encoding: gzip, Chunked", "2\r\nab\r\n", "ab", false),
            ("Transfer-Encoding: chunked", "z\r\nab\r\n", "", false),
        ];
        for (field, rest, body, complete) in vectors {
            let message = Message::read(format!("POST / HTTP/1.1\r\n{field}\r\n\r\n{rest}").as_bytes());
            assert_eq!((message.body.as_ref(), message.complete), (body.as_bytes(), complete), "{field}");
        }
        assert_eq!(vectors.len(), 7);
    }

    #[test]
    fn fields_keep_order_case_and_folds() {
        let message = Message::read(b"GET /x HTTP/1.0\r\nB:  1 \r\na: 2\n\t3\r\nnone\r\nA: 4\r\n\r\n");
        let fields: Vec<(&[u8], &[u8])> =
            message.fields.iter().map(|field| (field.name.as_ref(), field.value.as_ref())).collect();
        assert_eq!(fields, [(&b"B"[..], &b"1"[..]), (b"a", b"2 3"), (b"none", b""), (b"A", b"4")]);
        assert_eq!(message.values("A").collect::<Vec<_>>(), [&b"2 3"[..], b"4"]);
        assert_eq!((message.request.version, message.request.target.as_ref()), (0, &b"/x"[..]));
    }

    proptest! {
        #[test]
        fn prop_any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let message = Message::read(&bytes);
            prop_assert!(message.body.len() <= bytes.len());
        }
    }
}
