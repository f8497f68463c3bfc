//! Passages: rules in a row that look at nothing but members of `TX` and write nothing else. CRS begins with sixty of
//! them and asks its paranoia level two hundred times; what they come to depends on a few members, and is the same for
//! nearly every transaction. So it is kept: by what it was that they found, what they wrote, in their order, and
//! where they led.
//!
//! A passage counts only where each member it depends on has exactly the value that it had, and the same rules are
//! left out. It writes what the rules wrote, one after the other, so that what holds afterwards is the same to the
//! byte. What a rule tells, and what it wants done with the transaction, is never part of one.

use std::collections::BTreeSet;

use super::{
    engine::{Act, Engine, Glance, Link, Members, Name, Piece, Rule, Target, Text, Turn},
    model::Disruption,
    run::Scratch,
    state::State,
    written::Slot,
};
use crate::{limits, rules::variable::Variable};

/// Passages that are kept of one place.
const KEPT: usize = 4;
/// When as many are kept, one of so many others takes the place of the oldest.
const OTHERS: u32 = 64;
/// Bytes of members that a kept passage found and wrote.
const LONGEST: usize = 16 * 1024;

/// The number of a turn at which no passage begins.
pub(super) const NONE: u32 = u32::MAX;

/// A rule that a passage may lead through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    /// It compares a member, or how many there are, with a number.
    Compares(Slot),
    /// `SecAction`: it always holds, on the client's address.
    Always,
}

/// What may be said of a rule, if a passage may lead through it.
fn own(engine: &Engine, rule: &Rule) -> Option<Own> {
    let links = engine.links.get(rule.links.start as usize..rule.links.end as usize)?;
    let [link] = links else { return None };
    let own = match link.glance {
        _ if rule.in_app.is_some() || !link.excluded.is_empty() || link.capture => return None,
        Glance::Member(slot) | Glance::Count(slot) if link.settled => Own::Compares(slot),
        Glance::None if is_action(engine, link) => Own::Always,
        _ => return None,
    };
    let mut written = BTreeSet::new();
    let fixed = |text: &Text| text.0.iter().all(|piece| matches!(piece, Piece::Text(_) | Piece::Slot(_)));
    let own_effects = link.effects.iter().all(|effect| match effect {
        Act::Set { collection: Variable::Tx, name: Name::Slot(slot), value }
        | Act::Add { collection: Variable::Tx, name: Name::Slot(slot), value, .. } => {
            written.insert(*slot) && fixed(value)
        }
        Act::Unset { collection: Variable::Tx, name: Name::Slot(slot) } => written.insert(*slot),
        _ => false,
    });
    own_effects.then_some(own)
}

fn is_action(engine: &Engine, link: &Link) -> bool {
    let [Target { variable: Variable::RemoteAddr, members: Members::All, count: false, .. }] =
        link.targets.as_slice()
    else {
        return false;
    };
    let as_it_is = |check: u32| engine.checks.get(check as usize).is_some_and(|check| check.chain == 0);
    link.operator.is_unconditional() && link.checks.len() == 1 && link.checks.clone().all(as_it_is)
}

impl Engine {
    /// Numbers the turns at which passages may begin.
    pub(super) fn number_passages(&mut self) {
        let mut phases = std::mem::take(&mut self.phases);
        let mut number = 0;
        for turn in phases.iter_mut().flatten() {
            if self.rules.get(turn.rule as usize).is_some_and(|rule| own(self, rule).is_some()) {
                turn.passage = number;
                number += 1;
            }
        }
        self.phases = phases;
        self.passages = number as usize;
    }
}

/// The passages of one worker, by the number of the turn at which they begin.
#[derive(Debug, Default)]
pub(super) struct Passages(Vec<Place>);

#[derive(Clone, Debug, Default)]
struct Place {
    kept: Vec<Passage>,
    /// Where the next one is kept.
    next: usize,
    others: u32,
}

