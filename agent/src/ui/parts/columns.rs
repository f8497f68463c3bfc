//! Columns that people choose: which ones, is in the URL.

use maud::{Markup, html};

use super::table::Column;
use crate::ui::frame::Frame;

/// Its name in URLs.
const PARAMETER: &str = "columns";
/// Stands there when columns were chosen: none is a choice, too.
const CHOSEN: &str = "-";

/// A column that can be chosen.
pub(in crate::ui) struct Choice<T: 'static> {
    /// Its name in the URL: a facet's, where there is one.
    pub key: &'static str,
    pub column: Column,
    /// Shown unless somebody chose.
    pub usual: bool,
    pub cell: fn(&Frame, &T) -> Markup,
}

/// Those that are shown, in their own order.
pub fn chosen<'c, T>(frame: &Frame, all: &'c [Choice<T>]) -> Vec<&'c Choice<T>> {
    let asked: Vec<&str> = frame.here.all(PARAMETER).collect();
    let shown = |choice: &&Choice<T>| {
        if asked.is_empty() { choice.usual } else { asked.contains(&choice.key) }
    };
    all.iter().filter(shown).collect()
}

/// Their cells in a row.
pub fn cells<T>(frame: &Frame, all: &[Choice<T>], thing: &T) -> Markup {
    html! { @for choice in chosen(frame, all) { td class=(choice.column.class) { ((choice.cell)(frame, thing)) } } }
}

/// The choice itself.
pub fn choice<T>(frame: &Frame, all: &[Choice<T>]) -> Markup {
    let shown: Vec<&str> = chosen(frame, all).iter().map(|choice| choice.key).collect();
    html! {
        details.pick {
            summary.button { "Columns" }
            form.panel method="get" action=(frame.here.path()) {
                @for (name, value) in frame.here.parameters().filter(|(name, _)| *name != PARAMETER) {
                    input type="hidden" name=(name) value=(value);
                }
                input type="hidden" name=(PARAMETER) value=(CHOSEN);
                @for choice in all {
                    label { input type="checkbox" name=(PARAMETER) value=(choice.key) checked[shown.contains(&choice.key)]; " " (choice.column.name) }
                }
                button.button.primary { "Show" }
            }
        }
    }
}
