//! The parameters of a message: query, form, multipart, JSON.

use std::ops::Range;

use crate::{
    http::Body,
    limits,
    rules::{
        bodies::{Buffers, Sink, json, multipart, urlencoded},
        inputs::body::Kind,
    },
};

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Query,
    Form,
    Json,
}

/// Parameters, decoded. Reused from message to message.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    text: Vec<u8>,
    items: Vec<Item>,
    buffers: Buffers,
}

#[derive(Debug)]
struct Item {
    place: Place,
    name: Range<usize>,
    normal: Range<usize>,
    value: Range<usize>,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'f> {
    pub place: Place,
    /// As it was sent: `user[email]`, `items.array_0.id`.
    pub name: &'f [u8],
    /// Its parts in lower case between dots: `user.email`.
    pub normal: &'f [u8],
    pub value: &'f [u8],
}

impl Field<'_> {
    /// Whether this is its name, or the end of it from a part on.
    pub fn is(&self, normal: &str) -> bool {
        let Some(before) = self.normal.strip_suffix(normal.as_bytes()) else { return false };
        before.is_empty() || before.ends_with(b".")
    }
}

impl Fields {
    pub fn clear(&mut self) {
        self.text.clear();
        self.items.clear();
    }

    /// Takes a query.
    pub fn query(&mut self, query: &[u8]) {
        self.urlencoded(Place::Query, query);
    }

    /// Takes a body that has parameters.
    pub fn body(&mut self, content_type: &[u8], body: &Body) {
        let data = body.data.get(..body.data.len().min(limits::REQUEST_BODY)).unwrap_or_default();
        let cut = body.cut || data.len() < body.data.len();
        match Kind::of(content_type, data) {
            Kind::Form => self.urlencoded(Place::Form, data),
            Kind::Json => self.with(Place::Json, |buffers, sink| {
                json::read(data, limits::FIELD_DEPTH, cut, buffers, sink);
            }),
            Kind::Multipart(_) => self.with(Place::Form, |buffers, sink| {
                let settings = multipart::Settings { cut, ..multipart::Settings::default() };
                multipart::read(content_type, data, settings, buffers, sink);
            }),
            Kind::Text | Kind::Media => {}
        }
    }

    /// Takes a body if it is JSON.
    pub fn json(&mut self, content_type: &[u8], body: &Body) {
        if Kind::of(content_type, &body.data) == Kind::Json {
            self.body(content_type, body);
        }
    }

    /// Takes a parameter; whether there is room for more.
    pub fn put(&mut self, name: &[u8], value: &[u8]) -> bool {
        let Self { text, items, .. } = self;
        Collector { place: Place::Form, text, items }.arg(name, value)
    }

    fn urlencoded(&mut self, place: Place, text: &[u8]) {
        self.with(place, |buffers, sink| {
            urlencoded::read(text, urlencoded::SEPARATOR, buffers, sink);
        });
    }

    fn with(&mut self, place: Place, read: impl FnOnce(&mut Buffers, &mut Collector<'_>)) {
        let Self { text, items, buffers } = self;
        read(buffers, &mut Collector { place, text, items });
    }

    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        let text = |range: &Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        self.items.iter().map(move |Item { place, name, normal, value }| Field {
            place: *place,
            name: text(name),
            normal: text(normal),
            value: text(value),
        })
    }

    /// The values under a name.
    pub fn named<'f>(&'f self, normal: &'f str) -> impl Iterator<Item = &'f [u8]> {
        self.iter().filter(move |field| field.is(normal)).map(|field| field.value)
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

struct Collector<'c> {
    place: Place,
    text: &'c mut Vec<u8>,
    items: &'c mut Vec<Item>,
}

impl Collector<'_> {
    fn push(&mut self, bytes: impl Iterator<Item = u8>) -> Range<usize> {
        let start = self.text.len();
        self.text.extend(bytes);
        start..self.text.len()
    }
}

impl Sink for Collector<'_> {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool {
        let name = match self.place {
            Place::Json => name.strip_prefix(b"json.").unwrap_or_default(),
            Place::Query | Place::Form => name,
        };
        if name.len() <= limits::FIELD_NAME && !name.is_empty() {
            let whole = self.text.len() + 2 * name.len() + value.len() <= limits::FIELD_BYTES;
            let value = if whole { value } else { &b""[..] };
            if self.text.len() + 2 * name.len() > limits::FIELD_BYTES {
                return false;
            }
            let item = Item {
                place: self.place,
                name: self.push(name.iter().copied()),
                normal: self.push(normal(name)),
                value: self.push(value.iter().copied()),
            };
            self.items.push(item);
        }
        self.items.len() < limits::FIELDS
    }
}

/// `user[email]`, `User.Email`, `form:user:email` → `user.email`.
pub(super) fn normal(name: &[u8]) -> impl Iterator<Item = u8> {
    name.iter().filter(|&&byte| byte != b']').map(|byte| match byte {
        b'[' | b':' => b'.',
        other => other.to_ascii_lowercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(fields: &Fields) -> Vec<String> {
        fields.iter().map(|f| format!("{}={}", f.normal.escape_ascii(), f.value.escape_ascii())).collect()
    }

    fn body(data: &str) -> Body {
        Body { data: data.to_owned().into(), wire_len: data.len() as u64, cut: false }
    }

    #[test]
    fn every_kind_of_body() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"user[login]\"\r\n\r\nbob\r\n--x--\r\n";
        let cases: [(&str, &str, &[&str]); 7] = [
            ("application/x-www-form-urlencoded", "user%5Bemail%5D=a%40b.c&x=", &["user.email=a@b.c", "x="]),
            ("application/json", r#"{"User":{"Email":"a@b"},"n":1}"#, &["user.email=a@b", "n=1"]),
            ("application/json", r#"{"items":[{"id":7}]}"#, &["items.array_0.id=7"]),
            ("application/json", r#"{"user":"al"#, &["user=al"]),
            ("multipart/form-data; boundary=x", multipart, &["user.login=bob"]),
            ("", "loginForm:username=eve", &["loginform.username=eve"]),
            ("text/plain", "hello", &[]),
        ];
        let mut fields = Fields::default();
        for (content_type, data, expected) in cases {
            fields.clear();
            fields.body(content_type.as_bytes(), &body(data));
            assert_eq!(lines(&fields), expected, "{data}");
        }
        assert_eq!(cases.len(), 7);
    }

    #[test]
    fn a_name_is_its_end_from_a_part_on() {
        let mut fields = Fields::default();
        fields.query(b"user[email]=1&useremail=2&email=3&e.mail=4");
        let values =
            |name: &'static str| fields.named(name).map(|v| v.escape_ascii().to_string()).collect::<String>();
        assert_eq!(values("email"), "13");
        assert_eq!(
            (values("user.email"), values("mail"), values("x")),
            ("1".into(), "4".into(), String::new())
        );
    }

    #[test]
    fn bounded() {
        let mut fields = Fields::default();
        fields.query("a=1&".repeat(10 * limits::FIELDS).as_bytes());
        assert_eq!(fields.iter().count(), limits::FIELDS);
        fields.clear();
        let long = "v".repeat(limits::FIELD_BYTES);
        fields.query(format!("{}=1&b={long}&c=2", "n".repeat(limits::FIELD_NAME + 1)).as_bytes());
        assert_eq!(lines(&fields), ["b=", "c=2"]);
        assert!(!fields.is_empty());
    }
}
