//! Facets: values, how many have them, and links that narrow to one of them or leave it out.

use maud::{Markup, html};

use crate::{
    api::types::FacetView,
    cli::screen::grouped,
    event::printable,
    ui::{frame::Frame, terms, visit::PATIENT},
};

/// A facet as it is shown.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Facet {
    /// Its name in the query language.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
}

/// Values of a facet that are asked for.
pub const VALUES: &str = "8";

/// Facets with their counts. What is chosen is marked, and a click takes it away again.
pub fn facets(frame: &Frame, counted: &[(Facet, FacetView)]) -> Markup {
    let query = frame.here.get("query").unwrap_or_default();
    let here = frame.here.without("cursor");
    html! {
        aside.facets #facets data-fresh aria-label="Facets" {
            @if counted.iter().any(|(_, view)| !view.complete) && frame.here.get("within").is_none() {
                p.hint { "Some count the newest only. " a href=(here.with("within", PATIENT)) { "Count longer" } }
            }
            @for (facet, view) in counted.iter().filter(|(_, view)| !view.items.is_empty()) {
                details open data-id=(facet.name) {
                    summary {
                        (facet.title)
                        @if !view.complete { span.hint title="the newest are counted" { " newest only" } }
                    }
                    ul {
                        @for item in &view.items {
                            @let value = item.value.to_string();
                            @let term = terms::term(facet.name, &value);
                            @let out = format!("-{term}");
                            @let chosen = terms::has(query, &term);
                            li.chosen[chosen] data-id=(value) {
                                @if chosen {
                                    a.value href=(here.with("query", terms::without(query, &term))) aria-current="true"
                                        title="chosen: click to take it away" { (printable(&value)) }
                                } @else {
                                    a.value href=(here.with("query", terms::with(query, &term)))
                                        title=(format!("only {}", printable(&value))) { (printable(&value)) }
                                }
                                span.count { (grouped(item.count)) }
                                a.out href=(here.with("query", terms::with(query, &out)))
                                    title=(format!("without {}", printable(&value))) {
                                    span aria-hidden="true" { "−" } span.hidden { "without " (printable(&value)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
