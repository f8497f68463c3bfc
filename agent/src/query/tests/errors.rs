//! What is refused, at which column, and what is said.

use crate::query::{EVENTS, Facets, Query, QueryError, SIGNALS};

/// A wrong query, the column and length of what is wrong, a piece of the message.
type Vector = (&'static str, usize, usize, &'static str);

const SYNTAX: &[Vector] = &[
    ("service:shop )", 14, 1, "closes nothing"),
    (")", 1, 1, "before this `)`"),
    ("(a OR b", 1, 1, "is not closed"),
    ("a (b (c)", 3, 1, "is not closed"),
    ("()", 1, 2, "nothing stands between"),
    ("a ( ) b", 3, 2, "nothing stands between"),
    ("AND", 1, 3, "AND needs a term"),
    ("a AND", 6, 1, "ends where a term"),
    ("a AND AND b", 7, 3, "AND needs a term"),
    ("OR a", 1, 2, "OR needs a term"),
    ("a OR", 5, 1, "ends where a term"),
    ("a OR OR b", 6, 2, "OR needs a term"),
    ("(a OR ) b", 7, 1, "before this `)`"),
    ("NOT", 4, 1, "ends where a term"),
    ("a NOT AND b", 7, 3, "AND needs a term"),
    ("-", 1, 1, "right behind this `-`"),
    ("a - b", 3, 1, "right behind this `-`"),
    ("!a", 1, 1, "`!` is no operator"),
    ("a && b", 3, 2, "`&&` is no operator"),
    ("a || b", 3, 2, "`||` is no operator"),
    ("service:", 9, 1, "right behind the colon"),
    ("service: shop", 9, 1, "right behind the colon"),
    ("(service:)", 10, 1, "right behind the colon"),
    (":shop", 1, 1, "before this `:`"),
    ("@:shop", 1, 1, "behind this `@`"),
    ("@a..b:x", 1, 5, "before and behind each dot"),
    ("@a.:x", 1, 3, "before and behind each dot"),
    ("@a,b:x", 3, 1, "`,` can't stand here"),
    ("größe:1", 3, 1, "`ö` can't stand here"),
    ("-a=b:1", 3, 1, "`=` can't stand here"),
    ("@.a:1", 2, 1, "`.` can't stand here"),
    ("see @shop now", 5, 5, "a colon and a value"),
    ("alert(1)", 6, 1, "inside a word"),
    ("say\"hello\"", 4, 1, "inside a word"),
    ("@path:a\"b", 8, 1, "inside a word"),
    ("\"never closed", 1, 1, "quote is not closed"),
    ("@path:\"never closed", 7, 1, "quote is not closed"),
    ("\"a\"b", 4, 1, "right behind the end"),
    ("(a)b", 4, 1, "right behind the end"),
    ("\"\"", 1, 2, "empty text"),
    ("a\\", 2, 1, "behind this \\"),
    ("[1 TO 2]", 1, 1, "a range needs a facet"),
    ("@status:[500", 13, 1, "joined by TO"),
    ("@status:[500 599]", 14, 1, "joined by TO"),
    ("@status:[500 to 599]", 14, 1, "joined by TO"),
    ("@status:[TO 599]", 13, 1, "joined by TO"),
    ("@status:[]", 10, 1, "lower end"),
    ("@status:[500 TO ]", 17, 1, "upper end"),
    ("@status:[500 TO 599", 20, 1, "has to end here"),
    ("@status:[500 TO 599)", 20, 1, "has to end here"),
    ("@status:[5* TO 599]", 10, 2, "no wildcards"),
    ("@status:[1 TO 2]x", 17, 1, "right behind the end"),
    ("@endpoint:{id}/a", 14, 1, "joined by TO"),
    ("@status:>", 9, 1, "right behind `>`"),
    ("@status:>= 500", 9, 2, "right behind `>=`"),
    ("@status:>5?", 10, 2, "no wildcards"),
    ("@status:()", 10, 1, "a value has to stand here"),
    ("@status:(404", 9, 1, "is not closed"),
    ("@status:(404 500)", 14, 1, "joined by OR"),
    ("@status:(404 AND 500)", 14, 3, "nothing else"),
    ("@status:(404, 500)", 13, 1, "joined by OR"),
    ("@status:(404 OR)", 16, 1, "a value has to stand here"),
    ("@status:(404 OR (500))", 17, 1, "no parentheses"),
    ("service:(-shop)", 10, 1, "no negations"),
    ("service:(NOT shop)", 10, 3, "nothing else"),
    ("service:(shop)x", 15, 1, "right behind the end"),
    ("a\0b", 2, 1, "zero byte"),
    ("ä OR ö AND", 11, 1, "ends where a term"),
];

