//! Pages of an agent with a past.

use axum::http::StatusCode;

use super::served::{Served, all, text};
use crate::{
    api::{
        Control as _,
        tests::{
            InMemory,
            desk::{CLIENT, Ground},
        },
        types::Role,
    },
    config::Config,
    store::{Facts, Fate},
    ui::rows::rows,
};

#[test]
fn every_page_of_the_list_is_there_and_every_link_leads_somewhere() {
    let served = Served::logged_in(Role::Admin);
    let mut waiting: Vec<String> = crate::ui::page::paths().into_iter().map(str::to_owned).collect();
    waiting.extend(super::more_pages(&served));
    let mut seen = std::collections::BTreeSet::new();
    let known: Vec<&str> = rows().iter().map(|row| row.path).collect();
    assert!(known.len() > 10);
    while let Some(target) = waiting.pop() {
        // One of each page is enough: parameters make no others.
        let path = target.split('?').next().expect("a path").to_owned();
        if seen.len() > 60 || !seen.insert(path.clone()) {
            continue;
        }
        let got = served.get(&target);
        assert_eq!(got.status, StatusCode::OK, "{target}: {}", got.beginning());
        // The blocking page's preview is a page of its own.
        let boxed = got.header("content-security-policy").starts_with("sandbox");
        if boxed || !got.header("content-type").starts_with("text/html") {
            continue;
        }
        let html = got.html();
        assert_eq!(all(&html, "h1").len(), 1, "{target}");
        assert!(!all(&html, "main").is_empty());
        // Nothing is loaded from elsewhere.
        for element in all(&html, "[src], link[href], form[action], a[href]") {
            let to = ["src", "href", "action"].into_iter().find_map(|name| element.attr(name)).expect("one");
            assert!(to.starts_with('/') || to.starts_with('#'), "{target} leads to {to}");
            assert!(!to.starts_with("//"), "{target} leads to {to}");
            if element.value().name() == "a" && to.starts_with('/') {
                waiting.push(to.to_owned());
            }
        }
        for form in all(&html, "form[method=post]") {
            let csrf = scraper::Selector::parse("input[name=csrf]").expect("a selector");
            assert!(form.select(&csrf).next().is_some(), "a form without its token on {target}");
        }
        // No two elements have the same id.
        let mut ids: Vec<&str> = all(&html, "[id]").iter().filter_map(|element| element.attr("id")).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{target}");
    }
    assert!(seen.len() >= 10, "{seen:?}");
}

#[test]
fn the_overview_says_what_is_under_attack() {
    let served = Served::logged_in(Role::Viewer);
    let html = served.page("/");
    assert_eq!(text(&html, "h1"), "Overview");
    let figures: Vec<String> =
        all(&html, ".tile .name").iter().map(|name| name.text().collect::<String>()).collect();
    assert_eq!(figures, ["Critical and high", "Open signals", "Attack events", "Kept out", "Requests"]);
    assert!(!all(&html, "svg[data-brush] a[href*='from=']").is_empty(), "no bars");
    assert!(text(&html, ".feed").contains("203.0.113.7"));
    assert!(text(&html, ".same code").starts_with("sudo picket signals "));
}

#[test]
fn signals_are_listed_narrowed_and_told() {
    let served = Served::logged_in(Role::Responder);
    let html = served.page("/signals");
    let rows = all(&html, "#rows tr").len();
    assert!(rows >= 1);
    assert!(text(&html, ".facets").contains("Severity"));
    // A facet's link narrows to as many as it says.
    let value = all(&html, ".facets a.value")[0];
    let narrowed = served.page(value.attr("href").expect("a link"));
    assert_eq!(all(&narrowed, ".facets .chosen").len(), 1);
    assert!(!all(&narrowed, "#rows tr").is_empty());
    let nothing = served.page("/signals?query=service:nowhere");
    assert!(text(&nothing, ".empty").contains("Nothing fits"));
    let wrong = served.get("/signals?query=servce:shop");
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let wrong = wrong.html();
    assert_eq!(text(&wrong, ".wrong mark"), "servce");
    assert_eq!(all(&wrong, "#query")[0].attr("value"), Some("servce:shop"));
    let signal = served.ground.signal();
    let html = served.page(&format!("/signals/{signal}"));
    let story = text(&html, ".story");
    for part in ["Who", "What", "Against", "Did it work", "What was done"] {
        assert!(story.contains(part), "{story}");
    }
    assert_eq!(text(&html, ".same code"), format!("sudo picket signals show {signal}"));
}

