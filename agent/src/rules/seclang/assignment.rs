//! Actions that write: `setvar`, `expirevar`, `deprecatevar`, `initcol`, `setenv`.

use std::ops::Range;

use super::{
    ReadError,
    ast::{ActionKind, Change},
    names::{meant, shown},
    text::Text,
};
use crate::rules::variable::Variable;

/// Collections that rules write. `ENV` has an action of its own, `GEO` is an operator's.
const WRITTEN: [Variable; 6] =
    [Variable::Tx, Variable::Ip, Variable::Global, Variable::Session, Variable::User, Variable::Resource];

/// `tx.x=1`, `tx.x=+1`, `tx.x=-1`, `!tx.x`, `tx.x`.
pub(super) fn setvar(value: &Text<'_>) -> Result<ActionKind, ReadError> {
    let start = value.skip_space(0);
    let unset = value.byte(start) == Some(b'!');
    let from = start + usize::from(unset);
    let equals = equals(value, from);
    let (collection, name) = member(value, from..equals.unwrap_or(value.len()))?;
    let change = match (equals, unset) {
        (None, true) => Change::Unset,
        // The manual: without a value it is 1.
        (None, false) => Change::Set("1".to_owned()),
        (Some(at), true) => {
            return Err(
                value.error(at, "a value behind a variable that is taken out with \"!\": expected none")
            );
        }
        (Some(at), false) => {
            let operand = value.from(at + 1);
            match (operand.strip_prefix('+'), operand.strip_prefix('-')) {
                (Some(operand), _) => Change::Add(operand.to_owned()),
                (_, Some(operand)) => Change::Subtract(operand.to_owned()),
                _ => Change::Set(operand.to_owned()),
            }
        }
    };
    Ok(ActionKind::SetVar { collection, name, change })
}

/// `ip.x=60`.
pub(super) fn expirevar(value: &Text<'_>) -> Result<ActionKind, ReadError> {
    let Some(equals) = equals(value, 0) else {
        return Err(value.error(value.len(), "no time: expected seconds, for example ip.x=60"));
    };
    let (collection, name) = member(value, 0..equals)?;
    let seconds = value.from(equals + 1).trim().to_owned();
    let number = seconds.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.is_empty() || !(number || seconds.contains("%{")) {
        let problem = format!("{}: expected seconds or a macro, for example 60", shown(&seconds));
        return Err(value.error(equals + 1, problem));
    }
    Ok(ActionKind::ExpireVar { collection, name, seconds })
}

/// `session.score=60/300`.
pub(super) fn deprecatevar(value: &Text<'_>) -> Result<ActionKind, ReadError> {
    const EXPECTED: &str = "expected how much and in how many seconds, for example session.score=60/300";
    let Some(equals) = equals(value, 0) else {
        return Err(value.error(value.len(), format!("no amount: {EXPECTED}")));
    };
    let (collection, name) = member(value, 0..equals)?;
    let by = value.from(equals + 1).trim().to_owned();
    let number = |text: &str| text.parse::<u32>().is_ok_and(|number| number > 0);
    let numbers = by.split_once('/').is_some_and(|(amount, per)| number(amount) && number(per));
    if !(numbers || by.contains("%{")) {
        return Err(value.error(equals + 1, format!("{}: {EXPECTED}", shown(&by))));
    }
    Ok(ActionKind::DeprecateVar { collection, name, by })
}

/// `ip=%{REMOTE_ADDR}`.
pub(super) fn initcol(value: &Text<'_>) -> Result<ActionKind, ReadError> {
    let Some(equals) = equals(value, 0) else {
        return Err(value.error(value.len(), "no key: expected for example ip=%{REMOTE_ADDR}"));
    };
    let collection = collection(value, 0..equals)?;
    if collection == Variable::Tx {
        return Err(
            value.error(0, "TX is a transaction's own, there is always one: expected for example ip=…")
        );
    }
    let key = value.from(equals + 1).trim().to_owned();
    if key.is_empty() {
        return Err(value.error(equals + 1, "an empty key: expected for example %{REMOTE_ADDR}"));
    }
    Ok(ActionKind::InitCol { collection, key })
}

/// `x=1`, `x`.
pub(super) fn setenv(value: &Text<'_>) -> Result<ActionKind, ReadError> {
    let equals = equals(value, 0);
    let name = value.trimmed(0..equals.unwrap_or(value.len()));
    if name.len() == 0 || name.as_str().starts_with('!') {
        let found = shown(value.as_str());
        return Err(value.error(0, format!("{found}: expected a name and a value, for example x=1")));
    }
    let text = equals.map_or("1", |at| value.from(at + 1));
    Ok(ActionKind::SetEnv { name: name.as_str().to_owned(), value: text.to_owned() })
}

/// The first `=` that is not inside of a macro.
fn equals(value: &Text<'_>, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = value.from(at);
        let next = rest.find(['=', '%'])?;
        at += next;
        if value.byte(at) == Some(b'=') {
            return Some(at);
        }
        let rest = value.from(at);
        // A macro that is never closed is text.
        let behind = rest.starts_with("%{").then(|| rest.find('}')).flatten();
        match behind {
            Some(end) => at += end,
            None if rest.starts_with("%{") => return rest.find('=').map(|equals| at + equals),
            None => at += 1,
        }
    }
}

/// `collection.name`.
fn member(value: &Text<'_>, range: Range<usize>) -> Result<(Variable, String), ReadError> {
    let text = value.slice(range.clone());
    let Some(dot) = text.as_str().find('.') else {
        let found = shown(text.as_str());
        let problem = format!("{found}: expected a collection and a name, for example tx.x");
        return Err(value.error(range.start, problem));
    };
    let collection = collection(value, range.start..range.start + dot)?;
    let name = text.trimmed(dot + 1..text.len());
    if name.len() == 0 {
        return Err(text.error(dot + 1, "an empty name: expected for example tx.x"));
    }
    Ok((collection, name.as_str().to_owned()))
}

fn collection(value: &Text<'_>, range: Range<usize>) -> Result<Variable, ReadError> {
    let name = value.trimmed(range);
    let found = Variable::named(name.as_str()).filter(|variable| WRITTEN.contains(variable));
    found.ok_or_else(|| {
        let meant = if name.as_str().eq_ignore_ascii_case("env") {
            ": expected the action setenv".to_owned()
        } else {
            meant(name.as_str(), WRITTEN.map(Variable::name))
        };
        let known = WRITTEN.map(Variable::name).join(", ").to_ascii_lowercase();
        let found = shown(name.as_str());
        name.error(0, format!("there is no collection {found} that rules write{meant}; there are {known}"))
    })
}
