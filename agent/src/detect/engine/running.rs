//! A rule that runs: its queries and facets looked up, its groups, and how it decides.

use std::sync::Arc;

use super::{
    group::{Entry, Fresh},
    queries::{Queries, Tried},
    scratch::{self, Counting, Groupings},
    table::Table,
};
use crate::{
    detect::{
        facet::Facet,
        rules::{Aggregation, Anomaly, Method, Rule, RuleError, Sequence},
        windows::{Clock, Measure, Series, When},
    },
    limits,
    query::Fields,
};

/// One of its queries.
#[derive(Clone, Debug)]
pub(super) struct RunningQuery {
    /// Its number among all distinct ones.
    pub(super) query: usize,
    /// The place of its grouping among all distinct ones.
    pub(super) grouping: usize,
    /// What is told apart, or added up.
    pub(super) facets: Vec<Facet>,
    pub(super) clock: Clock,
}

/// A rule that runs, and its groups.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) how: How,
    pub(super) table: Table,
}

/// How a rule counts and decides.
#[derive(Clone, Debug)]
pub(super) struct How {
    pub(super) rule: Arc<Rule>,
    pub(super) queries: Vec<RunningQuery>,
    /// Events that count at all, by the numbers of queries.
    filters: Vec<(bool, usize)>,
    /// Queries that each step's condition uses.
    uses: Vec<Vec<usize>>,
    anomaly: Anomaly,
    /// Nanoseconds of the longest window.
    longest: u64,
}

impl Running {
    /// Looks a rule's queries and facets up.
    pub(super) fn new(
        rule: Arc<Rule>,
        number: u32,
        queries: &mut Queries,
        groupings: &mut Groupings,
    ) -> Result<Self, RuleError> {
        let refused = |path: String, problem: String| RuleError { file: rule.id.to_string(), path, problem };
        let mut running = Vec::with_capacity(rule.queries.len());
        for (at, query) in rule.queries.iter().enumerate() {
            let names = match &query.aggregation {
                Aggregation::Count => Vec::new(),
                Aggregation::Cardinality(names) | Aggregation::NewValue(names) => names.clone(),
                Aggregation::Sum(name) | Aggregation::Max(name) => vec![Arc::clone(name)],
            };
            let facets = |names: &[Arc<str>]| {
                let found = names.iter().map(|name| Facet::named(name)).collect::<Result<Vec<_>, _>>();
                found.map_err(|problem| refused(format!("queries[{at}]"), problem))
            };
            let place = groupings.add(facets(&query.group_by)?, query.optional_group);
            let number = queries
                .add(&query.query, number)
                .map_err(|error| refused(format!("queries[{at}].query"), error.to_string()))?;
            running.push(RunningQuery {
                query: number,
                grouping: place,
                facets: facets(&names)?,
                clock: Clock::new(query.window),
            });
        }
        let mut filters = Vec::with_capacity(rule.filters.len());
        for (at, filter) in rule.filters.iter().enumerate() {
            let number = queries
                .filter(&filter.query)
                .map_err(|error| refused(format!("filters[{at}].query"), error.to_string()))?;
            filters.push((filter.require, number));
        }
        let anomaly = match rule.method {
            Method::Anomaly(anomaly) => anomaly,
            _ => Anomaly::default(),
        };
        let uses = match &rule.method {
            Method::Sequence(sequence) => sequence.steps.iter().map(|step| step.condition.uses()).collect(),
            _ => Vec::new(),
        };
        let table = Table::new(horizon(&rule), fresh(&rule));
        let longest = rule.longest_window().saturating_mul(1_000_000_000);
        Ok(Self { how: How { rule, queries: running, filters, uses, anomaly, longest }, table })
    }
}

/// What a new group begins with.
fn fresh(rule: &Rule) -> Fresh {
    let series = rule.queries.iter().map(|query| Series::new(&query.aggregation, &rule.method)).collect();
    let steps = match &rule.method {
        Method::Sequence(sequence) => sequence.steps.len(),
        _ => 0,
    };
    Fresh { series, steps }
}

impl How {
    /// Whether an event counts at all.
    pub(super) fn takes<F: Fields + ?Sized>(&self, queries: &Queries, event: &F, tried: &mut Tried) -> bool {
        self.filters.iter().all(|(require, query)| queries.takes(*query, event, tried) == *require)
    }

    /// Counts an event for a group, by each query that matched and groups as the one at `first` does. The case that holds
    /// with it, if one does; what the queries count then stands in the scratch.
    pub(super) fn count<F: Fields + ?Sized>(
        &self,
        entry: &mut Entry<'_>,
        first: usize,
        event: &F,
        when: When,
        scratch: &mut Counting<'_>,
    ) -> Option<usize> {
        let Counting { matched, key, text, hashes, hit, values } = scratch;
        hit.clear();
        hit.resize(self.queries.len(), false);
        let grouping = self.queries.get(first).map(|query| query.grouping);
        let parts = self.queries.iter().zip(&self.rule.queries).zip(&mut *entry.series).zip(hit.iter_mut());
        for (((query, of_rule), series), hit) in parts.skip(first) {
            if Some(query.grouping) != grouping || !matched.has(query.query) {
                continue;
            }
            let measure = match of_rule.aggregation {
                Aggregation::Count => Some(Measure::Event),
                Aggregation::Cardinality(_) | Aggregation::NewValue(_) => {
                    scratch::values(&query.facets, event, key, text, hashes);
                    (!hashes.is_empty()).then_some(Measure::Values(hashes))
                }
                Aggregation::Sum(_) | Aggregation::Max(_) => {
                    query.facets.first().and_then(|facet| facet.number(event)).map(Measure::Number)
                }
            };
            let Some(measure) = measure else { continue };
            if of_rule.window == 0 {
                series.forget_counts();
            }
            series.add(measure, when, query.clock, self.rule.learning, self.anomaly);
            *hit = true;
        }
        let group = &mut *entry.group;
        // What was before the longest window is another story.
        if when.time.saturating_sub(group.last) > self.longest {
            (group.since, group.weight, group.missed) = (when.time, 0, 0);
        }
        group.last = group.last.max(when.time);
        group.weight = group.weight.saturating_add(1);
        let case = self.decide(entry, when, hit)?;
        values.clear();
        for place in 0..self.queries.len() {
            values.push(self.value(entry.series, place, when));
        }
        Some(case)
    }

