//! Tokens and URIs.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::rules::inapp::object::Room;
use crate::rules::inapp::processors::{jwt, uri};

/// What a token becomes; parts that are no JSON in Base64 are null in JSON.
#[test]
fn tokens() {
    const HEADER: &str = "eyJhbGciOiJSUzM4NCIsInR5cCI6IkpXVCJ9";
    const PAYLOAD: &str =
        "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWUsImlhdCI6MTUxNjIzOTAyMn0";
    let header = json!({"alg": "RS384", "typ": "JWT"});
    let payload = json!({"sub": "1234567890", "name": "John Doe", "admin": true, "iat": 1_516_239_022});
    let token = |header: &Value, payload: &Value, signed: bool| {
        Some(json!({"header": header, "payload": payload, "signature": {"available": signed}}))
    };
    let vectors = [
        (format!("Bearer {HEADER}.{PAYLOAD}.c2ln"), token(&header, &payload, true)),
        (format!("Bearer\t {HEADER}.{PAYLOAD}."), token(&header, &payload, false)),
        (format!("Bearer{HEADER}.{PAYLOAD}.a.b"), token(&header, &payload, true)),
        (format!("Bearer .{PAYLOAD}.c2ln"), token(&Value::Null, &payload, true)),
        (format!("Bearer {HEADER}..c2ln"), token(&header, &Value::Null, true)),
        (format!("Bearer {HEADER}.{PAYLOAD}"), None),
        (format!("Bearer {HEADER}."), None),
        (format!("Bearer {HEADER}"), None),
        (format!("bearer {HEADER}.{PAYLOAD}.c2ln"), None),
        (format!("{HEADER}.{PAYLOAD}.c2ln"), None),
        ("Bearer e30=.e30.".into(), token(&json!({}), &json!({}), false)),
        ("Bearer e30==.e3 0.".into(), token(&Value::Null, &Value::Null, false)),
        // A digit too many: zero bits are the end of the text, others are a byte behind it.
        ("Bearer e30A.e30B.".into(), token(&json!({}), &Value::Null, false)),
        ("Bearer MTIz.LTEuNQ.".into(), token(&json!(123), &json!(-1.5), false)),
        ("Bearer +/+/.e30.".into(), token(&Value::Null, &json!({}), false)),
        ("..".into(), None),
    ];
    for (field, expected) in &vectors {
        let made = jwt::decode(field.as_bytes(), &mut Room::default());
        assert_eq!(made.map(|object| object.to_json()), *expected, "{field}");
    }
    assert_eq!(vectors.len(), 16);
}

/// Scheme, user, host, port, path, query, fragment.
#[test]
fn uris() {
    let parts = |scheme: &str,
                 userinfo: &str,
                 host: &str,
                 port: u16,
                 path: &str,
                 query: Value,
                 fragment: &str| {
        Some(json!({
            "scheme": scheme, "userinfo": userinfo, "host": host, "port": port, "path": path, "query": query,
            "fragment": fragment,
        }))
    };
    let none = json!({});
    let all = json!({
        "normal": "value", "array": ["1", "2"], "emptyvalue": "", "flag": true, "query": ["value1", "value2"],
    });
    let vectors = [
        ("https://", parts("https", "", "", 0, "", none.clone(), "")),
        (
            "https://user@test.com:222/path?query=value1&query=value2&flag&emptyvalue=&array[]=1&array[]=2&normal=value#frag",
            parts("https", "user", "test.com", 222, "/path", all, "frag"),
        ),
        ("mailto:a@b", parts("mailto", "", "", 0, "a@b", none.clone(), "")),
        ("//h/p", parts("", "", "h", 0, "/p", none.clone(), "")),
        ("/p?q[0]=1&=2&&[]#f?", parts("", "", "", 0, "/p", json!({"q[0]": "1", "": true}), "f?")),
        ("http://[::1]:80", parts("http", "", "::1", 80, "", none.clone(), "")),
        ("http://u:p@h:00080?a=b=c", parts("http", "u:p", "h", 80, "", json!({"a": "b=c"}), "")),
        ("http://u@", parts("http", "u", "", 0, "", none.clone(), "")),
        ("http://:81/", parts("http", "", "", 81, "/", none.clone(), "")),
        ("http://h:", parts("http", "", "h", 0, "", none.clone(), "")),
        ("", parts("", "", "", 0, "", none, "")),
        ("http://h:65536", None),
        ("http://h:8a", None),
        ("http://[::1", None),
        ("http://[::ffff:1.2.3.4]", None),
        ("http://[::1]a", None),
        ("http://h?que<>ry", None),
        ("http://a b", None),
        ("/a b", None),
        ("/a#b#c", None),
        ("1http://h", None),
        ("http", None),
        ("*", None),
    ];
    for (uri, expected) in &vectors {
        let made = uri::parse(uri.as_bytes(), &mut Room::default());
        assert_eq!(made.map(|object| object.to_json()), *expected, "{uri}");
    }
    assert_eq!(vectors.len(), 23);
}

proptest! {
    #[test]
    fn any_bytes(field in prop::collection::vec(prop_oneof![any::<u8>(),
        prop::sample::select(&b"Bearer e30.=-_:/?#[]@&"[..])], 0..80)) {
        let _ = jwt::decode(&field, &mut Room::default());
        let bearer = [b"Bearer ", &field[..], b".."].concat();
        prop_assert!(jwt::decode(&bearer, &mut Room::default()).is_some());
        if let Some(uri) = uri::parse(&field, &mut Room::default()) {
            prop_assert!(uri.to_json().to_string().len() < 6 * field.len() + 120);
        }
    }
}
