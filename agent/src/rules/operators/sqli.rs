//! `is_sqli`: libinjection reads the value as the inside of an SQL statement, in and out of quotes,
//! and knows the shape of the tokens.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(in crate::rules) use super::sql_words::worth_reading;

/// Longest run of word bytes that is handed on. libinjection keeps 31 bytes of a token, so nothing
/// that it decides depends on more; the port looks up each prefix of a run that ends at a dot, which
/// takes a time quadratic in the run's length.
const LONGEST_WORD: usize = 64;

/// Whether the value is SQL injection; `None` if the library panicked on it (it should not).
pub(in crate::rules) fn is_sqli(value: &[u8]) -> Option<bool> {
    if !worth_reading(value) {
        return Some(false);
    }
    let value = shorten_words(value);
    catch_unwind(AssertUnwindSafe(|| libinjectionrs::detect_sqli(&value).is_injection())).ok()
}

/// The fingerprint by which libinjection knows the value for SQL injection (`s&sos`), if it does; the
/// outer `None` if the library panicked on it.
pub(in crate::rules) fn fingerprint(value: &[u8]) -> Option<Option<Vec<u8>>> {
    if !worth_reading(value) {
        return Some(None);
    }
    let value = shorten_words(value);
    let detected = catch_unwind(AssertUnwindSafe(|| libinjectionrs::detect_sqli(&value))).ok()?;
    let is_injection = detected.is_injection();
    let print = detected.fingerprint.filter(|_| is_injection);
    Some(print.map(|print| print.as_str().trim_end_matches('\0').as_bytes().to_vec()))
}

/// libinjection's own list of what ends a word.
fn ends_word(byte: u8) -> bool {
    b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0".contains(&byte)
}

fn shorten_words(value: &[u8]) -> Cow<'_, [u8]> {
    if value.len() <= LONGEST_WORD || value.split(|&b| ends_word(b)).all(|word| word.len() <= LONGEST_WORD) {
        return Cow::Borrowed(value);
    }
    let mut run = 0;
    let short = value.iter().copied().filter(|&byte| {
        run = if ends_word(byte) { 0 } else { run + 1 };
        run <= LONGEST_WORD
    });
    Cow::Owned(short.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vectors() {
        let attacks = [
            "1' OR '1'='1",
            "1 OR 1=1",
            "-1839' or '1'='1",
            "' UNION SELECT NULL,NULL--",
            "1 UNION ALL SELECT password FROM users",
            "1; DROP TABLE users--",
            "admin'--",
            "1' AND SLEEP(5)#",
            "1 AND (SELECT 1 FROM (SELECT COUNT(*))x)",
            "'; exec xp_cmdshell('dir')--",
            "1'/**/OR/**/1=1",
            "\" or \"\"=\"",
            "1 or (select @@version)=1",
        ];
        let clean = [
            "",
            "1",
            "O'Brien",
            "Times & Schedule",
            "select a plan from the list",
            "Bitte wählen Sie aus",
            "rock 'n' roll",
            "john@example.com",
            "2026-11-22T10:00:00Z",
            "550e8400-e29b-41d4-a716-446655440000",
            "https://example.com/a?b=c&d=e",
            "fish and chips",
            "C:\\Program Files\\x",
            "(555) 123-4567",
        ];
        let mut ran = 0;
        for (values, expected) in [(&attacks[..], true), (&clean[..], false)] {
            for value in values {
                assert_eq!(is_sqli(value.as_bytes()), Some(expected), "{value}");
                ran += 1;
            }
        }
        assert_eq!(ran, attacks.len() + clean.len());
    }

    /// Any word that libinjection knows.
    fn keyword() -> impl Strategy<Value = &'static str> {
        use libinjectionrs::sqli::sqli_data::SQL_KEYWORDS;
        let words: Vec<_> = SQL_KEYWORDS.iter().filter(|k| k.token_type != b'F').map(|k| k.word).collect();
        prop::sample::select(words)
    }

    #[test]
    fn prose_is_not_read() {
        for value in [
            "Blue shoe no. 3, size 42",
            "Ordinary words, with a comma and a dot.",
            "2026-11-22T10:00:00Z",
            "a=1&b=2",
            "https://shop.example/a//b",
            "theme=dark; lang=de",
            "someone99@mail.example",
        ] {
            assert!(!worth_reading(value.as_bytes()), "{value}");
        }
        for value in ["1 and 1", "1 union", "a--", "O'Brien", "1.fUNION", "1e5select 1", "a /* b"] {
            assert!(worth_reading(value.as_bytes()), "{value}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// No shortcut changes the answer.
        #[test]
        fn shortcuts_are_exact(value in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "[a-zA-Z0-9_é]{0,40}".prop_map(String::into_bytes),
            "([a-z]{1,6}|[0-9]{1,3}|[-,.:+=%?!<>*&|/^~]| |é|à){0,14}".prop_map(String::into_bytes),
            prop::collection::vec((keyword(), prop::sample::select(&[" ", ", ", ".", "-", "1", " 1 ", "=", "&", "|", ":", "::", "e5", "1f", "à", " x ", "\t"][..])), 0..6)
                .prop_map(|pairs| pairs.into_iter().flat_map(|(word, between)| [word, between]).collect::<String>().into_bytes()),
            "(select|if|or|in|1|x|sleep|ascii|null|@|@@|@x| |\t|;|//|/|[|]|\\.|,|:|=|-|é|à){0,10}".prop_map(String::into_bytes),
            "(select|union|from|like|or|and|x|e|n|b|u|0x|1|23|e5|\\.|_|\\$| |=|à|\u{a0}){0,8}".prop_map(String::into_bytes),
            "(union|select|or|1|'|\"|--|#|/\\*|\\*/|\\.| |=|\\(|\\)|;|[a-z.`]{60,100}){0,12}".prop_map(String::into_bytes),
        ]) {
            prop_assert_eq!(is_sqli(&value), Some(libinjectionrs::detect_sqli(&value).is_injection()));
        }
    }
}
