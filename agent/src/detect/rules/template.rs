//! Messages with variables: `{{@usr.id}} failed {{events_matched}} times{{#if @user_agent}}, with {{@user_agent}}{{/if}}`.
//!
//! What is taken is what the format's notifications know: `{{name}}`, `{{@facet}}`, `{{#if x}}`, `{{^if x}}`,
//! `{{#is_match x "text"}}`, `{{#is_exact_match x "text"}}`, their `^` forms and their ends. Anything else is refused.

use std::fmt;

use crate::limits;

/// The variables of rules, for a person.
const VARIABLES: &str = "{{@facet}}, {{rule_name}}, {{case_name}}, {{severity}}, {{first_seen}}, {{last_seen}}, {{events_matched}}, {{events_matched_per_query.NAME}}";

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
    Section { test: Test, negated: bool, variable: String, parts: Vec<Part> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Contains(String),
    Equals(String),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {problem}")]
pub struct TemplateError {
    /// From 1, in characters.
    pub column: usize,
    /// What was expected.
    pub problem: String,
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// Where it stops being a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::parse_with(text, &is_variable, VARIABLES)
    }

    /// Reads a text that has other variables; `variables` names them for a person.
    ///
    /// # Errors
    /// Where it stops being a template.
    pub fn parse_with(
        text: &str,
        is_variable: &dyn Fn(&str) -> bool,
        variables: &str,
    ) -> Result<Self, TemplateError> {
        if text.len() > limits::DETECT_MESSAGE {
            let problem = format!("a text has at most {} bytes", limits::DETECT_MESSAGE);
            return Err(TemplateError { column: 1, problem });
        }
        let mut open: Vec<(String, Part, usize)> = Vec::new();
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find("{{")) {
            let start = at + found;
            push_text(&mut parts, text.get(at..start).unwrap_or_default());
            let column = || text.get(..start).unwrap_or_default().chars().count() + 1;
            let error = |problem: String| Err(TemplateError { column: column(), problem });
            let Some(length) = text.get(start..).and_then(|rest| rest.find("}}")) else {
                return error("`}}` is missing".to_owned());
            };
            let inner = text.get(start + 2..start + length).unwrap_or_default().trim();
            at = start + length + 2;
            if let Some(name) = inner.strip_prefix('/') {
                match open.pop() {
                    Some((opened, section, _)) if opened == name.trim() => {
                        let inside = std::mem::take(&mut parts);
                        let Part::Section { test, negated, variable, parts: outside } = section else {
                            continue;
                        };
                        parts = outside;
                        parts.push(Part::Section { test, negated, variable, parts: inside });
                    }
                    _ => return error(format!("`{{{{/{name}}}}}` ends nothing that is open here")),
                }
            } else if inner.starts_with('#') || inner.starts_with('^') {
                if open.len() >= limits::DETECT_TEMPLATE_DEPTH {
                    return error(format!(
                        "sections are nested at most {} deep",
                        limits::DETECT_TEMPLATE_DEPTH
                    ));
                }
                let (name, test, variable) = match section(inner.get(1..).unwrap_or_default(), is_variable) {
                    Ok(section) => section,
                    Err(problem) => return error(problem),
                };
                // The parts outside wait in the section until it ends.
                let outside = std::mem::take(&mut parts);
                let negated = inner.starts_with('^');
                open.push((name, Part::Section { test, negated, variable, parts: outside }, column()));
            } else if is_variable(inner) {
                parts.push(Part::Variable(inner.to_owned()));
            } else {
                return error(format!(
                    "`{{{{{inner}}}}}` is not supported; there are {variables}, {{{{#if x}}}}, {{{{#is_match x \"text\"}}}}, {{{{#is_exact_match x \"text\"}}}}"
                ));
            }
        }
        if let Some((name, _, column)) = open.pop() {
            return Err(TemplateError { column, problem: format!("`{{{{/{name}}}}}` is missing") });
        }
        push_text(&mut parts, text.get(at..).unwrap_or_default());
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.text
    }

    /// The variables in it, with the `@` of facets.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        fn collect<'a>(parts: &'a [Part], names: &mut Vec<&'a str>) {
            for part in parts {
                match part {
                    Part::Text(_) => {}
                    Part::Variable(name) => names.push(name),
                    Part::Section { variable, parts, .. } => {
                        names.push(variable);
                        collect(parts, names);
                    }
                }
            }
        }
        let mut names = Vec::new();
        collect(&self.parts, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The text with its variables filled in; what is not known is left empty. Cut at a length, with `…`.
    pub fn render(&self, value: &dyn Fn(&str) -> Option<String>) -> String {
        fn write(parts: &[Part], value: &dyn Fn(&str) -> Option<String>, out: &mut String) {
            for part in parts {
                if out.len() > limits::DETECT_MESSAGE {
                    return;
                }
                match part {
                    Part::Text(text) => out.push_str(text),
                    Part::Variable(name) => out.push_str(&value(name).unwrap_or_default()),
                    Part::Section { test, negated, variable, parts } => {
                        let found = value(variable);
                        let holds = match (test, &found) {
                            (Test::Exists, found) => found.as_ref().is_some_and(|found| !found.is_empty()),
                            (Test::Contains(text), Some(found)) => found.contains(text.as_str()),
                            (Test::Equals(text), Some(found)) => found == text,
                            (_, None) => false,
                        };
                        if holds != *negated {
                            write(parts, value, out);
                        }
                    }
                }
            }
        }
        let mut out = String::with_capacity(self.text.len());
        write(&self.parts, value, &mut out);
        if out.len() > limits::DETECT_MESSAGE {
            let end = (0..=limits::DETECT_MESSAGE).rev().find(|&at| out.is_char_boundary(at)).unwrap_or(0);
            out.truncate(end);
            out.push('…');
        }
        out
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

/// A facet, one of the signal's own names, or a tag's value.
fn is_variable(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "severity",
        "timestamp",
        "timestamp_epoch",
        "first_seen",
        "first_seen_epoch",
        "last_seen",
        "last_seen_epoch",
        "rule_name",
        "case_name",
        "events_matched",
    ];
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
    };
    match text.strip_prefix('@') {
        Some(facet) => plain(facet),
        None => {
            NAMES.contains(&text)
                || text.strip_prefix("events_matched_per_query.").is_some_and(plain)
                || text.strip_suffix(".name").is_some_and(plain)
        }
    }
}

