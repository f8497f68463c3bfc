//! One action, by its name.
//!
//! Source: ModSecurity's reference manual, section Actions. Case of names is ignored, as it does.

use super::{
    ReadError,
    actions::Pair,
    assignment,
    ast::{Action, ActionKind, Disruptive},
    ctl,
    names::{meant, shown},
    text::Text,
    transformation,
};
use crate::rules::variable::Variable;

/// Whether an action has a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    None,
    Some,
    Any,
}

pub(super) const ACTIONS: [(&str, Value); 52] = [
    ("accuracy", Value::Some),
    ("allow", Value::Any),
    ("append", Value::Some),
    ("auditlog", Value::None),
    ("block", Value::None),
    ("capture", Value::None),
    ("chain", Value::None),
    ("ctl", Value::Some),
    ("deny", Value::None),
    ("deprecatevar", Value::Some),
    ("drop", Value::None),
    ("exec", Value::Some),
    ("expirevar", Value::Some),
    ("id", Value::Some),
    ("initcol", Value::Some),
    ("log", Value::None),
    ("logdata", Value::Some),
    ("maturity", Value::Some),
    ("msg", Value::Some),
    ("multiMatch", Value::None),
    ("noauditlog", Value::None),
    ("nolog", Value::None),
    ("pass", Value::None),
    ("pause", Value::Some),
    ("phase", Value::Some),
    ("prepend", Value::Some),
    ("proxy", Value::Some),
    ("redirect", Value::Some),
    ("rev", Value::Some),
    ("sanitiseArg", Value::Some),
    ("sanitiseMatched", Value::None),
    ("sanitiseMatchedBytes", Value::Any),
    ("sanitiseRequestHeader", Value::Some),
    ("sanitiseResponseHeader", Value::Some),
    ("sanitizeArg", Value::Some),
    ("sanitizeMatched", Value::None),
    ("sanitizeMatchedBytes", Value::Any),
    ("sanitizeRequestHeader", Value::Some),
    ("sanitizeResponseHeader", Value::Some),
    ("setenv", Value::Some),
    ("setrsc", Value::Some),
    ("setsid", Value::Some),
    ("setuid", Value::Some),
    ("setvar", Value::Some),
    ("severity", Value::Some),
    ("skip", Value::Some),
    ("skipAfter", Value::Some),
    ("status", Value::Some),
    ("t", Value::Some),
    ("tag", Value::Some),
    ("ver", Value::Some),
    ("xmlns", Value::Some),
];

/// The severities, by number: those of syslog (RFC 5424 section 6.2.1).
pub(super) const SEVERITIES: [&str; 8] =
    ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

/// The phases that have a name.
const PHASES: [(&str, u8); 3] = [("request", 2), ("response", 4), ("logging", 5)];

/// Reads an action.
pub(super) fn read(pair: &Pair<'_>) -> Result<Action, ReadError> {
    let Some(&(name, takes)) =
        ACTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(pair.name.as_str()))
    else {
        return Err(pair.name.error(0, unknown(pair.name.as_str())));
    };
    let kind = match (&pair.value, takes) {
        (None, Value::None | Value::Any) => plain(name),
        (Some(value), Value::Some | Value::Any) => with_value(name, value)?,
        (Some(value), Value::None) => {
            let found = shown(value.as_str());
            return Err(value.error(0, format!("the action {name} has the value {found}: expected none")));
        }
        (None, Value::Some) => {
            return Err(pair.name.error(0, format!("the action {name} has no value: expected {name}:…")));
        }
    };
    Ok(Action { place: pair.name.start(), kind })
}

fn unknown(name: &str) -> String {
    if name.starts_with('#') {
        return "found a comment: expected an action; a comment can't stand inside of a directive".to_owned();
    }
    format!("there is no action {}{}", shown(name), meant(name, ACTIONS.iter().map(|(known, _)| *known)))
}

