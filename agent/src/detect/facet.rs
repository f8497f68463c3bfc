//! Facets of events as rules use them: to group by, to tell values apart, to add up; and the queries of rules.

use std::{fmt::Write, net::IpAddr};

use crate::{
    limits,
    query::{self, EVENTS, Expression, Field, Fields, Kind, Number, Query, Value},
};

/// What joins the values of a group.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// Beginnings of names that Datadog's events have and Picket's have not: such a facet would never be there.
const FOREIGN: &[&str] = &["@appsec.", "@http.", "@network.", "@usr.", "@evt.", "@threat_intel."];

/// A facet of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    name: String,
    fields: Vec<Field>,
    kind: Kind,
}

impl Facet {
    /// Looks a facet up by its name.
    ///
    /// # Errors
    /// What is wrong with the name.
    pub fn named(name: &str) -> Result<Self, String> {
        known(name)?;
        match EVENTS.find(name) {
            Ok(found) => Ok(Self { name: name.to_owned(), fields: found.fields, kind: found.kind }),
            Err(Some(near)) => {
                Err(format!("there is no facet `{}`; did you mean `{near}`?", name.escape_debug()))
            }
            Err(None) => Err(format!(
                "there is no facet `{}`; attributes are written with an `@`",
                name.escape_debug()
            )),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it may be a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Number | Kind::Any)
    }

    /// Whether an event has it.
    pub fn is_there<F: Fields + ?Sized>(&self, event: &F) -> bool {
        self.fields.iter().any(|field| event.any(field, &mut |_| true))
    }

    /// Appends its first value to a text, cut at [`limits::DETECT_VALUE`]; whether it has one.
    pub fn write_first<F: Fields + ?Sized>(&self, event: &F, text: &mut String) -> bool {
        self.fields.iter().any(|field| {
            event.any(field, &mut |value| {
                write_value(value, text);
                true
            })
        })
    }

    /// Each of its values as text, at most so many.
    pub fn each_text<F: Fields + ?Sized>(&self, event: &F, most: usize, found: &mut dyn FnMut(&str)) {
        let mut count = 0;
        let mut text = String::new();
        for field in &self.fields {
            event.any(field, &mut |value| {
                if let Value::Text(value) = value {
                    found(cut(value));
                } else {
                    text.clear();
                    write_value(value, &mut text);
                    found(&text);
                }
                count += 1;
                count >= most
            });
        }
    }

    /// Its first value, as text.
    pub fn text<F: Fields + ?Sized>(&self, event: &F) -> Option<String> {
        let mut text = String::new();
        self.write_first(event, &mut text).then_some(text)
    }

    /// Whether one of its values is a number that is not less than this one.
    pub fn reaches<F: Fields + ?Sized>(&self, event: &F, least: u64) -> bool {
        let reaches = |value: Value<'_>| match value {
            Value::Number(number) => number.compare(least.into()).is_ge(),
            _ => false,
        };
        self.fields.iter().any(|field| event.any(field, &mut { reaches }))
    }

    /// Its first value, if that is a number.
    pub fn number<F: Fields + ?Sized>(&self, event: &F) -> Option<f64> {
        let mut number = None;
        for field in &self.fields {
            let found = event.any(field, &mut |value| {
                number = match value {
                    #[expect(clippy::cast_precision_loss, reason = "counts and durations are far below 2^53")]
                    Value::Number(Number::Integer(value)) => Some(value as f64),
                    Value::Number(Number::Real(value)) => Some(value),
                    Value::Text(text) => text.parse().ok(),
                    _ => None,
                };
                number = number.filter(|number: &f64| number.is_finite());
                number.is_some()
            });
            if found {
                break;
            }
        }
        number
    }
}

fn write_value(value: Value<'_>, text: &mut String) {
    match value {
        // Values of a group are joined by it.
        Value::Text(value) if value.contains(SEPARATOR) => {
            text.push_str(&cut(value).replace(SEPARATOR, " "));
        }
        Value::Text(value) => text.push_str(cut(value)),
        // Each event has an address or two, and formatting is slow.
        Value::Address(IpAddr::V4(address)) => {
            for (at, octet) in address.octets().into_iter().enumerate() {
                if at > 0 {
                    text.push('.');
                }
                text.push_str(itoa::Buffer::new().format(octet));
            }
        }
        Value::Number(Number::Integer(number)) => text.push_str(itoa::Buffer::new().format(number)),
        // Writing to a string can't fail.
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

/// The beginning of a text, as far as it is kept.
fn cut(text: &str) -> &str {
    if text.len() <= limits::DETECT_VALUE {
        return text;
    }
    let end = (0..=limits::DETECT_VALUE).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// What a facet is called here, of the names it may have.
pub(super) fn canonical(name: &str) -> &str {
    row(name).map_or(name, |row| row.name())
}

/// The known facet of this name, with or without `@`.
fn row(name: &str) -> Option<&'static query::Facet> {
    let bare = |name: &str| name.strip_prefix('@').unwrap_or(name).to_owned();
    let wanted = bare(name);
    EVENTS.rows.iter().find(|row| row.names.iter().any(|known| bare(known) == wanted))
}

fn known(name: &str) -> Result<(), String> {
    if row(name).is_none() && FOREIGN.iter().any(|prefix| name.starts_with(prefix)) {
        return Err(format!(
            "Picket's events have no facet `{}`; docs/query.md lists those they have",
            name.escape_debug()
        ));
    }
    Ok(())
}

/// A query over events.
///
/// # Errors
/// What is wrong with it, and where, in one line.
pub(super) fn query(text: &str) -> Result<Query, String> {
    let in_line = |error: crate::query::QueryError| error.to_string().trim_end().replace('\n', "\n    ");
    let query = Query::parse(text).map_err(in_line)?;
    query.check(&EVENTS).map_err(in_line)?;
    names(query.expression(), &mut |name| known(name))?;
    Ok(query)
}

/// Whether a query asks for a facet with a name like this.
pub(super) fn names_in(text: &str, like: &dyn Fn(&str) -> bool) -> bool {
    let stop = |name: &str| if like(name) { Err(String::new()) } else { Ok(()) };
    Query::parse(text).is_ok_and(|query| names(query.expression(), &mut { stop }).is_err())
}

fn names(expression: &Expression, check: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    match expression {
        Expression::All => Ok(()),
        Expression::Term(term) => term.name().map_or(Ok(()), check),
        Expression::Not(inner) => names(inner, check),
        Expression::And(parts) | Expression::Or(parts) => {
            parts.iter().try_for_each(|part| names(part, check))
        }
    }
}
