//! What a query takes of one event.

use serde_json::{Value as Json, json};

use crate::query::{EVENTS, Number, Query};

fn event() -> Json {
    json!({
        "kind": "event", "id": "019f886e-c0a0-7003-8000-01abcdef0123", "time": "2026-11-22T04:40:00.000000789Z",
        "service": {"name": "shop", "port": 8080, "cmdline": ["nginx:", "-c", "/etc/nginx.conf"]},
        "client_ip": "203.0.113.7", "peer_ip": "10.0.0.2", "peer_port": 40312,
        "tls": {"version": "TLS 1.3", "sni": "shop.example", "ja4": "t13d1516h2_8daaf6152771_b186095e22b6"},
        "user": {"id": "42", "source": "jwt"}, "session": {"id": "c0ffee"}, "endpoint": "/orders/{id}",
        "business": [{"name": "users.login.failure", "attributes": {"usr.exists": true, "usr.login": "Jo"}}],
        "method": "GET", "host": "shop.example", "path": "/Search", "query": "q=%27+OR+1%3D1",
        "status": 500, "user_agent": "Mozilla/5.0 (X11)",
        "matches": [
            {"rule": "picket-sqli-003", "name": "Tautology in a comparison", "location": "query.q",
             "tags": {"type": "sql_injection", "category": "attack_attempt", "cwe": "89"}, "value": "' OR 1=1"},
            {"rule": "picket-xss-001", "name": "Script", "location": "query.r",
             "tags": {"type": "xss", "category": "attack_attempt"}, "value": "<script>alert(1)</script>"},
        ],
        "attributes": {"_dd.appsec.fp.http.endpoint": "http-get-1", "depth": {"a": [1, 2.5]}, "answer": 42, "ok": true},
        "blocked": false, "score": 15, "duration_us": 1234, "truncated": false,
    })
}

/// Queries that take the event above, and some that don't.
const VECTORS: &[(&str, bool)] = &[
    ("", true),
    ("*", true),
    ("-*", false),
    ("service:shop", true),
    ("service:SHOP", true),
    ("service:sho", false),
    ("service:sho*", true),
    ("service:s?op", true),
    ("service:s?p", false),
    ("service:\"s*\"", false),
    ("@service.name:shop", true),
    ("@service.port:8080", true),
    ("@service.cmdline:-c", true),
    ("@service.cmdline:*", true),
    ("@service.cmdline:\"nginx: -c\"", false),
    ("@status:500", true),
    ("status:500", true),
    ("@status:500.0", true),
    ("@status:[500 TO 599]", true),
    ("@status:{500 TO 599]", false),
    ("@status:[400 TO 500}", false),
    ("@status:[400 TO 500]", true),
    ("@status:[500 TO *]", true),
    ("@status:>=500", true),
    ("@status:>500", false),
    ("@status:<=500 @status:>499", true),
    ("@status:<500", false),
    ("@status:(404 OR 500)", true),
    ("@status:(404 OR >599)", false),
    ("@http.status_code:500", true),
    ("client_ip:203.0.113.7", true),
    ("client_ip:203.0.113.0/24", true),
    ("client_ip:203.0.114.0/24", false),
    ("client_ip:::ffff:203.0.113.7", true),
    ("client_ip:0.0.0.0/0", true),
    ("client_ip:::/0", false),
    ("client_ip:(10.0.0.0/8 OR 203.0.113.0/24)", true),
    ("peer_ip:10.0.0.0/8", true),
    ("user.id:42", true),
    ("@usr.id:42", true),
    ("@user.source:JWT", true),
    ("session.id:c0ffee", true),
    ("(user.id:42 OR user.id:43)", true),
    ("(user.id:41 OR user.id:43)", false),
    ("user.id:(41 OR 43) OR service:shop", true),
    ("@endpoint:\"/orders/{id}\"", true),
    ("@endpoint:/orders/\\{*\\}", true),
    ("@business.name:users.login.failure", true),
    ("@business.name:users.login.*", true),
    ("@usr.exists:true", true),
    ("@usr.exists:false", false),
    ("@usr.login:jo", true),
    ("@rule.type:sql_injection", true),
    ("@rule.type:(xss OR lfi)", true),
    ("-@rule.type:xss", false),
    ("-@rule.type:lfi", true),
    ("rule.id:picket-sqli-*", true),
    ("@matches.rule:picket-sqli-003", true),
    ("@rule.tags.cwe:89", true),
    ("@matches.tags.cwe:89", true),
    ("@matches.tags:*", true),
    ("@rule.location:query.q", true),
    ("@rule.value:*or*", true),
    ("@tls:*", true),
    ("@chain:*", false),
    ("@tls.version:\"tls 1.3\"", true),
    ("blocked:false", true),
    ("blocked:true", false),
    ("would_block:false", true),
    ("would_block:true", false),
    ("would_block:*", false),
    ("-would_block:*", true),
    ("score:>10", true),
    ("policy:*", false),
    ("@answer:42", true),
    ("@answer:>41", true),
    ("@answer:4*", false),
    ("@ok:true", true),
    ("@ok:false", false),
    ("@attributes.answer:42", true),
    ("@depth.a:2.5", true),
    ("@depth.a:(3 OR 1)", true),
    ("@depth:*", true),
    ("@depth.a.b:*", false),
    ("@_dd.appsec.fp.http.endpoint:http-*", true),
    ("@attributes._dd.appsec.fp.http.endpoint:http-get-1", true),
    ("@none:*", false),
    ("-@none:x", true),
    // Free text.
    ("search", true),
    ("SEARCH", true),
    ("shop.example", true),
    ("Mozilla", true),
    ("tautology", true),
    ("picket-xss", true),
    ("\"alert(1)\"", true),
    ("alert\\(1\\)", true),
    ("al*1", true),
    ("al?rt", true),
    ("al?ert", false),
    ("getx", false),
    // Not looked at: method, user, tags.
    ("users.login.failure", false),
    ("sql_injection", false),
    ("search tautology", true),
    ("search NOT tautology", false),
    ("search -nothing", true),
    ("nothing OR search", true),
    ("nothing OR search missing", false),
    ("(nothing OR search) -missing", true),
];

#[test]
fn an_event_is_taken_or_not() {
    let event = event();
    let mut ran = 0;
    for (text, taken) in VECTORS {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let matcher = query.matcher(&EVENTS).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(matcher.matches(&event), *taken, "{text}");
        ran += 1;
    }
    assert_eq!(ran, 108);
}

#[test]
fn numbers_are_compared_as_they_are() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let vectors = [
        ("1", "1.0", Equal),
        ("1", "1.5", Less),
        ("-1", "-1.5", Greater),
        ("9007199254740993", "9007199254740992", Greater),
        ("9007199254740993", "9007199254740992.0", Greater),
        ("9223372036854775807", "9223372036854775808", Less),
        ("-9223372036854775808", "-9223372036854775808.0", Equal),
        ("-9223372036854775808", "-1e300", Greater),
        ("0", "-0.0", Equal),
        ("1e3", "1000", Equal),
        ("0", "1e-300", Less),
    ];
    let mut ran = 0;
    for (one, other, order) in vectors {
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number(one).compare(number(other)), order, "{one} and {other}");
        assert_eq!(number(other).compare(number(one)), order.reverse(), "{other} and {one}");
        ran += 1;
    }
    assert_eq!(ran, 11);
    for text in ["", "-", "+1", ".5", "5.", "1.e3", "1e", "0x10", "nan", "inf", "1e999", "1 ", "١"] {
        assert_eq!(Number::parse(text), None, "{text}");
    }
}
