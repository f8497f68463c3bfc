//! What rules have made of a transaction so far: what they wrote, removed, matched.

use std::cell::RefCell;

use super::{
    collections::Opened,
    engine::{Act, Engine, Exclusion, Link, Members, Piece, Target, Text},
    memo::Share,
    model::{Mode, Processor},
    overlay::Applied,
    selectors::Selectors,
    verdict::Verdict,
    written::Written,
};
use crate::{
    limits,
    rules::{
        values::{
            store::{Named, Store},
            tree::NodeId,
        },
        variable::{Kind, Variable},
    },
};

/// What rules have made of a transaction so far.
#[derive(Debug, Default)]
pub(super) struct State {
    engine: Option<u64>,
    pub written: Written,
    /// Records that outlive the transaction.
    pub opened: Opened,
    /// Seconds since 1970.
    pub now: i64,
    /// What libinjection has read of it.
    pub injection: Share,
    /// By rule.
    pub removed: Vec<bool>,
    pub any_removed: bool,
    /// Link of the `ctl` action, and which of its effects.
    pub removed_targets: Vec<(u32, u32)>,
    /// Removals that were made: link, and which of its effects.
    pub done: Vec<(u32, u32)>,
    /// The same, of effects that change what rules of the In-App WAF do.
    pub instead: Vec<(u32, u32)>,
    /// What a policy says beside the program.
    pub applied: Applied,
    pub mode: Option<Mode>,
    pub processor: Option<Processor>,
    pub force_body: bool,
    pub request_body: Option<bool>,
    pub response_body: Option<bool>,
    pub allowed: Allowed,
    pub matched: Matched,
    pub highest_severity: Option<u8>,
    pub verdict: Verdict,
    /// What expressions say of members' names.
    pub selectors: RefCell<Selectors>,
    /// A text being filled in.
    pub filled: Vec<u8>,
    /// An operator's argument, filled in.
    pub argument: Vec<u8>,
    /// A name being filled in.
    pub name: Vec<u8>,
    /// A member of a collection that is looked at while rules write it.
    pub member: Vec<u8>,
    /// The rule that is asked.
    pub rule: u32,
}

/// What an `allow` has opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Allowed {
    #[default]
    Nothing,
    /// Phases 1 and 2.
    Request,
    /// All but phase 5.
    All,
}

/// What matched.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// The variable that tells most of the rule: the last that is no rule's own writing.
    pub variable: Option<Variable>,
    /// Its member.
    pub member: Vec<u8>,
    /// Its value.
    pub shown: Vec<u8>,
    /// Where it stands at an address.
    pub node: NodeId,
    /// `MATCHED_VAR_NAME`: `ARGS:id`.
    name: Vec<u8>,
    /// `MATCHED_VAR`.
    value: Vec<u8>,
    /// What matched in the link that is asked.
    now: Several,
    /// What matched in the link before.
    before: Several,
}

/// Names and values in one buffer.
#[derive(Debug, Default)]
pub(super) struct Several {
    bytes: Vec<u8>,
    /// Where a name and where its value ends.
    ends: Vec<(usize, usize)>,
}

impl Several {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn push(&mut self, name: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(name);
        let name_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((name_end, self.bytes.len()));
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(name_end, end)| {
            let name = self.bytes.get(start..name_end).unwrap_or_default();
            start = end;
            (name, self.bytes.get(name_end..end).unwrap_or_default())
        })
    }
}

impl Matched {
    /// Another transaction: nothing has matched yet.
    pub fn forget(&mut self) {
        self.clear();
        self.name.clear();
        self.value.clear();
        self.member.clear();
        self.shown.clear();
    }

    /// Another rule: what the last one matched is still known.
    pub fn clear(&mut self) {
        self.variable = None;
        self.now.clear();
        self.before.clear();
    }

    pub fn next_link(&mut self) {
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.clear();
    }

    /// What a rule of the In-App WAF tells: what its first condition found.
    pub fn found(&mut self, variable: Variable, node: NodeId, found: &[u8]) {
        self.variable = Some(variable);
        self.node = node;
        self.shown.clear();
        self.shown.extend_from_slice(found.get(..limits::MATCH_VALUE).unwrap_or(found));
    }

    pub fn note(&mut self, variable: Variable, name: &[u8], text: &[u8]) {
        let own = |variable: Variable| matches!(variable.kind(), Kind::Written | Kind::Matched);
        if !own(variable) || self.variable.is_none_or(own) {
            self.variable = Some(variable);
            self.member.clear();
            self.member.extend_from_slice(name);
            self.shown.clear();
            self.shown.extend_from_slice(text);
        }
        self.name.clear();
        self.name.extend_from_slice(variable.name().as_bytes());
        if !name.is_empty() {
            self.name.push(b':');
            self.name.extend_from_slice(name);
        }
        self.value.clear();
        self.value.extend_from_slice(text);
        if self.now.ends.len() < limits::EVENT_MATCHES {
            self.now.push(&self.name, text);
        }
    }
}

