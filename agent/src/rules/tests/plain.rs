//! The plain, obviously right evaluation of In-App WAF rules that the fast one is compared with: each rule, each
//! condition, each input, each value, each transformation, one after the other; nothing shared.

use std::{cell::RefCell, collections::HashMap, net::IpAddr};

use regex::bytes::{Regex, RegexBuilder};

use crate::http::Request;
use crate::limits;
use crate::rules::{
    inapp::{
        Set,
        ast::{Address, Condition, Exempt, Input, Key, List, OnMatch, Operator, Reference, Rule},
    },
    inputs::{self, Inputs},
    operators::{sqli, xss},
    values::{lanes::Lanes, stats::Stats, store::Store, tree::Step},
};

/// A rule that holds, with the location that its first condition should report and what it may
/// report of the value there.
#[derive(Debug)]
pub(super) struct Held {
    pub rule: String,
    pub location: String,
    pub values: Vec<String>,
}

pub(super) fn judge(set: &Set, request: &Request, client: IpAddr) -> Vec<Held> {
    let mut store = Store::default();
    store.clear(all_lanes(), &Default::default());
    Inputs::new(&mut store, &mut Stats::default(), &mut Vec::new()).request(request, client, client);
    let exempt: Vec<_> = set
        .exclusions
        .iter()
        .filter(|exclusion| exclusion.conditions.iter().all(|c| !hits(c, &store, &|_, _| false).is_empty()))
        .collect();
    let mut held = Vec::new();
    for rule in set.rules.iter().filter(|rule| rule.enabled) {
        let about =
            |targets: &[Reference]| targets.is_empty() || targets.iter().any(|target| is(rule, target));
        let own: Vec<_> = exempt.iter().filter(|exclusion| about(&exclusion.targets)).collect();
        if own.iter().any(|exclusion| exclusion.effect == Exempt::Rules(OnMatch::Bypass)) {
            continue;
        }
        let hidden = |input: &Input, number: usize| {
            own.iter().any(|exclusion| match &exclusion.effect {
                Exempt::Inputs(inputs) => inputs.iter().any(|exempt| {
                    let value = store.value(number as u32).unwrap();
                    exempt.address == input.address
                        && store.is_under(value.node, &steps(&exempt.key_path, &exempt.address))
                }),
                Exempt::Rules(_) => false,
            })
        };
        let all: Vec<_> = rule.conditions.iter().map(|condition| hits(condition, &store, &hidden)).collect();
        if all.iter().all(|hits| !hits.is_empty()) {
            let first = all[0][0].0;
            held.push(Held {
                rule: rule.id.to_string(),
                location: location(&store, first, &rule.conditions[0]),
                values: all[0].iter().filter(|hit| hit.0 == first).map(|hit| hit.1.clone()).collect(),
            });
        }
    }
    held
}

pub(super) fn all_lanes() -> Lanes {
    Lanes::all(&crate::rules::variable::Variable::ALL)
}

fn is(rule: &Rule, target: &Reference) -> bool {
    match target {
        Reference::Id(id) => **id == *rule.id,
        Reference::Tags(tags) => tags.iter().all(|(name, value)| rule.tags.get(name) == Some(value)),
    }
}

fn location(store: &Store, number: usize, condition: &Condition) -> String {
    let value = store.value(number as u32).unwrap();
    let lane = |input: &&Input| known(input).variable(input.source).is_some_and(|lane| value.lanes.has(lane));
    let label = condition.inputs.iter().find(lane).map_or("", |input| known(input).label());
    store.location(label, value.node)
}

fn known(input: &Input) -> inputs::Address {
    let Address::Known(known) = input.address else { panic!("{} is not known", input.address) };
    known
}

fn steps(path: &[Key], address: &Address) -> Vec<Step> {
    let headers = matches!(address, Address::Known(known) if known.label().ends_with("headers"));
    let step = |key: &Key| match key {
        Key::Name(name) if headers => Step::Key(name.to_ascii_lowercase().into_bytes().into()),
        Key::Name(name) => Step::Key(name.clone().into_bytes().into()),
        Key::Index(index) => Step::Index(*index),
        Key::Any => Step::Any,
    };
    path.iter().map(step).collect()
}

/// Number of the value and what matched in it.
fn hits(
    condition: &Condition,
    store: &Store,
    hidden: &dyn Fn(&Input, usize) -> bool,
) -> Vec<(usize, String)> {
    let mut hits = Vec::new();
    let mut judged = Vec::new();
    for input in &condition.inputs {
        let Some(lane) = known(input).variable(input.source) else { continue };
        for number in 0..store.len() {
            let value = store.value(number as u32).unwrap();
            if !value.lanes.has(lane)
                || !store.is_under(value.node, &steps(&input.key_path, &input.address))
                || hidden(input, number)
            {
                continue;
            }
            let mut text = store.slice(value.bytes).to_vec();
            for transform in &input.transforms {
                let mut out = Vec::new();
                if transform.apply(&text, &mut out) {
                    text = out;
                }
            }
            let shown = |bytes: &[u8]| {
                String::from_utf8_lossy(&bytes[..bytes.len().min(limits::MATCH_VALUE)]).into_owned()
            };
            judged.push((number, shown(&text)));
            if let Some(matched) = find(&condition.operator, &text) {
                hits.push((number, shown(matched)));
            }
        }
    }
    match (condition.negated, hits.is_empty()) {
        (true, true) => judged,
        (true, false) => Vec::new(),
        (false, _) => hits,
    }
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
    // As in libddwaf, nothing is found in an empty text.
    if text.is_empty() {
        return None;
    }
    match operator {
        Operator::MatchRegex(pattern) => {
            let regex = regex(&pattern.regex, pattern.case_sensitive);
            (text.len() >= pattern.min_length)
                .then(|| regex.find(text))
                .flatten()
                .map(|found| found.as_bytes())
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
                    let before = word(start.checked_sub(1).and_then(|b| text.get(b))) && word(here.first());
                    let behind = word(text.get(end)) && word(here.last());
                    let alone = !(before || behind);
                    if phrases.iter().any(is) && (alone || !word_boundary) {
                        return Some(here);
                    }
                }
            }
            None
        }
        Operator::ExactMatch(List::Here(values)) => {
            values.iter().any(|v| v.as_bytes() == text).then_some(text)
        }
        Operator::IpMatch(List::Here(networks)) => {
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
        other => panic!("{} has no plain form", other.name()),
    }
}
