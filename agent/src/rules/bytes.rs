//! Sets of bytes: what a value holds, what a transformer or a literal needs.

use std::fmt;

/// A set of byte values.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// The bytes that stand in a text.
    #[must_use]
    pub const fn from_text(text: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        let mut rest = text;
        while let [byte, after @ ..] = rest {
            set.insert(*byte);
            rest = after;
        }
        set
    }

    /// From a byte to a byte, both included.
    #[must_use]
    pub const fn range(first: u8, last: u8) -> Self {
        let mut set = Self::EMPTY;
        let mut byte = first as usize;
        while byte <= last as usize {
            set.insert(byte as u8);
            byte += 1;
        }
        set
    }

    /// Adds a byte.
    pub const fn insert(&mut self, byte: u8) {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
    }

    /// The set and one byte more.
    #[must_use]
    pub const fn with(mut self, byte: u8) -> Self {
        self.insert(byte);
        self
    }

    /// The bytes of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a | e, b | f, c | g, d | h])
    }

    /// The bytes that are not in it.
    #[must_use]
    pub const fn complement(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([!a, !b, !c, !d])
    }

    /// Whether each byte of it is in the other.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        !self.intersects(other.complement())
    }

    /// The bytes that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        self.complement().union(other).complement()
    }

    /// With each ASCII letter in both cases.
    #[must_use]
    pub const fn folded(self) -> Self {
        // `A` and `a` are 32 apart in the second word.
        const UPPER: u64 = 0x07ff_fffe;
        let [a, letters, c, d] = self.0;
        let upper = (letters | letters >> 32) & UPPER;
        Self([a, letters | upper | upper << 32, c, d])
    }

    /// Whether a byte is in it.
    #[must_use]
    pub const fn contains(self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 != 0
    }

    /// Whether they have a byte in common.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        (a & e) | (b & f) | (c & g) | (d & h) != 0
    }

    /// Whether no byte is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        let [a, b, c, d] = self.0;
        a | b | c | d == 0
    }

    /// How many bytes are in it.
    #[must_use]
    pub const fn len(self) -> u32 {
        let [a, b, c, d] = self.0;
        a.count_ones() + b.count_ones() + c.count_ones() + d.count_ones()
    }

    /// The bytes that stand in a value, in one pass over it.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        // Four sets side by side: a byte need not wait for the one before it to be stored.
        let mut sets = [Self::EMPTY; 4];
        let mut chunks = value.chunks_exact(4);
        for chunk in &mut chunks {
            for (set, &byte) in sets.iter_mut().zip(chunk) {
                set.insert(byte);
            }
        }
        let rest = Self::from_text(chunks.remainder());
        sets.into_iter().fold(rest, Self::union)
    }

    /// These bytes.
    pub fn of_bytes(bytes: impl IntoIterator<Item = u8>) -> Self {
        bytes.into_iter().fold(Self::EMPTY, Self::with)
    }

    /// The bytes, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        let mut words = self.0;
        std::iter::from_fn(move || {
            let at = words.iter().position(|&word| word != 0)?;
            let word = words.get_mut(at)?;
            let bit = word.trailing_zeros();
            *word &= *word - 1;
            u8::try_from(64 * at as u32 + bit).ok()
        })
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.iter().collect();
        write!(f, "ByteSet({} of 256: \"{}\")", self.len(), bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::ByteSet;

    proptest! {
        #[test]
        fn is_a_set_of_bytes(
            one in prop::collection::vec(any::<u8>(), 0..40),
            two in prop::collection::vec(any::<u8>(), 0..40),
            byte: u8,
        ) {
            let (a, b) = (ByteSet::of(&one), ByteSet::of(&two));
            let (x, y): (BTreeSet<u8>, BTreeSet<u8>) = (one.iter().copied().collect(), two.iter().copied().collect());
            prop_assert_eq!(a, ByteSet::from_text(&one));
            prop_assert_eq!(a.iter().collect::<BTreeSet<_>>(), x.clone());
            prop_assert_eq!(a.len() as usize, x.len());
            prop_assert_eq!(a.is_empty(), x.is_empty());
            prop_assert_eq!(a.contains(byte), x.contains(&byte));
            prop_assert_eq!(a.complement().contains(byte), !x.contains(&byte));
            prop_assert_eq!(a.intersects(b), !x.is_disjoint(&y));
            prop_assert_eq!(a.union(b).iter().collect::<BTreeSet<_>>(), &x | &y);
        }
    }

    #[test]
    fn of_ranges_and_texts() {
        assert_eq!(ByteSet::range(b'a', b'e'), ByteSet::from_text(b"edcba"));
        assert_eq!(ByteSet::range(0, 255), ByteSet::ALL);
        assert_eq!(ByteSet::range(2, 1), ByteSet::EMPTY);
        assert_eq!(ByteSet::ALL.complement(), ByteSet::EMPTY);
        assert_eq!(format!("{:?}", ByteSet::from_text(b"b\"a\0")), r#"ByteSet(4 of 256: "\x00\"ab")"#);
    }
}
