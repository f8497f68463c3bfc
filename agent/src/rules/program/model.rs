//! What readers produce and [`compile`](super::compile) takes.

use std::sync::Arc;

use super::template::Template;
use crate::rules::{model::Transform, variable::Variable};

/// Rules in the order they are asked.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Rules and markers.
    pub steps: Vec<Step>,
    /// What directives beside rules say.
    pub settings: Settings,
}

/// A step of a program.
#[derive(Clone, Debug)]
pub enum Step {
    /// A rule, with its chain.
    Rule(Box<Rule>),
    /// Where `skipAfter` leads.
    Marker(String),
}

/// Settings of a program.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `SecArgumentSeparator`.
    pub separator: u8,
    /// `SecRequestBodyAccess`, `SecResponseBodyAccess`.
    pub request_body: bool,
    /// The same for responses.
    pub response_body: bool,
    /// What the rules may do.
    pub engine: Mode,
    /// Media types whose response bodies are judged; empty: all.
    pub response_types: Vec<String>,
    /// `SecRequestBodyJsonDepthLimit`, for JSON; at most what [`BODY_DEPTH`](crate::limits::BODY_DEPTH) says.
    pub json_depth: usize,
    /// `SecUploadFileLimit`.
    pub files: usize,
    /// `SecCollectionTimeout`: seconds.
    pub collection_timeout: i64,
    /// `SecWebAppId`: applications have sessions, users and resources of their own.
    pub web_app_id: String,
    /// `SecUnicodeMapFile`: where it stands, the file, the code page.
    pub unicode_map: Option<(crate::rules::seclang::ast::Place, String, u32)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            separator: b'&',
            request_body: true,
            response_body: true,
            engine: Mode::DetectionOnly,
            response_types: Vec::new(),
            json_depth: crate::limits::BODY_DEPTH,
            files: crate::limits::BODY_FILES,
            collection_timeout: crate::limits::COLLECTION_TIMEOUT,
            web_app_id: String::new(),
            unicode_map: None,
        }
    }
}

pub use crate::rules::seclang::ast::Engine as Mode;

/// What is said of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Its id; 0 is none.
    pub id: u64,
    /// Its tags, in order; macros as they stand.
    pub tags: Vec<String>,
    /// `msg`, macros as they stand.
    pub message: String,
    /// 0 (emergency) to 7 (debug).
    pub severity: Option<u8>,
    /// `rev`.
    pub revision: String,
    /// `ver`.
    pub version: String,
    /// Where it stands.
    pub place: crate::rules::seclang::ast::Place,
}

/// A rule: it holds when each of its links holds, the first asked first.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Id, tags, …
    pub meta: Arc<Meta>,
    /// 1 to 5.
    pub phase: u8,
    /// At least one.
    pub links: Vec<Link>,
    /// What happens when all hold.
    pub then: Then,
}

/// What happens when a rule holds.
#[derive(Clone, Debug, Default)]
pub struct Then {
    /// It is told.
    pub log: bool,
    /// `msg`.
    pub message: Option<Template>,
    /// `logdata`.
    pub data: Option<Template>,
    /// So many rules of the phase are passed over.
    pub skip: u32,
    /// All rules of the phase up to this marker are.
    pub skip_after: Option<String>,
    /// What is done with the transaction.
    pub verdict: Disruption,
    /// The status of the answer.
    pub status: u16,
}

/// What a rule wants done with the transaction, `block` resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disruption {
    /// Nothing.
    #[default]
    Pass,
    /// It is kept from the service.
    Deny,
    /// No further rule but those of phase 5.
    Allow,
    /// No further rule of this phase.
    AllowPhase,
    /// No further rule of phases 1 and 2.
    AllowRequest,
}

/// One rule of a chain.
#[derive(Clone, Debug)]
pub struct Link {
    /// What it looks at.
    pub targets: Vec<Target>,
    /// What it does not.
    pub excluded: Vec<Exclusion>,
    /// What is done to values first.
    pub transforms: Vec<Transform>,
    /// The operator is asked before the first transformation and after each.
    pub multi_match: bool,
    /// The operator's name without `@`.
    pub operator: String,
    /// Its argument.
    pub argument: Template,
    /// It holds where the operator does not.
    pub negated: bool,
    /// What the expression's groups matched goes to `TX:0` to `TX:9`.
    pub capture: bool,
    /// What is done at each match, also when the chain fails later.
    pub effects: Vec<Effect>,
    /// Where it stands.
    pub place: crate::rules::seclang::ast::Place,
}

/// What a link looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Which variable.
    pub variable: Variable,
    /// Which members.
    pub selector: Selector,
    /// How many there are, not their values.
    pub count: bool,
}

/// What a link does not look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Which variable.
    pub variable: Variable,
    /// Which members.
    pub selector: Selector,
}

/// Which members of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// All.
    All,
    /// The one with this name, ASCII case ignored.
    Name(Template),
    /// Those whose names this expression matches, ASCII case ignored.
    Regex(String),
}

/// What a match does beside being one.
#[derive(Clone, Debug)]
pub enum Effect {
    /// `setvar`.
    Set {
        /// Which collection.
        collection: Variable,
        /// Which member.
        name: Template,
        /// What is done.
        change: Change,
    },
    /// `expirevar`.
    Expire {
        /// Which collection.
        collection: Variable,
        /// Which member.
        name: Template,
        /// After so many seconds.
        seconds: Template,
    },
    /// `deprecatevar`.
    Deprecate {
        /// Which collection.
        collection: Variable,
        /// Which member.
        name: Template,
        /// `60/300`: by so much every so many seconds.
        by: Template,
    },
    /// `initcol`, `setsid`, `setuid`, `setrsc`.
    Open {
        /// Which collection.
        collection: Variable,
        /// Which of its kind.
        key: Template,
        /// The key is the value of `SESSIONID` or `USERID` from now on.
        named: bool,
    },
    /// `ctl:ruleEngine`.
    Mode(Mode),
    /// `ctl:ruleRemove…`: rules that go.
    Remove(Which),
    /// `ctl:ruleRemoveTarget…`.
    RemoveTarget(Which, Exclusion),
    /// `ctl:requestBodyProcessor`.
    BodyProcessor(Processor),
    /// `ctl:forceRequestBodyVariable`.
    ForceBody(bool),
    /// `ctl:requestBodyAccess`.
    RequestBody(bool),
    /// `ctl:responseBodyAccess`.
    ResponseBody(bool),
}

/// Rules meant by `ctl` and by removals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Ids, both ends included.
    Ids(u64, u64),
    /// A tag this expression matches.
    Tag(String),
    /// A message this expression matches.
    Message(String),
}

/// What reads a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// None was chosen.
    None,
    /// Form data.
    UrlEncoded,
    /// Multipart form data.
    Multipart,
    /// JSON.
    Json,
    /// XML.
    Xml,
}

impl Processor {
    /// The name in SecLang.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::UrlEncoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }

    /// The processor with this name, whatever its case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::UrlEncoded, Self::Multipart, Self::Json, Self::Xml];
        all.into_iter().find(|processor| processor.name().eq_ignore_ascii_case(name))
    }
}

/// What `setvar` does.
#[derive(Clone, Debug)]
pub enum Change {
    /// Gives it this value.
    Set(Template),
    /// Adds this number.
    Add(Template),
    /// Subtracts this number.
    Subtract(Template),
    /// Takes it away.
    Unset,
}