#[test]
fn signals_are_triaged_one_by_one_and_together() {
    let served = Served::logged_in(Role::Responder);
    let signal = served.ground.signal();
    let (page, action) = (format!("/signals/{signal}"), format!("/signals/{signal}/triage"));
    let fields =
        [("status", "under_review"), ("assignee", "alice"), ("case", "SEC-7"), ("note", "one\r\ntwo")];
    let got = served.submit(&page, &action, &fields);
    assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, page.as_str()));
    let html = served.page(&page);
    assert_eq!(text(&html, ".flash"), "Saved");
    assert!(text(&html, ".story").contains("SEC-7"));
    assert!(all(&served.page(&page), ".flash").is_empty(), "it is said once");
    // What is emptied is taken away.
    served.submit(&page, &action, &[("status", "under_review")]);
    let stored = served.ground.get(&format!("/v1/signals/{signal}"));
    assert_eq!((stored.get("assignee"), stored.get("case")), (None, None), "{stored}");
    let id = signal.to_string();
    let fields = [("id", id.as_str()), ("status", "archived"), ("reason", "false_positive")];
    let got = served.submit("/signals", "/signals/triage", &fields);
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert_eq!(text(&served.page("/signals"), ".flash"), "1 signal was changed");
    assert_eq!(served.ground.get(&format!("/v1/signals/{signal}"))["status"], "archived");
    let got = served.submit("/signals", "/signals/triage", &[("status", "open")]);
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert!(text(&served.page("/signals"), ".flash.wrong").contains("no signal is checked"));
}

#[test]
fn an_actor_is_blocked_unblocked_and_let_pass() {
    let served = Served::logged_in(Role::Responder);
    let signal = served.ground.signal();
    let page = format!("/signals/{signal}");
    let whom = [("whom", "net:203.0.113.7"), ("seconds", "600"), ("reason", "tries passwords")];
    served.submit(&page, "/block", &whom);
    let html = served.page(&page);
    assert!(text(&html, ".flash").contains("203.0.113.7 is blocked"));
    assert!(text(&html, ".acts").contains("Unblock 203.0.113.7"));
    assert_eq!(served.ground.get("/v1/denylist")["total"], 1);
    served.submit(&page, "/unblock", &[]);
    assert_eq!(served.ground.get("/v1/denylist")["total"], 0);
    served.submit(&page, "/pass", &[("whom", "net:203.0.113.7"), ("comment", "office")]);
    assert!(served.ground.get("/v1/passlist").to_string().contains("203.0.113.7"));
    served.submit(&page, "/block", &whom);
    assert!(text(&served.page(&page), ".flash.wrong").contains("on the passlist"));
}

#[test]
fn a_viewer_looks_and_changes_nothing() {
    let served = Served::logged_in(Role::Viewer);
    let signal = served.ground.signal();
    let html = served.page(&format!("/signals/{signal}"));
    assert!(all(&html, ".acts form").is_empty());
    assert!(all(&served.page("/signals"), "#rows input[type=checkbox]").is_empty());
    let before = served.ground.state();
    let csrf = all(&html, "input[name=csrf]")[0].attr("value").expect("a token").to_owned();
    let triage = format!("/signals/{signal}/triage");
    for action in [triage.as_str(), "/block", "/unblock", "/pass", "/unpass"] {
        let fields =
            [("csrf", csrf.as_str()), ("status", "archived"), ("whom", "net:203.0.113.7"), ("seconds", "60")];
        let got = served.post(action, &fields);
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{action}");
    }
    assert_eq!(served.ground.state(), before);
}

