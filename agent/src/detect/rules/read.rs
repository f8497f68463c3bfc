//! From JSON to rules.

use std::{collections::HashSet, sync::Arc};

use serde_json::Value;

use super::{
    Action, ActionKind, Case, Filter, Method, Rule, RuleError, RuleQuery, Severity,
    condition::Condition,
    node::{Node, Object, shown},
    options::{self, Options},
    query,
    template::Template,
};
use crate::{detect::facet, limits};

/// Keys of a rule that say something to Picket.
const KNOWN: &[&str] = &[
    "id",
    "name",
    "message",
    "tags",
    "isEnabled",
    "type",
    "queries",
    "cases",
    "options",
    "filters",
    "groupSignalsBy",
];

/// Keys that say who wrote a rule and when, or how a page shows it.
const HARMLESS: &[&str] = &[
    "createdAt",
    "creator",
    "creationAuthorId",
    "updatedAt",
    "updater",
    "updateAuthorId",
    "deprecationDate",
    "version",
    "revision",
    "source",
    "isDefault",
    "isDeleted",
    "isPartner",
    "isBeta",
    "isDeprecated",
    "defaultTags",
    "hasExtendedTitle",
    "hasOverride",
    "customMessage",
    "customName",
    "schemaVersion",
    "partialRule",
    "blocking",
    "tactic",
    "technique",
    "reason",
];

/// Keys for what Picket does not have.
const WITHOUT: &[(&str, &str)] = &[
    ("calculatedFields", "fields are not calculated here; write the query over the fields there are"),
    ("referenceTables", "there are no reference tables; list the values in the query: `client_ip:(a OR b)`"),
    ("schedulingOptions", "rules are evaluated with every event; leave it out"),
    ("thirdPartyCases", "only rules over Picket's own events are evaluated; use `cases`"),
    ("complianceSignalOptions", "it belongs to rules over cloud configurations"),
    ("cloudConfiguration", "it belongs to rules over cloud configurations"),
];

/// Reads rules: one object, a list of them, or an object with a list under `rules`.
///
/// # Errors
/// The first key that can't be had, with its path.
pub fn read(text: &[u8], file: &str) -> Result<Vec<Rule>, RuleError> {
    let in_file = |error: RuleError| RuleError { file: file.to_owned(), ..error };
    let value: Value = serde_json::from_slice(text).map_err(|error| RuleError {
        file: file.to_owned(),
        path: format!("line {} column {}", error.line(), error.column()),
        problem: format!("this is not JSON: {error}"),
    })?;
    rules(&value).map_err(in_file)
}

fn rules(value: &Value) -> Result<Vec<Rule>, RuleError> {
    let root = Node { value, path: String::new() };
    let nodes = match value {
        Value::Array(_) => root.items(limits::DETECT_RULES)?,
        Value::Object(map) if map.contains_key("rules") => {
            let object = root.object()?;
            object.check(&["rules"], &["version"], &[])?;
            object.needed("rules")?.items(limits::DETECT_RULES)?
        }
        _ => vec![root],
    };
    let mut ids = HashSet::new();
    let mut rules = Vec::with_capacity(nodes.len());
    for node in nodes {
        let rule = rule(&node.object()?)?;
        if !ids.insert(Arc::clone(&rule.id)) {
            return node.error(format!("the id `{}` stands twice", shown(&rule.id)));
        }
        rules.push(rule);
    }
    Ok(rules)
}

fn rule(object: &Object<'_>) -> Result<Rule, RuleError> {
    object.check(KNOWN, HARMLESS, WITHOUT)?;
    if let Some(node) = object.get("type") {
        // Which product a rule belongs to; those over cloud inventories and hosts have other events.
        node.one_of(&[("application_security", ()), ("api_security", ()), ("log_detection", ())])?;
    }
    let name = object.needed("name")?;
    let title = template(&name)?;
    if title.source().trim().is_empty() {
        return name.error("is empty; a signal takes its title from it");
    }
    let id = match object.get("id") {
        Some(node) => identifier(&node)?,
        None => {
            slug(title.source()).ok_or_else(|| name.fail("has no letter or digit; give the rule an `id`"))?
        }
    };
    let message = object
        .get("message")
        .map_or_else(|| Template::parse("").map_err(|_| name.fail("")), |node| template(&node))?;
    let mut queries = queries(object)?;
    let Options { method, learning, window, keep_alive, max_duration } = options::read(object, &mut queries)?;
    let cases = cases(object, &queries, &method)?;
    let signal_by = signal_by(object, &queries)?;
    let tags = match object.get("tags") {
        Some(node) => node.texts(limits::DETECT_LIST)?.into_iter().map(|(tag, _)| tag.into()).collect(),
        None => Vec::new(),
    };
    let enabled = object.get("isEnabled").map_or(Ok(true), |node| node.flag())?;
    let filters = filters(object)?;
    Ok(Rule {
        id: id.into(),
        name: title,
        message,
        tags,
        enabled,
        method,
        learning,
        queries,
        cases,
        window,
        keep_alive,
        max_duration,
        signal_by,
        filters,
    })
}

fn template(node: &Node<'_>) -> Result<Template, RuleError> {
    Template::parse(node.text()?).map_err(|error| node.fail(error.to_string()))
}

fn identifier(node: &Node<'_>) -> Result<String, RuleError> {
    let text = node.text()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if (1..=64).contains(&text.len()) && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        node.error("expected 1 to 64 letters, digits, `-`, `_`, `.`")
    }
}

