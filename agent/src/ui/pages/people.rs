//! What the lists of actors and of users have in common: a query over their events, and a time.

use maud::{Markup, html};
use serde::de::DeserializeOwned;

use crate::{
    api::{ApiError, Code, types::Ranking},
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::explorer,
        parts::{
            empty::empty,
            icon::Icon,
            link, pager, query,
            range::{self, Range},
            time,
        },
        visit::Visit,
    },
};

/// From when on, unless asked otherwise.
const SINCE: &str = "-1d";
/// Rows of a page.
const ROWS: &str = "50";

/// A list of people, or of their addresses.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct People {
    pub title: &'static str,
    /// What it lists: `actors`. Its route is `/v1/actors`, its command `picket actors`.
    pub of: &'static str,
    pub about: &'static str,
    /// A query about their events, to begin with.
    pub example: &'static str,
    /// Queries that people ask again and again, with their names.
    pub views: &'static [(&'static str, &'static str)],
}

impl People {
    /// The page: `table` makes the list.
    pub async fn show<T: DeserializeOwned>(
        &self,
        visit: &Visit,
        table: impl FnOnce(&Frame, &Ranking<T>) -> Markup,
    ) -> Result<Page, ApiError> {
        let frame = &visit.frame;
        let range = Range::of(frame, SINCE);
        let asked = visit.parameter("query");
        let cursor = ("cursor", visit.parameter("cursor"));
        let parameters = [
            ("query", asked),
            ("from", &range.from),
            ("to", &range.to),
            ("limit", ROWS),
            cursor,
            visit.within(),
        ];
        let list: Ranking<T> = match visit.get(&format!("/v1/{}", self.of), &parameters).await {
            Ok(list) => list,
            Err(error) if error.code == Code::BadQuery => {
                return Ok(explorer::not_understood(frame, self.title, "events", self.example, &error));
            }
            Err(error) => return Err(error),
        };
        let body = html! {
            p.message { (self.about) }
            (query::bar(frame, "events", self.example, None))
            (explorer::views(frame, self.views))
            @if !list.complete {
                p.hint {
                    "The newest events are counted" @if let Some(since) = list.since { ", back to " (time::exact(frame, since)) } ". "
                    (link::longer(frame, "Count longer"))
                }
            }
            section.card.list { (table(frame, &list)) (pager::between(frame, list.next.as_deref(), "To the beginning", "More")) }
        };
        let command = Command::new(&format!("picket {}", self.of)).word(asked);
        let command = command.option("--from", &range.from).option("--to", &range.to);
        Ok(Page::new(self.title, body).aside(range::choice(frame, &range)).command(command))
    }
}

/// What stands where nobody fits, in what was counted.
pub(in crate::ui) fn nothing(frame: &Frame, icon: Icon, complete: bool) -> Markup {
    if !complete {
        let advice = html! { p { "There was nobody in the part of this time that is counted. " (link::longer(frame, "Count longer")) } };
        return empty(icon, "Nobody so far", &advice);
    }
    let advice = match frame.here.get("query") {
        Some(_) => explorer::nothing_fits(frame),
        None => html! {
            p { "Who attacks, logs in or signs up is listed here, with what they did. In this time there was nobody: choose a longer one." }
        },
    };
    empty(icon, "Nobody", &advice)
}
