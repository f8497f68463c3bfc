//! Pages of an agent with a past.

use axum::http::StatusCode;

use super::served::{Served, all, text};
use crate::{api::types::Role, ui::rows::rows};

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
        if !got.header("content-type").starts_with("text/html") {
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
