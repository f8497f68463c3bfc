//! One query of a rule: which events, grouped how, and what of them.

use std::sync::Arc;

use super::{
    Aggregation, RuleError, RuleQuery,
    node::{Node, Object, shown},
};
use crate::{detect::facet, limits};

pub(super) fn read(query: &Object<'_>, at: usize) -> Result<RuleQuery, RuleError> {
    query.check(
        &[
            "query",
            "name",
            "aggregation",
            "groupByFields",
            "distinctFields",
            "metric",
            "metrics",
            "hasOptionalGroupByFields",
            "dataSource",
        ],
        &["queryLanguage"],
        &[
            ("index", "there are no indexes; leave it out"),
            ("indexes", "there are no indexes; leave it out"),
            ("customQueryExtension", "write it into `query`"),
            ("additionalFilters", "write them into `query`"),
            ("correlatedByFields", "queries are over events, not over signals; write it as a sequence"),
            ("correlatedQueryIndex", "queries are over events, not over signals; write it as a sequence"),
            ("ruleId", "queries are over events, not over signals; write it as a sequence"),
            ("defaultRuleId", "queries are over events, not over signals; write it as a sequence"),
        ],
    )?;
    if let Some(node) = query.get("dataSource") {
        node.one_of(&[("app_sec_spans", ()), ("spans", ()), ("logs", ())])?;
    }
    let name = match query.get("name").filter(|node| !node.is_empty()) {
        Some(node) => name(&node)?,
        None => char::from(b'a' + u8::try_from(at).unwrap_or(25).min(25)).to_string(),
    };
    let fields = |key: &str| query.get(key).map_or(Ok(Vec::new()), |node| facets(&node));
    let group_by = fields("groupByFields")?;
    let distinct = fields("distinctFields")?;
    let mut metrics = fields("metrics")?;
    if let Some(node) = query.get("metric").filter(|node| !node.is_empty()) {
        let metric: Arc<str> = facet_of(node.text()?, &node)?;
        if !metrics.contains(&metric) {
            metrics.insert(0, metric);
        }
    }
    // What an aggregation needs, and what it has no use for.
    let wants = |key: &str, what: &str| -> RuleError {
        RuleError {
            file: String::new(),
            path: format!("{}.{key}", query.path),
            problem: format!("is missing: {what}"),
        }
    };
    let one_metric = |what: &str| {
        let metric = metrics.first().cloned().ok_or_else(|| wants("metric", what))?;
        match facet::Facet::named(&metric) {
            Ok(facet) if facet.is_number() => Ok(metric),
            _ => Err(RuleError {
                file: String::new(),
                path: format!("{}.metric", query.path),
                problem: format!("`{metric}` is not a number; {what} is one, for example `@duration_us`"),
            }),
        }
    };
    #[derive(Clone, Copy)]
    enum Kind {
        Count,
        Cardinality,
        Sum,
        Max,
        NewValue,
    }
    let kind = query.get("aggregation").map_or(Ok(Kind::Count), |node| {
        node.one_of(&[
            ("count", Kind::Count),
            ("cardinality", Kind::Cardinality),
            ("sum", Kind::Sum),
            ("max", Kind::Max),
            ("new_value", Kind::NewValue),
        ])
    })?;
    let aggregation = match kind {
        Kind::Count => Aggregation::Count,
        Kind::Cardinality if distinct.is_empty() => {
            return Err(wants("distinctFields", "cardinality counts the different values of these facets"));
        }
        Kind::Cardinality => Aggregation::Cardinality(distinct),
        Kind::Sum => Aggregation::Sum(one_metric("the facet that is summed")?),
        Kind::Max => Aggregation::Max(one_metric("the facet whose greatest value counts")?),
        Kind::NewValue if metrics.is_empty() => {
            return Err(wants("metrics", "the facets whose values are learned"));
        }
        Kind::NewValue => Aggregation::NewValue(metrics),
    };
    let optional_group = query.get("hasOptionalGroupByFields").map_or(Ok(false), |node| node.flag())?;
    let query = text(&query.needed("query")?)?;
    Ok(RuleQuery { name: name.into(), query, aggregation, group_by, optional_group, window: 0 })
}

/// The text of a query that the query language takes.
pub(super) fn text(node: &Node<'_>) -> Result<Arc<str>, RuleError> {
    let text = node.text()?;
    facet::query(text).map_err(|problem| node.fail(problem))?;
    Ok(text.into())
}

fn facets(node: &Node<'_>) -> Result<Vec<Arc<str>>, RuleError> {
    node.texts(limits::DETECT_FIELDS)?.into_iter().map(|(name, node)| facet_of(name, &node)).collect()
}

fn facet_of(name: &str, node: &Node<'_>) -> Result<Arc<str>, RuleError> {
    let name = facet::canonical(name);
    facet::Facet::named(name).map_err(|problem| node.fail(problem))?;
    Ok(name.into())
}

fn name(node: &Node<'_>) -> Result<String, RuleError> {
    let text = node.text()?;
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        Ok(text.to_owned())
    } else {
        node.error(format!("`{}`: expected a name of letters, digits and `_`", shown(text)))
    }
}
