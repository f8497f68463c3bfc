//! Rules asked one after the other, with the state they keep.

use std::{cell::RefCell, net::IpAddr, sync::Arc};

use super::{
    compile::{Act, Engine, Exclusion, Glance, Link, Members, Name, Piece, Rule, Target, Text, Turn},
    memo::Memo,
    model::{Disruption, Mode, Processor},
    scan::Candidates,
    store::Store,
    texts::Texts,
    verdict::{Hit, Verdict},
    written::{self, Written},
};
use crate::{
    limits,
    rules::{
        bodies::Buffers,
        bytes::ByteSet,
        seclang::{operators::Cache, pcre::PatternCache},
        variable::{Kind, Variable},
    },
};

/// Who talks to whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The client.
    pub client: IpAddr,
    /// Its port; 0 when it is not known.
    pub client_port: u16,
    /// The service's address.
    pub server: IpAddr,
    /// Its port.
    pub server_port: u16,
    /// Seconds since 1970.
    pub time: i64,
}

/// What one worker needs to ask rules, reused from transaction to transaction.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) engine: Option<u64>,
    pub(super) store: Store,
    pub(super) texts: Texts,
    pub(super) candidates: Candidates,
    pub(super) state: State,
    /// Of body readers.
    pub(super) buffers: Buffers,
    /// Bytes of names and values of the query's arguments.
    pub(super) args_size: u64,
    /// By link.
    caches: Vec<Option<Cache>>,
    /// What libinjection said of texts that come again.
    memo: Memo,
    /// Every rule is asked about every value, and every transformation made.
    plain: bool,
    /// Counters.
    pub stats: Stats,
}

/// Counters of asking rules; all only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions judged.
    pub transactions: u64,
    /// Values of transactions.
    pub values: u64,
    /// Operators run.
    pub operators: u64,
    /// Transactions of which not everything was judged.
    pub cut: u64,
}

/// What rules have made of a transaction so far.
#[derive(Debug, Default)]
pub(super) struct State {
    engine: Option<u64>,
    pub written: Written,
    /// By rule.
    removed: Vec<bool>,
    any_removed: bool,
    /// Link of the `ctl` action, and which of its effects.
    removed_targets: Vec<(u32, u32)>,
    pub mode: Option<Mode>,
    pub processor: Option<Processor>,
    pub force_body: bool,
    pub request_body: Option<bool>,
    pub response_body: Option<bool>,
    allowed: Allowed,
    matched: Matched,
    highest_severity: Option<u8>,
    pub verdict: Verdict,
    /// By selector.
    selectors: RefCell<Vec<Option<PatternCache>>>,
    /// A text being filled in.
    filled: Vec<u8>,
    /// An operator's argument, filled in.
    argument: Vec<u8>,
    /// A member of a collection that is looked at while rules write it.
    member: Vec<u8>,
    /// The rule that is asked.
    rule: u32,
}

/// What an `allow` has opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Allowed {
    #[default]
    Nothing,
    /// Phases 1 and 2.
    Request,
    /// All but phase 5.
    All,
}

