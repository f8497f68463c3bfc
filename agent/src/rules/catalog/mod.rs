//! What there is to say of the rules of a set, whatever language they are written in: for lists of them.

mod text;

use std::{collections::HashMap, fmt, path::PathBuf, sync::Arc};

pub(crate) use text::pretty;
pub use text::source;

use super::{
    RuleMeta, builtin,
    inapp::{Report, ast},
    load::Loaded,
    program::{
        self, doubts,
        model::{Link, Selector, Step, Target},
    },
    seclang::ast::Place,
};

/// Characters of what an operator compares with.
const ARGUMENT: usize = 240;

/// The language of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// JSON of the In-App WAF.
    InApp,
    /// SecLang: ModSecurity's and Coraza's.
    SecLang,
}

impl Language {
    /// The word for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
            Self::SecLang => "seclang",
        }
    }
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Id, name and tags, as events say them.
    pub meta: Arc<RuleMeta>,
    /// SecLang's tags, as they stand.
    pub labels: Vec<String>,
    /// The language.
    pub language: Language,
    /// Where it stands.
    pub place: Place,
    /// It is compiled into Picket.
    pub builtin: bool,
    /// Somebody wrote it with the agent: its text.
    pub own: Option<Arc<str>>,
    /// When it is asked: `request`, `response`; of SecLang the five phases.
    pub phase: &'static str,
    /// Its file does not switch it off.
    pub enabled: bool,
    /// When it holds, events tell it.
    pub tells: bool,
    /// It wants the request kept from the service.
    pub blocks: bool,
    /// Why it can never hold here: what it looks at is known only inside the service.
    pub never: Option<String>,
    /// All of them have to hold.
    pub conditions: Vec<Condition>,
}

/// One condition of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it looks for: `match_regex`, `@rx`; with `!` where it must not be there.
    pub operator: String,
    /// What the operator compares with, cut; empty: nothing.
    pub argument: String,
    /// Where it looks.
    pub inputs: Vec<String>,
    /// What is done to values before.
    pub transforms: Vec<&'static str>,
}

/// The rules of what was loaded, in their order.
#[must_use]
pub fn entries(loaded: &Loaded) -> Vec<Entry> {
    let report = Report::of(&loaded.set);
    let own = |place: &Place| builtin::text(&place.file).is_some() && !is_read(loaded, &place.file);
    let written: HashMap<String, Arc<str>> =
        loaded.own.iter().map(|own| (own.name(), Arc::from(own.text.as_str()))).collect();
    let in_app = loaded.set.rules.iter().map(|rule| Entry {
        builtin: own(&rule.place),
        blocks: loaded.set.blocks(rule),
        never: report.never.iter().find(|unseen| unseen.rule == rule.id).map(|unseen| {
            let missing = unseen.addresses.iter().map(|(address, why)| format!("{address}: {why}"));
            missing.collect::<Vec<_>>().join("; ")
        }),
        ..of_in_app(rule)
    });
    let seclang = loaded.script.steps.iter().filter_map(|step| match step {
        // What Picket puts before CRS is no rule of anybody's.
        Step::Rule(rule) if *rule.meta.place.file != *doubts::OWN => Some(of_seclang(rule)),
        _ => None,
    });
    let all = in_app.chain(seclang);
    all.map(|entry| Entry { own: written.get(&*entry.place.file).cloned(), ..entry }).collect()
}

fn is_read(loaded: &Loaded, file: &str) -> bool {
    loaded.files.contains(&PathBuf::from(file))
}

fn of_in_app(rule: &ast::Rule) -> Entry {
    let inputs = rule.conditions.iter().flat_map(ast::Condition::every_input);
    let response = inputs
        .into_iter()
        .any(|input| matches!(&input.address, ast::Address::Known(known) if known.is_response()));
    Entry {
        meta: super::coverage::meta(rule),
        labels: Vec::new(),
        language: Language::InApp,
        place: rule.place.clone(),
        builtin: false,
        own: None,
        phase: if response { "response" } else { "request" },
        enabled: rule.enabled,
        tells: rule.output.event,
        blocks: false,
        never: None,
        conditions: rule.conditions.iter().map(Condition::of_in_app).collect(),
    }
}

