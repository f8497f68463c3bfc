//! A query as a row of terms: what a click on a value of a facet adds to it, or takes away.

/// A query with one more term.
pub(super) fn with(query: &str, term: &str) -> String {
    let query = query.trim();
    if query.is_empty() {
        return term.to_owned();
    }
    if has(query, term) {
        return query.to_owned();
    }
    // Terms beside each other bind more tightly than OR.
    if pieces(query).contains(&"OR") { format!("({query}) {term}") } else { format!("{query} {term}") }
}

/// Whether a term is one of a query's own, not inside parentheses.
pub(super) fn has(query: &str, term: &str) -> bool {
    let pieces = pieces(query);
    !pieces.contains(&"OR") && pieces.contains(&term)
}

/// A query without a term of its own.
pub(super) fn without(query: &str, term: &str) -> String {
    pieces(query).into_iter().filter(|piece| *piece != term).collect::<Vec<_>>().join(" ")
}

/// The term that takes one value of a facet.
pub(super) fn term(facet: &str, value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let word = !value.is_empty() && value.chars().all(plain) && !value.starts_with(['-', '.', '/']);
    if word {
        return format!("{facet}:{value}");
    }
    format!("{facet}:\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What stands between spaces; quotes and parentheses hold together.
fn pieces(query: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut quoted, mut escaped) = (None, 0_usize, false, false);
    for (at, c) in query.char_indices() {
        if c.is_whitespace() && depth == 0 && !quoted {
            if let Some(from) = start.take() {
                pieces.extend(query.get(from..at));
            }
            continue;
        }
        start.get_or_insert(at);
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    pieces.extend(start.and_then(|from| query.get(from..)));
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::query::{EVENTS, Query};

    #[test]
    fn terms_come_and_go() {
        let mut asked = 0;
        for (query, term, with_it) in [
            ("", "service:shop", "service:shop"),
            ("service:shop", "service:shop", "service:shop"),
            ("a b", "@path:\"/x y\"", "a b @path:\"/x y\""),
            ("a OR b", "severity:high", "(a OR b) severity:high"),
            ("(a OR b)", "severity:high", "(a OR b) severity:high"),
            ("@status:[500 TO 599]", "blocked:true", "@status:[500 TO 599] blocked:true"),
            ("\"a OR b\"", "x:1", "\"a OR b\" x:1"),
        ] {
            assert_eq!(with(query, term), with_it);
            assert!(has(&with(query, term), term));
            asked += 1;
        }
        assert_eq!(asked, 7);
        assert_eq!(without("a x:\"b c\" (d OR e)", "x:\"b c\""), "a (d OR e)");
        assert!(!has("a OR b", "a"));
        assert_eq!(without("  a   b ", "z"), "a b");
    }

    proptest! {
        /// Whatever a value is, its term takes it and nothing else, and goes away again.
        #[test]
        fn a_value_of_an_attacker_is_one_term(value in "[^\0]{1,40}", before in "[a-z]{1,5}( -?[a-z]{1,5}){0,3}") {
            let term = term("@path", &value);
            let query = with(&before, &term);
            let matcher = Query::parse(&term).expect("a query").matcher(&EVENTS).expect("facets");
            let takes = |path: &str| matcher.matches(&serde_json::json!({ "path": path }));
            prop_assert!(takes(&value));
            let longer = format!("{value}x");
            prop_assert!(!takes(&longer));
            prop_assert!(has(&query, &term));
            prop_assert_eq!(without(&query, &term), before);
        }
    }
}
