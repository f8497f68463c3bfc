//! The filter: each text of a transaction is read once, and every check that may hold on it is noted.

use aho_corasick::{Anchored, automaton};

use super::{
    engine::{Automaton, Engine, Filter},
    lanes::Lanes,
    store::Store,
    texts::Texts,
};
use crate::rules::bytes::ByteSet;

/// The values on which each check may hold.
#[derive(Debug, Default)]
pub struct Candidates {
    /// By check.
    values: Vec<Vec<u32>>,
    /// Checks that have any, to be cleared.
    touched: Vec<u32>,
    /// The same as bits.
    any: Vec<u64>,
    /// What is done with values of these variables; found as they come.
    plans: Vec<(Lanes, Plan)>,
    /// The engine the plans are of.
    engine: Option<u64>,
    /// By literal: the text in which it was found last.
    found: Vec<u64>,
    /// Number of the text.
    turn: u64,
    /// Literals of the text; a buffer.
    hits: Vec<u32>,
    /// Texts of the value that were read; a buffer.
    read: Vec<u32>,
}

/// What is done with a value.
#[derive(Clone, Debug, Default)]
struct Plan {
    /// Chains whose texts are read.
    scans: Vec<u32>,
    /// Checks that only bytes speak for, by the bytes of which each needs one.
    weak: Vec<(ByteSet, Vec<u32>)>,
    /// A value with none of these is changed by none of the chains.
    triggers: ByteSet,
    /// One of them makes something of an empty value.
    changes_empty: bool,
}

impl Candidates {
    /// Forgets the last transaction.
    pub fn clear(&mut self, engine: &Engine) {
        for check in self.touched.drain(..) {
            if let Some(values) = self.values.get_mut(check as usize) {
                values.clear();
            }
        }
        self.any.fill(0);
        if self.engine != Some(engine.id) {
            self.engine = Some(engine.id);
            self.any.clear();
            self.any.resize(engine.checks.len().div_ceil(64), 0);
            self.values.clear();
            self.values.resize_with(engine.checks.len(), Vec::new);
            self.plans.clear();
            self.found.clear();
            self.found.resize(engine.filter.literals.len(), 0);
        }
    }

