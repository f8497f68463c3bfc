//! Tokens, and agents elsewhere.

use super::*;

#[test]
fn tokens_come_and_go() {
    let state = tempfile::tempdir().expect("a directory");
    let picket = |args: &[&str]| picket_at(Some(state.path()), args);
    assert!(picket(&["token", "list"]).out.contains("picket token add NAME"));
    let did = picket(&["token", "add", "on-call", "--role", "responder", "--for", "3650d"]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    let secret = did.out.trim().to_owned();
    assert!(secret.starts_with("pkt_") && did.err.contains("only time"), "{}{}", did.out, did.err);
    let did = picket(&["token", "add", "on-call", "--role", "viewer"]);
    assert_eq!((did.exit, did.err.contains("already")), (Exit::Refused, true), "{}", did.err);
    assert_eq!(picket(&["token", "add", "a b", "--role", "viewer"]).exit, Exit::Usage);
    let did = picket(&["token", "list"]);
    assert!(did.out.starts_with("NAME     ROLE") && did.out.contains("on-call  responder"), "{}", did.out);
    assert!(!picket(&["token", "list", "--json"]).out.contains(&secret));
    assert_eq!(picket(&["token", "remove", "on-call"]).out, "on-call may not use the API any longer\n");
    assert_eq!(picket(&["token", "remove", "on-call"]).exit, Exit::Refused);
}

#[test]
fn an_agent_elsewhere_needs_a_token() {
    let directory = tempfile::tempdir().expect("a directory");
    let token = directory.path().join("token");
    fs::write(&token, "pkt_x\n").expect("written");
    let token = token.to_str().expect("UTF-8");
    for (args, expected) in [
        (&["--api", "https://host.example:7181", "signals"][..], "--token-file"),
        (&["--api", "host.example", "--token-file", token, "signals"], "https://"),
        (&["--api", "http://host.example:7181", "--token-file", token, "signals"], "https"),
        (&["--api", "https://host.example:7181", "--token-file", "/nowhere", "signals"], "/nowhere"),
    ] {
        let did = picket_at(None, args);
        assert_eq!((did.exit, did.out.as_str()), (Exit::Usage, ""), "{args:?}: {}", did.err);
        assert!(did.err.contains(expected), "{args:?}: {}", did.err);
    }
}
