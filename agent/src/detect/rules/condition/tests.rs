use super::*;

#[test]
fn what_holds() {
    let vectors: &[(&str, [f64; 2], bool)] = &[
        ("a > 3 && b > 1", [4.0, 2.0], true),
        ("a > 3 && b > 1", [4.0, 1.0], false),
        ("a > 3 || b > 1", [0.0, 2.0], true),
        ("a>3&&b>1||a==0", [0.0, 0.0], true),
        ("a == 0 || a > 3 && b > 1", [0.0, 0.0], true),
        ("(a == 0 || a > 3) && b > 1", [0.0, 0.0], false),
        ("!(a > 3)", [3.0, 0.0], true),
        ("!!(a > 3)", [3.0, 0.0], false),
        ("a + 2 * b == 8", [2.0, 3.0], true),
        ("(a + 2) * b == 12", [2.0, 3.0], true),
        ("a - 1 - 1 == 0", [2.0, 0.0], true),
        ("a / b >= 0.5", [1.0, 2.0], true),
        ("a / b >= 0.5", [1.0, 0.0], false),
        ("a % 2 = 1", [3.0, 0.0], true),
        ("-a < 0", [3.0, 0.0], true),
        ("a != b", [3.0, 4.0], true),
        ("a <= 0.995", [0.995, 0.0], true),
    ];
    for (text, values, holds) in vectors {
        let condition = Condition::parse(text, &["a", "b"]).unwrap();
        assert_eq!(condition.holds(values), *holds, "{text} with {values:?}");
    }
    assert_eq!(vectors.len(), 17);
}

#[test]
fn what_is_refused_and_where() {
    let deep = "(".repeat(40) + "a > 1" + &")".repeat(40);
    let long = "a > 1 || ".repeat(200) + "a > 1";
    let vectors: &[(&str, usize, &str)] = &[
        ("", 1, "missing"),
        ("a >", 4, "missing"),
        ("a", 1, "a number"),
        ("a + 1", 1, "a number"),
        ("a > 1 b", 7, "the end"),
        ("a && b > 1", 3, "compare it"),
        ("(a > 1) + 1 > 0", 9, "a condition"),
        ("a > 1 > 0", 7, "the end"),
        ("!a", 1, "compare it"),
        ("-(a > 1) > 0", 1, "for numbers"),
        ("x > 1", 1, "the names here are `a`, `b`"),
        ("(a > 1", 7, "column 1"),
        ("a > 1)", 6, "`)`"),
        ("a > 1 & b > 1", 7, "&&"),
        ("a > 1x", 5, "names begin"),
        ("a > 1.2.3", 5, "neither"),
        ("a > \u{e4}", 5, "not part"),
        ("a > 1 && ", 10, "missing"),
        (&deep, 34, "at most 32 deep"),
        (&long, 1, "at most 1024 bytes"),
    ];
    for (text, column, part) in vectors {
        let error = Condition::parse(text, &["a", "b"]).unwrap_err();
        assert_eq!(error.column, *column, "{text}: {error}");
        assert!(error.problem.contains(part), "{text}: {error}");
    }
    assert_eq!(vectors.len(), 20);
}

#[test]
fn names_in_it() {
    assert_eq!(Condition::parse("b > 1 && b < a", &["a", "b", "c"]).unwrap().uses(), [0, 1]);
    assert!(Condition::any_of(1, "b").holds(&[0.0, 1.0]));
    assert_eq!(Condition::any_of(1, "b"), Condition::parse("b > 0", &["a", "b"]).unwrap());
}
