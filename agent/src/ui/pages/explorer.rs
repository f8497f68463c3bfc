//! What the explorers of events and of signals have in common: a query bar, facets that narrow, a timeline, a list, pages.
//! Every state is in the URL.

use axum::http::StatusCode;
use maud::{Markup, html};
use serde::de::DeserializeOwned;

use crate::{
    api::{
        ApiError, Code,
        types::{FacetView, List, TimelineView},
    },
    event::printable,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        parts::{
            chart::timeline::Timeline,
            facets::{self, Facet, facets},
            form, pager, query,
            range::{self, Range},
        },
        views::View,
        visit::{Rows, Visit},
    },
};

/// Rows of a page.
const ROWS: &str = "50";
/// Bars of a timeline, about.
const BARS: &str = "100";

/// An explorer: what it is of.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Explorer {
    pub title: &'static str,
    /// What it lists: `signals`. Its route is `/v1/signals`, its command `picket signals`.
    pub of: &'static str,
    /// From when on, unless asked otherwise.
    pub since: &'static str,
    /// The facet that bars are told apart by.
    pub by: &'static str,
    pub facets: &'static [Facet],
    /// Queries that people ask again and again, with their names.
    pub views: &'static [(&'static str, &'static str)],
    /// A query, to begin with.
    pub example: &'static str,
}

/// What was found.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Found<T> {
    pub range: Range,
    pub list: Rows<T>,
    pub timeline: TimelineView,
    pub facets: Vec<(Facet, FacetView)>,
}

impl Explorer {
    /// The page: `table` makes the list of what was found, with what can be done about it.
    pub async fn show<T: DeserializeOwned>(
        &self,
        visit: &Visit,
        table: impl FnOnce(&Frame, &Found<T>) -> Markup,
    ) -> Result<Page, ApiError> {
        let frame = &visit.frame;
        match self.ask(visit).await {
            Ok(found) => Ok(self.page(frame, &found, &table(frame, &found))),
            Err(error) if error.code == Code::BadQuery => {
                Ok(not_understood(frame, self.title, self.of, self.example, &error))
            }
            Err(error) => Err(error),
        }
    }

    async fn ask<T: DeserializeOwned>(&self, visit: &Visit) -> Result<Found<T>, ApiError> {
        let range = Range::of(&visit.frame, self.since);
        let route = format!("/v1/{}", self.of);
        let query = ("query", visit.parameter("query"));
        let (from, to) = (("from", range.from.as_str()), ("to", range.to.as_str()));
        let names: Vec<&str> = self.facets.iter().map(|facet| facet.name).collect();
        let names = names.join(",");
        let cursor = ("cursor", visit.parameter("cursor"));
        let (list, timeline, counted) = tokio::join!(
            visit.rows(&route, &[query, from, to, ("limit", ROWS), cursor]),
            visit.get(
                &format!("{route}/timeline"),
                &self.counted(visit, &[("by", self.by), query, from, to, ("buckets", BARS)])
            ),
            visit.get::<List<FacetView>>(
                &format!("{route}/facets"),
                &self.counted(visit, &[("facets", &names), query, from, to, ("limit", facets::VALUES)])
            ),
        );
        // The list's error first: it is about what was asked.
        let (list, timeline) = (list?, timeline?);
        let facets = self.facets.iter().copied().zip(counted?.items).collect();
        Ok(Found { range, list, timeline, facets })
    }

    /// What is asked, and how long it is counted: signals are few.
    fn counted<'v>(&self, visit: &'v Visit, asked: &[(&'v str, &'v str)]) -> Vec<(&'v str, &'v str)> {
        let within = (self.of == "events").then(|| visit.within());
        asked.iter().copied().chain(within).collect()
    }

    /// The page of what was found.
    pub fn page<T>(&self, frame: &Frame, found: &Found<T>, table: &Markup) -> Page {
        let Found { range, list, timeline, .. } = found;
        let to = frame.here.with("from", &range.from).with("to", &range.to);
        let timeline = Timeline { of: self.of, by: self.by, view: timeline, range, to };
        let body = html! {
            (query::bar(frame, self.of, self.example, None))
            (views(frame, self.views))
            section.card.timeline #times data-fresh { (timeline.show(frame)) }
            div.explorer {
                (facets(frame, &found.facets))
                section.card.list { (list.note()) (table) (pager::pager(frame, list.next.as_deref())) }
            }
        };
        let query = frame.here.get("query").unwrap_or_default();
        let command = Command::new(&format!("picket {}", self.of)).word(query);
        let command = command.option("--from", &range.from).option("--to", &range.to);
        Page::new(self.title, body).aside(range::choice(frame, range)).command(command)
    }
}

/// A query about what `of` lists that is not understood: it is put right where it stands.
pub(in crate::ui) fn not_understood(
    frame: &Frame,
    title: &str,
    of: &str,
    example: &str,
    error: &ApiError,
) -> Page {
    let body = query::bar(frame, of, example, Some(error));
    Page::new(title, body).status(StatusCode::BAD_REQUEST)
}

/// Queries that people ask again and again; behind them those that were saved in this browser, and the way to save one.
pub(in crate::ui) fn views(frame: &Frame, views: &[(&str, &str)]) -> Markup {
    let query = frame.here.get("query").unwrap_or_default();
    let (here, now) = (frame.here.without("cursor"), frame.here.without("cursor").to_string());
    // Those of this page.
    let of_here = |view: &&View| view.to.split('?').next() == Some(frame.here.path());
    let saved: Vec<&View> = frame.views.iter().filter(of_here).collect();
    html! {
        div.views {
            nav aria-label="Views" {
                @for (name, asked) in views {
                    a href=(here.with("query", asked)) aria-current=[(query == *asked).then_some("true")] { (name) }
                }
                @for view in &saved {
                    a.saved href=(view.to) aria-current=[(view.to == now).then_some("true")] { (printable(&view.name)) }
                }
            }
            details.pick {
                summary.quiet { "Save view" }
                div.panel {
                    (form::post(frame, "/views/save", "stack", &html! {
                        (form::text("Name", "name", "", "shop, last night"))
                        p.hint { "Query, time and columns, as they are now. Kept in this browser." }
                        button.button.primary { "Save" }
                    }))
                    @for view in &saved {
                        (form::post(frame, "/views/remove", "one", &html! {
                            input type="hidden" name="name" value=(view.name);
                            button.quiet { "Take away " (printable(&view.name)) }
                        }))
                    }
                }
            }
        }
    }
}

/// The switch to what happens now; without a script it is not offered.
pub(in crate::ui) fn live(frame: &Frame, path: &str) -> Markup {
    let source = frame.here.at(path).without("cursor").without("from").without("to");
    html! {
        div.live {
            span #live-said role="status" {}
            button.button type="button" data-live=(source) aria-pressed="false" hidden { span.dot aria-hidden="true" {} "Live" }
        }
    }
}

/// What to do when nothing fits a query.
pub(in crate::ui) fn nothing_fits(frame: &Frame) -> Markup {
    html! {
        p {
            "Nothing of this time fits the query. "
            a href=(frame.here.without("query").without("cursor")) { "Take the query away" } ", or choose a longer time."
        }
    }
}
