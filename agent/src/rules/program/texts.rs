//! What transformations make of the value that is looked at, each step computed at most once.

use crate::rules::{bytes::ByteSet, model::Transform};

/// A transformation behind others.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    /// The chain before it; 0 is the value as it is.
    pub parent: u32,
    /// What is done then; nothing for the first.
    pub transform: Option<Transform>,
    /// A value with none of these bytes is left unchanged by the whole chain.
    pub triggers: ByteSet,
    /// It makes something of an empty value.
    pub changes_empty: bool,
}

impl Chain {
    /// The value as it is.
    #[must_use]
    pub const fn root() -> Self {
        Self { parent: 0, transform: None, triggers: ByteSet::EMPTY, changes_empty: false }
    }
}

/// Texts of one value.
#[derive(Debug, Default)]
pub struct Texts {
    slots: Vec<Slot>,
    /// Number of the value that is looked at; slots of another number are from another value.
    turn: u64,
    /// Bytes of the value.
    bytes: ByteSet,
    empty: bool,
    /// What was made of the value: from which text, how, and which text that is. Chains that differ only in
    /// steps that change nothing lead to the same.
    made: Vec<(u32, Transform, u32)>,
}

#[derive(Debug, Default)]
struct Slot {
    turn: u64,
    /// The chain whose text it is: itself, or the last before it that changed anything.
    same_as: u32,
    text: Vec<u8>,
}

impl Texts {
    /// Makes room for the chains of an engine.
    pub fn fit(&mut self, chains: usize) {
        self.slots.clear();
        self.slots.resize_with(chains, Slot::default);
    }

    /// From now on another value is looked at.
    pub fn begin(&mut self, value: &[u8], bytes: ByteSet) {
        self.turn += 1;
        self.made.clear();
        self.bytes = bytes;
        self.empty = value.is_empty();
    }

    /// Whether chains with these triggers may change the value.
    #[must_use]
    pub fn may_change(&self, triggers: ByteSet, changes_empty: bool) -> bool {
        triggers.intersects(self.bytes) || (self.empty && changes_empty)
    }

    /// Computes what a chain makes of the value; which chain's text it is.
    pub fn resolve(&mut self, chains: &[Chain], chain: u32, value: &[u8]) -> u32 {
        if chain == 0 {
            return 0;
        }
        let Some(step) = chains.get(chain as usize) else { return 0 };
        if !self.may_change(step.triggers, step.changes_empty) {
            return 0;
        }
        if let Some(slot) = self.slots.get(chain as usize)
            && slot.turn == self.turn
        {
            return slot.same_as;
        }
        let parent = self.resolve(chains, step.parent, value);
        let (Some(transform), Some(slot)) = (step.transform, self.slots.get_mut(chain as usize)) else {
            return 0;
        };
        let known = self.made.iter().find(|(from, how, _)| (*from, *how) == (parent, transform));
        if let Some(&(.., same_as)) = known
            && self.bytes != ByteSet::ALL
        {
            (slot.turn, slot.same_as) = (self.turn, same_as);
            return same_as;
        }
        let mut out = std::mem::take(&mut slot.text);
        let changed = transform.apply(self.text(parent, value), &mut out);
        let same_as = if changed { chain } else { parent };
        if let Some(slot) = self.slots.get_mut(chain as usize) {
            *slot = Slot { turn: self.turn, same_as, text: out };
        }
        self.made.push((parent, transform, same_as));
        same_as
    }

    /// The text that differs from this one at most in the case of letters, before that was changed.
    #[must_use]
    pub fn but_for_case(&self, chains: &[Chain], same_as: u32) -> u32 {
        let mut text = same_as;
        while let Some(&Chain { parent, transform: Some(Transform::Lowercase), .. }) =
            chains.get(text as usize)
        {
            let slot = self.slots.get(parent as usize).filter(|slot| slot.turn == self.turn);
            text = slot.map_or(0, |slot| slot.same_as);
        }
        text
    }

    /// The text that [`resolve`](Self::resolve) named.
    #[must_use]
    pub fn text<'t>(&'t self, same_as: u32, value: &'t [u8]) -> &'t [u8] {
        if same_as == 0 { value } else { self.slots.get(same_as as usize).map_or(value, |slot| &slot.text) }
    }
}
