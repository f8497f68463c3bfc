//! A text of others, with the pieces marked in which rules found something.

use maud::{Markup, html};

use crate::event::printable;

/// Pieces that are looked for.
const MOST: usize = 32;

/// The text with each piece marked where it stands, whatever the case of its ASCII letters. Linear for each piece.
pub fn marked<'p>(text: &str, pieces: impl IntoIterator<Item = &'p str>) -> Markup {
    let text = printable(text);
    let small = text.to_ascii_lowercase();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for piece in pieces.into_iter().take(MOST) {
        let piece = printable(piece).to_ascii_lowercase();
        if piece.is_empty() {
            continue;
        }
        // ASCII letters have one byte in either case, so places are those of the text.
        found.extend(
            memchr::memmem::find_iter(small.as_bytes(), piece.as_bytes()).map(|at| (at, at + piece.len())),
        );
    }
    found.sort_unstable();
    let mut parts: Vec<(bool, &str)> = Vec::new();
    let mut at = 0;
    for (from, to) in joined(&found) {
        parts.push((false, text.get(at..from).unwrap_or_default()));
        parts.push((true, text.get(from..to).unwrap_or_default()));
        at = to;
    }
    parts.push((false, text.get(at..).unwrap_or_default()));
    html! {
        @for (marked, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
            @if marked { mark { (part) } } @else { (part) }
        }
    }
}

/// Pieces that overlap, or touch, as one.
fn joined(found: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for &(from, to) in found {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_are_marked_where_they_stand() {
        let mut asked = 0;
        for (text, pieces, html) in [
            ("a <b> c", vec!["<B>"], "a <mark>&lt;b&gt;</mark> c"),
            ("abcabc", vec!["bc", "cab"], "a<mark>bcabc</mark>"),
            ("abc", vec!["x", ""], "abc"),
            ("", vec!["x"], ""),
            ("\u{e4}OR\u{e4}", vec!["or\u{e4}"], "\u{e4}<mark>OR\u{e4}</mark>"),
        ] {
            assert_eq!(marked(text, pieces).into_string(), html);
            asked += 1;
        }
        assert_eq!(asked, 5);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in ".{0,60}", pieces in prop::collection::vec(".{0,4}", 0..4)) {
            let html = marked(&text, pieces.iter().map(String::as_str)).into_string();
            let read = scraper::Html::parse_fragment(&html);
            prop_assert_eq!(read.root_element().text().collect::<String>(), printable(&text).replace('\r', "\n"));
        }
    }
}
