//! Judging: the values of a request, against a compiled rule set.

use std::net::IpAddr;

use super::compile::{Check, Engine};
use super::inputs::{Inputs, Lanes, Value};
use super::matched::{Match, highlight};
use super::operators::{Matcher, sqli, xss};
use super::scratch::{JudgeStats, Scratch, Texts};
use crate::http::Request;
use crate::limits;

impl Engine {
    /// The rules that hold on a request, in their order; for a clean request nothing is allocated.
    pub fn judge(&self, request: &Request, client_ip: IpAddr, scratch: &mut Scratch) -> Vec<Match> {
        scratch.fit(self.id, self.conditions, self.checks.len(), self.matchers.len(), self.chains.len());
        scratch.request += 1;
        scratch.injection_budget = limits::JUDGED_INJECTION_TOTAL;
        let mut inputs = std::mem::take(&mut scratch.inputs);
        inputs.collect(request, client_ip, self.wanted);
        let mut stats = inputs.stats;
        let mut hits = Vec::new();
        for value in inputs.values() {
            self.judge_value(value, &inputs, scratch, &mut stats, &mut hits);
        }
        hits.retain(|(rule, _)| self.all_hold(*rule, scratch));
        hits.sort_unstable_by_key(|(rule, _)| *rule);
        stats.requests += 1;
        stats.matched += u64::from(!hits.is_empty());
        inputs.stats = stats;
        scratch.inputs = inputs;
        hits.into_iter().map(|(_, found)| found).collect()
    }

