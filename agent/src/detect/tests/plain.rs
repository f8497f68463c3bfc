//! Against a plain evaluation: each rule by itself, every event kept, everything counted from the beginning each time.
//! No gate before queries, no shared keys, nothing kept up to date.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{SECOND, START, event};
use crate::{
    detect::{
        Detector, Finding,
        facet::{Facet, SEPARATOR},
        rules::{Aggregation, Method, Rule, RuleQuery, Sequence, read},
    },
    event::Event,
    limits,
    query::{EVENTS, Query},
};

/// What a query counted of a group.
struct Counted {
    query: usize,
    /// The number of the event.
    event: u64,
    time: u64,
    /// Values that are told apart; of new ones, those that were new.
    values: Vec<String>,
    number: f64,
}

#[derive(Default)]
struct Group {
    counted: Vec<Counted>,
    had: HashMap<usize, HashSet<String>>,
    steps: Vec<u64>,
    last: u64,
    since: u64,
    events: u32,
    /// The number of the event that came last, and when it happened.
    latest: u64,
    time: u64,
}

/// Detection as its documentation says it.
struct Plain {
    rules: Vec<Arc<Rule>>,
    groups: HashMap<(usize, String), Group>,
    now: u64,
    events: u64,
}

impl Plain {
    fn observe(&mut self, event: &Event, time: u64) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.events += 1;
        if self.now.saturating_sub(time) > limits::DETECT_LATE {
            return findings;
        }
        self.now = self.now.max(time);
        for (number, rule) in self.rules.iter().enumerate() {
            if rule.filters.iter().any(|filter| takes(&filter.query, event) != filter.require) {
                continue;
            }
            let matched: Vec<bool> = rule.queries.iter().map(|query| takes(&query.query, event)).collect();
            let grouping = |at: usize| (&rule.queries[at].group_by, rule.queries[at].optional_group);
            for first in 0..matched.len() {
                let earlier = (0..first).any(|other| matched[other] && grouping(other) == grouping(first));
                let Some(values) = values(&rule.queries[first], event).filter(|_| matched[first] && !earlier)
                else {
                    continue;
                };
                let key = values.join(&SEPARATOR.to_string());
                // A rule without facets has one group, whose only value is empty.
                let values = key.split(SEPARATOR).map(str::to_owned).collect();
                let group = self.groups.entry((number, key)).or_default();
                (group.latest, group.time) = (self.events, time);
                let hit: Vec<bool> =
                    (0..matched.len()).map(|at| matched[at] && grouping(at) == grouping(first)).collect();
                let hit: Vec<bool> = hit
                    .iter()
                    .enumerate()
                    .map(|(at, hit)| *hit && group.count(rule, at, event, time))
                    .collect();
                if group.last == 0 || time.saturating_sub(group.last) > rule.longest_window() * SECOND {
                    (group.since, group.events) = (time, 0);
                }
                group.last = group.last.max(time);
                group.events += 1;
                let Some(case) = group.decide(rule, &hit, time, self.now) else { continue };
                let counts = (0..matched.len()).map(|at| group.value(rule, at, self.now, None)).collect();
                findings.push(Finding {
                    rule: Arc::clone(rule),
                    case,
                    group: values,
                    values: counts,
                    time,
                    since: group.since,
                    events: group.events,
                    missed: 0,
                });
            }
        }
        findings
    }
}

fn takes(query: &str, event: &Event) -> bool {
    Query::parse(query).unwrap().matcher(&EVENTS).unwrap().matches(event)
}

/// The group of an event; none: it lacks a facet that the query can't do without.
fn values(query: &RuleQuery, event: &Event) -> Option<Vec<String>> {
    let value = |name: &Arc<str>| match Facet::named(name).unwrap().text(event) {
        None if query.optional_group => Some(String::new()),
        value => value,
    };
    query.group_by.iter().map(value).collect()
}

