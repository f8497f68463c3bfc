//! Events: listed, shown, counted.

use super::*;

#[test]
fn without_events_it_says_what_to_do() {
    let agent = Agent::start();
    let mut ran = 0;
    for (args, first, advice) in [
        (&["signals"][..], "no signals in the last 1d", "picket tail"),
        (&["events"], "no events in the last 1d", "picket tail"),
        (
            &["events", "service:shop", "-@status:200", "--from", "-1h"],
            "no events in the last 1h with: service:shop NOT @status:200",
            "--from -7d",
        ),
        (&["events", "facets", "service"], "no values of service in the last 1d", "--from -7d"),
        (&["users"], "no users in the last 1d", "[users]"),
        (&["actors"], "no actors in the last 1d", "picket tail"),
        (&["endpoints", "service:other"], "no endpoints with: service:other", "picket services"),
        (&["audit"], "no changes in the last 30d", "written down"),
    ] {
        let did = agent.picket(args);
        assert_eq!((did.exit, did.out.lines().next()), (Exit::Done, Some(first)), "{args:?} {}", did.err);
        assert!(did.out.contains(advice), "{args:?}: {}", did.out);
        ran += 1;
    }
    assert_eq!(ran, 8);
    for args in [
        &["events", "show", "019aa9a8"][..],
        &["signals", "show", "019aa9a8"],
        &["actors", "show", "192.0.2.1"],
    ] {
        let did = agent.picket(args);
        assert_eq!((did.exit, did.out.as_str()), (Exit::Refused, ""), "{args:?} {}", did.err);
    }
}

#[test]
fn events_are_listed_shown_and_counted() {
    let agent = Agent::start();
    agent.attack();
    let did = agent.picket(&["events", "@rule.type:sql_injection", "--limit", "2"]);
    let lines: Vec<&str> = did.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}{}", did.out, did.err);
    assert!(
        lines[1].starts_with("11 min ago  203.0.113.7  shop     GET /search     500  sql_injection  "),
        "{}",
        did.out
    );
    assert_eq!(lines[3], "there are more; show them with --limit 200");
    // A query may begin with what looks like an option, and be of several words.
    let did = agent.picket(&["events", "-@rule.type:sql_injection", "kind:event", "--from", "-1h"]);
    assert!(
        did.out.contains("198.51.100.20 alice  shop     POST /login     302  users.login.success"),
        "{}{}",
        did.out,
        did.err
    );
    let all = agent.json(&["events", "--limit", "1000"]);
    assert_eq!((all["items"].as_array().map(Vec::len), &all["next"]), (Some(7), &Value::Null));

    let id = all["items"][0]["id"].as_str().expect("an id").to_owned();
    let did = agent.picket(&["events", "show", &id[..13], "--utc"]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    for part in [
        " as alice → shop:80  users.login.success",
        &format!("  id          {id}\n"),
        "alice (from login)",
        "usr.login=alice",
    ] {
        assert!(did.out.contains(part), "{part:?} in\n{}", did.out);
    }
    assert_eq!(agent.json(&["events", "show", &id])["id"], json!(id));

    let did = agent.picket(&["events", "facets", "client_ip"]);
    assert_eq!(
        did.out,
        "VALUE          COUNT  SHARE\n\
         203.0.113.7        6  85.7%  ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪\n\
         198.51.100.20      1  14.3%  ▪▪▪\n",
        "{}",
        did.err
    );
    let did = agent.picket(&["events", "servce:shop"]);
    assert_eq!((did.exit, did.out.as_str()), (Exit::Usage, ""), "{}", did.err);
    let shown =
        "error: column 1: events have no facet `servce`: did you mean `service`?\n  servce:shop\n  ^^^^^^\n";
    assert!(did.err.starts_with(shown), "{}", did.err);
}