#[test]
fn columns_are_chosen_and_a_view_keeps_them() {
    let mut served = Served::logged_in(Role::Viewer);
    let heads = |html: &scraper::Html| -> Vec<String> {
        all(html, "th").iter().map(|head| head.text().collect::<String>()).collect()
    };
    let page = "/events?columns=-&columns=%40host&query=%40matches%3A*";
    let html = served.page(page);
    assert_eq!(heads(&html), ["Time", "Request", "Status", "Host"]);
    assert!(text(&html, "#rows td:last-child").contains("shop.example"));
    assert_eq!(heads(&served.page("/events?columns=-")), ["Time", "Request", "Status"]);
    assert_eq!(heads(&served.page("/events")), ["Time", "Request", "Status", "Service", "Client", "User"]);
    // Other parameters stay as they are when columns are chosen.
    let kept = all(&html, ".pick form[method=get] input[name=query]");
    assert_eq!(kept[0].attr("value"), Some("@matches:*"));
    let got = served.submit(page, "/views/save", &[("name", "hosts <b>")]);
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    let cookie = got.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    served.cookie = served.cookie.map(|session| format!("{session}; {cookie}"));
    let html = served.page("/events");
    assert_eq!(text(&html, ".views .saved"), "hosts <b>");
    let to = all(&html, ".views .saved")[0].attr("href").expect("a link").to_owned();
    assert_eq!(heads(&served.page(&to)), ["Time", "Request", "Status", "Host"]);
    assert!(all(&served.page("/signals"), ".views .saved").is_empty(), "a view of another page");
    let got = served.submit("/events", "/views/remove", &[]);
    assert_eq!(got.header("set-cookie").split(';').next(), Some("picket-views=W10"));
}

#[test]
fn an_event_is_shown_raw_and_decoded_with_what_matched() {
    let served = Served::logged_in(Role::Responder);
    let events = served.ground.get("/v1/events?query=@matches:*&limit=1");
    let id = events["items"][0]["id"].as_str().expect("an id");
    let html = served.page(&format!("/events/{id}"));
    assert!(text(&html, ".request").starts_with("GET /search?q=1"), "{}", text(&html, ".request"));
    assert_eq!(text(&html, ".found mark"), "1' or 1=1");
    assert!(text(&html, ".same code").ends_with(id));
    let nobody = served.get("/events/01a20677-718f-7b72-8000-000000000000");
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert!(text(&nobody.html(), ".empty").contains("there is no event"));
}

#[test]
fn actors_and_users_are_listed_and_told() {
    let served = Served::logged_in(Role::Responder);
    assert_eq!(text(&served.page("/actors"), "#rows a.open"), "203.0.113.7");
    assert_eq!(text(&served.page("/users"), "#rows a.open"), "alice");
    let html = served.page("/actors/203.0.113.7");
    for part in ["Events", "60", "shop", "alice", "curl/8"] {
        assert!(text(&html, ".acts").contains(part), "{part}");
    }
    let html = served.page("/users/alice");
    assert!(text(&html, ".acts").contains("0 succeeded, 30 failed"), "{}", text(&html, ".acts"));
    served.submit(
        "/users/alice",
        "/block",
        &[("whom", "user:alice"), ("seconds", "0"), ("reason", "gone bad")],
    );
    assert!(text(&served.page("/users/alice"), ".flash").contains("not kept out"));
    assert!(served.ground.get("/v1/denylist").to_string().contains("gone bad"));
    // Whom nobody knows: no page of errors, but an empty one.
    let html = served.page("/actors/192.0.2.77");
    assert!(text(&html, ".acts").contains("No events of this time"));
    assert_eq!(served.get("/actors/nonsense").status, StatusCode::BAD_REQUEST);
}

