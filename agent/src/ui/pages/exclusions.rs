//! Exclusions: what rules leave alone. One is tried on past events before it is made.

mod new;

use axum::http::Method;
use maud::{Markup, html};
pub(in crate::ui) use new::{make, show as new, target};

use crate::{
    api::{
        ApiError,
        types::{ExclusionView, List, Role},
    },
    event::printable,
    rules::policy::kept::Wanted,
    ui::{
        command::Command,
        form::Form,
        frame::Frame,
        page::Page,
        pages::rules::TABS,
        parts::{
            badge,
            empty::empty,
            form,
            icon::Icon,
            link, pager,
            table::{Column, list},
            tabs, time,
        },
        rows::Done,
        visit::Visit,
    },
};

/// Rows of a page.
const ROWS: &str = "50";

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let rule = visit.parameter("rule");
    // Those of one rule are looked for among all.
    let page = [("limit", if rule.is_empty() { ROWS } else { "" }), ("cursor", visit.parameter("cursor"))];
    let all: List<ExclusionView> = visit.get("/v1/exclusions", &page).await?;
    // Those that name it; tags and ranges are for the API to know.
    let names = |entry: &&ExclusionView| {
        rule.is_empty()
            || entry.rules.is_empty()
            || entry.rules.iter().any(|named| *named == rule || !plain(named))
    };
    let found: Vec<&ExclusionView> = all.items.iter().filter(names).collect();
    let body = html! {
        (tabs::tabs(frame, &TABS))
        p.message { "False positives are for single rules on single values far more often than for a rule as a whole. An exclusion says which rules leave which values alone, where, and for whom." }
        @if !rule.is_empty() {
            p.note { "Those that may concern the rule " a href=(link::rule(rule)) { (printable(rule)) } ". " a href="/rules/exclusions" { "Show all" } }
        }
        section.card.list { (table(frame, &found)) (pager::between(frame, all.next.as_deref(), "To the newest", "More")) }
    };
    let make = html! { @if frame.may(Role::Responder) { a.button.primary href="/rules/exclusions/new" { "Exclude something" } } };
    Ok(Page::new("Rules", body).aside(make).command(Command::new("picket rules exclusions list")))
}

/// Whether a selector is one id.
fn plain(selector: &str) -> bool {
    !selector.starts_with("tag:")
        && !selector.contains('*')
        && !selector.chars().all(|c| c.is_ascii_digit() || c == '-')
        || selector.chars().all(|c| c.is_ascii_digit())
}

fn table(frame: &Frame, entries: &[&ExclusionView]) -> Markup {
    const COLUMNS: [Column; 4] = [
        Column::new("What is left alone", "wide"),
        Column::new("By", "less"),
        Column::new("Since", "less"),
        Column::new("End it", ""),
    ];
    if entries.is_empty() {
        let advice = html! {
            p { "Every rule looks at everything. When a rule finds something harmless, open the event and choose “Exclude this”." }
        };
        return empty(Icon::Rules, "Nothing is excluded", &advice);
    }
    list("Exclusions", &COLUMNS, &html! { @for entry in entries { (row(frame, entry)) } })
}

fn row(frame: &Frame, entry: &ExclusionView) -> Markup {
    html! {
        tr {
            td.wide { (said(&entry.wanted())) }
            td.less { @if let Some(author) = &entry.author { (printable(author)) } @else { "the configuration, " code { (printable(&entry.origin)) } } }
            td.less {
                @if let Some(made) = entry.time { (time::ago(frame, made)) }
                @if !entry.in_force { " " (badge::loud("waits for a reload")) }
            }
            td {
                @match entry.id {
                    Some(id) if frame.may(Role::Responder) => {
                        (form::confirmed("End…", &form::post(frame, "/rules/exclusions/remove", "one", &html! {
                            p.hint { "The rules look there again, at once." }
                            input type="hidden" name="id" value=(id);
                            button.button.danger { "End this exclusion" }
                        })))
                    }
                    Some(_) => span.none { "a responder may" },
                    None => span.none { "in the file" },
                }
            }
        }
    }
}

/// What it says, a fact a line.
pub(in crate::ui) fn said(entry: &Wanted) -> Markup {
    let words = |texts: &[String]| html! { @for text in texts { code.raw { (link::text(text)) } " " } };
    html! {
        dl.inline {
            div { dt { "Rules" } dd { @if entry.rules.is_empty() { "all" } @else { (words(&entry.rules)) } } }
            @for (name, texts) in [("Services", &entry.services), ("In", &entry.inputs), ("On", &entry.paths), ("From", &entry.client_ips)] {
                @if !texts.is_empty() { div { dt { (name) } dd { (words(texts)) } } }
            }
        }
        @if let Some(reason) = &entry.reason { p.sub { (link::text(reason)) } }
    }
}

/// Ends an exclusion.
pub async fn remove(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let id = form.needed("id")?;
    let _: ExclusionView = visit.call(Method::DELETE, "/v1/exclusions", &[("id", id)], None::<&()>).await?;
    Ok(Done::back(&form, "The exclusion has ended: its rules look there again"))
}
