//! What each construct of PCRE matches, written down from pcrepattern(3).

use super::*;

type Vector = (&'static str, &'static [u8], Option<(usize, usize)>);

fn run(vectors: &[Vector], linear: bool) -> usize {
    for &(pattern, text, expected) in vectors {
        assert_eq!(find(pattern, text), expected, "{pattern} in {}", text.escape_ascii());
        let why = Pattern::new(pattern).unwrap().beyond_regular();
        assert_eq!(why.is_none(), linear, "{pattern}: {why:?}");
    }
    vectors.len()
}

#[test]
fn places_and_flags() {
    let vectors: &[Vector] = &[
        // Dot-all and multi-line from the start.
        ("a.c", b"a\nc", Some((0, 3))),
        ("(?-s)a.c", b"a\nc", None),
        ("(?-s:a.)c", b"a\nc", None),
        ("^b$", b"a\nb\nc", Some((2, 3))),
        ("(?-m)^b", b"a\nb", None),
        (r"\Ab", b"a\nb", None),
        (r"b\z", b"b\n", None),
        (r"b\z", b"b", Some((0, 1))),
        (r"\Gb", b"ab", None),
        ("b$", b"b\n", Some((0, 1))),
        // Case.
        ("(?i)union", b"UnIoN", Some((0, 5))),
        ("a(?i)b", b"AB", None),
        ("a(?i)b", b"aB", Some((0, 2))),
        ("(?i:a)b", b"Ab", Some((0, 2))),
        ("(?i:a)b", b"AB", None),
        ("(a(?i)b)c", b"aBC", None),
        // A flag holds for the branches behind it too.
        ("(a(?i)b|c)", b"C", Some((0, 1))),
        ("(?i)a(?-i)b", b"Ab", Some((0, 2))),
        ("(?i)a(?-i)b", b"AB", None),
        ("(?i)[a-c]", b"B", Some((0, 1))),
        ("(?i)[^a-c]", b"B", None),
        ("(?i)\u{e9}", "\u{c9}".as_bytes(), None),
        ("(?i)k", "\u{212a}".as_bytes(), None),
        ("(?^)A.", b"A\n", None),
        // Extended.
        ("(?x) a b # c\n d", b"abd", Some((0, 3))),
        (r"(?x)a\ b", b"a b", Some((0, 3))),
        ("(?x)[a b]c", b" c", Some((0, 2))),
        ("(?x)a +", b"aa", Some((0, 2))),
        ("a(?#comment)b", b"ab", Some((0, 2))),
        // Lazy by default.
        ("(?U)a+", b"aaa", Some((0, 1))),
        ("(?U)a+?", b"aaa", Some((0, 3))),
        // Words are ASCII.
        (r"\bor\b", "f\u{fc}r or".as_bytes(), Some((5, 7))),
        (r"\w+", "\u{fc}b".as_bytes(), Some((2, 3))),
        (r"a\Bb", b"ab", Some((0, 2))),
        (r"\d", "\u{663}1".as_bytes(), Some((2, 3))),
    ];
    assert_eq!(run(vectors, true), 35);
}

