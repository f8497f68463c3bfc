//! Users and actors.

use super::*;

#[test]
fn users_actors_and_endpoints() {
    let agent = Agent::start();
    agent.attack();
    let did = agent.picket(&["users"]);
    assert!(
        did.out
            .lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("alice       1       1       0  198.51.100.20")),
        "{}",
        did.out
    );
    let did = agent.picket(&["users", "show", "alice"]);
    assert!(
        did.out.starts_with("alice\n") && did.out.contains("1 succeeded, 0 failed"),
        "{}{}",
        did.out,
        did.err
    );
    let did = agent.picket(&["actors", "@rule.type:sql_injection"]);
    assert!(did.out.contains("203.0.113.7       6  sql_injection 6  -      shop"), "{}", did.out);
    let did = agent.picket(&["actors", "show", "203.0.113.7"]);
    assert!(did.out.contains("keep it out:  picket block 203.0.113.7 --for 1h"), "{}{}", did.out, did.err);
    assert_eq!(agent.picket(&["block", "203.0.113.7"]).out, "blocked 203.0.113.7 for 1h\nin force on eth0\n");
    let did = agent.picket(&["actors", "show", "203.0.113.7"]);
    assert!(did.out.contains("on the denylist") && !did.out.contains("keep it out"), "{}", did.out);
    let did = agent.picket(&["endpoints"]);
    assert_eq!(
        did.out,
        "SERVICE  METHOD  ROUTE     SEEN  ERRORS     P95  AUTH  TAKES  SENSITIVE  ATTACKS\n\
         shop     GET     /search  1,200      1%  2.1 ms     -  q      -          sql_injection 44, xss 2\n"
    );
    assert_eq!(agent.json(&["endpoints"])["items"][0]["pattern"], "/search");
}

#[test]
fn users_are_told_apart_not_kept_out() {
    let agent = Agent::start();
    agent.attack();
    let id = agent.signal("sql-injection").id.to_string();
    let did = agent.picket(&["block", "--user", "alice", "--for", "2h", "--signal", &id]);
    assert_eq!(
        did.out,
        format!(
            "on the denylist: user alice for 2h\ndetected, not enforced: {WHY}\n  Its events are tagged security_response; nothing is dropped.\n"
        ),
        "{}",
        did.err
    );
    let listed = agent.picket(&["denylist"]).out;
    assert!(listed.contains("user alice") && listed.contains("detected, not enforced"), "{listed}");
    assert_eq!(agent.json(&["denylist"])["entries"][0]["signal"], json!(id));
    assert_eq!(agent.picket(&["unblock", "--user", "alice"]).out, "user alice is off the denylist\n");
    assert_eq!(agent.picket(&["unblock", "--user", "alice"]).exit, Exit::Refused);
    assert_eq!(
        agent.picket(&["passlist", "add", "--user", "probe"]).out,
        "user probe is never blocked from now on\n"
    );
    assert!(agent.picket(&["passlist"]).out.contains("user probe  manual"));
    assert_eq!(
        agent.picket(&["passlist", "remove", "--user", "probe"]).out,
        "user probe may be blocked again\n"
    );
}

/// More than a page of the API has are asked for page by page.
#[test]
fn long_lists_are_asked_for_page_by_page() {
    let agent = Agent::start();
    for n in 0..205 {
        let ip = format!("198.51.100.{n}");
        agent.take(agent.event(60, &json!({"client_ip": ip, "peer_ip": ip})));
    }
    agent.stored();
    for (limit, shown, more) in [("10", 10, true), ("203", 203, true), ("300", 205, false)] {
        let did = agent.picket(&["actors", "--limit", limit]);
        let addresses = did.out.lines().filter(|line| line.starts_with("198.51.100."));
        let distinct: std::collections::BTreeSet<_> = addresses.collect();
        assert_eq!((did.exit, distinct.len()), (Exit::Done, shown), "{limit}: {}{}", did.out, did.err);
        assert_eq!(did.out.contains("there are more"), more, "{limit}");
        let list = agent.json(&["actors", "--limit", limit]);
        assert_eq!(list["items"].as_array().map(Vec::len), Some(shown));
        assert_eq!(list["next"].is_string(), more, "{limit}");
    }
}
