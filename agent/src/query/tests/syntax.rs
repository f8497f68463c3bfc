//! What is written, and what it means.

use proptest::prelude::*;

use super::samples;
use crate::{limits, query::Query};

/// The same query in two ways of writing; the first is how it is displayed.
const SAME: &[(&str, &str)] = &[
    ("*", ""),
    ("*", "   "),
    ("*", "**"),
    ("*", "( * )"),
    ("service:shop", "service:shop"),
    ("service:shop", "  service:shop\t"),
    ("service:shop", "(service:shop)"),
    ("service:shop", "((service:shop))"),
    ("service:shop", "service:\"shop\""),
    ("service:shop", r"service:\s\h\o\p"),
    ("service:shop", "service:(shop)"),
    ("a b", "a AND b"),
    ("a b", "a   AND(b)"),
    ("a b c", "a (b c)"),
    ("a b c", "(a AND b) AND c"),
    ("a OR b OR c", "(a OR b) OR c"),
    ("a OR b OR c", "a OR (b OR c)"),
    ("a b OR c", "(a AND b) OR c"),
    ("a (b OR c)", "a AND ( b OR c )"),
    ("-a", "NOT a"),
    ("-a", "-(a)"),
    ("--a", "NOT NOT a"),
    ("--a", "NOT -a"),
    ("-(a b)", "NOT(a AND b)"),
    ("-(a OR b) c", "NOT (a OR b) c"),
    ("-a b", "NOT a AND b"),
    ("-@path:/health*", "-@path:/health*"),
    ("@status:[500 TO 599]", "@status:[ 500   TO 599 ]"),
    ("@status:{500 TO 599]", "@status:{500 TO 599]"),
    ("@status:[500 TO 599}", "@status:[500 TO 599}"),
    ("@status:[* TO *]", "@status:{* TO *}"),
    ("@status:[500 TO *]", "@status:[500 TO *}"),
    ("score:[-5 TO 5]", "score:[-5 TO 5]"),
    ("@status:>=500", "@status:>=500"),
    ("score:<-5", "score:<-5"),
    ("score:-5", "score:\"-5\""),
    ("@status:(404 OR 500)", "@status:( 404  OR 500 )"),
    ("@status:(>500 OR [1 TO 5] OR 404)", "@status:(>500 OR [1 TO 5] OR 404)"),
    ("score:(-5 OR *)", "score:(-5 OR **)"),
    ("client_ip:203.0.113.0/24", "client_ip:\"203.0.113.0/24\""),
    ("client_ip:2001:db8::1", "client_ip:2001\\:db8::1"),
    ("@path:\"/orders/{id}\"", "@path:/orders/{id}"),
    ("@path:*", "@path:***"),
    (r#"@path:"*""#, r"@path:\*"),
    (r"@path:\**", r"@path:\**"),
    (r"@path:/a?b*c\?", r"@path:/a?b**c\?"),
    (r#""free text""#, r"free\ text"),
    (r#""a \"quoted\" \\ b""#, r#"a\ \"quoted\"\ \\\ b"#),
    (r#""AND""#, r"\AND"),
    (r#""-x""#, r"\-x"),
    (r#""a:b""#, r"a\:b"),
    (r#""a:b""#, r#""a:b""#),
    (r#"@path:"""#, r#"@path:"""#),
    ("word", "*:word"),
    (r#""two words""#, r#"*:"two words""#),
    (r"\<script*", "<script*"),
    ("größe", "größe"),
    ("and or not", "and or not"),
    ("AND-y OR-x", "AND-y OR-x"),
    ("@attributes.a-b.c/d:x", "@attributes.a-b.c/d:x"),
];

#[test]
fn queries_are_read_and_written() {
    let mut ran = 0;
    for (shown, written) in SAME {
        let query = Query::parse(written).unwrap_or_else(|error| panic!("{written}\n{error}"));
        assert_eq!(query.to_string(), *shown, "{written}");
        assert_eq!(Query::parse(shown), Ok(query), "{shown}");
        ran += 1;
    }
    assert_eq!(ran, 60);
}

#[test]
fn what_is_written_otherwise_is_another_query() {
    let different = [
        ("a b", "b a"),
        ("a b", "a OR b"),
        ("@path:a", "@path:a*"),
        (r#"@path:"*""#, "@path:*"),
        ("@status:[1 TO 2]", "@status:[1 TO 2}"),
        ("@status:>1", "@status:>=1"),
        ("path:a", "@path:a"),
        ("a OR b c", "(a OR b) c"),
        ("-a b", "-(a b)"),
    ];
    let mut ran = 0;
    for (one, other) in different {
        assert_ne!(Query::parse(one).unwrap(), Query::parse(other).unwrap(), "{one} and {other}");
        ran += 1;
    }
    assert_eq!(ran, 9);
}

#[test]
fn caps_are_reached_and_not_passed() {
    let deep = |levels: usize| format!("{}a{}", "(b OR (c ".repeat(levels), "))".repeat(levels));
    let vectors = [
        ("x".repeat(limits::QUERY_BYTES), true),
        ("x".repeat(limits::QUERY_BYTES + 1), false),
        ("ä".repeat(limits::QUERY_BYTES / 2 + 1), false),
        ("a ".repeat(limits::QUERY_TERMS), true),
        ("a ".repeat(limits::QUERY_TERMS + 1), false),
        (format!("@status:(1{})", " OR 1".repeat(limits::QUERY_TERMS - 1)), true),
        (format!("@status:(1{})", " OR 1".repeat(limits::QUERY_TERMS)), false),
        (deep(limits::QUERY_DEPTH / 2), true),
        (format!("({})", deep(limits::QUERY_DEPTH / 2)), false),
        (format!("{}a", "-".repeat(limits::QUERY_DEPTH)), true),
        (format!("{}a", "-".repeat(limits::QUERY_DEPTH + 1)), false),
        (format!("{}a", "NOT ".repeat(limits::QUERY_DEPTH + 1)), false),
    ];
    let mut ran = 0;
    for (text, fits) in vectors {
        let query = Query::parse(&text);
        assert_eq!(query.is_ok(), fits, "{query:?}");
        if let Err(error) = query {
            assert!(error.message.contains("at most"), "{error}");
        }
        ran += 1;
    }
    assert_eq!(ran, 12);
}

#[test]
fn two_queries_are_joined() {
    let vectors = [
        ("a OR b", "c OR d", "(a OR b) (c OR d)"),
        ("", "c OR d", "c OR d"),
        ("a", "", "a"),
        ("a b", "-c", "a b -c"),
    ];
    let mut ran = 0;
    for (one, other, both) in vectors {
        let joined = Query::parse(one).unwrap().and(&Query::parse(other).unwrap()).unwrap();
        assert_eq!(joined.to_string(), both);
        ran += 1;
    }
    assert_eq!(ran, 4);
}

proptest! {
    #[test]
    fn prop_a_query_is_read_as_it_is_written(text in samples::query()) {
        let query = Query::parse(&text).unwrap();
        let written = query.to_string();
        let again = Query::parse(&written);
        prop_assert_eq!(again.as_ref(), Ok(&query), "{} is written {}", text, written);
        prop_assert_eq!(again.unwrap().to_string(), written);
    }

    #[test]
    fn prop_any_text_is_a_query_or_an_error_inside_it(text in samples::scrawl()) {
        match Query::parse(&text) {
            Ok(query) => prop_assert_eq!(Query::parse(&query.to_string()), Ok(query)),
            Err(error) => {
                let chars = text.chars().count();
                prop_assert!(error.column >= 1 && error.column <= chars + 1, "{}", error);
                prop_assert!(error.length >= 1 && error.column + error.length <= chars + 2, "{}", error);
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}