type Member = (Box<[u8]>, Box<[u8]>);

impl State {
    /// Forgets everything; buffers stay.
    pub fn begin(&mut self, engine: &Engine) {
        if self.engine != Some(engine.id) {
            self.engine = Some(engine.id);
            self.selectors.get_mut().fit(engine.selectors.len());
        }
        self.written.clear(&engine.names);
        self.opened.clear();
        self.injection = Share::default();
        self.removed_targets.clear();
        self.done.clear();
        self.instead.clear();
        self.matched.forget();
        self.verdict = Verdict::default();
        self.removed.clear();
        self.removed.resize(engine.rules.len(), false);
        self.any_removed = false;
        self.mode = None;
        self.processor = None;
        self.force_body = false;
        self.request_body = None;
        self.response_body = None;
        self.allowed = Allowed::Nothing;
        self.highest_severity = None;
    }

    /// Takes over what is no part of a transaction: caches and buffers.
    pub fn keep_buffers(&mut self, from: &mut Self) {
        self.engine = from.engine;
        std::mem::swap(&mut self.selectors, &mut from.selectors);
        std::mem::swap(&mut self.filled, &mut from.filled);
        std::mem::swap(&mut self.argument, &mut from.argument);
        std::mem::swap(&mut self.name, &mut from.name);
        std::mem::swap(&mut self.member, &mut from.member);
    }

    /// Memory it holds, bytes.
    pub fn held(&self) -> usize {
        self.written.held()
            + self.opened.held()
            + self.removed.capacity()
            + self.filled.capacity()
            + self.matched.value.capacity()
    }

    /// Whether a rule is left out.
    pub fn is_removed(&self, rule: u32) -> bool {
        self.removed.get(rule as usize) == Some(&true)
    }

    /// Whether rules look at every value they name: no action and no policy has taken one from them.
    pub fn leaves_nothing_out(&self) -> bool {
        self.removed_targets.is_empty() && self.applied.is_idle()
    }

    /// Fills a text in.
    pub fn fill(&self, engine: &Engine, store: &Store, text: &Text, to: &mut Vec<u8>) {
        for piece in &text.0 {
            match piece {
                Piece::Text(text) => to.extend_from_slice(text),
                Piece::Slot(slot) => to.extend_from_slice(self.written.get(*slot).unwrap_or_default()),
                Piece::Member(Variable::Rule, name) => self.of_rule(engine, name, to),
                Piece::Member(variable, name) => {
                    to.extend_from_slice(store.member(*variable, name).unwrap_or_default());
                }
                Piece::Scalar(variable) => match variable {
                    Variable::MatchedVar => to.extend_from_slice(&self.matched.value),
                    Variable::MatchedVarName => to.extend_from_slice(&self.matched.name),
                    Variable::HighestSeverity => {
                        let severity = self.highest_severity.unwrap_or(u8::MAX);
                        to.extend_from_slice(itoa::Buffer::new().format(severity).as_bytes());
                    }
                    _ => to.extend_from_slice(match self.id(engine, *variable) {
                        Some(id) => id,
                        None => store.scalar(*variable).unwrap_or_default(),
                    }),
                },
            }
        }
    }

    /// `SESSIONID`, `USERID`, `WEBAPPID`: nothing for any other variable.
    fn id<'s>(&'s self, engine: &'s Engine, variable: Variable) -> Option<&'s [u8]> {
        let key = |collection| Some(self.opened.key(collection, true).unwrap_or_default());
        match variable {
            Variable::SessionId => key(Variable::Session),
            Variable::UserId => key(Variable::User),
            Variable::WebAppId => Some(engine.settings.web_app_id.as_bytes()),
            _ => None,
        }
    }

    /// What is said of the rule that is asked.
    fn of_rule(&self, engine: &Engine, what: &[u8], to: &mut Vec<u8>) {
        let Some(rule) = engine.rules.get(self.rule as usize) else { return };
        match what {
            b"id" => to.extend_from_slice(itoa::Buffer::new().format(rule.meta.id).as_bytes()),
            b"msg" => to.extend_from_slice(rule.meta.message.as_bytes()),
            b"rev" => to.extend_from_slice(rule.meta.revision.as_bytes()),
            b"severity" => {
                if let Some(severity) = rule.meta.severity {
                    to.extend_from_slice(itoa::Buffer::new().format(severity).as_bytes());
                }
            }
            _ => {}
        }
    }

