use bytes::Bytes;

use super::*;
use crate::http::Body;

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl";

fn request(target: &str, body: &str) -> Request {
    Request {
        number: 0,
        method: Bytes::from("POST"),
        target: Bytes::from(target.to_owned()),
        protocol: "HTTP/1.1".into(),
        version: 1,
        headers: Vec::new(),
        trailers: 0,
        body: Body { data: Bytes::from(body.to_owned()), ..Body::default() },
        anomalies: Vec::new(),
        started: 0,
        ended: 0,
    }
}

#[test]
fn texts() {
    let cases: &[(&str, &str)] = &[
        // Queries and forms: to the next pair, whatever the value holds.
        ("q=shoes&page=2", "q=shoes&page=2"),
        ("password=hunter2", "password={}"),
        ("q=1&password=hun ter;2,'\"<x>&page=2", "q=1&password={}&page=2"),
        ("/login?user=a&PassWord=hunter2", "/login?user=a&PassWord={}"),
        ("user[password]=x&a=b", "user[password]={}&a=b"),
        ("user%5Bpassword%5D=x&a=b", "user%5Bpassword%5D={}&a=b"),
        ("pass%77ord=hunter2&a=b", "pass%77ord={}&a=b"),
        ("a=1;token=x y;b=2", "a=1;token={};b=2"),
        ("password=&a=b", "password=&a=b"),
        ("password==x&a=b", "password=={}&a=b"),
        ("api_key=a%26b&a=%26", "api_key={}&a=%26"),
        ("/a;jsessionid=0123456789ABCDEF?x=1", "/a;jsessionid={}"),
        ("password=a\r\nq=b", "password={}\r\nq=b"),
        // Under more encoding.
        ("next=%2Fx%3Ftoken%3Dabc%26a%3Db", "next=/x?token={}&a=b"),
        ("next=%252Fx%253Ftoken%253Dabc", "next=/x?token={}"),
        ("next=%25252Fx%25253Ftoken%25253Dabc", "next=/x?token={}"),
        ("q=100%25&x=%zz", "q=100%25&x=%zz"),
        ("f=%7B%22password%22%3A%22x%22%2C%22q%22%3A1%7D", "f={\"password\":\"{}\",\"q\":1}"),
        // JSON.
        (r#"{"user":"a","password":"hun\"ter2","q":1}"#, r#"{"user":"a","password":"{}","q":1}"#),
        (r#"{"password" : 1234 , "q":1}"#, r#"{"password" : {} , "q":1}"#),
        (r#"{"token":["a","]b"],"q":1}"#, r#"{"token":{},"q":1}"#),
        (r#"{"secret":{"a":{"b":"}"}},"q":1}"#, r#"{"secret":{},"q":1}"#),
        (r#"{"password":"hunt"#, r#"{"password":"{}"#),
        (r#"{"pass\u0077ord":"x","q":1}"#, r#"{"password":"{}","q":1}"#),
        (r#"{"body":"{\"password\":\"x\",\"q\":1}"}"#, r#"{"body":"{\"password\":\"{}\",\"q\":1}"}"#),
        (r#"{"password":"","q":1}"#, r#"{"password":"","q":1}"#),
        // Code.
        ("' OR password='x' OR 1=1", "' OR password='{}' OR 1=1"),
        ("['password' => 'x', 'q' => 1]", "['password' => '{}', 'q' => 1]"),
        ("x, password = hunter2, q", "x, password = {}, q"),
        ("f(a, password=(x))", "f(a, password={}))"),
        // Header fields.
        ("Authorization: Basic dXNlcjpwYXNz\r\nHost: a", "Authorization: {}\r\nHost: a"),
        ("Cookie: a=b; c=d", "Cookie: {}"),
        ("x-api-key:abc", "x-api-key:{}"),
        ("Set-Cookie : a=b", "Set-Cookie : {}"),
        // Tokens.
        ("Bearer abcdef", "Bearer {}"),
        ("bearer+abcdef", "bearer+{}"),
        ("x=Bearer%20abcdef", "x=Bearer {}"),
        ("a Basic dXNlcjpwYXNz b", "a Basic {} b"),
        ("basic auth", "basic auth"),
        ("embearer abcdef", "embearer abcdef"),
        (&format!("/v/{JWT}/x"), "/v/{}/x"),
        (&format!("x={JWT}"), "x={}"),
        (&JWT[..30], "{}"),
        ("eyJ", "eyJ"),
        // Links that mails have.
        ("/reset/5e884898da28047151d0e56f8dc62927?x=1", "/reset/{}?x=1"),
        ("/accounts/reset/MQ/c5k-6f1a7c0b9d3e2f4a/", "/accounts/reset/MQ/{}/"),
        ("/magic-link/abcDEF0123456789xyz", "/magic-link/{}"),
        ("x=%2Fverify%2FabcDEF0123456789xyz", "x=/verify/{}"),
        ("/reset/password", "/reset/password"),
        ("/verify/number-of-a-telephone", "/verify/number-of-a-telephone"),
        ("/pictures/5e884898da28047151d0e56f8dc62927", "/pictures/5e884898da28047151d0e56f8dc62927"),
        // URLs.
        ("http://user:pass@host/", "http://{}@host/"),
        ("http://token@host/", "http://{}@host/"),
        ("http://a@b@host/x@y", "http://{}@host/x@y"),
        ("u=http%3A%2F%2Fuser%3Apass%40host%2F", "u=http://{}@host/"),
        ("http://host/@x", "http://host/@x"),
        // XML, multipart.
        ("<a><password>x&lt;</password><q>1</q></a>", "<a><password>{}</password><q>1</q></a>"),
        ("<ns:Password type='t'><![CDATA[x]]></ns:Password>", "<ns:Password type='t'>{}</ns:Password>"),
        ("<u password=\"x\" q=\"1\"/>", "<u password=\"{}\" q=\"1\"/>"),
        // XML-RPC: one call, another place, many calls, a method without a password.
        (
            "<methodName>wp.getUsersBlogs</methodName><param><value><string>al</string></value></param><param><value><string>pw' OR</string></value>",
            "<methodName>wp.getUsersBlogs</methodName><param><value><string>al</string></value></param><param><value><string>{}</string></value>",
        ),
        (
            "<methodName> metaWeblog.newPost</methodName><value>1</value><value>al</value><value>pw</value><value><struct>",
            "<methodName> metaWeblog.newPost</methodName><value>1</value><value>al</value><value>{}</value><value><struct>",
        ),
        (
            "<name>methodName</name>\n<value>wp.getPosts</value><value><array><value>1</value><value>al</value><value>pw</value></array></value><name>methodName</name><value><string>login</string></value><value>db</value><value>al</value><value>pw",
            "<name>methodName</name>\n<value>wp.getPosts</value><value><array><value>1</value><value>al</value><value>{}</value></array></value><name>methodName</name><value><string>login</string></value><value>db</value><value>al</value><value>{}",
        ),
        (
            "<methodName>pingback.ping</methodName><value>a</value><value>b</value><value>c</value>",
            "<methodName>pingback.ping</methodName><value>a</value><value>b</value><value>c</value>",
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n1\r\n--b--",
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{}\n--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n1\r\n--b--",
        ),
        (
            "Content-Disposition: form-data; name=token\n\nx\ny",
            "Content-Disposition: form-data; name=token\n\n{}",
        ),
        // Nothing.
        ("", ""),
        ("é=ü:ö&日本=語", "é=ü:ö&日本=語"),
        ("==::<</>>''\"\"&&", "==::<</>>''\"\"&&"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("1' UNION SELECT a,b FROM c WHERE d='e'--", "1' UNION SELECT a,b FROM c WHERE d='e'--"),
    ];
    let redactor = Redactor::default();
    for (text, expected) in cases {
        let expected = expected.replace("{}", REDACTED);
        let clean = redactor.text(text);
        assert_eq!(clean, expected, "{text}");
        assert_eq!(redactor.text(&clean), clean, "a second time");
    }
    assert_eq!(cases.len(), 70);
}

#[test]
fn matched_values() {
    let query = "/p?user=a&password=hunter2%27%20OR%201%3D1&q=1%27+OR+1&pin=42&t=x";
    let body = r#"{"user":"a","pass\u0077ord":"correct horse","n":{"token":["battery staple"]}}"#;
    let cases: &[(&str, Option<&str>, &str, &str)] = &[
        // Under a credential's name.
        ("query.password", Some("password"), "hunter2' OR 1=1", "{}"),
        ("query.user[password]", Some("user[password]"), "x", "{}"),
        ("headers.authorization", Some("authorization"), "Basic x", "{}"),
        ("headers.x-api-key", Some("x-api-key"), "x", "{}"),
        ("headers.set-cookie", Some("set-cookie"), "x", "{}"),
        ("cookies.theme", Some("theme"), "' OR 1", "{}"),
        ("cookies", None, "' OR 1", "{}"),
        ("body.n.token.0", Some("token"), "x", "{}"),
        ("body.card.number", Some("number"), "x", "{}"),
        // Elsewhere.
        ("query.q", Some("q"), "1' OR 1", "1' OR 1"),
        ("query.q", Some("q"), "hunter2' OR 1=1", "hunter2' OR 1=1"),
        ("query.next", Some("next"), "/x?token=abc&q=<script>", "/x?token={}&q=<script>"),
        ("headers.referer", Some("referer"), "https://a/?sid=abc", "https://a/?sid={}"),
        ("headers.user-agent", Some("user-agent"), "sqlmap/1.0", "sqlmap/1.0"),
        // Pieces of the target or body as a whole.
        ("uri", None, "password=hunter2%27%20OR%201%3D1&q=1", "password={}&q=1"),
        ("uri", None, "hunter2%27%20or%201%3d1&q=1", "{}&q=1"),
        ("uri", None, "' OR 1=1", "{}"),
        ("uri", None, "ter2' OR 1=1", "{}"),
        ("query", None, "2%27%20OR%201%3D1&q=1%27+OR+1", "{}&q=1%27+OR+1"),
        ("query", None, "' or 1", "{}"),
        ("query", None, "q=<script>alert(1)</script>", "q=<script>alert(1)</script>"),
        ("path", None, "/etc/passwd", "/etc/passwd"),
        ("path.0", None, "etc", "etc"),
        ("body", None, "correct horse\",\"n\":{", "{}\",\"n\":{"),
        ("body", None, "ect horse", "{}"),
        ("body", None, "battery staple", "{}"),
        ("body.0", None, "correct horse", "{}"),
    ];
    let redactor = Redactor::default();
    let known = redactor.known(&request(query, body));
    for (location, key, value, expected) in cases {
        let expected = expected.replace("{}", REDACTED);
        assert_eq!(redactor.matched(location, *key, value, &known), expected, "{location} {value}");
    }
    assert_eq!(cases.len(), 27);
}

#[test]
fn more_credentials_than_are_remembered_redact_whole() {
    let many: String = (0..=limits::EVENT_CREDENTIALS).map(|n| format!("pin={n:04}&")).collect();
    let redactor = Redactor::default();
    let known = redactor.known(&request("/", &many));
    assert_eq!(redactor.matched("body", None, "<script>", &known), REDACTED);
    let long = format!("password={}", "x".repeat(limits::EVENT_CREDENTIAL_BYTES + 1));
    let known = redactor.known(&request("/", &long));
    assert_eq!(redactor.matched("body", None, "<script>", &known), REDACTED);
}

#[test]
fn names_from_the_configuration() {
    let config =
        config::Redact { parameters: vec!["customer-no".into()], headers: vec!["x-internal".into()] };
    let redactor = Redactor::new(&config);
    assert_eq!(redactor.text("customerNo=17&q=1"), format!("customerNo={REDACTED}&q=1"));
    let known = redactor.known(&request("/", ""));
    assert_eq!(redactor.matched("headers.x-internal", Some("X-Internal"), "v", &known), REDACTED);
    assert_eq!(Redactor::default().text("customerNo=17&q=1"), "customerNo=17&q=1");
}

/// Texts made to be looked through again and again. A second is a thousand times what they take when each
/// byte is looked at a bounded number of times.
#[test]
fn hostile_texts_take_linear_time() {
    let pieces = [
        "=",
        ":",
        "<password",
        "<password>",
        "password=",
        "password=\"",
        "\"password\":{",
        "\"password\":[\"",
        "eyJ",
        "-eyJ",
        "eyJaaaaaaaa-",
        "bearer ",
        "://",
        "://a@",
        "form-data; name=\"password\"",
        "form-data; name=",
        "%25",
        "\\u0025",
        "password=<redacted>&",
        "\"password\":\"<redacted>\"",
        "\\\\\"",
        "password:\\\"",
    ];
    let redactor = Redactor::default();
    for piece in pieces {
        let text = piece.repeat(256 * 1024 / piece.len());
        let start = std::time::Instant::now();
        let clean = redactor.text(&text).len();
        let known = redactor.known(&request(&text, &text));
        let masked = redactor.matched("body", None, text.get(..limits::EVENT_FIELD).unwrap(), &known).len();
        let took = start.elapsed();
        assert!(took.as_secs() < 10, "{piece}: {took:?} {clean} {masked}");
    }
    assert_eq!(pieces.len(), 22);
}
