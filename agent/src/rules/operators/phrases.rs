//! `phrase_match`: one of the phrases occurs in the value.
//!
//! Case counts unless `case_sensitive` is false. With `enforce_word_boundary` no word byte may touch a word byte at
//! either end of the phrase: `bin/cat` is not in `sbin/cat`, `${IFS}` is in `echo${IFS}x` (as in libddwaf 2.1).
//!
//! `"list": ["sqlmap", "nikto"]`

use aho_corasick::AhoCorasick;

#[derive(Debug)]
pub(in crate::rules) struct Phrases {
    phrases: Vec<Vec<u8>>,
    automaton: AhoCorasick,
    word_boundary: bool,
}

impl Phrases {
    pub fn new(
        phrases: &[impl AsRef<[u8]>],
        case_sensitive: bool,
        word_boundary: bool,
    ) -> Result<Self, String> {
        let phrases: Vec<_> = phrases.iter().map(|phrase| phrase.as_ref().to_vec()).collect();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(!case_sensitive)
            .build(&phrases)
            .map_err(|error| error.to_string())?;
        Ok(Self { phrases, automaton, word_boundary })
    }

    /// Start and end of the phrase that ends first.
    pub fn find(&self, value: &[u8]) -> Option<(usize, usize)> {
        if !self.word_boundary {
            return self.automaton.find(value).map(|found| (found.start(), found.end()));
        }
        self.automaton.find_overlapping_iter(value).map(|found| (found.start(), found.end())).find(
            |&(start, end)| {
                let word = |at: usize| value.get(at).is_some_and(is_word);
                let is_cut = |at: usize| at > 0 && word(at - 1) && word(at);
                !is_cut(start) && !is_cut(end)
            },
        )
    }

    pub fn literals(&self) -> Vec<Vec<u8>> {
        self.phrases.iter().map(|phrase| phrase.to_ascii_lowercase()).collect()
    }
}

/// Whether no word byte touches what is between start and end.
pub(in crate::rules) fn stands_alone(value: &[u8], start: usize, end: usize) -> bool {
    let word = |at: Option<usize>| at.and_then(|at| value.get(at)).is_some_and(is_word);
    !word(start.checked_sub(1)) && !word(Some(end))
}

fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

#[cfg(test)]
#[test]
fn vectors() {
    type Vector = (&'static [&'static str], bool, bool, &'static [u8], Option<(usize, usize)>);
    let vectors: [Vector; 11] = [
        (&["${ifs}"], false, true, b"echo${IFS}x", Some((4, 10))),
        (&["$ifs"], false, true, b"echo$IFSx", None),
        (&["bin/cat"], false, true, b"/sbin/cat", None),
        (&["sqlmap", "nikto"], true, false, b"x nikto/2", Some((2, 7))),
        (&["sqlmap"], true, false, b"SQLMAP", None),
        (&["sqlmap"], false, false, b"SQLmap", Some((0, 6))),
        (&["or"], true, true, b"for or", Some((4, 6))),
        (&["or"], true, true, b"for", None),
        (&["or"], true, true, b"or_", None),
        (&["abc", "b"], true, true, b"abc b", Some((0, 3))),
        (&["a"], true, false, b"", None),
    ];
    let mut ran = 0;
    for (phrases, case_sensitive, boundary, value, expected) in vectors {
        let phrases: Vec<_> = phrases.iter().map(|&p| p.to_owned()).collect();
        let found = Phrases::new(&phrases, case_sensitive, boundary).unwrap().find(value);
        assert_eq!(found, expected, "{phrases:?} in {}", value.escape_ascii());
        ran += 1;
    }
    assert_eq!(ran, 11);
}
