//! What of a request can be compared with another one.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash},
    net::IpAddr,
};

use bytes::Bytes;

use super::{
    fields::{self, Class},
    target,
};
use crate::{client_ip, http::Request, limits};

/// A request, as far as it is compared. Texts are kept as hashes with a key of the agent's own, so that nobody can
/// make two that are equal.
#[derive(Clone, Debug)]
pub struct Likeness {
    /// Of method, end of the path, and query: requests that differ in it are never one chain.
    pub key: u64,
    /// The path; of one longer than [`limits::CHAIN_PATH`] nothing.
    pub path: Box<[u8]>,
    /// Of the target as sent.
    pub target: u64,
    /// Of the whole path.
    pub path_hash: u64,
    /// Header fields, sorted by name and value.
    pub fields: Box<[Field]>,
    /// Addresses in forwarding fields.
    pub told: Box<[IpAddr]>,
    /// Of what stands in them instead of addresses.
    pub garbage: Box<[u64]>,
    /// The body: of its bytes, how many there were on the wire, and whether bytes are missing.
    pub body: (u64, u64, bool),
}

/// A header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// Of its name, in small letters.
    pub name: u64,
    /// Of its value.
    pub value: u64,
    /// How it is weighed.
    pub class: Weight,
}

/// What [`Field`] says beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight {
    words: bool,
    id: bool,
    target: bool,
    listed: bool,
    /// A proxy may have written the value of itself.
    pub tame: bool,
    /// A field that clients write.
    pub clients: bool,
}

impl Weight {
    /// The sender's own words.
    #[must_use]
    pub fn is_words(self) -> bool {
        self.words
    }

    /// Equality speaks for an outer request.
    #[must_use]
    pub fn is_evidence(self) -> bool {
        self.words || self.id
    }

    /// Holds addresses, which are compared one by one.
    #[must_use]
    pub fn is_listed(self) -> bool {
        self.listed
    }

    /// Holds a target.
    #[must_use]
    pub fn is_target(self) -> bool {
        self.target
    }
}

impl Likeness {
    /// Of a request, hashed with `keys`.
    #[must_use]
    pub fn of(request: &Request, keys: &RandomState) -> Self {
        let (path, query) = target::split(&request.target);
        let mut told = Vec::new();
        let mut garbage = Vec::new();
        let mut small = String::new();
        let head = request.head_fields();
        let mut compared: Vec<Field> = Vec::with_capacity(head.len());
        for header in head {
            small.clear();
            small.extend(header.name.iter().map(|b| char::from(b.to_ascii_lowercase())));
            let class = fields::class(&small);
            if class == Class::Addresses {
                let mut note = |entry: &Bytes| {
                    for node in client_ip::nodes(&small, entry) {
                        match node {
                            Some(address) => told.push(address),
                            None => garbage.push(keys.hash_one(entry)),
                        }
                    }
                };
                if small == "forwarded" {
                    note(&header.value);
                } else {
                    let entries = header.value.split(|&b| b == b',').map(<[u8]>::trim_ascii);
                    entries.for_each(|entry| note(&header.value.slice_ref(entry)));
                }
            }
            compared.push(Field {
                name: keys.hash_one(&small),
                value: keys.hash_one(&header.value),
                class: Weight {
                    words: class == Class::Words,
                    id: class == Class::Id,
                    target: class == Class::Target,
                    listed: class == Class::Addresses && small != "forwarded",
                    tame: fields::is_tame(&header.value),
                    clients: fields::is_clients(&small),
                },
            });
        }
        compared.sort_unstable();
        compared.dedup();
        if told.len() + garbage.len() > limits::CHAIN_ADDRESSES {
            // More than is compared: what no other request has, so that nothing is carried.
            told.clear();
            garbage = vec![keys.hash_one(request.started)];
        }
        let kept = if path.len() <= limits::CHAIN_PATH { path } else { &[] };
        Self {
            key: keys.hash_one((&request.method, target::tail(path), query)),
            path: kept.into(),
            target: keys.hash_one(&request.target),
            path_hash: keys.hash_one(path),
            fields: compared.into(),
            told: told.into(),
            garbage: garbage.into(),
            body: (keys.hash_one(&request.body.data), request.body.wire_len, request.body.cut),
        }
    }

    /// Whether it has this field, and whether it has one of that name with another value only.
    #[must_use]
    pub fn field(&self, wanted: &Field) -> Has {
        let from = self.fields.partition_point(|field| field.name < wanted.name);
        let named = || self.fields.iter().skip(from).take_while(|field| field.name == wanted.name);
        if named().any(|field| field.value == wanted.value) {
            Has::Equal
        } else if named().next().is_some() {
            Has::Other
        } else {
            Has::None
        }
    }
}

/// What a request has of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// The same.
    Equal,
    /// One of that name with another value.
    Other,
    /// None of that name.
    None,
}

/// The hash of a piece of a path.
#[must_use]
pub fn piece(keys: &RandomState, text: &[u8]) -> u64 {
    let mut hasher = keys.build_hasher();
    text.hash(&mut hasher);
    std::hash::Hasher::finish(&hasher)
}
