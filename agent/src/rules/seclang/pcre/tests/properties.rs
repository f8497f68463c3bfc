//! What holds for any pattern and text.

use proptest::prelude::*;

use super::super::ast::Node;
use super::*;

/// Patterns of all constructs, over few letters so that texts match them.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        6 => "[abcxA]",
        2 => "[ab]{2,4}",
        1 => prop::sample::select(vec![
            "[ab]", "[^a]", "[a-c]", "[^b\\n]", ".", "\\w", "\\W", "\\s", "\\d", "\\b", "\\B", "^", "$", "\\A",
            "\\z", "\\R", "\\h", "[[:alpha:]]", "\\x61", "\\n", "-", "1", "\\xe9", "\u{e9}", "(?i)", "\\Z",
            "\\1", "(?i:\\1)", "\\K", "(?<=a)", "(?<!b)", "<", "\\(", "",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let quantifier = prop::sample::select(vec![
            "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{0,3}?", "{2,}", "{1,2}+",
        ]);
        let opening = prop::sample::select(vec!["(", "(?:", "(?i:", "(?>", "(?s-m:"]);
        let around = prop::sample::select(vec!["(?=", "(?!"]);
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            2 => (opening, inner.clone()).prop_map(|(opening, inner)| format!("{opening}{inner})")),
            3 => (inner.clone(), quantifier).prop_map(|(inner, many)| format!("(?:{inner}){many}")),
            2 => ("[abc]|\\[[abc]{1,2}\\]|\\.|\\\\w", prop::sample::select(vec!["*", "+", "*+", "++", "?+", "*?"]), inner.clone())
                .prop_map(|(set, many, inner)| format!("{set}{many}{inner}")),
            1 => (around, inner).prop_map(|(around, inner)| format!("{around}{inner})")),
        ]
    })
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&b"aaabbbccxAB1- \n\r<(\xe9\xc3\xa9"[..]), 0..12)
}

fn can_be_empty(node: &Node) -> bool {
    match node {
        Node::Set(_) => false,
        Node::Concat(parts) => parts.iter().all(can_be_empty),
        Node::Alternate(branches) => branches.iter().any(can_be_empty),
        Node::Repeat(repeat) => repeat.min == 0 || can_be_empty(&repeat.sub),
        Node::Group(_, sub) | Node::Atomic(sub) => can_be_empty(sub),
        Node::Empty | Node::Look(_) | Node::Around { .. } | Node::Back { .. } | Node::Keep => true,
    }
}

/// Whether something that can be empty is repeated.
fn repeats_nothing(node: &Node) -> bool {
    match node {
        Node::Repeat(repeat) => can_be_empty(&repeat.sub) || repeats_nothing(&repeat.sub),
        Node::Concat(parts) | Node::Alternate(parts) => parts.iter().any(repeats_nothing),
        Node::Group(_, sub) | Node::Atomic(sub) | Node::Around { sub, .. } => repeats_nothing(sub),
        Node::Empty | Node::Set(_) | Node::Look(_) | Node::Back { .. } | Node::Keep => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Both engines find the same: the translation for the linear one, and possessive quantifiers taken
    /// away, change nothing. Where something that can be empty is repeated, a match may end elsewhere:
    /// an empty round ends the loop in Perl and fancy-regex, and only that round in regex-automata.
    #[test]
    fn both_engines_agree(source in pattern(), texts in prop::collection::vec(text(), 8)) {
        let Ok(compiled) = Pattern::new(&source) else { return Ok(()) };
        let flags = Flags {
            ignore_case: false, multi_line: true, dot_all: true, extended: false, lazy: false, no_captures: false,
        };
        let written = parse::parse(&source, flags).unwrap();
        let Ok(other) = Backtracking::new(&written) else { return Ok(()) };
        let mut cache = compiled.cache();
        for text in texts {
            let found = compiled.find(&text, 0, &mut cache);
            let matches = compiled.is_match(&text, &mut cache);
            if cache.take_given_up() == 0 && let Ok(expected) = other.find(&text, 0) {
                if repeats_nothing(&written) {
                    let (found, expected) = (found.map(|found| found.0), expected.map(|found| found.0));
                    prop_assert_eq!(found, expected, "{} in {}", source, text.escape_ascii());
                } else {
                    prop_assert_eq!(found, expected, "{} in {}", source, text.escape_ascii());
                }
                prop_assert_eq!(matches, expected.is_some(), "{} in {}", source, text.escape_ascii());
            }
        }
    }

    /// A text that matches has what the pattern needs.
    #[test]
    fn matches_meet_the_need(source in pattern(), texts in prop::collection::vec(text(), 8)) {
        let Ok(compiled) = Pattern::new(&source) else { return Ok(()) };
        let (need, mut cache) = (compiled.need(), compiled.cache());
        for text in texts {
            if compiled.find(&text, 0, &mut cache).is_some() {
                prop_assert!(need.is_met_by(&text), "{} in {}: {:?}", source, text.escape_ascii(), need);
            }
        }
    }

    /// What captures gives as group 0 is what find finds.
    #[test]
    fn captures_and_find_agree(source in pattern(), text in text()) {
        let Ok(compiled) = Pattern::new(&source) else { return Ok(()) };
        let mut cache = compiled.cache();
        let found = compiled.find(&text, 0, &mut cache);
        let mut whole = None;
        compiled.captures(&text, 0, &mut cache, |number, place| {
            if number == 0 {
                whole = Some((place.start, place.end));
            }
        });
        prop_assert_eq!(whole, found, "{} in {}", source, text.escape_ascii());
    }

    /// Anything is taken or refused.
    #[test]
    fn no_pattern_panics(
        source in prop_oneof![
            any::<String>(),
            "([a-z(|)*+?{},0-9^$.\\[\\]\\\\:<>=!#&-]|\\\\[a-zA-Z0-9{<]|\\(\\?[a-zA-Z:<>=!#'&|(*+0-9-]?){0,20}",
        ],
        text in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        match Pattern::new(&source) {
            Ok(pattern) => {
                let found = pattern.find(&text, 0, &mut pattern.cache());
                prop_assert!(found.is_none_or(|(start, end)| start <= end && end <= text.len()));
            }
            Err(problem) => prop_assert!(!problem.is_empty() && !problem.contains('\n'), "{problem:?}"),
        }
    }
}
