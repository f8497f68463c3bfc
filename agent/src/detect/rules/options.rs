//! A rule's options: its method, and how long things count.

use std::sync::Arc;

use super::{
    Aggregation, Anomaly, Method, NewValue, RuleError, RuleQuery, Sequence, Step,
    condition::Condition,
    node::{Object, shown},
};
use crate::limits;

/// What the options say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    pub(super) method: Method,
    pub(super) learning: NewValue,
    pub(super) window: u64,
    pub(super) keep_alive: u64,
    pub(super) max_duration: u64,
}

#[derive(Clone, Copy)]
enum Kind {
    Threshold,
    NewValue,
    Anomaly,
    Sequence,
}

const WITHOUT: &[(&str, &str)] = &[
    ("decreaseCriticalityBasedOnEnv", "events have no environment tag; write a case or a filter"),
    ("complianceRuleOptions", "it belongs to rules over cloud configurations"),
    ("hardcodedEvaluatorType", "its code is not here"),
    ("impossibleTravelOptions", "there is no impossible travel; use new_value over client_ip or country"),
    ("thirdPartyRuleOptions", "only rules over Picket's own events are evaluated"),
];

/// Reads `options` and gives the queries their windows.
pub(super) fn read(rule: &Object<'_>, queries: &mut [RuleQuery]) -> Result<Options, RuleError> {
    let node = rule.needed("options")?;
    let options = node.object()?;
    options.check(
        &[
            "evaluationWindow",
            "keepAlive",
            "maxSignalDuration",
            "detectionMethod",
            "newValueOptions",
            "anomalyDetectionOptions",
            "sequenceDetectionOptions",
        ],
        &[],
        WITHOUT,
    )?;
    let kind = options.get("detectionMethod").map_or(Ok(Kind::Threshold), |node| {
        node.one_of(&[
            ("threshold", Kind::Threshold),
            ("new_value", Kind::NewValue),
            ("anomaly_detection", Kind::Anomaly),
            ("sequence_detection", Kind::Sequence),
        ])
    })?;
    let seconds = |key: &str, usual: Option<u64>| match (options.get(key), usual) {
        (Some(node), _) => node.number(limits::DETECT_SECONDS),
        (None, Some(usual)) => Ok(usual),
        (None, None) => options.needed(key).map(|_| 0),
    };
    // A sequence has the windows of its steps, and a new value is seen in one event.
    let usual = matches!(kind, Kind::NewValue | Kind::Sequence | Kind::Anomaly).then_some(0);
    let window = seconds("evaluationWindow", usual)?;
    let keep_alive = seconds("keepAlive", None)?;
    let max_duration = seconds("maxSignalDuration", None)?;
    let order = |left: u64, right: u64, key: &str, what: &str| {
        if left <= right {
            return Ok(());
        }
        let node = options.needed(key)?;
        node.error(format!("{right} seconds; it can't be shorter than {what}, {left} seconds"))
    };
    order(window, keep_alive, "keepAlive", "evaluationWindow")?;
    order(keep_alive, max_duration, "maxSignalDuration", "keepAlive")?;
    for query in &mut *queries {
        query.window = window;
    }
    let new_values =
        queries.iter().filter(|query| matches!(query.aggregation, Aggregation::NewValue(_))).count();
    let method = match kind {
        Kind::Threshold => Method::Threshold,
        Kind::NewValue => {
            if new_values == 0 {
                let node = rule.needed("queries")?;
                return node.error("with the method new_value a query has the aggregation new_value");
            }
            Method::NewValue
        }
        Kind::Anomaly => {
            let anomaly = anomaly(&options)?;
            if let Some(at) = queries.iter().position(|query| query.aggregation != Aggregation::Count) {
                let node = rule.needed("queries")?;
                return node.error(format!(
                    "query {at}: a baseline is learned of counts: use the aggregation count"
                ));
            }
            for query in &mut *queries {
                query.window = anomaly.bucket;
            }
            Method::Anomaly(anomaly)
        }
        Kind::Sequence => Method::Sequence(sequence(&options, queries)?),
    };
    let learning = new_value(&options, matches!(method, Method::NewValue))?;
    if new_values == 0 && options.get("newValueOptions").is_some_and(|node| !node.is_empty()) {
        return options
            .needed("newValueOptions")?
            .error("no query of this rule has the aggregation new_value");
    }
    Ok(Options { method, learning, window, keep_alive, max_duration })
}

/// Beside other queries a new value counts from the second one on, unless the rule says otherwise.
fn new_value(options: &Object<'_>, alone: bool) -> Result<NewValue, RuleError> {
    let mut read = NewValue::default();
    if !alone {
        read.learn = 0;
    }
    let Some(node) = options.get("newValueOptions") else { return Ok(read) };
    let object = node.object()?;
    object.check(
        &["forgetAfter", "learningDuration", "learningMethod", "learningThreshold"],
        &[],
        &[(
            "instantaneousBaseline",
            "what was before the rule is not looked at; it learns from its first event on",
        )],
    )?;
    let days = |key: &str, usual: u64| {
        object.get(key).map_or(Ok(usual), |node| Ok(node.number(limits::DETECT_DAYS)? * 86_400))
    };
    read.forget = days("forgetAfter", read.forget)?;
    read.learn = days("learningDuration", read.learn)?;
    if let Some(node) = object.get("learningMethod")
        && node.one_of(&[("duration", false), ("threshold", true)])?
    {
        // Its thresholds are 0 and 1 values: what a duration of 0 does.
        object.get("learningThreshold").map_or(Ok(0), |node| node.number(1))?;
        read.learn = 0;
    }
    if read.forget == 0 {
        return object.needed("forgetAfter")?.error("expected at least one day");
    }
    Ok(read)
}

