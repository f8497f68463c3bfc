//! The denylist and the passlist.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError, net,
        types::{BlockView, Denylist, PassView, Role},
    },
    cli::screen::grouped,
    event::printable,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::respond::{self, Whom},
        parts::{
            badge,
            empty::empty,
            icon::Icon,
            link, pager, query,
            table::{Column, table},
            tabs, time,
        },
        visit::Visit,
    },
};

/// Rows of a page of a list.
const ROWS: usize = 50;
/// What is looked for, for example.
const EXAMPLE: &str = "203.0.113.7, 203.0.113.0/24, or a word: scans";

/// The denylist by itself, page by page.
pub async fn show_denylist(visit: Visit) -> Result<Page, ApiError> {
    let (frame, find) = (&visit.frame, visit.parameter("find"));
    let (rows, cursor) = (ROWS.to_string(), visit.parameter("cursor"));
    let asked = [("find", find), ("limit", rows.as_str()), ("cursor", cursor)];
    let list: Denylist = visit.get("/v1/denylist", &asked).await?;
    let count = if find.is_empty() {
        entries(list.total)
    } else {
        format!("{} of {}", grouped(list.found), entries(list.total))
    };
    let body = html! {
        (tabs::tabs(frame, &super::TABS))
        (query::find(frame, EXAMPLE))
        section.card.list {
            @if list.entries.is_empty() && find.is_empty() { (nobody()) }
            @else if list.entries.is_empty() { (nothing(frame, "denylist", "not blocked")) }
            @else { (blocked_table(frame, &list.entries)) }
            (pager::pager(frame, list.next.as_deref()))
        }
    };
    let command = Command::new("picket denylist").word(find);
    Ok(Page::new("Denylist", body).aside(html! { span.hint { (count) } }).command(command))
}

/// The passlist by itself, page by page.
pub async fn show_passlist(visit: Visit) -> Result<Page, ApiError> {
    let (frame, find) = (&visit.frame, visit.parameter("find"));
    let list: Vec<PassView> = visit.get("/v1/passlist", &[("find", find)]).await?;
    // The API gives it whole: it is short, and in an order that stays.
    let from = frame.here.get("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0).min(list.len());
    let (shown, rest) = list[from..].split_at(ROWS.min(list.len() - from));
    let next = (!rest.is_empty()).then(|| (from + ROWS).to_string());
    let body = html! {
        (tabs::tabs(frame, &super::TABS))
        p.message { "Who is on it is never blocked, by nobody and nothing: it wins over the denylist." }
        (query::find(frame, EXAMPLE))
        section.card.list {
            @if !shown.is_empty() { (passed_table(frame, shown)) }
            @else if find.is_empty() { p.hint { "Nobody is on it." } }
            @else { (nothing(frame, "passlist", "not on it")) }
            (pager::between(frame, next.as_deref(), "To the beginning", "More"))
        }
    };
    let command = Command::new("picket passlist list").word(find);
    Ok(Page::new("Passlist", body)
        .aside(html! { span.hint { (entries(list.len() as u64)) } })
        .command(command))
}

fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{} entries", grouped(count)) }
}

/// Nothing of a list has to do with what was looked for.
fn nothing(frame: &Frame, list: &str, so: &str) -> Markup {
    let find = frame.here.get("find").unwrap_or_default().trim();
    let net = net::parse(find).ok();
    let all = html! { a href=(frame.here.without("find").without("cursor")) { "Show all" } };
    let (title, advice) = match net {
        Some(net) => {
            let single = net.prefix_len() == net.max_prefix_len();
            let did = html! { @if single { "What it did: " (link::address(&net.addr().to_string())) ". " } };
            (
                format!("{} is {so}", printable(find)),
                html! { p { "No entry of the " (list) " holds it or lies in it. " (did) (all) } },
            )
        }
        None => {
            let text = html! { code { (printable(find)) } };
            (
                "Nothing fits".to_owned(),
                html! { p { "No entry of the " (list) " has " (text) " in whom it names or in what is said of it. " (all) } },
            )
        }
    };
    empty(Icon::Protection, &title, &advice)
}

/// Who was blocked last.
pub fn newest(frame: &Frame, list: &Denylist) -> Markup {
    html! {
        section.card {
            header { h2 { "Denylist" } (all("/protection/denylist", list.total, list.entries.len())) }
            @if list.entries.is_empty() { (nobody()) } @else { (blocked_table(frame, &list.entries)) }
        }
    }
}

/// The way to a list of which some are shown.
fn all(path: &str, total: u64, shown: usize) -> Markup {
    html! { @if total > shown as u64 { a href=(path) { "All " (entries(total)) } } @else { span.hint { (entries(total)) } } }
}