/// What rules in a row come to.
#[derive(Clone, Debug, Default)]
struct Passage {
    /// Members it depends on, and what they were.
    found: Vec<Member>,
    /// Rules on its way, and whether they were left out.
    rules: Vec<(u32, bool)>,
    /// Some were.
    any_removed: bool,
    /// What was written, in its order.
    wrote: Vec<Member>,
    /// Bytes of that.
    bytes: usize,
    /// The last match.
    last: Option<Last>,
    /// The lowest number of a rule that held.
    severity: Option<u8>,
    operators: u64,
    /// The turn behind it.
    next: usize,
}

/// A member and its value, if it has one.
type Member = (Slot, Option<Box<[u8]>>);

#[derive(Clone, Debug)]
struct Last {
    rule: u32,
    variable: Variable,
    name: Box<[u8]>,
    /// None: the client's address.
    value: Option<Box<[u8]>>,
}

impl Passages {
    /// Makes room for those of an engine.
    pub fn fit(&mut self, count: usize) {
        self.0.clear();
        self.0.resize(count, Place::default());
    }
}

impl Passage {
    fn counts(&self, state: &State) -> bool {
        let is_same = |(slot, value): &Member| state.written.get(*slot) == value.as_deref();
        let as_removed = match state.any_removed {
            false => !self.any_removed,
            true => self.rules.iter().all(|&(rule, removed)| state.is_removed(rule) == removed),
        };
        as_removed && state.written.has_room(self.bytes) && self.found.iter().all(is_same)
    }

    /// A member is looked at: what it was before the passage counts.
    fn looks_at(&mut self, state: &State, slot: Slot) {
        let known = |members: &[Member]| members.iter().any(|(known, _)| *known == slot);
        if !known(&self.found) && !known(&self.wrote) {
            self.found.push((slot, state.written.get(slot).map(Into::into)));
        }
    }

    fn held(&self) -> usize {
        let bytes = |(_, value): &Member| value.as_ref().map_or(0, |value| value.len());
        self.found.iter().chain(&self.wrote).map(bytes).sum()
    }
}

impl Scratch {
    /// Leads through the passage that begins at a turn; the turn behind it. None: its rules are to be asked.
    pub(super) fn pass(&mut self, engine: &Engine, turns: &[Turn], at: usize, number: u32) -> Option<usize> {
        // An action or a policy may have taken values away from rules; and a request without room for the
        // client's address has no value that `SecAction` holds on.
        if self.plain || !self.state.leaves_nothing_out() || self.store.of(Variable::RemoteAddr).len() != 1 {
            return None;
        }
        let place = self.passages.0.get_mut(number as usize)?;
        let Some(passage) = place.kept.iter().find(|passage| passage.counts(&self.state)) else {
            if place.kept.len() >= KEPT {
                place.others += 1;
                if place.others % OTHERS != 0 {
                    return None;
                }
            }
            return self.explore(engine, turns, at, number);
        };
        let state = &mut self.state;
        for (slot, value) in &passage.wrote {
            match value {
                Some(value) => state.written.set(*slot, value),
                None => state.written.unset(*slot),
            }
        }
        if let Some(last) = &passage.last {
            state.rule = last.rule;
            state.matched.clear();
            state.matched.next_link();
            let value = match &last.value {
                Some(value) => value,
                None => self.store.scalar(Variable::RemoteAddr).unwrap_or_default(),
            };
            state.matched.note(last.variable, &last.name, value);
        }
        if let Some(severity) = passage.severity {
            let highest = state.highest_severity.unwrap_or(u8::MAX);
            state.highest_severity = Some(highest.min(severity));
        }
        self.stats.operators += passage.operators;
        Some(passage.next)
    }