const EVENT_FACETS: &[Vector] = &[
    ("servce:shop", 1, 6, "did you mean `service`?"),
    ("a -rule.tpye:x", 4, 9, "did you mean `@rule.type`?"),
    ("http://x", 1, 4, "no facet `http`"),
    ("nothing.like.it:x", 1, 15, "no facet `nothing.like.it`"),
    ("severity:high", 1, 8, "no facet `severity`"),
    ("@status:abc", 9, 3, "compared with a number"),
    ("@status:4*", 9, 2, "no wildcards"),
    ("@status:\"\"", 9, 2, "compared with a number"),
    ("@status:(404 OR abc)", 17, 3, "compared with a number"),
    ("@status:>abc", 10, 3, "compared with a number"),
    ("@status:[1 TO x]", 15, 1, "compared with a number"),
    ("@status:[599 TO 500]", 9, 12, "nothing is in this range"),
    ("@status:nan", 9, 3, "compared with a number"),
    ("@status:0x10", 9, 4, "compared with a number"),
    ("@a.b:>x", 7, 1, "compared with a number"),
    ("client_ip:foo", 11, 3, "not an IP address"),
    ("client_ip:203.0.113.*", 11, 11, "no wildcards"),
    ("client_ip:203.0.113.7/24", 11, 14, "bits set after its prefix"),
    ("client_ip:10.0.0.0/33", 11, 11, "not a prefix length"),
    ("client_ip:>10.0.0.1", 12, 8, "write a network"),
    ("client_ip:[10.0.0.1 TO 10.0.0.9]", 11, 22, "write a network"),
    ("service:[a TO b]", 9, 8, "has texts"),
    ("@path:>5", 8, 1, "has texts"),
    ("blocked:yes", 9, 3, "true or false"),
    ("would_block:>1", 14, 1, "true or false"),
    ("@tls:yes", 6, 3, "no value of its own"),
    ("@matches:>5", 11, 1, "no values"),
    ("time:>5", 1, 4, "beside the query"),
    ("a (b OR -(c @time:x))", 13, 5, "beside the query"),
];

const SIGNAL_FACETS: &[Vector] = &[
    ("severty:high", 1, 7, "did you mean `severity`?"),
    ("kind:event", 1, 4, "no facet `kind`"),
    ("client_ip:foo", 11, 3, "not an IP address"),
    ("@events:many", 9, 4, "compared with a number"),
    ("last_seen:x", 1, 9, "beside the query"),
];

fn check(vectors: &[Vector], read: impl Fn(&str) -> Option<QueryError>) -> usize {
    let mut ran = 0;
    for &(text, column, length, message) in vectors {
        let error = read(text).unwrap_or_else(|| panic!("{text} is taken"));
        assert_eq!((error.column, error.length), (column, length), "{error}");
        assert!(error.message.contains(message), "{error}");
        ran += 1;
    }
    ran
}

#[test]
fn wrong_queries_say_where_and_why() {
    assert_eq!(check(SYNTAX, |text| Query::parse(text).err()), 68);
}

#[test]
fn facets_and_values_that_do_not_fit_say_where_and_why() {
    fn of(facets: &'static Facets) -> impl Fn(&str) -> Option<QueryError> {
        move |text| Query::parse(text).unwrap_or_else(|error| panic!("{error}")).check(facets).err()
    }
    assert_eq!(check(EVENT_FACETS, of(&EVENTS)), 29);
    assert_eq!(check(SIGNAL_FACETS, of(&SIGNALS)), 5);
}

#[test]
fn an_error_is_drawn() {
    let error = Query::parse("@status:500 service:(a, b)").unwrap_err();
    assert_eq!(
        error.to_string(),
        "column 23: the entries of a list are joined by OR\n  \
           @status:500 service:(a, b)\n  \
         \u{20}                     ^\n  \
           expected: OR\n  \
           hint: a comma that belongs to the text is written \\,"
    );
    let error = Query::parse("ä\tservce:x").unwrap().check(&EVENTS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column 3: events have no facet `servce`: did you mean `service`?\n  \
           ä servce:x\n  \
         \u{20} ^^^^^^\n  \
           expected: service\n  \
           hint: attributes of your own begin with @, as in @servce; a text with a colon needs quotes"
    );
}

#[test]
fn a_long_query_is_shown_around_the_error() {
    let text = format!("{}servce:x {}", "word ".repeat(100), "more ".repeat(100));
    let error = Query::parse(&text).unwrap().check(&EVENTS).unwrap_err();
    assert_eq!(error.column, 501);
    let drawn = error.to_string();
    let lines: Vec<&str> = drawn.lines().collect();
    let at = lines[2].chars().position(|c| c == '^').unwrap();
    let marked: String = lines[1].chars().skip(at).take(6).collect();
    assert_eq!(marked, "servce");
    assert!(lines.iter().all(|line| line.chars().count() < 140), "{drawn}");
    assert!(lines[1].starts_with("  …") && lines[1].ends_with('…'), "{drawn}");
}

#[test]
fn an_error_does_nothing_to_a_terminal() {
    let error = Query::parse("\u{1b}[2J\u{202e}\nx (").unwrap_err().to_string();
    assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error:?}");
    assert_eq!(error.lines().count(), 4, "{error}");
}
