use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::{
    http::{Anomaly, Body, Header, Request, Response},
    tls::hello::{CipherSuite, TlsFacts, Version},
};

fn headers(fields: &[(&str, &str)]) -> Vec<Header> {
    let bytes = |text: &str| Bytes::from(text.to_owned());
    fields.iter().map(|(name, value)| Header { name: bytes(name), value: bytes(value) }).collect()
}

fn request(target: &str, fields: &[(&str, &str)], body: &str) -> Request {
    Request {
        number: 0,
        method: Bytes::from("GET"),
        target: Bytes::from(target.to_owned()),
        protocol: "HTTP/1.1".into(),
        version: 1,
        headers: headers(fields),
        trailers: 0,
        body: Body { data: Bytes::from(body.to_owned()), wire_len: body.len() as u64, cut: false },
        anomalies: Vec::new(),
        started: 5_000_000_000,
        ended: 5_000_100_000,
    }
}

fn response(status: u16) -> Response {
    Response {
        number: 0,
        status,
        headers: Vec::new(),
        body: Body::default(),
        anomalies: Vec::new(),
        started: 5_001_000_000,
        ended: 5_001_234_567,
    }
}

fn recorder() -> Recorder {
    let wall: Timestamp = "2026-11-22T04:39:56.000000789Z".parse().unwrap();
    Recorder::new(Arc::default(), WallClock::new(wall, 1_000_000_000), EventIds::new(0xab_cdef_0123))
}

fn service() -> Arc<ServiceRef> {
    Arc::new(ServiceRef {
        name: "nginx".into(),
        port: 80,
        pid: Some(812),
        exe: Some("/usr/sbin/nginx".into()),
        ..ServiceRef::default()
    })
}

fn tags() -> BTreeMap<String, String> {
    let tags = [("type", "sql_injection"), ("category", "attack_attempt"), ("confidence", "high")];
    tags.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn found<'a>(
    location: &'a str,
    key: Option<&'a str>,
    value: &'a str,
    tags: &'a BTreeMap<String, String>,
) -> Finding<'a> {
    Finding { rule: "picket-sqli-003", name: "Tautology in a comparison", tags, location, key, value }
}

