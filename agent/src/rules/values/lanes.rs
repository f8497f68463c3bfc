//! Lanes: the variables a value belongs to, as a set of bits.

use crate::rules::variable::Variable;

const WORDS: usize = 3;
const _: () = assert!(Variable::ALL.len() <= WORDS * 64);

/// A set of variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lanes([u64; WORDS]);

impl Lanes {
    /// How many there are.
    pub const COUNT: usize = Variable::ALL.len();

    /// None.
    pub const NONE: Self = Self([0; WORDS]);

    /// One variable.
    #[must_use]
    pub const fn of(variable: Variable) -> Self {
        let mut words = [0; WORDS];
        words[variable as usize / 64] = 1 << (variable as usize % 64);
        Self(words)
    }

    /// Several.
    #[must_use]
    pub const fn all(variables: &[Variable]) -> Self {
        let mut all = Self::NONE;
        let mut at = 0;
        while at < variables.len() {
            all = all.and(Self::of(variables[at]));
            at += 1;
        }
        all
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        Self([a | d, b | e, c | f])
    }

    /// What both have.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        Self([a & d, b & e, c & f])
    }

    /// Whether they have one in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        (a & d) | (b & e) | (c & f) != 0
    }

    /// Whether a variable is in it.
    #[must_use]
    pub const fn has(self, variable: Variable) -> bool {
        self.meets(Self::of(variable))
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        let [a, b, c] = self.0;
        a | b | c == 0
    }

    /// How many numbers [`Lanes::hash`] gives.
    pub const HASHES: usize = 1 << Self::HASH_BITS;
    const HASH_BITS: u32 = 10;

    /// A number below [`Lanes::HASHES`] that differs for most sets, and for most `more`.
    #[must_use]
    pub const fn hash(self, more: u64) -> usize {
        let [a, b, c] = self.0;
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (a.wrapping_mul(MIX).rotate_left(23) ^ b).wrapping_mul(MIX).rotate_left(23) ^ c;
        let mixed = (mixed.wrapping_mul(MIX).rotate_left(23) ^ more).wrapping_mul(MIX);
        (mixed >> (64 - Self::HASH_BITS)) as usize
    }

    /// Its variables.
    pub fn iter(self) -> impl Iterator<Item = Variable> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let word = rest.iter().position(|&word| word != 0)?;
            let bits = rest.get_mut(word)?;
            let bit = bits.trailing_zeros() as usize;
            *bits &= *bits - 1;
            Variable::ALL.get(word * 64 + bit).copied()
        })
    }
}
