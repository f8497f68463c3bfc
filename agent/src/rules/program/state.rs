//! What rules have made of a transaction so far: what they wrote, removed, matched.

use std::cell::RefCell;

use super::{
    engine::{Act, Engine, Exclusion, Link, Members, Name, Piece, Target, Text},
    model::{Mode, Processor},
    overlay::Applied,
    store::Store,
    verdict::Verdict,
    written::Written,
};
use crate::{
    limits,
    rules::{
        seclang::{operators::number, pcre::PatternCache},
        variable::{Kind, Variable},
    },
};

/// What rules have made of a transaction so far.
#[derive(Debug, Default)]
pub(super) struct State {
    engine: Option<u64>,
    pub written: Written,
    /// By rule.
    pub removed: Vec<bool>,
    pub any_removed: bool,
    /// Link of the `ctl` action, and which of its effects.
    pub removed_targets: Vec<(u32, u32)>,
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
    /// By selector.
    pub selectors: RefCell<Vec<Option<PatternCache>>>,
    /// A text being filled in.
    pub filled: Vec<u8>,
    /// An operator's argument, filled in.
    pub argument: Vec<u8>,
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
    pub fn clear(&mut self) {
        self.variable = None;
        self.now.clear();
        self.before.clear();
    }

    pub fn next_link(&mut self) {
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.clear();
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
            self.selectors.get_mut().clear();
            self.selectors.get_mut().resize(engine.selectors.len(), None);
        }
        self.written.clear(&engine.names);
        self.removed_targets.clear();
        self.matched.clear();
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

