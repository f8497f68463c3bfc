//! The tree as text. Read again it is the same tree.

mod action;

use std::fmt::{self, Display, Formatter};

use super::{
    ast::{Action, By, Directive, OperatorText, SecRule, Selector, Target},
    targets::stands_alone,
    text::quoted,
};
use crate::rules::variable::Variable;

impl Display for Directive {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => rule.fmt(f),
            Self::Action { actions, .. } => write!(f, "SecAction {}", Argument(&list(actions, ","))),
            Self::Marker { name, .. } => write!(f, "SecMarker {}", Argument(name)),
            Self::DefaultAction { actions, .. } => {
                write!(f, "SecDefaultAction {}", Argument(&list(actions, ",")))
            }
            Self::RemoveById { ids, .. } => {
                f.write_str("SecRuleRemoveById")?;
                ids.iter().try_for_each(|&(low, high)| write!(f, " {}", Ids(low, high)))
            }
            Self::RemoveBy { by, patterns, .. } => {
                write!(f, "SecRuleRemoveBy{}", of(*by))?;
                patterns.iter().try_for_each(|pattern| write!(f, " {}", Argument(pattern)))
            }
            Self::UpdateTargetById { ids, targets, replaced, .. } => {
                let ids: Vec<Ids> = ids.iter().map(|&(low, high)| Ids(low, high)).collect();
                write!(f, "SecRuleUpdateTargetById {}", Argument(&list(&ids, ",")))?;
                updated(targets, replaced, f)
            }
            Self::UpdateTargetBy { by, pattern, targets, replaced, .. } => {
                write!(f, "SecRuleUpdateTargetBy{} {}", of(*by), Argument(pattern))?;
                updated(targets, replaced, f)
            }
            Self::UpdateActionById { id, link, actions, .. } => {
                write!(f, "SecRuleUpdateActionById {id}:{link} {}", Argument(&list(actions, ",")))
            }
            Self::Setting { name, values, .. } => {
                f.write_str(name)?;
                values.iter().try_for_each(|value| write!(f, " {}", Argument(value)))
            }
        }
    }
}

fn of(by: By) -> &'static str {
    match by {
        By::Tag => "Tag",
        By::Message => "Msg",
    }
}

fn updated(targets: &[Target], replaced: &[Target], f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " {}", Argument(&list(targets, "|")))?;
    if replaced.is_empty() { Ok(()) } else { write!(f, " {}", Argument(&list(replaced, "|"))) }
}

impl Display for SecRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let targets = list(&self.targets, "|");
        write!(f, "SecRule {} {}", Argument(&targets), Argument(&self.operator.to_string()))?;
        if self.actions.is_empty() {
            return Ok(());
        }
        write!(f, " {}", Argument(&list(&self.actions, ",")))
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let prefix = match (self.excluded, self.count) {
            (true, _) => "!",
            (false, true) => "&",
            (false, false) => "",
        };
        write!(f, "{prefix}{}", self.variable.name())?;
        match &self.selector {
            Selector::All => Ok(()),
            Selector::Name(name) => selector(name, self.variable, f),
            Selector::Regex(expression) => selector(&format!("/{expression}/"), self.variable, f),
        }
    }
}

fn selector(text: &str, variable: Variable, f: &mut Formatter<'_>) -> fmt::Result {
    if stands_alone(text, variable) { write!(f, ":{text}") } else { write!(f, ":{}", quoted(text, '\'')) }
}

impl Display for OperatorText {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let not = if self.negated { "!" } else { "" };
        write!(f, "{not}@{}", self.name)?;
        if self.argument.is_empty() { Ok(()) } else { write!(f, " {}", self.argument) }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

/// An argument of a directive, quoted unless it is plain.
struct Argument<'a>(&'a str);

impl Display for Argument<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:|!&*@+".contains(&byte);
        if !self.0.is_empty() && self.0.bytes().all(plain) {
            f.write_str(self.0)
        } else {
            f.write_str(&quoted(self.0, '"'))
        }
    }
}

/// Ids from one to another, both included.
pub(super) struct Ids(pub u64, pub u64);

impl Display for Ids {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 { write!(f, "{}", self.0) } else { write!(f, "{}-{}", self.0, self.1) }
    }
}

fn list<T: Display>(items: &[T], separator: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}
