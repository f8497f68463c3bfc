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

    /// The steps to a match, behind a click; or why there are none.
    pub fn show(&self, found: &EventMatch) -> Markup {
        let Some((_, matches)) = self.tried.iter().find(|(rule, _)| *rule == found.rule) else {
            return html! {};
        };
        // The same rule may hold at several places.
        let same = |tried: &&TriedMatch| tried.location == found.location;
        let tried = matches.iter().find(|tried| same(tried) && tried.value == found.value);
        let tried = tried.or_else(|| matches.iter().find(same)).or(matches.first());
        html! {
            details.way {
                summary { "Step by step" }
                @match tried {
                    None => p.hint { "What it found is not stored: events are redacted, and keep neither bodies nor cookies." },
                    Some(tried) => { (steps(tried)) p.hint { "Tried again on the event as it is stored, with the rule as it is now." } }
                }
            }
        }
    }
}

/// From what stood there to what was found.
pub(in crate::ui) fn steps(found: &TriedMatch) -> Markup {
    let last = found.steps.len().saturating_sub(1);
    html! {
        ol.steps {
            @for (at, step) in found.steps.iter().enumerate() {
                li {
                    span.hint { (printable(step.transform.as_deref().unwrap_or("as it stands there"))) }
                    code { @if at == last { (marked(&step.value, [found.value.as_str()])) } @else { (marked(&step.value, [])) } }
                }
            }
            li { span.hint { "matched in " (printable(&found.location)) } code { mark { (printable(&found.value)) } } }
        }
    }
}
