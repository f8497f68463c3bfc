//! Endpoints: the routes of services, what they take and what attacks them.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError, Code,
        types::{EndpointView, List, ServiceView},
    },
    cli::screen::grouped,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::{explorer, services::share},
        parts::{
            badge,
            empty::empty,
            icon::Icon,
            link, pager, query,
            table::{Column, Sorted, sorted},
            time,
        },
        target::Target,
        terms,
        visit::Visit,
    },
};

const TITLE: &str = "Endpoints";
const EXAMPLE: &str = "service:shop @attacks.sql_injection:>0 sensitive_response:*";
/// Rows of a page.
const ROWS: &str = "50";
/// What the list begins with, unless asked otherwise.
const SORT: &str = "requests";
/// Queries that people ask again and again, with their names.
const VIEWS: &[(&str, &str)] = &[
    ("All", ""),
    ("Attacked", "attacks:*"),
    ("Logins and signups", "business:*"),
    ("Sensitive data in answers", "sensitive_response:*"),
    ("Failing", "@statuses.5xx:>0"),
];

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let (asked, sort) = (visit.parameter("query"), frame.here.get("sort").unwrap_or(SORT));
    let parameters =
        [("query", asked), ("sort", sort), ("limit", ROWS), ("cursor", visit.parameter("cursor"))];
    let (found, services) = tokio::join!(
        visit.get::<List<EndpointView>>("/v1/endpoints", &parameters),
        visit.get::<Vec<ServiceView>>("/v1/services", &[])
    );
    let list = match found {
        Ok(list) => list,
        Err(error) if error.code == Code::BadQuery => {
            return Ok(explorer::not_understood(frame, TITLE, "endpoints", EXAMPLE, &error));
        }
        Err(error) => return Err(error),
    };
    let body = html! {
        p.message { "Routes as requests show them: what varies in a path is folded. What a service never answered as if it was there is none." }
        (query::bar(frame, "endpoints", EXAMPLE, None))
        (explorer::views(frame, VIEWS))
        (of_services(frame, asked, &services?))
        section.card.list {
            @if list.items.is_empty() { (nothing(frame)) } @else {
                (sorted(frame, TITLE, &COLUMNS, sort, &html! { @for view in &list.items { (row(frame, view, true)) } }))
                (pager::between(frame, list.next.as_deref(), "To the beginning", "More"))
            }
        }
    };
    let command = Command::new("picket endpoints").word(asked).option("--sort", sort);
    Ok(Page::new(TITLE, body).command(command))
}

/// A click for those of one service.
fn of_services(frame: &Frame, asked: &str, services: &[ServiceView]) -> Markup {
    const MOST: usize = 12;
    let mut names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    names.dedup();
    let here = frame.here.without("cursor");
    html! {
        @if names.len() > 1 {
            div.views { nav aria-label="Services" {
                @for name in names.into_iter().take(MOST) {
                    @let term = terms::term("service", name);
                    @let chosen = terms::has(asked, &term);
                    @let query = if chosen { terms::without(asked, &term) } else { terms::with(asked, &term) };
                    a href=(here.with("query", query)) aria-current=[chosen.then_some("true")] { (link::text(name)) }
                }
            } }
        }
    }
}

const COLUMNS: [Sorted; 9] = [
    column("Route", "wide", "name"),
    column("Requests", "num", "requests"),
    column("Errors", "num", "errors"),
    column("p95", "num less", "latency"),
    column("With user", "num less", "users"),
    column("Attacks", "less", "attacks"),
    column("Logins, signups", "less", "business"),
    column("First seen", "less", "first_seen"),
    column("Last seen", "less", "last_seen"),
];

const fn column(name: &'static str, class: &'static str, by: &'static str) -> Sorted {
    Sorted { column: Column::new(name, class), by }
}

/// Columns of a short table, which says neither whose they are nor since when.
const SHORT: usize = COLUMNS.len() - 2;

/// Heads of a short table.
pub(in crate::ui) fn heads() -> Vec<Column> {
    COLUMNS.iter().take(SHORT).map(|sorted| sorted.column).collect()
}

/// An endpoint, a line; whole or for a short table.
pub(in crate::ui) fn row(frame: &Frame, view: &EndpointView, whole: bool) -> Markup {
    let endpoint = &view.endpoint;
    let counts = |counts: &std::collections::BTreeMap<Box<str>, u64>| {
        badge::counts(counts.iter().map(|(name, count)| (&**name, *count)))
    };
    html! {
        tr {
            td.wide {
                a.open href=(events(view)) { span.method { (link::text(&endpoint.method)) } " " span.target { (link::text(&endpoint.pattern)) } }
                (below(view, whole))
            }
            td.num { (grouped(endpoint.seen)) }
            td.num title="answers with 4xx and 5xx" { (share(endpoint.errors(), endpoint.seen)) }
            td.num.less { @if let Some(latency) = endpoint.latency { (time::micros(latency.p95_us)) } @else { span.none { "—" } } }
            td.num.less title="requests with a user or credentials" { (share(endpoint.authenticated, endpoint.seen)) }
            td.less.wrap { (counts(&endpoint.attacks)) }
            td.less.wrap { (counts(&endpoint.business)) }
            @if whole {
                td.less { (time::ago(frame, endpoint.first_seen)) }
                td.less { (time::ago(frame, endpoint.last_seen)) }
            }
        }
    }
}

/// Events of it.
fn events(view: &EndpointView) -> Target {
    let terms = [
        ("service", view.service.as_str()),
        ("@endpoint", &view.endpoint.pattern),
        ("@method", &view.endpoint.method),
    ];
    // What is not registered is counted under a word of its own.
    let known = terms.into_iter().filter(|(facet, value)| (*facet, *value) != ("@method", "OTHER"));
    let query =
        known.fold(String::new(), |query, (facet, value)| terms::with(&query, &terms::term(facet, value)));
    Target::new("/events").with("query", query).with("from", "-30d")
}

/// Whose it is, what it takes, and what of that is sensitive.
fn below(view: &EndpointView, whole: bool) -> Markup {
    let endpoint = &view.endpoint;
    let mut names: Vec<&str> = endpoint.parameters.iter().map(|parameter| &*parameter.name).collect();
    names.dedup();
    let words = |kinds: &[crate::endpoint::Sensitive]| -> Vec<String> {
        kinds.iter().filter_map(|kind| serde_json::to_value(kind).ok()?.as_str().map(str::to_owned)).collect()
    };
    let (request, answer) = (words(&endpoint.sensitive_request), words(&endpoint.sensitive_response));
    html! {
        @if whole || !names.is_empty() || !request.is_empty() || !answer.is_empty() {
            p.sub {
                @if whole { (link::service(&view.service)) @if let Some(port) = view.port { ":" (port) } " " }
                @if !names.is_empty() { @if whole { "· " } "takes " (link::text(&names.join(", "))) " " }
                @for word in &request { (badge::word(&format!("asks {word}"))) }
                @for word in &answer { (badge::loud(&format!("answers {word}"))) }
            }
        }
    }
}

fn nothing(frame: &Frame) -> Markup {
    let asked = frame.here.get("query").is_some();
    let advice = html! {
        @if asked {
            p { "No endpoint fits the query. " a href=(frame.here.without("query").without("cursor")) { "Take the query away" } "." }
        } @else {
            p { "An endpoint is listed once a service has answered requests to it. Which services there are: " a href="/services" { "services" } "." }
        }
    };
    empty(Icon::Endpoints, if asked { "Nothing fits" } else { "No endpoints yet" }, &advice)
}
