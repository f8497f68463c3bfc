//! Inputs: the values of a request that rules look at, as trees of names with bytes at the leaves.
//!
//! All bytes are copied, decoded once as their place asks for (percent-decoding in paths and forms,
//! escapes in JSON), into one arena that is reused from request to request.

mod address;
pub(super) mod body;
mod cookies;
mod form;
mod headers;
mod json_body;
mod multipart;
pub(super) mod target;

use std::net::IpAddr;

pub use address::Address;
use json_body::End;

use super::model::Source;
use super::scratch::JudgeStats;
use super::transforms;
use crate::http::Request;
use crate::limits;

/// The values of one request.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    arena: Vec<u8>,
    nodes: Vec<Node>,
    values: Vec<Value>,
    wanted: Lanes,
    frames: Vec<json_body::Frame>,
    pub(super) stats: JudgeStats,
    cut: bool,
}

/// One value, or one name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub address: Address,
    pub source: Source,
    /// The name it stands under (for a name: itself).
    pub node: NodeId,
    span: Span,
}

impl Value {
    pub fn lane(&self) -> Lanes {
        Lanes::of(self.address, self.source)
    }
}

/// A name and the names above it.
#[derive(Clone, Copy, Debug)]
struct Node {
    parent: NodeId,
    name: Name,
    /// How many names stand above.
    depth: u32,
    /// The highest of them, or itself.
    top: NodeId,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    Key(Span),
    Index(u32),
}

/// Index of a [`Node`]; `ROOT` is the address itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

impl NodeId {
    pub const ROOT: Self = Self(u32::MAX);
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    len: u32,
}

/// A set of pairs of address and source, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lanes(u32);

impl Lanes {
    pub const COUNT: usize = Address::ALL.len() * 2;

    pub fn of(address: Address, source: Source) -> Self {
        Self(1 << (address as u32 * 2 + u32::from(source == Source::Keys)))
    }

    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Position of the only (lowest) lane.
    pub fn index(self) -> usize {
        self.0.trailing_zeros() as usize
    }

    pub fn at(index: usize) -> Self {
        Self(1 << index)
    }
}

impl Inputs {
    /// Takes a request apart; only the `wanted` lanes are filled.
    pub fn collect(&mut self, request: &Request, client_ip: IpAddr, wanted: Lanes) {
        self.arena.clear();
        self.nodes.clear();
        self.values.clear();
        self.wanted = wanted;
        self.cut = request.body.cut;

        self.value(Address::Method, NodeId::ROOT, &request.method);
        target::read(&request.target, self);
        headers::read(&request.headers, self);
        body::read(request, self);
        if self.wants(Address::ClientIp) {
            self.value(Address::ClientIp, NodeId::ROOT, client_ip.to_string().as_bytes());
        }
        self.stats.values += self.values.len() as u64;
        self.stats.cut_requests += u64::from(self.cut);
    }

    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The bytes of a value.
    pub fn bytes(&self, value: &Value) -> &[u8] {
        self.slice(value.span)
    }

    /// Whether not everything of the request is among the values.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether `node` stands under (or at) this path of keys. Indexes of lists are written in decimal.
    pub fn is_under(&self, node: NodeId, key_path: &[Vec<u8>]) -> bool {
        let Some((first, below)) = key_path.split_first() else { return true };
        let Some(Node { depth, top, .. }) = self.node(node) else { return false };
        let mut depth = *depth as usize;
        if depth < below.len() || !self.is_named(*top, first) {
            return false;
        }
        let mut at = node;
        while let (Some(here), true) = (self.node(at), depth > 0) {
            if key_path.get(depth).is_some_and(|key| !self.is_named(at, key)) {
                return false;
            }
            depth -= 1;
            at = here.parent;
        }
        true
    }

    fn is_named(&self, node: NodeId, key: &[u8]) -> bool {
        match self.node(node).map(|node| node.name) {
            Some(Name::Key(span)) => self.slice(span) == key,
            Some(Name::Index(index)) => {
                key.first().is_some_and(u8::is_ascii_digit) && index.to_string().as_bytes() == key
            }
            None => false,
        }
    }

    /// Where a value stands, for a person: `query.id`, `headers.user-agent`, `body.items.0.name`.
    pub fn location(&self, value: &Value) -> String {
        let mut names = Vec::new();
        let mut at = value.node;
        while let Some(node) = self.node(at) {
            names.push(match node.name {
                Name::Key(span) => shortened(self.slice(span)),
                Name::Index(index) => index.to_string(),
            });
            at = node.parent;
        }
        names.push(value.address.label().to_owned());
        names.reverse();
        names.join(".")
    }

