//! Rules that requests are judged by: which there are, who asks them, how often they held.

use std::collections::{BTreeMap, HashMap};

use axum::{
    extract::State,
    http::{Method, Uri},
    routing::get,
};
use serde_json::Value;

use super::{
    Api, Row, Shared,
    answer::{Answer, count, run, since},
    facet::Facet,
    params::Params,
    piece::Piece,
};
use crate::{
    api::{
        ApiError, Code,
        types::{
            FacetCount, FacetValue, FacetView, KeptView, PolicyOff, Role, RuleDetails, RuleList, RulePolicy,
            RuleView,
        },
    },
    limits,
    pipeline::Settings,
    query::{EVENTS, Field, Fields as _, RULES, Sql, Value as Found},
    rules::{
        self,
        catalog::{self, Entry, Language},
    },
    store::{
        self, Reader,
        read::{Between, Reach},
    },
};

/// Values of a facet of rules that are given.
const VALUES: usize = 50;
/// Facets that are counted with a list.
const FACETS: usize = 8;

pub(super) fn rows() -> Vec<Row> {
    let read = |path, to| Row::new(Method::GET, path, Role::Viewer, to);
    vec![
        read("/v1/rules", get(list)),
        read("/v1/rules/facets", get(facets)),
        read("/v1/rules/{id}", get(one)),
    ]
}

/// By id: a page begins behind the last rule of the one before, whatever was reloaded since. Facets are of all rules that
/// fit, not of the page: who wants both has the hits counted once.
async fn list(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["query", "from", "to", "limit", "cursor", "facets", "within"])?;
    let matcher = params.query(&RULES)?;
    let cursor = params.cursor()?;
    let between = params.between(cursor.as_ref())?;
    let limit = params.limit(limits::API_PAGE)?;
    let names = params.names("facets", FACETS)?.unwrap_or_default();
    let mut counted = names.into_iter().map(Counted::of).collect::<Result<Vec<_>, _>>()?;
    run(api, move |api| {
        let hits = Hits::of(&params.within(&api.desk().reader())?, between)?;
        let settings = api.control.settings();
        let mut answer =
            RuleList { complete: hits.reach.complete, since: since(hits.reach), ..RuleList::default() };
        for (_, mut rule) in in_force(&settings) {
            let is_before = cursor.as_ref().is_some_and(|cursor| rule.id <= cursor.at);
            if counted.is_empty() && (is_before || answer.next.is_some()) {
                continue;
            }
            rule.hits = Some(hits.on(&rule.id));
            let found = json(&rule)?;
            if !matcher.matches(&found) {
                continue;
            }
            counted.iter_mut().for_each(|counted| counted.note(&found));
            if is_before || answer.next.is_some() {
                continue;
            }
            if answer.items.len() == limit {
                answer.next = answer.items.last().map(|last| params.next(between, &last.id));
                continue;
            }
            answer.items.push(rule);
        }
        answer.facets = counted.into_iter().map(|counted| counted.view(&hits)).collect();
        Ok(answer)
    })
    .await
}

async fn facets(State(api): State<Shared>, uri: Uri) -> Answer {
    let params = Params::read(&uri, &["facet", "query", "from", "to", "within"])?;
    let mut counted = Counted::of(params.needed("facet", "?facet=type")?)?;
    let matcher = params.query(&RULES)?;
    let between = params.between(None)?;
    run(api, move |api| {
        let hits = Hits::of(&params.within(&api.desk().reader())?, between)?;
        let settings = api.control.settings();
        for (_, mut rule) in in_force(&settings) {
            rule.hits = Some(hits.on(&rule.id));
            let rule = json(&rule)?;
            if matcher.matches(&rule) {
                counted.note(&rule);
            }
        }
        Ok(counted.view(&hits))
    })
    .await
}

/// Values of a facet, counted.
struct Counted {
    name: String,
    fields: Vec<Field>,
    counts: BTreeMap<String, u64>,
}

