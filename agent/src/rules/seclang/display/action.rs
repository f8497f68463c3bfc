//! Actions as text.

use std::fmt::{self, Display, Formatter};

use super::Ids;
use crate::rules::{
    seclang::{
        action::SEVERITIES,
        ast::{ActionKind, Change, Ctl, Disruptive, Engine},
        text::quoted,
        transformation::spelled,
    },
    variable::Variable,
};

impl Display for ActionKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id:{id}"),
            Self::Phase(phase) => write!(f, "phase:{phase}"),
            Self::Msg(text) => named("msg", text, f),
            Self::LogData(text) => named("logdata", text, f),
            Self::Tag(text) => named("tag", text, f),
            Self::Severity(severity) => match SEVERITIES.get(usize::from(*severity)) {
                Some(name) => write!(f, "severity:{name}"),
                None => write!(f, "severity:{severity}"),
            },
            Self::Rev(text) => named("rev", text, f),
            Self::Ver(text) => named("ver", text, f),
            Self::Maturity(level) => write!(f, "maturity:{level}"),
            Self::Accuracy(level) => write!(f, "accuracy:{level}"),
            Self::TransformNone => f.write_str("t:none"),
            Self::Transform(transform) => write!(f, "t:{}", spelled(*transform)),
            Self::Chain => f.write_str("chain"),
            Self::Capture => f.write_str("capture"),
            Self::MultiMatch => f.write_str("multiMatch"),
            Self::Skip(count) => write!(f, "skip:{count}"),
            Self::SkipAfter(marker) => named("skipAfter", marker, f),
            Self::Log(on) => f.write_str(if *on { "log" } else { "nolog" }),
            Self::AuditLog(on) => f.write_str(if *on { "auditlog" } else { "noauditlog" }),
            Self::Disruptive(what) => what.fmt(f),
            Self::Status(status) => write!(f, "status:{status}"),
            Self::SetVar { collection, name, change } => {
                let member = member(*collection, name);
                let value = match change {
                    Change::Set(value) => format!("{member}={value}"),
                    Change::Add(value) => format!("{member}=+{value}"),
                    Change::Subtract(value) => format!("{member}=-{value}"),
                    Change::Unset => format!("!{member}"),
                };
                named("setvar", &value, f)
            }
            Self::ExpireVar { collection, name, seconds } => {
                named("expirevar", &format!("{}={seconds}", member(*collection, name)), f)
            }
            Self::DeprecateVar { collection, name, by } => {
                named("deprecatevar", &format!("{}={by}", member(*collection, name)), f)
            }
            Self::InitCol { collection, key } => {
                named("initcol", &format!("{}={key}", collection.name().to_ascii_lowercase()), f)
            }
            Self::SetEnv { name, value } => named("setenv", &format!("{name}={value}"), f),
            Self::SetId { collection, key } => {
                let name = match collection {
                    Variable::Session => "setsid",
                    Variable::User => "setuid",
                    _ => "setrsc",
                };
                named(name, key, f)
            }
            Self::Ctl(ctl) => named("ctl", &ctl.to_string(), f),
            Self::Ignored(text) => match text.split_once(':') {
                Some((name, value)) => named(name, value, f),
                None => f.write_str(text),
            },
        }
    }
}

/// `tx.x`.
fn member(collection: Variable, name: &str) -> String {
    format!("{}.{name}", collection.name().to_ascii_lowercase())
}

/// `name:value`, quoted unless the value is plain.
fn named(name: &str, value: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:;=+%{}!*[]".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        write!(f, "{name}:{value}")
    } else {
        write!(f, "{name}:{}", quoted(value, '\''))
    }
}

impl Display for Disruptive {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::Block => f.write_str("block"),
            Self::Deny => f.write_str("deny"),
            Self::Drop => f.write_str("drop"),
            Self::Allow => f.write_str("allow"),
            Self::AllowPhase => f.write_str("allow:phase"),
            Self::AllowRequest => f.write_str("allow:request"),
            Self::Redirect(url) => named("redirect", url, f),
            Self::Proxy(url) => named("proxy", url, f),
        }
    }
}

impl Display for Ctl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let switch = |on: &bool| if *on { "On" } else { "Off" };
        match self {
            Self::RuleEngine(Engine::On) => f.write_str("ruleEngine=On"),
            Self::RuleEngine(Engine::Off) => f.write_str("ruleEngine=Off"),
            Self::RuleEngine(Engine::DetectionOnly) => f.write_str("ruleEngine=DetectionOnly"),
            Self::RemoveById(low, high) => write!(f, "ruleRemoveById={}", Ids(*low, *high)),
            Self::RemoveByTag(pattern) => write!(f, "ruleRemoveByTag={pattern}"),
            Self::RemoveByMsg(pattern) => write!(f, "ruleRemoveByMsg={pattern}"),
            Self::RemoveTargetById(low, high, target) => {
                write!(f, "ruleRemoveTargetById={};{target}", Ids(*low, *high))
            }
            Self::RemoveTargetByTag(pattern, target) => {
                write!(f, "ruleRemoveTargetByTag={pattern};{target}")
            }
            Self::RemoveTargetByMsg(pattern, target) => {
                write!(f, "ruleRemoveTargetByMsg={pattern};{target}")
            }
            Self::RequestBodyProcessor(name) => write!(f, "requestBodyProcessor={name}"),
            Self::RequestBodyAccess(on) => write!(f, "requestBodyAccess={}", switch(on)),
            Self::ResponseBodyAccess(on) => write!(f, "responseBodyAccess={}", switch(on)),
            Self::ForceRequestBodyVariable(on) => write!(f, "forceRequestBodyVariable={}", switch(on)),
            Self::Ignored(text) => f.write_str(text),
        }
    }
}
