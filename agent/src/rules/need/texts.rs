//! Small sets of lower-case texts.

use std::collections::BTreeSet;

/// Texts of a set that is multiplied out, and of a set of beginnings or ends.
const MOST_PRODUCTS: usize = 256;
/// Texts of any set.
const MOST: usize = 4000;
/// Bytes of all texts of a set.
const MOST_BYTES: usize = 64 * 1024;
/// Length of a beginning or an end.
const LONGEST_END: usize = 12;
/// How many beginnings or ends are kept apart.
const MOST_ENDS: usize = 64;

/// Lower-case texts, each once, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Texts(Vec<Vec<u8>>);

impl Texts {
    /// Just the empty text, which is everywhere.
    pub fn empty() -> Self {
        Self(vec![Vec::new()])
    }

    pub fn of(texts: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut texts: Vec<_> = texts.into_iter().collect();
        texts.iter_mut().for_each(|text| text.make_ascii_lowercase());
        texts.sort_unstable();
        texts.dedup();
        Self(texts)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// 0 also when there is none.
    pub fn shortest(&self) -> usize {
        self.0.iter().map(Vec::len).min().unwrap_or(0)
    }

    pub fn longest(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Each followed by each of the others; `None` when that were too many.
    pub fn times(&self, other: &Self) -> Option<Self> {
        let bytes = self.bytes() * other.len() + other.bytes() * self.len();
        if self.len() * other.len() > MOST_PRODUCTS || bytes > MOST_BYTES {
            return None;
        }
        let joined = |left: &Vec<u8>, right: &Vec<u8>| [&left[..], right].concat();
        Some(Self::of(self.iter().flat_map(|left| other.iter().map(move |right| joined(left, right)))))
    }

    /// Those of all; `None` when one is not there, or when that were too many.
    pub fn all(sets: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let (mut all, mut bytes) = (Vec::new(), 0);
        for set in sets {
            let set = set?;
            bytes += set.bytes();
            all.extend(set.0);
            if all.len() > MOST || bytes > MOST_BYTES {
                return None;
            }
        }
        Some(Self::of(all))
    }

    /// How they begin: cut so far that few are left.
    pub fn beginnings(&self) -> Self {
        self.cut(|text, len| text.get(..len).unwrap_or(text))
    }

    /// How they end.
    pub fn ends(&self) -> Self {
        self.cut(|text, len| text.len().checked_sub(len).and_then(|from| text.get(from..)).unwrap_or(text))
    }

    fn cut(&self, part: fn(&[u8], usize) -> &[u8]) -> Self {
        for len in (1..=LONGEST_END).rev() {
            let mut parts = BTreeSet::new();
            let few = self.iter().all(|text| {
                parts.insert(part(text, len));
                parts.len() <= MOST_ENDS
            });
            if few {
                return Self(parts.into_iter().map(<[u8]>::to_vec).collect());
            }
        }
        Self::empty()
    }
}