impl Counted {
    fn of(name: &str) -> Result<Self, ApiError> {
        let facet = Facet::find(name, &RULES)?;
        let fields = RULES.find(&facet.name).map(|found| found.fields).unwrap_or_default();
        Ok(Self { name: facet.name, fields, counts: BTreeMap::new() })
    }

    /// A rule counts once, however many of its conditions have the value.
    fn note(&mut self, rule: &Value) {
        let mut values = Vec::new();
        let mut note = |value: Found<'_>| {
            let value = value.to_string();
            if !values.contains(&value) {
                values.push(value);
            }
        };
        self.fields.iter().for_each(|field| rule.each(field, &mut note));
        for value in values {
            *self.counts.entry(value).or_default() += 1;
        }
    }

    fn view(self, hits: &Hits) -> FacetView {
        let mut counts: Vec<(String, u64)> = self.counts.into_iter().collect();
        counts.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
        let items = counts.into_iter().take(VALUES);
        FacetView {
            facet: self.name,
            items: items.map(|(value, count)| FacetCount { value: FacetValue::Text(value), count }).collect(),
            complete: hits.reach.complete,
            since: since(hits.reach),
        }
    }
}

async fn one(State(api): State<Shared>, Piece(id): Piece, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, move |api| details(api, &id)).await
}

/// A rule of some policy, or one that is kept.
pub(super) fn details(api: &Api, id: &str) -> Result<RuleDetails, ApiError> {
    let settings = api.control.settings();
    let Some((entry, rule)) = in_force(&settings).into_iter().find(|(_, rule)| rule.id == id) else {
        return Err(ApiError::new(Code::NotFound, format!("no policy has a rule {:?}", super::short(id)))
            .hint("it may have been taken out of the configuration; GET /v1/rules lists those there are"));
    };
    let kept = settings.config.rules.kept.iter().find(|kept| kept.id == id);
    let text = entry.map_or_else(|| kept.and_then(|kept| kept.text.clone()), catalog::source);
    Ok(RuleDetails { text, reason: rules::reason(id), rule })
}

/// Rules of all policies, by id. Where files have different ones with the same id, it is that of the first policy. With
/// those that people wrote and that are in no policy: what they were written for has changed.
fn in_force(settings: &Settings) -> Vec<(Option<&Entry>, RuleView)> {
    let mut all: BTreeMap<&str, (Option<&Entry>, RuleView)> = BTreeMap::new();
    for policy in settings.policies.iter() {
        for entry in policy.rules().entries() {
            let (_, view) = all.entry(&entry.meta.id).or_insert_with(|| (Some(entry), RuleView::from(entry)));
            let off = policy.off(entry);
            view.enabled |= off.is_none();
            view.policies.push(RulePolicy {
                name: policy.name.as_deref().unwrap_or("default").to_owned(),
                mode: settings.effective(policy.mode).name().to_owned(),
                off: off.map(|off| PolicyOff { why: off.word().to_owned(), message: off.to_string() }),
            });
        }
    }
    for kept in &settings.config.rules.kept {
        let other = |(entry, _): &&mut (Option<&Entry>, RuleView)| {
            kept.text.is_none() || entry.is_some_and(|entry| entry.own.is_some())
        };
        match all.get_mut(kept.id.as_str()) {
            None if kept.text.is_some() => {
                let is_json = kept.text.as_ref().is_some_and(|text| text.trim_start().starts_with('{'));
                let language = if is_json { Language::InApp } else { Language::SecLang };
                let view = RuleView {
                    id: kept.id.clone(),
                    language: language.name().to_owned(),
                    phase: "request".to_owned(),
                    kept: Some(KeptView::from(kept)),
                    never: Some("not in force: `picket rules reload` says why".to_owned()),
                    ..RuleView::default()
                };
                all.insert(&kept.id, (None, view));
            }
            found => {
                if let Some((_, view)) = found.filter(other) {
                    view.kept = Some(KeptView::from(kept));
                }
            }
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
