//! Text from outside, made harmless for a terminal.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Escapes what a terminal would obey or hide instead of show: control characters (ESC, C1, newlines),
/// Unicode format characters (bidirectional overrides, zero width) and unassigned ones come out as
/// `\u{1b}`, `\n`, …
///
/// A backslash stays as it is: this is for reading; JSON output is the exact form.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) || !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hostile(c) { out.extend(c.escape_debug()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Whether Rust would escape it in a debug string, quotation marks and backslash aside: core's own table
/// of characters that are not printable.
pub(super) fn is_hostile(c: char) -> bool {
    !matches!(c, '"' | '\'' | '\\') && c.escape_debug().len() > 1
}

/// The text in at most so many columns, `…` in place of the rest.
#[must_use]
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut taken = 0;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            taken += c.width().unwrap_or(0);
            taken + 1 > columns
        })
        .map_or(text.len(), |(at, _)| at);
    Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_cannot_steer_the_terminal() {
        let hostile = "\x1b[2J\x07\r\nüber\u{202e}x\u{200b}\u{9b}31m \"quoted\" back\\slash";
        let shown = printable(hostile);
        assert!(!shown.chars().any(|c| c.is_control() || matches!(c, '\u{202e}' | '\u{200b}')), "{shown}");
        assert!(shown.contains("über") && shown.contains("\"quoted\" back\\slash"), "{shown}");
        assert!(matches!(printable("plain ü 漢"), Cow::Borrowed(_)));
    }
}
