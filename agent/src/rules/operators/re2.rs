//! RE2's dialect, in which In-App WAF's expressions are written, as `regex-syntax` reads it.
//!
//! Both take nearly the same syntax. Some texts only RE2 takes (`a{b`, `\Q…\E`, `\C`, `\012`); some mean
//! something else to `regex-syntax`, without a word: `\<` (a `<`, not the start of a word), `[a[b]` and
//! `[a&&b]` (members, not a class in a class and not an intersection), `{,3}` (a text). Source: RE2's
//! `doc/syntax.txt` and `re2/parse.cc`.

use regex_syntax::escape_into;

/// The same expression for `regex-syntax`. What is wrong stays wrong, and is said by its parser.
pub(super) fn translated(pattern: &str) -> String {
    let mut translation = Translation { rest: pattern, out: String::with_capacity(pattern.len() + 16) };
    while let Some(character) = translation.next() {
        match character {
            '\\' => translation.escape(),
            '[' => translation.class(),
            '{' => translation.brace(),
            '}' => translation.out.push_str("\\}"),
            _ => translation.out.push(character),
        }
    }
    translation.out
}

struct Translation<'p> {
    rest: &'p str,
    out: String,
}

impl<'p> Translation<'p> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = self.rest.get(character.len_utf8()..).unwrap_or_default();
        Some(character)
    }

    /// Goes past so many bytes of ASCII and gives them.
    fn take(&mut self, len: usize) -> &'p str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn starts(&self, with: &str) -> bool {
        self.rest.starts_with(with)
    }

    fn literal(&mut self, character: char) {
        escape_into(character.encode_utf8(&mut [0; 4]), &mut self.out);
    }

    /// From behind the backslash, outside a class.
    fn escape(&mut self) {
        if self.starts("Q") {
            self.take(1);
            let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.rest = rest;
            escape_into(quoted, &mut self.out);
        } else if self.starts("C") {
            self.take(1);
            self.out.push_str("(?s-u:.)");
        } else {
            self.escaped();
        }
    }

    /// From behind the backslash; in a class and out. Says whether it is one character, for a range.
    fn escaped(&mut self) -> bool {
        let octal = self.octal();
        if octal > 0 {
            let value = u32::from_str_radix(self.take(octal), 8).unwrap_or_default();
            self.out.push_str(&format!("\\x{{{value:x}}}"));
            return true;
        }
        match self.next() {
            // What is no letter and no digit stands for itself: `\<`, `\-`, `\_`.
            Some(sign) if sign.is_ascii() && !sign.is_ascii_alphanumeric() => self.literal(sign),
            Some(letter) => {
                self.out.push('\\');
                self.out.push(letter);
                let braces = matches!(letter, 'x' | 'p' | 'P') && self.starts("{");
                if braces && let Some(len) = self.rest.find('}') {
                    let inside = self.take(len + 1);
                    self.out.push_str(inside);
                }
                return matches!(letter, 'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'x');
            }
            None => self.out.push('\\'),
        }
        true
    }

    /// How many digits of an octal number follow; one digit that is not zero is a back-reference.
    fn octal(&self) -> usize {
        let len = self.rest.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        if len == 1 && !self.starts("0") { 0 } else { len }
    }

    /// From behind the `{`: counts, or a text.
    fn brace(&mut self) {
        let inside = self.rest.split('}').next().unwrap_or_default();
        let (min, max) = inside.split_once(',').unwrap_or((inside, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if inside.len() < self.rest.len() && !min.is_empty() && digits(min) && digits(max) {
            self.out.push('{');
            let counts = self.take(inside.len() + 1);
            self.out.push_str(counts);
        } else {
            self.out.push_str("\\{");
        }
    }

    /// From behind the `[` to behind the `]`.
    fn class(&mut self) {
        self.out.push('[');
        if self.starts("^") {
            self.take(1);
            self.out.push('^');
        }
        let mut first = true;
        while !self.rest.is_empty() {
            if self.starts("]") && !first {
                self.take(1);
                self.out.push(']');
                return;
            }
            first = false;
            let single = self.member();
            if single && self.starts("-") && !self.starts("-]") && self.rest.len() > 1 {
                self.take(1);
                self.out.push('-');
                self.member();
            }
        }
    }

    /// A member of a class; says whether it is one character.
    fn member(&mut self) -> bool {
        if self.starts("[:")
            && let Some(len) = self.rest.find(":]")
            && self.rest.bytes().take(len).skip(2).all(|byte| byte.is_ascii_alphabetic() || byte == b'^')
        {
            let named = self.take(len + 2);
            self.out.push_str(named);
            return false;
        }
        match self.next() {
            Some('\\') => return self.escaped(),
            Some(character) => self.literal(character),
            None => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::translated;
    use crate::rules::operators::regex::Regex;

    #[test]
    fn vectors() {
        let vectors = [
            ("abc", "abc"),
            ("a{2}b{3,}c{4,5}", "a{2}b{3,}c{4,5}"),
            ("a{b", "a\\{b"),
            ("{,3}", "\\{,3\\}"),
            ("a{2", "a\\{2"),
            ("a{2,x}", "a\\{2,x\\}"),
            (r"\{1}", r"\{1\}"),
            (r"\<a\>", "<a>"),
            (r"\_\-\/\ \#", r"_\-/ \#"),
            (r"\Qa.b{\E+", r"a\.b\{+"),
            (r"\Q[", r"\["),
            (r"\012\x41\x{1F600}\p{Greek}\pN\d", r"\x{a}\x41\x{1F600}\p{Greek}\pN\d"),
            (r"\0\08", r"\x{0}\x{0}8"),
            (r"(a)\1", r"(a)\1"),
            (r"\C", "(?s-u:.)"),
            ("[a[b]", r"[a\[b]"),
            ("[a&&b~~c--d]", r"[a\&\&b\~\~c-\-d]"),
            ("[+--]", r"[\+-\-]"),
            ("[]a-]", r"[\]a\-]"),
            ("[^]a]", r"[^\]a]"),
            ("[a-zA-Z-_0-9]", r"[a-zA-Z\-_0-9]"),
            (r"[\d-z\x41-\x43\]\012]", r"[\d\-z\x41-\x43\]\x{a}]"),
            ("[[:alpha:]-z[:^digit:][:x]", r"[[:alpha:]\-z[:^digit:]\[:x]"),
            ("[\\", "[\\"),
            ("\\", "\\"),
            ("(?P<n>ä|€)", "(?P<n>ä|€)"),
        ];
        let mut ran = 0;
        for (pattern, expected) in vectors {
            assert_eq!(translated(pattern), expected, "{pattern}");
            ran += 1;
        }
        assert_eq!(ran, 26);
    }

    /// What RE2 matches; each was asked of libddwaf 2.1.0.
    #[test]
    fn matches() {
        let vectors = [
            (r"\)\s*{", ") {", true),
            (r"\<script\>", "<script>", true),
            ("^[a[b]$", "[", true),
            ("^[a&&b]$", "&", true),
            ("^[a&&b]$", "a", true),
            ("^[+--]$", ",", true),
            ("^[a-z-_]$", "-", true),
            (r"^\012$", "\n", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^\C$", "x", true),
            ("^a{,2}$", "a{,2}", true),
            ("^a{,2}$", "aa", false),
            ("^[^]a]$", "]", false),
            (r"^[\w-.]$", "-", true),
            ("a$", "a\n", false),
        ];
        let mut ran = 0;
        for (pattern, text, expected) in vectors {
            let regex = Regex::new(pattern, true, 0).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            let found = regex.find(text.as_bytes(), &mut regex.cache()).is_some();
            assert_eq!(found, expected, "{pattern} in {text:?}");
            ran += 1;
        }
        assert_eq!(ran, 15);
    }
}
