//! The denylist and the passlist.

use maud::{Markup, html};

use crate::{
    api::types::{BlockView, Denylist, PassView, Role},
    cli::screen::grouped,
    ui::{
        frame::Frame,
        pages::respond::{self, Whom},
        parts::{
            badge,
            empty::empty,
            icon::Icon,
            link,
            table::{Column, table},
            time,
        },
    },
};

/// Who is blocked, the newest first; `asked`: at most so many.
pub fn denylist(frame: &Frame, list: &Denylist, asked: usize) -> Markup {
    const COLUMNS: [Column; 6] = [
        Column::new("Whom", "wide"),
        Column::new("Dropped", "num"),
        Column::new("Ends", ""),
        Column::new("By", "less"),
        Column::new("Since", "less"),
        Column::new("End it", ""),
    ];
    let columns = if frame.may(Role::Responder) { &COLUMNS[..] } else { &COLUMNS[..5] };
    let more = list.total > list.entries.len() as u64;
    html! {
        section.card {
            header { h2 { "Denylist" } span.hint { (grouped(list.total)) @if list.total == 1 { " entry" } @else { " entries" } } }
            @if list.entries.is_empty() { (nobody()) } @else {
                (table("Denylist", columns, &html! { @for entry in &list.entries { (blocked(frame, entry)) } }))
                @if more {
                    p.hint {
                        "The newest " (grouped(list.entries.len() as u64)) " are shown. "
                        @if asked < super::MORE { a href=(frame.here.with("entries", "more")) { "Show more" } } @else { "All of them: " code { "sudo picket denylist --limit 1000000" } }
                    }
                }
            }
        }
    }
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

/// Who is never blocked.
pub fn passlist(frame: &Frame, list: &[PassView]) -> Markup {
    const COLUMNS: [Column; 4] = [
        Column::new("Whom", "wide"),
        Column::new("From", ""),
        Column::new("By", "less"),
        Column::new("Take off", ""),
    ];
    let columns = if frame.may(Role::Responder) { &COLUMNS[..] } else { &COLUMNS[..3] };
    html! {
        section.card {
            header { h2 { "Passlist" } span.hint { "wins over the denylist" } }
            @if list.is_empty() { p.hint { "Nobody is on it." } } @else {
                (table("Passlist", columns, &html! { @for entry in list { (passed(frame, entry)) } }))
            }
        }
    }
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