fn record(recorder: &mut Recorder, request: &Request, findings: &[Finding<'_>]) -> Event {
    let response = response(200);
    let transaction = Transaction {
        request,
        response: Some(&response),
        unanswered: None,
        peer: "[::ffff:10.0.0.2]:40312".parse().unwrap(),
        client_ip: "203.0.113.7".parse().unwrap(),
        service: &service(),
        tls: None,
    };
    let stamp = recorder.stamp(transaction.request.started);
    recorder.record(stamp, &transaction, findings, false)
}

fn plain() -> Render {
    Render { colour: false, columns: None, zone: TimeZone::UTC }
}

fn attack() -> Event {
    let request = request(
        "/search?q=%27+OR+1%3D1&token=abc",
        &[("Host", "shop.example"), ("User-Agent", "curl/8"), ("Authorization", "Basic dXNlcjpwdw==")],
        "",
    );
    record(&mut recorder(), &request, &[found("query.q", Some("q"), "' OR 1=1", &tags())])
}

#[test]
fn one_line_of_json() {
    let expected = concat!(
        r#"{"kind":"event","id":"019aa9a8-d300-7003-8000-40abcdef0123","time":"2026-11-22T04:40:00.000000789Z","#,
        r#""service":{"name":"nginx","port":80,"pid":812,"exe":"/usr/sbin/nginx"},"client_ip":"203.0.113.7","#,
        r#""peer_ip":"10.0.0.2","peer_port":40312,"method":"GET","host":"shop.example","path":"/search","#,
        r#""query":"q=%27+OR+1%3D1&token=<redacted>","status":200,"response_bytes":0,"user_agent":"curl/8","#,
        r#""matches":[{"rule":"picket-sqli-003","name":"Tautology in a comparison","#,
        r#""tags":{"category":"attack_attempt","confidence":"high","type":"sql_injection"},"#,
        r#""location":"query.q","value":"' OR 1=1"}],"blocked":false,"duration_us":1234,"truncated":false}"#,
    );
    let event = attack();
    let (line, id) = (event.json_line(), event.id.to_string());
    assert_eq!(line, expected.replace("019aa9a8-d300-7003-8000-40abcdef0123", &id));
    assert_eq!(event.id.get_version_num(), 7);
    assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    assert!(!line.contains("dXNlcjpwdw"));
}

#[test]
fn the_manual_names_every_field() {
    let manual = include_str!("../../../docs/events.md");
    let mut event = attack();
    event.unanswered = Some("closed".into());
    event.anomalies = vec![EventAnomaly { kind: "a".into(), detail: "b".into() }];
    event.left_out = 1;
    event.policy = Some("shop".into());
    let (country, city) = (Some("NL".into()), Some("Utrecht".into()));
    event.client_geo = Some(Box::new(Place { country, city, asn: Some(64500) }));
    event.chain = Some(EventChain { id: "00".into(), hop: 1, ambiguous: true });
    event.tls = Some(Box::new(EventTls {
        library: Some("OpenSSL 3.0.19".into()),
        alpn_offered: vec!["h2".into()],
        ja4: Some("t13d1516h2_8daaf6152771_e5627efa2ab1".into()),
        ..tls(&facts(), 1)
    }));
    event.service = Arc::new(ServiceRef {
        cmdline: vec!["a".into()],
        container_id: Some("a".into()),
        pod_uid: Some("a".into()),
        cgroup: Some("a".into()),
        ..(*event.service).clone()
    });
    let json = serde_json::to_value(&event).unwrap();
    let mut names: Vec<String> = json.as_object().unwrap().keys().cloned().collect();
    for (parent, fields) in [
        ("service", &json["service"]),
        ("tls", &json["tls"]),
        ("client_geo", &json["client_geo"]),
        ("chain", &json["chain"]),
        ("matches[]", &json["matches"][0]),
        ("anomalies[]", &json["anomalies"][0]),
    ] {
        names.extend(fields.as_object().unwrap().keys().map(|name| format!("{parent}.{name}")));
    }
    for name in &names {
        assert!(manual.contains(&format!("| `{name}` |")), "docs/events.md has no row for {name}");
    }
    assert_eq!(names.len(), 25 + 8 + 7 + 3 + 3 + 5 + 2);
}

fn facts() -> TlsFacts {
    TlsFacts {
        version: Some(Version::TLS_1_3),
        cipher: Some(CipherSuite(0x1301)),
        sni: Some("shop.example".into()),
        alpn_offered: vec!["h2".into(), "http/1.1".into()],
        ..TlsFacts::default()
    }
}

/// What an event tells of a connection with these facts that spoke HTTP/1.x.
fn tls(facts: &TlsFacts, minor: u8) -> EventTls {
    let request = Request { version: minor, ..request("/", &[], "") };
    let transaction = Transaction {
        request: &request,
        response: None,
        unanswered: None,
        peer: "192.0.2.1:1".parse().unwrap(),
        client_ip: "192.0.2.1".parse().unwrap(),
        service: &service(),
        tls: Some(facts),
    };
    let mut recorder = recorder();
    let stamp = recorder.stamp(transaction.request.started);
    let event = recorder.record(stamp, &transaction, &[], false);
    assert!(plain().event(&event).contains("nginx:80  TLS"), "{}", plain().event(&event));
    *event.tls.expect("facts")
}

#[test]
fn facts_of_tls() {
    let told = |facts: &TlsFacts, minor| serde_json::to_value(tls(facts, minor)).unwrap();
    let expected = serde_json::json!({
        "version": "TLS 1.3", "cipher": "TLS_AES_128_GCM_SHA256", "sni": "shop.example", "alpn": "http/1.1"
    });
    assert_eq!(told(&facts(), 1), expected);
    // It offered no HTTP/1.0: what the service chose is not known.
    assert_eq!(told(&facts(), 0)["alpn_offered"], serde_json::json!(["h2", "http/1.1"]));
    assert_eq!(told(&facts(), 0)["alpn"], serde_json::Value::Null);
    let chosen = TlsFacts { alpn: Some("h2".into()), ..facts() };
    assert_eq!(told(&chosen, 1)["alpn"], "h2");
    assert_eq!(told(&TlsFacts::default(), 1), serde_json::json!({}));
    assert_eq!(tls(&facts(), 1).short(), "TLS1.3");
    assert_eq!(EventTls::default().short(), "TLS");
    // What a client wrote is redacted and cut like all of it.
    let hostile = TlsFacts { alpn: Some("a\u{1b}[2J password=Secret1".into()), ..facts() };
    let json = told(&hostile, 1).to_string();
    assert!(!json.contains("Secret1") && !json.contains('\u{1b}'), "{json}");
}

#[test]
fn a_transaction_without_answer_or_matches() {
    let request = request("http://user:pw@other.example/a", &[("Host", "shop.example")], "");
    let transaction = Transaction {
        request: &request,
        response: None,
        unanswered: Some("closed"),
        peer: "[2001:db8::1]:1".parse().unwrap(),
        client_ip: "2001:db8::1".parse().unwrap(),
        service: &service(),
        tls: None,
    };
    let mut recorder = recorder();
    let stamp = recorder.stamp(transaction.request.started);
    let event = recorder.record(stamp, &transaction, &[], false);
    assert_eq!((event.kind, event.status, event.duration_us), (Kind::Transaction, None, None));
    assert_eq!((event.path.as_str(), event.query.as_deref()), ("/a", None));
    assert_eq!(event.host.as_deref(), Some("<redacted>@other.example"));
    let json: serde_json::Value = serde_json::from_str(&event.json_line()).unwrap();
    assert_eq!(json["kind"], "transaction");
    assert_eq!(json["status"], serde_json::Value::Null);
    assert_eq!(json["unanswered"], "closed");
    assert_eq!(json["matches"], serde_json::json!([]));
    assert_eq!(
        plain().event(&event),
        "04:40:00.000         2001:db8::1 → nginx:80  GET <redacted>@other.example/a  no answer (closed)\n"
    );
}

#[test]
fn lines_for_people() {
    let mut event = attack();
    let lines = "\
04:40:00.000 ATTACK  203.0.113.7 via 10.0.0.2 → nginx:80  GET shop.example/search?q=%27+OR+1%3D1&token=<redacted>  200 in 1.2 ms
                     sql_injection in query.q: ' OR 1=1   Tautology in a comparison (picket-sqli-003)
";
    assert_eq!(plain().event(&event), lines);
    let narrow = "\
04:40:00.000 ATTACK  203.0.113.7 via 10.0.0.2 → nginx:80  GET shop.example/se…  200 in 1.2 ms
                     sql_injection in query.q: ' OR 1=1
";
    assert_eq!(Render { columns: Some(92), ..plain() }.event(&event), narrow);

    event.blocked = true;
    event.truncated = true;
    event.peer_ip = event.client_ip;
    event.status = Some(500);
    event.duration_us = Some(1_250_000);
    event.left_out = 2;
    event.anomalies =
        vec![EventAnomaly { kind: "bad_chunk_size".into(), detail: "chunk size \"xyz\"".into() }];
    let coloured = Render { colour: true, columns: Some(200), zone: TimeZone::UTC }.event(&event);
    assert!(coloured.contains("\u{1b}[1m\u{1b}[31mBLOCKED \u{1b}[0m"), "{coloured:?}");
    assert!(coloured.contains("\u{1b}[31m500 in 1.2 s (body cut)\u{1b}[0m\n"), "{coloured:?}");
    assert!(coloured.contains("chunk size \"xyz\" (bad_chunk_size)\n"), "{coloured:?}");
    assert!(coloured.contains("and 2 more"), "{coloured:?}");
}

#[test]
fn long_fields_are_cut_and_counted() {
    let mut recorder = recorder();
    let long = "é".repeat(limits_field());
    let request = request(&format!("/{long}"), &[("User-Agent", "short")], "");
    let tags = tags();
    let many = vec![found("path", None, "x", &tags); crate::limits::EVENT_MATCHES + 3];
    let event = record(&mut recorder, &request, &many);
    assert!(event.path.len() <= limits_field() && event.path.ends_with("é…"));
    assert_eq!((event.matches.len(), event.left_out), (crate::limits::EVENT_MATCHES, 3));
    let stats = recorder.stats();
    assert_eq!((stats.events, stats.transactions, stats.fields_cut, stats.left_out), (1, 0, 1, 3));
}

fn limits_field() -> usize {
    crate::limits::EVENT_FIELD
}

/// Nothing that a terminal would obey or hide.
fn harmless(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !printable::is_hostile(c))
}

