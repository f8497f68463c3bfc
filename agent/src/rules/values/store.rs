//! The values of a transaction, each with its name and the variables it belongs to.

use std::sync::Arc;

use super::{
    labels::{Label, Labels},
    lanes::Lanes,
    tree::{Node, NodeId},
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
    /// How many bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

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
    /// Its name inside a collection; empty for a scalar and at an address.
    pub name: Span,
    /// The same as a number, if a rule names it.
    pub label: Label,
    /// Where it stands at an address.
    pub node: NodeId,
    /// Its bytes.
    pub bytes: Span,
    /// Which bytes these are.
    pub set: ByteSet,
    /// It is a number, true, false or null, not a text.
    pub word: bool,
}

/// By what a member of a collection is known.
#[derive(Clone, Copy, Debug)]
pub struct Named<'s> {
    /// Its name.
    pub name: &'s [u8],
    /// Where it stands at an address.
    pub node: NodeId,
}

impl<'s> Named<'s> {
    /// A member of a collection of SecLang.
    #[must_use]
    pub fn by(name: &'s [u8]) -> Self {
        Self { name, node: NodeId::ROOT }
    }
}

impl Value {
    /// By what it is known.
    #[must_use]
    pub fn named<'s>(&self, store: &'s Store) -> Named<'s> {
        Named { name: store.slice(self.name), node: self.node }
    }
}

/// Values in the order they were found; buffers are reused from transaction to transaction.
#[derive(Debug, Default)]
pub struct Store {
    arena: Vec<u8>,
    values: Vec<Value>,
    pub(super) nodes: Vec<Node>,
    /// Places of lists that have no name themselves.
    pub(super) root_places: u32,
    /// Bytes and values that were there when the share now being used up began.
    share: (usize, usize),
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
        self.nodes.clear();
        self.root_places = 0;
        self.share = (0, 0);
        self.by_lane.resize_with(Lanes::COUNT, Vec::new);
        self.by_lane.iter_mut().for_each(Vec::clear);
        self.wanted = wanted;
        self.cut = false;
    }

    /// What comes now has a share of its own: the values of one rule language must not crowd out the other's.
    pub fn begin_share(&mut self) {
        self.share = (self.arena.len(), self.values.len());
    }

    /// Bytes that are left of the share.
    #[must_use]
    pub fn room(&self) -> usize {
        limits::JUDGED_BYTES.saturating_sub(self.arena.len() - self.share.0)
    }

    /// Whether there is no place for another value in the share. Says that something did not fit, then.
    pub fn is_full(&mut self) -> bool {
        let full = self.values.len() - self.share.1 >= limits::JUDGED_VALUES;
        self.cut |= full;
        full
    }

    /// Notes that something did not fit.
    pub fn cut(&mut self) {
        self.cut = true;
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
        let room = self.room();
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
        let room = self.room();
        fill(&mut self.arena);
        if self.arena.len() - start > room {
            self.arena.truncate(start + room);
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
        !self.is_full() && self.push_value(lanes, (name, label, NodeId::ROOT), bytes)
    }

    /// A value that stands at an address, and has no name but its place there. Who calls this has asked whether the
    /// store is full.
    pub fn push_at(&mut self, lanes: Lanes, node: NodeId, bytes: Span) {
        if self.wants(lanes) {
            self.push_value(lanes, (Span::default(), 0, node), bytes);
        }
    }

    fn push_value(&mut self, lanes: Lanes, known: (Span, Label, NodeId), bytes: Span) -> bool {
        let (name, label, node) = known;
        let Ok(number) = u32::try_from(self.values.len()) else { return false };
        let set = ByteSet::of(self.slice(bytes));
        self.values.push(Value { lanes, name, label, node, bytes, set, word: false });
        if let Some(word) = self.labelled.get_mut(usize::from(label) / 64) {
            *word |= 1 << (label % 64);
        }
        for variable in lanes.both(self.wanted).iter() {
            if let Some(of) = self.by_lane.get_mut(variable as usize) {
                of.push(number);
            }
        }
        true
    }

    /// The value with this number, if there is one, is a number, true, false or null.
    pub fn mark_word(&mut self, number: usize) {
        if let Some(value) = self.values.get_mut(number) {
            value.word = true;
        }
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