#[test]
fn times_are_those_of_the_viewer_s_zone() {
    let mut served = Served::logged_in(Role::Viewer);
    let utc = served.page("/events");
    assert!(all(&utc, "#rows time")[0].attr("title").expect("a time").ends_with(" UTC"));
    served.cookie =
        served.cookie.map(|session| format!("{session}; picket-zone=Asia/Tokyo; picket-theme=dark"));
    let html = served.page("/events");
    assert!(all(&html, "#rows time")[0].attr("title").expect("a time").ends_with(" JST"));
    assert_eq!(all(&html, "html")[0].attr("data-theme"), Some("dark"));
}

#[test]
fn what_is_big_is_compressed_and_what_is_known_is_not_sent_again() {
    let served = Served::logged_in(Role::Viewer);
    let html = served.page("/");
    let style = all(&html, "link[rel=stylesheet]")[0].attr("href").expect("a style").to_owned();
    let tag = served.get(&style).header("etag").to_owned();
    let again = served.ask("GET", &style, &[("if-none-match", &tag)], "");
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let router = served.get("/");
    assert_eq!(router.header("content-encoding"), "");
    let whole = router.text.len() + served.get(&style).text.len();
    assert!(whole < 200 * 1024, "{whole}");
}

#[test]
fn rules_are_listed_with_their_hits_and_told_with_their_text() {
    let served = Served::logged_in(Role::Viewer);
    let client = "203.0.113.7".parse().expect("an address");
    let fields = serde_json::json!({"n": 9000, "matches": [{"rule": "picket-xss-001", "name": "n", "location": "query.q",
        "value": "<script>", "tags": {"type": "xss"}}]});
    let now = jiff::Timestamp::now() - std::time::Duration::from_secs(5);
    let _ = crate::api::Control::desk(&*served.ground.control)
        .take(&crate::api::tests::desk::event(now, &fields), client);
    served.ground.flush();
    let html = served.page("/rules?query=type:xss");
    let rows = all(&html, "#rows tr").len();
    assert!(rows >= 3, "{rows}");
    let row = |html: &scraper::Html| text(html, "#rows tr");
    let fired = served.page("/rules?query=hits:%3E0");
    assert_eq!(all(&fired, "#rows tr").len(), 1);
    assert!(row(&fired).contains("picket-xss-001") && row(&fired).contains("monitor"), "{}", row(&fired));
    assert_eq!(text(&fired, "#rows td.num"), "1");
    let quiet = served.page("/rules?query=hits:0");
    assert!(!text(&quiet, "#rows").contains("picket-xss-001"));
    assert_eq!(all(&quiet, ".pager a[rel=next]").len(), 1, "there are more than a page has");
    let html = served.page("/rules/picket-xss-001");
    for (part, of) in [
        ("\"operator\": \"is_xss\"", "pre.json"),
        ("libinjection finds what a browser would run", ".message"),
        ("server.request.query", ".inputs"),
        ("comes with Picket", ".acts"),
        ("default", ".policies"),
        ("/search", ".grow"),
    ] {
        assert!(text(&html, of).contains(part), "{part} in {of}: {}", text(&html, of));
    }
    // Events name rules that are gone.
    assert!(text(&served.page("/rules/r-xss"), ".empty").contains("No policy has this rule"));
    let wrong = served.get("/rules?query=tpye:xss");
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(text(&wrong.html(), ".wrong").contains("rules have no facet"));
}

