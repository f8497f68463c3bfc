//! Operators: what a condition looks for.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::Input;

/// What a condition looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// `match_regex`: an expression (RE2's syntax) matches somewhere in a text.
    MatchRegex(Pattern),
    /// `match_regex_with_checksum`: so, and what it matched has a right check digit.
    MatchRegexWithChecksum {
        /// What a candidate looks like.
        pattern: Pattern,
        /// What is reckoned with it.
        checksum: Checksum,
    },
    /// `phrase_match`: one of the phrases occurs in a text.
    PhraseMatch {
        /// The phrases, none empty.
        phrases: Vec<String>,
        /// ASCII case counts. libddwaf knows no other; the option is Picket's own. Default: true.
        case_sensitive: bool,
        /// `enforce_word_boundary`: no word byte (`[0-9A-Za-z_]`) right before or after it. Default: false.
        word_boundary: bool,
    },
    /// `exact_match`: a text is one of these.
    ExactMatch(List<String>),
    /// `ip_match`: a text is an address inside one of these networks; IPv4-mapped IPv6 counts as IPv4.
    IpMatch(List<IpNet>),
    /// `is_sqli`: libinjection finds SQL injection in a text.
    IsSqli,
    /// `is_xss`: libinjection finds cross-site scripting in a text.
    IsXss,
    /// `hidden_ascii_match`: a text has code points of the block Tags (U+E0000 to U+E007F), which repeat
    /// ASCII and show nothing: at least four of them.
    HiddenAscii,
    /// `exists`: something stands at the path, whatever it is.
    Exists,
    /// `equals`: a value of the same kind is this. Whole numbers are one kind, signed or not; numbers with a
    /// fraction are another.
    Equals(Expected),
    /// `greater_than`: a number, of whatever kind, is greater. Negated it is `lower_equal`.
    GreaterThan(Number),
    /// `lower_than`: a number is lower. Negated it is `greater_equal`.
    LowerThan(Number),
    /// One that looks at what the service does while it answers: no engine outside its process can ask it.
    InProcess(Detector),
}

impl Operator {
    /// The name in the format, without `!` and `@v…`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MatchRegex(_) => "match_regex",
            Self::MatchRegexWithChecksum { .. } => "match_regex_with_checksum",
            Self::PhraseMatch { .. } => "phrase_match",
            Self::ExactMatch(_) => "exact_match",
            Self::IpMatch(_) => "ip_match",
            Self::IsSqli => "is_sqli",
            Self::IsXss => "is_xss",
            Self::HiddenAscii => "hidden_ascii_match",
            Self::Exists => "exists",
            Self::Equals(_) => "equals",
            Self::GreaterThan(_) => "greater_than",
            Self::LowerThan(_) => "lower_than",
            Self::InProcess(detector) => detector.kind.name(),
        }
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it stands; `regex` took it.
    pub regex: String,
    /// `options.case_sensitive`: ASCII case counts. Default: false.
    pub case_sensitive: bool,
    /// `options.min_length`: texts with fewer bytes are passed over. Default: 0.
    pub min_length: usize,
}

/// What `match_regex_with_checksum` reckons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// `luhn`: card numbers.
    Luhn,
}

/// What `exact_match` and `ip_match` compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List<T> {
    /// `list`: these.
    Here(Vec<T>),
    /// `data`: the id of an entry of `rules_data` (in an exclusion: of `exclusion_data`). An id without an
    /// entry is a list of nothing: the condition never holds, negated neither.
    Data(String),
}

/// What `equals` compares with.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// `string`: byte for byte.
    String(String),
    /// `boolean`.
    Boolean(bool),
    /// `unsigned`.
    Unsigned(u64),
    /// `signed`.
    Signed(i64),
    /// `float`: nearer than `delta`.
    Float {
        /// The number.
        value: f64,
        /// Default: 0.01.
        delta: f64,
    },
}

/// What `greater_than` and `lower_than` compare with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// `unsigned`.
    Unsigned(u64),
    /// `signed`.
    Signed(i64),
    /// `float`.
    Float(f64),
}

/// An operator that only an engine inside the service's process can ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Detector {
    /// Which.
    pub kind: DetectorKind,
    /// `@v2`; 1 without it.
    pub version: u32,
    /// What it compares, by name: `resource`, `params`, `db_type`.
    pub arguments: Vec<Argument>,
    /// `options` and `policy`, as they stand there.
    pub settings: BTreeMap<String, serde_json::Value>,
}

/// Inputs of a detector under one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// `resource`, `params`, `db_type`.
    pub name: &'static str,
    /// At least one.
    pub inputs: Vec<Input>,
}

/// The detectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DetectorKind {
    /// `lfi_detector`: a parameter chose the file that is opened.
    Lfi,
    /// `shi_detector`: a parameter became part of a shell command.
    Shell,
    /// `cmdi_detector`: a parameter chose the command that is run.
    Command,
    /// `ssrf_detector`: a parameter chose the URL that is asked for.
    Ssrf,
    /// `sqli_detector`: a parameter became part of a statement.
    Sql,
}

impl DetectorKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Lfi, Self::Shell, Self::Command, Self::Ssrf, Self::Sql];

    /// The name in the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lfi => "lfi_detector",
            Self::Shell => "shi_detector",
            Self::Command => "cmdi_detector",
            Self::Ssrf => "ssrf_detector",
            Self::Sql => "sqli_detector",
        }
    }
}
