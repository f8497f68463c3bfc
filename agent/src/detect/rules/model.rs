//! A detection rule as the engine takes it: everything checked, nothing left to be parsed.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{condition::Condition, template::Template};

/// A rule: what to count over which events, and when that is worth a person's attention.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique among the rules that run together.
    pub id: Arc<str>,
    /// What people call it; the signal's title.
    pub name: Template,
    /// What a signal says.
    pub message: Template,
    /// `key:value`, as written.
    pub tags: Vec<Arc<str>>,
    /// Whether it runs.
    pub enabled: bool,
    /// How it decides.
    pub method: Method,
    /// What it counts; their groups are joined by position.
    pub queries: Vec<RuleQuery>,
    /// In their order: the first whose condition holds gives the severity.
    pub cases: Vec<Case>,
    /// How its queries for new values learn.
    pub learning: NewValue,
    /// Seconds that a query looks back; 0: each event by itself.
    pub window: u64,
    /// Seconds without a case that holds after which a signal ends.
    pub keep_alive: u64,
    /// Seconds after which a signal ends in any case.
    pub max_duration: u64,
    /// Which of the group's values tell signals apart; all of them unless the rule says otherwise.
    pub signal_by: Vec<usize>,
    /// Events that count at all.
    pub filters: Vec<Filter>,
}

impl Rule {
    /// Seconds of the longest of its queries' windows.
    #[must_use]
    pub fn longest_window(&self) -> u64 {
        self.queries.iter().map(|query| query.window).max().unwrap_or(0)
    }

    /// Whether one of its cases wants something done.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.cases.iter().any(|case| !case.actions.is_empty())
    }
}

/// One of a rule's queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleQuery {
    /// As conditions call it.
    pub name: Arc<str>,
    /// Which events.
    pub query: Arc<str>,
    /// What of them.
    pub aggregation: Aggregation,
    /// Facets whose values make a group.
    pub group_by: Vec<Arc<str>>,
    /// Events without one of these facets count too, with an empty value.
    pub optional_group: bool,
    /// Seconds it looks back: the rule's window, or the longest of the steps that use it.
    pub window: u64,
}

/// What a query makes of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// How many.
    Count,
    /// How many different values (or combinations) these facets have.
    Cardinality(Vec<Arc<str>>),
    /// Sum of a number.
    Sum(Arc<str>),
    /// Greatest of a number.
    Max(Arc<str>),
    /// How many values (or combinations) came that the group did not have before.
    NewValue(Vec<Arc<str>>),
}

impl Aggregation {
    /// Its name in rules.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Cardinality(_) => "cardinality",
            Self::Sum(_) => "sum",
            Self::Max(_) => "max",
            Self::NewValue(_) => "new_value",
        }
    }
}

/// How a rule decides.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Conditions over what the queries count.
    Threshold,
    /// A value that the group did not have before.
    NewValue,
    /// Conditions over how far a count is from what the group has shown so far.
    Anomaly(Anomaly),
    /// Steps, one after the other.
    Sequence(Sequence),
}

impl Method {
    /// Its name in rules.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::NewValue => "new_value",
            Self::Anomaly(_) => "anomaly_detection",
            Self::Sequence(_) => "sequence_detection",
        }
    }
}

/// How new values are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewValue {
    /// Seconds from a group's first event in which its values are only learned; 0: all but its first value are told.
    pub learn: u64,
    /// Seconds after which a value that did not come again is new again.
    pub forget: u64,
}

impl Default for NewValue {
    /// A day of learning, four weeks of memory: the format's defaults.
    fn default() -> Self {
        Self { learn: 86_400, forget: 28 * 86_400 }
    }
}

/// How a baseline is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Seconds of one measurement.
    pub bucket: u64,
    /// Seconds in which a group's baseline is only learned.
    pub learn: u64,
    /// 1 to 5: how much of the usual spread is tolerated; 3 takes it as it is.
    pub tolerance: u8,
}

impl Default for Anomaly {
    fn default() -> Self {
        Self { bucket: 300, learn: 86_400, tolerance: 3 }
    }
}

/// Steps and their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// So ordered that a step comes after all it follows on.
    pub steps: Vec<Step>,
}

/// A step of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// As transitions and cases call it.
    pub name: Arc<str>,
    /// Over the rule's queries.
    pub condition: Condition,
    /// Seconds its condition looks back.
    pub window: u64,
    /// Steps that come before, and seconds that may lie between.
    pub after: Vec<(usize, u64)>,
}

/// When a rule holds, and how bad that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// As people call it; may be empty.
    pub name: Arc<str>,
    /// How bad.
    pub severity: Severity,
    /// Over the rule's queries (steps, in a sequence).
    pub condition: Condition,
    /// What is to be done.
    pub actions: Vec<Action>,
    /// Who is told, as written.
    pub notifications: Vec<Arc<str>>,
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Look at it some time.
    Low,
    /// Look at it today.
    Medium,
    /// Look at it now.
    High,
    /// Somebody is in.
    Critical,
}

impl Severity {
    /// All, from the least.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name in rules and signals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is to be done when a case holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Action {
    /// What.
    pub kind: ActionKind,
    /// Seconds; 0: it does not expire.
    pub duration: u64,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// The signal's addresses are put on the denylist.
    BlockIp,
    /// Its users are.
    BlockUser,
    /// Its addresses are marked on later events, and nothing more.
    FlagIp,
}

impl ActionKind {
    /// Its name in rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BlockIp => "block_ip",
            Self::BlockUser => "block_user",
            Self::FlagIp => "flag_ip",
        }
    }
}

/// Which events a rule takes at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Taken: those that match. Otherwise: those that don't.
    pub require: bool,
    /// Which.
    pub query: Arc<str>,
}