/// Entries of the denylist, those that came last first.
fn blocked_table(frame: &Frame, list: &[BlockView]) -> Markup {
    const COLUMNS: [Column; 6] = [
        Column::new("Whom", "wide"),
        Column::new("Dropped", "num"),
        Column::new("Ends", ""),
        Column::new("By", "less"),
        Column::new("Since", "less"),
        Column::new("End it", ""),
    ];
    let columns = if frame.may(Role::Responder) { &COLUMNS[..] } else { &COLUMNS[..5] };
    table("Denylist", columns, &html! { @for entry in list { (blocked(frame, entry)) } })
}

fn nobody() -> Markup {
    let advice = html! { p { "Block an address with the form beside, from the page of an actor or of a signal, or with " code { "sudo picket block 203.0.113.7 --for 10m" } "." } };
    empty(Icon::Protection, "Nobody is blocked", &advice)
}

fn blocked(frame: &Frame, entry: &BlockView) -> Markup {
    let whom = entry.user.as_ref().map_or_else(|| Whom::address(&entry.net), |user| Whom::user(user));
    html! {
        tr data-id=(entry.user.as_deref().unwrap_or(&entry.net)) {
            td.wide {
                (named(&entry.net, entry.user.as_deref()))
                @if !entry.enforced { " " (badge::loud("not enforced")) }
                p.sub { (link::text(&entry.cause)) }
                @if let Some(why) = &entry.not_enforced { p.why { (link::text(why)) } }
            }
            td.num title="packets" { (grouped(entry.drops)) }
            td { @if let Some(ends) = entry.ends { (time::ago(frame, ends)) } @else { "for good" } }
            td.less {
                (author(entry))
                @if let Some(signal) = &entry.signal { " " a href=(link::signal(&crate::api::client::segment(signal))) { "signal" } }
            }
            td.less { @if let Some(since) = entry.since { (time::ago(frame, since)) } @else { span.none { "—" } } }
            @if frame.may(Role::Responder) { td { (respond::end_here(frame, &whom)) } }
        }
    }
}

/// An address leads to what it did; a network did nothing by itself.
fn named(net: &str, user: Option<&str>) -> Markup {
    match user {
        Some(user) => html! { p { "user " (link::user(user)) } },
        None if net.contains('/') => html! { span.address { (link::text(net)) } },
        None => link::address(net),
    }
}

fn author(entry: &BlockView) -> Markup {
    html! {
        @match entry.origin.as_str() {
            "respond" => "[respond]",
            "signal" => "a detection rule",
            "adopted" => "an agent before",
            _ => @if let Some(author) = &entry.author { (link::text(author)) } @else { "a person" },
        }
    }
}

/// Some of those who are never blocked.
pub fn few(frame: &Frame, list: &[PassView]) -> Markup {
    let shown = &list[..list.len().min(super::FEW)];
    html! {
        section.card {
            header {
                h2 { "Passlist" } span.hint { "wins over the denylist" }
                @if shown.len() < list.len() { (all("/protection/passlist", list.len() as u64, shown.len())) }
            }
            @if shown.is_empty() { p.hint { "Nobody is on it." } } @else { (passed_table(frame, shown)) }
        }
    }
}

fn passed_table(frame: &Frame, list: &[PassView]) -> Markup {
    const COLUMNS: [Column; 4] = [
        Column::new("Whom", "wide"),
        Column::new("From", ""),
        Column::new("By", "less"),
        Column::new("Take off", ""),
    ];
    let columns = if frame.may(Role::Responder) { &COLUMNS[..] } else { &COLUMNS[..3] };
    table("Passlist", columns, &html! { @for entry in list { (passed(frame, entry)) } })
}

fn passed(frame: &Frame, entry: &PassView) -> Markup {
    let whom = entry.user.as_ref().map_or_else(|| Whom::address(&entry.net), |user| Whom::user(user));
    let from = match entry.origin.as_str() {
        "always" => "always",
        "config" => "the configuration",
        _ => "a person",
    };
    html! {
        tr {
            td.wide {
                (named(&entry.net, entry.user.as_deref()))
                @if let Some(comment) = &entry.comment { p.sub { (link::text(comment)) } }
            }
            td { (from) }
            td.less { (link::text(entry.author.as_deref().unwrap_or("—"))) }
            @if frame.may(Role::Responder) {
                td { @if entry.origin == "manual" { (respond::end_pass_here(frame, &whom)) } @else { span.none { "stays" } } }
            }
        }
    }
}
