use super::*;
use crate::rules::seclang::pcre::Pattern;

fn need(pattern: &str) -> Need {
    Pattern::new(pattern).unwrap().need()
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[test]
fn literals_are_long_and_rare() {
    let vectors: [(&str, &[&str]); 29] = [
        ("union", &["union"]),
        (r"\bunion\s+(?:all\s+)?select\b", &["select"]),
        ("(?i)UNION|Select", &["select", "union"]),
        ("[uU][nN][iI][oO][nN]", &["union"]),
        ("^admin$", &["admin"]),
        (r"x(?:foo|bar)y", &["xbary", "xfooy"]),
        (r"https?://", &["http://", "https://"]),
        (r"(?:a|b)c{2,}xyz", &["ccxyz"]),
        (r"(?:ab)+cd", &["abcd"]),
        (r"(?:ab){2,3}", &["abab", "ababab"]),
        (r"(?:foo\d*|ba)r=", &["r="]),
        (r"(?:x\w*foo|bar)baz", &["barbaz", "foobaz"]),
        (r"sleep\(\s*\d", &["sleep("]),
        (r"<[^>]*script", &["script"]),
        (r"[\\/]etc[\\/]passwd", &["passwd"]),
        (r"(?i)[\\/]etc[\\/]passwd", &["passwd"]),
        (r"(?:java|vb)script:", &["script:"]),
        (r"j\s*a\s*v\s*a", &[]),
        (r"union.*|\d+", &[]),
        (r"\w+", &[]),
        ("", &[]),
        ("^$", &[]),
        ("a*", &[]),
        ("a", &[]),
        ("a|bc", &[]),
        (r"<\?(?!xml)", &["<?"]),
        (r"(?<=on)load", &["load"]),
        (r"(foo)\1", &["foo"]),
        ("\u{e9}t\u{e9}", &["\\xc3\\xa9t\\xc3\\xa9"]),
    ];
    let mut ran = 0;
    for (pattern, expected) in vectors {
        let found: Vec<String> =
            need(pattern).literals.iter().flatten().map(|literal| text(literal)).collect();
        assert_eq!(found, expected, "{pattern}");
        ran += 1;
    }
    assert_eq!(ran, 29);
}

#[test]
fn bytes_are_those_without_which_nothing_matches() {
    let vectors: [(&str, &[&str]); 14] = [
        ("<[^>]*script", &["<", "Pp", "Cc"]),
        (r"\(.*\)", &["(", ")"]),
        ("(?:<|>)x", &["<>", "Xx"]),
        ("(?:a<|b>)", &["<>"]),
        ("(?:<a|<b)", &["<"]),
        ("a?<+", &["<"]),
        ("(?:<x)?y", &["Yy"]),
        ("a*", &[]),
        ("a|", &[]),
        ("^$", &[]),
        (r"[\n\r]", &["\\n\\r"]),
        (r"a{0}<", &["<"]),
        ("(?i)K", &["Kk"]),
        (r"(?!<)>", &[">"]),
    ];
    let mut ran = 0;
    for (pattern, expected) in vectors {
        let found: Vec<String> =
            need(pattern).bytes.iter().map(|set| text(&set.iter().collect::<Vec<_>>())).collect();
        for set in expected {
            assert!(found.iter().any(|found| found == set), "{pattern}: {set} is not in {found:?}");
        }
        assert!(found.len() <= Need::SETS);
        assert_eq!(found.is_empty(), expected.is_empty(), "{pattern}: {found:?}");
        ran += 1;
    }
    assert_eq!(ran, 14);
}

#[test]
fn a_need_is_met_or_not() {
    let need = Need::one_of([b"Foo<".to_vec(), b"bar>".to_vec()]);
    assert_eq!(need.literals, Some(vec![b"bar>".to_vec(), b"foo<".to_vec()]));
    assert_eq!(need.bytes, [ByteSet::of_bytes(*b"<>")]);
    assert!(need.is_met_by(b"xFOO<"));
    assert!(!need.is_met_by(b"foo>") && !need.is_met_by(b"foo") && !need.is_met_by(b""));
    assert!(Need::NOTHING.is_met_by(b""));
    assert_eq!(Need::one_of([b"a".to_vec(), b"".to_vec()]), Need::NOTHING);
    assert_eq!(
        Need::one_of([b"a".to_vec()]),
        Need { literals: None, bytes: vec![ByteSet::of_bytes(*b"aA")] }
    );
    assert!(Need::byte_of(ByteSet::of_bytes(*b"k")).is_met_by(b"K"));
}