    pub fn is_member(&self, engine: &Engine, store: &Store, members: &Members, label: Named<'_>) -> bool {
        let name = label.name;
        match members {
            Members::All => true,
            Members::Under(path) => store.is_under(label.node, path),
            Members::Name(wanted) | Members::Slot(_, wanted) => name.eq_ignore_ascii_case(wanted),
            Members::Expanded(text) => {
                let mut wanted = Vec::new();
                self.fill(engine, store, text, &mut wanted);
                name.eq_ignore_ascii_case(&wanted)
            }
            Members::Regex(at) => {
                let pattern = engine.selectors.get(*at as usize);
                pattern.is_some_and(|pattern| self.selectors.borrow_mut().selects(*at, pattern, name))
            }
        }
    }

    pub fn is_excluded(
        &self,
        engine: &Engine,
        store: &Store,
        link: &Link,
        variable: Variable,
        label: Named<'_>,
    ) -> bool {
        self.excludes(engine, link, &|exclusion| {
            exclusion.variable == variable && self.is_member(engine, store, &exclusion.members, label)
        })
    }

    /// Whether one of the exclusions that concern a link is like this.
    pub fn excludes(&self, engine: &Engine, link: &Link, like: &dyn Fn(&Exclusion) -> bool) -> bool {
        link.excluded.iter().any(like)
            || self.removed_targets.iter().any(|&(link_of, effect)| {
                let effects = engine.links.get(link_of as usize).map(|link| &link.effects);
                match effects.and_then(|effects| effects.get(effect as usize)) {
                    Some(Act::RemoveTarget(rules, exclusion)) => {
                        rules.binary_search(&link.rule).is_ok() && like(exclusion)
                    }
                    _ => false,
                }
            })
    }

    /// How many members there are.
    pub fn count(&self, engine: &Engine, store: &Store, target: &Target, link: &Link) -> usize {
        match target.variable.kind() {
            Kind::Written => match &target.members {
                Members::Slot(slot, name) => usize::from(
                    self.written.get(*slot).is_some()
                        && !self.is_excluded(engine, store, link, target.variable, Named::by(name)),
                ),
                _ => self.members(engine, store, target, link).len(),
            },
            Kind::Matched => self.matched_values(engine, store, target).len(),
            _ => {
                let values = store.of(target.variable).iter().filter_map(|&number| store.value(number));
                let members = values.filter(|value| {
                    let label = value.named(store);
                    self.is_member(engine, store, &target.members, label)
                        && !self.is_excluded(engine, store, link, target.variable, label)
                        && !self.is_left_alone(store, link.rule, target.variable, value)
                });
                members.count()
            }
        }
    }

    /// Members of a collection that rules write.
    pub fn members(&self, engine: &Engine, store: &Store, target: &Target, link: &Link) -> Vec<Member> {
        let is_member = |name: &[u8]| self.is_member(engine, store, &target.members, Named::by(name));
        let is_excluded =
            |name: &[u8]| self.is_excluded(engine, store, link, target.variable, Named::by(name));
        let all = |members: &mut dyn Iterator<Item = (&[u8], &[u8])>| {
            let members = members.filter(|(name, _)| !is_excluded(name));
            members.map(|(name, value)| (name.into(), value.into())).collect()
        };
        // What an expression matches of the names that rules name is known beforehand.
        if let Members::Regex(at) = &target.members {
            let slots = engine.selected.get(*at as usize).map_or(&[][..], Vec::as_slice);
            let named = self.written.members_in(&engine.names, target.variable, slots);
            let unnamed = self.written.unnamed(target.variable).filter(|(name, _)| is_member(name));
            return all(&mut named.chain(unnamed));
        }
        let members = self.written.members(&engine.names, target.variable);
        all(&mut members.filter(|(name, _)| is_member(name)))
    }

    /// What the last match left, and ids that rules gave.
    pub fn matched_values(&self, engine: &Engine, store: &Store, target: &Target) -> Vec<Member> {
        let before = || {
            let all = self.matched.before.iter();
            all.filter(|(name, _)| self.is_member(engine, store, &target.members, Named::by(name)))
        };
        let one = |value: &[u8]| vec![(Box::default(), value.into())];
        match target.variable {
            Variable::MatchedVar => one(&self.matched.value),
            Variable::MatchedVarName => one(&self.matched.name),
            Variable::MatchedVars => before().map(|(name, value)| (name.into(), value.into())).collect(),
            Variable::MatchedVarsNames => before().map(|(name, _)| (name.into(), name.into())).collect(),
            Variable::HighestSeverity => {
                let severity = self.highest_severity.unwrap_or(u8::MAX);
                one(itoa::Buffer::new().format(severity).as_bytes())
            }
            Variable::Rule => {
                let mut value = Vec::new();
                if let Members::Name(name) = &target.members {
                    self.of_rule(engine, name, &mut value);
                }
                one(&value)
            }
            other => self.id(engine, other).map(one).unwrap_or_default(),
        }
    }
}