    /// Memory it holds, bytes.
    pub fn held(&self) -> usize {
        self.written.held() + self.removed.capacity() + self.filled.capacity() + self.matched.value.capacity()
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
                    _ => to.extend_from_slice(store.scalar(*variable).unwrap_or_default()),
                },
            }
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

    pub fn is_member(&self, engine: &Engine, store: &Store, members: &Members, name: &[u8]) -> bool {
        match members {
            Members::All => true,
            Members::Name(wanted) | Members::Slot(_, wanted) => name.eq_ignore_ascii_case(wanted),
            Members::Expanded(text) => {
                let mut wanted = Vec::new();
                self.fill(engine, store, text, &mut wanted);
                name.eq_ignore_ascii_case(&wanted)
            }
            Members::Regex(at) => {
                let mut caches = self.selectors.borrow_mut();
                let pattern = engine.selectors.get(*at as usize);
                pattern.zip(caches.get_mut(*at as usize)).is_some_and(|(pattern, cache)| {
                    pattern.find(name, 0, cache.get_or_insert_with(|| pattern.cache())).is_some()
                })
            }
        }
    }

    pub fn is_excluded(
        &self,
        engine: &Engine,
        store: &Store,
        link: &Link,
        variable: Variable,
        name: &[u8],
    ) -> bool {
        let by = |exclusion: &Exclusion| {
            exclusion.variable == variable && self.is_member(engine, store, &exclusion.members, name)
        };
        if link.excluded.iter().any(by) {
            return true;
        }
        self.removed_targets.iter().any(|&(link_of, effect)| {
            let effects = engine.links.get(link_of as usize).map(|link| &link.effects);
            match effects.and_then(|effects| effects.get(effect as usize)) {
                Some(Act::RemoveTarget(rules, exclusion)) => {
                    rules.binary_search(&link.rule).is_ok() && by(exclusion)
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
                        && !self.is_excluded(engine, store, link, target.variable, name),
                ),
                _ => self.members(engine, store, target, link).len(),
            },
            Kind::Matched => self.matched_values(engine, target).len(),
            _ => {
                let values = store.of(target.variable).iter().filter_map(|&number| store.value(number));
                let members = values.filter(|value| {
                    let name = store.slice(value.name);
                    self.is_member(engine, store, &target.members, name)
                        && !self.is_excluded(engine, store, link, target.variable, name)
                        && !self.is_left_alone(link.rule, value.lanes, name)
                });
                members.count()
            }
        }
    }

    /// Members of a collection that rules write.
    pub fn members(&self, engine: &Engine, store: &Store, target: &Target, link: &Link) -> Vec<Member> {
        let members = self.written.members(&engine.names, target.variable).filter(|(name, _)| {
            self.is_member(engine, store, &target.members, name)
                && !self.is_excluded(engine, store, link, target.variable, name)
        });
        members.map(|(name, value)| (name.into(), value.into())).collect()
    }

    pub fn matched_values(&self, engine: &Engine, target: &Target) -> Vec<Member> {
        let one = |value: &[u8]| vec![(Box::default(), value.into())];
        match target.variable {
            Variable::MatchedVar => one(&self.matched.value),
            Variable::MatchedVarName => one(&self.matched.name),
            Variable::MatchedVars => {
                self.matched.before.iter().map(|(name, value)| (name.into(), value.into())).collect()
            }
            Variable::MatchedVarsNames => {
                self.matched.before.iter().map(|(name, _)| (name.into(), name.into())).collect()
            }
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
            _ => Vec::new(),
        }
    }

    /// Does what a match does.
    pub fn act(&mut self, engine: &Engine, store: &Store, link: u32, effects: &[Act]) {
        for (at, effect) in (0u32..).zip(effects) {
            match effect {
                Act::Set { collection, name, value } => {
                    let value = self.filled(engine, store, value);
                    self.set(engine, store, *collection, name, &value);
                    self.filled = value;
                }
                Act::Add { collection, name, value, negative } => {
                    let value = self.filled(engine, store, value);
                    let by = number::read(&value);
                    self.filled = value;
                    let by = if *negative { by.saturating_neg() } else { by };
                    let before = self.value(engine, store, *collection, name);
                    let sum = before.saturating_add(by);
                    self.set(engine, store, *collection, name, itoa::Buffer::new().format(sum).as_bytes());
                }
                Act::Unset { collection, name } => match name {
                    Name::Slot(slot) => self.written.unset(*slot),
                    Name::Expanded(text) => {
                        let name = self.filled(engine, store, text);
                        self.written.unset_named(&engine.names, *collection, &name);
                        self.filled = name;
                    }
                },
                Act::Mode(mode) => self.mode = Some(*mode),
                Act::Remove(rules) => {
                    self.any_removed |= !rules.is_empty();
                    for &rule in rules {
                        if let Some(removed) = self.removed.get_mut(rule as usize) {
                            *removed = true;
                        }
                    }
                }
                Act::RemoveTarget(..) => self.removed_targets.push((link, at)),
                Act::BodyProcessor(processor) => self.processor = Some(*processor),
                Act::ForceBody(on) => self.force_body = *on,
                Act::RequestBody(on) => self.request_body = Some(*on),
                Act::ResponseBody(on) => self.response_body = Some(*on),
            }
        }
    }

    /// A text filled in, in a buffer that is to be given back.
    fn filled(&mut self, engine: &Engine, store: &Store, text: &Text) -> Vec<u8> {
        let mut filled = std::mem::take(&mut self.filled);
        filled.clear();
        self.fill(engine, store, text, &mut filled);
        filled
    }

    fn value(&mut self, engine: &Engine, store: &Store, collection: Variable, name: &Name) -> i64 {
        match name {
            Name::Slot(slot) => self.written.get(*slot).map_or(0, number::read),
            Name::Expanded(text) => {
                let name = self.filled(engine, store, text);
                let value = self.written.named(&engine.names, collection, &name).map_or(0, number::read);
                self.filled = name;
                value
            }
        }
    }

    fn set(&mut self, engine: &Engine, store: &Store, collection: Variable, name: &Name, value: &[u8]) {
        match name {
            Name::Slot(slot) => self.written.set(*slot, value),
            Name::Expanded(text) => {
                let mut name = Vec::new();
                self.fill(engine, store, text, &mut name);
                self.written.set_named(&engine.names, collection, &name, value);
            }
        }
    }
}