/// An id from a name: `My rule (2)` becomes `my-rule-2`.
fn slug(name: &str) -> Option<String> {
    let mut slug = String::new();
    for c in name.chars().filter(char::is_ascii) {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == 64 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

fn queries(object: &Object<'_>) -> Result<Vec<RuleQuery>, RuleError> {
    let node = object.needed("queries")?;
    let nodes = node.items(limits::DETECT_QUERIES)?;
    if nodes.is_empty() {
        return node.error("is empty; a rule has at least one query");
    }
    let mut queries: Vec<RuleQuery> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let query = query::read(&node.object()?, at)?;
        if queries.iter().any(|other| other.name == query.name) {
            return node.error(format!("the name `{}` stands twice", shown(&query.name)));
        }
        if let Some(first) = queries.first()
            && first.group_by.len() != query.group_by.len()
        {
            let problem = "queries of a rule are joined by their groups: list as many fields as the first query, in the same order";
            return Err(RuleError { path: format!("{}.groupByFields", node.path), ..node.fail(problem) });
        }
        queries.push(query);
    }
    Ok(queries)
}

fn cases(object: &Object<'_>, queries: &[RuleQuery], method: &Method) -> Result<Vec<Case>, RuleError> {
    let node = object.needed("cases")?;
    let nodes = node.items(limits::DETECT_CASES)?;
    if nodes.is_empty() {
        return node.error("is empty; a rule has at least one case");
    }
    let mut names: Vec<&str> = queries.iter().map(|query| &*query.name).collect();
    let mut usual = 0;
    if let Method::Sequence(sequence) = method {
        names = sequence.steps.iter().map(|step| &*step.name).collect();
        // Without a condition: the last step was taken.
        usual = names.len().saturating_sub(1);
    }
    let severities = Severity::ALL.map(|severity| (severity.name(), severity));
    let mut cases = Vec::with_capacity(nodes.len());
    for node in nodes {
        let case = node.object()?;
        case.check(
            &["name", "status", "condition", "actions", "notifications"],
            &[],
            &[("customStatus", "a case has the status it is given")],
        )?;
        let condition = match case.get("condition").filter(|node| !node.is_empty()) {
            Some(node) => {
                Condition::parse(node.text()?, &names).map_err(|error| node.fail(error.to_string()))?
            }
            None if matches!(method, Method::NewValue | Method::Sequence(_)) => {
                Condition::any_of(usual, names.get(usual).copied().unwrap_or_default())
            }
            None => {
                case.needed("condition")?;
                return node.error("`condition` is empty; for example `a > 3`");
            }
        };
        let notifications = match case.get("notifications") {
            Some(node) => node.texts(limits::DETECT_LIST)?.into_iter().map(|(text, _)| text.into()).collect(),
            None => Vec::new(),
        };
        cases.push(Case {
            name: case.get("name").map_or(Ok(""), |node| node.text())?.into(),
            severity: case.needed("status")?.one_of(&severities)?,
            condition,
            actions: actions(&case)?,
            notifications,
        });
    }
    Ok(cases)
}

fn actions(case: &Object<'_>) -> Result<Vec<Action>, RuleError> {
    let Some(node) = case.get("actions") else { return Ok(Vec::new()) };
    let kinds =
        [ActionKind::BlockIp, ActionKind::BlockUser, ActionKind::FlagIp].map(|kind| (kind.name(), kind));
    let mut actions = Vec::new();
    for node in node.items(limits::DETECT_CASES)? {
        let action = node.object()?;
        action.check(&["type", "options"], &[], &[])?;
        let kind = action.needed("type")?.one_of(&kinds)?;
        let mut duration = 0;
        if let Some(node) = action.get("options") {
            let options = node.object()?;
            let without = [("userBehaviorName", "behaviour of users is not told to anybody")];
            options.check(&["duration"], &["flaggedIPType"], &without)?;
            duration = options.get("duration").map_or(Ok(0), |node| node.number(limits::DETECT_ACTION))?;
        }
        actions.push(Action { kind, duration });
    }
    Ok(actions)
}

fn signal_by(object: &Object<'_>, queries: &[RuleQuery]) -> Result<Vec<usize>, RuleError> {
    let group = queries.first().map_or(&[][..], |query| &query.group_by);
    let all = || (0..group.len()).collect();
    let Some(node) = object.get("groupSignalsBy").filter(|node| !node.is_empty()) else { return Ok(all()) };
    let mut places = Vec::new();
    for (name, node) in node.texts(limits::DETECT_LIST)? {
        let name = facet::canonical(name);
        let place = group.iter().position(|field| **field == *name).ok_or_else(|| {
            node.fail(format!("signals are told apart by fields of `groupByFields`: {}", group.join(", ")))
        })?;
        places.push(place);
    }
    Ok(places)
}

fn filters(object: &Object<'_>) -> Result<Vec<Filter>, RuleError> {
    let Some(node) = object.get("filters") else { return Ok(Vec::new()) };
    let mut filters = Vec::new();
    for node in node.items(limits::DETECT_LIST)? {
        let filter = node.object()?;
        filter.check(&["action", "query"], &[], &[])?;
        let require = filter.needed("action")?.one_of(&[("require", true), ("suppress", false)])?;
        let query = query::text(&filter.needed("query")?)?;
        filters.push(Filter { require, query });
    }
    Ok(filters)
}
