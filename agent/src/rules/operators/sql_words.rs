//! Which values libinjection need not read.
//!
//! Every attack it knows is a fingerprint of up to five tokens. None of its 8,367 fingerprints is made
//! of bare words, numbers, operators, commas, colons, dots, function names, types and collations alone;
//! and of those with `AND`/`OR` besides, each has a number or a function name. So a value without
//! quotes, brackets, comments and the like, and without a word of the other kinds, is clean, and most
//! text is that. `the_fingerprints_are_as_said` checks the claim against the library's table.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use libinjectionrs::sqli::sqli_data::SQL_KEYWORDS;

/// What a word may become a token of.
#[derive(Clone, Copy, Default)]
struct Kind {
    /// Keyword, expression, grouping, union, T-SQL, variable.
    telling: bool,
    /// The first of several words that are that together (`GROUP BY`).
    begins: bool,
    /// One of those that follow.
    follows: bool,
    /// `AND`, `OR`, `XOR`.
    logic: bool,
    function: bool,
}

static WORDS: LazyLock<HashMap<Vec<u8>, Kind, BuildHasherDefault<Fnv>>> = LazyLock::new(|| {
    let mut words: HashMap<Vec<u8>, Kind, _> = HashMap::default();
    for entry in SQL_KEYWORDS.iter().filter(|entry| entry.token_type != b'F') {
        let harmless = matches!(entry.token_type, b'o' | b'n' | b'1' | b't' | b'A');
        let single = !entry.word.contains(' ');
        for (number, word) in entry.word.split(' ').enumerate() {
            let kind = words.entry(word.as_bytes().to_ascii_uppercase()).or_default();
            match (entry.token_type, single) {
                // Operators, plain words, numbers, types, collations.
                _ if harmless => {}
                (b'f', true) => kind.function = true,
                (b'&', true) => kind.logic = true,
                (_, true) => kind.telling = true,
                (_, false) if number == 0 => kind.begins = true,
                (_, false) => kind.follows = true,
            }
        }
    }
    words.retain(|_, kind| kind.telling || kind.begins || kind.follows || kind.logic || kind.function);
    words
});

/// Longest word in the table; the library looks up no longer one.
const LONGEST: usize = 31;

/// What a byte means here.
#[derive(Clone, Copy, PartialEq)]
enum Byte {
    /// Part of a word; digits too.
    Word,
    Digit,
    /// Between words, and harmless.
    Gap,
    /// Harmless unless doubled, or `*` follows `/`.
    Pair,
    /// Quotes, brackets, `;`, `@`…
    Telling,
}

const BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Telling; 256];
    let mut at = 0;
    while at < 256 {
        bytes[at] = match at as u8 {
            b'0'..=b'9' => Byte::Digit,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.' => Byte::Word,
            // To the library 0xA0 is white space even inside of a UTF-8 character.
            0xa0 => Byte::Gap,
            0x80.. => Byte::Word,
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'+' | b'=' | b'%' | b'?' | b'!' | b'<' | b'>'
            | b'*' | b'~' | b'^' => Byte::Gap,
            b'&' | b'|' | b'-' | b'/' => Byte::Pair,
            _ => Byte::Telling,
        };
        at += 1;
    }
    bytes
};

/// Whether the library might find something in a value; see the [module](self).
pub(in crate::rules) fn worth_reading(value: &[u8]) -> bool {
    let mut seen = Kind::default();
    let mut digits = false;
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        match class(byte) {
            Byte::Gap => rest = after,
            Byte::Pair => {
                let doubled =
                    after.first().is_some_and(|&next| next == byte || (byte == b'/' && next == b'*'));
                if doubled {
                    return true;
                }
                rest = after;
            }
            Byte::Telling => return true,
            Byte::Word | Byte::Digit => {
                let len = rest.iter().take_while(|&&b| matches!(class(b), Byte::Word | Byte::Digit)).count();
                let (run, after) = rest.split_at(len);
                digits |= look_up(run, &mut seen);
                rest = after;
            }
        }
        if seen.telling || seen.begins && seen.follows || seen.logic && (seen.function || digits) {
            return true;
        }
    }
    false
}

fn class(byte: u8) -> Byte {
    BYTES.get(usize::from(byte)).copied().unwrap_or(Byte::Telling)
}

/// Notes the words of a run of word bytes; whether it has digits. After a number a word may start
/// anywhere (`1fUNION`), so that each end of such a run counts as a word.
fn look_up(run: &[u8], seen: &mut Kind) -> bool {
    let digits = run.iter().any(u8::is_ascii_digit);
    for piece in run.split(|&b| b == b'.') {
        note(piece, seen);
        if digits {
            (1..piece.len()).for_each(|from| note(piece.get(from..).unwrap_or_default(), seen));
        }
    }
    digits
}

fn note(word: &[u8], seen: &mut Kind) {
    let mut upper = [0; LONGEST];
    let Some(upper) = upper.get_mut(..word.len()) else { return };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    if let Some(kind) = WORDS.get(&*upper) {
        seen.telling |= kind.telling;
        seen.begins |= kind.begins;
        seen.follows |= kind.follows;
        seen.logic |= kind.logic;
        seen.function |= kind.function;
    }
}

/// FNV-1a. The table is fixed, so nobody can make it collide.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
#[test]
fn the_fingerprints_are_as_said() {
    let prints: Vec<_> = SQL_KEYWORDS
        .iter()
        .filter(|entry| entry.token_type == b'F')
        .map(|entry| entry.word.strip_prefix('0').unwrap())
        .collect();
    assert!(prints.len() > 8000, "{}", prints.len());
    let made_of = |allowed: &str| prints.iter().filter(|p| p.chars().all(|c| allowed.contains(c))).count();
    // `.`, `?` and `t` (type) are in none.
    assert_eq!(made_of("N1O,:AF.?t"), 0);
    assert_eq!(made_of("NO,:A&.?t"), 0);
}