/// What stands behind `#`: the word that ends it too, its test, its variable.
fn section(text: &str, is_variable: &dyn Fn(&str) -> bool) -> Result<(String, Test, String), String> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let unquoted = |text: &str| text.trim().trim_matches('"').to_owned();
    let rest = rest.trim();
    let (test, variable) = match word {
        "if" => (Test::Exists, unquoted(rest)),
        "is_match" | "is_exact_match" => {
            let (variable, wanted) = rest.split_once(char::is_whitespace).ok_or_else(|| {
                format!("`{word}` wants a variable and a text: {{{{#{word} \"@usr.id\" \"admin\"}}}}")
            })?;
            let wanted = unquoted(wanted);
            let test = if word == "is_match" { Test::Contains(wanted) } else { Test::Equals(wanted) };
            (test, unquoted(variable))
        }
        other => {
            return Err(format!(
                "`{other}` is not supported; there are `if`, `is_match` and `is_exact_match`"
            ));
        }
    };
    if is_variable(&variable) {
        Ok((word.to_owned(), test, variable))
    } else {
        Err(format!(
            "`{variable}` is not a variable; those of an event are written with an `@`, for example `@usr.id`"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<String> {
        match name {
            "@usr.id" => Some("ada".to_owned()),
            "events_matched" => Some("12".to_owned()),
            "@empty" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn filled_in() {
        let vectors = [
            ("plain", "plain"),
            ("{{@usr.id}} failed {{ events_matched }} times", "ada failed 12 times"),
            ("{{@nobody}}.", "."),
            ("{{#if @usr.id}}who: {{@usr.id}}{{/if}}{{#if @nobody}}no{{/if}}", "who: ada"),
            ("{{^if @nobody}}nobody{{/if}}{{#if @empty}}no{{/if}}", "nobody"),
            ("{{#is_match \"@usr.id\" \"da\"}}yes{{/is_match}}", "yes"),
            ("{{#is_exact_match \"@usr.id\" \"da\"}}no{{/is_exact_match}}", ""),
            ("{{^is_exact_match \"@usr.id\" \"da\"}}yes{{/is_exact_match}}", "yes"),
            ("{{#if @usr.id}}a{{#if @nobody}}b{{/if}}c{{/if}}d", "acd"),
        ];
        for (text, expected) in vectors {
            assert_eq!(Template::parse(text).unwrap().render(&value), expected, "{text}");
        }
        assert_eq!(vectors.len(), 9);
        let long = Template::parse("{{@usr.id}}{{@usr.id}}")
            .unwrap()
            .render(&|_| Some("x".repeat(limits::DETECT_MESSAGE)));
        assert!(long.ends_with('…') && long.len() <= limits::DETECT_MESSAGE + 3);
    }

    #[test]
    fn refused() {
        let vectors = [
            ("a {{@usr.id", 3, "missing"),
            ("{{#if @usr.id}}a", 1, "{{/if}}"),
            ("a{{/if}}", 2, "ends nothing"),
            ("{{#if @a}}{{/is_match}}", 11, "ends nothing"),
            ("{{eval \"x\"}}", 1, "not supported"),
            ("{{#each @a}}{{/each}}", 1, "not supported"),
            ("{{#is_match @a}}{{/is_match}}", 1, "wants a variable"),
            ("{{#if }}{{/if}}", 1, "not a variable"),
            ("{{}}", 1, "not supported"),
        ];
        for (text, column, part) in vectors {
            let error = Template::parse(text).unwrap_err();
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.problem.contains(part), "{text}: {error}");
        }
        assert_eq!(vectors.len(), 9);
    }

    #[test]
    fn variables() {
        let template = Template::parse("{{@b}}{{#if @a}}{{rule_name}}{{@b}}{{/if}}").unwrap();
        assert_eq!(template.variables(), ["@a", "@b", "rule_name"]);
    }
}
