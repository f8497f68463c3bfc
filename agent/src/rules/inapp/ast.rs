//! In-App WAF rules as they are read: every construct of the format, typed, nothing looked up yet.
//!
//! [`File`] is one file; [`Set`](super::Set) is several of them put together. What each construct means is
//! libddwaf's meaning (its `schema/` and `src/configuration/`, version [`super::LIBDDWAF`]).

use std::{collections::BTreeMap, sync::Arc};

use ipnet::IpNet;

pub use super::address::{Address, Known, Sight};
pub use crate::rules::model::{Source, Transform};
pub use crate::rules::seclang::ast::Place;

/// One file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// How the caller named it.
    pub name: Arc<str>,
    /// `version`: major and minor. Absent counts as 2.2, as libddwaf takes it for 2.
    pub version: (u32, u32),
    /// `metadata.rules_version`.
    pub rules_version: Option<String>,
    /// `rules`, `rules_compat` and `custom_rules`, in this order.
    pub rules: Vec<Rule>,
    /// `exclusions`.
    pub exclusions: Vec<Exclusion>,
    /// `rules_override`.
    pub overrides: Vec<Override>,
    /// `rules_data`.
    pub rules_data: Vec<Data>,
    /// `exclusion_data`.
    pub exclusion_data: Vec<Data>,
    /// `actions`.
    pub actions: Vec<Action>,
    /// `processors`.
    pub processors: Vec<Processor>,
    /// `processor_override`.
    pub processor_overrides: Vec<ProcessorOverride>,
    /// `scanners`.
    pub scanners: Vec<Scanner>,
}

/// Which section a rule stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// `rules`, and `rules_compat`: rules for engines that know `output`.
    #[default]
    Base,
    /// `custom_rules`: a user's own. Overrides do not touch them.
    Custom,
}

/// A rule: it holds on a transaction when each of its conditions holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique among the rules of a set.
    pub id: Arc<str>,
    /// For a person.
    pub name: String,
    /// `type` is always there. `module` says in which group of rules it is asked, see [`Module`].
    pub tags: BTreeMap<String, String>,
    /// Where it comes from.
    pub origin: Origin,
    /// At least one. The first is the one a match reports.
    pub conditions: Vec<Condition>,
    /// `on_match`: ids of actions.
    pub on_match: Vec<String>,
    /// A rule that is not enabled is read and checked, but never asked.
    pub enabled: bool,
    /// What is told when it holds.
    pub output: Output,
    /// Where it stands.
    pub place: Place,
}

/// A rule's `output`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// A match is told as an event. Without it there is at least one attribute.
    pub event: bool,
    /// The transaction is kept whatever is sampled.
    pub keep: bool,
    /// What is written on the transaction.
    pub attributes: Vec<Attribute>,
}

impl Default for Output {
    fn default() -> Self {
        Self { event: true, keep: true, attributes: Vec::new() }
    }
}

/// A name with a value that a rule which held writes on the transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// For example `appsec.events.users.login.track`.
    pub name: String,
    /// What it gets.
    pub value: AttributeValue,
}

/// What an attribute gets.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// `value`: this.
    Literal(Scalar),
    /// `address`, `key_path`, `transformers`: what stands there, if it is one value or a list of one.
    Taken(Input),
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A text.
    String(String),
    /// True or false.
    Boolean(bool),
    /// A whole number from 0.
    Unsigned(u64),
    /// A whole number below 0, or one that a rule calls signed.
    Signed(i64),
    /// A number with a fraction.
    Float(f64),
}

/// A condition: its operator holds on at least one value of one of its inputs; negated, on none.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What to look for.
    pub operator: Operator,
    /// `!` before the operator: holds when there is at least one value that the operator can judge, and
    /// it holds on none of them. `!exists` holds when the address is there and the path is not.
    /// Such a condition has exactly one input.
    pub negated: bool,
    /// Where to look; at least one. Empty for [`Operator::InProcess`], which has its own.
    pub inputs: Vec<Input>,
    /// Where it stands.
    pub place: Place,
}

impl Condition {
    /// Every input, those of [`Operator::InProcess`] too.
    pub fn every_input(&self) -> impl Iterator<Item = &Input> {
        let arguments = match &self.operator {
            Operator::InProcess(detector) => detector.arguments.as_slice(),
            _ => &[],
        };
        self.inputs.iter().chain(arguments.iter().flat_map(|argument| &argument.inputs))
    }
}

/// Values of a transaction, and what is done to them before the operator sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Which part of the transaction.
    pub address: Address,
    /// Only what is under this path; empty: everything.
    pub key_path: Vec<Key>,
    /// The values, or the names they stand under.
    pub source: Source,
    /// Applied in order, each to what the one before made. Texts only; other values stay as they are.
    pub transforms: Vec<Transform>,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The member of an object with this name. In an exclusion `*` is [`Key::Any`] instead.
    Name(String),
    /// The element of a list: from 0, or from -1 backwards.
    Index(i64),
    /// `*` in an exclusion: every member and every element.
    Any,
}

/// What a condition looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// `match_regex`: an expression (RE2's syntax) matches somewhere in a text.
    MatchRegex(Pattern),
    /// `match_regex_with_checksum` (scanners): so, and what it matched has a right check digit.
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
    /// ASCII and show nothing.
    HiddenAscii,
    /// `exists`: something stands at the path, whatever it is.
    Exists,
    /// `equals`: a value of the same kind is this. Whole numbers are one kind, signed or not.
    Equals(Expected),
    /// `greater_than`: a number is greater. Whole numbers are not compared with fractions.
    GreaterThan(Number),
    /// `lower_than`: a number is lower.
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
    /// `options`, as JSON stands there.
    pub options: BTreeMap<String, Scalar>,
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

