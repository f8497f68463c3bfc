//! One line to one directive.

use super::{
    ReadError,
    actions::actions,
    ast::{Directive, SecRule, Target},
    directives::{self, Form, Values},
    ids,
    names::{alternatives, meant, shown},
    operator::operator,
    targets::targets,
    text::{Text, is_space},
    words::words,
};

/// What stands on a line.
pub(super) enum Line<'s> {
    Directive(Directive),
    Include {
        pattern: Text<'s>,
        optional: bool,
    },
    /// `<IfModule x>`: looked through; another one, or `!x`: why not.
    Open {
        name: String,
        refused: Option<&'static str>,
    },
    /// `</IfModule>`.
    Close {
        name: String,
    },
}

/// Reads a line.
pub(super) fn read<'s>(line: &Text<'s>) -> Result<Line<'s>, ReadError> {
    if let Some(error) = line.not_utf8() {
        return Err(error);
    }
    if line.byte(0) == Some(b'<') {
        return container(line);
    }
    let text = line.as_str();
    let end = text.find(is_space).unwrap_or(text.len());
    let found = text.get(..end).unwrap_or_default();
    let Some((name, form)) = directives::named(found) else {
        let meant = meant(found, directives::DIRECTIVES.iter().map(|(known, _)| *known));
        return Err(line.error(0, format!("there is no directive {} of SecLang{meant}", shown(found))));
    };
    let found = words(line, end)?;
    let arguments = Arguments { line, name, words: &found };
    Ok(match form {
        Form::Include { optional } => {
            let [pattern] = arguments.exactly("a path")?;
            Line::Include { pattern: pattern.clone(), optional }
        }
        Form::Refused(why) => return Err(line.error(0, format!("{name} can't be had here: {why}"))),
        Form::Setting(values) => Line::Directive(Directive::Setting {
            place: line.start(),
            name,
            values: arguments.values(values)?,
        }),
        _ => Line::Directive(arguments.directive(form)?),
    })
}

/// A line with a container of Apache, which say for which requests of a server something holds.
pub(super) fn container<'s>(line: &Text<'_>) -> Result<Line<'s>, ReadError> {
    let Some(inner) = line.from(1).strip_suffix('>') else {
        return Err(line.error(line.len(), "a container that is not closed: expected \">\""));
    };
    let end = inner.find(is_space).unwrap_or(inner.len());
    let name = inner.get(..end).unwrap_or_default();
    let argument = inner.get(end..).unwrap_or_default().trim().trim_matches('"');
    if let Some(name) = name.strip_prefix('/') {
        return Ok(Line::Close { name: name.to_owned() });
    }
    let refused = if !name.eq_ignore_ascii_case("IfModule") {
        Some(
            "only <IfModule …> is looked through; for the others write conditions, \
             for example SecRule REQUEST_FILENAME \"@beginsWith /admin\"",
        )
    } else if argument.is_empty() || argument.starts_with('!') {
        Some("expected <IfModule name>; which modules a server does not have is not known here")
    } else {
        None
    };
    Ok(Line::Open { name: name.to_owned(), refused })
}

/// The arguments of a directive.
struct Arguments<'a, 's> {
    line: &'a Text<'s>,
    name: &'static str,
    words: &'a [Text<'s>],
}

