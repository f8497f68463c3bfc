//! Services, their endpoints, and what protects them.

use axum::http::StatusCode;

use super::served::{Served, all, text};
use crate::api::{
    tests::{
        InMemory,
        desk::{Ground, service},
    },
    tls::{TlsStats, TlsView},
    types::{BlockingPage, Capacity, DenyInterface, Kept, Protection, RespondView, Role, ServiceView},
};

#[test]
fn services_are_listed_with_what_comes_and_what_is_not_seen() {
    let why = "it is compiled anew in each process".to_owned();
    let tls = TlsView { seen: 3, unseen: 12, why: Some(why), ..TlsView::default() };
    let services = vec![
        service("shop", 80),
        ServiceView { tls: Some(tls), recent: None, ..service("app.py (python3)", 81) },
    ];
    let served = Served::of_role(Ground::of(InMemory { services, ..InMemory::default() }), Role::Viewer);
    let html = served.page("/services");
    let rows: Vec<String> =
        all(&html, "#rows tr").iter().map(|row| row.text().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(rows.len(), 2);
    for part in ["shop", "port 80", "18.0", "1.0 %", "12 ms", "30", "monitor"] {
        assert!(rows[0].contains(part), "{part}: {}", rows[0]);
    }
    assert!(rows[1].contains("not all read"), "{}", rows[1]);
    let link = all(&html, "#rows a.open")[1].attr("href").expect("a link").to_owned();
    assert_eq!(link, "/services/app.py%20%28python3%29");
    let said = text(&html, ".found");
    assert!(said.contains("12 connections over TLS not read: it is compiled anew"), "{said}");
    assert!(all(&html, "main form").is_empty(), "a viewer switches nothing");
    let html = served.page(&link);
    assert_eq!(text(&html, "h1"), "app.py (python3)");
    assert!(text(&html, ".grow").contains("it is compiled anew"));
    let nobody = Served::of_role(Ground::around(InMemory::default()), Role::Viewer);
    assert!(text(&nobody.page("/services"), ".empty").contains("curl -s"));
}

#[test]
fn a_service_is_told_with_all_that_concerns_it() {
    let toml = "[[rules.exclusions]]\nrules = [\"942100\"]\ninputs = [\"ARGS:comment\"]\nreason = \"editors write SQL\"";
    let config = crate::config::Config::parse(toml, "test").expect("a configuration");
    let served = Served::of_role(Ground::of(InMemory { config, ..InMemory::shop() }), Role::Responder);
    let html = served.page("/services/shop");
    let about = text(&html, ".acts");
    for part in [
        "0.0.0.0:80",
        "18.0/s in the last 5m",
        "p50 900 µs, p95 12 ms",
        "sql_injection 20",
        "/usr/sbin/shop",
        "policy default",
        "942100",
        "InARGS:comment",
        "editors write SQL",
    ] {
        assert!(about.contains(part), "{part}: {about}");
    }
    let cards: Vec<String> =
        all(&html, ".card h2").iter().map(|head| head.text().collect::<String>()).collect();
    for card in [
        "Events over time",
        "Signals",
        "Latest requests",
        "Endpoints",
        "Rules that fire",
        "Who attacks",
        "Users",
        "Exclusions",
    ] {
        assert!(cards.iter().any(|found| found == card), "{card}: {cards:?}");
    }
    let ranked: Vec<String> = all(&html, ".ranked .what")
        .iter()
        .map(|what| what.text().collect::<String>().trim().to_owned())
        .collect();
    assert!(
        ranked.iter().any(|what| what == "r-sql_injection") && ranked.iter().any(|what| what == "alice"),
        "{ranked:?}"
    );
    assert_eq!(text(&html, ".same code"), "sudo picket services policy shop");
    // A name that nobody has any longer still has a past, or none.
    let gone = served.page("/services/gone");
    assert!(text(&gone, ".acts").contains("No service of this name"));
}

#[test]
fn a_mode_is_switched_by_those_who_may() {
    let served = Served::logged_in(Role::Admin);
    let path = "/services/shop/policy";
    for page in ["/services", "/services/shop"] {
        let off = all(&served.page(page), "details details button[value=off]").len();
        assert_eq!(off, 1, "switching off on {page} is asked for twice");
    }
    served.submit("/services", path, &[("mode", "off")]);
    let html = served.page("/services");
    assert!(text(&html, ".flash").contains("shop is not judged any longer"));
    assert!(text(&html, "#rows").contains("set to off by alice"));
    served.submit("/services/shop", path, &[("mode", "block")]);
    let html = served.page("/services/shop");
    assert!(text(&html, ".flash").contains("shop is protected"), "{}", text(&html, ".flash"));
    assert!(text(&html, ".flash").contains("[respond] is not enabled"));
    assert!(text(&html, ".acts").contains("(configured: monitor)"));
    served.submit("/services/shop", path, &[("mode", "configured")]);
    assert_eq!(served.ground.get("/v1/services/shop/policy").get("set"), None);
    served.submit("/services", path, &[("mode", "on")]);
    assert!(text(&served.page("/services"), ".flash.wrong").contains("off, monitor or block"));
    let audit = served.ground.get("/v1/audit?who=alice&limit=10");
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(4), "with the log-in: {audit}");
    let responder = Served::logged_in(Role::Responder);
    let csrf =
        all(&responder.page("/services"), "input[name=csrf]")[0].attr("value").expect("a token").to_owned();
    let got = responder.post(path, &[("csrf", &csrf), ("mode", "off")]);
    assert_eq!(got.status, StatusCode::FORBIDDEN);
}

