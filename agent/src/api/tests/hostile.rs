//! Wrong types, sizes, encodings, methods and rights: an error with a reason, and nothing changed.

use proptest::prelude::*;

use super::{desk::Ground, *};

#[test]
fn every_route_refuses_what_it_does_not_know() {
    let ground = Ground::new();
    let before = ground.state();
    let id = ground.signal();
    let many = format!("{{\"ids\":[{}]}}", vec![format!("\"{id}\""); 1].join(","));
    let long = "x".repeat(600);
    let large = format!("{{\"reason\":\"{}\"}}", "x".repeat(crate::limits::API_BODY));
    let mut ran = 0;
    let mut refused = |method: &str, target: &str, body: &str, status: u16, expected: &str| {
        let (got, answer) = ground.ask(method, target, body);
        assert_eq!(got, status, "{method} {target} {body:.80}: {answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert!(answer.to_string().contains(expected), "{method} {target} {body:.80}: {answer}");
        ran += 1;
    };
    for route in route_table().into_iter().filter(|route| route.path != "/metrics") {
        let path = route
            .path
            .replace("{id}", &id.to_string())
            .replace("{ip}", desk::CLIENT)
            .replace("{name}", "shop");
        // A parameter that nobody knows, twice the same, and what is no encoding.
        refused(&route.method, &format!("{path}?nonsense=1"), "", 400, "unknown parameter");
        refused(&route.method, &format!("{path}?%ff=1"), "", 400, "percent-encoded");
        refused(&route.method, &format!("{path}?%zz"), "", 400, "percent-encoded");
        if route.method != "GET" && route.method != "DELETE" && route.path != "/v1/reload" {
            for body in ["", "[]", "7", "null", "{\"a\":", "{\"a\":1}", "\"\\ud800\"", "{\"net\":7}"] {
                // No rules are rules, too.
                if (route.path, body) == ("/v1/detection/check", "[]") {
                    continue;
                }
                let (status, answer) = ground.ask(&route.method, &path, body);
                assert_eq!(status, 400, "{} {path} {body}: {answer}", route.method);
            }
        }
        for method in ["PUT", "TRACE", "OPTIONS", "PATCH", "DELETE", "POST", "GET"] {
            if !route_table().iter().any(|other| other.path == route.path && other.method == method) {
                let (status, answer) = ground.ask(method, &path, "");
                assert_eq!(status, 405, "{method} {path}: {answer}");
            }
        }
    }
    let signal = format!("/v1/signals/{id}");
    for (method, target, body, status, expected) in [
        ("GET", "/v1/events?limit=0", "", 400, "limit"),
        ("GET", "/v1/events?limit=1001", "", 400, "from 1 to 1000"),
        ("GET", "/v1/events?limit=+1", "", 400, "limit"),
        ("GET", "/v1/events?limit=1&limit=2", "", 400, "twice"),
        ("GET", "/v1/events?from=yesterday", "", 400, "-15m"),
        ("GET", "/v1/events?from=now&to=-1h", "", 400, "not before"),
        ("GET", "/v1/events?query=%00", "", 400, "percent-encoded"),
        ("GET", "/v1/events?query=(", "", 400, "bad_query"),
        ("GET", "/v1/events/not-an-id", "", 400, "id"),
        ("GET", "/v1/events/00000000-0000-7000-8000-000000000000", "", 404, "no event"),
        ("GET", "/v1/events/facets", "", 400, "facet is missing"),
        ("GET", "/v1/events/facets?facet=servce", "", 400, "did you mean service"),
        ("GET", "/v1/events/facets?facet=time", "", 400, "no values"),
        ("GET", "/v1/events/facets?facet=@a%22b", "", 400, "no facet"),
        ("GET", "/v1/events/facets?facet=@a%27)%20UNION%20SELECT", "", 400, "no facet"),
        ("GET", "/v1/events/timeline?buckets=0", "", 400, "buckets"),
        ("GET", "/v1/events/timeline?by=(", "", 400, "no facet"),
        ("GET", "/v1/actors/localhost", "", 400, "203.0.113.7"),
        ("GET", "/v1/query/complete?of=users", "", 400, "events, signals"),
        ("PATCH", &signal, "{}", 400, "nothing to change"),
        ("PATCH", &signal, r#"{"reason":"other"}"#, 400, "archived"),
        ("PATCH", &signal, r#"{"status":"closed"}"#, 400, "under_review"),
        ("PATCH", &signal, r#"{"assignee":""}"#, 400, "assignee"),
        ("PATCH", &signal, r#"{"assignee":7}"#, 400, "expected a string"),
        ("PATCH", &signal, &format!("{{\"note\":\"{long}\"}}"), 400, "longer than"),
        ("PATCH", "/v1/signals/00000000-0000-7000-8000-000000000000", r#"{"note":"x"}"#, 404, "no signal"),
        ("POST", "/v1/signals/triage", r#"{"ids":[],"status":"open"}"#, 400, "1 to 1000"),
        ("POST", "/v1/signals/triage", &many, 200, ""),
        (
            "POST",
            "/v1/denylist",
            r#"{"net":"192.0.2.1","user":"a","forever":true}"#,
            400,
            "exactly one of net and user",
        ),
        ("POST", "/v1/denylist", r#"{"user":" ","forever":true}"#, 400, "user is empty"),
        ("POST", "/v1/denylist", &large, 413, "at most"),
        ("DELETE", "/v1/denylist?all=yes", "", 400, "true or false"),
        ("DELETE", "/v1/passlist", "", 400, "exactly one of net and user"),
        ("POST", "/v1/import?dry_run=1", r#"{"format":1}"#, 400, "true or false"),
        ("GET", "/v1/%2e%2e/x", "", 404, "no"),
        ("GET", "/V1/events", "", 404, "no"),
        ("GET", "/v1/events/", "", 404, "no"),
    ] {
        if status == 200 {
            // Nothing to change for each of them: said for each.
            let (got, answer) = ground.ask(method, target, body);
            assert_eq!(
                (got, answer["failed"][0]["error"]["code"].as_str()),
                (200, Some("bad_request")),
                "{answer}"
            );
            continue;
        }
        refused(method, target, body, status, expected);
    }
    assert!(ran >= 36 + 3 * 42, "{ran}");
    assert_eq!(ground.state(), before, "something changed");
}

#[test]
fn nobody_does_what_their_role_does_not_allow() {
    let ground = Ground::new();
    let tokens = Tokens::of(ground.tokens.path());
    let id = ground.signal();
    let caller = Caller::Remote("203.0.113.50".parse().expect("an address"));
    let before = ground.state();
    let mut refused = 0;
    for role in [None, Some(Role::Viewer), Some(Role::Responder), Some(Role::Admin)] {
        let secret = role.map(|role| tokens.add(role.name(), role, None).expect("a token"));
        for route in route_table() {
            if role.is_some_and(|role| role >= route.role) {
                continue;
            }
            let path = route
                .path
                .replace("{id}", &id.to_string())
                .replace("{ip}", desk::CLIENT)
                .replace("{name}", "shop");
            let token = secret.as_ref().map(access::Secret::show);
            let (status, answer) = ground.ask_as(
                caller,
                token,
                &route.method,
                &path,
                br#"{"net":"192.0.2.1","forever":true,"status":"open"}"#,
            );
            assert_eq!(status, if role.is_none() { 401 } else { 403 }, "{role:?} {route:?}: {answer}");
            refused += 1;
        }
    }
    // All for nobody; what changes something for a viewer; what is for admins for a responder.
    assert_eq!(refused, 63 + 24 + 16);
    assert_eq!(ground.state(), before, "something changed");
    let secret =
        tokens.remove("responder").map(|_| tokens.add("ops", Role::Responder, None).expect("a token"));
    let secret = secret.expect("removed");
    let (status, _) =
        ground.ask_as(caller, Some(secret.show()), "PATCH", &format!("/v1/signals/{id}"), br#"{"note":"x"}"#);
    assert_eq!(status, 200);
    assert_eq!(ground.get("/v1/audit?limit=1")["items"][0]["who"], "ops");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn whatever_a_viewer_sends_changes_nothing(
        method in prop::sample::select(vec!["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"]),
        route in 0..44_usize,
        id in "[0-9a-z%-]{1,12}",
        parameters in prop::collection::vec(("(query|from|to|limit|cursor|facet|by|net|user|all|q|at)", "[ -~]{0,24}"), 0..4),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        static GROUND: std::sync::LazyLock<(Ground, String, String)> = std::sync::LazyLock::new(|| {
            let ground = Ground::new();
            let secret = Tokens::of(ground.tokens.path()).add("viewer", Role::Viewer, None).expect("a token");
            let state = ground.state();
            (ground, secret.show().to_owned(), state)
        });
        let (ground, token, state) = &*GROUND;
        let table = route_table();
        let path = table[route].path.replace("{id}", &id).replace("{ip}", &id).replace("{name}", &id);
        if !path.ends_with("/tail") && axum::http::Uri::try_from(path.as_str()).is_ok() {
            let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", client::segment(value))).collect();
            let target = format!("{path}?{}", pairs.join("&"));
            let caller = Caller::Remote("203.0.113.51".parse().expect("an address"));
            let (status, answer) = ground.ask_as(caller, Some(token), method, &target, &body);
            prop_assert!(status != 500, "{method} {target}: {answer}");
            if !matches!(method, "GET" | "HEAD") && path != "/v1/detection/check" {
                prop_assert!(status >= 400, "{method} {target}: {answer}");
            }
        }
        prop_assert_eq!(&ground.state(), state);
    }
}