impl<'a, 's> Arguments<'a, 's> {
    fn directive(&self, form: Form) -> Result<Directive, ReadError> {
        let place = self.line.start();
        Ok(match form {
            Form::Rule => {
                let (variables, wanted, listed) = match self.words {
                    [variables, operator] => (variables, operator, None),
                    [variables, operator, actions] => (variables, operator, Some(actions)),
                    _ => return Err(self.count("variables, an operator and actions, each of them quoted")),
                };
                Directive::Rule(SecRule {
                    place,
                    targets: targets(variables)?,
                    operator: operator(wanted)?,
                    actions: listed.map(actions).transpose()?.unwrap_or_default(),
                })
            }
            Form::Action => {
                let [listed] = self.exactly("actions, quoted")?;
                Directive::Action { place, actions: actions(listed)? }
            }
            Form::DefaultAction => {
                let [listed] = self.exactly("actions, quoted")?;
                Directive::DefaultAction { place, actions: actions(listed)? }
            }
            Form::Marker => {
                let [name] = self.exactly("a name")?;
                Directive::Marker { place, name: name.as_str().to_owned() }
            }
            Form::RemoveById if !self.words.is_empty() => {
                Directive::RemoveById { place, ids: ids::ranges(self.words)? }
            }
            Form::UpdateTargetById => {
                let (of, targets, replaced) = self.update("ids")?;
                let ids = ids::ranges(std::slice::from_ref(of))?;
                Directive::UpdateTargetById { place, ids, targets, replaced }
            }
            Form::UpdateTargetBy(by) => {
                let (of, targets, replaced) = self.update("an expression")?;
                let pattern = of.as_str().to_owned();
                Directive::UpdateTargetBy { place, by, pattern, targets, replaced }
            }
            Form::UpdateActionById => {
                let [of, listed] = self.exactly("an id and actions, quoted")?;
                let (id, link) = link(of)?;
                Directive::UpdateActionById { place, id, link, actions: actions(listed)? }
            }
            Form::RemoveBy(by) => {
                if self.words.is_empty() {
                    return Err(self.count("one or more expressions, each of them quoted"));
                }
                let patterns = self.words.iter().map(|word| word.as_str().to_owned()).collect();
                Directive::RemoveBy { place, by, patterns }
            }
            Form::RemoveById | Form::Include { .. } | Form::Refused(_) | Form::Setting(_) => {
                return Err(self.count("ids, for example 942100 942200-942299"));
            }
        })
    }

    /// What is updated, its new targets, and those they replace.
    fn update(&self, of: &str) -> Result<(&'a Text<'s>, Vec<Target>, Vec<Target>), ReadError> {
        match self.words {
            [of, added] => Ok((of, targets(added)?, Vec::new())),
            [of, added, replaced] => Ok((of, targets(added)?, targets(replaced)?)),
            _ => Err(self.count(&format!("{of}, targets and perhaps targets that are replaced"))),
        }
    }

    /// The values of a setting.
    fn values(&self, values: Values) -> Result<Vec<String>, ReadError> {
        let spelled = |names: &[&str]| {
            let [value] = self.exactly(&alternatives(names))?;
            let known = names.iter().find(|known| known.eq_ignore_ascii_case(value.as_str()));
            known.map(|known| (*known).to_owned()).ok_or_else(|| {
                let (name, found, expected) = (self.name, shown(value.as_str()), alternatives(names));
                value.error(0, format!("{name} is {found}: expected {expected}"))
            })
        };
        Ok(match values {
            Values::OneOf(names) => vec![spelled(names)?],
            Values::Off(why) => match spelled(&["On", "Off"])? {
                on if on == "On" => {
                    let name = self.name;
                    return Err(self.line.error(0, format!("{name} On can't be had here: {why}")));
                }
                off => vec![off],
            },
            Values::Number => {
                let [value] = self.exactly("a number")?;
                let number = value.as_str().parse::<u64>().map_err(|_| {
                    value.error(0, format!("{} is {}: expected a number", self.name, shown(value.as_str())))
                })?;
                vec![number.to_string()]
            }
            Values::Texts(least, most) if (least..=most).contains(&self.words.len()) => {
                self.words.iter().map(|word| word.as_str().to_owned()).collect()
            }
            Values::Texts(0, _) => return Err(self.count("nothing")),
            Values::Texts(1, 1) => return Err(self.count("one argument")),
            Values::Texts(least, usize::MAX) => return Err(self.count(&format!("{least} or more arguments"))),
            Values::Texts(least, most) => return Err(self.count(&format!("{least} to {most} arguments"))),
        })
    }

    fn exactly<const N: usize>(&self, expected: &str) -> Result<&'a [Text<'s>; N], ReadError> {
        self.words.try_into().map_err(|_| self.count(expected))
    }

    /// There are too many arguments, or not enough.
    fn count(&self, expected: &str) -> ReadError {
        let found = match self.words.len() {
            0 => "no argument".to_owned(),
            1 => "one argument".to_owned(),
            n => format!("{n} arguments"),
        };
        self.line.error(0, format!("{} with {found}: expected {expected}", self.name))
    }
}

/// `1`, `1:2`.
fn link(text: &Text<'_>) -> Result<(u64, usize), ReadError> {
    let (id, link) = text.as_str().split_once(':').unwrap_or((text.as_str(), "0"));
    id.parse().ok().zip(link.parse().ok()).ok_or_else(|| {
        let problem =
            "expected an id, and for another rule of its chain \":\" and its number, for example 1:2";
        text.error(0, format!("{}: {problem}", shown(text.as_str())))
    })
}
