//! What a text must have for an operator to hold on it: what makes a shared prefilter possible.
//!
//! One pass over a text says which literals of all rules and which bytes it has; only operators whose
//! need is met are run. A need that is met promises nothing; one that is not is a promise. ASCII case is
//! ignored everywhere, so that the pass may read a text before or after it is made lower-case.

mod pattern;
pub(in crate::rules) mod rarity;
mod texts;

use regex_syntax::hir::Hir;

use super::bytes::ByteSet;
use texts::Texts;

/// What each text on which an operator holds has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// In lower case, none empty; one of them occurs in the text, ASCII case ignored. `None`: there is no
    /// such list that would be worth looking for.
    pub literals: Option<Vec<Vec<u8>>>,
    /// At least one byte of each of these sets occurs in the text. Letters are in them in both cases.
    /// Rarest first, at most [`Need::SETS`].
    pub bytes: Vec<ByteSet>,
}

impl Need {
    /// Sets that are kept.
    pub const SETS: usize = 4;
    /// Nothing is known: the operator may hold on any text.
    pub const NOTHING: Self = Self { literals: None, bytes: Vec::new() };

    /// What the texts have in which an expression matches somewhere.
    #[must_use]
    pub fn of(hir: &Hir) -> Self {
        let part = pattern::part(hir);
        let literals = part.any().and_then(|texts| worth_looking_for(&texts));
        Self { literals, bytes: part.bytes }
    }

    /// One of these occurs, ASCII case ignored.
    #[must_use]
    pub fn one_of(texts: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let texts = Texts::of(texts);
        if texts.shortest() == 0 {
            return Self::NOTHING;
        }
        let rarest = texts.iter().map(|text| rarity::rarest_byte(text));
        Self { literals: worth_looking_for(&texts), bytes: vec![ByteSet::of_bytes(rarest).folded()] }
    }

    /// One of these bytes occurs.
    #[must_use]
    pub fn byte_of(set: ByteSet) -> Self {
        Self { literals: None, bytes: vec![set.folded()] }
    }

    /// Whether a text meets it.
    #[must_use]
    pub fn is_met_by(&self, text: &[u8]) -> bool {
        let has = ByteSet::from_text(text);
        let occurs = |literal: &Vec<u8>| {
            text.windows(literal.len().max(1)).any(|window| window.eq_ignore_ascii_case(literal))
        };
        self.bytes.iter().all(|set| set.intersects(has))
            && self.literals.as_ref().is_none_or(|literals| literals.iter().any(occurs))
    }
}

/// The texts, unless the byte sets say as much.
fn worth_looking_for(texts: &Texts) -> Option<Vec<Vec<u8>>> {
    match texts.shortest() {
        0 => None,
        1 if texts.longest() == 1 || rarity::of_texts(texts) > rarity::WORTH => None,
        _ => Some(texts.iter().cloned().collect()),
    }
}

#[cfg(test)]
mod tests;
