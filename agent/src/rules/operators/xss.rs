//! `is_xss`: libinjection reads the value as HTML, as text and inside each kind of attribute value,
//! and knows tags, attributes and URL schemes that run scripts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use memchr::memchr2;

/// Whether the value is cross-site scripting; `None` if the library panicked on it (it should not).
pub(in crate::rules) fn is_xss(value: &[u8]) -> Option<bool> {
    if !worth_reading(value) {
        return Some(false);
    }
    catch_unwind(AssertUnwindSafe(|| libinjectionrs::detect_xss(value).is_injection())).ok()
}

/// False for values in which nothing can be found: tags and comments need `<`; an attribute's value, in
/// all the other states, needs `=`.
pub(in crate::rules) fn worth_reading(value: &[u8]) -> bool {
    memchr2(b'<', b'=', value).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vectors() {
        let attacks = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "\"><svg onload=alert(1)>",
            "<a href=\"javascript:alert(1)\">",
            "<iframe src=x>",
            "x' onmouseover='alert(1)",
            "<body onload=alert(1)>",
            "<!--[if IE]>",
            "<object data=x>",
        ];
        let clean = [
            "",
            "a < b and c > d",
            "x=1",
            "1 <3 you",
            "<b>bold</b>",
            "https://example.com/?on=1&style=2",
            "Times & Schedule",
            "a == b",
        ];
        let mut ran = 0;
        for (values, expected) in [(&attacks[..], true), (&clean[..], false)] {
            for value in values {
                assert_eq!(is_xss(value.as_bytes()), Some(expected), "{value}");
                ran += 1;
            }
        }
        assert_eq!(ran, attacks.len() + clean.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// The shortcut does not change the answer.
        #[test]
        fn shortcut_is_exact(value in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "(<|>|=|'|\"|`| |/|!|-|%|\\?|on|onload|style|script|svg|href|xmlns|DOCTYPE|\\[if|[a-z]){0,20}"
                .prop_map(String::into_bytes),
        ]) {
            prop_assert_eq!(is_xss(&value), Some(libinjectionrs::detect_xss(&value).is_injection()));
        }
    }
}
