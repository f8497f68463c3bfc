//! The filter: each text of a transaction is read once, and every check that may hold on it is noted.

use super::{
    answers::{Answers, Known},
    engine::Engine,
    grams::Found,
    plan::{Key, Plan, Plans, Scan},
    texts::Texts,
};
use crate::rules::{bytes::ByteSet, values::store::Store};

/// The values on which each check may hold.
#[derive(Debug, Default)]
pub struct Candidates {
    notes: Notes,
    /// What is done with values; found as they come.
    plans: Plans,
    /// The engine the plans are of.
    engine: Option<u64>,
    reader: Reader,
    answers: Answers,
    /// Checks that may hold on a value; a buffer.
    noted: Vec<u32>,
}

/// By check: values.
#[derive(Debug, Default)]
struct Notes {
    values: Vec<Vec<u32>>,
    /// Checks that have any, to be cleared.
    touched: Vec<u32>,
    /// The same as bits.
    any: Vec<u64>,
}

/// What reading a text needs.
#[derive(Debug, Default)]
struct Reader {
    found: Found,
    /// By chain: the text that is read for it.
    read_as: Vec<u32>,
    /// Texts of the value that are read; a buffer.
    texts: Vec<u32>,
}

impl Candidates {
    /// Forgets the last transaction.
    pub fn clear(&mut self, engine: &Engine) {
        for check in self.notes.touched.drain(..) {
            if let Some(values) = self.notes.values.get_mut(check as usize) {
                values.clear();
            }
        }
        self.notes.any.fill(0);
        if self.engine != Some(engine.id) {
            self.engine = Some(engine.id);
            self.notes.any.clear();
            self.notes.any.resize(engine.checks.len().div_ceil(64), 0);
            self.notes.values.clear();
            self.notes.values.resize_with(engine.checks.len(), Vec::new);
            self.plans.clear();
            self.answers.clear();
            self.reader.found.fit(engine.filter.literals.len());
            self.reader.read_as.clear();
            self.reader.read_as.resize(engine.chains.len(), 0);
        }
    }

    /// The values on which a check may hold, in their order.
    #[must_use]
    pub fn of(&self, check: u32) -> &[u32] {
        self.notes.values.get(check as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether a check may hold on any value.
    #[must_use]
    pub fn has(&self, check: u32) -> bool {
        self.notes.any.get(check as usize / 64).is_some_and(|word| word >> (check % 64) & 1 == 1)
    }

    /// Reads the values from number `from` on, for rules of this phase and later.
    pub fn scan(&mut self, engine: &Engine, store: &Store, texts: &mut Texts, from: u32, phase: u8) {
        let Self { notes, plans, reader, answers, noted, .. } = self;
        let mut number = from;
        while let Some(value) = store.value(number) {
            let key = Key { lanes: value.lanes, label: value.label, phase };
            if let Some((plan_number, plan)) = plans.of(key, engine)
                && !plan.scans.is_empty()
            {
                let bytes = store.slice(value.bytes);
                match answers.of(plan_number, bytes) {
                    Known::All(checks) => checks.iter().for_each(|&check| notes.note(check, number)),
                    Known::Nothing => {
                        let mut note = |check| notes.note(check, number);
                        reader.value(engine, plan, bytes, value.set, texts, &mut note);
                    }
                    Known::Met(place) => {
                        noted.clear();
                        reader.value(engine, plan, bytes, value.set, texts, &mut |check| noted.push(check));
                        noted.sort_unstable();
                        noted.dedup();
                        noted.iter().for_each(|&check| notes.note(check, number));
                        answers.keep(place, plan_number, bytes, noted);
                    }
                }
            }
            number += 1;
        }
    }
}

impl Notes {
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
}

impl Reader {
    fn value(
        &mut self,
        engine: &Engine,
        plan: &Plan,
        bytes: &[u8],
        set: ByteSet,
        texts: &mut Texts,
        note: &mut impl FnMut(u32),
    ) {
        texts.begin(bytes, set);
        // The usual value: no chain changes it.
        if !texts.may_change(plan.triggers, plan.changes_empty) {
            self.text(engine, plan, bytes, set, None, note);
            return;
        }
        let mut read = std::mem::take(&mut self.texts);
        read.clear();
        for &Scan { chain, least } in &plan.scans {
            if bytes.len() < least as usize {
                if let Some(read_as) = self.read_as.get_mut(chain as usize) {
                    *read_as = u32::MAX;
                }
                continue;
            }
            let text = texts.resolve(&engine.chains, chain, bytes);
            let text = texts.but_for_case(&engine.chains, text);
            if let Some(read_as) = self.read_as.get_mut(chain as usize) {
                *read_as = text;
            }
            if !read.contains(&text) {
                read.push(text);
            }
        }
        for &same_as in &read {
            let text = texts.text(same_as, bytes);
            let has = if same_as == 0 { set } else { ByteSet::of(text) };
            self.text(engine, plan, text, has, Some(same_as), note);
        }
        self.texts = read;
    }

    /// Reads one of the texts of a value: the one of all chains, or of those that lead to `same_as`.
    fn text(
        &mut self,
        engine: &Engine,
        plan: &Plan,
        text: &[u8],
        has: ByteSet,
        same_as: Option<u32>,
        note: &mut impl FnMut(u32),
    ) {
        self.found.begin();
        engine.filter.grams.find(text, has, &mut self.found);
        let read_as = &self.read_as;
        let mut candidate = |number: u32| {
            if plan.looks(number)
                && let Some(check) = engine.checks.get(number as usize)
                && check.bytes.iter().all(|set| set.intersects(has))
                && same_as.is_none_or(|text| read_as.get(check.scanned as usize) == Some(&text))
            {
                note(number);
            }
        };
        plan.weak(has).for_each(&mut candidate);
        for &literal in self.found.literals() {
            let checks = engine.filter.literals.get(literal as usize);
            checks.into_iter().flatten().for_each(|&check| candidate(check));
        }
    }
}