impl Group {
    /// Whether a query that takes an event counts it.
    fn count(&mut self, rule: &Rule, query: usize, event: &Event, time: u64) -> bool {
        let facet = |name: &Arc<str>| Facet::named(name).unwrap();
        let (mut values, mut number) = (Vec::new(), 0.0);
        match &rule.queries[query].aggregation {
            Aggregation::Count => {}
            Aggregation::Sum(name) | Aggregation::Max(name) => match facet(name).number(event) {
                Some(found) => number = found,
                None => return false,
            },
            Aggregation::Cardinality(names) | Aggregation::NewValue(names) => {
                if let [one] = names.as_slice() {
                    facet(one).each_text(event, usize::MAX, &mut |value| values.push(value.to_owned()));
                } else {
                    let all: Option<Vec<String>> = names.iter().map(|name| facet(name).text(event)).collect();
                    values.extend(all.map(|all| all.join(" ")));
                }
                if values.is_empty() {
                    return false;
                }
            }
        }
        if let Aggregation::NewValue(_) = rule.queries[query].aggregation {
            let had = self.had.entry(query).or_default();
            values.retain(|value| had.insert(value.clone()) && had.len() > 1);
        }
        self.counted.push(Counted { query, event: self.latest, time, values, number });
        true
    }

    /// What a query counts in the newest buckets of its window, or of the part of it that is so many seconds.
    fn value(&self, rule: &Rule, query: usize, now: u64, part: Option<u64>) -> f64 {
        let window = rule.queries[query].window;
        let bucket = (window * SECOND / 20).max(1);
        let newest = (part.unwrap_or(window) * SECOND / bucket).clamp(1, 20);
        let counted = || self.counted.iter().filter(|counted| counted.query == query);
        // Without a window, each event is by itself.
        let alone = counted().next_back().filter(|counted| counted.time == self.time);
        let inside = counted().filter(|counted| match window {
            0 => alone.is_some_and(|alone| alone.event == counted.event),
            _ => now / bucket - counted.time / bucket < newest,
        });
        match rule.queries[query].aggregation {
            Aggregation::Count => inside.count() as f64,
            Aggregation::Sum(_) => inside.map(|counted| counted.number).sum(),
            Aggregation::Max(_) => inside.map(|counted| counted.number).fold(0.0, f64::max),
            Aggregation::NewValue(_) => inside.map(|counted| counted.values.len()).sum::<usize>() as f64,
            Aggregation::Cardinality(_) => {
                inside.flat_map(|counted| &counted.values).collect::<HashSet<_>>().len() as f64
            }
        }
    }

    fn decide(&mut self, rule: &Rule, hit: &[bool], time: u64, now: u64) -> Option<usize> {
        let values = match &rule.method {
            Method::Sequence(sequence) => self.step(rule, sequence, hit, time, now)?,
            _ => (0..rule.queries.len()).map(|query| self.value(rule, query, now, None)).collect(),
        };
        rule.cases.iter().position(|case| case.condition.holds(&values))
    }

    /// Which steps are taken with an event, or those that they follow on; nothing: none.
    fn step(
        &mut self,
        rule: &Rule,
        sequence: &Sequence,
        hit: &[bool],
        time: u64,
        now: u64,
    ) -> Option<Vec<f64>> {
        self.steps.resize(sequence.steps.len(), 0);
        let mut taken = vec![false; sequence.steps.len()];
        for (at, step) in sequence.steps.iter().enumerate() {
            let before: Vec<u64> = step.after.iter().map(|(parent, _)| self.steps[*parent]).collect();
            let in_time = |(parent, within): &(usize, u64)| {
                let parent = self.steps[*parent];
                parent > 0 && parent < time && time - parent <= within * SECOND
            };
            let asks = step.condition.uses().iter().any(|query| hit[*query]);
            if !asks || !step.after.iter().all(in_time) {
                continue;
            }
            let back = before.iter().max().map_or(u64::MAX, |latest| (time - latest).div_ceil(SECOND));
            let part = Some(step.window.min(back));
            let uses = step.condition.uses();
            let value = |query| if uses.contains(&query) { self.value(rule, query, now, part) } else { 0.0 };
            let values: Vec<f64> = (0..rule.queries.len()).map(value).collect();
            if step.condition.holds(&values) {
                taken[at] = true;
                self.steps[at] = self.steps[at].max(time);
            }
        }
        let any = taken.contains(&true);
        for (at, step) in sequence.steps.iter().enumerate().rev() {
            if taken[at] {
                step.after.iter().for_each(|(parent, _)| taken[*parent] = true);
            }
        }
        any.then(|| taken.iter().map(|taken| f64::from(u8::from(*taken))).collect())
    }
}

