//! The values of a transaction, each with its name and the variables it belongs to.

use std::sync::Arc;

use super::{
    labels::{Label, Labels},
    lanes::Lanes,
};
use crate::{
    limits,
    rules::{bytes::ByteSet, variable::Variable},
};

/// A range of the store's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// What follows the first `skipped` bytes.
    #[must_use]
    pub fn tail(self, skipped: usize) -> Self {
        let skipped = u32::try_from(skipped).unwrap_or(u32::MAX).min(self.len);
        Self { start: self.start + skipped, len: self.len - skipped }
    }
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    /// The variables it belongs to.
    pub lanes: Lanes,
    /// Its name inside a collection; empty for a scalar.
    pub name: Span,
    /// The same as a number, if a rule names it.
    pub label: Label,
    /// Its bytes.
    pub bytes: Span,
    /// Which bytes these are.
    pub set: ByteSet,
}

/// Values in the order they were found; buffers are reused from transaction to transaction.
#[derive(Debug, Default)]
pub struct Store {
    arena: Vec<u8>,
    values: Vec<Value>,
    /// By variable: numbers of its values.
    by_lane: Vec<Vec<u32>>,
    wanted: Lanes,
    labels: Arc<Labels>,
    /// By label, as bits: whether there is a value of that name.
    labelled: Vec<u64>,
    cut: bool,
}

impl Store {
    /// Forgets everything; from now on values of these variables are kept, and names are told by these labels.
    pub fn clear(&mut self, wanted: Lanes, labels: &Arc<Labels>) {
        if !Arc::ptr_eq(&self.labels, labels) {
            self.labels = Arc::clone(labels);
        }
        self.labelled.clear();
        self.labelled.resize(labels.count().div_ceil(64), 0);
        self.arena.clear();
        self.values.clear();
        self.by_lane.resize_with(Lanes::COUNT, Vec::new);
        self.by_lane.iter_mut().for_each(Vec::clear);
        self.wanted = wanted;
        self.cut = false;
    }

    /// Whether anyone asks for one of these variables.
    #[must_use]
    pub fn wants(&self, lanes: Lanes) -> bool {
        self.wanted.meets(lanes)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether something did not fit.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// A value by its number.
    #[must_use]
    pub fn value(&self, number: u32) -> Option<&Value> {
        self.values.get(number as usize)
    }

    /// Whether there may be a value of this name, in whatever collection.
    #[must_use]
    pub fn has_label(&self, label: Label) -> bool {
        self.labelled.get(usize::from(label) / 64).is_some_and(|word| word >> (label % 64) & 1 == 1)
    }

    /// The numbers of a variable's values.
    #[must_use]
    pub fn of(&self, variable: Variable) -> &[u32] {
        self.by_lane.get(variable as usize).map_or(&[], Vec::as_slice)
    }

    /// The first value of a variable.
    #[must_use]
    pub fn scalar(&self, variable: Variable) -> Option<&[u8]> {
        self.of(variable).first().and_then(|&number| self.value(number)).map(|value| self.slice(value.bytes))
    }

    /// The first member of a collection with this name, ASCII case ignored.
    #[must_use]
    pub fn member(&self, variable: Variable, name: &[u8]) -> Option<&[u8]> {
        let values = self.of(variable).iter().filter_map(|&number| self.value(number));
        let mut named = values.filter(|value| self.slice(value.name).eq_ignore_ascii_case(name));
        named.next().map(|value| self.slice(value.bytes))
    }

    /// The bytes of a range.
    #[must_use]
    pub fn slice(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        self.arena.get(start..start + span.len as usize).unwrap_or_default()
    }

    /// Keeps bytes. Nothing when the transaction has had its share.
    pub fn copy(&mut self, bytes: &[u8]) -> Option<Span> {
        let room = limits::JUDGED_BYTES.saturating_sub(self.arena.len());
        if bytes.len() > room {
            self.cut = true;
            if room == 0 {
                return None;
            }
        }
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        self.span_from(start)
    }

    /// Keeps what `fill` appends.
    pub fn build(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Option<Span> {
        let start = self.arena.len();
        fill(&mut self.arena);
        if self.arena.len() > limits::JUDGED_BYTES {
            self.arena.truncate(limits::JUDGED_BYTES.max(start));
            self.cut = true;
        }
        self.span_from(start)
    }

    fn span_from(&self, start: usize) -> Option<Span> {
        let len = self.arena.len().checked_sub(start)?;
        Some(Span { start: u32::try_from(start).ok()?, len: u32::try_from(len).ok()? })
    }

    /// A value whose bytes are kept already. False: there is no room.
    pub fn push(&mut self, lanes: Lanes, name: Span, bytes: Span) -> bool {
        self.push_labelled(lanes, name, self.labels.of(self.slice(name)), bytes)
    }

    fn push_labelled(&mut self, lanes: Lanes, name: Span, label: Label, bytes: Span) -> bool {
        if !self.wants(lanes) {
            return true;
        }
        if self.values.len() >= limits::JUDGED_VALUES {
            self.cut = true;
            return false;
        }
        let Ok(number) = u32::try_from(self.values.len()) else { return false };
        let set = ByteSet::of(self.slice(bytes));
        self.values.push(Value { lanes, name, label, bytes, set });
        if let Some(word) = self.labelled.get_mut(usize::from(label) / 64) {
            *word |= 1 << (label % 64);
        }
        for variable in lanes.iter() {
            if self.wanted.has(variable)
                && let Some(of) = self.by_lane.get_mut(variable as usize)
            {
                of.push(number);
            }
        }
        true
    }

    /// A scalar.
    pub fn scalar_value(&mut self, lanes: Lanes, bytes: &[u8]) {
        if self.wants(lanes)
            && let Some(bytes) = self.copy(bytes)
        {
            self.push(lanes, Span::default(), bytes);
        }
    }

    /// A scalar that is a number.
    pub fn number(&mut self, lanes: Lanes, number: u64) {
        if self.wants(lanes) {
            self.scalar_value(lanes, itoa::Buffer::new().format(number).as_bytes());
        }
    }

    /// A member of a collection, and its name as a value of the variables of names. False: there is no room.
    pub fn member_value(&mut self, lanes: Lanes, names: Lanes, name: &[u8], bytes: &[u8]) -> bool {
        if !self.wants(lanes.and(names)) {
            return true;
        }
        let (Some(name), Some(bytes)) = (self.copy(name), self.copy(bytes)) else { return false };
        let label = self.labels.of(self.slice(name));
        self.push_labelled(lanes, name, label, bytes) && self.push_labelled(names, name, label, name)
    }
}