/// What matched.
#[derive(Debug, Default)]
struct Matched {
    /// The variable that tells most of the rule: the last that is no rule's own writing.
    variable: Option<Variable>,
    /// Its member.
    member: Vec<u8>,
    /// Its value.
    shown: Vec<u8>,
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
struct Several {
    bytes: Vec<u8>,
    /// Where a name and where its value ends.
    ends: Vec<(usize, usize)>,
}

impl Several {
    fn clear(&mut self) {
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

impl Scratch {
    /// For the plain evaluation: nothing is left out that could be told to be without result, nothing is kept.
    /// It gives what the fast one gives, a hundred times slower; tests compare them.
    #[doc(hidden)]
    #[must_use]
    pub fn plain() -> Self {
        Self { plain: true, ..Self::default() }
    }

    /// Makes ready for a transaction.
    pub(super) fn begin(&mut self, engine: &Engine) {
        if self.engine != Some(engine.id) {
            self.engine = Some(engine.id);
            self.texts.fit(engine.chains.len());
            self.caches.clear();
            self.caches.resize_with(engine.links.len(), || None);
            self.memo.clear();
        }
        self.store.clear(engine.wanted);
        self.candidates.clear(engine);
        self.state.begin(engine);
        self.stats.transactions += 1;
    }

    /// Asks the rules of a phase, 1 to 5.
    pub(super) fn phase(&mut self, engine: &Engine, phase: u8) {
        let Some(rules) = engine.phases.get(usize::from(phase).saturating_sub(1)) else { return };
        if self.state.mode.unwrap_or(engine.settings.engine) == Mode::Off {
            return;
        }
        match self.state.allowed {
            Allowed::All if phase != 5 => return,
            Allowed::Request if phase <= 2 => return,
            _ => {}
        }
        let mut at = 0;
        while let Some(&Turn { rule: number, check }) = rules.get(at) {
            at += 1;
            if check != u32::MAX && !self.plain && !self.candidates.has(check) {
                continue;
            }
            let Some(rule) = engine.rules.get(number as usize) else { continue };
            if self.state.any_removed && self.state.removed.get(number as usize) == Some(&true) {
                continue;
            }
            if !self.rule(engine, number, rule) {
                continue;
            }
            self.told(engine, rule);
            at = rule.next as usize;
            match rule.verdict {
                Disruption::Pass => {}
                Disruption::Deny => {
                    if self.state.verdict.denied.is_none() {
                        self.state.verdict.denied = Some((Arc::clone(&rule.meta), rule.status));
                    }
                }
                Disruption::Allow => {
                    self.state.allowed = Allowed::All;
                    return;
                }
                Disruption::AllowPhase => return,
                Disruption::AllowRequest => {
                    self.state.allowed = Allowed::Request;
                    if phase <= 2 {
                        return;
                    }
                }
            }
            if self.state.mode == Some(Mode::Off) {
                return;
            }
        }
    }

    /// Whether a rule holds: all of its links do.
    fn rule(&mut self, engine: &Engine, number: u32, rule: &Rule) -> bool {
        let links = rule.links.clone();
        // The usual case, before anything else: no value has what the first link needs.
        if let Some(first) = engine.links.get(links.start as usize)
            && self.cannot_hold(first)
        {
            return false;
        }
        self.state.rule = number;
        self.state.matched.clear();
        links.into_iter().all(|number| {
            let Some(link) = engine.links.get(number as usize) else { return false };
            if self.cannot_hold(link) {
                return false;
            }
            self.state.matched.next_link();
            self.link(engine, number, link)
        })
    }

    /// Whether a link holds on nothing, as far as that can be told at a glance.
    fn cannot_hold(&self, link: &Link) -> bool {
        match link.glance {
            _ if self.plain => false,
            Glance::None => false,
            Glance::Candidates => link.checks.clone().all(|check| self.candidates.of(check).is_empty()),
            Glance::Member(slot) => match self.state.written.get(slot) {
                Some(value) => link.operator.find(value, &[], &mut None).is_none(),
                None => true,
            },
            // A member that an action left out is not counted: that takes a closer look.
            Glance::Count(_) if !self.state.removed_targets.is_empty() => false,
            Glance::Count(slot) => {
                let count: &[u8] = if self.state.written.get(slot).is_some() { b"1" } else { b"0" };
                link.operator.find(count, &[], &mut None).is_none()
            }
        }
    }

    /// Whether a link holds on one of its values; what it does is done for each on which it does.
    fn link(&mut self, engine: &Engine, number: u32, link: &Link) -> bool {
        let Self { store, texts, candidates, state, caches, memo, plain, stats, .. } = self;
        let Some(cache) = caches.get_mut(number as usize) else { return false };
        let mut argument = std::mem::take(&mut state.argument);
        argument.clear();
        if let Some(text) = &link.argument {
            state.fill(engine, store, text, &mut argument);
        }
        let mut asked = Asked {
            engine,
            number,
            link,
            argument: &argument,
            held: false,
            stats,
            cache,
            memo,
            plain: *plain,
        };
        for target in &link.targets {
            if target.count {
                let count = state.count(engine, store, target, link);
                let variable = target.variable;
                let mut digits = itoa::Buffer::new();
                asked.value(
                    state,
                    texts,
                    store,
                    variable,
                    &[],
                    digits.format(count).as_bytes(),
                    ByteSet::ALL,
                    None,
                );
                continue;
            }
            match target.variable.kind() {
                Kind::Written if matches!(target.members, Members::Slot(..)) => {
                    let Members::Slot(slot, name) = &target.members else { continue };
                    // The usual case, without copies that are allocated.
                    let mut value = std::mem::take(&mut state.member);
                    value.clear();
                    let there = state.written.get(*slot).map(|held| value.extend_from_slice(held)).is_some();
                    if there && !state.is_excluded(engine, store, link, target.variable, name) {
                        let variable = target.variable;
                        asked.value(state, texts, store, variable, name, &value, ByteSet::ALL, None);
                    }
                    state.member = value;
                }
                Kind::Written => {
                    for (name, value) in state.members(engine, store, target, link) {
                        asked.value(state, texts, store, target.variable, &name, &value, ByteSet::ALL, None);
                    }
                }
                Kind::Matched => {
                    for (name, value) in state.matched_values(engine, target) {
                        asked.value(state, texts, store, target.variable, &name, &value, ByteSet::ALL, None);
                    }
                }
                _ => asked.stored(state, texts, store, candidates, target),
            }
        }
        let held = asked.held;
        state.argument = argument;
        held
    }

    /// A rule held: it is told, if it is to be.
    fn told(&mut self, engine: &Engine, rule: &Rule) {
        let Self { store, state, .. } = self;
        if let Some(severity) = rule.meta.severity {
            let highest = state.highest_severity.unwrap_or(u8::MAX);
            state.highest_severity = Some(highest.min(severity));
        }
        if !rule.log || state.verdict.hits.len() >= limits::EVENT_MATCHES {
            return;
        }
        let filled = |text: &Option<Text>, state: &mut State| {
            let mut filled = Vec::new();
            if let Some(text) = text {
                state.fill(engine, store, text, &mut filled);
            }
            String::from_utf8_lossy(filled.get(..limits::EVENT_FIELD).unwrap_or(&filled)).into_owned()
        };
        let message = filled(&rule.message, state);
        let data = filled(&rule.data, state);
        let shown = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes.get(..limits::MATCH_VALUE).unwrap_or(bytes)).into_owned()
        };
        let (name, value) = (shown(&state.matched.member), shown(&state.matched.shown));
        let variable = state.matched.variable;
        let location = match (variable.map(Variable::name), name.as_str()) {
            (None, _) => String::new(),
            (Some(variable), "") => variable.to_owned(),
            (Some(variable), name) => format!("{variable}:{name}"),
        };
        state.verdict.hits.push(Hit {
            rule: Arc::clone(&rule.meta),
            told: Arc::clone(&rule.told),
            variable,
            name,
            location,
            value,
            message,
            data,
        });
    }