/// An exclusion: when its conditions hold (none: always), rules or inputs are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclusion {
    /// Unique among the exclusions of a set.
    pub id: Arc<str>,
    /// May be empty.
    pub conditions: Vec<Condition>,
    /// `rules_target`: the rules it is about; empty: all rules.
    pub targets: Vec<Reference>,
    /// What is left out.
    pub effect: Exempt,
    /// Where it stands.
    pub place: Place,
}

/// What an exclusion does.
#[derive(Clone, Debug, PartialEq)]
pub enum Exempt {
    /// `inputs`: these values are not seen by the rules it is about.
    Inputs(Vec<ExemptInput>),
    /// No `inputs`: the rules it is about are…
    Rules(OnMatch),
}

/// A value that is left out, with all under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExemptInput {
    /// Of which part of the transaction.
    pub address: Address,
    /// Which of its values; empty: all.
    pub key_path: Vec<Key>,
}

/// What happens with rules that an exclusion is about. With several exclusions the lowest of these counts,
/// as they stand here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnMatch {
    /// `bypass` (the default): not asked.
    Bypass,
    /// `monitor`: asked, and they block nothing.
    Monitor,
    /// Asked, and this action stands in place of the blocking ones of a rule.
    Action(String),
}

/// Which rules, processors or scanners are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `rule_id` or `id`: this one.
    Id(String),
    /// `tags`: those that have all of these.
    Tags(BTreeMap<String, String>),
}

/// `rules_override`: what is otherwise in base rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// At least one; all by id or all by tags. Overrides by tags come first, those by id after them.
    pub targets: Vec<Reference>,
    /// `enabled`.
    pub enabled: Option<bool>,
    /// `on_match`: in place of the rule's.
    pub on_match: Option<Vec<String>>,
    /// `tags`: added where the rule has none of that name.
    pub tags: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// Values that rules refer to by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// Entries with the same id, of any file, are put together.
    pub id: Arc<str>,
    /// What they are.
    pub values: DataValues,
    /// Where it stands.
    pub place: Place,
}

/// Values that count for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataValues {
    /// `ip_with_expiration`, for `ip_match`.
    Ip(Vec<Expiring<IpNet>>),
    /// `data_with_expiration`, for `exact_match`.
    Text(Vec<Expiring<String>>),
}

/// A value that counts for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring<T> {
    /// The value.
    pub value: T,
    /// Seconds since 1970 after which it counts no longer; 0: it always does.
    pub until: u64,
}

/// An action: what is done when a rule that names it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What rules name it by.
    pub id: Arc<str>,
    /// What it is.
    pub kind: ActionKind,
    /// `parameters`: every value as a text.
    pub parameters: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// Kinds of actions (`type`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `block_request`: `status_code`, `grpc_status_code`, `type` (`auto`, `html`, `json`).
    Block,
    /// `redirect_request`: `location`, `status_code`.
    Redirect,
    /// `generate_stack`: a stack trace of the service; its process alone has one.
    Stack,
    /// `generate_schema`: schemas of the request are made.
    Schema,
    /// `monitor`: nothing is done.
    Monitor,
    /// Another; carried by name, without effect.
    Unknown(String),
}

impl ActionKind {
    /// Whether it keeps the request from the service.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        matches!(self, Self::Block | Self::Redirect)
    }

    /// The name in the format.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Block => "block_request",
            Self::Redirect => "redirect_request",
            Self::Stack => "generate_stack",
            Self::Schema => "generate_schema",
            Self::Monitor => "monitor",
            Self::Unknown(name) => name,
        }
    }
}

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
    /// `scanners`: which ones look at what it reads.
    pub scanners: Vec<Reference>,
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

/// `processor_override`: other scanners for processors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessorOverride {
    /// `target`: ids of processors; at least one.
    pub targets: Vec<String>,
    /// `scanners`: these, in place of the processor's.
    pub scanners: Vec<Reference>,
    /// Where it stands.
    pub place: Place,
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

/// Groups of rules: they are asked in this order, and in one group those that block first.
///
/// Source: libddwaf's `module_category.hpp` and its change log of 1.22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Module {
    /// `network-acl`.
    NetworkAcl,
    /// `authentication-acl`.
    AuthenticationAcl,
    /// `custom-acl`.
    CustomAcl,
    /// `configuration`.
    Configuration,
    /// `business-logic`.
    BusinessLogic,
    /// `rasp`.
    Rasp,
    /// `waf`, and whatever else the tag `module` says: here one match of each `type` is told, no more.
    Waf,
}

impl Module {
    /// By the tag `module`.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        match name {
            Some("network-acl") => Self::NetworkAcl,
            Some("authentication-acl") => Self::AuthenticationAcl,
            Some("custom-acl") => Self::CustomAcl,
            Some("configuration") => Self::Configuration,
            Some("business-logic") => Self::BusinessLogic,
            Some("rasp") => Self::Rasp,
            _ => Self::Waf,
        }
    }

    /// Which of two rules with the same verdict comes first.
    #[must_use]
    pub const fn first(self) -> Origin {
        match self {
            Self::NetworkAcl | Self::AuthenticationAcl | Self::Rasp => Origin::Base,
            _ => Origin::Custom,
        }
    }
}
