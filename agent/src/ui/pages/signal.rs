//! A signal: its story first, what it rests on, and what can be done.

mod actions;
mod evidence;

pub(in crate::ui) use actions::{REASONS, decision, triage};
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    api::{
        ApiError, Code,
        client::segment,
        types::{Actor, HistoryView, List, Role},
    },
    cli::story::Story,
    detect::Signal,
    event::Event,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        parts::{badge, chart::flow, facts::facts, time},
        visit::Visit,
    },
};

/// Addresses of a signal that are looked up.
const ACTORS: usize = 8;
/// Related signals that are looked up.
const RELATED: usize = 6;

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let id: Uuid = visit.piece("id").parse().map_err(|_| {
        ApiError::new(Code::NotFound, "this is no id of a signal").hint("signals are listed at /signals")
    })?;
    let path = format!("/v1/signals/{id}");
    let (history, events) = (format!("{path}/history"), format!("{path}/events"));
    let (signal, history, events) = tokio::join!(
        visit.get::<Signal>(&path, &[]),
        visit.get::<List<HistoryView>>(&history, &[]),
        visit.get::<List<Event>>(&events, &[]),
    );
    let signal = signal?;
    let actors =
        signal.actors.iter().take(ACTORS).map(|ip| (format!("/v1/actors/{}", segment(ip)), Vec::new()));
    let related = signal.related.iter().take(RELATED).map(|id| (format!("/v1/signals/{id}"), Vec::new()));
    let (actors, related) =
        tokio::join!(visit.all::<Actor>(actors.collect()), visit.all::<Signal>(related.collect()));
    let story = Story {
        signal,
        // An address whose events are gone is still in the signal; so is a signal that is gone.
        actors: actors.into_iter().filter_map(Result::ok).collect(),
        related: related.into_iter().filter_map(Result::ok).collect(),
        events: events?.items,
        history: history?.items,
    };
    Ok(page(&visit.frame, &story))
}

/// The page of a story.
pub(in crate::ui) fn page(frame: &Frame, story: &Story) -> Page {
    let signal = &story.signal;
    let body = html! {
        p.message { (crate::event::printable(&signal.message)) }
        div.columns.signal {
            div.grow {
                section.card.story { h2.hidden { "In short" } (in_short(frame, story)) }
                section.card { header { h2 { "Course of the attack" } } (flow::flow(frame, &signal.timeline.0)) }
                (evidence::requests(frame, story))
                (evidence::actors(frame, story))
                (evidence::related(frame, story))
                (evidence::history(frame, story))
            }
            aside.acts #acts aria-label="What you can do" {
                @if frame.may(Role::Responder) { (actions::actions(frame, story)) } @else {
                    section.card { p.hint { "To triage and block, log in as a responder: " code { "sudo picket ui login --role responder" } } }
                }
                (evidence::about(signal))
            }
        }
    };
    Page::new(&*crate::event::printable(&signal.title), body)
        .aside(html! { (badge::severity(signal.severity)) (badge::status(signal)) a.button.jump href="#acts" { "What to do" } })
        .command(Command::new("picket signals show").word(&signal.id.to_string()))
}

/// Who, what, against what, did it work, what was done: for a person with ten seconds.
fn in_short(frame: &Frame, story: &Story) -> Markup {
    let signal = &story.signal;
    let text = |text: String| html! { (crate::event::printable(&text)) };
    let took = time::took(signal.first_seen, signal.last_seen);
    facts(&[
        ("Who", text(story.actors_in_short())),
        ("What", text(story.counts())),
        ("Against", text(story.target())),
        (
            "When",
            html! {
                (time::ago(frame, signal.first_seen))
                // A second is no time to speak of.
            @if took != "0s" { " to " (time::ago(frame, signal.last_seen)) " (" (took) ")" }
            },
        ),
        ("Did it work", text(story.outcome())),
        ("What was done", text(story.done())),
        ("Case", text(signal.case.clone().unwrap_or_default())),
        ("Note", text(signal.comment.clone().unwrap_or_default())),
    ])
}
