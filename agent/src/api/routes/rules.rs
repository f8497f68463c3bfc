//! Rules that requests are judged by: which there are, who asks them, how often they held.

use std::collections::{BTreeMap, HashMap};

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::get,
};
use serde_json::Value;

use super::{
    Row, Shared,
    answer::{Answer, count, run, timestamp},
    facet::Facet,
    params::Params,
    piece::Piece,
};
use crate::{
    api::{
        ApiError, Code,
        types::{
            FacetCount, FacetValue, FacetView, PolicyOff, Role, RuleDetails, RuleList, RulePolicy, RuleView,
        },
    },
    limits,
    pipeline::Settings,
    query::{EVENTS, Fields as _, RULES, Sql, Value as Found},
    rules::{self, catalog, catalog::Entry},
    store::{
        self, Reader,
        read::{Between, Reach},
    },
};

/// Values of a facet of rules that are given.
const VALUES: usize = 50;

pub(super) fn rows() -> Vec<Row> {
    let read = |path, to| Row::new(Method::GET, path, Role::Viewer, to);
    vec![
        read("/v1/rules", get(list)),
        read("/v1/rules/facets", get(facets)),
        read("/v1/rules/{id}", get(one)),
    ]
}

/// By id: a page begins behind the last rule of the one before, whatever was reloaded since.
async fn list(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["query", "from", "to", "limit", "cursor"])?;
    let matcher = params.query(&RULES)?;
    let cursor = params.cursor()?;
    let between = params.between(cursor.as_ref())?;
    let limit = params.limit(limits::API_PAGE)?;
    run(api, move |api| {
        let hits = Hits::of(&api.desk().reader(), between)?;
        let settings = api.control.settings();
        let mut answer = RuleList {
            complete: hits.reach.complete,
            since: (!hits.reach.complete).then(|| timestamp(hits.reach.since)),
            ..RuleList::default()
        };
        for (_, mut rule) in in_force(&settings) {
            if cursor.as_ref().is_some_and(|cursor| rule.id <= cursor.at) {
                continue;
            }
            rule.hits = Some(hits.on(&rule.id));
            if !matcher.matches(&json(&rule)?) {
                continue;
            }
            if answer.items.len() == limit {
                answer.next = answer.items.last().map(|last| params.next(between, &last.id));
                break;
            }
            answer.items.push(rule);
        }
        Ok(answer)
    })
    .await
}

async fn facets(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["facet", "query", "from", "to"])?;
    let facet = Facet::find(params.needed("facet", "?facet=type")?, &RULES)?;
    let fields = RULES.find(&facet.name).map(|found| found.fields).unwrap_or_default();
    let matcher = params.query(&RULES)?;
    let between = params.between(None)?;
    run(api, move |api| {
        let hits = Hits::of(&api.desk().reader(), between)?;
        let settings = api.control.settings();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (_, mut rule) in in_force(&settings) {
            rule.hits = Some(hits.on(&rule.id));
            let rule = json(&rule)?;
            if !matcher.matches(&rule) {
                continue;
            }
            // A rule counts once, however many of its conditions have the value.
            let mut values = Vec::new();
            let mut note = |value: Found<'_>| {
                let value = value.to_string();
                if !values.contains(&value) {
                    values.push(value);
                }
            };
            fields.iter().for_each(|field| rule.each(field, &mut note));
            for value in values {
                *counts.entry(value).or_default() += 1;
            }
        }
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
        let items = counts.into_iter().take(VALUES);
        Ok(FacetView {
            facet: facet.name,
            items: items.map(|(value, count)| FacetCount { value: FacetValue::Text(value), count }).collect(),
            complete: hits.reach.complete,
            since: (!hits.reach.complete).then(|| timestamp(hits.reach.since)),
        })
    })
    .await
}

async fn one(State(api): State<Shared>, Piece(id): Piece, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, move |api| {
        let settings = api.control.settings();
        let Some((entry, rule)) = in_force(&settings).into_iter().find(|(_, rule)| rule.id == id) else {
            return Err(ApiError::new(
                Code::NotFound,
                format!("no policy has a rule {:?}", super::short(&id)),
            )
            .hint("it may have been taken out of the configuration; GET /v1/rules lists those there are"));
        };
        Ok(RuleDetails { text: catalog::source(entry), reason: rules::reason(&id), rule })
    })
    .await
}

/// Rules of all policies, by id. Where files have different ones with the same id, it is that of the first policy.
fn in_force(settings: &Settings) -> Vec<(&Entry, RuleView)> {
    let mut all: BTreeMap<&str, (&Entry, RuleView)> = BTreeMap::new();
    for policy in settings.policies.iter() {
        for entry in policy.rules().entries() {
            let (_, view) = all.entry(&entry.meta.id).or_insert_with(|| (entry, RuleView::from(entry)));
            let off = policy.off(entry);
            view.enabled |= off.is_none();
            view.policies.push(RulePolicy {
                name: policy.name.as_deref().unwrap_or("default").to_owned(),
                mode: settings.effective(policy.mode).name().to_owned(),
                off: off.map(|off| PolicyOff { why: off.word().to_owned(), message: off.to_string() }),
            });
        }
    }
    all.into_values().collect()
}

fn json(rule: &RuleView) -> Result<Value, ApiError> {
    serde_json::to_value(rule).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
}

/// How many stored events each rule matched.
struct Hits {
    by_rule: HashMap<String, u64>,
    reach: Reach,
}

impl Hits {
    /// Counted with one question.
    fn of(reader: &Reader, between: Between) -> Result<Self, ApiError> {
        let facet = Facet::find("@rule.id", &EVENTS)?;
        let found = reader.facet(&Sql::all(), &facet.expression, between, limits::RULES_COUNTED)?;
        let by_rule = found.values.into_iter().filter_map(|(value, hits)| match value {
            store::read::FacetValue::Text(rule) => Some((rule, count(hits))),
            store::read::FacetValue::Integer(_) => None,
        });
        Ok(Self { by_rule: by_rule.collect(), reach: found.reach })
    }

    fn on(&self, rule: &str) -> u64 {
        self.by_rule.get(rule).copied().unwrap_or(0)
    }
}
