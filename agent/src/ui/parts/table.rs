//! Tables that fit: on narrow screens columns that matter less are left out.

use maud::{Markup, html};

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

/// A table; `rows` are its `tr`. The caption is for those who do not see it.
pub fn table(caption: &str, columns: &[Column], rows: &Markup) -> Markup {
    with(caption, columns, &html! { tbody { (rows) } })
}

/// The table that a page is about: live rows come into this one.
pub fn list(caption: &str, columns: &[Column], rows: &Markup) -> Markup {
    with(caption, columns, &html! { tbody #rows { (rows) } })
}

fn with(caption: &str, columns: &[Column], body: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table.rows {
                caption.hidden { (caption) }
                thead { tr {
                    @for column in columns {
                        th scope="col" class=(column.class) { @if column.name.is_empty() { span.hidden { "Choose" } } @else { (column.name) } }
                    }
                } }
                (body)
            }
        }
    }
}

/// A row of a short list: what it is, how many, and a bar that compares them.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Ranked {
    pub what: Markup,
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
                li {
                    span.what { (row.what) }
                    a.count href=(row.to) { (crate::cli::screen::grouped(row.count)) }
                    progress max=(most.max(1)) value=(row.count) aria-hidden="true" {}
                }
            }
        }
    }
}
