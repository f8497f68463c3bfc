//! Processors and scanners: what is made of a transaction.

use std::{collections::BTreeMap, sync::Arc};

use super::{Address, Condition, Input, Operator, Place, Reference};

/// A processor: makes an address from others.
#[derive(Clone, Debug, PartialEq)]
pub struct Processor {
    /// Unique among the processors of a set.
    pub id: Arc<str>,
    /// What it makes.
    pub generator: Generator,
    /// When it does; empty: always.
    pub conditions: Vec<Condition>,
    /// At least one: from what, to what.
    pub mappings: Vec<Mapping>,
    /// `scanners`: which ones look at what it reads. See [`Set::scanners_of`](crate::rules::inapp::Set::scanners_of).
    pub scanners: Vec<Reference>,
    /// Which ones do not: from overrides, empty in a file.
    pub not_scanners: Vec<Reference>,
    /// What it makes can be asked by rules: it comes before them. Otherwise after.
    pub evaluate: bool,
    /// What it makes is told.
    pub output: bool,
    /// Where it stands.
    pub place: Place,
}

/// What processors make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Generator {
    /// `extract_schema`: the shape of a value.
    ExtractSchema,
    /// `http_endpoint_fingerprint`.
    EndpointFingerprint,
    /// `http_header_fingerprint`.
    HeaderFingerprint,
    /// `http_network_fingerprint`.
    NetworkFingerprint,
    /// `session_fingerprint`.
    SessionFingerprint,
    /// `jwt_decode`.
    JwtDecode,
    /// `uri_parse`: the parts of a URL.
    UriParse,
}

impl Generator {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ExtractSchema,
        Self::EndpointFingerprint,
        Self::HeaderFingerprint,
        Self::NetworkFingerprint,
        Self::SessionFingerprint,
        Self::JwtDecode,
        Self::UriParse,
    ];

    /// The name in the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExtractSchema => "extract_schema",
            Self::EndpointFingerprint => "http_endpoint_fingerprint",
            Self::HeaderFingerprint => "http_header_fingerprint",
            Self::NetworkFingerprint => "http_network_fingerprint",
            Self::SessionFingerprint => "session_fingerprint",
            Self::JwtDecode => "jwt_decode",
            Self::UriParse => "uri_parse",
        }
    }

    /// The names of its inputs, in the order of [`Mapping::inputs`].
    #[must_use]
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::ExtractSchema | Self::JwtDecode | Self::UriParse => &["inputs"],
            Self::EndpointFingerprint => &["method", "uri_raw", "query", "body"],
            Self::HeaderFingerprint | Self::NetworkFingerprint => &["headers"],
            Self::SessionFingerprint => &["cookies", "session_id", "user_id"],
        }
    }
}

/// From what, to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// One for each name of [`Generator::parameters`], in that order. No transformers; libddwaf reads the
    /// first of several.
    pub inputs: Vec<Input>,
    /// `output`.
    pub output: Address,
}

/// Other scanners for processors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessorOverride {
    /// `target`: ids of processors; at least one.
    pub targets: Vec<String>,
    /// `scanners`.
    pub scanners: ScannerChange,
    /// Where it stands.
    pub place: Place,
}

/// What an override does with a processor's scanners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerChange {
    /// `processor_override` of libddwaf 1.25 to 1.30: these in place of the processor's.
    Replace(Vec<Reference>),
    /// `processor_overrides`: these besides, those no longer. By id counts more than by tags, and no more
    /// than yes.
    Change {
        /// `include`.
        include: Vec<Reference>,
        /// `exclude`.
        exclude: Vec<Reference>,
    },
}

/// A scanner: says what kind of data a name and its value are.
#[derive(Clone, Debug, PartialEq)]
pub struct Scanner {
    /// Unique among the scanners of a set.
    pub id: Arc<str>,
    /// For a person; libddwaf ignores it.
    pub name: String,
    /// What is said of data it finds: `type`, `category`.
    pub tags: BTreeMap<String, String>,
    /// What the name looks like; absent: any.
    pub key: Option<Operator>,
    /// What the value looks like; absent: any. At least one of both is there.
    pub value: Option<Operator>,
    /// Where it stands.
    pub place: Place,
}
