//! Rules asked one after the other, with the state they keep.

use std::{net::IpAddr, sync::Arc};

use super::{
    collections::Collections,
    engine::{Engine, Glance, Link, Members, Rule, Target, Text, Turn},
    memo::{Memo, ask},
    model::{Disruption, Mode},
    overlay::{self, Overlay},
    passages::{self, Passages},
    scan::Candidates,
    state::{Allowed, State},
    texts::Texts,
    verdict::{Hit, Verdict},
    written::Written,
};
use crate::{
    limits,
    rules::{
        bodies::Buffers,
        bytes::ByteSet,
        inputs::{Address, Frame},
        seclang::operators::{Cache, number},
        values::{
            stats::Stats,
            store::{Named, Store, Value},
        },
        variable::{Kind, Variable},
    },
    tls::hello::TlsFacts,
};

/// Who talks to whom, and when.
#[derive(Clone, Debug)]
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
    /// Who sent the packets: the client, or the last proxy before the service.
    pub peer: IpAddr,
    /// What is known of the connection's TLS.
    pub tls: Option<Arc<TlsFacts>>,
}

impl Facts {
    /// Of a request without a connection: only who sent it is known, and when.
    #[must_use]
    pub fn of_client(client: IpAddr, time: i64) -> Self {
        let server = IpAddr::from([127, 0, 0, 1]);
        Self { client, client_port: 0, server, server_port: 80, time, peer: client, tls: None }
    }
}

/// States that are kept for their memory.
const SPARE: usize = 64;

/// What one worker needs to ask rules, reused from transaction to transaction.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) engine: Option<u64>,
    pub(super) store: Store,
    pub(super) texts: Texts,
    pub(super) candidates: Candidates,
    pub(super) state: State,
    /// States of transactions that have ended, for their memory.
    #[expect(clippy::vec_box, reason = "a state is large; it comes and goes in its box")]
    spare: Vec<Box<State>>,
    /// Of body readers.
    pub(super) buffers: Buffers,
    /// Bytes of names and values of the query's arguments.
    pub(super) args_size: u64,
    /// By link.
    pub(super) caches: Vec<Option<Cache>>,
    /// What libinjection said of texts that come again.
    pub(super) memo: Memo,
    /// What rules that only look at `TX` come to.
    pub(super) passages: Passages,
    /// What outlives a transaction.
    pub(super) collections: Arc<Collections>,
    /// What the next transactions are judged with beside the program.
    overlay: Option<Arc<Overlay>>,
    /// Name of the service that the next transactions are of.
    pub(super) service: String,
    /// Every rule is asked about every value, and every transformation made.
    pub(super) plain: bool,
    /// Open containers of JSON; a buffer.
    pub(super) frames: Vec<Frame>,
    /// Counters.
    pub stats: Stats,
}

impl Scratch {
    /// For the plain evaluation: nothing is left out that could be told to be without result, nothing is kept.
    /// It gives what the fast one gives, a hundred times slower; tests compare them.
    #[doc(hidden)]
    #[must_use]
    pub fn plain() -> Self {
        Self { plain: true, ..Self::default() }
    }

    /// For one of several workers: what rules keep for later transactions is kept for all of them.
    #[must_use]
    pub fn sharing(collections: Arc<Collections>) -> Self {
        Self { collections, ..Self::default() }
    }

    /// From now on what rules keep is kept there.
    pub fn share(&mut self, collections: Arc<Collections>) {
        self.collections = collections;
    }

    /// From the next transaction on, this overlay counts; none: the program as it is.
    pub fn lay(&mut self, overlay: Option<&Arc<Overlay>>) {
        overlay::put(&mut self.overlay, overlay);
    }

    /// What stood at a place of the transaction that was judged last, before any transformation: at `query.id`, or in
    /// SecLang's words at `ARGS:id`.
    #[must_use]
    pub fn values_at(&self, location: &str) -> Vec<Vec<u8>> {
        let is_there = |value: &Value| {
            Variable::ALL.into_iter().filter(|variable| value.lanes.has(*variable)).any(|variable| {
                match Address::of(variable) {
                    Some(address) => self.store.location(address.label(), value.node) == location,
                    None => {
                        let name = String::from_utf8_lossy(self.store.slice(value.name));
                        let (of, member) = location.split_once(':').unwrap_or((location, ""));
                        of == variable.name() && member == name
                    }
                }
            })
        };
        let numbers = 0..u32::try_from(self.store.len()).unwrap_or(u32::MAX);
        let values = numbers.filter_map(|number| self.store.value(number)).filter(|value| is_there(value));
        values.map(|value| self.store.slice(value.bytes).to_vec()).collect()
    }

