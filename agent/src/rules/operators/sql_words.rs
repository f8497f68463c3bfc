//! Which values libinjection need not read.
//!
//! Every attack it knows is a fingerprint of up to five tokens. None of its 8,367 fingerprints is made
//! of bare words, numbers, operators, commas, colons, dots, semicolons, function names, types and collations
//! alone; of those with `AND`/`OR` besides, each has a number or a function name; and of those with variables
//! (`@`, as in addresses of e-mail) besides words and numbers, each has an operator, a function name or a semicolon.
//! So a value without quotes, round brackets, comments and the like, and without a word of the other kinds, is
//! clean, and most text is that. `the_fingerprints_are_as_said` checks the claim against the library's table.

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
    /// An operator; `LIKE`.
    operator: bool,
}

impl Kind {
    fn add(&mut self, other: Self) {
        self.telling |= other.telling;
        self.begins |= other.begins;
        self.follows |= other.follows;
        self.logic |= other.logic;
        self.function |= other.function;
        self.operator |= other.operator;
    }
}

static WORDS: LazyLock<HashMap<Vec<u8>, Kind, BuildHasherDefault<Fnv>>> = LazyLock::new(|| {
    let mut words: HashMap<Vec<u8>, Kind, _> = HashMap::default();
    for entry in SQL_KEYWORDS.iter().filter(|entry| entry.token_type != b'F') {
        let harmless = matches!(entry.token_type, b'n' | b'1' | b't' | b'A');
        let single = !entry.word.contains(' ');
        for (number, word) in entry.word.split(' ').enumerate() {
            let kind = words.entry(word.as_bytes().to_ascii_uppercase()).or_default();
            match (entry.token_type, single) {
                // Plain words, numbers, types, collations.
                _ if harmless => {}
                // Words of several as well: that is more than it has to be.
                (b'o', _) => kind.operator = true,
                (b'f', true) => kind.function = true,
                (b'&', true) => kind.logic = true,
                (_, true) => kind.telling = true,
                (_, false) if number == 0 => kind.begins = true,
                (_, false) => kind.follows = true,
            }
        }
    }
    words.retain(|_, kind| {
        kind.telling || kind.begins || kind.follows || kind.logic || kind.function || kind.operator
    });
    words
});

/// Beginnings of the words, as bits: most words of a text are none of these.
static BEGINNINGS: LazyLock<[u64; 16]> = LazyLock::new(|| {
    let mut bits = [0; 16];
    for word in WORDS.keys() {
        let (at, bit) = beginning(word);
        if let Some(word) = bits.get_mut(at) {
            *word |= 1 << bit;
        }
    }
    bits
});

/// The bit of a word: by its first two bytes, five bits of each, which are the same in both cases.
fn beginning(word: &[u8]) -> (usize, u32) {
    let byte = |at: usize| usize::from(word.get(at).copied().unwrap_or_default() & 31);
    let at = byte(0) << 5 | byte(1);
    (at >> 6, (at & 63) as u32)
}

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
    /// The same, and an operator.
    Sign,
    /// A sign, harmless unless doubled, or `*` follows `/`.
    Pair,
    /// Harmless without functions and variables.
    Semicolon,
    /// Begins a variable.
    At,
    /// Quotes, round brackets, `#`…
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
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b'?' => Byte::Gap,
            b':' | b'+' | b'=' | b'%' | b'!' | b'<' | b'>' | b'*' | b'~' | b'^' => Byte::Sign,
            b';' => Byte::Semicolon,
            b'@' => Byte::At,
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
    let (mut digits, mut variable, mut semicolon) = (false, false, false);
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        match class(byte) {
            Byte::Gap => rest = after,
            Byte::Sign => {
                seen.operator = true;
                rest = after;
            }
            Byte::Pair => {
                let tells = if byte == b'/' { b'*' } else { byte };
                if after.first() == Some(&tells) {
                    return true;
                }
                seen.operator = true;
                rest = after;
            }
            Byte::Semicolon => {
                semicolon = true;
                rest = after;
            }
            Byte::At => {
                variable = true;
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
        if seen.telling
            || seen.begins && seen.follows
            || seen.logic && (seen.function || digits || variable)
            || semicolon && seen.function
            || variable && (seen.operator || seen.function || semicolon)
        {
            return true;
        }
    }
    false
}

fn class(byte: u8) -> Byte {
    BYTES.get(usize::from(byte)).copied().unwrap_or(Byte::Telling)
}

/// Notes the words of a run of word bytes; whether it has digits. Behind a number, which begins with a digit where
/// a word could begin, a word may start anywhere (`1fUNION`, `1.fUNION`), so that from there on each end of the run
/// counts as a word.
fn look_up(run: &[u8], seen: &mut Kind) -> bool {
    let digits = run.iter().any(u8::is_ascii_digit);
    let mut number = false;
    for piece in run.split(|&b| b == b'.') {
        note(piece, seen);
        number |= piece.first().is_some_and(u8::is_ascii_digit);
        if number {
            (1..piece.len()).for_each(|from| note(piece.get(from..).unwrap_or_default(), seen));
        }
    }
    digits
}

fn note(word: &[u8], seen: &mut Kind) {
    let (at, bit) = beginning(word);
    if BEGINNINGS.get(at).is_none_or(|bits| bits >> bit & 1 == 0) {
        return;
    }
    let mut upper = [0; LONGEST];
    let Some(upper) = upper.get_mut(..word.len()) else { return };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    if let Some(kind) = WORDS.get(&*upper) {
        seen.add(*kind);
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
    assert_eq!(made_of("N1O,:AF.?t;"), 0);
    assert_eq!(made_of("NO,:A&.?t;"), 0);
    assert_eq!(made_of("N1,:A.?tV"), 0);
}