fn of_seclang(rule: &program::model::Rule) -> Entry {
    const PHASES: [&str; 5] =
        ["request_headers", "request_body", "response_headers", "response_body", "logging"];
    Entry {
        meta: Arc::new(program::told::meta(&rule.meta)),
        labels: rule.meta.tags.clone(),
        language: Language::SecLang,
        place: rule.meta.place.clone(),
        builtin: false,
        own: None,
        phase: PHASES.get(usize::from(rule.phase).saturating_sub(1)).copied().unwrap_or_default(),
        enabled: true,
        tells: rule.then.log,
        blocks: rule.then.verdict == program::model::Disruption::Deny,
        never: None,
        conditions: rule.links.iter().map(Condition::of_link).collect(),
    }
}

impl Condition {
    fn of_in_app(condition: &ast::Condition) -> Self {
        let not = if condition.negated { "!" } else { "" };
        let mut transforms: Vec<&'static str> = Vec::new();
        for input in condition.every_input() {
            for transform in &input.transforms {
                if !transforms.contains(&transform.name()) {
                    transforms.push(transform.name());
                }
            }
        }
        let inputs = condition.every_input().map(|input| {
            let path = input.key_path.iter().map(|key| match key {
                ast::Key::Name(name) => format!(".{name}"),
                ast::Key::Index(index) => format!("[{index}]"),
                ast::Key::Any => ".*".to_owned(),
            });
            let keys = if input.source == ast::Source::Keys { " (names)" } else { "" };
            format!("{}{}{keys}", input.address.name(), path.collect::<String>())
        });
        Self {
            operator: format!("{not}{}", condition.operator.name()),
            argument: cut(&argument(&condition.operator)),
            inputs: inputs.collect(),
            transforms,
        }
    }

    fn of_link(link: &Link) -> Self {
        let not = if link.negated { "!" } else { "" };
        Self {
            operator: format!("{not}@{}", link.operator),
            argument: cut(&link.argument.to_string()),
            inputs: link.targets.iter().map(ToString::to_string).collect(),
            transforms: link.transforms.iter().map(|transform| transform.name()).collect(),
        }
    }
}

/// What an operator compares with.
fn argument(operator: &ast::Operator) -> String {
    use ast::{Expected, List, Number, Operator as O};
    let number = |number: &Number| match number {
        Number::Unsigned(number) => number.to_string(),
        Number::Signed(number) => number.to_string(),
        Number::Float(number) => number.to_string(),
    };
    match operator {
        O::MatchRegex(pattern) | O::MatchRegexWithChecksum { pattern, .. } => pattern.regex.clone(),
        O::PhraseMatch { phrases, .. } => some(phrases),
        O::ExactMatch(List::Here(texts)) => some(texts),
        O::IpMatch(List::Here(nets)) => some(nets),
        O::ExactMatch(List::Data(id)) | O::IpMatch(List::Data(id)) => format!("data {id}"),
        O::Equals(expected) => match expected {
            Expected::String(text) => text.clone(),
            Expected::Boolean(flag) => flag.to_string(),
            Expected::Unsigned(number) => number.to_string(),
            Expected::Signed(number) => number.to_string(),
            Expected::Float { value, .. } => value.to_string(),
        },
        O::GreaterThan(than) | O::LowerThan(than) => number(than),
        O::IsSqli | O::IsXss | O::HiddenAscii | O::Exists | O::InProcess(_) => String::new(),
    }
}

/// As many of a list as are read.
fn some(items: &[impl fmt::Display]) -> String {
    const NAMED: usize = 12;
    let mut text = items.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if items.len() > NAMED {
        text.push_str(&format!(" and {} more", items.len() - NAMED));
    }
    text
}

fn cut(text: &str) -> String {
    if text.chars().count() <= ARGUMENT {
        return text.to_owned();
    }
    text.chars().take(ARGUMENT).chain(['…']).collect()
}

impl fmt::Display for Target {
    /// As SecLang writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = if self.count { "&" } else { "" };
        write!(f, "{count}{}", self.variable.name())?;
        match &self.selector {
            Selector::All => Ok(()),
            Selector::Name(name) => write!(f, ":{name}"),
            Selector::Regex(expression) => write!(f, ":/{expression}/"),
        }
    }
}

#[cfg(test)]
mod tests;
