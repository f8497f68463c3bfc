//! What a SecLang file says, with the place of everything, before it means anything.

use std::{fmt, sync::Arc};

use crate::rules::variable::Variable;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A directive. `Include` is expanded where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directive {
    /// `SecRule VARIABLES "OPERATOR" "ACTIONS"`.
    Rule(SecRule),
    /// `SecAction "ACTIONS"`.
    Action {
        /// Where.
        place: Place,
        /// What.
        actions: Vec<Action>,
    },
    /// `SecMarker NAME`.
    Marker {
        /// Where.
        place: Place,
        /// Its name.
        name: String,
    },
    /// `SecDefaultAction "ACTIONS"`.
    DefaultAction {
        /// Where.
        place: Place,
        /// The actions.
        actions: Vec<Action>,
    },
    /// `SecRuleRemoveById 1 2-9 "20-30"`.
    RemoveById {
        /// Where.
        place: Place,
        /// Ranges of ids, both ends included.
        ids: Vec<(u64, u64)>,
    },
    /// `SecRuleRemoveByTag REGEX…`, `SecRuleRemoveByMsg REGEX…`.
    RemoveBy {
        /// Where.
        place: Place,
        /// Of what.
        by: By,
        /// Expressions, one of which matches.
        patterns: Vec<String>,
    },
    /// `SecRuleUpdateTargetById 1-9 "VARIABLES" ["VARIABLES that are replaced"]`.
    UpdateTargetById {
        /// Where.
        place: Place,
        /// Ranges of ids.
        ids: Vec<(u64, u64)>,
        /// Added, or taken out (`!ARGS:x`).
        targets: Vec<Target>,
        /// Replaced by `targets`.
        replaced: Vec<Target>,
    },
    /// `SecRuleUpdateTargetByTag`, `SecRuleUpdateTargetByMsg`.
    UpdateTargetBy {
        /// Where.
        place: Place,
        /// Of what.
        by: By,
        /// The expression.
        pattern: String,
        /// Added, or taken out.
        targets: Vec<Target>,
        /// Replaced by `targets`.
        replaced: Vec<Target>,
    },
    /// `SecRuleUpdateActionById 1 "ACTIONS"`, `1:0` for a rule of a chain.
    UpdateActionById {
        /// Where.
        place: Place,
        /// The rule.
        id: u64,
        /// Which rule of its chain, from 0.
        link: usize,
        /// The actions that replace those of the same kind.
        actions: Vec<Action>,
    },
    /// Any other directive that is known (`SecRuleEngine On`, `SecUnicodeMapFile FILE CODE`, …).
    Setting {
        /// Where.
        place: Place,
        /// Its name, as the reference manual spells it.
        name: &'static str,
        /// What follows, unquoted. Words of a fixed list (`On`, `DetectionOnly`) are spelled as in the
        /// reference manual, numbers are decimal and fit into 64 bits.
        values: Vec<String>,
    },
}

/// What a removal or update goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `tag`.
    Tag,
    /// `msg`.
    Message,
}

/// `SecRule`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecRule {
    /// Where the directive begins.
    pub place: Place,
    /// At least one.
    pub targets: Vec<Target>,
    /// What is looked for.
    pub operator: OperatorText,
    /// In their order.
    pub actions: Vec<Action>,
}

/// One of the variables of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub place: Place,
    /// Which.
    pub variable: Variable,
    /// Which of its members.
    pub selector: Selector,
    /// `&`: how many there are, not their values.
    pub count: bool,
    /// `!`: these are left out.
    pub excluded: bool,
}

/// Which members of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// All.
    All,
    /// Those with this name, ASCII case ignored. It may hold macros (`TX:%{x}`). For `XML` a path
    /// (`/*`, `//@*`).
    Name(String),
    /// Those whose name this expression matches: `ARGS:/^x/`, case ignored. Without the slashes.
    Regex(String),
}

/// `@rx abc`, `!@eq 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorText {
    /// Where.
    pub place: Place,
    /// `!`.
    pub negated: bool,
    /// Without `@`, as the reference manual spells it, in full (`pmFromFile` for `pmf`); `rx` when none
    /// is written.
    pub name: String,
    /// What follows; white space before it gone, behind it kept (`@rx x ` is not `@rx x`), as
    /// ModSecurity does; `\"` and `\\` undone.
    pub argument: String,
}

/// An action: `name`, `name:value`, `name:'value'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: ActionKind,
}

