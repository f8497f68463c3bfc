//! Actors and users page by page, while events come.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    desk::{Ground, event},
    *,
};

/// Clients and users with a number of events each, several with the same.
const PEOPLE: u64 = 23;

fn ip(n: u64) -> String {
    format!("198.51.100.{n}")
}

fn ask(ground: &Ground, n: u64, number: u64) {
    let at = Timestamp::now() - Duration::from_secs(600);
    let fields = json!({"n": number, "client_ip": ip(n), "peer_ip": ip(n), "path": "/people", "status": 200,
        "user": {"id": format!("user \u{1f}\u{e4}-{n}"), "source": "header"},
        "business": [{"name": "payment.failure", "attributes": {}}]});
    let _ = ground.control.desk().take(&event(at, &fields), ip(n).parse().expect("an address"));
}

fn ids(page: &Value, name: &str) -> Vec<(String, u64)> {
    let items = page["items"].as_array().expect("a list");
    items
        .iter()
        .map(|item| {
            (item[name].as_str().expect("an id").to_owned(), item["events"].as_u64().expect("a count"))
        })
        .collect()
}

#[test]
fn pages_have_each_once_while_events_come() {
    let ground = Ground::new();
    let mut number = 1000;
    for n in 0..PEOPLE {
        for _ in 0..1 + n / 3 {
            number += 1;
            ask(&ground, n, number);
        }
    }
    ground.flush();
    let mut walked = 0;
    for (route, name) in [("/v1/actors", "ip"), ("/v1/users", "id")] {
        let query = "query=@path:/people&from=-1h";
        let whole = ids(&ground.get(&format!("{route}?{query}&limit=200")), name);
        assert_eq!(whole.len() as u64, PEOPLE);
        let mut sorted = whole.clone();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        assert_eq!(whole, sorted, "the most events first, then by name");
        for limit in [1, 4, 23, 24] {
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = ground.get(&format!("{route}?{query}&limit={limit}{cursor}"));
                let ids = ids(&page, name);
                assert!(ids.len() <= limit);
                found.extend(ids);
                let Some(next) = page["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
                // Who has least has most from now on: on no page of this list.
                let moved = event(
                    Timestamp::now(),
                    &json!({"n": number, "client_ip": ip(0), "peer_ip": ip(0), "path": "/people",
                        "user": {"id": "user \u{1f}\u{e4}-0", "source": "header"},
                        "business": [{"name": "payment.failure", "attributes": {}}]}),
                );
                number += 1;
                let _ = ground.control.desk().take(&moved, ip(0).parse().expect("an address"));
                ground.flush();
            }
            // It begins with whoever had the most when it began.
            let distinct: BTreeSet<_> = found.iter().map(|(id, _)| id.clone()).collect();
            assert_eq!(
                (found.len() as u64, distinct.len() as u64),
                (PEOPLE, PEOPLE),
                "{route} by {limit}: {found:?}"
            );
            assert!(found.is_sorted_by(|a, b| (b.1, &a.0) <= (a.1, &b.0)), "{found:?}");
            walked += 1;
        }
    }
    assert_eq!(walked, 8);
    let first = ground.get("/v1/actors?query=@path:/people&limit=2");
    let cursor = first["next"].as_str().expect("there are more");
    for (target, expected) in [
        (format!("/v1/actors?limit=2&cursor={cursor}"), "another list"),
        (format!("/v1/users?query=@path:/people&limit=2&cursor={cursor}"), "another list"),
        ("/v1/users?cursor=x".to_owned(), "next"),
        ("/v1/actors?limit=201".to_owned(), "from 1 to 200"),
    ] {
        let (status, answer) = ground.ask("GET", &target, "");
        assert_eq!((status, answer.to_string().contains(expected)), (400, true), "{target}: {answer}");
    }
}
