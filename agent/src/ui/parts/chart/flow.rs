//! The course of an attack: its stages below each other, what happened in each from left to right.

use maud::{Markup, html};

use super::{Scale, WIDTH, number};
use crate::{
    cli::{screen::grouped, story::stage_word},
    detect::signals::{Entry, Stage},
    ui::{frame::Frame, parts::time},
};

/// Stages, from the first.
const STAGES: [Stage; 4] = [Stage::Probing, Stage::Attempt, Stage::SuccessHint, Stage::ActionTaken];
/// Height of a kind of thing that happened.
const LANE: f64 = 14.0;
/// The shortest bar that can be seen and pointed at.
const LEAST: f64 = 6.0;

const fn class(stage: Stage) -> &'static str {
    match stage {
        Stage::Probing => "probing",
        Stage::Attempt => "attempt",
        Stage::SuccessHint => "hint",
        Stage::ActionTaken => "taken",
    }
}

/// The picture, and the same in words.
pub fn flow(frame: &Frame, entries: &[Entry]) -> Markup {
    let first = entries.iter().map(|entry| entry.first_seen).min();
    let last = entries.iter().map(|entry| entry.last_seen).max();
    let (Some(from), Some(to)) = (first, last) else {
        return html! { p.hint { "Nothing is written down about its course." } };
    };
    let scale = Scale { from, to };
    html! {
        div.flow {
            @for stage in STAGES {
                @let of: Vec<&Entry> = entries.iter().filter(|entry| entry.stage == stage).collect();
                div.stage.(class(stage)).none[of.is_empty()] {
                    h3 { (stage_word(stage)) }
                    div.happened { @for entry in &of { (one(frame, entry, &scale)) } @if of.is_empty() { p.hint { "nothing seen" } } }
                }
            }
            div.axis aria-hidden="true" { @for label in scale.labels(&frame.zone) { span { (label) } } }
        }
    }
}

fn one(frame: &Frame, entry: &Entry, scale: &Scale) -> Markup {
    let (left, right) = (scale.place(entry.first_seen), scale.place(entry.last_seen));
    let width = (right - left).max(LEAST);
    let left = left.min(WIDTH - width);
    let said = format!(
        "{}: {} times, {} to {}",
        entry.what,
        grouped(entry.count),
        time::exact(frame, entry.first_seen),
        time::exact(frame, entry.last_seen)
    );
    html! {
        div.entry {
            p {
                @match &entry.event {
                    Some(id) => a href=(format!("/events/{id}")) { (super::super::link::text(&entry.what)) },
                    None => (super::super::link::text(&entry.what)),
                }
                @if entry.count > 1 { " " span.count { (grouped(entry.count)) "×" } }
                " " (time::ago(frame, entry.first_seen))
            }
            svg viewBox=(format!("0 0 {WIDTH} {LANE}")) preserveAspectRatio="none" role="img" aria-label=(said) {
                title { (said) }
                line.track x1="0" x2=(WIDTH) y1=(LANE / 2.0) y2=(LANE / 2.0) {}
                rect.bar x=(number(left)) y="2" width=(number(width)) height=(LANE - 4.0) rx="3" {}
            }
        }
    }
}
