//! The UI without a browser: pages from typed data and from a desk, read by a parser of HTML.

mod door;
mod fresh;
mod hostile;
mod house;
mod looking;
mod pages;
mod served;
mod services;

use super::{
    frame::{Frame, Theme},
    guard::Nonce,
    target::Target,
};
use crate::api::{Person, types::Role};

/// A page's frame of a responder, in 2026.
pub(super) fn frame() -> Frame {
    Frame {
        person: Some(Person { name: "alice".to_owned(), role: Role::Responder }),
        csrf: "token".to_owned(),
        nonce: Nonce::of("nonce"),
        now: "2026-01-02T03:04:05Z".parse().expect("a time"),
        zone: jiff::tz::TimeZone::UTC,
        theme: Theme::System,
        here: Target::new("/signals"),
        views: Vec::new(),
        flash: None,
    }
}

/// Pages of single things, one of each that there is: for tests that look at all pages.
fn more_pages(served: &served::Served) -> Vec<String> {
    let mut pages: Vec<String> = [
        "/rules/detection",
        "/rules/detection/edit?rule=brute-force",
        "/rules/edit",
        "/rules/edit?rule=picket-xss-001",
        "/rules/exclusions",
        "/rules/try?past=yes",
        "/rules/exclusions/new?rule=picket-xss-001",
        "/settings/notifications",
        "/settings/tokens",
        "/settings/kernel",
    ]
    .map(str::to_owned)
    .into();
    for (list, key, page) in [
        ("/v1/signals?limit=20", "id", "/signals"),
        ("/v1/events?limit=3", "id", "/events"),
        ("/v1/actors?limit=3", "ip", "/actors"),
        ("/v1/users?limit=3", "id", "/users"),
        ("/v1/rules?limit=3&query=hits:0", "id", "/rules"),
        ("/v1/detection/rules", "id", "/rules/detection"),
    ] {
        let list = served.ground.get(list);
        for item in list["items"].as_array().expect("a list").iter().take(20) {
            let id = item[key].as_str().expect("an id");
            pages.push(format!("{page}/{}", crate::api::client::segment(id)));
        }
    }
    for service in served.ground.get("/v1/services").as_array().expect("a list") {
        let name = service["name"].as_str().expect("a name");
        pages.push(format!("/services/{}", crate::api::client::segment(name)));
    }
    pages
}