fn anomaly(options: &Object<'_>) -> Result<Anomaly, RuleError> {
    let mut read = Anomaly::default();
    let Some(node) = options.get("anomalyDetectionOptions") else { return Ok(read) };
    let object = node.object()?;
    object.check(
        &["bucketDuration", "learningDuration", "detectionTolerance"],
        &[],
        &[
            (
                "instantaneousBaseline",
                "what was before the rule is not looked at; it learns from its first event on",
            ),
            ("learningPeriodBaseline", "the baseline goes on being learned"),
        ],
    )?;
    if let Some(node) = object.get("bucketDuration") {
        read.bucket = node.number(86_400)?;
        if read.bucket < 10 {
            return node.error("expected at least 10 seconds");
        }
    }
    if let Some(node) = object.get("learningDuration") {
        read.learn = node.number(24 * limits::DETECT_DAYS)? * 3600;
    }
    if let Some(node) = object.get("detectionTolerance") {
        let tolerance = node.number(5)?;
        read.tolerance = u8::try_from(tolerance).unwrap_or(5);
        if tolerance == 0 {
            return node.error("expected 1 to 5");
        }
    }
    if read.learn < 8 * read.bucket {
        return node.error(format!(
            "learningDuration is {} hours, and a baseline takes at least eight buckets of {} seconds",
            read.learn / 3600,
            read.bucket
        ));
    }
    Ok(read)
}

fn sequence(options: &Object<'_>, queries: &mut [RuleQuery]) -> Result<Sequence, RuleError> {
    let object = options.needed("sequenceDetectionOptions")?.object()?;
    object.check(&["steps", "stepTransitions"], &[], &[])?;
    let query_names: Vec<Arc<str>> = queries.iter().map(|query| Arc::clone(&query.name)).collect();
    let query_names: Vec<&str> = query_names.iter().map(|name| &**name).collect();
    let list = object.needed("steps")?;
    let mut steps: Vec<Step> = Vec::new();
    for node in list.items(limits::DETECT_STEPS)? {
        let step = node.object()?;
        step.check(&["name", "condition", "evaluationWindow"], &[], &[])?;
        let condition = step.needed("condition")?;
        let name_node = step.needed("name")?;
        let name = name_node.text()?;
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !is_name || steps.iter().any(|other| *other.name == *name) {
            return name_node.error("expected a name of letters, digits and `_` that no other step has");
        }
        let window = step.needed("evaluationWindow")?.number(limits::DETECT_SECONDS)?;
        let condition = Condition::parse(condition.text()?, &query_names)
            .map_err(|error| condition.fail(error.to_string()))?;
        for query in condition.uses() {
            if let Some(query) = queries.get_mut(query) {
                query.window = query.window.max(window);
            }
        }
        steps.push(Step { name: name.into(), condition, window, after: Vec::new() });
    }
    if steps.len() < 2 {
        return list.error("a sequence has at least two steps");
    }
    let transitions = object.needed("stepTransitions")?;
    for node in transitions.items(limits::DETECT_STEPS * limits::DETECT_STEPS)? {
        let transition = node.object()?;
        transition.check(&["parent", "child", "evaluationWindow"], &[], &[])?;
        let place = |key: &str| {
            let node = transition.needed(key)?;
            let name = node.text()?;
            let place = steps.iter().position(|step| *step.name == *name);
            place.ok_or_else(|| node.fail(format!("there is no step `{}`", shown(name))))
        };
        let (parent, child) = (place("parent")?, place("child")?);
        let within = transition.needed("evaluationWindow")?.number(limits::DETECT_SECONDS)?;
        if let Some(step) = steps.get_mut(child) {
            step.after.push((parent, within));
        }
    }
    let steps = ordered(steps).ok_or_else(|| {
        transitions
            .fail("expected an order in which each step comes after its parents: these go round in a circle")
    })?;
    if steps.iter().filter(|step| step.after.is_empty()).count() == steps.len() {
        return transitions.error("is empty; which step follows on which?");
    }
    Ok(Sequence { steps })
}

/// Steps behind those they follow on; none: they go round in a circle.
fn ordered(mut steps: Vec<Step>) -> Option<Vec<Step>> {
    let mut order: Vec<usize> = Vec::with_capacity(steps.len());
    while order.len() < steps.len() {
        let next = steps.iter().enumerate().position(|(at, step)| {
            !order.contains(&at) && step.after.iter().all(|(parent, _)| order.contains(parent))
        })?;
        order.push(next);
    }
    for step in &mut steps {
        for (parent, _) in &mut step.after {
            *parent = order.iter().position(|at| at == parent)?;
        }
    }
    let mut slots: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    order.iter().map(|&at| slots.get_mut(at)?.take()).collect()
}
