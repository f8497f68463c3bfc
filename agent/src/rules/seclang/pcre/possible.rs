//! Whether a pattern can match in texts of which some bytes are known not to be in them.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::rules::bytes::ByteSet;

/// False: nothing that is made of these bytes alone holds a match. Look-around counts as nothing.
pub(super) fn with_only(hir: &Hir, allowed: ByteSet) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|&byte| allowed.contains(byte)),
        HirKind::Class(Class::Bytes(class)) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).any(|byte| allowed.contains(byte))),
        // What single ASCII characters between bars become.
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().any(|range| {
            let ascii = |c: char| u8::try_from(c).is_ok_and(|byte| allowed.contains(byte));
            !range.end().is_ascii() || (range.start()..=range.end()).any(ascii)
        }),
        HirKind::Repetition(repetition) => repetition.min == 0 || with_only(&repetition.sub, allowed),
        HirKind::Capture(capture) => with_only(&capture.sub, allowed),
        HirKind::Concat(parts) => parts.iter().all(|part| with_only(part, allowed)),
        HirKind::Alternation(branches) => branches.iter().any(|branch| with_only(branch, allowed)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::rules::{bytes::ByteSet, seclang::pcre::Pattern};

    #[test]
    fn patterns_without_capitals() {
        let small = ByteSet::range(b'A', b'Z').complement();
        let cases = [
            ("abc", true),
            ("aBc", false),
            ("(?i)aBc", true),
            ("a(?:B|b)", true),
            ("a(?:B|C)", false),
            ("A*b", true),
            ("A+b", false),
            ("A{0,3}b", true),
            ("[A-Z]", false),
            ("[A-Za]", true),
            (".", true),
            ("^X-", false),
            ("(?=A)", true),
            ("(a)\\1", true),
            ("(A)\\1", false),
            ("\\x41", false),
            ("[^a-z]", true),
        ];
        let mut ran = 0;
        for (pattern, expected) in cases {
            assert_eq!(Pattern::new(pattern).unwrap().can_match_with(small), expected, "{pattern}");
            ran += 1;
        }
        assert_eq!(ran, 17);
    }

    proptest! {
        /// What matches in a text can match with the bytes of the text.
        #[test]
        fn a_match_is_possible(pattern in "(a|B|\\.|[aB]|b\\*|\\(c|\\)|\\||C\\?|\\[\\^a\\]){0,8}", text in "[aBbcC]{0,8}") {
            if let Ok(pattern) = Pattern::new(&pattern)
                && pattern.is_in(text.as_bytes())
            {
                prop_assert!(pattern.can_match_with(ByteSet::of(text.as_bytes())));
            }
        }
    }
}