fn plain(name: &str) -> ActionKind {
    use ActionKind::{AuditLog, Capture, Chain, Disruptive as Does, Ignored, Log, MultiMatch};
    match name {
        "allow" => Does(Disruptive::Allow),
        "auditlog" => AuditLog(true),
        "block" => Does(Disruptive::Block),
        "capture" => Capture,
        "chain" => Chain,
        "deny" => Does(Disruptive::Deny),
        "drop" => Does(Disruptive::Drop),
        "log" => Log(true),
        "multiMatch" => MultiMatch,
        "noauditlog" => AuditLog(false),
        "nolog" => Log(false),
        "pass" => Does(Disruptive::Pass),
        _ => Ignored(name.to_owned()),
    }
}

fn with_value(name: &str, value: &Text<'_>) -> Result<ActionKind, ReadError> {
    let text = || value.as_str().to_owned();
    let opened = |collection| ActionKind::SetId { collection, key: text() };
    Ok(match name {
        "accuracy" => ActionKind::Accuracy(number(value, name, 0..=9)?),
        "allow" => ActionKind::Disruptive(allowed(value)?),
        "ctl" => ActionKind::Ctl(ctl::read(value)?),
        "deprecatevar" => assignment::deprecatevar(value)?,
        "expirevar" => assignment::expirevar(value)?,
        "id" => ActionKind::Id(number(value, name, 1..=u64::MAX)?),
        "initcol" => assignment::initcol(value)?,
        "logdata" => ActionKind::LogData(text()),
        "maturity" => ActionKind::Maturity(number(value, name, 0..=9)?),
        "msg" => ActionKind::Msg(text()),
        "phase" => ActionKind::Phase(phase(value)?),
        "proxy" => ActionKind::Disruptive(Disruptive::Proxy(text())),
        "redirect" => ActionKind::Disruptive(Disruptive::Redirect(text())),
        "rev" => ActionKind::Rev(text()),
        "setenv" => assignment::setenv(value)?,
        "setrsc" => opened(Variable::Resource),
        "setsid" => opened(Variable::Session),
        "setuid" => opened(Variable::User),
        "setvar" => assignment::setvar(value)?,
        "severity" => ActionKind::Severity(severity(value)?),
        "skip" => ActionKind::Skip(number(value, name, 1..=u32::MAX)?),
        "skipAfter" => ActionKind::SkipAfter(text()),
        "status" => ActionKind::Status(number(value, name, 100..=599)?),
        "t" => transformation::read(value)?,
        "tag" => ActionKind::Tag(text()),
        "ver" => ActionKind::Ver(text()),
        _ => ActionKind::Ignored(format!("{name}:{}", value.as_str())),
    })
}

fn number<N>(value: &Text<'_>, name: &str, range: std::ops::RangeInclusive<N>) -> Result<N, ReadError>
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let digits = value.as_str().trim();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| digits.parse::<N>().ok()).flatten();
    number.filter(|number| range.contains(number)).ok_or_else(|| {
        let (found, low, high) = (shown(value.as_str()), range.start(), range.end());
        value.error(0, format!("{name} is {found}: expected a number from {low} to {high}"))
    })
}

fn phase(value: &Text<'_>) -> Result<u8, ReadError> {
    let name = value.as_str().trim();
    let named = PHASES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, phase)| phase);
    let numbered = || number(value, "phase", 1..=5).ok();
    named.or_else(numbered).ok_or_else(|| {
        let found = shown(value.as_str());
        value.error(0, format!("phase is {found}: expected 1 to 5, request (2), response (4) or logging (5)"))
    })
}

fn severity(value: &Text<'_>) -> Result<u8, ReadError> {
    let name = value.as_str().trim();
    let named = (0..).zip(SEVERITIES).find(|(_, known)| known.eq_ignore_ascii_case(name));
    let numbered = || number(value, "severity", 0..=7).ok();
    named.map(|(severity, _)| severity).or_else(numbered).ok_or_else(|| {
        let (found, names) = (shown(value.as_str()), SEVERITIES.join(", "));
        value.error(0, format!("severity is {found}: expected 0 to 7 or one of {names}"))
    })
}

fn allowed(value: &Text<'_>) -> Result<Disruptive, ReadError> {
    match value.as_str().trim() {
        what if what.eq_ignore_ascii_case("phase") => Ok(Disruptive::AllowPhase),
        what if what.eq_ignore_ascii_case("request") => Ok(Disruptive::AllowRequest),
        what => Err(value.error(0, format!("allow is {}: expected phase or request", shown(what)))),
    }
}
