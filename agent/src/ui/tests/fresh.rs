//! Parts of pages that are kept as they are now, lists that go on, and what is looked up again for a page.

use axum::http::StatusCode;
use jiff::Timestamp;
use scraper::Html;
use serde_json::json;

use super::served::{Got, Served, all, text};
use crate::api::{Control as _, tests::desk::event, types::Role};

/// What the script asks.
fn asked_again(served: &Served, target: &str) -> Got {
    served.ask("GET", target, &[("picket-fresh", "1")], "")
}

fn parts(html: &Html) -> Vec<String> {
    all(html, "[data-fresh]").iter().map(|part| part.attr("id").expect("an id").to_owned()).collect()
}

#[test]
fn parts_are_given_again_without_what_is_around_them() {
    let served = Served::logged_in(Role::Admin);
    let mut looked_at = 0;
    for target in ["/", "/services", "/services/shop", "/protection", "/signals", "/events"] {
        let html = served.page(target);
        let switch = all(&html, "[data-fresh-switch], [data-live]");
        assert_eq!(switch.len(), 1, "{target}");
        assert!(switch[0].attr("hidden").is_some(), "without a script it is not offered");
        let got = asked_again(&served, target);
        assert_eq!(got.status, StatusCode::OK);
        assert!(
            !got.text.contains("<html") && !got.text.contains("<nav class=\"side"),
            "{}",
            got.beginning()
        );
        let again = Html::parse_fragment(&got.text);
        assert!(!parts(&html).is_empty());
        assert_eq!(parts(&again), parts(&html), "{target}");
        // Both make the same of the same: a part is the same but for tokens of forms, which differ each time.
        let plain = |html: &Html, id: &str| text(html, &format!("#{id}"));
        for part in
            parts(&html).iter().filter(|part| !["verdict", "health", "latest"].contains(&part.as_str()))
        {
            assert_eq!(plain(&again, part), plain(&html, part), "{target} {part}");
            looked_at += 1;
        }
    }
    assert!(looked_at >= 12, "{looked_at}");
    // Nobody is logged in: the script is sent away, and sees it.
    let mut other = Served::logged_in(Role::Viewer);
    other.cookie = None;
    assert_eq!(asked_again(&other, "/services").status, StatusCode::SEE_OTHER);
}

#[test]
fn what_is_said_once_is_not_said_to_the_script() {
    let served = Served::logged_in(Role::Responder);
    let fields = [("kind", "net"), ("name", "192.0.2.0/24"), ("comment", "office")];
    served.submit("/protection", "/pass", &fields);
    let got = asked_again(&served, "/protection");
    assert!(got.text.contains("192.0.2.0/24") && !got.text.contains("flash"), "{}", got.beginning());
    assert!(text(&served.page("/protection"), ".flash").contains("192.0.2.0/24"));
}

#[test]
fn what_has_ended_is_not_kept_as_it_is_now() {
    let served = Served::logged_in(Role::Viewer);
    let html = served.page("/?from=-2d&to=-1d");
    assert!(all(&html, "[data-fresh-switch]").is_empty());
}

#[test]
fn the_overview_says_first_whether_somebody_has_to_do_something() {
    let served = Served::logged_in(Role::Responder);
    let verdict = text(&served.page("/"), ".verdict.urgent");
    for part in [
        "1 urgent signal waits for somebody",
        "203.0.113.7",
        "Latest attack",
        "the attacker is not on the denylist",
        "nothing is dropped",
    ] {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    let urgent = served.ground.get("/v1/signals?query=severity:(critical%20OR%20high)");
    let id = urgent["items"][0]["id"].as_str().expect("an id");
    let page = format!("/signals/{id}");
    served.submit(&page, &format!("{page}/triage"), &[("status", "under_review"), ("assignee", "bob")]);
    served.submit("/protection", "/block", &[("kind", "net"), ("name", "203.0.113.7"), ("seconds", "600")]);
    let verdict = text(&served.page("/"), ".verdict.attacked");
    for part in ["1 urgent signal is under review", "bob has it", "the attacker is on the denylist"] {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    served.submit(&page, &format!("{page}/triage"), &[("status", "archived"), ("reason", "false_positive")]);
    let verdict = text(&served.page("/"), ".verdict");
    assert!(verdict.contains("none of them is an urgent signal"), "{verdict}");
    let verdict = text(&served.page("/?from=-2d&to=-1d"), ".verdict.calm");
    assert!(verdict.contains("no attack in this time"), "{verdict}");
}

#[test]
fn a_list_of_people_goes_on() {
    let served = Served::logged_in(Role::Viewer);
    for number in 0..60 {
        let ip = format!("198.51.100.{number}");
        let fields = json!({"n": 5000 + number, "client_ip": ip, "peer_ip": ip, "path": "/login",
            "user": {"id": format!("user-{number}"), "source": "login"},
            "business": [{"name": "users.login.failure", "attributes": {}}]});
        let _ = served
            .ground
            .control
            .desk()
            .take(&event(Timestamp::now(), &fields), ip.parse().expect("an address"));
    }
    served.ground.flush();
    for list in ["/actors", "/users"] {
        let (mut seen, mut pages, mut target) = (std::collections::BTreeSet::new(), 0, list.to_owned());
        loop {
            let html = served.page(&target);
            let rows = all(&html, "#rows a.open");
            assert!(rows.len() <= 50);
            seen.extend(rows.iter().map(|row| row.attr("href").expect("a link").to_owned()));
            pages += 1;
            let Some(next) =
                all(&html, "a[rel=next]").first().map(|next| next.attr("href").expect("a link").to_owned())
            else {
                break;
            };
            target = next;
        }
        assert_eq!(pages, 2, "{list}");
        assert!(seen.len() > 60, "{list}: {}", seen.len());
    }
}

#[test]
fn an_event_shows_each_step_from_what_was_sent_to_the_match() {
    let served = Served::logged_in(Role::Viewer);
    let found = |rule: &str, location: &str| {
        json!({"rule": rule, "name": "A script", "location": location,
        "value": "<script>", "tags": {"type": "xss"}})
    };
    let fields = json!({"n": 7000, "client_ip": "198.51.100.9", "peer_ip": "198.51.100.9", "path": "/steps",
        "query": "q=%3CScRiPt%3Ealert(1)%3C/script%3E",
        "matches": [found("picket-xss-001", "query.q"), found("gone-1", "query.q")]});
    let _ = served
        .ground
        .control
        .desk()
        .take(&event(Timestamp::now(), &fields), "198.51.100.9".parse().expect("an address"));
    served.ground.flush();
    let list = served.ground.get("/v1/events?query=@path:/steps&limit=1");
    let html = served.page(&format!("/events/{}", list["items"][0]["id"].as_str().expect("an id")));
    let ways: Vec<String> = all(&html, "details.way").iter().map(|way| way.text().collect()).collect();
    assert_eq!(ways.len(), 2);
    for part in ["as sent", "%3CScRiPt%3E", "decoded", "<ScRiPt>", "matched in query.q", "Tried again"] {
        assert!(ways[0].contains(part), "{part}: {}", ways[0]);
    }
    assert!(ways[1].contains("as sent") && ways[1].contains("does not find it again"), "{}", ways[1]);
    assert!(all(&html, "details.way .steps mark").len() >= 2);
    assert!(text(&html, "main .message").contains("2 rules matched"));
}
