//! Inputs: what stands at the addresses of the In-App WAF, as trees of names with bytes at the leaves.
//!
//! All bytes are copied, decoded once as their place asks for (percent-decoding in paths and forms,
//! escapes in JSON), into the [`Store`] of the transaction.

pub(crate) mod body;
pub(crate) mod cookies;
mod form;
mod headers;
mod json_body;
mod lanes;
mod multipart;
pub(crate) mod target;

use std::net::IpAddr;

pub use super::inapp::address::Known as Address;
use super::inapp::object::Object;
use json_body::End;
pub(crate) use json_body::Frame;

use super::{
    model::Source,
    transforms,
    values::{
        lanes::Lanes,
        stats::Stats,
        store::{Span, Store},
        tree::NodeId,
    },
};
use crate::{
    http::{Request, Response},
    limits,
    tls::hello::TlsFacts,
};

/// Fills a store with what rules of the In-App WAF look at.
pub(crate) struct Inputs<'s> {
    store: &'s mut Store,
    stats: &'s mut Stats,
    /// Open containers of JSON; a buffer.
    frames: &'s mut Vec<Frame>,
    /// Bytes of files so far.
    files_size: usize,
}

impl<'s> Inputs<'s> {
    /// Values and names go to this store, as far as it wants them.
    pub fn new(store: &'s mut Store, stats: &'s mut Stats, frames: &'s mut Vec<Frame>) -> Self {
        Self { store, stats, frames, files_size: 0 }
    }

    /// Takes a request apart.
    pub fn request(&mut self, request: &Request, client: IpAddr, peer: IpAddr) {
        if request.body.cut {
            self.store.cut();
        }
        self.value(Address::Method, NodeId::ROOT, &request.method);
        target::read(&request.target, self);
        headers::read(&request.headers, headers::REQUEST, self);
        headers::trailers(request, self);
        let content_type = request.header("content-type").map_or(&b""[..], |value| value);
        body::read(&request.body, content_type, body::REQUEST, self);
        for (address, ip) in [(Address::ClientIp, client), (Address::PeerIp, peer)] {
            if self.wants(address) {
                self.value(address, NodeId::ROOT, ip.to_string().as_bytes());
            }
        }
    }

    /// Takes a response apart.
    pub fn response(&mut self, response: &Response) {
        if self.wants(Address::ResponseStatus) {
            let mut digits = itoa::Buffer::new();
            self.word(Address::ResponseStatus, NodeId::ROOT, digits.format(response.status).as_bytes());
        }
        headers::read(&response.headers, headers::RESPONSE, self);
        let content_type = response.header("content-type").map_or(&b""[..], |value| value);
        body::read(&response.body, content_type, body::RESPONSE, self);
    }

    /// What is known of the connection's TLS.
    pub fn tls(&mut self, facts: &TlsFacts) {
        if let Some(ja4) = &facts.ja4 {
            self.value(Address::TlsJa4, NodeId::ROOT, ja4.as_str().as_bytes());
        }
        if let Some(sni) = &facts.sni {
            self.value(Address::TlsSni, NodeId::ROOT, sni.as_bytes());
        }
        if let Some(version) = facts.version
            && self.wants(Address::TlsVersion)
        {
            self.value(Address::TlsVersion, NodeId::ROOT, version.to_string().as_bytes());
        }
        if let Some(cipher) = facts.cipher
            && self.wants(Address::TlsCipher)
        {
            self.value(Address::TlsCipher, NodeId::ROOT, cipher.to_string().as_bytes());
        }
        match &facts.alpn {
            Some(alpn) => self.value(Address::TlsAlpn, NodeId::ROOT, alpn.as_bytes()),
            None => {
                for offered in &facts.alpn_offered {
                    self.value(Address::TlsAlpn, NodeId::ROOT, offered.as_bytes());
                }
            }
        }
    }

    /// What a processor made.
    pub fn object(&mut self, address: Address, object: &Object<'_>) {
        self.object_at(address, NodeId::ROOT, object);
    }

    /// Objects have a bound to their depth.
    fn object_at(&mut self, address: Address, node: NodeId, object: &Object<'_>) {
        if self.is_full() {
            return;
        }
        match object {
            Object::Array(items) => {
                for (index, item) in (0..).zip(items) {
                    let place = self.indexed(address, node, index);
                    self.object_at(address, place, item);
                }
            }
            Object::Map(entries) => {
                for (name, value) in entries {
                    let place = self.named(address, node, name);
                    self.object_at(address, place, value);
                }
            }
            Object::String(text) => self.value(address, node, text),
            Object::Unknown => {}
            word => self.word(address, node, word.to_json().to_string().as_bytes()),
        }
    }

