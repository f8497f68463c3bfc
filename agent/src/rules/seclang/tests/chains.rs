//! Chains, and what a lenient reader leaves out.

use super::*;

/// The markers, and ids of rules and actions, and how many errors.
fn lenient(text: &str) -> (Vec<String>, usize) {
    let files = files(&[("x.conf", text)]);
    let (script, errors) = read_lenient(Path::new("x.conf"), &files);
    let strict = read(Path::new("x.conf"), &files);
    assert_eq!(strict.is_err(), !errors.is_empty(), "{text}");
    assert_eq!(strict.err().as_ref(), errors.first(), "{text}");
    (script.directives.iter().map(|directive| directive.to_string()).collect(), errors.len())
}

#[test]
fn vectors() {
    let (a, b, c) = ("SecRule ARGS a id:1,chain\n", "SecRule ARGS b chain\n", "SecRule ARGS c\n");
    let (bad, bad_chained) = ("SecRule NONE x id:2\n", "SecRule NONE x \"id:2,chain\"\n");
    let (m, action) = ("SecMarker m\n", "SecAction id:3\n");
    // (lines, directives that stay, errors)
    let vectors: Vec<(Vec<&str>, usize, usize)> = vec![
        (vec![a, b, c, m], 4, 0),
        (vec![a, action, m], 3, 0),
        // A rule that can't be read, alone.
        (vec![c, bad, c], 2, 1),
        // At the end, in the middle, at the start of a chain.
        (vec![c, a, b, bad, c], 2, 1),
        (vec![c, a, bad_chained, c, c], 2, 1),
        (vec![c, bad_chained, b, c, m], 2, 1),
        (vec![c, bad_chained, bad_chained, b, c, m], 2, 2),
        // Not a rule.
        (vec![c, "SecRuleEngine Perhaps\n", c], 2, 1),
        (vec![c, "SecNone x\n", c], 2, 1),
        // What can't be taken apart.
        (vec!["SecRule ARGS \"x \"id:1,chain\"\n", c, c], 1, 1),
        // A chain that goes nowhere.
        (vec![c, a, m, c], 3, 1),
        (vec![c, a, b], 1, 1),
        (vec![c, a, "SecRuleEngine On\n", c], 3, 1),
        (vec![bad_chained, m, c], 2, 1),
    ];
    let mut ran = 0;
    for (lines, stay, errors) in vectors {
        let text = lines.concat();
        let (read, count) = lenient(&text);
        assert_eq!((read.len(), count), (stay, errors), "{text}{read:#?}");
        ran += 1;
    }
    assert_eq!(ran, 14);
}

#[test]
fn a_lenient_reader_gives_up_after_many_errors() {
    let text = "SecNone\n".repeat(5000);
    let files = files(&[("x.conf", &text)]);
    let (_, errors) = read_lenient(Path::new("x.conf"), &files);
    assert_eq!(errors.len(), 1000);
}