#[test]
fn detection_rules_say_what_they_count_and_what_came_of_it() {
    let served = Served::logged_in(Role::Viewer);
    let html = served.page("/rules/detection?state=raised");
    assert!(text(&html, "#rows").contains("brute-force"), "{}", text(&html, "#rows"));
    let html = served.page("/rules/detection?state=off");
    assert!(text(&html, "#rows").contains("new-country") && !text(&html, "#rows").contains("web-shell"));
    let html = served.page("/rules/detection?search=Shell");
    assert!(text(&html, "#rows").contains("web-shell") && !text(&html, "#rows").contains("brute-force"));
    assert!(text(&served.page("/rules/detection?search=zzz"), ".empty").contains("No such rule"));
    let html = served.page("/rules/detection/brute-force");
    let rule = served.ground.get("/v1/detection/rules/brute-force");
    let condition = rule["cases"][0]["condition"].as_str().expect("a condition");
    assert!(text(&html, ".grow").contains(condition), "{}", text(&html, ".grow"));
    assert!(text(&html, "pre.json").starts_with("{ \"id\": \"brute-force\""), "{}", text(&html, "pre.json"));
    assert_eq!(all(&html, ".feed li").len(), 1, "its signal");
    let html = served.page("/rules/detection/new-country");
    assert!(text(&html, ".flash.wrong").contains("needs a GeoIP database"));
    assert!(text(&served.page("/rules/detection/none"), ".empty").contains("no such detection rule"));
}

#[test]
fn settings_are_shown_with_where_to_change_them() {
    let config = Config::parse("[users]\nsources = [\"header\"]\n[store]\nmax_age = \"7d\"\n", "t")
        .expect("a configuration");
    let served = Served::of_role(Ground::of(InMemory { config, ..InMemory::default() }), Role::Admin);
    let html = served.page("/settings");
    let main = text(&html, "main");
    for part in [
        "users.sourcesheader changed",
        "store.max_age7d changed · at start",
        "geoip.databasenot set",
        "MIT OR Apache-2.0",
    ] {
        assert!(main.contains(part), "{part}: {main}");
    }
    assert!(all(&html, "form[action=\"/settings/reload\"]").is_empty(), "there is no file to read again");
    let kernel = text(&served.page("/settings/kernel"), "main");
    for part in [
        "cannot keep attackers out",
        "degraded",
        "To do: a newer kernel",
        "443, 8443",
        "shop is not seen: shop has TLS",
        "What to do: put TLS of shop",
    ] {
        assert!(kernel.contains(part), "{part}: {kernel}");
    }
    assert!(text(&served.page("/settings/notifications"), ".empty").contains("[[notify]]"));
}

#[test]
fn a_token_is_made_shown_once_and_taken_back() {
    let served = Served::logged_in(Role::Admin);
    let page = "/settings/tokens";
    assert!(text(&served.page(page), ".empty").contains("no tokens"));
    let fields = [("name", "grafana"), ("role", "viewer"), ("seconds", "86400")];
    let got = served.submit(page, "/settings/tokens/add", &fields);
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    let said = text(&served.page(page), ".flash");
    let token = said.rsplit(' ').next().expect("a token").to_owned();
    assert!(token.starts_with("pkt_"), "{said}");
    let html = served.page(page);
    assert!(!html.html().contains("pkt_"), "it is shown once");
    assert!(text(&html, "#rows").contains("grafanaviewer"));
    let tokens = crate::api::Tokens::of(served.ground.tokens.path());
    assert_eq!(tokens.find(&token).map(|view| view.name).as_deref(), Some("grafana"));
    let audit = served.ground.get("/v1/audit?limit=10").to_string();
    assert!(audit.contains("add_token") && !audit.contains(&token), "{audit}");
    served.submit(page, "/settings/tokens/add", &fields);
    assert!(text(&served.page(page), ".flash.wrong").contains("already"));
    served.submit(page, "/settings/tokens/remove", &[]);
    assert!(tokens.find(&token).is_none());
    // Others see that there is such a page, and nothing of it.
    let served = Served::logged_in(Role::Responder);
    assert!(text(&served.page(page), ".empty").contains("Not for your role"));
}

