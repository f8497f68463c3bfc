mod constructs;
mod errors;
mod properties;

use super::*;
use crate::limits;

fn find(pattern: &str, text: &[u8]) -> Option<(usize, usize)> {
    let pattern = Pattern::new(pattern).unwrap_or_else(|problem| panic!("{pattern}: {problem}"));
    let mut cache = pattern.cache();
    let found = pattern.find(text, 0, &mut cache);
    assert_eq!(cache.take_given_up(), 0);
    found
}

/// Wrong in a dependency once: whole automata of regex-automata, folded repeats of fancy-regex.
#[test]
fn what_engines_found_wrong() {
    assert_eq!(find("x?A.*?A", b"aaA"), None);
    assert_eq!(find("x?+A.*?A", b"aaA"), None);
    assert_eq!(find("(?!x)(?:(?:b+?)*)*", b"bb"), Some((0, 2)));
}

#[test]
fn groups_are_captured() {
    type Vector = (&'static str, &'static [u8], &'static [(usize, &'static [u8])]);
    let vectors: [Vector; 11] = [
        ("a(b)(c)?", b"xab", &[(0, b"ab"), (1, b"b")]),
        ("(?:a)(b)", b"ab", &[(0, b"ab"), (1, b"b")]),
        ("(?<x>a)(?P<y>b)(?'z'c)", b"abc", &[(0, b"abc"), (1, b"a"), (2, b"b"), (3, b"c")]),
        ("(a|(b))+", b"ab", &[(0, b"ab"), (1, b"b"), (2, b"b")]),
        (
            "(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)",
            b"0123456789",
            &[
                (0, b"0123456789"),
                (1, b"0"),
                (2, b"1"),
                (3, b"2"),
                (4, b"3"),
                (5, b"4"),
                (6, b"5"),
                (7, b"6"),
                (8, b"7"),
                (9, b"8"),
            ],
        ),
        (r"(a)\1", b"aaa", &[(0, b"aa"), (1, b"a")]),
        (r"(?=(a+))a", b"aaa", &[(0, b"a"), (1, b"aaa")]),
        (r"(?<=(\d))x", b"1x", &[(0, b"x"), (1, b"1")]),
        (r"a\K(b)", b"ab", &[(0, b"b"), (1, b"b")]),
        ("(?n)(a)(?<x>b)", b"ab", &[(0, b"ab"), (1, b"b")]),
        ("x(y)", b"z", &[]),
    ];
    let mut ran = 0;
    for (source, text, expected) in vectors {
        let pattern = Pattern::new(source).unwrap();
        let mut found: Vec<(usize, &[u8])> = Vec::new();
        pattern.captures(text, 0, &mut pattern.cache(), |number, place| found.push((number, &text[place])));
        assert_eq!(found, expected, "{source}");
        ran += 1;
    }
    assert_eq!(ran, 11);
}

#[test]
fn searches_begin_where_they_are_told_and_see_what_is_before() {
    let mut ran = 0;
    for (source, from, expected) in [
        ("a", 1, Some((2, 3))),
        (r"\ba", 1, None),
        ("(?<=b)a", 1, Some((2, 3))),
        ("^", 1, None),
        ("a", 3, None),
        ("a", 4, None),
    ] {
        let pattern = Pattern::new(source).unwrap();
        assert_eq!(pattern.find(b"aba", from, &mut pattern.cache()), expected, "{source}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[test]
fn a_search_that_takes_too_long_is_no_match_and_counted() {
    // Without a limit some 2^60 steps.
    let pattern = Pattern::new(r"(?=x)(?:(x+x+)+y|\1z)").unwrap();
    assert_eq!(pattern.beyond_regular(), Some("look-around"));
    let mut cache = pattern.cache();
    let text = [&[b'x'; 60][..], b"z y"].concat();
    assert_eq!(pattern.find(&text, 0, &mut cache), None);
    pattern.captures(&text, 0, &mut cache, |number, _| panic!("group {number}"));
    assert_eq!((cache.take_given_up(), cache.take_given_up()), (2, 0));
}

/// What is not regular takes bounded time too, on the longest text there is.
#[test]
fn hostile_texts_take_bounded_time() {
    // Part of rule 942130 of CRS.
    let source =
        r"(?i)[\s'`()]*?\b([\d\w]+)\b[\s'`()]*?(?:<[\s'`()]*?(?!\b\1\b)[\d\w]+|(?:like|=)[\s'`()]*?\b\1\b)";
    let pattern = Pattern::new(source).unwrap();
    let mut cache = pattern.cache();
    let (mut ran, mut given_up) = (0, 0);
    for piece in [&b"a"[..], b"a ", b"'", b"a=b ", b"a='", b"a<a "] {
        let padding = piece.repeat(limits::JUDGED_VALUE / piece.len());
        for end in [&b""[..], b" 1=1"] {
            let start = std::time::Instant::now();
            let found = pattern.find(&[&padding, end].concat(), 0, &mut cache);
            assert!(start.elapsed().as_secs() < 10, "{} {:?}", piece.escape_ascii(), start.elapsed());
            let now = cache.take_given_up();
            assert!(now == 0 || found.is_none());
            given_up += now;
            ran += 1;
        }
    }
    assert_eq!(ran, 12);
    assert!(given_up > 0, "some have to be given up");
}