#[test]
fn nothing_a_client_sends_reaches_the_terminal_as_a_control() {
    let hostile = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\r\n\u{202e}\u{200b}\u{7f}é日本";
    let mut request =
        request(&format!("/{hostile}?{hostile}"), &[("Host", hostile), ("User-Agent", hostile)], "");
    request.method = Bytes::from(hostile);
    request.anomalies = vec![Anomaly { kind: "bad_header", detail: hostile.into() }];
    let tags = BTreeMap::from([("type".to_owned(), hostile.to_owned())]);
    let finding =
        Finding { rule: hostile, name: hostile, tags: &tags, location: hostile, key: None, value: hostile };
    let event = record(&mut recorder(), &request, &[finding]);
    assert!(harmless(&event.json_line()), "{}", event.json_line());
    assert_eq!(serde_json::from_str::<Event>(&event.json_line()).unwrap(), event);
    let shown = plain().event(&event);
    assert!(harmless(&shown), "{shown}");
    assert_eq!(shown.lines().count(), 3);
    assert!(
        shown.contains("a\\u{1b}[2J\\u{1b}]0;x\\u{7}\\u{9b}31m\\r\\n\\u{202e}\\u{200b}\\u{7f}é日本"),
        "{shown}"
    );
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Whether ten characters of this credential in a row stand in the text, at any layer of its encoding.
fn leaks(text: &str, credential: &str) -> bool {
    let credential: Vec<char> = credential.to_ascii_lowercase().chars().collect();
    let mut layer = text.to_ascii_lowercase();
    (0..4).any(|_| {
        let leaked = credential.windows(10).any(|piece| layer.contains(&piece.iter().collect::<String>()));
        layer = decoded(&layer);
        leaked
    })
}

/// Places for a credential in a request: target, header fields, body. `{}` is the credential as it is,
/// `{%}` percent-encoded, `{%%}` twice, `{"}` as in a JSON string, `{%"}` that
/// percent-encoded, `{t}` as a token.
const PLACES: &[(&str, &str, &str, &str)] = &[
    ("/p?q=1&password={%}&z=<script>", "", "", ""),
    ("/p?user[pass_word]={%}", "", "", ""),
    ("/p?a=1&api-key={%}", "", "", ""),
    ("/p?ACCESS_TOKEN={%}&q=2", "", "", ""),
    ("/p?next=%2Flogin%3Ftoken%3D{%%}", "", "", ""),
    ("/p?pass%77ord={%}", "", "", ""),
    ("/p?u=https%3A%2F%2Fme%3A{%%}%40host%2F", "", "", ""),
    ("http://me:{%}@host/p", "", "", ""),
    ("/p;jsessionid={%}?q=1", "", "", ""),
    ("/p?f=%7B%22client_secret%22%3A%22{%\"}%22%7D", "", "", ""),
    ("/p?x=Bearer%20{t}", "", "", ""),
    ("/", "Authorization", "Bearer {}", ""),
    ("/", "Proxy-Authorization", "Digest username=\"{}\"", ""),
    ("/", "Cookie", "a=b; sid={}; c=d", ""),
    ("/", "X-Api-Key", "{}", ""),
    ("/", "X-Auth-Token", "{}", ""),
    ("/", "Referer", "https://shop/?token={%}&q=1", ""),
    ("/", "User-Agent", "bot (https://me:{%}@host/)", ""),
    ("/", "", "", "user=a&password={%}&q=1"),
    ("/", "", "", "user=a&user%5Bpassword%5D={%}"),
    ("/", "", "", "{\"user\":\"a\",\"password\":\"{\"}\",\"q\":1}"),
    ("/", "", "", "{\"pass\\u0077ord\":\"{\"}\"}"),
    ("/", "", "", "{\"a\":[{\"credentials\":{\"x\":[1,\"{\"}\"]}}]}"),
    ("/", "", "", "{\"token\":\"{\"}\",\"cut\":[1,"),
    ("/", "", "", "<a><Password>{%}</Password></a>"),
    ("/", "", "", "--b\r\nContent-Disposition: form-data; name=\"cvv\"\r\n\r\n{}\r\n--b--"),
];

fn fill(template: &str, credential: &str) -> String {
    let json = serde_json::to_string(credential).unwrap();
    let json = json.trim_matches('"');
    // What follows `Bearer` is a token68 (RFC 9110 section 11.2).
    let token = credential.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let forms = [
        ("{}", credential.to_owned()),
        ("{%}", percent(credential)),
        ("{%%}", percent(&percent(credential))),
        ("{\"}", json.to_owned()),
        ("{%\"}", percent(json)),
        ("{t}", token),
    ];
    for (mark, form) in forms {
        if let Some((before, after)) = template.split_once(mark) {
            return format!("{before}{form}{after}");
        }
    }
    template.to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// A credential put into any place of a request comes out nowhere: not in the JSON, not in the lines
    /// for people; whatever piece of the request a rule reports, transformed in the usual ways.
    #[test]
    fn no_credential_comes_out(
        credential in "[A-Za-z0-9][!-~]{10,30}[A-Za-z0-9]",
        place in 0..PLACES.len(),
        start in 0.0f64..1.0, len in 0.0f64..1.0,
        transform in 0..4u8,
    ) {
        let (target, name, value, body) = PLACES[place];
        let filled = |text: &str| fill(text, &credential);
        let (target, value, body) = (filled(target), filled(value), filled(body));
        let fields = [("Host", "shop.example"), (name, value.as_str())];
        let request = request(&target, &fields[..if name.is_empty() { 1 } else { 2 }], &body);

        let piece = |text: &str| -> String {
            let text: Vec<char> = text.chars().collect();
            let from = (start * text.len() as f64) as usize;
            let to = from + (len * (text.len() - from) as f64).ceil() as usize;
            let piece: String = text[from..to.min(text.len())].iter().collect();
            match transform {
                0 => piece,
                1 => piece.to_ascii_lowercase(),
                2 => decoded(&piece),
                _ => decoded(&decoded(&piece)).to_ascii_lowercase(),
            }
        };
        let tags = tags();
        let (uri, raw_body, field) = (piece(&target), piece(&body), value.clone());
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let raw_query = piece(query);
        let key = name.to_ascii_lowercase();
        let location = format!("headers.{key}");
        let mut findings = vec![
            found("uri", None, &uri, &tags), found("query", None, &raw_query, &tags), found("body", None, &raw_body, &tags),
            found("uri", None, &target, &tags), found("body", None, &body, &tags),
        ];
        if key == "cookie" {
            findings.push(found("cookies.sid", Some("sid"), &credential, &tags));
        } else if !key.is_empty() {
            findings.push(found(&location, Some(&key), &field, &tags));
        }
        for pair in query.split('&') {
            if let Some((_, value)) = pair.split_once('=').filter(|(name, _)| ["next", "u", "f", "x"].contains(name)) {
                findings.push(found("query.next", Some("next"), Box::leak(decoded(value).into_boxed_str()), &tags));
            }
        }
        let event = record(&mut recorder(), &request, &findings);
        let line = event.json_line();
        // What JSON escapes is compared unescaped.
        let fields: Vec<&str> = event.matches.iter().map(|m| m.value.as_str())
            .chain([event.path.as_str(), event.query.as_deref().unwrap_or(""), event.host.as_deref().unwrap_or(""), event.user_agent.as_deref().unwrap_or("")])
            .collect();
        for field in fields {
            prop_assert!(!leaks(field, &credential), "{field}\nof {target}\n{value}\n{body}");
        }
        prop_assert!(!leaks(&line, &credential), "{line}");
        let shown = plain().event(&event);
        prop_assert!(!leaks(&shown, &credential), "{shown}");
        prop_assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }

    #[test]
    fn any_request_gives_one_harmless_line(
        target in proptest::collection::vec(any::<u8>(), 0..120), agent: String, value: String, body in proptest::collection::vec(any::<u8>(), 0..120),
        columns in 0usize..300,
    ) {
        let mut request = request("", &[("User-Agent", &agent)], "");
        request.target = Bytes::from(target);
        request.body.data = Bytes::from(body);
        let tags = tags();
        let event = record(&mut recorder(), &request, &[found("uri", None, &value, &tags)]);
        let line = event.json_line();
        prop_assert!(harmless(&line) && !line.contains('\n'));
        prop_assert_eq!(&serde_json::from_str::<Event>(&line).unwrap(), &event);
        let shown = Render { columns: Some(columns), ..plain() }.event(&event);
        prop_assert!(harmless(&shown));
        prop_assert_eq!(shown.lines().count(), 2);
        if columns >= 120 {
            prop_assert!(shown.lines().all(|line| line.width() <= columns), "{}", shown);
        }
    }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let (b'%', Some(byte)) = (bytes[at], hex) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What is known of user and business stands in the event, and reads back; what is not known is not there.
#[test]
fn users_and_business() {
    use crate::user::{BusinessEvent, Observed, Session, Source, User};

    let mut event = record(&mut recorder(), &request("/users/7", &[], ""), &[]);
    assert_eq!(event.kind, Kind::Transaction);
    let without = event.json_line();
    assert!(
        ["user", "session", "business", "endpoint"]
            .iter()
            .all(|key| !without.contains(&format!("\"{key}\":")))
    );
    let mut attributes = serde_json::Map::new();
    attributes.insert("usr.login".into(), "alice\u{202e}".into());
    attributes.insert("usr.exists".into(), true.into());
    event.take_observed(Observed {
        user: Some(User { id: "alice".into(), source: Source::Jwt, claimed: true }),
        session: Some(Session { id: "0123456789abcdef".into() }),
        business: vec![BusinessEvent { name: "users.login.failure".into(), attributes }],
        endpoint: Some("/users/{id}".into()),
    });
    assert_eq!(event.kind, Kind::Event);
    let line = event.json_line();
    for part in [
        r#""user":{"id":"alice","source":"jwt","claimed":true}"#,
        r#""session":{"id":"0123456789abcdef"}"#,
        r#""business":[{"name":"users.login.failure","attributes":{"#,
        r#""usr.login":"alice\u202e""#,
        r#""usr.exists":true"#,
        r#""endpoint":"/users/{id}""#,
    ] {
        assert!(line.contains(part), "{part}\n{line}");
    }
    assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    // For people: a line, calm, with the user where the client stands.
    let line = "04:40:00.000         203.0.113.7 via 10.0.0.2 as alice (claimed) → nginx:80  users.login.failure alice\\u{202e}  \
                GET /users/7  200 in 1.2 ms\n";
    assert_eq!(plain().event(&event), line);
    let narrow = Render { columns: Some(80), ..plain() }.event(&event);
    assert_eq!(narrow.lines().count(), 1, "{narrow}");
    let failure = |attributes: serde_json::Value| {
        let mut event = record(&mut recorder(), &request("/login", &[], ""), &[]);
        let attributes = attributes.as_object().unwrap().clone();
        event.kind = Kind::Event;
        event.business = vec![BusinessEvent { name: "users.login.failure".into(), attributes }];
        let coloured = Render { colour: true, columns: Some(400), ..plain() }.event(&event);
        assert!(!coloured.contains("ATTACK") && !coloured.contains("\u{1b}[31m"), "{coloured:?}");
        let shown = plain().event(&event);
        let about = shown.split("users.login.failure").nth(1).unwrap().split("  GET ").next().unwrap();
        about.trim_start().to_owned()
    };
    for (attributes, shown) in [
        (serde_json::json!({"usr.login": "bob"}), "bob"),
        (serde_json::json!({"usr.login": "bob", "usr.exists": false}), "bob (unknown user)"),
        (serde_json::json!({"login.reason": "locked", "usr.exists": true}), "(locked)"),
        (serde_json::json!({"usr.login": ["bob"]}), ""),
    ] {
        assert_eq!(failure(attributes), shown);
    }
    // Many calls in one request.
    let mut many = event.clone();
    let tries = |login: &str, times: usize| {
        let mut attributes = serde_json::Map::new();
        attributes.insert("usr.login".into(), login.into());
        vec![BusinessEvent { name: "users.login.failure".into(), attributes }; times]
    };
    many.business = [tries("a", 20), tries("b", 1), tries("a", 1), tries("c", 1), tries("d", 3)].concat();
    let shown = plain().event(&many);
    let expected =
        "users.login.failure a ×21  users.login.failure b  users.login.failure c  and 3 more  GET ";
    assert!(shown.contains(expected), "{shown}");
    // With a match, it is an attack, whoever did it.
    event.matches = attack().matches;
    let shown = plain().event(&event);
    assert!(
        shown.contains(" ATTACK  203.0.113.7 via 10.0.0.2 as alice (claimed) → ")
            && shown.lines().count() == 2,
        "{shown}"
    );
}
