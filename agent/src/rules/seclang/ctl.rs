//! `ctl:…`: what a rule changes of how the rest of a transaction is judged.

use super::{
    ReadError,
    ast::{Ctl, Engine},
    ids,
    names::{meant, shown},
    targets,
    text::Text,
};

pub(super) const OPTIONS: [&str; 21] = [
    "auditEngine",
    "auditLogParts",
    "debugLogLevel",
    "forceRequestBodyVariable",
    "forceResponseBodyVariable",
    "hashEnforcement",
    "hashEngine",
    "parseXmlIntoArgs",
    "requestBodyAccess",
    "requestBodyLimit",
    "requestBodyProcessor",
    "responseBodyAccess",
    "responseBodyLimit",
    "responseBodyProcessor",
    "ruleEngine",
    "ruleRemoveById",
    "ruleRemoveByMsg",
    "ruleRemoveByTag",
    "ruleRemoveTargetById",
    "ruleRemoveTargetByMsg",
    "ruleRemoveTargetByTag",
];

/// `option=value`.
pub(super) fn read(text: &Text<'_>) -> Result<Ctl, ReadError> {
    let Some(equals) = text.as_str().find('=') else {
        let found = shown(text.as_str());
        return Err(text.error(
            0,
            format!("ctl is {found}: expected an option and a value, for example ruleEngine=Off"),
        ));
    };
    let name = text.trimmed(0..equals);
    let value = text.trimmed(equals + 1..text.len());
    let Some(option) = OPTIONS.into_iter().find(|known| known.eq_ignore_ascii_case(name.as_str())) else {
        let meant = meant(name.as_str(), OPTIONS);
        return Err(name.error(0, format!("there is no option {} of ctl{meant}", shown(name.as_str()))));
    };
    if value.len() == 0 {
        return Err(text.error(text.len(), format!("ctl:{option} has no value")));
    }
    let own = || value.as_str().to_owned();
    Ok(match option {
        "forceRequestBodyVariable" => Ctl::ForceRequestBodyVariable(switch(&value)?),
        "requestBodyAccess" => Ctl::RequestBodyAccess(switch(&value)?),
        "requestBodyProcessor" => Ctl::RequestBodyProcessor(own().to_ascii_uppercase()),
        "responseBodyAccess" => Ctl::ResponseBodyAccess(switch(&value)?),
        "ruleEngine" => Ctl::RuleEngine(engine(&value)?),
        "ruleRemoveById" => {
            let (low, high) = range(&value)?;
            Ctl::RemoveById(low, high)
        }
        "ruleRemoveByMsg" => Ctl::RemoveByMsg(own()),
        "ruleRemoveByTag" => Ctl::RemoveByTag(own()),
        "ruleRemoveTargetById" => {
            let (of, target) = halves(&value)?;
            let (low, high) = range(&of)?;
            Ctl::RemoveTargetById(low, high, targets::single(&target)?)
        }
        "ruleRemoveTargetByMsg" => {
            let (of, target) = halves(&value)?;
            Ctl::RemoveTargetByMsg(of.as_str().to_owned(), targets::single(&target)?)
        }
        "ruleRemoveTargetByTag" => {
            let (of, target) = halves(&value)?;
            Ctl::RemoveTargetByTag(of.as_str().to_owned(), targets::single(&target)?)
        }
        _ => Ctl::Ignored(format!("{option}={}", value.as_str())),
    })
}

/// `rules;target`.
fn halves<'s>(value: &Text<'s>) -> Result<(Text<'s>, Text<'s>), ReadError> {
    let semicolon = value.as_str().find(';').filter(|&at| at > 0);
    let Some(at) = semicolon else {
        let found = shown(value.as_str());
        let problem = format!("found {found}: expected rules, \";\" and a target, for example 942100;ARGS:x");
        return Err(value.error(0, problem));
    };
    Ok((value.trimmed(0..at), value.trimmed(at + 1..value.len())))
}

fn range(value: &Text<'_>) -> Result<(u64, u64), ReadError> {
    ids::range(value.as_str()).map_err(|problem| value.error(0, problem))
}

fn switch(value: &Text<'_>) -> Result<bool, ReadError> {
    match value.as_str() {
        on if on.eq_ignore_ascii_case("on") => Ok(true),
        off if off.eq_ignore_ascii_case("off") => Ok(false),
        other => Err(value.error(0, format!("found {}: expected On or Off", shown(other)))),
    }
}

fn engine(value: &Text<'_>) -> Result<Engine, ReadError> {
    if value.as_str().eq_ignore_ascii_case("DetectionOnly") {
        return Ok(Engine::DetectionOnly);
    }
    match switch(value) {
        Ok(true) => Ok(Engine::On),
        Ok(false) => Ok(Engine::Off),
        Err(_) => {
            let found = shown(value.as_str());
            Err(value.error(0, format!("found {found}: expected On, Off or DetectionOnly")))
        }
    }
}