#[test]
fn endpoints_are_listed_narrowed_and_sorted() {
    let served = Served::logged_in(Role::Viewer);
    let routes = |page: &str| -> Vec<String> {
        let html = served.page(page);
        all(&html, "#rows .target").iter().map(|target| target.text().collect()).collect()
    };
    assert_eq!(routes("/endpoints"), ["/item/{id}", "/login", "/search"]);
    assert_eq!(routes("/endpoints?sort=errors"), ["/search", "/item/{id}", "/login"]);
    assert_eq!(routes("/endpoints?query=business%3A*"), ["/login"]);
    let html = served.page("/endpoints?sort=attacks");
    let sorted = all(&html, "th[aria-sort]");
    assert_eq!(sorted.len(), 1);
    assert!(sorted[0].text().collect::<String>().contains("Attacks"));
    let row = text(&html, "#rows tr");
    for part in ["GET /search", "takes q", "shop:80", "700", "10.0 %", "sql_injection 20", "xss 10"] {
        assert!(row.contains(part), "{part}: {row}");
    }
    assert!(text(&served.page("/endpoints?query=business%3A*"), "#rows").contains("users.login.failure 30"));
    // What a row leads to is what was kept of it.
    let events = all(&html, "#rows a.open")[0].attr("href").expect("a link").to_owned();
    assert!(events.contains("%40endpoint%3A") && served.get(&events).status == StatusCode::OK, "{events}");
    assert_eq!(text(&html, ".same code"), "sudo picket endpoints --sort attacks");
    assert!(text(&served.page("/endpoints?query=service:nobody"), ".empty").contains("Nothing fits"));
    assert_eq!(served.get("/endpoints?query=servce:x").status, StatusCode::BAD_REQUEST);
    assert_eq!(served.get("/endpoints?sort=size").status, StatusCode::BAD_REQUEST);
}

fn protected() -> InMemory {
    let interfaces = vec![DenyInterface { name: "eth0".into(), mode: "native".into() }];
    let protection = Protection {
        interfaces: interfaces.clone(),
        packets_dropped: 1204,
        packets_passed: 3,
        denylist: Kept { total: 2, addresses: 1, networks: 1, users: 0 },
        capacity: Capacity::default(),
        passlist: 1,
        page: BlockingPage {
            answer: crate::config::DenyAnswer::Page,
            ports: vec![80, 8080],
            html: "<!doctype html><title>Blocked</title><script>alert(1)</script>".into(),
            json: "{\"error\":\"<b>blocked\"}\n".into(),
            opened: 1009,
            sent: 7,
            limited: 3,
            ..BlockingPage::default()
        },
        respond: RespondView {
            enabled: true,
            events: 5,
            window_seconds: 60,
            block_seconds: Some(600),
            counted: 40,
            ..RespondView::default()
        },
    };
    InMemory { interfaces, protection, ..InMemory::shop() }
}

