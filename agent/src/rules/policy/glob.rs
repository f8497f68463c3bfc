//! Names with `*` in them: `app-*`, `/editor/*`.

/// A pattern in which `*` stands for any text, also none, and every other byte for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Box<str>);

impl Glob {
    /// A pattern; every text is one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.into())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for one text only.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether it stands for a text.
    #[must_use]
    pub fn fits(&self, text: impl AsRef<[u8]>) -> bool {
        fits(self.0.as_bytes(), text.as_ref(), u8::eq)
    }

    /// The same, the case of ASCII letters ignored.
    #[must_use]
    pub fn fits_any_case(&self, text: impl AsRef<[u8]>) -> bool {
        fits(self.0.as_bytes(), text.as_ref(), u8::eq_ignore_ascii_case)
    }
}

/// Only the last star is ever tried again, so that the work is at most the product of the lengths; patterns are a
/// person's.
fn fits(pattern: &[u8], text: &[u8], same: impl Fn(&u8, &u8) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    // Behind the last star, and the first byte it has not taken yet.
    let mut star = None;
    while let Some(byte) = text.get(t) {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p + 1, t));
                p += 1;
            }
            (Some(other), _) if same(other, byte) => (p, t) = (p + 1, t + 1),
            (_, Some((behind, taken))) => {
                star = Some((behind, taken + 1));
                (p, t) = (behind, taken + 1);
            }
            (_, None) => return false,
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*ab", "aab", true),
            ("/editor/*", "/editor/a/b", true),
            ("/editor/*", "/editor", false),
            ("a?c", "abc", false),
            ("a?c", "a?c", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Glob::new(pattern).fits(text), expected, "{pattern} {text}");
        }
        assert!(Glob::new("X-*").fits_any_case("x-a") && !Glob::new("X-*").fits("x-a"));
    }

    proptest! {
        #[test]
        fn is_the_same_expression(pattern in "[ab*]{0,8}", text in "[ab]{0,12}") {
            let expression = format!("^{}$", regex::escape(&pattern).replace(r"\*", ".*"));
            prop_assert_eq!(Glob::new(&pattern).fits(&text), regex::Regex::new(&expression).unwrap().is_match(&text));
        }
    }
}
