//! Sources and identities as they are configured; custom events.

use super::*;

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqd3QiLCJvaWQiOiI0MiJ9.c2ln";

fn get(fields: &str) -> String {
    format!("GET /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

fn ok() -> Option<&'static str> {
    Some("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn the_first_source_counts_as_configured() {
    let all = format!(
        "Authorization: Bearer {JWT}\r\nX-Forwarded-User: proxy\r\nX-Real: other\r\nAuthorization: Basic YmFzaWM6cHc=\r\n"
    );
    let cases = [
        ("", true, Some(("jwt", Source::Jwt))),
        ("[users]\nclaims = [\"oid\"]", true, Some(("42", Source::Jwt))),
        ("[users]\nsources = [\"header\", \"jwt\"]", true, Some(("proxy", Source::Header))),
        (
            "[users]\nsources = [\"header\", \"jwt\"]\nheaders = [\"X-Real\"]",
            true,
            Some(("other", Source::Header)),
        ),
        // Whoever calls without being a proxy can write any header.
        ("[users]\nsources = [\"header\", \"jwt\"]", false, Some(("jwt", Source::Jwt))),
        ("[users]\nsources = [\"header\"]", false, None),
        ("[users]\nsources = [\"basic\"]", false, Some(("basic", Source::Basic))),
        ("[users]\nsources = []", true, None),
        ("[users]\nidentity = \"off\"", true, None),
    ];
    for (configuration, trusted, expected) in cases {
        let user = Watch::new(configuration).see_from(&get(&all), ok(), trusted).user;
        let found = user.as_ref().map(|user| (&*user.id, user.source));
        assert_eq!(found, expected, "{configuration}");
    }
    assert_eq!(cases.len(), 9);
}

const LOGIN: &str = "POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
    Content-Length: 26\r\n\r\nusername=ann&password=pw12";
const IN: &str = "HTTP/1.1 302 Found\r\nLocation: /home\r\nSet-Cookie: sid=0123456789abcdef; HttpOnly\r\nContent-Length: 0\r\n\r\n";

#[test]
fn identities_as_is_hashed_and_off() {
    let later = get("Cookie: sid=0123456789abcdef\r\n");
    for (identity, expected) in [("as_is", Some("ann")), ("off", None)] {
        let mut watch = Watch::new(&format!("[users]\nidentity = \"{identity}\""));
        let login = watch.see(LOGIN, Some(IN));
        assert_eq!(login.user.as_ref().map(|user| &*user.id), expected);
        assert_eq!(login.business[0].attributes.get("usr.login").and_then(|login| login.as_str()), expected);
        let after = watch.see(&later, ok());
        assert_eq!(after.user.map(|user| user.id).as_deref(), expected);
        assert_eq!(after.session, login.session, "the session is followed all the same");
        assert!(after.session.is_some());
    }
    let mut watch = Watch::new("[users]\nidentity = \"hashed\"");
    let login = watch.see(LOGIN, Some(IN));
    let hashed = Key::new(&[7; 32]).user("ann");
    assert_eq!(login.user.as_ref().map(|user| &*user.id), Some(&hashed[..]));
    assert_eq!(login.business[0].attributes["usr.login"], *hashed);
    assert_eq!(watch.see(&later, ok()).user.map(|user| user.id).as_deref(), Some(&hashed[..]));
    let jwt = watch.see(&get(&format!("Authorization: Bearer {JWT}\r\n")), ok()).user.unwrap();
    assert_eq!(*jwt.id, Key::new(&[7; 32]).user("jwt"));
}

#[test]
fn a_session_ends_when_it_is_not_used() {
    let mut watch = Watch::new("[users]\nsession_idle = \"1m\"");
    watch.see(LOGIN, Some(IN));
    let later = get("Cookie: sid=0123456789abcdef\r\n");
    assert!(watch.see(&later, ok()).user.is_some());
    watch.now += jiff::Span::new().seconds(58);
    assert!(watch.see(&later, ok()).user.is_some());
    watch.now += jiff::Span::new().seconds(60);
    assert!(watch.see(&later, ok()).user.is_none());
}

#[test]
fn workers_share_sessions() {
    let sessions = Arc::new(Sessions::new(Key::new(&[7; 32])));
    let settings = Arc::new(Settings::default());
    let mut watches = [(); 2].map(|()| Watch {
        observer: Observer::new(Arc::clone(&settings), Arc::clone(&sessions)),
        now: "2026-11-22T04:40:00Z".parse().unwrap(),
    });
    let unknown = IN.replace("sid=0123456789abcdef", "acme=7Gh2kLm9Qr4sTv1wXy8z");
    watches[0].see(LOGIN, Some(&unknown));
    let after = watches[1].see(&get("Cookie: acme=7Gh2kLm9Qr4sTv1wXy8z\r\n"), ok());
    assert_eq!(after.user.map(|user| user.id).as_deref(), Some("ann"), "learned names too");
    assert_eq!((sessions.stats().known, sessions.stats().tied), (1, 1));
    assert_eq!(watches[0].observer.stats().logins, 1);
}

#[test]
fn events_of_ones_own() {
    let configuration = r#"
        [users]
        default_events = false
        [[users.events]]
        event = "order.placed"
        methods = ["POST"]
        paths = ["/orders"]
        fields = ["sku", "state=!draft"]
        status = ["200-299"]
        json = ["result=ok"]
        headers = ["x-shop=a|b"]
        set = ["channel=web"]
        copy = ["order.sku=sku", "order.password=password"]
        [[users.events]]
        event = "users.login.success"
        paths = ["/enter"]
        status = [200]
        login = ["who"]
        [[users.events]]
        event = "users.login.failure"
        paths = ["/enter"]
        status = [403]
        login = ["who"]
        [[users.events]]
        event = "other.service"
        services = ["other"]
        paths = ["*"]
    "#;
    let post = |path: &str, body: &str| message(&format!("POST {path} HTTP/1.1\r\nHost: a"), &["", body]);
    let answer = |status: u16, fields: &str, body: &str| {
        message(&format!("HTTP/1.1 {status} X\r\nX-Y: z{fields}"), &["", body])
    };
    let cases = [
        (
            post("/orders", "sku=7&password=pw"),
            answer(201, "\r\nX-Shop: B", r#"{"result":"ok"}"#),
            &["channel=web", "order.placed", "order.sku=7"][..],
        ),
        (post("/orders", "sku=7&state=draft"), answer(201, "\r\nX-Shop: B", r#"{"result":"ok"}"#), &[]),
        (post("/orders", "sku=7"), answer(201, "\r\nX-Shop: C", r#"{"result":"ok"}"#), &[]),
        (post("/orders", "sku=7"), answer(201, "\r\nX-Shop: B", r#"{"result":"no"}"#), &[]),
        (post("/orders", "sku="), answer(201, "\r\nX-Shop: B", r#"{"result":"ok"}"#), &[]),
        (post("/orders/1", "sku=7"), answer(201, "\r\nX-Shop: B", r#"{"result":"ok"}"#), &[]),
        (
            post("/enter", "who=zoe"),
            answer(200, "", "ok"),
            &["source=login", "user=zoe", "users.login.success", "usr.login=zoe"],
        ),
        (
            post("/enter", "who=zoe"),
            answer(403, "", "wrong password"),
            &["users.login.failure", "usr.exists=true", "usr.login=zoe"],
        ),
        (post("/login", "username=zoe&password=x"), answer(401, "", ""), &[]),
    ];
    let mut watch = Watch::new(configuration);
    for (request, response, expected) in &cases {
        assert_eq!(told(&watch.see(request, Some(response))), *expected, "{request}\n{response}");
    }
    assert_eq!(cases.len(), 9);
    assert_eq!(watch.observer.stats().business, 3);
}
