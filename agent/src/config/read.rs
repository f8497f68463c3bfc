//! TOML text to [`Config`], all problems at once.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::{
    Config, ConfigError, Problem,
    keys::{KEYS, SECTIONS},
};

pub(super) fn read(text: &str, source: &str) -> Result<Config, ConfigError> {
    let mut reader = Reader { text, source, problems: Vec::new() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        reader.problem(span, String::new(), format!("not TOML: {}", error.message()), None);
    }
    let mut config = Config::default();
    // What the parser recovered may be wrong in itself: no second problems on top of the first.
    if errors.is_empty() {
        reader.sections(root.get_ref(), &mut config);
    }
    if reader.problems.is_empty() {
        return Ok(config);
    }
    reader.problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(ConfigError::Wrong(reader.problems))
}

struct Reader<'t> {
    text: &'t str,
    source: &'t str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn sections(&mut self, root: &DeTable<'_>, config: &mut Config) {
        for (name, value) in root {
            let section: &str = name.get_ref();
            if !SECTIONS.contains(&section) {
                self.unknown_section(section, name.span());
            } else if let DeValue::Table(table) = value.get_ref() {
                self.section(section, table, config);
            } else {
                let found = describe(value.get_ref());
                let message =
                    format!("expected a section, `[{section}]` on a line of its own, found {found}");
                self.problem(value.span(), section.to_owned(), message, None);
            }
        }
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>, config: &mut Config) {
        for (name, value) in table {
            let full = format!("{section}.{}", name.get_ref());
            let Some(key) = KEYS.iter().find(|key| key.name == full) else {
                self.unknown_key(section, name.get_ref(), name.span());
                continue;
            };
            if let Err(wrong) = (key.set)(config, value) {
                let message = format!("expected {}, found {}", key.expected, wrong.found);
                self.problem(wrong.span, full, message, wrong.help);
            }
        }
    }

    fn unknown_section(&mut self, name: &str, span: Range<usize>) {
        let help = match KEYS.iter().find(|key| key.short() == name) {
            Some(key) => format!("`{name}` belongs into the section `[{}]`", key.section()),
            None => suggest(name, SECTIONS.iter().copied()).map_or_else(
                || format!("sections are {}", list(SECTIONS)),
                |near| format!("did you mean `[{near}]`?"),
            ),
        };
        self.problem(span, name.to_owned(), "no such section".to_owned(), Some(help));
    }

    fn unknown_key(&mut self, section: &str, name: &str, span: Range<usize>) {
        let here: Vec<&str> =
            KEYS.iter().filter(|key| key.section() == section).map(|key| key.short()).collect();
        let help = match (suggest(name, here.iter().copied()), KEYS.iter().find(|key| key.short() == name)) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(key)) => format!("`{name}` belongs into the section `[{}]`", key.section()),
            (None, None) => format!("keys of `[{section}]` are {}", list(&here)),
        };
        self.problem(span, format!("{section}.{name}"), "no such key".to_owned(), Some(help));
    }

    fn problem(&mut self, span: Range<usize>, key: String, message: String, help: Option<String>) {
        self.problems.push(Problem::at(self.text, self.source, span, key, message, help));
    }
}

/// The known name nearest to a mistyped one, if it is near.
pub(super) fn suggest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = name.to_ascii_lowercase().replace('-', "_");
    known
        .map(|candidate| (strsim::damerau_levenshtein(&lower, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What stands in the file, for a person.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{:?}", shorten(text)),
        DeValue::Integer(integer) => format!("the integer {}", shorten(integer.as_str())),
        DeValue::Float(float) => format!("the number {}", shorten(float.as_str())),
        DeValue::Boolean(value) => format!("{value}"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}
