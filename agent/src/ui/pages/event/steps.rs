//! From what was sent to what a rule found: each transformation, tried again on the event as it is stored.

use axum::http::Method;
use maud::{Markup, html};

use crate::{
    api::types::{TrialBody, Tried, TriedMatch},
    event::{Event, EventMatch, printable},
    ui::{parts::marked::marked, visit::Visit},
};

/// Rules of an event that are tried again.
const MOST: usize = 8;

/// What rules of an event find in it now.
#[derive(Clone, Debug, Default)]
pub(in crate::ui) struct Again {
    /// A rule that was tried, with what it found: nothing where what it found is not stored.
    tried: Vec<(String, Vec<TriedMatch>)>,
}

impl Again {
    /// Has the rules that matched tried on the stored event, one by one. A rule that is gone is left out.
    pub async fn of(visit: &Visit, event: &Event) -> Self {
        let mut tried: Vec<(String, Vec<TriedMatch>)> = Vec::new();
        for found in &event.matches {
            if tried.len() == MOST || tried.iter().any(|(rule, _)| *rule == found.rule) {
                continue;
            }
            let body =
                TrialBody { rule: Some(found.rule.clone()), event: Some(event.id), ..TrialBody::default() };
            let answer: Result<Tried, _> = visit.call(Method::POST, "/v1/rules/try", &[], Some(&body)).await;
            if let Ok(answer) = answer {
                tried.push((found.rule.clone(), answer.matches));
            }
        }
        Self { tried }
    }

    /// The steps to a match, behind a click: `before`, those that the target shows, and the rule's own; or why there are
    /// none.
    pub fn show(&self, found: &EventMatch, before: &[(&str, Markup)]) -> Markup {
        let tried = self.tried.iter().find(|(rule, _)| *rule == found.rule);
        let own = tried.and_then(|(_, matches)| same(found, matches));
        if before.is_empty() && tried.is_none() {
            return html! {};
        }
        html! {
            details.way {
                summary { "Step by step" }
                @if own.is_none() && before.is_empty() {
                    p.hint { "What it found is not stored: events are redacted, and keep neither bodies nor cookies." }
                } @else {
                    ol.steps {
                        @for (name, text) in before { li { span.hint { (name) } code { (text) } } }
                        @if let Some(own) = own { (ways(own, usize::from(!before.is_empty()))) }
                        (at_last(&found.location, &found.value))
                    }
                    @if own.is_some() { p.hint { "Tried again on the event as it is stored, with the rule as it is now." } }
                    @else { p.hint { "The rule does not find it again: it was changed, is not in force any longer, or looked at what is not stored." } }
                }
            }
        }
    }
}

/// The match among those of its rule, which may hold at several places.
fn same<'t>(found: &EventMatch, matches: &'t [TriedMatch]) -> Option<&'t TriedMatch> {
    let here = |tried: &&TriedMatch| tried.location == found.location;
    let exact = matches.iter().find(|tried| here(tried) && tried.value == found.value);
    exact.or_else(|| matches.iter().find(here)).or(matches.first())
}

/// Values on their way to an operator, from one of them on.
fn ways(found: &TriedMatch, from: usize) -> Markup {
    html! {
        @for step in found.steps.iter().skip(from) {
            li {
                span.hint { (printable(step.transform.as_deref().unwrap_or("as it stands there"))) }
                code { (marked(&step.value, [found.value.as_str()])) }
            }
        }
    }
}

fn at_last(location: &str, value: &str) -> Markup {
    html! { li { span.hint { "matched in " (printable(location)) } code { mark { (printable(value)) } } } }
}

/// From what stood there to what was found.
pub(in crate::ui) fn steps(found: &TriedMatch) -> Markup {
    html! { ol.steps { (ways(found, 0)) (at_last(&found.location, &found.value)) } }
}