#[test]
fn a_false_positive_is_excluded_from_its_event() {
    let served = Served::logged_in(Role::Responder);
    let events = served.ground.get("/v1/events?query=@rule.id:r-xss&limit=1");
    let page = served.page(&format!("/events/{}", events["items"][0]["id"].as_str().expect("an id")));
    let links = all(&page, ".found a");
    let to = links.iter().find(|link| link.text().collect::<String>() == "Exclude this").expect("a link");
    let to = to.attr("href").expect("where to").to_owned();
    assert_eq!(to, "/rules/exclusions/new?rule=r-xss&service=shop&input=query.q&path=%2Fsearch");
    let html = served.page(&to);
    let said = text(&html, ".grow");
    assert!(said.contains("would not be there") && said.contains("/search"), "{said}");
    assert!(text(&html, ".same code").contains("picket rules exclusions add --rule r-xss --service shop"));
    let got = served.submit(&to, "/rules/exclusions/make", &[("reason", "our own <b>")]);
    assert_eq!(got.header("location"), "/rules/exclusions");
    let html = served.page("/rules/exclusions");
    assert!(text(&html, ".flash").starts_with("Excluded. Of "), "{}", text(&html, ".flash"));
    assert!(text(&html, "#rows").contains("our own <b>") && text(&html, "#rows").contains("alice"));
    served.submit("/rules/exclusions", "/rules/exclusions/remove", &[]);
    assert!(text(&served.page("/rules/exclusions"), ".empty").contains("Nothing is excluded"));
    // What is wrong is said where it was written.
    let html = served.page("/rules/exclusions/new?path=editor");
    assert!(text(&html, ".wrong").contains("a path begins with /"));
    assert!(all(&html, "form[action=\"/rules/exclusions/make\"]").is_empty());
    // From a signal, too; a viewer is not asked.
    let signal = served.ground.signal();
    let served = Served::logged_in(Role::Viewer);
    let html = served.page("/rules/exclusions/new?rule=x");
    assert!(text(&html, ".grow").contains("log in as a responder"));
    let _ = signal;
}

#[test]
fn a_rule_is_tried_on_a_request_an_event_and_the_past() {
    let served = Served::logged_in(Role::Responder);
    assert!(text(&served.page("/rules/try"), ".empty").contains("Nothing is tried yet"));
    let request = crate::api::client::segment("GET /?q=a%253CSCRIPT%253E HTTP/1.1\nHost: x");
    let rule = crate::api::client::segment(
        "SecRule ARGS \"@contains <script\" \"id:7,phase:2,log,msg:'Own',t:urlDecodeUni,t:lowercase\"",
    );
    let html = served.page(&format!("/rules/try?text={rule}&request={request}"));
    assert_eq!(text(&html, ".found h3"), "7 Own");
    let steps: Vec<String> = all(&html, ".steps li").iter().map(|step| step.text().collect()).collect();
    assert_eq!(steps[0], "as it stands therea%3CSCRIPT%3E");
    assert_eq!(steps[1], "url_decode_unia<SCRIPT>");
    assert_eq!(steps[2], "lowercasea<script>");
    let html = served.page(&format!("/rules/try?rule=picket-sqli-001&request={request}"));
    assert!(text(&html, ".grow").contains("Nothing holds"));
    let events = served.ground.get("/v1/events?query=@matches:*&limit=1");
    let id = events["items"][0]["id"].as_str().expect("an id");
    assert!(text(&served.page(&format!("/rules/try?event={id}")), ".request").starts_with("GET /search?q=1"));
    let html = served.page(&format!(
        "/rules/try?past=yes&text={}",
        crate::api::client::segment("SecRule REQUEST_FILENAME \"@streq /login\" \"id:8,phase:1,log\"")
    ));
    assert!(
        text(&html, ".grow").contains("Of 60 stored events it would have matched 30"),
        "{}",
        text(&html, ".grow")
    );
    let html = served.page("/rules/try?past=yes&text=SecRule");
    assert!(text(&html, ".wrong").contains("rule:1:"), "{}", text(&html, ".wrong"));
    // A viewer tries rules in force alone.
    let served = Served::logged_in(Role::Viewer);
    let html = served.page(&format!("/rules/try?text={rule}&request={request}"));
    assert!(text(&html, ".wrong").contains("needs responder"), "{}", text(&html, ".wrong"));
    assert!(all(&html, "textarea[name=text]").is_empty());
}