#[test]
fn escapes() {
    let vectors: &[Vector] = &[
        (r"\x41\x4a", b"AJ", Some((0, 2))),
        (r"\x4", b"\x04", Some((0, 1))),
        (r"\x", b"\0", Some((0, 1))),
        (r"\xg", b"\0g", Some((0, 2))),
        (r"\x{41}\x{ff}", b"A\xff", Some((0, 2))),
        (r"[\xbc-\xbe]", b"\xbd", Some((0, 1))),
        (r"\xac\xed\x00\x05", b"x\xac\xed\0\x05", Some((1, 5))),
        (r"\0\07\101", b"\0\x07A", Some((0, 3))),
        (r"\12", b"\n", Some((0, 1))),
        (r"\377", b"\xff", Some((0, 1))),
        (r"\0113", b"\t3", Some((0, 2))),
        // `\81` is the group 81, or `8` and `1`: there is no such group.
        (r"\81", b"81", Some((0, 2))),
        (r"\o{101}", b"A", Some((0, 1))),
        (r"\a\e\f\n\r\t", b"\x07\x1b\x0c\n\r\t", Some((0, 6))),
        (r"\cA\cz\c[", b"\x01\x1a\x1b", Some((0, 3))),
        (r#"\/\'\"\@\!\%\&\,\<\=\:\;\~\`\#\-\_\ "#, b"/'\"@!%&,<=:;~`#-_ ", Some((0, 18))),
        (r"\i\j\y", b"ijy", Some((0, 3))),
        (r"\h+", b"x \t\xa0", Some((1, 4))),
        (r"\H", b" x", Some((1, 2))),
        (r"\v+", b"x\n\x0b\x0c\r\x85", Some((1, 6))),
        (r"\V", b"\nx", Some((1, 2))),
        (r"\s+", b"x \t\n\x0b\x0c\ry", Some((1, 7))),
        (r"\S\D\W\N", b"aa-b", Some((0, 4))),
        (r"\N", b"\n", None),
        (r"\C", b"\xff", Some((0, 1))),
        (r"\R", b"\r\n", Some((0, 2))),
        (r"a\Rb", b"a\r\nb", Some((0, 4))),
        (r"a\Rb", b"a\x85b", Some((0, 3))),
        (r"\p{Lu}\pL", b"Ab", Some((0, 2))),
        (r"\p{L}", b"\xe9", Some((0, 1))),
        (r"\PL\p{^L}", b"11", Some((0, 2))),
        (r"\Qa.b*\E+", b"a.b**", Some((0, 5))),
        (r"\Qa.b", b"a.b", Some((0, 3))),
        (r"\Q\E\Ea", b"a", Some((0, 1))),
        (r"\Qa|b)\E", b"a|b)", Some((0, 4))),
        ("\u{b4}", "\u{b4}".as_bytes(), Some((0, 2))),
    ];
    assert_eq!(run(vectors, true), 36);
}

#[test]
fn classes() {
    let vectors: &[Vector] = &[
        ("[]a]+", b"x]a", Some((1, 3))),
        ("[^]a]", b"]ab", Some((2, 3))),
        ("[a-]+", b"-a", Some((0, 2))),
        ("[-a]+", b"-a", Some((0, 2))),
        (r"[\w-]+", b"a-b", Some((0, 3))),
        (r"[\w-.]+", b"a-.", Some((0, 3))),
        (r"[a-\d]+", b"a-1b", Some((0, 3))),
        (r"[+--]+", b"+,-.", Some((0, 3))),
        (r"[\]\[\\]+", b"][\\", Some((0, 3))),
        (r"[[]", b"[", Some((0, 1))),
        (r"[[:alpha:]_]+", b"1aZ_", Some((1, 4))),
        (r"[[:^digit:]]+", b"1ab", Some((1, 3))),
        (r"[^[:space:]]", b" a", Some((1, 2))),
        ("[[:xdigit:]]+", b"gF0", Some((1, 3))),
        ("[[:punct:]]+", b"a!~", Some((1, 3))),
        ("[[:cntrl:][:blank:]]+", b"a\x7f \t", Some((1, 4))),
        ("[[:word:][:upper:][:lower:][:alnum:][:graph:][:print:][:ascii:]]", b"\xffa", Some((1, 2))),
        ("[[:a]+", b"[:a", Some((0, 3))),
        ("[a[:b]+", b":[ab", Some((0, 4))),
        (r"[\b]", b"\x08", Some((0, 1))),
        (r"[\n\x41\101\e]+", b"\nA\x1b", Some((0, 3))),
        (r"[\1]", b"\x01", Some((0, 1))),
        (r"[\h\v]+", b"\t\n", Some((0, 2))),
        (r"[\Qa-z]\E]+", b"-]", Some((0, 2))),
        (r"[\x5c]", b"\\", Some((0, 1))),
        ("[.*+?(){}|^$]+", b".*+?(){}|^$", Some((0, 11))),
        ("[a&&b]+", b"&", Some((0, 1))),
        ("[a~~b||c]", b"~", Some((0, 1))),
        ("[\u{b4}\u{2019}]", b"\x80", Some((0, 1))),
        (r"[^\x00-\xff]", b"a", None),
        (r"[\p{Lu}0]+", b"a0A", Some((1, 3))),
        (r"[\P{Lu}]", b"Aa", Some((1, 2))),
        ("[a-c-e]+", b"-e", Some((0, 2))),
    ];
    assert_eq!(run(vectors, true), 33);
}

#[test]
fn quantifiers() {
    let vectors: &[Vector] = &[
        ("a{2}", b"aaa", Some((0, 2))),
        ("a{2,}", b"aaa", Some((0, 3))),
        ("a{1,2}?", b"aaa", Some((0, 1))),
        ("a{0}b", b"ab", Some((1, 2))),
        ("a{2}{2}", b"aaaaa", Some((0, 4))),
        // Braces that are no quantifier are text.
        ("a{,2}", b"aa{,2}", Some((1, 6))),
        ("a{", b"a{", Some((0, 2))),
        ("a{b}", b"a{b}", Some((0, 4))),
        ("{", b"{", Some((0, 1))),
        ("{{.*?}}", b"{{x}}", Some((0, 5))),
        ("{1}", b"{1}", Some((0, 3))),
        (r"\${", b"${", Some((0, 2))),
        ("a}", b"a}", Some((0, 2))),
        ("a]", b"a]", Some((0, 2))),
        ("a{1,x}", b"a{1,x}", Some((0, 6))),
        ("a*?b", b"aab", Some((0, 3))),
        ("(?:a|ab)(?:c|bcd)", b"abcd", Some((0, 4))),
        ("|a", b"a", Some((0, 0))),
        ("(|a)b", b"ab", Some((0, 2))),
        ("", b"", Some((0, 0))),
        ("()", b"x", Some((0, 0))),
        // Possessive quantifiers and atomic groups that give nothing back.
        (r"\s*+;", b"  ;", Some((0, 3))),
        (r"\w++\s", b"ab ", Some((0, 3))),
        ("a++", b"aaa", Some((0, 3))),
        ("a*+a?", b"aaa", Some((0, 3))),
        ("a?+b", b"ab", Some((0, 2))),
        ("(?>ab|cd)e", b"cde", Some((0, 3))),
        ("(?>a|ab)", b"ab", Some((0, 1))),
        ("x(?>a+)b", b"xaab", Some((0, 4))),
        ("(?:a*+b)+", b"aabab", Some((0, 5))),
        // …and those whose sequel can be written without what was taken.
        ("a++a*?b", b"aab", Some((0, 3))),
        ("a++a", b"aaa", None),
        ("(?>a+)ab", b"aab", None),
        ("a++(?:[ab]c|x)", b"aabc", Some((0, 4))),
        ("a++(?:ac|x)", b"aac", None),
        ("a++(b?|c)d", b"aabd", Some((0, 4))),
        ("[ab]++[bc]*d", b"abccd", Some((0, 5))),
        ("[ab]++[bc]+d", b"abd", None),
        ("[ab]++[bc]+d", b"abcbd", Some((0, 5))),
        (r#"[^?\w\s]++\s*?[(@"]*?\s*?\w"#, b"%((x", Some((0, 4))),
    ];
    assert_eq!(run(vectors, true), 40);
}

#[test]
fn what_is_not_regular() {
    let vectors: &[Vector] = &[
        (r"<\?(?!xml)", b"<?xml <?php", Some((6, 8))),
        ("a(?=b)", b"acab", Some((2, 3))),
        ("(?<=a)b", b"bab", Some((2, 3))),
        ("(?<!a)b", b"abcb", Some((3, 4))),
        ("(?<!&amp|&a);", b"&amp;&a;x;", Some((9, 10))),
        (r"(\w)\1", b"abb", Some((1, 3))),
        (r"(?i)(\w)\1", b"aA", Some((0, 2))),
        (r"(\w)\1", b"aA", None),
        (r"(?i)(\w)(?-i)\1", b"aA", None),
        (r"(?<q>['x]).*?\k<q>", b"y'ax'", Some((1, 5))),
        (r"(a)\g1\g{1}\g{-1}", b"aaaa", Some((0, 4))),
        (r"(?P<n>a)(?P=n)", b"aa", Some((0, 2))),
        (r"(\xe9)\1", b"\xe9\xe9", Some((0, 2))),
        (r"(?i)(\xe9)\1", b"\xe9\xc9", None),
        (r"(a)?\1b", b"b", None),
        (r"a\Z", b"a\n", Some((0, 1))),
        (r"a\Z", b"a\n\n", None),
        ("(?-m)a$", b"a\n", Some((0, 1))),
        ("(?-m)a$", b"a\nb", None),
        (r"\R\n", b"\r\n", None),
        (r"\R\n", b"\r\n\n", Some((0, 3))),
        ("(?>ab|a)b", b"ab", None),
        ("(?>a|ab)c", b"abc", None),
        ("(?:ab)*+ab", b"abab", None),
        (r"a\Kb", b"ab", Some((1, 2))),
        (r"(?!a)[\x80-\xff]", b"a\xff", Some((1, 2))),
        (r"(?=.)\xff.\n?", b"\xff\xfe\n", Some((0, 3))),
        (r"(?=a)\bA?(?i)A", b"a", Some((0, 1))),
        (r"(?s)(?!x).", b"x\n", Some((1, 2))),
        (r"(?=[^\x00-\xff]|a)a", b"ba", Some((1, 2))),
        (r"(?<=\bx{2})\d{2,3}?", b"xx1234", Some((2, 4))),
        (r"(?=^b$)b", b"a\nb\n", Some((2, 3))),
    ];
    assert_eq!(run(vectors, false), 32);
}

#[test]
fn why_a_pattern_is_not_regular_is_said() {
    let vectors = [
        ("a(?=b)", Some("look-around")),
        (r"(a)\1", Some("a back-reference")),
        (r"a\Z", Some("\\Z or $ without (?m)")),
        ("(?>ab|a)b", Some("an atomic group or possessive quantifier that matters")),
        (r"a\Kb", Some("\\K")),
        ("a++b", None),
    ];
    let mut ran = 0;
    for (pattern, why) in vectors {
        assert_eq!(Pattern::new(pattern).unwrap().beyond_regular(), why, "{pattern}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}