const QUERIES: [&str; 14] = [
    "*",
    "@status:500",
    "@status:>=400",
    "-@status:200",
    "@endpoint:*",
    "@path:/a* @status:(404 OR 500)",
    "user.id:*",
    "-user.id:*",
    "@rule.type:xss",
    "@rule.type:(xss OR lfi) @status:>=400",
    "@business.name:users.login.failure",
    "@usr.login:u1 OR @status:404",
    "session.id:* -@rule.type:*",
    "client_ip:(10.0.0.0/31 OR 10.0.0.3)",
];

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Facets of groups, by how many they are.
const GROUPS: [[&str; 3]; 3] = [
    ["", "", ""],
    ["client_ip", "@endpoint", "user.id"],
    ["client_ip service", "user.id @path", "@endpoint @rule.type"],
];

prop_compose! {
    fn query()(
        query in 0..QUERIES.len(), group in 0_usize..3, optional in prop::bool::weighted(0.2), aggregation in 0_usize..8
    ) -> (usize, usize, bool, usize) {
        (query, group, optional, aggregation)
    }
}

prop_compose! {
    /// A rule as a file has it: one to three queries, whose groups mostly are the same.
    fn rule()(
        queries in prop::collection::vec(query(), 1..4), facets in 0_usize..3, same in prop::bool::weighted(0.8),
        cases in prop::collection::vec((0_usize..7, 0_usize..3, 0_usize..3, 0_u32..4), 1..3),
        window in prop_oneof![4 => 20_u64..300, 1 => Just(0)], sequence in prop::bool::weighted(0.3), within in 10_u64..200,
        filter in prop::option::of((prop::bool::ANY, 0..QUERIES.len()))
    ) -> Value {
        let count = queries.len();
        let group = |at: usize| GROUPS[facets][if same { queries[0].1 } else { queries[at].1 }];
        let query = |at: usize| {
            let (query, _, optional, aggregation) = queries[at];
            let mut value = json!({
                "name": NAMES[at], "query": QUERIES[query], "groupByFields": group(at).split_whitespace().collect::<Vec<_>>(),
                "hasOptionalGroupByFields": if same { queries[0].2 } else { optional },
            });
            let (name, key, of) = match aggregation {
                0 => ("cardinality", "distinctFields", json!(["@path"])),
                1 => ("cardinality", "distinctFields", json!(["client_ip", "@status"])),
                2 => ("cardinality", "distinctFields", json!(["@rule.type"])),
                3 => ("sum", "metric", json!("@duration_us")),
                4 => ("max", "metric", json!("@duration_us")),
                5 => ("new_value", "metric", json!("client_ip")),
                _ => return value,
            };
            value["aggregation"] = json!(name);
            value[key] = of;
            value
        };
        let name = |at: usize| NAMES[at % count];
        let condition = |(form, one, other, least): &(usize, usize, usize, u32)| {
            let (one, other) = (name(*one), name(*other));
            match form {
                0 => format!("{one} > {least} && {other} > 1"),
                1 => format!("{one} > {least} || {other} == 2"),
                2 => format!("{one} + {other} > {least}"),
                3 => format!("{one} / {other} >= 0.5"),
                4 => format!("!({one} > {least}) && {other} >= {least}"),
                _ => format!("{one} > {least}"),
            }
        };
        let mut options = json!({"evaluationWindow": window, "keepAlive": 600, "maxSignalDuration": 600});
        let mut of_cases: Vec<Value> = cases.iter().map(|case| json!({"status": "low", "condition": condition(case)})).collect();
        if sequence {
            let case = cases[0];
            options = json!({"detectionMethod": "sequence_detection", "keepAlive": 600, "maxSignalDuration": 600,
                "newValueOptions": {"learningDuration": 0},
                "sequenceDetectionOptions": {
                    "steps": [
                        {"name": "one", "condition": condition(&case), "evaluationWindow": window.max(20)},
                        {"name": "two", "condition": format!("{} > 0", name(case.1 + 1)), "evaluationWindow": 2 * window.max(20)}],
                    "stepTransitions": [{"parent": "one", "child": "two", "evaluationWindow": within}]}});
            of_cases = vec![json!({"status": "high", "condition": "two > 0"}), json!({"status": "low", "condition": "one > 0"})];
        }
        let filters = filter.map(|(require, query)| json!({"action": if require { "require" } else { "suppress" }, "query": QUERIES[query]}));
        json!({
            "queries": (0..count).map(query).collect::<Vec<_>>(), "cases": of_cases, "options": options,
            "filters": filters.into_iter().collect::<Vec<_>>(),
        })
    }
}

