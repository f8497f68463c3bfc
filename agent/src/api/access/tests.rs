//! Who is let in.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use axum::http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

use super::*;

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn remote() -> Caller {
    Caller::Remote("203.0.113.9".parse().unwrap())
}

#[test]
fn a_token_is_shown_once_and_kept_as_a_hash() {
    let state = tempfile::tempdir().unwrap();
    let tokens = Tokens::of(state.path());
    assert_eq!(tokens.list().unwrap(), []);
    let secret = tokens.add("ops", Role::Responder, None).unwrap();
    assert!(secret.show().starts_with("pkt_") && secret.show().len() == 4 + 43, "{}", secret.show());
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    let file = state.path().join("tokens.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"ops\"") && !text.contains(secret.show().trim_start_matches("pkt_")), "{text}");

    assert_eq!(tokens.find(secret.show()).unwrap().role, Role::Responder);
    for wrong in ["", "pkt_", "ops", &secret.show().to_uppercase(), &format!("{}x", secret.show())] {
        assert_eq!(tokens.find(wrong), None, "{wrong}");
    }
    let error = tokens.add("ops", Role::Admin, None).unwrap_err();
    assert!(matches!(error, TokenError::Taken(_)), "{error}");
    for name in ["", "a b", "ä", "../x", &"x".repeat(129)] {
        assert!(matches!(tokens.add(name, Role::Viewer, None), Err(TokenError::Name(_))), "{name}");
    }
    assert!(matches!(tokens.remove("nobody"), Err(TokenError::Unknown(_))));
    assert_eq!(tokens.remove("ops").unwrap().name, "ops");
    assert_eq!(tokens.find(secret.show()), None);
}

#[test]
fn what_another_process_changes_counts_at_once() {
    let state = tempfile::tempdir().unwrap();
    let (agent, command) = (Tokens::of(state.path()), Tokens::of(state.path()));
    assert_eq!(agent.find("pkt_x"), None);
    let secrets: Vec<Secret> =
        (0..20).map(|number| command.add(&format!("t{number}"), Role::Viewer, None).unwrap()).collect();
    for secret in &secrets {
        assert!(agent.find(secret.show()).is_some());
    }
    for number in 0..20 {
        command.remove(&format!("t{number}")).unwrap();
        let left = secrets.iter().filter(|secret| agent.find(secret.show()).is_some()).count();
        assert_eq!(left, 19 - number);
    }
}

#[test]
fn a_token_expires() {
    let state = tempfile::tempdir().unwrap();
    let tokens = Tokens::of(state.path());
    let now = Timestamp::now();
    let over = tokens.add("over", Role::Admin, Some(now - Duration::from_secs(1))).unwrap();
    let later = tokens.add("later", Role::Admin, Some(now + Duration::from_secs(3600))).unwrap();
    assert_eq!(tokens.find(over.show()), None);
    assert_eq!(tokens.find(later.show()).unwrap().name, "later");
    tokens.add("over", Role::Viewer, None).expect("the name of one that expired is free");
}

#[test]
fn a_damaged_file_lets_nobody_in() {
    let state = tempfile::tempdir().unwrap();
    let tokens = Tokens::of(state.path());
    let secret = tokens.add("ops", Role::Admin, None).unwrap();
    assert!(tokens.find(secret.show()).is_some());
    fs::write(state.path().join("tokens.json"), "{\"version\":1,\"entries\":[{\"name\":\"ops\"").unwrap();
    assert_eq!(tokens.find(secret.show()), None);
    assert_eq!(tokens.find(""), None);
}

#[test]
fn over_tcp_only_a_token_counts() {
    let state = tempfile::tempdir().unwrap();
    let tokens = Tokens::of(state.path());
    let secret = tokens.add("ops", Role::Viewer, None).unwrap();
    let access = Access::new(tokens);
    let good = format!("Bearer {}", secret.show());
    let person = access.person(remote(), &headers(&[("authorization", &good)])).unwrap();
    assert_eq!(person, Person { name: "ops".to_owned(), role: Role::Viewer });
    assert!(
        access.person(remote(), &headers(&[("authorization", &good.replace("Bearer", "bearer"))])).is_ok()
    );
    person.may(Role::Viewer).unwrap();
    let error = person.may(Role::Responder).unwrap_err();
    assert_eq!(error.code, Code::Forbidden);
    assert!(error.message.contains("role viewer; this needs responder"), "{error}");

    let cases: &[(&[(&str, &str)], Code)] = &[
        (&[], Code::Unauthorized),
        (&[("authorization", "")], Code::Unauthorized),
        (&[("authorization", secret.show())], Code::Unauthorized),
        (&[("authorization", "Basic cm9vdDpyb290")], Code::Unauthorized),
        (&[("authorization", &good), ("authorization", &good)], Code::Unauthorized),
        (&[("authorization", "Bearer pkt_\u{e4}")], Code::Unauthorized),
        (&[("authorization", &good), (ON_BEHALF_OF, "alice")], Code::Forbidden),
    ];
    for (fields, code) in cases {
        let error = access.person(remote(), &headers(fields)).unwrap_err();
        assert_eq!(error.code, *code, "{fields:?}: {error}");
        assert!(!format!("{error:?}").contains(secret.show()), "a token in an error");
    }
    assert_eq!(cases.len(), 7);
}

#[test]
fn who_guesses_waits_and_the_right_token_does_not_help() {
    let state = tempfile::tempdir().unwrap();
    let tokens = Tokens::of(state.path());
    let good = format!("Bearer {}", tokens.add("ops", Role::Viewer, None).unwrap().show());
    let access = Access::new(tokens);
    for _ in 0..limits::API_ATTEMPTS {
        let error = access.person(remote(), &headers(&[("authorization", "Bearer pkt_guess")])).unwrap_err();
        assert_eq!(error.code, Code::Unauthorized);
    }
    let error = access.person(remote(), &headers(&[("authorization", &good)])).unwrap_err();
    assert_eq!(error.code, Code::TooMany);
    let elsewhere = Caller::Remote("203.0.113.10".parse().unwrap());
    assert!(access.person(elsewhere, &headers(&[("authorization", &good)])).is_ok());
}

#[test]
fn on_the_socket_the_kernel_says_who_it_is() {
    let state = tempfile::tempdir().unwrap();
    let access = Access::new(Tokens::of(state.path()));
    let root = access.person(Caller::Local(Some(0)), &HeaderMap::new()).unwrap();
    assert_eq!((root.name.as_str(), root.role), ("root", Role::Admin));
    let fields = headers(&[(ON_BEHALF_OF, "alice"), ("authorization", "Bearer whatever")]);
    assert_eq!(access.person(Caller::Local(Some(0)), &fields).unwrap().name, "root for alice");
    for wrong in ["", "  ", &"x".repeat(129), "\u{e4}"] {
        let error = access.person(Caller::Local(Some(0)), &headers(&[(ON_BEHALF_OF, wrong)])).unwrap_err();
        assert_eq!(error.code, Code::BadRequest, "{wrong}");
    }
    for uid in [None, Some(4_000_000_000)] {
        let error = access.person(Caller::Local(uid), &HeaderMap::new()).unwrap_err();
        assert_eq!(error.code, Code::Forbidden);
    }
}
