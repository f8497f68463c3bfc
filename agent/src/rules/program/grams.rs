//! Which of some thousand literals are in a text, ASCII case ignored: what the [filter](super::scan) asks of every
//! text.
//!
//! An automaton of all of them takes a step a byte that waits for the one before, in tables of megabytes. This looks at
//! each place of a text by itself: are the four bytes there four that stand in some literal? Of each literal one such
//! window is noted, its rarest; a bit of a table that fits into the first-level cache says of nearly all places
//! that they are none. Literals of two or three bytes have a window of two. Only where the bit is set, literals are
//! compared.
//!
//! Linear: at a place at most as many literals are compared as share a window, of each at most
//! [`Grams::LITERAL`] bytes.

use crate::rules::{bytes::ByteSet, need::rarity};

/// Bits of the table of windows of four bytes, as a power of two: 16 KiB.
const FOUR_BITS: u32 = 17;
const FOUR_WORDS: usize = 1 << (FOUR_BITS - 6);
/// Windows of two bytes have each a bit of their own: 8 KiB.
const PAIR_WORDS: usize = 1 << (16 - 6);
/// Sets bit 5 of each byte: letters of either case become the same. What else becomes the same (`[` and `{`) is told
/// apart when literals are compared.
const FOLD: u32 = 0x2020_2020;

/// Literals, and the windows by which they are found.
#[derive(Debug, Default)]
pub struct Grams {
    fours: Table<FOUR_WORDS>,
    pairs: Table<PAIR_WORDS>,
    /// Literals of one byte.
    ones: Vec<(u8, u32)>,
    /// In lower case.
    literals: Vec<Box<[u8]>>,
}

/// Windows of one length.
#[derive(Debug)]
struct Table<const WORDS: usize> {
    /// By hash of a window: whether it is one.
    bits: Box<[u64; WORDS]>,
    /// By hash without its last three bits: where the entries begin that have it.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// A literal at a window.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// What stands at the place, folded, as far as `mask` says.
    window: u32,
    mask: u32,
    literal: u32,
    /// The window's place in the literal.
    offset: u32,
}

impl<const WORDS: usize> Default for Table<WORDS> {
    fn default() -> Self {
        Self { bits: Box::new([0; WORDS]), starts: Vec::new(), entries: Vec::new() }
    }
}

/// The window of four bytes that begins so many bytes later.
#[inline]
fn window(eight: u64, place: u32) -> u32 {
    (eight >> (8 * place)) as u32 | FOLD
}

/// The bits that are set.
#[inline]
fn places(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        bits &= bits.checked_sub(1)?;
        Some(place)
    })
}

/// Number of the bit of a window of four bytes.
#[inline]
fn four(window: u32) -> usize {
    // Knuth's multiplicative hashing: the highest bits depend on all of the window.
    (window.wrapping_mul(0x9e37_79b1) >> (32 - FOUR_BITS)) as usize
}

/// The same of the first two bytes.
#[inline]
fn pair(window: u32) -> usize {
    (window & 0xffff) as usize
}

impl<const WORDS: usize> Table<WORDS> {
    fn of(mut entries: Vec<Entry>, place: fn(u32) -> usize) -> Self {
        entries.sort_by_key(|entry| (place(entry.window), entry.window));
        let mut table = Self { entries, ..Self::default() };
        let mut next = table.entries.iter().map(|entry| place(entry.window)).peekable();
        let mut before = 0_u32;
        for bucket in 0..=WORDS * 8 {
            table.starts.push(before);
            while let Some(bit) = next.next_if(|bit| bit >> 3 == bucket) {
                before = before.saturating_add(1);
                if let Some(word) = table.bits.get_mut(bit >> 6) {
                    *word |= 1 << (bit & 63);
                }
            }
        }
        table
    }

    /// 1 if the bit is set.
    #[inline]
    fn bit(&self, bit: usize) -> u64 {
        self.bits.get(bit >> 6).map_or(0, |word| word >> (bit & 63) & 1)
    }

