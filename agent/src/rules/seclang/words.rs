//! Words of a line: a directive's name and its arguments.
//!
//! As Apache takes them apart (`ap_getword_conf`): by white space, or quoted with `"` or `'`; `\\` and a `\` in
//! front of the quotation mark are undone.

use super::{
    ReadError,
    names::shown,
    text::{Text, is_space},
};

/// The words from an offset of the line on.
pub(super) fn words<'s>(line: &Text<'s>, from: usize) -> Result<Vec<Text<'s>>, ReadError> {
    let mut words = Vec::new();
    let mut at = line.skip_space(from);
    while let Some(first) = line.byte(at) {
        let end = if matches!(first, b'"' | b'\'') {
            let Some(end) = line.closing(at + 1, first) else {
                let problem = "a quotation mark that is not closed: expected another one on this line; \
                               a line goes on in the next when its last character is \"\\\"";
                return Err(line.error(at, problem));
            };
            words.push(line.unescaped(at + 1..end, Some(first)));
            if let Some(next) = line.from(end + 1).chars().next()
                && !is_space(next)
                && !matches!(next, '"' | '\'')
            {
                let found = shown(line.from(end + 1));
                let mark = char::from(first);
                let problem = format!(
                    "found {found} right behind a closing quotation mark: expected white space; \
                     a quotation mark inside of a quoted text is written \\{mark}"
                );
                return Err(line.error(end + 1, problem));
            }
            end + 1
        } else {
            let rest = line.from(at);
            let end = at + rest.find(is_space).unwrap_or(rest.len());
            words.push(line.unescaped(at..end, None));
            end
        };
        at = line.skip_space(end);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::seclang::source::Source;

    fn of(line: &str) -> Result<Vec<String>, ReadError> {
        let source = Source::new("x".into(), line.as_bytes());
        let mut text = Text::new(&source, 0);
        text.push(line, 0);
        Ok(words(&text, 0)?.iter().map(|word| word.as_str().to_owned()).collect())
    }

    #[test]
    fn vectors() {
        let vectors: [(&str, &[&str]); 14] = [
            ("", &[]),
            ("a  b\tc", &["a", "b", "c"]),
            (r#""a b" c"#, &["a b", "c"]),
            (r#""a""b""#, &["a", "b"]),
            (r#"'a "b"' c"#, &[r#"a "b""#, "c"]),
            (r#""a \"b\" c""#, &[r#"a "b" c"#]),
            (r#""a\\" b"#, &[r"a\", "b"]),
            (r#""a\\\" b""#, &[r#"a\" b"#]),
            (r#""[^\\\\]\\\\[c]""#, &[r"[^\\]\\[c]"]),
            (r#""\d\'\s""#, &[r"\d\'\s"]),
            (r"'it\'s'", &["it's"]),
            (r"TX:'/a\\\/b/'|X", &[r"TX:'/a\\/b/'|X"]),
            (r#"ARGS:"a" b"#, &[r#"ARGS:"a""#, "b"]),
            ("\"\" ''", &["", ""]),
        ];
        let mut ran = 0;
        for (line, expected) in vectors {
            assert_eq!(of(line).unwrap(), expected, "{line}");
            ran += 1;
        }
        assert_eq!(ran, 14);
    }

    #[test]
    fn says_what_is_wrong() {
        let vectors = [
            (r#"a "b c"#, 3, "not closed"),
            (r#"a "b\""#, 3, "not closed"),
            (r#""@rx a"b" c"#, 8, "right behind a closing"),
        ];
        let mut ran = 0;
        for (line, column, words) in vectors {
            let error = of(line).unwrap_err();
            assert!(error.problem.contains(words), "{error}");
            assert_eq!(error.column, column, "{error}");
            ran += 1;
        }
        assert_eq!(ran, 3);
    }
}
