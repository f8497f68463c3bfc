//! The plain, obviously right evaluation that the fast one is compared with: each rule, each
//! condition, each input, each value, each transformer, one after the other; nothing shared.

use std::{cell::RefCell, collections::HashMap, net::IpAddr};

use regex::bytes::{Regex, RegexBuilder};

use super::inputs::{Inputs, Lanes};
use super::model::{Condition, Input, Operator, RuleSet};
use super::operators::{sqli, xss};
use crate::http::Request;
use crate::limits;

/// A rule that holds, with the location that its first condition should report and what it may
/// report of the value there.
#[derive(Debug)]
pub(super) struct Held {
    pub rule: String,
    pub location: String,
    pub values: Vec<String>,
}

pub(super) fn judge(set: &RuleSet, request: &Request, client_ip: IpAddr) -> Vec<Held> {
    let mut inputs = Inputs::default();
    let mut all = Lanes::default();
    (0..Lanes::COUNT).for_each(|index| all.add(Lanes::at(index)));
    inputs.collect(request, client_ip, all);
    let mut held = Vec::new();
    for rule in set.rules.iter().filter(|rule| rule.enabled) {
        let hits: Vec<_> = rule.conditions.iter().map(|condition| hits(condition, &inputs)).collect();
        if hits.iter().all(|hits| !hits.is_empty()) {
            let first = hits[0][0].0;
            held.push(Held {
                rule: rule.meta.id.clone(),
                location: inputs.location(&inputs.values()[first]),
                values: hits[0].iter().filter(|hit| hit.0 == first).map(|hit| hit.1.clone()).collect(),
            });
        }
    }
    held
}

/// Number of the value and what matched in it.
fn hits(condition: &Condition, inputs: &Inputs) -> Vec<(usize, String)> {
    let mut hits = Vec::new();
    for (number, value) in inputs.values().iter().enumerate() {
        for input in &condition.inputs {
            if value.address != input.address || value.source != input.source {
                continue;
            }
            let path: Vec<_> = input.key_path.iter().map(|key| key_of(input, key)).collect();
            if !inputs.is_under(value.node, &path) {
                continue;
            }
            let mut text = inputs.bytes(value).to_vec();
            for transform in &input.transforms {
                let mut out = Vec::new();
                if transform.apply(&text, &mut out) {
                    text = out;
                }
            }
            if let Some(matched) = find(&condition.operator, &text) {
                let matched = &matched[..matched.len().min(limits::MATCH_VALUE)];
                hits.push((number, String::from_utf8_lossy(matched).into_owned()));
            }
        }
    }
    hits
}

fn key_of(input: &Input, key: &str) -> Vec<u8> {
    let header = input.address == super::model::Address::Headers;
    if header { key.to_ascii_lowercase().into_bytes() } else { key.as_bytes().to_vec() }
}

/// Compiled once a thread, only for the tests' time.
fn regex(pattern: &str, case_sensitive: bool) -> Regex {
    thread_local! {
        static COMPILED: RefCell<HashMap<(String, bool), Regex>> = RefCell::default();
    }
    let build =
        |unicode| RegexBuilder::new(pattern).unicode(unicode).case_insensitive(!case_sensitive).build();
    COMPILED.with_borrow_mut(|compiled| {
        let key = (pattern.to_owned(), case_sensitive);
        compiled.entry(key).or_insert_with(|| build(false).or_else(|_| build(true)).unwrap()).clone()
    })
}

fn find<'t>(operator: &Operator, text: &'t [u8]) -> Option<&'t [u8]> {
    match operator {
        Operator::MatchRegex { pattern, case_sensitive, min_length } => {
            let regex = regex(pattern, *case_sensitive);
            (text.len() >= *min_length).then(|| regex.find(text)).flatten().map(|found| found.as_bytes())
        }
        Operator::PhraseMatch { phrases, case_sensitive, word_boundary } => {
            // The phrase that ends first; of those, the longest.
            for end in 1..=text.len() {
                for start in 0..end {
                    let here = &text[start..end];
                    let is = |phrase: &String| {
                        if *case_sensitive {
                            phrase.as_bytes() == here
                        } else {
                            phrase.as_bytes().eq_ignore_ascii_case(here)
                        }
                    };
                    let word = |at: Option<&u8>| at.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
                    let alone = !word(start.checked_sub(1).and_then(|b| text.get(b))) && !word(text.get(end));
                    if phrases.iter().any(is) && (alone || !word_boundary) {
                        return Some(here);
                    }
                }
            }
            None
        }
        Operator::ExactMatch { values } => values.iter().any(|v| v.as_bytes() == text).then_some(text),
        Operator::IpMatch { networks } => {
            let address: IpAddr = std::str::from_utf8(text).ok()?.parse().ok()?;
            networks.iter().any(|network| network.contains(&address.to_canonical())).then_some(text)
        }
        Operator::IsSqli => {
            let judged = &text[..text.len().min(limits::JUDGED_INJECTION)];
            (sqli::is_sqli(judged) == Some(true)).then_some(text)
        }
        Operator::IsXss => {
            let judged = &text[..text.len().min(limits::JUDGED_INJECTION)];
            (xss::is_xss(judged) == Some(true)).then_some(text)
        }
    }
}
