//! Figures in large type.

use maud::{Markup, html};

/// A figure.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Tile {
    pub name: &'static str,
    pub value: Markup,
    /// What there is to say about it.
    pub note: Markup,
    /// Where more of it is; empty: nowhere.
    pub to: String,
    /// A person should look at it.
    pub loud: bool,
}

/// Figures side by side.
pub fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        ul.tiles {
            @for tile in tiles {
                li.tile.loud[tile.loud] {
                    span.name { (tile.name) }
                    @if tile.to.is_empty() { span.value { (tile.value) } } @else { a.value href=(tile.to) { (tile.value) } }
                    span.note { (tile.note) }
                }
            }
        }
    }
}
