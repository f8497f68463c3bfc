//! A compiled program: what [`compile`](super::compile) makes and [`run`](super::run) asks.

use std::sync::Arc;

use super::{
    doubts::Doubt,
    filter::Filter,
    model::{Disruption, Meta, Mode, Processor, Settings},
    texts::Chain,
    written::{Names, Slot},
};
use crate::rules::{
    bytes::ByteSet,
    inapp::{
        address::Known,
        ast::{Action, Attribute},
        processors::Processors,
    },
    model::{RuleMeta, UnicodeMap},
    seclang::{operators::SecOperator, pcre::Pattern},
    values::{
        labels::{Label, Labels},
        lanes::Lanes,
    },
    variable::Variable,
};

/// A compiled program; immutable, shared by all workers.
#[derive(Debug)]
pub struct Engine {
    pub(super) id: u64,
    pub(super) rules: Vec<Rule>,
    pub(super) links: Vec<Link>,
    pub(super) checks: Vec<Check>,
    pub(super) chains: Vec<Chain>,
    /// By phase, from 0: rules in their order.
    pub(super) phases: [Vec<Turn>; 5],
    /// Turns at which passages begin.
    pub(super) passages: usize,
    pub(super) names: Names,
    /// Members that records have of themselves and that rules look at.
    pub(super) built_in: Vec<(Variable, &'static str, Slot)>,
    /// Expressions that names of members are compared with.
    pub(super) selectors: Vec<Pattern>,
    /// By selector: slots whose names it matches.
    pub(super) selected: Vec<Vec<Slot>>,
    /// Names of members that rules name.
    pub(super) labels: Arc<Labels>,
    pub(super) filter: Filter,
    pub(super) wanted: Lanes,
    /// Those of them that rules of the response, or behind it, look at.
    pub(super) late_wanted: Lanes,
    pub(super) settings: Settings,
    /// `SecUnicodeMapFile`; without one code page 20127.
    pub(super) unicode_map: Option<Arc<UnicodeMap>>,
    /// Slots of `TX` whose names hold `score`.
    pub(super) scores: Vec<(String, Slot)>,
    /// In-App WAF rules: those of requests, those that look at the response; filters before rules.
    pub(super) in_app: [Vec<Turn>; 2],
    pub(super) processors: Processors,
    /// Addresses that rules look at and processors make.
    pub(super) made: Vec<Known>,
    /// Rules of the response, in either language.
    pub(super) response_phases: bool,
    /// Sorted.
    pub(super) doubts: Vec<Doubt>,
    /// Rules of the response or behind it look at values of the request.
    pub(super) late: bool,
}

/// A rule's turn in its phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub rule: u32,
    /// The check without candidates of which the rule does not hold; the last number: there is none.
    pub check: u32,
    /// Number of the [passages](super::passages) that begin here; the last number: none does.
    pub passage: u32,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub meta: Arc<Meta>,
    /// The same, as events say it.
    pub told: Arc<RuleMeta>,
    pub links: std::ops::Range<u32>,
    /// Where in its phase the next rule is, when this one holds.
    pub next: u32,
    pub log: bool,
    pub message: Option<Text>,
    pub data: Option<Text>,
    pub verdict: Disruption,
    pub status: u16,
    /// What a rule of the In-App WAF does.
    pub in_app: Option<Box<Does>>,
}

/// What a rule of the In-App WAF does when it holds.
#[derive(Clone, Debug)]
pub(super) enum Does {
    /// It is told.
    Tell {
        /// As a match; otherwise only its attributes are.
        event: bool,
        attributes: Arc<[Attribute]>,
        actions: Arc<[Action]>,
    },
    /// Effects of its last link leave out rules or values.
    Filter,
}

#[derive(Debug)]
pub(super) struct Link {
    pub rule: u32,
    pub targets: Vec<Target>,
    pub excluded: Vec<Exclusion>,
    /// The checks of all targets: one for each chain of transformations.
    pub checks: std::ops::Range<u32>,
    pub operator: SecOperator,
    /// What is filled into the operator's argument.
    pub argument: Option<Text>,
    pub negated: bool,
    pub capture: bool,
    pub effects: Vec<Act>,
    /// It can hold only on values that the filter named.
    pub filtered: bool,
    /// What tells at a glance that it does not hold.
    pub glance: Glance,
    /// What it says at a glance is all there is to ask.
    pub settled: bool,
}

/// What tells at a glance that a link does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glance {
    /// Nothing.
    None,
    /// No check of it has candidates.
    Candidates,
    /// No value has one of the names it looks at.
    Labels,
    /// It compares this member, as it is, with a number.
    Member(Slot),
    /// It compares how many there are of this member with a number.
    Count(Slot),
}

/// A link on one chain of transformations.
#[derive(Debug)]
pub(super) struct Check {
    pub phase: u8,
    pub chain: u32,
    /// The chain whose text the filter reads for it: case does not matter to the filter.
    pub scanned: u32,
    pub lanes: Lanes,
    /// Of these, those of which it looks at members of any name…
    pub whole: Lanes,
    /// …and the names that it looks at of others.
    pub labels: Vec<(Variable, Label)>,
    /// A text it holds on has a byte of each.
    pub bytes: Vec<ByteSet>,
    /// A value on whose text it holds has at least so many bytes.
    pub least: u32,
}

#[derive(Debug)]
pub(super) struct Target {
    pub variable: Variable,
    pub members: Members,
    /// Of a name; 0: that is not all there is to say.
    pub label: Label,
    pub count: bool,
    /// One, or with `multiMatch` one for each step of the transformations.
    pub checks: std::ops::Range<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct Exclusion {
    pub variable: Variable,
    pub members: Members,
}

/// Members of a collection, ready to be compared.
#[derive(Clone, Debug)]
pub(super) enum Members {
    All,
    /// A name in small letters.
    Name(Box<[u8]>),
    /// The same, of a collection that rules write.
    Slot(Slot, Box<[u8]>),
    Expanded(Text),
    /// Index of an expression in [`Engine::selectors`].
    Regex(u32),
    /// What is at this path of names, or under it.
    Under(Box<[crate::rules::values::tree::Step]>),
}

/// A template with its names resolved.
#[derive(Clone, Debug, Default)]
pub(super) struct Text(pub Vec<Piece>);

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(Box<[u8]>),
    Slot(Slot),
    Scalar(Variable),
    Member(Variable, Box<[u8]>),
}

#[derive(Clone, Debug)]
pub(super) enum Name {
    Slot(Slot),
    Expanded(Text),
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Set {
        collection: Variable,
        name: Name,
        value: Text,
    },
    Add {
        collection: Variable,
        name: Name,
        value: Text,
        negative: bool,
    },
    Unset {
        collection: Variable,
        name: Name,
    },
    Expire {
        collection: Variable,
        name: Name,
        seconds: Text,
    },
    Deprecate {
        collection: Variable,
        name: Name,
        by: Text,
    },
    Open {
        collection: Variable,
        key: Text,
        named: bool,
    },
    Mode(Mode),
    Remove(Box<[u32]>),
    RemoveTarget(Box<[u32]>, Exclusion),
    /// These rules do this instead of what they would; nothing: they are only told.
    Instead(Box<[u32]>, Option<Box<Action>>),
    BodyProcessor(Processor),
    ForceBody(bool),
    RequestBody(bool),
    ResponseBody(bool),
}

impl Engine {
    /// Whether it has rules of responses.
    #[must_use]
    pub fn judges_responses(&self) -> bool {
        self.response_phases
    }

    /// What is doubtful about its rules, for a person; by their places.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.doubts.iter().map(ToString::to_string).collect()
    }
}