    /// From the next transaction on, they are of this service: exclusions may be for some services alone.
    pub fn serve(&mut self, service: &str) {
        if self.service != service {
            self.service.clear();
            self.service.push_str(service);
        }
    }

    fn fit(&mut self, engine: &Engine) {
        if self.engine != Some(engine.id) {
            self.engine = Some(engine.id);
            self.texts.fit(engine.chains.len(), engine.unicode_map.clone());
            self.caches.clear();
            self.caches.resize_with(engine.links.len(), || None);
            self.memo.clear();
            self.passages.fit(engine.passages);
        }
    }

    /// Makes ready for a transaction.
    pub(super) fn begin(&mut self, engine: &Engine) {
        self.fit(engine);
        self.store.clear(engine.wanted, &engine.labels);
        self.candidates.clear(engine);
        self.state.begin(engine);
        self.state.lay(engine, self.overlay.as_ref());
        self.stats.transactions += 1;
    }

    /// Makes ready for the response to a request that was judged: of the request only what rules still look at is
    /// read again.
    pub(super) fn resume(&mut self, engine: &Engine) {
        self.fit(engine);
        let wanted = if self.plain { engine.wanted } else { engine.late_wanted };
        self.store.clear(wanted, &engine.labels);
        self.candidates.clear(engine);
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
        while let Some(&Turn { rule: number, check, passage }) = rules.get(at) {
            if passage != passages::NONE
                && let Some(next) = self.pass(engine, rules, at, passage)
            {
                at = next;
                continue;
            }
            at += 1;
            if check != u32::MAX && !self.plain && !self.candidates.has(check) {
                continue;
            }
            let Some(rule) = engine.rules.get(number as usize) else { continue };
            if self.state.any_removed && self.state.is_removed(number) {
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
    pub(super) fn rule(&mut self, engine: &Engine, number: u32, rule: &Rule) -> bool {
        let links = rule.links.clone();
        // The usual case, before anything else: no value has what the first link needs.
        if let Some(first) = engine.links.get(links.start as usize)
            && self.cannot_hold(first)
        {
            return false;
        }
        self.state.rule = number;
        self.state.matched.clear();
        if links.len() == 1 && self.settle(engine, links.start) {
            return true;
        }
        links.into_iter().all(|number| {
            let Some(link) = engine.links.get(number as usize) else { return false };
            if self.cannot_hold(link) {
                return false;
            }
            self.state.matched.next_link();
            self.link(engine, number, link)
        })
    }

    /// Does what a link does of which it is known that it holds, if what was looked at is all there is to it.
    fn settle(&mut self, engine: &Engine, number: u32) -> bool {
        let Some(link) = engine.links.get(number as usize) else { return false };
        let Some(Target { variable, members, .. }) = link.targets.first() else { return false };
        let Self { store, state, stats, collections, .. } = self;
        // An action may have left the member out.
        if !link.settled || self.plain || !state.removed_targets.is_empty() {
            return false;
        }
        stats.operators += 1;
        state.matched.next_link();
        match (link.glance, members) {
            (Glance::Member(slot), Members::Slot(_, name)) => {
                let value = state.written.get(slot).unwrap_or_default();
                state.matched.note(*variable, name, value);
            }
            (Glance::Count(slot), _) => {
                state.matched.note(*variable, &[], state.written.count(slot));
            }
            _ => return false,
        }
        state.act(engine, store, collections, number, &link.effects);
        true
    }

    /// Whether a link holds on nothing, as far as that can be told at a glance.
    pub(super) fn cannot_hold(&self, link: &Link) -> bool {
        match link.glance {
            _ if self.plain => false,
            Glance::None => false,
            Glance::Candidates => link.checks.clone().all(|check| self.candidates.of(check).is_empty()),
            Glance::Labels => link.targets.iter().all(|target| !self.store.has_label(target.label)),
            Glance::Member(slot) => match self.state.written.get(slot) {
                Some(value) => link.operator.find(value, &[], &mut None).is_none(),
                None => true,
            },
            // A member that an action left out is not counted: that takes a closer look.
            Glance::Count(_) if !self.state.removed_targets.is_empty() => false,
            Glance::Count(slot) => {
                link.operator.find(self.state.written.count(slot), &[], &mut None).is_none()
            }
        }
    }

    /// Whether a link holds on one of its values; what it does is done for each on which it does.
    fn link(&mut self, engine: &Engine, number: u32, link: &Link) -> bool {
        let Self { store, texts, candidates, state, caches, memo, plain, stats, collections, .. } = self;
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
            collections: &*collections,
            plain: *plain,
        };
        for target in &link.targets {
            if target.count {
                let none = target.label != 0 && !store.has_label(target.label);
                let count = if none { 0 } else { state.count(engine, store, target, link) };
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
                    let label = Named::by(name);
                    if there && !state.is_excluded(engine, store, link, target.variable, label) {
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
                    for (name, value) in state.matched_values(engine, store, target) {
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
    pub(super) fn told(&mut self, engine: &Engine, rule: &Rule) {
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
    pub(super) fn take_state(&mut self) -> Box<State> {
        let mut taken = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut *taken, &mut self.state);
        self.state.keep_buffers(&mut taken);
        taken
    }

    /// The same, put back.
    pub(super) fn put_state(&mut self, mut state: Box<State>) {
        std::mem::swap(&mut *state, &mut self.state);
        self.state.keep_buffers(&mut state);
        if self.spare.len() < SPARE {
            self.spare.push(state);
        }
    }

    /// What came of it.
    pub(super) fn finish(&mut self, engine: &Engine) -> Verdict {
        self.state.verdict.scores = engine.scores_of(&self.state.written);
        let injection_cut = self.state.injection.cut();
        let refused = self.state.written.refused() > 0;
        self.stats.cut += u64::from(self.store.is_cut() || injection_cut > 0 || refused);
        self.stats.injection_cut += injection_cut;
        self.stats.values += self.store.len() as u64;
        std::mem::take(&mut self.state.verdict)
    }
}

impl Engine {
    fn scores_of(&self, written: &Written) -> Vec<(String, i64)> {
        let scores = self.scores.iter().filter_map(|(name, slot)| {
            let score = number::read(written.get(*slot)?);
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
    collections: &'a Collections,
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
        if target.label != 0 && !store.has_label(target.label) {
            return;
        }
        let filtered = self.link.filtered && !self.plain;
        let checks = target.checks.clone();
        // With multiMatch each value goes through all its steps before the next value.
        let numbers = match filtered && checks.len() == 1 {
            true => candidates.of(checks.start),
            false => store.of(target.variable),
        };
        for &number in numbers {
            for check in checks.clone() {
                if filtered && checks.len() > 1 && candidates.of(check).binary_search(&number).is_err() {
                    continue;
                }
                let Some(value) = store.value(number) else { continue };
                if !value.lanes.has(target.variable) {
                    continue;
                }
                let named = value.named(store);
                let is_member = match target.label {
                    0 => state.is_member(self.engine, store, &target.members, named),
                    label => value.label == label,
                };
                if !is_member
                    || state.is_excluded(self.engine, store, self.link, target.variable, named)
                    || state.is_left_alone(store, self.link.rule, target.variable, value)
                {
                    continue;
                }
                let name = named.name;
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
            let operator = &self.link.operator;
            let find = || operator.find(text, argument, self.cache);
            let found = ask((self.number, operator), text, self.memo, &mut state.injection, self.plain, find);
            let Some(found) = found else { continue };
            self.held = true;
            if self.link.capture && !self.link.negated {
                let written = &mut state.written;
                for slot in 0..10 {
                    written.unset(slot);
                }
                if self.link.operator.captures_found() {
                    written.set(0, text.get(found.start..found.end).unwrap_or_default());
                } else {
                    self.link.operator.captures(text, argument, self.cache, &mut |group, bytes| {
                        if let Ok(slot) = u32::try_from(group)
                            && slot < 10
                        {
                            written.set(slot, bytes);
                        }
                    });
                }
            }
            state.matched.note(variable, name, text);
            state.act(self.engine, store, self.collections, self.number, &self.link.effects);
        }
    }
}