    fn lane(address: Address, source: Source) -> Lanes {
        address.variable(source).map_or(Lanes::NONE, Lanes::of)
    }

    fn wants(&self, address: Address) -> bool {
        self.store.wants(Self::lane(address, Source::Values).and(Self::lane(address, Source::Keys)))
    }

    /// A name under another. Names are values too, for rules that ask for them.
    fn named(&mut self, address: Address, parent: NodeId, name: &[u8]) -> NodeId {
        let Some(span) = self.copy(name) else { return parent };
        self.key_at(address, parent, span)
    }

    fn named_lowercase(&mut self, address: Address, parent: NodeId, name: &[u8]) -> NodeId {
        let Some(span) = self.lowercase(name) else { return parent };
        self.key_at(address, parent, span)
    }

    fn lowercase(&mut self, name: &[u8]) -> Option<Span> {
        let name = self.bounded(name)?;
        self.store.build(|to| to.extend(name.iter().map(u8::to_ascii_lowercase)))
    }

    fn named_decoded(&mut self, address: Address, parent: NodeId, name: &[u8]) -> NodeId {
        let Some(span) = self.decode(name, true) else { return parent };
        self.key_at(address, parent, span)
    }

    fn key_at(&mut self, address: Address, parent: NodeId, span: Span) -> NodeId {
        self.key_in(address, Self::lane(address, Source::Keys), parent, span)
    }

    fn key_in(&mut self, address: Address, lanes: Lanes, parent: NodeId, span: Span) -> NodeId {
        let Some(variable) = address.variable(Source::Values) else { return parent };
        let node = self.store.key_node(variable, parent, span);
        self.push(lanes, node, span);
        node
    }

    fn indexed(&mut self, address: Address, parent: NodeId, index: u32) -> NodeId {
        address.variable(Source::Values).map_or(parent, |at| self.store.index_node(at, parent, index))
    }

    /// A value as it is.
    fn value(&mut self, address: Address, node: NodeId, bytes: &[u8]) {
        self.value_in(Self::lane(address, Source::Values), node, bytes);
    }

    fn value_in(&mut self, lanes: Lanes, node: NodeId, bytes: &[u8]) {
        if self.store.wants(lanes)
            && let Some(span) = self.copy(bytes)
        {
            self.push(lanes, node, span);
        }
    }

    /// A number, true, false or null.
    fn word(&mut self, address: Address, node: NodeId, bytes: &[u8]) {
        let number = self.store.len();
        self.value(address, node, bytes);
        self.store.mark_word(number);
    }

    /// A value after percent-decoding (`plus`: and `+` is a space).
    fn value_decoded(&mut self, address: Address, node: NodeId, bytes: &[u8], plus: bool) {
        let lanes = Self::lane(address, Source::Values);
        if self.store.wants(lanes)
            && let Some(span) = self.decode(bytes, plus)
        {
            self.push(lanes, node, span);
        }
    }

    fn push(&mut self, lanes: Lanes, node: NodeId, span: Span) {
        if !span.is_empty() {
            self.store.push_at(lanes, node, span);
        }
    }

    /// Whether no more values should be taken apart; says so once a caller asks and it is true.
    fn is_full(&mut self) -> bool {
        let full = self.store.is_full();
        self.stats.values_over_limit += u64::from(full);
        full
    }

    fn copy(&mut self, bytes: &[u8]) -> Option<Span> {
        let bytes = self.bounded(bytes)?;
        self.store.copy(bytes)
    }

    fn decode(&mut self, bytes: &[u8], plus: bool) -> Option<Span> {
        let bytes = self.bounded(bytes)?;
        self.store.build(|to| {
            let start = to.len();
            if !transforms::percent_decode(bytes, plus, to) {
                to.truncate(start);
                to.extend_from_slice(bytes);
            }
        })
    }

    /// As much of a value as is judged; nothing when the request has had its share.
    fn bounded<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let room = self.store.room().min(limits::JUDGED_VALUE);
        if bytes.len() > room {
            self.stats.values_cut += 1;
            self.store.cut();
        }
        if room == 0 && !bytes.is_empty() {
            return None;
        }
        bytes.get(..bytes.len().min(room))
    }
}
