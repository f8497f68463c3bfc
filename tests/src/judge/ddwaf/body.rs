//! What is in a request, as a web framework hands it to a tracer: names and values, decoded.

use std::collections::HashMap;

use serde_json::Value;

use crate::judge::Message;

/// Names, each with its values, in the order in which they first came.
pub(super) type Pairs = Vec<(Vec<u8>, Vec<Vec<u8>>)>;

/// A body, taken apart.
pub(super) enum Body {
    /// Not taken apart: none, or of a type that frameworks leave to the application.
    None,
    Json(Value),
    Form(Pairs),
    /// Text fields, and names of files: files' contents are not looked at.
    Multipart(Pairs, Vec<Vec<u8>>),
}

impl Body {
    /// Takes it apart, by its Content-Type.
    pub fn of(message: &Message) -> Self {
        let kind = message.values("content-type").next().unwrap_or_default();
        let media = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if media.eq_ignore_ascii_case(b"application/json") {
            serde_json::from_slice(&message.body).map_or(Self::None, Self::Json)
        } else if media.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            Self::Form(form(&message.body))
        } else if media.eq_ignore_ascii_case(b"multipart/form-data") {
            boundary(kind).map_or(Self::None, |boundary| multipart(&message.body, boundary))
        } else {
            Self::None
        }
    }
}

/// `application/x-www-form-urlencoded` (WHATWG URL section 5.1).
pub(super) fn form(text: &[u8]) -> Pairs {
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = cut(pair, b"=").unwrap_or((pair, b""));
        (decoded(name), decoded(value))
    });
    grouped(pairs)
}

/// Cookies (RFC 6265 section 5.4).
pub(super) fn cookies(message: &Message) -> Pairs {
    let fields = message.values("cookie").flat_map(|field| field.split(|byte| *byte == b';'));
    let pairs = fields.filter_map(|pair| {
        let (name, value) = cut(pair, b"=")?;
        Some((name.trim_ascii().to_vec(), value.trim_ascii().to_vec()))
    });
    grouped(pairs)
}

fn grouped(pairs: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) -> Pairs {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut all = Pairs::new();
    for (name, value) in pairs {
        let place = *places.entry(name.clone()).or_insert(all.len());
        match all.get_mut(place) {
            Some((_, values)) => values.push(value),
            None => all.push((name, vec![value])),
        }
    }
    all
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        (rest, _) = match (byte, escaped) {
            (b'%', Some(escaped)) => (after.get(2..).unwrap_or_default(), out.push(escaped)),
            (b'+', _) => (after, out.push(b' ')),
            _ => (after, out.push(byte)),
        };
    }
    out
}

fn boundary(kind: &[u8]) -> Option<&[u8]> {
    let (_, after) = cut(kind, b"boundary=")?;
    let boundary = after.split(|byte| *byte == b';').next()?.trim_ascii();
    Some(boundary.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(boundary))
}

/// RFC 7578, as far as well-formed bodies go.
fn multipart(body: &[u8], boundary: &[u8]) -> Body {
    let mark = [b"\r\n--", boundary].concat();
    let mut files = Vec::new();
    let mut pairs = Vec::new();
    // The first boundary has no line end before it.
    let mut rest = body.strip_prefix(mark.get(2..).unwrap_or_default());
    while let Some((part, after)) = rest.and_then(|rest| cut(rest, &mark)) {
        rest = Some(after);
        let Some((head, content)) = cut(part, b"\r\n\r\n") else { continue };
        let Some(name) = parameter(head, b" name=\"") else { continue };
        match parameter(head, b" filename=\"") {
            Some(file) => files.push(file.to_vec()),
            None => pairs.push((name.to_vec(), content.to_vec())),
        }
    }
    Body::Multipart(grouped(pairs.into_iter()), files)
}

fn parameter<'h>(head: &'h [u8], name: &[u8]) -> Option<&'h [u8]> {
    cut(head, name)?.1.split(|byte| *byte == b'"').next()
}

/// What stands before and after the first `mark`.
fn cut<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = memchr::memmem::find(text, mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pairs: &Pairs) -> Vec<String> {
        let shown = |(name, values): &(Vec<u8>, Vec<Vec<u8>>)| {
            let values: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value)).collect();
            format!("{}: {}", String::from_utf8_lossy(name), values.join("|"))
        };
        pairs.iter().map(shown).collect()
    }

    #[test]
    fn forms_are_grouped_and_decoded() {
        let vectors = [
            ("a=1&b=2&a=3", vec!["a: 1|3", "b: 2"]),
            ("a+b=%41%zz%4&&c", vec!["a b: A%zz%4", "c: "]),
            ("", vec![]),
        ];
        for (text, expected) in &vectors {
            assert_eq!(&shown(&form(text.as_bytes())), expected);
        }
        assert_eq!(vectors.len(), 3);
    }

    #[test]
    fn bodies_are_read_by_their_type() {
        let with = |kind: &str, body: &str| {
            let head = format!("POST / HTTP/1.0\r\nContent-Type: {kind}\r\nContent-Length: {}", body.len());
            Body::of(&Message::read(format!("{head}\r\nCookie: a=1; b = 2;c\r\n\r\n{body}").as_bytes()))
        };
        assert!(matches!(with("application/JSON; charset=utf-8", "[1]"), Body::Json(Value::Array(_))));
        assert!(matches!(with("application/json", "[1"), Body::None));
        assert!(matches!(with("text/plain", "a=1"), Body::None));
        assert!(
            matches!(with("application/x-www-form-urlencoded", "a=1"), Body::Form(pairs) if pairs.len() == 1)
        );
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\n\
            Content-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\r\ndata\r\n--x--\r\n";
        let Body::Multipart(pairs, files) = with("multipart/form-data; boundary=\"x\"", body) else {
            panic!("it is multipart")
        };
        assert_eq!((shown(&pairs), files), (vec!["a: one".to_owned()], vec![b"n.txt".to_vec()]));
    }

    #[test]
    fn cookies_are_trimmed() {
        let message = Message::read(b"GET / HTTP/1.0\r\nCookie: a=1; b = 2;c\r\nCookie: a=3\r\n\r\n");
        assert_eq!(shown(&cookies(&message)), ["a: 1|3", "b: 2"]);
    }
}
