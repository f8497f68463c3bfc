//! The distinct queries of all rules, each tried at most once an event, and most of them not at all.

use crate::{
    detect::facet::{self, Facet},
    limits,
    query::{EVENTS, Expression, Fields, Matcher, QueryError, Term},
};

/// Bits: something that only some events have, and that a query can't do without.
const MATCHES: u8 = 1;
const BUSINESS: u8 = 2;
const USER: u8 = 4;
const SESSION: u8 = 8;
const ENDPOINT: u8 = 16;
const ANOMALIES: u8 = 32;
/// A status of 400 or above.
const FAILED: u8 = 64;
/// All of them together, and one.
const SIGNS: usize = 128;

/// The least status of those that failed.
const FAILURE: u64 = 400;

/// A set of queries or of rules, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Matched(Vec<u64>);

impl Matched {
    pub(super) fn has(&self, query: usize) -> bool {
        self.0.get(query / 64).is_some_and(|word| word >> (query % 64) & 1 == 1)
    }

    fn clear(&mut self, queries: usize) {
        self.0.clear();
        self.0.resize(queries.div_ceil(64), 0);
    }

    /// Rules that were found, in the order of their numbers.
    pub(super) fn each(&self, mut found: impl FnMut(u32)) {
        for (word, bits) in (0_u32..).zip(&self.0) {
            let mut bits = *bits;
            while bits != 0 {
                found(word * 64 + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn set(&mut self, query: usize) {
        if let Some(word) = self.0.get_mut(query / 64) {
            *word |= 1 << (query % 64);
        }
    }
}

/// Filters that were tried on an event, and those of them that took it: rules have filters in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Tried {
    tried: Matched,
    took: Matched,
}

#[derive(Clone, Debug)]
struct Distinct {
    text: String,
    needs: u8,
    matcher: Matcher,
    /// Rules that count by it.
    rules: Vec<u32>,
}

/// The distinct queries of all rules.
#[derive(Clone, Debug)]
pub(super) struct Queries {
    list: Vec<Distinct>,
    /// Which of them an event may match that has some of what queries need: by these bits.
    candidates: Vec<Vec<u32>>,
    /// What tells whether an event has what queries need.
    signs: Vec<(u8, Facet)>,
    status: Option<Facet>,
}

impl Queries {
    pub(super) fn new() -> Self {
        let signs = [
            (MATCHES, "@rule.id"),
            (BUSINESS, "@business.name"),
            (USER, "user.id"),
            (SESSION, "session.id"),
            (ENDPOINT, "@endpoint"),
            (ANOMALIES, "@anomalies.kind"),
        ];
        let signs =
            signs.into_iter().filter_map(|(bit, name)| Some((bit, Facet::named(name).ok()?))).collect();
        let status = Facet::named("@status").ok();
        Self { list: Vec::new(), candidates: vec![Vec::new(); SIGNS], signs, status }
    }

    /// The number of a query by which a rule counts; the same text has the same number.
    pub(super) fn add(&mut self, text: &str, rule: u32) -> Result<usize, QueryError> {
        let at = self.number(text)?;
        let rules = self.list.get_mut(at).map(|known| &mut known.rules);
        if let Some(rules) = rules.filter(|rules| !rules.contains(&rule)) {
            if rules.is_empty() {
                self.try_always(at);
            }
            if let Some(known) = self.list.get_mut(at) {
                known.rules.push(rule);
            }
        }
        Ok(at)
    }

    /// The number of a query that only filters what a rule counts: it is tried when another of the rule's matched.
    pub(super) fn filter(&mut self, text: &str) -> Result<usize, QueryError> {
        self.number(text)
    }

    fn number(&mut self, text: &str) -> Result<usize, QueryError> {
        if let Some(at) = self.list.iter().position(|known| known.text == text) {
            return Ok(at);
        }
        let query = crate::query::Query::parse(text)?;
        let matcher = query.matcher(&EVENTS)?;
        let needs = needs(query.expression());
        self.list.push(Distinct { text: text.to_owned(), needs, matcher, rules: Vec::new() });
        Ok(self.list.len() - 1)
    }

    fn try_always(&mut self, at: usize) {
        let Some(needs) = self.list.get(at).map(|tried| tried.needs) else { return };
        for (has, list) in (0_u8..).zip(&mut self.candidates) {
            if needs & !has == 0 {
                list.push(u32::try_from(at).unwrap_or(u32::MAX));
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Tries the queries that an event may match; which matched, and which rules count by one of them.
    pub(super) fn try_all<F: Fields + ?Sized>(&self, event: &F, matched: &mut Matched, rules: &mut Matched) {
        matched.clear(self.list.len());
        rules.clear(limits::DETECT_RULES);
        let signs = self.signs.iter().filter(|(_, facet)| facet.is_there(event));
        let mut has = signs.fold(0, |has, (bit, _)| has | bit);
        if self.status.as_ref().is_none_or(|status| status.reaches(event, FAILURE)) {
            has |= FAILED;
        }
        let again = event.is_again();
        for at in self.candidates.get(usize::from(has)).into_iter().flatten() {
            let at = *at as usize;
            let Some(tried) = self.list.get(at) else { continue };
            if again && tried.needs & BUSINESS == 0 {
                continue;
            }
            if tried.matcher.matches(event) {
                matched.set(at);
                tried.rules.iter().for_each(|rule| rules.set(*rule as usize));
            }
        }
    }

    /// For the next event.
    pub(super) fn forget(&self, tried: &mut Tried) {
        tried.tried.clear(self.list.len());
        tried.took.clear(self.list.len());
    }

    /// Whether a filter takes an event.
    pub(super) fn takes<F: Fields + ?Sized>(&self, filter: usize, event: &F, tried: &mut Tried) -> bool {
        if !tried.tried.has(filter) {
            tried.tried.set(filter);
            if self.list.get(filter).is_some_and(|query| query.matcher.matches(event)) {
                tried.took.set(filter);
            }
        }
        tried.took.has(filter)
    }
}

/// What an event must have for an expression to hold.
fn needs(expression: &Expression) -> u8 {
    match expression {
        // What holds for what is not there can need anything or nothing.
        Expression::All | Expression::Not(_) => 0,
        Expression::Term(term) => term.name().map_or(0, |name| of_facet(name, term)),
        Expression::And(parts) => parts.iter().fold(0, |all, part| all | needs(part)),
        Expression::Or(parts) => parts.iter().map(needs).reduce(|all, part| all & part).unwrap_or(0),
    }
}

/// A term on a facet holds only when the facet is there.
fn of_facet(name: &str, term: &Term) -> u8 {
    let name = facet::canonical(name);
    match name.trim_start_matches('@') {
        "rule.id" | "rule.name" | "rule.type" | "rule.category" | "rule.confidence" | "rule.location"
        | "rule.value" => MATCHES,
        "business.name" | "usr.exists" | "usr.login" => BUSINESS,
        "user.id" => USER,
        "session.id" => SESSION,
        "endpoint" => ENDPOINT,
        "anomalies.kind" => ANOMALIES,
        "status" if term.is_at_least(FAILURE) => FAILED,
        _ => 0,
    }
}
