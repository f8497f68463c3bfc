//! Vectors and properties of objects.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::http::{self, Exchange, Limits};
use crate::limits::{OBJECT_DEPTH, OBJECT_ENTRIES, OBJECT_TEXT};

fn read(text: &str) -> Option<Object<'_>> {
    read_json(text.as_bytes(), false, &mut Room::default())
}

fn name(name: &str) -> Key {
    Key::Name(name.to_owned())
}

#[test]
fn key_paths() {
    let object = read(r#"{"a": {"b": [1, 2, {"c": null}]}, "": 3, "a": 4}"#).unwrap();
    let vectors: [(&[Key], Option<Value>); 11] = [
        (&[name("")], Some(json!(3))),
        (&[name("a"), name("b"), Key::Index(0)], Some(json!(1))),
        (&[name("a"), name("b"), Key::Index(-1)], Some(json!({"c": null}))),
        (&[name("a"), name("b"), Key::Index(-3)], Some(json!(1))),
        (&[name("a"), name("b"), Key::Index(-4)], None),
        (&[name("a"), name("b"), Key::Index(3)], None),
        (&[name("a"), name("b"), Key::Index(2), name("c")], Some(Value::Null)),
        (&[name("a"), Key::Index(0)], None),
        (&[name("a"), name("b"), name("0")], None),
        (&[name("A")], None),
        (&[name("a"), name("b"), Key::Index(i64::MIN)], None),
    ];
    for (path, expected) in &vectors {
        assert_eq!(object.get(path).map(Object::to_json), *expected, "{path:?}");
    }
    assert_eq!(vectors.len(), 11);
    assert_eq!(object.get(&[]), Some(&object));
}

#[test]
fn json_texts() {
    let text = |text: &'static str| Object::String(text.as_bytes().into());
    let vectors = [
        ("null", Some(Object::Null)),
        (" true ", Some(Object::Bool(true))),
        ("0", Some(Object::Unsigned(0))),
        ("18446744073709551615", Some(Object::Unsigned(u64::MAX))),
        ("18446744073709551616", Some(Object::Float(18_446_744_073_709_551_616.0))),
        ("-9223372036854775808", Some(Object::Signed(i64::MIN))),
        ("1.0", Some(Object::Float(1.0))),
        ("1e400", None),
        (r#""a\u00e9""#, Some(text("aé"))),
        (r#""\ud800""#, None),
        ("[]", Some(Object::Array(vec![]))),
        ("[1,]", None),
        ("{} {}", None),
        ("{a: 1}", None),
        ("", None),
        (
            r#"{"a":1,"a":"b"}"#,
            Some(Object::Map(vec![(b"a".into(), Object::Unsigned(1)), (b"a".into(), text("b"))])),
        ),
    ];
    for (json, expected) in &vectors {
        assert_eq!(read(json), *expected, "{json}");
    }
    assert_eq!(vectors.len(), 16);
    assert_eq!(read_json(b"\"\xff\"", false, &mut Room::default()), None);
}

#[test]
fn a_text_that_is_cut_off_is_kept_as_far_as_it_goes() {
    let vectors: [(&[u8], Option<Value>); 12] = [
        (b"{\"a\": [1, 2", Some(json!({"a": [1, 2]}))),
        (b"{\"a\": [1, \"b", Some(json!({"a": [1]}))),
        (b"{\"a\": 1, \"b\": tr", Some(json!({"a": 1}))),
        (b"{\"a\": 1, \"b", Some(json!({"a": 1}))),
        (b"{\"a\": 1, \"b\"", Some(json!({"a": 1}))),
        (b"[{\"a\": {", Some(json!([{"a": {}}]))),
        (b"[\"a\", \"\xc3", Some(json!(["a"]))),
        (b"\"abc", None),
        (b"", None),
        (b"[1] x", None),
        (b"[1, x", None),
        (b"[\"\xff\"", None),
    ];
    for (text, expected) in &vectors {
        let read = read_json(text, true, &mut Room::default());
        assert_eq!(read.map(|object| object.to_json()), *expected, "{}", text.escape_ascii());
        assert!(read_json(text, false, &mut Room::default()).is_none(), "{}", text.escape_ascii());
    }
    assert_eq!(vectors.len(), 12);
}

#[test]
fn bounds_cut_and_say_so() {
    let many = |count: usize| format!("[{}]", vec!["0"; count].join(","));
    let named = |count: usize| {
        let entries: Vec<_> = (0..count).map(|at| format!("\"{at}\":0")).collect();
        format!("{{{}}}", entries.join(","))
    };
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let long = |bytes: usize| format!("\"{}\"", "a".repeat(bytes));
    let vectors = [
        (many(OBJECT_ENTRIES), many(OBJECT_ENTRIES), false),
        (many(OBJECT_ENTRIES + 1), many(OBJECT_ENTRIES), true),
        (named(OBJECT_ENTRIES), named(OBJECT_ENTRIES), false),
        (named(OBJECT_ENTRIES + 1), named(OBJECT_ENTRIES), true),
        (deep(OBJECT_DEPTH + 1), deep(OBJECT_DEPTH + 1), false),
        (deep(OBJECT_DEPTH + 2), deep(OBJECT_DEPTH + 1), true),
        (deep(1000), deep(OBJECT_DEPTH + 1), true),
        (long(OBJECT_TEXT), long(OBJECT_TEXT), false),
        (long(OBJECT_TEXT + 1), long(OBJECT_TEXT), true),
    ];
    for (text, expected, cut) in &vectors {
        let mut room = Room::default();
        let read = read_json(text.as_bytes(), false, &mut room).expect("JSON");
        let start: String = text.chars().take(30).collect();
        assert_eq!(read.to_json(), serde_json::from_str::<Value>(expected).unwrap(), "{start}");
        assert_eq!(room.cut(), *cut, "{start}");
    }
    assert_eq!(vectors.len(), 9);
    // Of all of them together.
    let list = many(OBJECT_ENTRIES);
    let text = format!("[{}]", vec![&list[..]; OBJECT_ENTRIES].join(","));
    let mut room = Room::default();
    let read = read_json(text.as_bytes(), false, &mut room).expect("JSON");
    let mut values = 0;
    read.any(&mut |_| {
        values += 1;
        false
    });
    assert!(room.cut() && values <= crate::limits::OBJECT_VALUES, "{values}");
}

/// The objects of a request and a response, by address.
#[test]
fn addresses() {
    let form = "POST /Api/v%201/?a=1&b=%41+c&a=2&&d HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\n\
        Cookie: s=1; t=\"2\"; u; s=3\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\n\
        m=1&n=2&m=3";
    let multipart_body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x\r\n\
        Content-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\n\r\ndata\r\n--x--\r\n";
    let multipart = format!(
        "POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\n\r\n{multipart_body}",
        multipart_body.len()
    );
    let typed =
        "PUT / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"a\": [1, \"b\"]}  ";
    let text = "PUT / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\na b";
    let plain = "GET * HTTP/1.1\r\n\r\n";
    let vectors = [
        (form, "server.request.method", json!("POST")),
        (form, "server.request.uri.raw", json!("/Api/v%201/?a=1&b=%41+c&a=2&&d")),
        (form, "server.request.path", json!("/Api/v 1/")),
        (form, "server.request.path_params", json!(["Api", "v 1"])),
        (form, "server.request.query", json!({"a": ["1", "2"], "b": "A c", "d": ""})),
        (form, "server.request.query.raw", json!("a=1&b=%41+c&a=2&&d")),
        (form, "server.request.cookies", json!({"s": ["1", "3"], "t": "2"})),
        (form, "server.request.body", json!({"m": ["1", "3"], "n": "2"})),
        (form, "server.request.body.raw", json!("m=1&n=2&m=3")),
        (
            form,
            "server.request.headers.no_cookies",
            json!({
                "host": "x", "x-a": ["1", "2"], "content-type": "application/x-www-form-urlencoded",
                "content-length": "11",
            }),
        ),
        (&multipart, "server.request.body", json!({"a": "one"})),
        (&multipart, "server.request.body.filenames", json!(["n.txt"])),
        (&multipart, "server.request.body.files_content", json!(["data"])),
        (&multipart, "server.request.body.combined_file_size", json!(4)),
        (typed, "server.request.body", json!({"a": [1, "b"]})),
        (text, "server.request.body", json!("a b")),
        (plain, "server.request.query", Value::Null),
        (plain, "server.request.cookies", Value::Null),
        (plain, "server.request.body", Value::Null),
        (plain, "server.request.body.filenames", Value::Null),
        (plain, "server.request.headers", json!({})),
        (plain, "server.request.path_params", json!(["*"])),
        (plain, "server.response.status", json!("404")),
        (
            plain,
            "server.response.headers.no_cookies",
            json!({
                "content-type": "application/json", "content-length": "9",
            }),
        ),
        (
            plain,
            "server.response.headers",
            json!({
                "content-type": "application/json", "content-length": "9", "set-cookie": "a=1",
            }),
        ),
        (plain, "server.response.body", json!({"b":[1]})),
        (plain, "http.client_ip", json!("192.0.2.1")),
        (plain, "usr.id", json!("me")),
        (plain, "usr.session_id", Value::Null),
        (plain, "waf.context.processor", json!({"extract-schema": true})),
        (plain, "server.io.fs.file", Value::Null),
        (plain, "server.request.nothing", Value::Null),
    ];
    let response = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\n\
        Content-Length: 9\r\n\r\n{\"b\":[1]}";
    let facts = Facts {
        client_ip: Some([192, 0, 2, 1].into()),
        user_id: Some(b"me"),
        session_id: None,
        extract_schema: true,
    };
    for (request, address, expected) in &vectors {
        let read = http::exchange(request.as_bytes(), Some(response.as_bytes()), Limits::default());
        let Exchange { request, response } = &read;
        let transaction = Transaction { request, response: response.as_ref(), facts };
        let mut room = Room::default();
        let object = transaction.object(address, &mut room).map(|object| object.to_json());
        assert_eq!(object.unwrap_or_default(), *expected, "{address}");
        assert!(!room.cut(), "{address}");
    }
    assert_eq!(vectors.len(), 32);
}

#[test]
fn nothing_of_a_response_that_is_not_there() {
    let request = http::exchange(b"GET / HTTP/1.1\r\n\r\n", None, Limits::default()).request;
    let transaction = Transaction { request: &request, response: None, facts: Facts::default() };
    for address in ["server.response.status", "server.response.headers", "server.response.body"] {
        assert_eq!(transaction.object(address, &mut Room::default()), None, "{address}");
    }
}

proptest! {
    #[test]
    fn json_is_what_serde_json_reads(value in value(), pretty in any::<bool>()) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let mut room = Room::default();
        let read = read_json(text.as_bytes(), false, &mut room).expect("JSON");
        // Of the text: writing and reading a float need not give it back.
        prop_assert_eq!(read.to_json(), serde_json::from_str::<Value>(&text).expect("JSON"));
        prop_assert!(!room.cut());
        prop_assert_eq!(read.clone().into_owned(), read);
    }

    #[test]
    fn of_a_prefix_no_more_is_read(value in value(), at in any::<prop::sample::Index>()) {
        let text = value.to_string();
        let count = |object: &Object<'_>| {
            let mut values = 0;
            object.any(&mut |_| { values += 1; false });
            values
        };
        let whole = read_json(text.as_bytes(), false, &mut Room::default()).expect("JSON");
        let part = text.as_bytes().get(..at.index(text.len() + 1)).unwrap_or_default();
        let part = read_json(part, true, &mut Room::default());
        prop_assert!(part.is_none_or(|part| count(&part) <= count(&whole)));
    }
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    scalar.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..6)
                .prop_map(|map| Value::from(map.into_iter().collect::<serde_json::Map<_, _>>())),
        ]
    })
}