    /// The values on which a check may hold, in their order.
    #[must_use]
    pub fn of(&self, check: u32) -> &[u32] {
        self.values.get(check as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether a check may hold on any value.
    #[must_use]
    pub fn has(&self, check: u32) -> bool {
        self.any.get(check as usize / 64).is_some_and(|word| word >> (check % 64) & 1 == 1)
    }

    fn note(&mut self, check: u32, value: u32) {
        if let Some(values) = self.values.get_mut(check as usize)
            && values.last() != Some(&value)
        {
            if values.is_empty() {
                self.touched.push(check);
                if let Some(word) = self.any.get_mut(check as usize / 64) {
                    *word |= 1 << (check % 64);
                }
            }
            values.push(value);
        }
    }

    /// The plan for a set of variables.
    fn plan(&mut self, lanes: Lanes, engine: &Engine) -> usize {
        if let Some(at) = self.plans.iter().position(|(of, _)| *of == lanes) {
            return at;
        }
        let filter = &engine.filter;
        let mut plan = Plan::default();
        let mut weak: Vec<u32> = Vec::new();
        for variable in lanes.iter() {
            let lane = variable as usize;
            plan.scans.extend(filter.scans.get(lane).into_iter().flatten());
            weak.extend(filter.weak.get(lane).into_iter().flatten().copied());
        }
        plan.scans.sort_unstable();
        plan.scans.dedup();
        for &chain in &plan.scans {
            if let Some(chain) = engine.chains.get(chain as usize) {
                plan.triggers = plan.triggers.union(chain.triggers);
                plan.changes_empty |= chain.changes_empty;
            }
        }
        weak.sort_unstable();
        weak.dedup();
        for number in weak {
            let first = engine.checks.get(number as usize).and_then(|check| check.bytes.first()).copied();
            let set = first.unwrap_or(ByteSet::ALL);
            match plan.weak.iter_mut().find(|(known, _)| *known == set) {
                Some((_, checks)) => checks.push(number),
                None => plan.weak.push((set, vec![number])),
            }
        }
        self.plans.push((lanes, plan));
        self.plans.len() - 1
    }

    /// Reads the values from number `from` on, for rules of this phase and later.
    pub fn scan(&mut self, engine: &Engine, store: &Store, texts: &mut Texts, from: u32, phase: u8) {
        let mut number = from;
        while let Some(value) = store.value(number) {
            let at = self.plan(value.lanes, engine);
            let plan = self.plans.get_mut(at).map(|(_, plan)| std::mem::take(plan)).unwrap_or_default();
            if !plan.scans.is_empty() {
                let bytes = store.slice(value.bytes);
                texts.begin(bytes, value.set);
                self.value(engine, &plan, bytes, texts, number, value.lanes, phase);
            }
            if let Some((_, held)) = self.plans.get_mut(at) {
                *held = plan;
            }
            number += 1;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one value and everything known of it")]
    fn value(
        &mut self,
        engine: &Engine,
        plan: &Plan,
        bytes: &[u8],
        texts: &mut Texts,
        number: u32,
        lanes: Lanes,
        phase: u8,
    ) {
        // The usual value: no chain changes it.
        if !texts.may_change(plan.triggers, plan.changes_empty) {
            self.text(engine, plan, bytes, texts, 0, number, lanes, phase);
            return;
        }
        let mut read = std::mem::take(&mut self.read);
        read.clear();
        for &chain in &plan.scans {
            let same_as = texts.resolve(&engine.chains, chain, bytes);
            // Another chain may have left the same text.
            if !read.contains(&same_as) {
                read.push(same_as);
                self.text(engine, plan, bytes, texts, same_as, number, lanes, phase);
            }
        }
        self.read = read;
    }

    /// Reads one of the texts of a value.
    #[expect(clippy::too_many_arguments, reason = "one text and everything known of it")]
    fn text(
        &mut self,
        engine: &Engine,
        plan: &Plan,
        bytes: &[u8],
        texts: &mut Texts,
        same_as: u32,
        number: u32,
        lanes: Lanes,
        phase: u8,
    ) {
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        self.turn += 1;
        let text = texts.text(same_as, bytes);
        engine.filter.literals_in(text, &mut hits, &mut self.found, self.turn);
        let has = if same_as == 0 { texts.bytes() } else { ByteSet::of(text) };
        let mut candidate = |number_of_check: u32| {
            let Some(check) = engine.checks.get(number_of_check as usize) else { return };
            if check.phase >= phase
                && check.lanes.meets(lanes)
                && check.bytes.iter().all(|set| set.intersects(has))
                && texts.resolve(&engine.chains, check.scanned, bytes) == same_as
            {
                self.note(number_of_check, number);
            }
        };
        for (set, checks) in &plan.weak {
            if set.intersects(has) {
                checks.iter().for_each(|&check| candidate(check));
            }
        }
        for &literal in &hits {
            for &check in engine.filter.literals.get(literal as usize).into_iter().flatten() {
                candidate(check);
            }
        }
        self.hits = hits;
    }
}

impl Filter {
    /// The literals in a text, each once.
    fn literals_in(&self, text: &[u8], hits: &mut Vec<u32>, found: &mut [u64], turn: u64) {
        match &self.automaton {
            Some(Automaton::Dfa(dfa)) => walk(dfa, text, hits, found, turn),
            Some(Automaton::Nfa(nfa)) => walk(nfa, text, hits, found, turn),
            None => {}
        }
    }
}

fn walk(
    automaton: &impl automaton::Automaton,
    text: &[u8],
    hits: &mut Vec<u32>,
    found: &mut [u64],
    turn: u64,
) {
    let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
    for &byte in text {
        state = automaton.next_state(Anchored::No, state, byte);
        if automaton.is_special(state) && automaton.is_match(state) {
            for at in 0..automaton.match_len(state) {
                let literal = automaton.match_pattern(state, at).as_usize();
                if let Some(last) = found.get_mut(literal)
                    && *last != turn
                {
                    *last = turn;
                    hits.push(u32::try_from(literal).unwrap_or(u32::MAX));
                }
            }
        }
    }
}