    /// The entries among which those of a bit are.
    #[inline]
    fn entries(&self, bit: usize) -> &[Entry] {
        match (self.starts.get(bit >> 3), self.starts.get((bit >> 3) + 1)) {
            (Some(&start), Some(&end)) => self.entries.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

impl Grams {
    /// Bytes of a literal that are looked for, from its beginning.
    pub const LITERAL: usize = 16;

    /// Literals, each known by its index; of longer ones than [`Grams::LITERAL`] the beginning is looked for.
    #[must_use]
    pub fn new(literals: &[Vec<u8>]) -> Self {
        let mut grams = Self::default();
        let (mut fours, mut pairs) = (Vec::new(), Vec::new());
        let mut taken = std::collections::HashMap::new();
        for (number, literal) in (0u32..).zip(literals) {
            let literal: Box<[u8]> =
                literal.get(..Self::LITERAL).unwrap_or(literal).to_ascii_lowercase().into();
            match literal.len() {
                0 => {}
                1 => grams.ones.extend(literal.first().map(|&byte| (byte, number))),
                2 | 3 => pairs.extend(rarest(&literal, 2, number, &mut taken)),
                _ => fours.extend(rarest(&literal, 4, number, &mut taken)),
            }
            grams.literals.push(literal);
        }
        grams.fours = Table::of(fours, four);
        grams.pairs = Table::of(pairs, pair);
        grams
    }

    /// Notes the literals in a text whose bytes are `has`.
    pub fn find(&self, text: &[u8], has: ByteSet, found: &mut Found) {
        for &(byte, literal) in &self.ones {
            if has.contains(byte) || has.contains(byte.to_ascii_uppercase()) {
                found.note(literal);
            }
        }
        let mut at = 0;
        // Eight bytes have five windows of four: four places are looked at a time.
        while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let eight = u64::from_le_bytes(*eight);
            let hits = self.four_places(eight);
            if hits != (0, 0) {
                self.compare(text, at, eight, hits, found);
            }
            at += 4;
        }
        // What is behind the end is compared with no literal.
        let rest = text.get(at..).unwrap_or_default();
        let mut padded = [0; 16];
        if let Some(begun) = padded.get_mut(..rest.len()) {
            begun.copy_from_slice(rest);
        }
        for from in (0..rest.len()).step_by(4) {
            if let Some(eight) = padded.get(from..).and_then(<[u8]>::first_chunk::<8>) {
                let eight = u64::from_le_bytes(*eight);
                self.compare(text, at + from, eight, self.four_places(eight), found);
            }
        }
    }

    /// At which of the first four bytes a window of four, and one of two, may begin, as bits.
    #[inline(always)]
    fn four_places(&self, eight: u64) -> (u64, u64) {
        let windows = [0, 1, 2, 3].map(|place| window(eight, place));
        let [a, b, c, d] = windows.map(|window| self.fours.bit(four(window)));
        let [e, f, g, h] = windows.map(|window| self.pairs.bit(pair(window)));
        (a | b << 1 | c << 2 | d << 3, e | f << 1 | g << 2 | h << 3)
    }

    /// Compares the literals that have windows at these places. Apart from the loop that nearly always
    /// finds none, so that it keeps its registers.
    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, eight: u64, hits: (u64, u64), found: &mut Found) {
        for place in places(hits.0) {
            let window = window(eight, place);
            self.entries(self.fours.entries(four(window)), text, at + place as usize, window, found);
        }
        for place in places(hits.1) {
            let window = window(eight, place);
            self.entries(self.pairs.entries(pair(window)), text, at + place as usize, window, found);
        }
    }

    fn entries(&self, entries: &[Entry], text: &[u8], at: usize, window: u32, found: &mut Found) {
        for entry in entries {
            if window & entry.mask != entry.window || found.has(entry.literal) {
                continue;
            }
            let literal = self.literals.get(entry.literal as usize).map_or(&[][..], |literal| literal);
            let there = at
                .checked_sub(entry.offset as usize)
                .and_then(|start| text.get(start..)?.get(..literal.len()))
                .is_some_and(|there| there.eq_ignore_ascii_case(literal));
            if there {
                found.note(entry.literal);
            }
        }
    }
}

/// Literals that are in a text.
#[derive(Debug, Default)]
pub struct Found {
    /// By literal: number of the text in which it was found last.
    last: Vec<u64>,
    /// Number of the text.
    turn: u64,
    literals: Vec<u32>,
}

impl Found {
    /// Makes room for so many literals.
    pub fn fit(&mut self, literals: usize) {
        self.last.clear();
        self.last.resize(literals, 0);
        self.turn = 0;
    }

    /// From now on another text is looked at.
    pub fn begin(&mut self) {
        self.turn += 1;
        self.literals.clear();
    }

    /// The literals in the text, each once.
    #[must_use]
    pub fn literals(&self) -> &[u32] {
        &self.literals
    }

