//! The first sentence of the overview: whether somebody has to do something, now.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

use crate::{
    api::types::{Actor, Protection},
    cli::{duration, screen::grouped},
    detect::{Signal, signals::Status},
    event::Event,
    ui::{
        frame::Frame,
        parts::{badge, facts::facts, icon::Icon, link, time},
        target::Target,
    },
};

/// An attack as long ago as this goes on.
const NOW: Duration = Duration::from_secs(15 * 60);

/// What it rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict<'v> {
    /// Critical and high signals that are open or under review, the newest first; and how many there are.
    pub urgent: &'v [Signal],
    pub count: u64,
    /// The newest event with an attack in it, of the time that is looked at.
    pub latest: Option<&'v Event>,
    /// Those with the most attacks, the first few.
    pub actors: &'v [Actor],
    pub protection: &'v Protection,
}

impl Verdict<'_> {
    pub fn show(&self, frame: &Frame) -> Markup {
        let (class, icon, says) = self.says(frame.now);
        let first = self.urgent.iter().find(|signal| waits(signal)).or(self.urgent.first());
        html! {
            section.card.verdict.(class) {
                (icon.show())
                div {
                    h2 { (says) }
                    (facts(&[
                        ("Most urgent", html! { @if let Some(signal) = first { (urgent(signal)) } }),
                        ("Latest attack", html! { @if let Some(event) = self.latest { (attack(frame, event)) } }),
                        ("Handled", self.handled()),
                    ]))
                }
            }
        }
    }

    /// How it is, in a sentence.
    fn says(&self, now: Timestamp) -> (&'static str, Icon, String) {
        let waiting = self.urgent.iter().filter(|signal| waits(signal)).count();
        let attacked = self.latest.is_some_and(|event| duration::between(event.time, now) < NOW);
        let many = |count: u64, one: &str, more: &str| {
            if count == 1 { format!("1 {one}") } else { format!("{} {more}", grouped(count)) }
        };
        if waiting > 0 {
            let count = if waiting == self.urgent.len() { self.count } else { waiting as u64 };
            let says = many(count, "urgent signal waits for somebody", "urgent signals wait for somebody");
            ("urgent", Icon::Signals, says)
        } else if self.count > 0 {
            let says = many(self.count, "urgent signal is under review", "urgent signals are under review");
            ("attacked", Icon::Signals, says)
        } else if attacked {
            ("attacked", Icon::Alert, "Attacks go on; none of them is an urgent signal".to_owned())
        } else if self.latest.is_some() {
            ("calm", Icon::Check, "Quiet now; nothing urgent is open".to_owned())
        } else {
            ("calm", Icon::Check, "Quiet: no attack in this time, and nothing urgent is open".to_owned())
        }
    }

    /// What was done about it without anybody, or by somebody.
    fn handled(&self) -> Markup {
        let blocked = self.actors.iter().filter(|actor| actor.blocked).count();
        let all = self.actors.len();
        // On a list is not outside.
        let nowhere = self.protection.interfaces.is_empty();
        let out = if nowhere { "on the denylist" } else { "kept out" };
        html! {
            @if all > 0 {
                @match (blocked, all) {
                    (0, 1) => { "the attacker is not " (out) },
                    (1, 1) => { "the attacker is " (out) },
                    (0, _) => { "none of the " (all) " busiest attackers is " (out) },
                    (blocked, _) if blocked == all => { "the " (all) " busiest attackers are " (out) },
                    (1, _) => { "1 of the " (all) " busiest attackers is " (out) },
                    _ => { (blocked) " of the " (all) " busiest attackers are " (out) },
                }
                @if nowhere { "; nothing is dropped: " a href="/protection" { "no interface enforces the denylist" } }
            }
        }
    }
}

/// Nobody has taken it on.
fn waits(signal: &Signal) -> bool {
    signal.status == Status::Open && signal.assignee.is_none()
}

fn urgent(signal: &Signal) -> Markup {
    html! {
        (badge::severity(signal.severity)) " "
        a href=(link::signal(&signal.id)) { (link::text(&signal.title)) }
        @if !signal.services.is_empty() { ", against " (link::several(&signal.services, 1, link::text)) }
        @if !signal.actors.is_empty() { ", by " (link::several(&signal.actors, 1, link::address)) }
        @if let Some(assignee) = &signal.assignee { "; " (link::text(assignee)) " has it" }
    }
}

fn attack(frame: &Frame, event: &Event) -> Markup {
    let kind =
        event.matches.first().and_then(|found| found.tags.get("type")).map_or("an attack", String::as_str);
    html! {
        (time::ago(frame, event.time)) ": "
        a href=(Target::new(format!("/events/{}", event.id))) { (link::text(kind)) }
        " on " (link::text(&event.service.name)) ", from " (link::address(&event.client_ip.to_string()))
        @if event.blocked || event.security_response.block_ip { " " (badge::loud("blocked")) }
    }
}