#[test]
fn what_can_not_be_read_is_left_out_and_said() {
    let served = Served::logged_in(Role::Viewer);
    let events = all(&served.page("/events"), "#rows tr").len();
    let facts = Facts {
        time: crate::time::since_epoch(jiff::Timestamp::now()),
        service: "shop".to_owned(),
        client_ip: CLIENT.to_owned(),
        ..Facts::default()
    };
    let desk = served.ground.control.desk();
    let fate =
        desk.handle().event(uuid::Uuid::from_u128(7), facts, || r#"{"of": "another version"}"#.to_owned());
    assert_eq!(fate, Fate::Queued);
    served.ground.flush();
    for page in ["/events", "/services/shop", &format!("/actors/{CLIENT}")] {
        let html = served.page(page);
        assert!(text(&html, ".note").contains("1 of these can't be read"), "{page}");
    }
    assert_eq!(all(&served.page("/events?limit=50"), "#rows tr").len(), events - 1, "it took a row's place");
    // It is the newest, too.
    assert!(text(&served.page("/"), "h1").contains("Overview"));
}

#[test]
fn a_detection_rule_is_written_checked_saved_switched_and_taken_back() {
    let served = Served::logged_in(Role::Admin);
    let edit = "/rules/detection/edit";
    let rule = r#"{"id": "own-logins", "name": "Own <b>", "message": "m", "queries": [{"name": "a", "query": "@status:401", "groupByFields": ["client_ip"]}],
        "cases": [{"status": "low", "condition": "a > 5"}], "options": {"evaluationWindow": 600, "keepAlive": 600, "maxSignalDuration": 3600}}"#;
    let got = served.submit(edit, edit, &[("text", rule), ("past", "yes")]);
    assert_eq!(got.status, StatusCode::OK);
    let said = text(&got.html(), "#outcome");
    assert!(said.contains("Of 60 stored events it would have raised 1 signal"), "{said}");
    assert!(said.contains("It works.") && said.contains("a > 5"), "{said}");
    let wrong = served.submit(edit, edit, &[("text", "{\"id\": 1}")]);
    assert!(!text(&wrong.html(), "#outcome .wrong").is_empty());
    assert!(text(&wrong.html(), "textarea").contains("\"id\": 1"), "what was written stays");
    // The same form, by its other button.
    let page = served.page(edit);
    assert_eq!(all(&page, "button[name=save]").len(), 1);
    let save = |text: &str| served.submit(edit, edit, &[("text", text), ("save", "yes")]);
    assert_eq!(save(rule).header("location"), "/rules/detection/own-logins");
    let html = served.page("/rules/detection/own-logins");
    assert!(text(&html, ".acts").contains("written here"), "{}", text(&html, ".acts"));
    served.submit("/rules/detection/own-logins", "/rules/detection/switch", &[]);
    assert!(text(&served.page("/rules/detection?state=off"), "#rows").contains("own-logins"));
    served.submit("/rules/detection/own-logins", "/rules/detection/switch", &[]);
    assert_eq!(served.ground.get("/v1/detection/rules/own-logins")["enabled"], true);
    served.submit("/rules/detection/own-logins", "/rules/detection/remove", &[]);
    assert!(text(&served.page("/rules/detection/own-logins"), ".empty").contains("no such detection rule"));
    // In place of one that comes with Picket, which comes back.
    let other = rule.replace("own-logins", "brute-force");
    save(&other);
    assert!(text(&served.page("/rules/detection/brute-force"), "h1").contains("Own <b>"));
    served.submit("/rules/detection/brute-force", "/rules/detection/remove", &[]);
    assert!(text(&served.page("/rules/detection/brute-force"), "h1").contains("Brute force"));
    let wrong = save("nonsense").html();
    assert!(text(&wrong, "#outcome .wrong").contains("not JSON"));
    assert!(text(&wrong, "textarea").contains("nonsense"), "what was written stays");
    // Others do not write rules.
    let served = Served::logged_in(Role::Responder);
    assert!(text(&served.page(edit), ".empty").contains("Not for your role"));
    assert!(
        all(&served.page("/rules/detection/brute-force"), "form[action=\"/rules/detection/switch\"]")
            .is_empty()
    );
}