    /// The nearest name above a value that is not a list index.
    pub fn key(&self, value: &Value) -> Option<String> {
        let mut at = value.node;
        while let Some(node) = self.node(at) {
            if let Name::Key(span) = node.name {
                return Some(shortened(self.slice(span)));
            }
            at = node.parent;
        }
        None
    }

    fn wants(&self, address: Address) -> bool {
        self.wanted.meets(Lanes::of(address, Source::Values))
            || self.wanted.meets(Lanes::of(address, Source::Keys))
    }

    /// A name under another. Names are values too, for rules that ask for them.
    fn named(&mut self, address: Address, parent: NodeId, name: &[u8]) -> NodeId {
        let Some(span) = self.copy(name) else { return parent };
        self.key_at(address, parent, span)
    }

    fn named_lowercase(&mut self, address: Address, parent: NodeId, name: &[u8]) -> NodeId {
        let start = self.arena.len();
        let Some(span) = self.copy(name) else { return parent };
        self.arena.iter_mut().skip(start).for_each(|byte| byte.make_ascii_lowercase());
        self.key_at(address, parent, span)
    }

    fn named_decoded(&mut self, address: Address, parent: NodeId, name: &[u8]) -> NodeId {
        let Some(span) = self.decode(name, true) else { return parent };
        self.key_at(address, parent, span)
    }

    fn key_at(&mut self, address: Address, parent: NodeId, span: Span) -> NodeId {
        let node = self.push_node(parent, Name::Key(span));
        self.push(address, Source::Keys, node, span);
        node
    }

    fn indexed(&mut self, parent: NodeId, index: u32) -> NodeId {
        self.push_node(parent, Name::Index(index))
    }

    fn push_node(&mut self, parent: NodeId, name: Name) -> NodeId {
        let Ok(id) = u32::try_from(self.nodes.len()).map(NodeId) else { return parent };
        let (depth, top) = self.node(parent).map_or((0, id), |above| (above.depth + 1, above.top));
        self.nodes.push(Node { parent, name, depth, top });
        id
    }

    /// A value as it is.
    fn value(&mut self, address: Address, node: NodeId, bytes: &[u8]) {
        if self.wanted.meets(Lanes::of(address, Source::Values))
            && let Some(span) = self.copy(bytes)
        {
            self.push(address, Source::Values, node, span);
        }
    }

    /// A value after percent-decoding (`plus`: and `+` is a space).
    fn value_decoded(&mut self, address: Address, node: NodeId, bytes: &[u8], plus: bool) {
        if self.wanted.meets(Lanes::of(address, Source::Values))
            && let Some(span) = self.decode(bytes, plus)
        {
            self.push(address, Source::Values, node, span);
        }
    }

    fn push(&mut self, address: Address, source: Source, node: NodeId, span: Span) {
        if self.wanted.meets(Lanes::of(address, source)) && span.len > 0 {
            self.values.push(Value { address, source, node, span });
        }
    }

    /// Whether no more values should be taken apart; says so once a caller asks and it is true.
    fn is_full(&mut self) -> bool {
        let full = self.values.len() >= limits::JUDGED_VALUES;
        if full {
            self.stats.values_over_limit += 1;
            self.cut = true;
        }
        full
    }

    fn copy(&mut self, bytes: &[u8]) -> Option<Span> {
        let bytes = self.bounded(bytes)?;
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        self.span_from(start)
    }

    fn decode(&mut self, bytes: &[u8], plus: bool) -> Option<Span> {
        let bytes = self.bounded(bytes)?;
        let start = self.arena.len();
        if !transforms::percent_decode(bytes, plus, &mut self.arena) {
            self.arena.truncate(start);
            self.arena.extend_from_slice(bytes);
        }
        self.span_from(start)
    }

    /// As much of a value as is judged; nothing when the request has had its share.
    fn bounded<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let room = limits::JUDGED_BYTES.saturating_sub(self.arena.len()).min(limits::JUDGED_VALUE);
        if bytes.len() > room {
            self.stats.values_cut += 1;
            self.cut = true;
        }
        if room == 0 && !bytes.is_empty() {
            return None;
        }
        bytes.get(..bytes.len().min(room))
    }

    fn span_from(&self, start: usize) -> Option<Span> {
        let len = self.arena.len().checked_sub(start)?;
        Some(Span { start: u32::try_from(start).ok()?, len: u32::try_from(len).ok()? })
    }

    fn slice(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        self.arena.get(start..start + span.len as usize).unwrap_or_default()
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }
}

/// A name as part of a location: lossy, at most 64 bytes of it.
fn shortened(name: &[u8]) -> String {
    String::from_utf8_lossy(name.get(..64).unwrap_or(name)).into_owned()
}