#[test]
fn protection_says_who_is_kept_out_and_lets_people_change_it() {
    let served = Served::of_role(Ground::of(protected()), Role::Responder);
    let html = served.page("/protection");
    let figures = text(&html, ".tiles");
    for part in [
        "1,204",
        "3 let through by the passlist",
        "eth0 (native)",
        "1 address, 1 network",
        "5 attacks in 60 s",
    ] {
        assert!(figures.contains(part), "{part}: {figures}");
    }
    let room = all(&html, ".tiles [title]")[0].attr("title").expect("a title");
    assert!(room.contains("1,048,576 addresses"), "{room}");
    let cards = all(&html, ".card");
    let page = cards.iter().find(|card| card.html().contains("<iframe")).expect("a card");
    let page = page.text().collect::<String>();
    for part in
        ["on ports 80, 8080", "1,009 connections, 7 pages", "3 packets without an answer", "<b>blocked"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let frame = all(&html, "iframe")[0].attr("src").expect("what it shows").to_owned();
    assert_eq!(all(&html, "iframe")[0].attr("sandbox"), Some(""));
    let shown = served.get(&frame);
    assert!(shown.text.starts_with("<!doctype html><title>Blocked"));
    let policy = shown.header("content-security-policy");
    assert!(
        policy.starts_with("sandbox; default-src 'none'") && policy.ends_with("frame-ancestors 'self'"),
        "{policy}"
    );
    assert_eq!(shown.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!(served.get("/protection/page?format=json").header("content-type"), "application/json");
    assert_eq!(served.get("/protection/page?format=pdf").status, StatusCode::BAD_REQUEST);
    assert!(text(&html, ".empty").contains("Nobody is blocked"));
    let block = [("kind", "net"), ("name", "198.51.100.0/24"), ("seconds", "600"), ("reason", "scans")];
    served.submit("/protection", "/block", &block);
    let html = served.page("/protection");
    assert!(text(&html, ".flash").contains("198.51.100.0/24 is blocked"));
    let row = text(&html, ".rows tbody tr");
    for part in ["198.51.100.0/24", "scans", "3", "Unblock"] {
        assert!(row.contains(part), "{part}: {row}");
    }
    served.submit("/protection", "/block", &[("kind", "user"), ("name", "mallory"), ("seconds", "0")]);
    assert!(text(&served.page("/protection"), ".flash").contains("not kept out"));
    served.submit(
        "/protection",
        "/pass",
        &[("kind", "net"), ("name", "192.0.2.0/24"), ("comment", "office")],
    );
    let html = served.page("/protection");
    assert!(text(&html, ".grow").contains("office"));
    served.submit("/protection", "/block", &[("kind", "net"), ("name", "192.0.2.7"), ("seconds", "60")]);
    assert!(text(&served.page("/protection"), ".flash.wrong").contains("on the passlist"));
    for (field, value, says) in
        [("name", "", "name is empty"), ("name", "localhost", "203.0.113.7"), ("kind", "host", "whom")]
    {
        let mut fields = vec![("kind", "net"), ("name", "192.0.2.99"), ("seconds", "60")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        served.submit("/protection", "/block", &fields);
        let said = text(&served.page("/protection"), ".flash.wrong");
        assert!(said.contains(says), "{field} {value}: {said}");
    }
    served.submit("/protection", "/unblock", &[("whom", "net:198.51.100.0/24")]);
    served.submit("/protection", "/unpass", &[("whom", "net:192.0.2.0/24")]);
    assert_eq!(served.ground.get("/v1/denylist")["total"], 1, "the user is left");
    assert_eq!(served.ground.get("/v1/passlist"), serde_json::json!([]));
}

#[test]
fn the_overview_says_what_is_kept_out_and_what_is_not_seen() {
    let tls = TlsView { unseen: 12, why: Some("compiled anew".to_owned()), ..TlsView::default() };
    let services = vec![
        service("shop", 80),
        ServiceView { tls: Some(tls), mode: "block".to_owned(), ..service("app.py (python3)", 81) },
        ServiceView { mode: "off".to_owned(), ..service("blog", 82) },
    ];
    let rates = [("requests".to_owned(), 7.0), ("cpu_seconds".to_owned(), 0.12)].into();
    let off = TlsStats { why_not: Some("TLS is not looked into: off".to_owned()), ..TlsStats::default() };
    let stats = crate::api::Stats { rates, tls: Some(off), ..crate::api::Stats::default() };
    let served = Served::of_role(Ground::of(InMemory { services, stats, ..protected() }), Role::Viewer);
    let html = served.page("/");
    let (figures, health) = (text(&html, "#figures"), text(&html, "#health"));
    for part in ["1 high, 1 medium, 2 low", "1,204 packets", "2 on the denylist"] {
        assert!(figures.contains(part), "{part}: {figures}");
    }
    for part in [
        "3 seen: 1 monitored, 1 protected, 1 not judged",
        "Not seenTLS is not looked into: off",
        "app.py (python3): 12 connections over TLS not read: compiled anew",
        "12 % of a core",
    ] {
        assert!(health.contains(part), "{part}: {health}");
    }
}

#[test]
fn lists_are_looked_through_and_come_page_by_page() {
    let served = Served::of_role(Ground::of(protected()), Role::Responder);
    for last in 0..120 {
        let name = format!("198.51.100.{last}");
        served.submit(
            "/protection",
            "/block",
            &[("kind", "net"), ("name", name.as_str()), ("seconds", "600")],
        );
        let name = format!("192.0.2.{last}");
        let comment = if last % 2 == 0 { "office" } else { "monitoring" };
        served.submit(
            "/protection",
            "/pass",
            &[("kind", "net"), ("name", name.as_str()), ("comment", comment)],
        );
    }
    let html = served.page("/protection");
    let links: Vec<String> = all(&html, "#denylist header a, #passlist header a")
        .iter()
        .map(|link| link.text().collect())
        .collect();
    assert_eq!(links, ["All 120 entries", "All 120 entries"]);
    for list in ["denylist", "passlist"] {
        assert_eq!(all(&html, &format!("#{list} tbody tr")).len(), 15, "{list}");
    }
    for (list, net, cli) in [("denylist", "198.51.100", "denylist"), ("passlist", "192.0.2", "passlist list")]
    {
        let (mut at, mut seen) = (format!("/protection/{list}"), std::collections::BTreeSet::new());
        let mut pages = 0;
        loop {
            let html = served.page(&at);
            seen.extend(
                all(&html, "tbody tr a.address, tbody tr .wide a")
                    .iter()
                    .map(|link| link.text().collect::<String>()),
            );
            pages += 1;
            match all(&html, ".pager a[rel=next]").first() {
                Some(next) => at = next.attr("href").expect("a link").to_owned(),
                None => break,
            }
        }
        assert_eq!((pages, seen.len()), (3, 120), "{list}: {seen:?}");
        let found = served.page(&format!("/protection/{list}?find={net}.7"));
        assert_eq!(all(&found, "tbody tr").len(), 1, "{net}.70 is another one");
        assert_eq!(text(&found, ".same code"), format!("sudo picket {cli} {net}.7"));
        let none = served.page(&format!("/protection/{list}?find=203.0.113.9"));
        assert!(text(&none, ".list").contains("203.0.113.9"), "{}", text(&none, ".list"));
    }
    let office = served.page("/protection/passlist?find=OFFICE");
    assert_eq!(all(&office, "tbody tr").len(), 50);
    assert_eq!(text(&office, ".top .hint"), "60 entries");
    assert!(text(&served.page("/protection/passlist?find=OFFICE&cursor=50"), ".list").contains("192.0.2.1"));
    assert_eq!(served.get("/protection/denylist?cursor=x").status, StatusCode::BAD_REQUEST);
    // A cursor is of what was looked for.
    let next = served.ground.get("/v1/denylist?limit=10&find=198.51.100.0/24")["next"]
        .as_str()
        .expect("more")
        .to_owned();
    assert_eq!(
        served.get(&format!("/protection/denylist?find=203.0.113.9&cursor={next}")).status,
        StatusCode::BAD_REQUEST
    );
}

#[test]
fn what_protects_nobody_says_so() {
    let served = Served::logged_in(Role::Viewer);
    let html = served.page("/protection");
    assert!(text(&html, ".card.wrong").contains("picket run --deny"));
    assert!(all(&html, "main form").is_empty());
    assert!(text(&html, ".grow").contains("[respond]: not enabled"));
    let cards: String = all(&html, ".grow > .card").into_iter().flat_map(|card| card.text()).collect();
    assert!(cards.contains("Switched off: who is blocked gets no answer"), "{cards}");
    assert_eq!(all(&html, "iframe").len(), 1, "what they would be told is shown");
    assert_eq!(text(&html, ".same code"), "sudo picket denylist --limit 15");
}

#[test]
fn what_was_done_without_a_person_is_told() {
    let toml = "[[detection.responses]]\nseverity = \"medium\"\naction = \"block_ip\"\nfor = \"1h\"";
    let config = crate::config::Config::parse(toml, "test").expect("a configuration");
    let served = Served::of_role(Ground::of(InMemory { config, ..protected() }), Role::Viewer);
    let html = served.page("/protection");
    let said = text(&html, ".grow");
    assert!(said.contains("5 attacks of an address within 1m block it for 10m"), "{said}");
    assert!(said.contains("blocks the address for 1h"), "{said}");
    // The signal of the failed logins asked for it; nobody carries it out here, and that is in the audit.
    let audit = served.ground.get("/v1/audit?who=picket&limit=5");
    let rows = all(&html, "[aria-label='What they did lately'] tbody tr").len();
    assert_eq!(Some(rows), audit["items"].as_array().map(Vec::len), "{audit}");
}
