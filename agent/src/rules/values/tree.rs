//! Names of values, and the names above them: what stands where in a body, a query, a header.

use super::store::{Span, Store};
use crate::rules::variable::Variable;

/// A name and the names above it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    parent: NodeId,
    name: Name,
    /// How many names stand above.
    depth: u32,
    /// The highest of them, or itself.
    top: NodeId,
    /// How many places it has, if it is a list.
    places: u32,
    /// The address it stands at.
    address: Variable,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Key(Span),
    Index(u32),
}

/// A name in the tree of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeId(u32);

impl NodeId {
    /// Above all names: the address, or the variable, itself.
    pub const ROOT: Self = Self(0);
}

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// This name. A place in a list has its number as a name, too.
    Key(Box<[u8]>),
    /// This place in a list; -1 is the last.
    Index(i64),
    /// Any.
    Any,
}

impl Store {
    /// A name under another.
    pub fn key_node(&mut self, address: Variable, parent: NodeId, name: Span) -> NodeId {
        self.node(address, parent, Name::Key(name))
    }

    /// A place in a list.
    pub fn index_node(&mut self, address: Variable, parent: NodeId, index: u32) -> NodeId {
        let places = index.saturating_add(1);
        match (parent.0 as usize).checked_sub(1).and_then(|at| self.nodes.get_mut(at)) {
            Some(list) => list.places = list.places.max(places),
            None => self.root_places = self.root_places.max(places),
        }
        self.node(address, parent, Name::Index(index))
    }

    fn node(&mut self, address: Variable, parent: NodeId, name: Name) -> NodeId {
        let Ok(id) = u32::try_from(self.nodes.len() + 1).map(NodeId) else { return parent };
        let (depth, top) = self.at(parent).map_or((0, id), |above| (above.depth + 1, above.top));
        self.nodes.push(Node { parent, name, depth, top, places: 0, address });
        id
    }

    /// Whether anything stands at an address, at this path.
    #[must_use]
    pub fn exists(&self, address: Variable, path: &[Step]) -> bool {
        let at = |node: &Node| node.address == address;
        let mut ids = (1..).map(NodeId).zip(&self.nodes);
        let mut values = self.of(address).iter().filter_map(|&number| self.value(number));
        values.any(|value| self.is_under(value.node, path))
            || ids.any(|(id, node)| at(node) && self.is_under(id, path))
    }

    /// Whether a name is this path or stands under it.
    #[must_use]
    pub fn is_under(&self, node: NodeId, path: &[Step]) -> bool {
        let Some((first, below)) = path.split_first() else { return true };
        let Some(Node { depth, top, .. }) = self.at(node) else { return false };
        let mut depth = *depth as usize;
        // Most are told apart by the first name.
        if depth < below.len() || !self.is_named(*top, first) {
            return false;
        }
        let mut at = node;
        while let (Some(here), true) = (self.at(at), depth > 0) {
            if path.get(depth).is_some_and(|step| !self.is_named(at, step)) {
                return false;
            }
            depth -= 1;
            at = here.parent;
        }
        true
    }

    fn is_named(&self, node: NodeId, step: &Step) -> bool {
        let Some(node) = self.at(node) else { return false };
        match (step, node.name) {
            (Step::Any, _) => true,
            (Step::Key(key), Name::Key(span)) => self.slice(span) == &key[..],
            (Step::Key(key), Name::Index(index)) => itoa::Buffer::new().format(index).as_bytes() == &key[..],
            (Step::Index(_), Name::Key(_)) => false,
            (Step::Index(at), Name::Index(index)) => {
                let places = self.at(node.parent).map_or(self.root_places, |list| list.places);
                let at = if *at < 0 { at.saturating_add(i64::from(places)) } else { *at };
                at == i64::from(index)
            }
        }
    }

    /// The names down to a value, behind what they stand under, for a person: `body.items.0.name`.
    #[must_use]
    pub fn location(&self, label: &str, node: NodeId) -> String {
        let mut names = Vec::new();
        let mut at = node;
        while let Some(node) = self.at(at) {
            names.push(match node.name {
                Name::Key(span) => shortened(self.slice(span)),
                Name::Index(index) => index.to_string(),
            });
            at = node.parent;
        }
        names.push(label.to_owned());
        names.reverse();
        names.join(".")
    }

    /// The nearest name that is not a place in a list.
    #[must_use]
    pub fn key(&self, node: NodeId) -> Option<String> {
        let mut at = node;
        while let Some(node) = self.at(at) {
            if let Name::Key(span) = node.name {
                return Some(shortened(self.slice(span)));
            }
            at = node.parent;
        }
        None
    }

    fn at(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get((id.0 as usize).checked_sub(1)?)
    }
}

/// A name as part of a location: lossy, at most 64 bytes of it.
fn shortened(name: &[u8]) -> String {
    String::from_utf8_lossy(name.get(..64).unwrap_or(name)).into_owned()
}