    /// How many rules are compiled in.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    fn all_hold(&self, rule: usize, scratch: &Scratch) -> bool {
        let conditions = self.rules.get(rule).map(|rule| rule.conditions.clone()).unwrap_or_default();
        scratch.held.get(conditions).is_some_and(|held| held.iter().all(|&at| at == scratch.request))
    }

    fn judge_value(
        &self,
        value: &Value,
        inputs: &Inputs,
        scratch: &mut Scratch,
        stats: &mut JudgeStats,
        hits: &mut Vec<(usize, Match)>,
    ) {
        let lane = value.lane();
        let Some(plan) = self.plans.get(lane.index()) else { return };
        let bytes = inputs.bytes(value);
        let mut texts = std::mem::take(&mut scratch.texts);
        texts.value += 1;
        let mut candidates = std::mem::take(&mut scratch.candidates);
        candidates.clear();
        candidates.extend(plan.always.iter().filter(|&&number| {
            self.checks.get(number as usize).is_some_and(|check| applies(check, lane, value, inputs))
        }));
        for (at, &chain) in plan.scans.iter().enumerate() {
            let same_as = self.resolve(chain, bytes, &mut texts);
            // Another chain of this plan left the same text: it has been read.
            let before = plan.scans.get(..at).unwrap_or_default();
            if before.iter().any(|&other| texts.same_as(other) == same_as) {
                continue;
            }
            scratch.scan += 1;
            let all = plan.scans.get(at..).unwrap_or_default();
            for &other in all {
                self.resolve(other, bytes, &mut texts);
            }
            let text = texts.text(same_as, bytes);
            self.scan(text, scratch.scan, &mut scratch.seen, |number, check| {
                let same_text = texts.computed(check.scanned) && texts.same_as(check.scanned) == same_as;
                if same_text && applies(check, lane, value, inputs) {
                    candidates.push(number);
                    true
                } else {
                    false
                }
            });
        }
        for number in candidates.drain(..) {
            let Some(check) = self.checks.get(number as usize) else { continue };
            if scratch.held.get(check.condition) == Some(&scratch.request) {
                continue;
            }
            let same_as = self.resolve(check.chain, bytes, &mut texts);
            let text = texts.text(same_as, bytes);
            let Some((start, end)) = self.find(check, text, scratch, stats) else { continue };
            if let Some(held) = scratch.held.get_mut(check.condition) {
                *held = scratch.request;
            }
            if let Some(rule) = self.rules.get(check.rule)
                && rule.conditions.start == check.condition
            {
                let found = Match {
                    rule: rule.meta.clone(),
                    location: inputs.location(value),
                    key: inputs.key(value),
                    value: highlight(text, start, end),
                };
                hits.push((check.rule, found));
            }
        }
        scratch.candidates = candidates;
        scratch.texts = texts;
    }

    /// Calls `candidate` with each check one of whose literals is in the text, until it says yes.
    fn scan(&self, text: &[u8], scan: u64, seen: &mut [u64], mut candidate: impl FnMut(u32, &Check) -> bool) {
        let Some(prefilter) = &self.prefilter else { return };
        for found in prefilter.find_overlapping_iter(text) {
            let numbers = self.literal_checks.get(found.pattern().as_usize());
            for &number in numbers.into_iter().flatten() {
                let (Some(seen), Some(check)) =
                    (seen.get_mut(number as usize), self.checks.get(number as usize))
                else {
                    continue;
                };
                if *seen != scan && candidate(number, check) {
                    *seen = scan;
                }
            }
        }
    }

    /// Computes what a chain makes of the value; which chain's text it is.
    fn resolve(&self, chain: usize, bytes: &[u8], texts: &mut Texts) -> usize {
        if chain == 0 || texts.computed(chain) {
            return texts.same_as(chain);
        }
        let Some(step) = self.chains.get(chain) else { return 0 };
        let parent = self.resolve(step.parent, bytes, texts);
        let Some(slot) = texts.slots.get_mut(chain) else { return 0 };
        let mut out = std::mem::take(&mut slot.text);
        let changed = step.transform.apply(texts.text(parent, bytes), &mut out);
        let same_as = if changed { chain } else { parent };
        if let Some(slot) = texts.slots.get_mut(chain) {
            slot.text = out;
            slot.same_as = same_as;
            slot.value = texts.value;
        }
        same_as
    }

    fn find(
        &self,
        check: &Check,
        text: &[u8],
        scratch: &mut Scratch,
        stats: &mut JudgeStats,
    ) -> Option<(usize, usize)> {
        match self.matchers.get(check.matcher)? {
            Matcher::Regex(regex) => {
                let cache = scratch.caches.get_mut(check.matcher)?;
                regex.find(text, cache.get_or_insert_with(|| regex.cache()))
            }
            Matcher::Phrases(phrases) => phrases.find(text),
            Matcher::Exact(exact) => exact.find(text),
            Matcher::Ip(networks) => networks.find(text),
            Matcher::Sqli if sqli::worth_reading(text) => injection(text, sqli::is_sqli, scratch, stats),
            Matcher::Xss if xss::worth_reading(text) => injection(text, xss::is_xss, scratch, stats),
            Matcher::Sqli | Matcher::Xss => None,
        }
    }
}

/// libinjection, within its budget.
fn injection(
    text: &[u8],
    judge: fn(&[u8]) -> Option<bool>,
    scratch: &mut Scratch,
    stats: &mut JudgeStats,
) -> Option<(usize, usize)> {
    let len = text.len().min(limits::JUDGED_INJECTION).min(scratch.injection_budget);
    stats.injection_cut += u64::from(len < text.len());
    scratch.injection_budget -= len;
    match judge(text.get(..len)?) {
        Some(found) => found.then_some((0, text.len())),
        None => {
            stats.injection_panics += 1;
            None
        }
    }
}

/// Whether a check looks at this value.
fn applies(check: &Check, lane: Lanes, value: &Value, inputs: &Inputs) -> bool {
    check.open.meets(lane)
        || check.under.iter().any(|(of, path)| *of == lane && inputs.is_under(value.node, path))
}

impl Texts {
    fn computed(&self, chain: usize) -> bool {
        chain == 0 || self.slots.get(chain).is_some_and(|slot| slot.value == self.value)
    }

    fn same_as(&self, chain: usize) -> usize {
        if chain == 0 { 0 } else { self.slots.get(chain).map_or(0, |slot| slot.same_as) }
    }

    fn text<'s>(&'s self, same_as: usize, bytes: &'s [u8]) -> &'s [u8] {
        if same_as == 0 { bytes } else { self.slots.get(same_as).map_or(bytes, |slot| &slot.text) }
    }
}
