//! Getting in, and what keeps others out.

use axum::http::StatusCode;

use super::served::{Served, all, text};
use crate::{
    api::{Door as _, Person, types::Role},
    limits::{API_ATTEMPTS, UI_LINKS},
};

fn person(role: Role) -> Person {
    Person { name: "alice".to_owned(), role }
}

#[test]
fn who_is_not_logged_in_is_led_to_the_door_and_back() {
    let served = Served::new();
    let got = served.get("/signals?query=a%20b");
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert_eq!(got.header("location"), "/login?back=%2Fsignals%3Fquery%3Da%2Bb");
    let html = served.page(got.header("location"));
    assert_eq!(all(&html, "input[name=back]")[0].attr("value"), Some("/signals?query=a+b"));
    // Nothing but the door is to be seen.
    assert!(all(&html, "nav").is_empty());
    // A link of another site: the cookie was kept back, our own page asks again.
    let cross = [("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")];
    let got = served.ask("GET", "/signals?query=%22%3E%3Cscript%3E", &cross, "");
    let html = got.html();
    let refresh = all(&html, "meta[http-equiv=refresh]")[0].attr("content").expect("where to");
    assert_eq!(refresh, "0; url=/signals?query=%22%3E%3Cscript%3E");
    assert!(all(&html, "script").is_empty());
}

#[test]
fn a_link_lets_in_once() {
    let mut served = Served::new();
    let link = served.doors.link(person(Role::Viewer)).expect("a link");
    let path = link.url.strip_prefix("http://127.0.0.1:7180").expect("a path").to_owned();
    for _ in 0..3 {
        // Looking at it does not use it up.
        assert!(text(&served.page(&path), "main").contains("As alice, who may look at everything."));
    }
    let got = served.post(&path, &[]);
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    let cookie = got.header("set-cookie").to_owned();
    for needed in
        ["__Host-picket=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age=43200"]
    {
        assert!(cookie.contains(needed), "{cookie}");
    }
    let again = served.post(&path, &[]);
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.header("set-cookie").is_empty());
    served.cookie = cookie.split(';').next().map(str::to_owned);
    assert!(text(&served.page("/"), "nav .name").contains("alice"));
    // The audit has it.
    let audit = served.ground.get("/v1/audit?limit=10");
    assert!(audit.to_string().contains("ui_login"), "{audit}");
    // And out again.
    let got = served.submit("/", "/logout", &[]);
    assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(served.get("/").status, StatusCode::SEE_OTHER);
}

#[test]
fn few_links_wait_and_guesses_are_counted() {
    let served = Served::new();
    for _ in 0..UI_LINKS {
        served.doors.link(person(Role::Viewer)).expect("a link");
    }
    assert!(served.doors.link(person(Role::Viewer)).is_err());
    for _ in 0..API_ATTEMPTS {
        assert_eq!(served.post("/login/guess", &[]).status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(served.post("/login/guess", &[]).status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(served.post("/login", &[("token", "pkt_guess")]).status, StatusCode::TOO_MANY_REQUESTS);
}

#[test]
fn a_token_lets_in_as_long_as_it_is_one() {
    let mut served = Served::new();
    let tokens = crate::api::Tokens::of(served.ground.tokens.path());
    let secret = tokens.add("duty", Role::Responder, None).expect("a token");
    let wrong = served.post("/login", &[("token", "pkt_wrong"), ("back", "/signals")]);
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(!wrong.text.contains("pkt_wrong"));
    let got = served.post("/login", &[("token", secret.show()), ("back", "//evil.example/")]);
    assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, "/"));
    served.cookie = got.header("set-cookie").split(';').next().map(str::to_owned);
    assert_eq!(text(&served.page("/"), "nav .role"), "responder");
    tokens.remove("duty").expect("removed");
    assert_eq!(served.get("/").status, StatusCode::SEE_OTHER);
}

#[test]
fn nothing_is_changed_for_a_page_of_somebody_else() {
    let served = Served::logged_in(Role::Admin);
    let signal = served.ground.signal();
    let before = served.ground.state();
    let page = served.page(&format!("/signals/{signal}"));
    let action = format!("/signals/{signal}/triage");
    let token = all(&page, "input[name=csrf]")[0].attr("value").expect("a token").to_owned();
    let body = |token: &str| format!("csrf={token}&status=archived&whole=yes");
    let ours = ("origin", "http://127.0.0.1:7180");
    let mut sent = 0;
    for (headers, token) in [
        (vec![], token.as_str()),
        (vec![("origin", "null")], &token),
        (vec![("origin", "http://evil.example")], &token),
        (vec![("origin", "http://127.0.0.1:8080")], &token),
        (vec![ours, ("sec-fetch-site", "cross-site")], &token),
        (vec![ours, ("sec-fetch-site", "same-site")], &token),
        (vec![ours], ""),
        (vec![ours], "AAAA"),
        (vec![ours], &token[1..]),
        (vec![ours], &token.chars().rev().collect::<String>()),
    ] {
        let got = served.ask("POST", &action, &headers, &body(token));
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{headers:?} {token}");
        sent += 1;
    }
    assert_eq!(sent, 10);
    // Logging in changes who somebody is: that is not done for others either.
    let link = served.doors.link(person(Role::Viewer)).expect("a link");
    let path = link.url.strip_prefix("http://127.0.0.1:7180").expect("a path");
    let got = served.ask("POST", path, &[("origin", "http://evil.example")], "");
    assert_eq!((got.status, got.header("set-cookie")), (StatusCode::FORBIDDEN, ""));
    assert_eq!(served.ground.state(), before);
    assert_eq!(served.ask("POST", &action, &[ours], &body(&token)).status, StatusCode::SEE_OTHER);
    assert_ne!(served.ground.state(), before);
}

#[test]
fn only_its_own_names_are_answered() {
    let served = Served::logged_in(Role::Viewer);
    let mut asked = 0;
    for (host, good) in [
        ("127.0.0.1:7180", true),
        ("127.0.0.1", true),
        ("localhost:9000", true),
        ("LOCALHOST", true),
        ("[::1]:7180", true),
        ("evil.example", false),
        ("127.0.0.1.evil.example:7180", false),
        ("192.0.2.1", false),
        ("", false),
    ] {
        let got = served.ask("GET", "/", &[("host", host)], "");
        assert_eq!(got.status == StatusCode::OK, good, "{host}: {}", got.status);
        assert_eq!(got.status == StatusCode::MISDIRECTED_REQUEST, !good, "{host}: {}", got.status);
        asked += 1;
    }
    assert_eq!(asked, 9);
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let served = Served::logged_in(Role::Viewer);
    let asset = served
        .page("/")
        .select(&scraper::Selector::parse("script").expect("a selector"))
        .next()
        .and_then(|script| script.attr("src").map(str::to_owned))
        .expect("a script");
    let mut asked = 0;
    for target in
        ["/", "/signals", "/login", "/nothing", "/signals/nothing", "/assets/none", &asset, "/complete?q=s"]
    {
        let got = served.get(target);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(got.header(name), value, "{target} {name}");
        }
        let policy = got.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{target}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{target}: {policy}"
        );
        let kept = got.header("cache-control");
        assert_eq!(
            kept,
            if target == asset { "public, max-age=31536000, immutable" } else { "no-store" },
            "{target}"
        );
        asked += 1;
    }
    assert_eq!(asked, 8);
    // A number for one answer.
    let nonce = |got: &super::served::Got| got.header("content-security-policy").to_owned();
    assert_ne!(nonce(&served.get("/")), nonce(&served.get("/")));
}