#[test]
fn a_rule_that_judges_requests_is_written_checked_saved_switched_and_removed() {
    let served = Served::logged_in(Role::Admin);
    let edit = "/rules/edit";
    let rule = "SecRule REQUEST_METHOD \"@streq POST\" \"id:100001,phase:1,log,msg:'Own <b>'\"";
    assert_eq!(all(&served.page("/rules"), "a[href=\"/rules/edit\"]").len(), 1);
    // The example works as it stands.
    let html = served.page(edit);
    let example = all(&html, "textarea[name=text]")[0].text().collect::<String>();
    let got = served.submit(edit, edit, &[("text", &example)]);
    assert!(
        text(&got.html(), "#outcome").contains("It works, as rule 100001."),
        "{}",
        text(&got.html(), "#outcome")
    );
    let request = "POST /login HTTP/1.1\nHost: x";
    let got = served.submit(edit, edit, &[("text", rule), ("request", request), ("past", "yes")]);
    assert_eq!(got.status, StatusCode::OK);
    let said = text(&got.html(), "#outcome");
    assert!(said.contains("Of 60 stored events it would have matched 30"), "{said}");
    assert!(said.contains("It matches") && said.contains("Own <b>"), "{said}");
    assert!(text(&got.html(), "textarea[name=request]").contains("POST /login"), "what was written stays");
    // What is wrong says so, and what was written stays: checked, and saved.
    for button in [&[][..], &[("save", "yes")]] {
        for (wrong, says) in [
            ("SecRule", "rule:1:"),
            (r#"{"id": 1}"#, "rule:1:"),
            (&*rule.replace("@streq", "@nope"), "rule:1:"),
        ] {
            let got = served.submit(edit, edit, &[&[("text", wrong)], button].concat());
            assert_eq!(got.status, StatusCode::OK);
            assert!(text(&got.html(), "#outcome .wrong").contains(says), "{}", text(&got.html(), "#outcome"));
            assert!(text(&got.html(), "textarea[name=text]").contains(wrong));
        }
    }
    let got = served.submit(edit, edit, &[("text", rule), ("save", "yes")]);
    assert_eq!(got.header("location"), "/rules/100001");
    let page = "/rules/100001";
    let html = served.page(page);
    assert!(text(&html, ".flash").contains("Saved"));
    assert!(text(&html, ".acts").contains("written here"), "{}", text(&html, ".acts"));
    assert!(text(&html, "pre.json").contains("@streq POST"));
    assert_eq!(all(&html, "a[href=\"/rules/edit?rule=100001\"]").len(), 1);
    assert!(text(&served.page("/rules/edit?rule=100001"), "textarea[name=text]").contains("@streq POST"));
    assert!(text(&served.page("/rules?query=written:true"), "#rows").contains("100001"));
    served.submit(page, "/rules/switch", &[]);
    assert!(text(&served.page("/rules?query=enabled:false"), "#rows").contains("100001"));
    served.submit(page, "/rules/switch", &[]);
    assert_eq!(served.ground.get("/v1/rules/100001")["enabled"], true);
    served.submit(page, "/rules/remove", &[]);
    assert!(text(&served.page(page), ".empty").contains("No policy has this rule"));
    // One of others is switched, and nothing else.
    let other = served.page("/rules/picket-xss-001");
    assert!(all(&other, "form[action=\"/rules/remove\"]").is_empty());
    assert_eq!(all(&other, "form[action=\"/rules/switch\"]").len(), 1);
    // Others do not write rules.
    let served = Served::logged_in(Role::Responder);
    assert!(text(&served.page(edit), ".empty").contains("Not for your role"));
    assert!(all(&served.page("/rules/picket-xss-001"), "form[action=\"/rules/switch\"]").is_empty());
}
