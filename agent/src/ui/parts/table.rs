//! Tables that fit: on narrow screens columns that matter less are left out.

use maud::{Markup, html};

use crate::ui::frame::Frame;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Column {
    pub name: &'static str,
    /// `num` for numbers, `wide` for what takes the room that is left, `less` for what narrow screens do without.
    pub class: &'static str,
}

impl Column {
    pub const fn new(name: &'static str, class: &'static str) -> Self {
        Self { name, class }
    }
}

/// A column by which a list can be sorted.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Sorted {
    pub column: Column,
    /// Its name in the URL; empty: the list is never sorted by it.
    pub by: &'static str,
}

/// A table; `rows` are its `tr`. The caption is for those who do not see it.
pub fn table(caption: &str, columns: &[Column], rows: &Markup) -> Markup {
    with(caption, &heads(columns), &html! { tbody { (rows) } })
}

/// The table that a page is about: live rows come into this one.
pub fn list(caption: &str, columns: &[Column], rows: &Markup) -> Markup {
    with(caption, &heads(columns), &html! { tbody #rows { (rows) } })
}

/// The same, with heads that sort it. `now`: by what it is sorted.
pub fn sorted(frame: &Frame, caption: &str, columns: &[Sorted], now: &str, rows: &Markup) -> Markup {
    let here = frame.here.without("cursor");
    let heads = html! {
        @for Sorted { column, by } in columns {
            @let current = !by.is_empty() && *by == now;
            th scope="col" class=(column.class) aria-sort=[current.then_some("descending")] {
                @if by.is_empty() { (column.name) } @else {
                    a href=(here.with("sort", by)) title=(format!("Begin with {by}")) {
                        (column.name) @if current { span aria-hidden="true" { " ↓" } }
                    }
                }
            }
        }
    };
    with(caption, &heads, &html! { tbody #rows { (rows) } })
}

fn heads(columns: &[Column]) -> Markup {
    html! {
        @for column in columns {
            th scope="col" class=(column.class) { @if column.name.is_empty() { span.hidden { "Choose" } } @else { (column.name) } }
        }
    }
}

fn with(caption: &str, heads: &Markup, body: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table.rows {
                caption.hidden { (caption) }
                thead { tr { (heads) } }
                (body)
            }
        }
    }
}

/// A row of a short list: what it is, how many, and a bar that compares them.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Ranked {
    pub what: Markup,
    /// A word about it, below; or nothing.
    pub about: Markup,
    pub count: u64,
    /// Where more of it is.
    pub to: String,
}

/// A short list, the greatest first, each with a bar.
pub fn ranked(rows: &[Ranked]) -> Markup {
    let most = rows.iter().map(|row| row.count).max().unwrap_or(0);
    html! {
        ol.ranked {
            @for row in rows {
                li data-id=(row.to) {
                    span.what { (row.what) }
                    a.count href=(row.to) { (crate::cli::screen::grouped(row.count)) }
                    @if !row.about.0.is_empty() { span.about { (row.about) } }
                    progress max=(most.max(1)) value=(row.count) aria-hidden="true" {}
                }
            }
        }
    }
}
