//! What a rules file says of processors and scanners, as its reader gives it.

use std::collections::BTreeMap;

use crate::rules::inapp::object::Key;

/// Processors and scanners, in the order of their files.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `processors`, those for which this engine's version is too old or too new left out.
    pub processors: Vec<Processor>,
    /// `scanners`.
    pub scanners: Vec<Scanner>,
}

/// An entry of `processors`.
#[derive(Clone, Debug)]
pub struct Processor {
    /// Unique among processors.
    pub id: String,
    /// What it makes.
    pub generator: Generator,
    /// It runs when all of these hold.
    pub conditions: Vec<Condition>,
    /// `parameters.mappings`: it makes one object for each.
    pub mappings: Vec<Mapping>,
    /// `parameters.scanners`, and what `processor_overrides` add; for `extract_schema`.
    pub scanners: Scanners,
    /// Rules may look at what it makes. Default: true.
    pub evaluate: bool,
    /// Events carry what it makes. Default: false.
    pub output: bool,
}

/// What a processor makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// `http_endpoint_fingerprint`.
    HttpEndpointFingerprint,
    /// `http_header_fingerprint`.
    HttpHeaderFingerprint,
    /// `http_network_fingerprint`.
    HttpNetworkFingerprint,
    /// `session_fingerprint`.
    SessionFingerprint,
    /// `extract_schema`.
    ExtractSchema,
    /// `jwt_decode`.
    JwtDecode,
    /// `uri_parse`.
    UriParse,
}

impl Generator {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::HttpEndpointFingerprint,
        Self::HttpHeaderFingerprint,
        Self::HttpNetworkFingerprint,
        Self::SessionFingerprint,
        Self::ExtractSchema,
        Self::JwtDecode,
        Self::UriParse,
    ];

    /// The name in rules files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HttpEndpointFingerprint => "http_endpoint_fingerprint",
            Self::HttpHeaderFingerprint => "http_header_fingerprint",
            Self::HttpNetworkFingerprint => "http_network_fingerprint",
            Self::SessionFingerprint => "session_fingerprint",
            Self::ExtractSchema => "extract_schema",
            Self::JwtDecode => "jwt_decode",
            Self::UriParse => "uri_parse",
        }
    }

    /// The generator with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|generator| generator.name() == name)
    }

    /// Names of what a mapping gives it, in the order of [`Mapping::inputs`]. All have to be in the file.
    #[must_use]
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::HttpEndpointFingerprint => &["method", "uri_raw", "query", "body"],
            Self::HttpHeaderFingerprint | Self::HttpNetworkFingerprint => &["headers"],
            Self::SessionFingerprint => &["cookies", "session_id", "user_id"],
            Self::ExtractSchema | Self::JwtDecode | Self::UriParse => &["inputs"],
        }
    }
}

/// From where to where.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// One for each of [`Generator::parameters`]: the first entry of its list (libddwaf reads no more).
    pub inputs: Vec<Input>,
    /// The address of what is made.
    pub output: String,
}

/// An address, and what of its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The address.
    pub address: String,
    /// A path in the object; empty: all of it. Of generators only `jwt_decode` looks at it.
    pub key_path: Vec<Key>,
}

/// A condition of a processor: holds when its operator does for a value of one of its inputs.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Where to look.
    pub inputs: Vec<Input>,
    /// What has to be there.
    pub operator: Operator,
    /// `!`: an input is there that is one value and for which the operator does not hold.
    pub negated: bool,
}

/// What is asked of a value, by conditions and scanners.
#[derive(Clone, Debug)]
pub enum Operator {
    /// `match_regex`, `match_regex_with_checksum`: matches somewhere in a text.
    Regex {
        /// RE2's syntax.
        pattern: String,
        /// Default: false.
        case_sensitive: bool,
        /// Texts with fewer bytes don't match. Default: 0.
        min_length: usize,
        /// What matches has to be right by this.
        checksum: Option<Checksum>,
    },
    /// `phrase_match`: one of these is in a text.
    Phrases {
        /// At least one.
        list: Vec<String>,
        /// Only as words of their own. Default: false.
        word_boundary: bool,
    },
    /// `exact_match`: a text is one of these.
    Exact(Vec<String>),
    /// `equals`.
    Equals(Scalar),
    /// `exists`: whatever it is.
    Exists,
}

/// The value of `equals`.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `string`.
    String(String),
    /// `boolean`.
    Bool(bool),
    /// `signed`.
    Signed(i64),
    /// `unsigned`.
    Unsigned(u64),
    /// `float`.
    Float {
        /// The number.
        value: f64,
        /// How far off a number may be. Default: 0.01.
        delta: f64,
    },
}

/// Check digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// `luhn`: of payment cards (ISO/IEC 7812-1 annex B); what is no digit is passed over.
    Luhn,
}

/// Which scanners a schema is made with.
#[derive(Clone, Debug, Default)]
pub struct Scanners {
    /// These…
    pub include: Vec<Reference>,
    /// …but for these.
    pub exclude: Vec<Reference>,
}

/// Scanners by what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The one with this id.
    Id(String),
    /// All that have each of these tags.
    Tags(Tags),
}

/// Tags of a scanner: `type`, `category`, …
pub type Tags = BTreeMap<String, String>;

/// An entry of `scanners`: says of a text what it is.
#[derive(Clone, Debug)]
pub struct Scanner {
    /// Unique among scanners.
    pub id: String,
    /// What texts are that it finds; schemas carry them.
    pub tags: Tags,
    /// The name the text stands under has to be so.
    pub key: Option<Operator>,
    /// The text has to be so. One of both is there.
    pub value: Option<Operator>,
}