    /// Asks the rules of a passage, and keeps what they come to.
    fn explore(&mut self, engine: &Engine, turns: &[Turn], start: usize, place: u32) -> Option<usize> {
        let mut passage = Passage::default();
        let (operators, refused) = (self.stats.operators, self.state.written.refused());
        let mut at = start;
        while let Some(turn) = turns.get(at).filter(|turn| turn.passage != NONE) {
            let number = turn.rule;
            let Some(rule) = engine.rules.get(number as usize) else { break };
            let Some(link) = engine.links.get(rule.links.start as usize) else { break };
            let removed = self.state.any_removed && self.state.is_removed(number);
            let holds = !removed && !self.cannot_hold(link);
            if holds && (rule.log || rule.verdict != Disruption::Pass) {
                break;
            }
            passage.rules.push((number, removed));
            passage.any_removed |= removed;
            if let (false, Some(Own::Compares(slot))) = (removed, own(engine, rule)) {
                passage.looks_at(&self.state, slot);
            }
            if !holds {
                at += 1;
                continue;
            }
            passage.last = Some(self.last(number, link));
            for effect in &link.effects {
                passage.looks_before(&self.state, effect);
            }
            if !self.rule(engine, number, rule) {
                // It was told that it holds; whoever asks the rules now finds out why it does not.
                return Some(at + 1);
            }
            self.told(engine, rule);
            passage.severity = passage.severity.into_iter().chain(rule.meta.severity).min();
            for slot in link.effects.iter().filter_map(written_by) {
                passage.wrote.push((slot, self.state.written.get(slot).map(Into::into)));
            }
            at = rule.next as usize;
        }
        if at == start {
            return None;
        }
        passage.next = at;
        passage.operators = self.stats.operators - operators;
        passage.bytes = passage.wrote.iter().flat_map(|(_, value)| value).map(|value| value.len()).sum();
        if passage.held() <= LONGEST && self.state.written.refused() == refused {
            self.passages.keep(place, passage);
        }
        Some(at)
    }

    /// The match of a rule that holds.
    fn last(&self, rule: u32, link: &Link) -> Last {
        let value = |slot| self.state.written.get(slot);
        let count = |slot| if value(slot).is_some() { &b"1"[..] } else { &b"0"[..] };
        let (variable, members) = match link.targets.first() {
            Some(target) => (target.variable, Some(&target.members)),
            None => (Variable::RemoteAddr, None),
        };
        let (name, value): (&[u8], _) = match (link.glance, members) {
            (Glance::Member(slot), Some(Members::Slot(_, name))) => {
                (name, Some(value(slot).unwrap_or_default()))
            }
            (Glance::Count(slot), _) => (&[], Some(count(slot))),
            _ => (&[], None),
        };
        Last { rule, variable, name: name.into(), value: value.map(Into::into) }
    }
}

impl Passage {
    /// An effect is about to be done: what it looks at counts. Effects of one rule write different members, and
    /// one that looks at what another wrote is taken to look at what was there before: that is more than it
    /// has to be.
    fn looks_before(&mut self, state: &State, effect: &Act) {
        let (Act::Set { value, .. } | Act::Add { value, .. }) = effect else { return };
        for piece in &value.0 {
            if let Piece::Slot(slot) = piece {
                self.looks_at(state, *slot);
            }
        }
        if let (Act::Add { .. }, Some(slot)) = (effect, written_by(effect)) {
            self.looks_at(state, slot);
        }
    }
}

/// The member that an effect of such a rule writes.
fn written_by(effect: &Act) -> Option<Slot> {
    match effect {
        Act::Set { name: Name::Slot(slot), .. }
        | Act::Add { name: Name::Slot(slot), .. }
        | Act::Unset { name: Name::Slot(slot), .. } => Some(*slot),
        _ => None,
    }
}

impl Passages {
    /// How many there are.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.0.iter().map(|place| place.kept.len()).sum()
    }

    fn keep(&mut self, place: u32, passage: Passage) {
        let Some(place) = self.0.get_mut(place as usize) else { return };
        match place.kept.get_mut(place.next) {
            Some(oldest) => *oldest = passage,
            None => place.kept.push(passage),
        }
        place.next = (place.next + 1) % KEPT;
    }
}

const _: () = assert!(LONGEST < limits::WRITTEN_BYTES);