    fn has(&self, literal: u32) -> bool {
        self.last.get(literal as usize) == Some(&self.turn)
    }

    fn note(&mut self, literal: u32) {
        if let Some(last) = self.last.get_mut(literal as usize)
            && *last != self.turn
        {
            *last = self.turn;
            self.literals.push(literal);
        }
    }
}

/// The rarest window of a literal; of two as rare the one that fewer literals have taken.
fn rarest(
    literal: &[u8],
    len: usize,
    number: u32,
    taken: &mut std::collections::HashMap<Vec<u8>, u32>,
) -> Option<Entry> {
    let share = |window: &[u8]| taken.get(window).copied().unwrap_or_default() as f32 + 1.0;
    let cost = |window: &[u8]| rarity::of_text(window) * share(window);
    let windows = (0u32..).zip(literal.windows(len));
    let (offset, window) = windows.min_by(|(_, a), (_, b)| cost(a).total_cmp(&cost(b)))?;
    *taken.entry(window.to_vec()).or_default() += 1;
    // A window of two may say more: what follows in the literal.
    let from = literal.get(offset as usize..)?;
    let (mut bytes, mut mask) = ([0; 4], [0; 4]);
    for ((byte, masked), &there) in bytes.iter_mut().zip(&mut mask).zip(from) {
        (*byte, *masked) = (there, 0xff);
    }
    let mask = u32::from_le_bytes(mask);
    Some(Entry { window: (u32::from_le_bytes(bytes) | FOLD) & mask, mask, literal: number, offset })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn found(literals: &[Vec<u8>], text: &[u8]) -> BTreeSet<u32> {
        let mut found = Found::default();
        found.fit(literals.len());
        found.begin();
        Grams::new(literals).find(text, ByteSet::of(text), &mut found);
        let once: BTreeSet<u32> = found.literals().iter().copied().collect();
        assert_eq!(once.len(), found.literals().len(), "each once");
        once
    }

    fn plainly(literals: &[Vec<u8>], text: &[u8]) -> BTreeSet<u32> {
        let is_there = |literal: &Vec<u8>| {
            let literal = literal.get(..Grams::LITERAL).unwrap_or(literal);
            !literal.is_empty()
                && text.windows(literal.len()).any(|there| there.eq_ignore_ascii_case(literal))
        };
        (0u32..).zip(literals).filter(|(_, literal)| is_there(literal)).map(|(number, _)| number).collect()
    }

    #[test]
    fn vectors() {
        let literals: Vec<Vec<u8>> =
            ["select", "<", "..", "and", "\n'", "/etc/", "[a]{", "0123456789abcdefgh", "", "union", "unionx"]
                .map(|text| text.as_bytes().to_vec())
                .to_vec();
        let vectors: [(&str, &[u32]); 15] = [
            ("", &[]),
            ("<", &[1]),
            ("..", &[2]),
            ("a.b.", &[]),
            ("SELECT", &[0]),
            ("xseLecT", &[0]),
            ("selec", &[]),
            ("elect", &[]),
            ("AnD", &[3]),
            ("an", &[]),
            ("\n'", &[4]),
            // Folded, these windows are those of literals.
            ("*'", &[]),
            ("{A}[", &[]),
            ("/ETC/[A]{0123456789abcdef union", &[5, 6, 7, 9]),
            ("aaaaaaaaaaaaaaaaaaaaaaaaunionX..", &[2, 9, 10]),
        ];
        let mut ran = 0;
        for (text, expected) in vectors {
            assert_eq!(found(&literals, text.as_bytes()), expected.iter().copied().collect(), "{text:?}");
            ran += 1;
        }
        assert_eq!(ran, 15);
    }

    proptest! {
        #[test]
        fn finds_what_is_there(
            literals in prop::collection::vec(prop::collection::vec(
                prop_oneof![prop::sample::select(&b"abAB.[{\n*"[..]), any::<u8>()], 0..20), 0..20),
            around in prop::collection::vec((prop::collection::vec(
                prop_oneof![prop::sample::select(&b"abAB.[{\n*"[..]), any::<u8>()], 0..12), 0usize..20, any::<bool>()), 0..6),
        ) {
            let mut text = Vec::new();
            for (before, literal, upper) in around {
                text.extend(before);
                let mut literal = literals.get(literal).cloned().unwrap_or_default();
                if upper {
                    literal.make_ascii_uppercase();
                }
                text.extend(literal);
            }
            prop_assert_eq!(found(&literals, &text), plainly(&literals, &text));
        }
    }
}