    /// Whether one of the rule's cases holds for a group, after an event that the queries of `hit` counted. Most
    /// conditions are decided by their first comparison: what the queries count is worked out when it is asked for.
    fn decide(&self, entry: &mut Entry<'_>, when: When, hit: &[bool]) -> Option<usize> {
        let cases = &self.rule.cases;
        if let Method::Sequence(sequence) = &self.rule.method {
            let steps = self.advance(sequence, entry, when, hit)?;
            return cases.iter().position(|case| case.condition.holds(&steps));
        }
        let mut known = [None; limits::DETECT_QUERIES];
        let mut value_of = |place: usize| match known.get_mut(place) {
            Some(known) => *known.get_or_insert_with(|| self.value(entry.series, place, when)),
            None => 0.0,
        };
        cases.iter().position(|case| case.condition.holds_with(&mut value_of))
    }

    /// What a query counts in its window; without one, in this event alone, however late it comes.
    fn value(&self, series: &mut [Series], place: usize, when: When) -> f64 {
        let window = self.rule.queries.get(place).map_or(0, |query| query.window);
        self.value_in(series, place, if window == 0 { when.time } else { when.now }, window)
    }

    /// What a query counts in so many seconds.
    fn value_in(&self, series: &mut [Series], place: usize, now: u64, window: u64) -> f64 {
        match (series.get_mut(place), self.queries.get(place)) {
            (Some(series), Some(query)) => series.value(now, window, query.clock, self.anomaly),
            _ => 0.0,
        }
    }

    /// Takes the steps that can be taken now. Says of each whether it, or one that follows on it, was taken with this
    /// event; nothing if none was.
    fn advance(
        &self,
        sequence: &Sequence,
        entry: &mut Entry<'_>,
        When { time, now }: When,
        hit: &[bool],
    ) -> Option<[f64; limits::DETECT_STEPS]> {
        let mut values = [0.0; limits::DETECT_STEPS];
        let mut counted = [0.0; limits::DETECT_QUERIES];
        let mut any = false;
        for (place, (step, uses)) in sequence.steps.iter().zip(&self.uses).enumerate() {
            let mut taken = uses.iter().any(|query| hit.get(*query).copied().unwrap_or(false));
            // It looks back to the step before at most: what happened earlier does not come after it.
            let mut after = 0;
            for (parent, within) in &step.after {
                let parent = entry.steps.get(*parent).copied().unwrap_or(0);
                taken &=
                    parent != 0 && parent < time && time - parent <= within.saturating_mul(1_000_000_000);
                after = after.max(parent);
            }
            if taken {
                let window = if after == 0 {
                    step.window
                } else {
                    step.window.min((time - after).div_ceil(1_000_000_000))
                };
                for &query in uses {
                    if let Some(slot) = counted.get_mut(query) {
                        *slot = self.value_in(entry.series, query, now, window);
                    }
                }
                taken = step.condition.holds(&counted);
            }
            if taken && let Some(slot) = entry.steps.get_mut(place) {
                *slot = (*slot).max(time);
                any = true;
            }
            if let Some(value) = values.get_mut(place) {
                *value = f64::from(u8::from(taken));
            }
        }
        // Who took a step has taken those before it.
        for (place, step) in sequence.steps.iter().enumerate().rev() {
            if values.get(place).is_some_and(|taken| *taken > 0.0) {
                for (parent, _) in &step.after {
                    if let Some(taken) = values.get_mut(*parent) {
                        *taken = 1.0;
                    }
                }
            }
        }
        any.then_some(values)
    }
}

/// Nanoseconds after which nothing is left of a group that was not seen.
fn horizon(rule: &Rule) -> u64 {
    let longest = rule.longest_window();
    let learns = rule.queries.iter().any(|query| matches!(query.aggregation, Aggregation::NewValue(_)));
    let seconds = match &rule.method {
        Method::Sequence(sequence) => {
            let between: u64 =
                sequence.steps.iter().flat_map(|step| &step.after).map(|(_, within)| *within).sum();
            longest + between
        }
        Method::Anomaly(anomaly) => 2 * anomaly.learn,
        Method::Threshold | Method::NewValue => longest,
    };
    let seconds = if learns { seconds.max(rule.learning.forget) } else { seconds };
    seconds.saturating_mul(1_000_000_000).saturating_add(limits::DETECT_LATE)
}