    /// What came of it until now; it stays what it is.
    pub(super) fn so_far(&mut self, engine: &Engine) -> Verdict {
        self.state.verdict.scores = engine.scores_of(&self.state.written);
        self.state.verdict.clone()
    }

    /// What rules have made of the transaction, taken along.
    pub(super) fn take_state(&mut self) -> State {
        std::mem::take(&mut self.state)
    }

    /// The same, put back.
    pub(super) fn put_state(&mut self, state: State) {
        self.state = state;
    }

    /// What came of it.
    pub(super) fn finish(&mut self, engine: &Engine) -> Verdict {
        self.state.verdict.scores = engine.scores_of(&self.state.written);
        self.stats.cut += u64::from(self.store.is_cut());
        self.stats.values += self.store.len() as u64;
        std::mem::take(&mut self.state.verdict)
    }
}

impl Engine {
    fn scores_of(&self, written: &Written) -> Vec<(String, i64)> {
        let scores = self.scores.iter().filter_map(|(name, slot)| {
            let score = written::number(written.get(*slot)?);
            (score != 0).then(|| (name.clone(), score))
        });
        scores.collect()
    }
}

/// A link that is being asked.
struct Asked<'a> {
    engine: &'a Engine,
    number: u32,
    link: &'a Link,
    argument: &'a [u8],
    held: bool,
    stats: &'a mut Stats,
    cache: &'a mut Option<Cache>,
    memo: &'a mut Memo,
    plain: bool,
}

