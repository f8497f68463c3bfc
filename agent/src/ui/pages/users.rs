//! Users with events, those with the most first.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        types::{Ranking, User},
    },
    cli::screen::grouped,
    ui::{
        frame::Frame,
        page::Page,
        pages::people::{People, nothing},
        parts::{
            badge,
            icon::Icon,
            link,
            table::{Column, list},
            time,
        },
        target::Target,
        terms,
        visit::Visit,
    },
};

const PEOPLE: People = People {
    title: "Users",
    of: "users",
    about: "Users that events name: from tokens, logins and headers that you trust.",
    example: "@business.name:users.login.failure service:shop",
    views: &[
        ("All", ""),
        ("Failed logins", "@business.name:users.login.failure"),
        ("With attacks", "@matches:*"),
    ],
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    PEOPLE.show(&visit, found).await
}

fn found(frame: &Frame, users: &Ranking<User>) -> Markup {
    const COLUMNS: [Column; 7] = [
        Column::new("User", "wide"),
        Column::new("Logins", "num"),
        Column::new("Failed", "num"),
        Column::new("From", "less"),
        Column::new("Signals", "num less"),
        Column::new("Events", "num less"),
        Column::new("Last seen", ""),
    ];
    if users.items.is_empty() {
        return nothing(frame, Icon::Users, users.complete);
    }
    list("Users", &COLUMNS, &html! { @for user in &users.items { (row(frame, user)) } })
}

fn row(frame: &Frame, user: &User) -> Markup {
    let events = Target::new("/events").with("query", terms::term("user.id", &user.id));
    html! {
        tr {
            td.wide {
                a.open href=(format!("/users/{}", crate::api::client::segment(&user.id))) { (link::text(&user.id)) }
                p.sub { @if user.blocked { (badge::loud("on the denylist")) } (link::several(&user.services, 3, link::text)) }
            }
            td.num { (grouped(user.logins.success)) }
            td.num { @if user.logins.failure > 0 { span.failed { (grouped(user.logins.failure)) } } @else { "0" } }
            td.less { (link::several(&user.ips, 2, link::address)) }
            td.num.less { @if user.signals > 0 { (grouped(user.signals)) } @else { span.none { "—" } } }
            td.num.less { a href=(events.with("from", user.first_seen)) { (grouped(user.events)) } }
            td { (time::ago(frame, user.last_seen)) }
        }
    }
}
