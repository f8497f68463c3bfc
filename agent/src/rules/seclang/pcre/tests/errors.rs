//! Patterns that are none, or not here.

use super::*;

#[test]
fn what_is_wrong_is_said() {
    let vectors: [(&str, &str); 48] = [
        ("(a", "unclosed group"),
        ("a)", "a `)` too many"),
        ("(?", "unclosed group"),
        ("(?:a", "unclosed group"),
        ("(?i", "unclosed group"),
        ("(?q)", "unknown flag or group: (?q"),
        ("(?i-s-m)", "unknown flag or group: (?-"),
        ("[a", "unclosed class"),
        ("[]", "unclosed class"),
        ("[^]", "unclosed class"),
        ("[a-", "unclosed class"),
        ("[z-a]", "range out of order in a class: z-a"),
        ("[[:no:]]", "unknown class [:no:]"),
        ("[[.a.]]", "collating elements"),
        ("[[=a=]]", "collating elements"),
        ("[\\", "a backslash at the end"),
        ("\\", "a backslash at the end"),
        ("*a", "nothing to repeat before `*`"),
        ("a|+", "nothing to repeat before `+`"),
        ("(?:?)", "nothing to repeat before `?`"),
        ("a**", "nothing to repeat between two quantifiers"),
        ("a+++", "nothing to repeat between two quantifiers"),
        ("a{3,2}", "{3,2}: the numbers are out of order"),
        ("a{65536}", "{65536}: at most 65535 times"),
        (r"(a)\2", "\\2 refers to a group that is not there"),
        (r"\1", "\\1 refers to a group that is not there"),
        (r"\g0", "a back-reference to group 0"),
        (r"\g{-2}(a)", "a back-reference without a group|no group before it"),
        (r"\g", "a back-reference without a group"),
        (r"\k<x>", "no group before it is called `x`"),
        ("(?P=x)", "no group before it is called `x`"),
        ("(?<1>a)", "a group's name"),
        ("(?<x>a)(?<x>b)", "two groups are called x"),
        (r"\x{100}", "\\x{100}: a character here is a byte"),
        (r"\x{}", "without a number inside"),
        (r"\x{zz}", "without a number inside"),
        (r"\c", "\\c without a printable character"),
        (r"\u0041", "\\u is not supported, by PCRE neither"),
        (r"\p{Nope}", "unknown property \\p{Nope}"),
        ("\\p{a\nb}", r"unknown property \p{a\nb}"),
        (r"\X", "\\X is not supported"),
        ("(?R)", "calling a group"),
        ("(a)(?1)", "calling a group"),
        (r"(a)\g<1>", "calling a group"),
        ("(?|a|b)", "groups that share numbers"),
        ("(a)?(?(1)b|c)", "conditional groups"),
        ("(*UTF8)a", "verbs"),
        ("(?#", "unclosed comment"),
    ];
    let mut ran = 0;
    for (pattern, says) in vectors {
        let problem = Pattern::new(pattern).err().unwrap_or_else(|| panic!("{pattern} is taken"));
        assert!(says.split('|').any(|says| problem.contains(says)), "{pattern}: {problem}");
        assert!(!problem.contains('\n'), "{problem}");
        ran += 1;
    }
    assert_eq!(ran, 48);
}

#[test]
fn what_would_grow_too_large_is_refused() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Pattern::new(&nested(100)).is_ok());
    let many = "(a)".repeat(1001);
    let vectors = [
        (nested(101), "more than 100 groups inside each other"),
        (nested(30_000), "more than 100 groups inside each other"),
        (many, "more than 1000 groups"),
        ("a".repeat(70_000), "longer than 65536 bytes"),
        ("(?:a{1000}){1000}".to_owned(), "larger than"),
        ("(?:(?:a{60000}){60000}){60000}".to_owned(), "larger than"),
        ("(?:[a-z]{5000}|x){5000}".to_owned(), "larger than"),
    ];
    let mut ran = 0;
    for (pattern, says) in vectors {
        let problem = Pattern::new(&pattern).unwrap_err();
        assert!(problem.contains(says), "{problem}");
        ran += 1;
    }
    assert_eq!(ran, 7);
    assert!(Pattern::new("(?:(?:){60000}){60000}").is_ok(), "nothing, often");
    // Taken or refused, at once.
    let start = std::time::Instant::now();
    for pattern in [
        r"(?:(?=a)b){60000}",
        r"(?:(?:(?=a)b){1000}){1000}",
        r"(?=(?:a{1000}){1000})",
        r"(?<=(?:a{100}|b){100})c",
        r"(a)(?:(?:\1{1000}){1000}){1000}",
        r"(?>(?>(?>a|ab){1000}|b){1000}c){1000}d",
    ] {
        let _ = Pattern::new(pattern);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
