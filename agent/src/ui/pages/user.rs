//! A user: what they did, from where, across services and time.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        client::segment,
        types::{Role, User},
    },
    cli::screen::grouped,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::{
            past::{self, Past},
            respond::{self, Whom},
        },
        parts::{badge, facts::facts, link, range, time},
        terms,
        visit::Visit,
    },
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let id = visit.piece("id").to_owned();
    let range = past::range(frame);
    let time = [("from", range.from.as_str()), ("to", range.to.as_str())];
    let (user, past) = tokio::join!(
        visit.find::<User>(&format!("/v1/users/{}", segment(&id)), &time),
        Past::of(&visit, terms::term("user.id", &id), &range),
    );
    let (user, past) = (user?, past?);
    let body = html! {
        div.columns.signal {
            div.grow { (past.show(frame)) }
            aside.acts aria-label="About them" {
                section.card { header { h2 { "In short" } } (in_short(frame, user.as_ref())) }
                @if frame.may(Role::Responder) {
                    section.card {
                        header { h2 { "Respond" } }
                        @if user.as_ref().is_some_and(|user| user.blocked) { (respond::end(frame, &Whom::user(&id))) }
                        (respond::keep_out(frame, &[Whom::user(&id)], "", None))
                        p.hint { "A user can't be kept out by the kernel: events of theirs are tagged." }
                    }
                }
            }
        }
    };
    let badges = html! {
        @if user.as_ref().is_some_and(|user| user.blocked) { (badge::loud("on the denylist")) }
        (range::choice(frame, &range))
    };
    let title = crate::event::printable(&id).into_owned();
    Ok(Page::new(title, body).aside(badges).command(Command::new("picket users show").word(&id)))
}

fn in_short(frame: &Frame, user: Option<&User>) -> Markup {
    let Some(user) = user else { return past::nothing() };
    facts(&[
        ("First seen", time::ago(frame, user.first_seen)),
        ("Last seen", time::ago(frame, user.last_seen)),
        ("Events", html! { (grouped(user.events)) }),
        (
            "Logins",
            html! { (grouped(user.logins.success)) " succeeded, " (grouped(user.logins.failure)) " failed" },
        ),
        ("From", past::several(&user.ips, link::address)),
        ("Services", past::several(&user.services, link::service)),
    ])
}
