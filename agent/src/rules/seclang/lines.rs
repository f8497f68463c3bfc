//! Logical lines: what one directive is written on.
//!
//! As Apache reads them: a `\` at the end of a line joins it with the next one, white space at the start of
//! which is kept; a line whose first character is `#` is a comment, and so is what is joined with it.

use super::{
    source::Source,
    text::{Text, is_space},
};

/// The lines of a file that say something, without white space around them.
pub(super) fn lines(source: &Source) -> impl Iterator<Item = Text<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < source.text().len() {
            let line = joined(source, &mut at);
            if !matches!(line.byte(0), None | Some(b'#')) {
                return Some(line);
            }
        }
        None
    })
}

/// One logical line; moves `at` behind it.
fn joined<'s>(source: &'s Source, at: &mut usize) -> Text<'s> {
    let mut line = Text::new(source, *at);
    let mut comment = None;
    loop {
        let start = *at;
        let rest = source.text().get(start..).unwrap_or_default();
        let physical = rest.split_inclusive('\n').next().unwrap_or_default();
        *at += physical.len();
        let content = physical.strip_suffix('\n').unwrap_or(physical);
        let content = content.strip_suffix('\r').unwrap_or(content);
        let is_comment = *comment.get_or_insert_with(|| content.trim_start_matches(blank).starts_with('#'));
        // Coraza joins also where white space follows the `\`, which nobody sees in an editor. Not in
        // a comment: the rule behind it would be gone.
        let visible = if is_comment { content } else { content.trim_end_matches(is_space) };
        let joined = visible.strip_suffix('\\');
        line.push(joined.unwrap_or(content), start);
        if joined.is_none() || *at == source.text().len() {
            break;
        }
    }
    let text = line.as_str();
    let start = text.len() - text.trim_start_matches(blank).len();
    let end = text.trim_end_matches(is_space).len();
    line.slice(start..end.max(start))
}

/// White space, and the mark of UTF-8 that some editors put in front of a file.
fn blank(c: char) -> bool {
    is_space(c) || c == '\u{feff}'
}

#[cfg(test)]
#[test]
fn vectors() {
    // A text, line, column.
    type Read<'a> = (&'a str, u32, u32);
    let vectors: [(&str, &[Read<'_>]); 14] = [
        ("", &[]),
        ("\n \n\t", &[]),
        ("a", &[("a", 1, 1)]),
        ("\u{feff}a", &[("a", 1, 2)]),
        ("  a b \r\n\r\nc", &[("a b", 1, 3), ("c", 3, 1)]),
        ("# a\n  # b\nc # d", &[("c # d", 3, 1)]),
        ("a\\\n  b\\\r\nc\nd", &[("a  bc", 1, 1), ("d", 4, 1)]),
        ("# a \\\nb\nc", &[("c", 3, 1)]),
        ("# a \\ \nb", &[("b", 2, 1)]),
        ("#a \\\n#b \\\n#c\nd", &[("d", 4, 1)]),
        ("a \\ \t\nb", &[("a b", 1, 1)]),
        ("a\\", &[("a", 1, 1)]),
        ("\\\n\\\n a", &[("a", 3, 2)]),
        ("\\\n# a\nb", &[("b", 3, 1)]),
    ];
    let mut ran = 0;
    for (text, expected) in vectors {
        let source = Source::new("x".into(), text.as_bytes());
        let read: Vec<_> = lines(&source)
            .map(|line| (line.as_str().to_owned(), line.start().line, line.start().column))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|&(text, line, column)| (text.to_owned(), line, column)).collect();
        assert_eq!(read, expected, "{text:?}");
        ran += 1;
    }
    assert_eq!(ran, 14);
}