impl Asked<'_> {
    /// Asks about values of the store.
    fn stored(
        &mut self,
        state: &mut State,
        texts: &mut Texts,
        store: &Store,
        candidates: &Candidates,
        target: &Target,
    ) {
        let lane = store.of(target.variable);
        for check in self.link.checks.clone() {
            let numbers = if self.link.filtered && !self.plain { candidates.of(check) } else { lane };
            for &number in numbers {
                let Some(value) = store.value(number) else { continue };
                if !value.lanes.has(target.variable) {
                    continue;
                }
                let name = store.slice(value.name);
                if !state.is_member(self.engine, store, &target.members, name)
                    || state.is_excluded(self.engine, store, self.link, target.variable, name)
                {
                    continue;
                }
                let variable = target.variable;
                self.value(
                    state,
                    texts,
                    store,
                    variable,
                    name,
                    store.slice(value.bytes),
                    value.set,
                    Some(check),
                );
            }
        }
    }

    /// Asks about a value: of one of its checks, or of all.
    #[expect(clippy::too_many_arguments, reason = "a value, its name, and what is needed to judge it")]
    fn value(
        &mut self,
        state: &mut State,
        texts: &mut Texts,
        store: &Store,
        variable: Variable,
        name: &[u8],
        value: &[u8],
        set: ByteSet,
        check: Option<u32>,
    ) {
        let checks = check.map_or_else(|| self.link.checks.clone(), |check| check..check + 1);
        // With all bytes in it, no transformation is taken to be without effect.
        texts.begin(value, if self.plain { ByteSet::ALL } else { set });
        for number in checks {
            let Some(check) = self.engine.checks.get(number as usize) else { continue };
            let same_as = texts.resolve(&self.engine.chains, check.chain, value);
            // With multiMatch: a step that changed nothing is not asked again.
            if number > self.link.checks.start
                && let Some(before) = self.engine.checks.get(number as usize - 1)
                && texts.resolve(&self.engine.chains, before.chain, value) == same_as
            {
                continue;
            }
            let text = texts.text(same_as, value);
            self.stats.operators += 1;
            let argument = self.argument;
            let mut ask = || self.link.operator.find(text, argument, self.cache);
            let found = if self.link.operator.is_injection() && !self.plain {
                self.memo.answer(self.number, text, ask)
            } else {
                ask()
            };
            if found.is_none() {
                continue;
            }
            self.held = true;
            if self.link.capture && !self.link.negated {
                let written = &mut state.written;
                for slot in 0..10 {
                    written.unset(slot);
                }
                self.link.operator.captures(text, argument, self.cache, &mut |group, bytes| {
                    if let Ok(slot) = u32::try_from(group)
                        && slot < 10
                    {
                        written.set(slot, bytes);
                    }
                });
            }
            state.matched.note(variable, name, text);
            state.act(self.engine, store, self.number, &self.link.effects);
        }
    }
}

impl Matched {
    fn clear(&mut self) {
        self.variable = None;
        self.now.clear();
        self.before.clear();
    }

    fn next_link(&mut self) {
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.clear();
    }

    fn note(&mut self, variable: Variable, name: &[u8], text: &[u8]) {
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
    fn begin(&mut self, engine: &Engine) {
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
    fn fill(&self, engine: &Engine, store: &Store, text: &Text, to: &mut Vec<u8>) {
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

    fn is_member(&self, engine: &Engine, store: &Store, members: &Members, name: &[u8]) -> bool {
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

    fn is_excluded(
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
    fn count(&self, engine: &Engine, store: &Store, target: &Target, link: &Link) -> usize {
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
                });
                members.count()
            }
        }
    }

    /// Members of a collection that rules write.
    fn members(&self, engine: &Engine, store: &Store, target: &Target, link: &Link) -> Vec<Member> {
        let members = self.written.members(&engine.names, target.variable).filter(|(name, _)| {
            self.is_member(engine, store, &target.members, name)
                && !self.is_excluded(engine, store, link, target.variable, name)
        });
        members.map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn matched_values(&self, engine: &Engine, target: &Target) -> Vec<Member> {
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
    fn act(&mut self, engine: &Engine, store: &Store, link: u32, effects: &[Act]) {
        for (at, effect) in (0u32..).zip(effects) {
            match effect {
                Act::Set { collection, name, value } => {
                    let value = self.filled(engine, store, value);
                    self.set(engine, store, *collection, name, &value);
                    self.filled = value;
                }
                Act::Add { collection, name, value, negative } => {
                    let value = self.filled(engine, store, value);
                    let by = written::number(&value);
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
            Name::Slot(slot) => self.written.get(*slot).map_or(0, written::number),
            Name::Expanded(text) => {
                let name = self.filled(engine, store, text);
                let value = self.written.named(&engine.names, collection, &name).map_or(0, written::number);
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