prop_compose! {
    /// What an event says, and how many half seconds after the one before it comes and happened.
    fn said()(
        client in 0_u8..4, path in 0_usize..4, status in 0_usize..4, user in prop::option::of(0_u8..3), route in prop::bool::ANY,
        attacks in prop::collection::vec(0_usize..3, 0..3), login in prop::option::of((prop::bool::ANY, 0_u8..3)),
        took in 0_u32..20, later in 0_u64..30, late in prop::option::weighted(0.2, 0_u64..130)
    ) -> (Value, u64, u64) {
        let (path, status) = (["/a", "/a/b", "/c", "/"][path], [200, 200, 404, 500][status]);
        let types = attacks.iter().map(|kind| ["xss", "lfi", "sql_injection"][*kind]);
        let attack = |kind| json!({"rule": "r", "name": "n", "location": "q", "value": "x", "tags": {"type": kind}});
        let mut said = json!({
            "client_ip": format!("10.0.0.{client}"), "path": path, "status": status,
            "duration_us": took, "endpoint": route.then_some("/{id}"),
            "matches": types.map(attack).collect::<Vec<_>>(),
        });
        if let Some(user) = user {
            said["user"] = json!({"id": format!("u{user}"), "source": "session"});
            said["session"] = json!({"id": format!("s{user}")});
        }
        if let Some((worked, user)) = login {
            let name = if worked { "users.login.success" } else { "users.login.failure" };
            said["business"] = json!([{"name": name, "attributes": {"usr.login": format!("u{user}")}}]);
        }
        (said, later, late.unwrap_or(0))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever rules there are and whatever comes, late or too late: what is found is what a plain evaluation finds.
    #[test]
    fn finds_what_a_plain_evaluation_finds(
        mut rules in prop::collection::vec(rule(), 1..6),
        events in prop::collection::vec(said(), 1..100),
    ) {
        for (number, rule) in rules.iter_mut().enumerate() {
            rule["name"] = json!(format!("rule {number}"));
        }
        let rules: Vec<Arc<Rule>> =
            read(json!(rules).to_string().as_bytes(), "test").unwrap().into_iter().map(Arc::new).collect();
        let mut detector = Detector::new(&rules, [5; 16]).unwrap();
        let mut plain = Plain { rules, groups: HashMap::new(), now: 0, events: 0 };
        let mut now = START;
        for (number, (said, later, late)) in (0..).zip(&events) {
            now += later * SECOND / 2;
            let time = now - late * SECOND / 2;
            let event: Event = serde_json::from_value(event(number, time, said)).unwrap();
            let mut found = Vec::new();
            detector.observe(&event, time, &mut found);
            prop_assert_eq!(found, plain.observe(&event, time), "event {}: {:?}", number, event);
            if later % 7 == 0 {
                detector.advance(now);
                plain.now = plain.now.max(now);
            }
        }
    }
}