/// What an action does. Values that may hold macros (`%{tx.x}`) are kept as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `id`.
    Id(u64),
    /// `phase`: 1 to 5 (`request` is 2, `response` 4, `logging` 5).
    Phase(u8),
    /// `msg`.
    Msg(String),
    /// `logdata`.
    LogData(String),
    /// `tag`.
    Tag(String),
    /// `severity`: 0 (emergency) to 7 (debug).
    Severity(u8),
    /// `rev`.
    Rev(String),
    /// `ver`.
    Ver(String),
    /// `maturity`.
    Maturity(u8),
    /// `accuracy`.
    Accuracy(u8),
    /// `t:none`.
    TransformNone,
    /// `t:NAME`.
    Transform(crate::rules::model::Transform),
    /// `chain`.
    Chain,
    /// `capture`.
    Capture,
    /// `multiMatch`.
    MultiMatch,
    /// `skip`.
    Skip(u32),
    /// `skipAfter`.
    SkipAfter(String),
    /// `log`, `nolog`.
    Log(bool),
    /// `auditlog`, `noauditlog`.
    AuditLog(bool),
    /// `pass`, `block`, `deny`, `drop`, `allow`, `allow:phase`, `allow:request`, `redirect`, `proxy`.
    Disruptive(Disruptive),
    /// `status`.
    Status(u16),
    /// `setvar:tx.x=1`, `=+1`, `=-1`, `setvar:!tx.x`, `setvar:tx.x` (1).
    SetVar {
        /// `tx`, `ip`, …
        collection: Variable,
        /// The name; may hold macros.
        name: String,
        /// What is done.
        change: Change,
    },
    /// `expirevar:ip.x=60`.
    ExpireVar {
        /// The collection.
        collection: Variable,
        /// The name; may hold macros.
        name: String,
        /// After so many seconds; may hold macros.
        seconds: String,
    },
    /// `deprecatevar:session.score=60/300`.
    DeprecateVar {
        /// The collection.
        collection: Variable,
        /// The name; may hold macros.
        name: String,
        /// By so much every so many seconds; may hold macros.
        by: String,
    },
    /// `initcol:ip=%{REMOTE_ADDR}`.
    InitCol {
        /// The collection.
        collection: Variable,
        /// Its key; may hold macros.
        key: String,
    },
    /// `setenv:x=1`.
    SetEnv {
        /// The name; may hold macros.
        name: String,
        /// The value; may hold macros.
        value: String,
    },
    /// `setsid`, `setuid`, `setrsc`.
    SetId {
        /// Which collection it opens.
        collection: Variable,
        /// Its key; may hold macros.
        key: String,
    },
    /// `ctl`.
    Ctl(Ctl),
    /// Known, and without effect here (`sanitiseArg`, `xmlns`, `append`, `exec`, `pause`, …): `name` or `name:value`, unquoted.
    Ignored(String),
}

/// What `setvar` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `=`; may hold macros.
    Set(String),
    /// `=+`; may hold macros.
    Add(String),
    /// `=-`; may hold macros.
    Subtract(String),
    /// `!`.
    Unset,
}

/// What a rule wants done with the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disruptive {
    /// Nothing.
    Pass,
    /// What `SecDefaultAction` says.
    Block,
    /// Answer with an error.
    Deny,
    /// Close the connection.
    Drop,
    /// No rule is asked any more, but those of phase 5.
    Allow,
    /// No further rule of this phase.
    AllowPhase,
    /// No further rule of the request's phases.
    AllowRequest,
    /// Answer with a redirect; may hold macros.
    Redirect(String),
    /// Hand the request to somebody else.
    Proxy(String),
}

/// `ctl:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ctl {
    /// `ruleEngine=`.
    RuleEngine(Engine),
    /// `ruleRemoveById=1`, `=1-9`.
    RemoveById(u64, u64),
    /// `ruleRemoveByTag=`: an expression.
    RemoveByTag(String),
    /// `ruleRemoveByMsg=`: an expression.
    RemoveByMsg(String),
    /// `ruleRemoveTargetById=1;ARGS:x`.
    RemoveTargetById(u64, u64, Target),
    /// `ruleRemoveTargetByTag=x;ARGS:x`.
    RemoveTargetByTag(String, Target),
    /// `ruleRemoveTargetByMsg=x;ARGS:x`.
    RemoveTargetByMsg(String, Target),
    /// `requestBodyProcessor=`: in capitals.
    RequestBodyProcessor(String),
    /// `requestBodyAccess=`.
    RequestBodyAccess(bool),
    /// `responseBodyAccess=`.
    ResponseBodyAccess(bool),
    /// `forceRequestBodyVariable=`.
    ForceRequestBodyVariable(bool),
    /// Known, and without effect here (`auditEngine`, `auditLogParts`, `debugLogLevel`, …): as written.
    Ignored(String),
}

/// `SecRuleEngine` and `ctl:ruleEngine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Rules are asked and may block.
    On,
    /// No rule is asked.
    Off,
    /// Rules are asked and block nothing.
    DetectionOnly,
}
