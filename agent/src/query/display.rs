//! A query as text again.

use std::fmt;

use super::{
    Number, Query,
    ast::{Comparison, Edge, Expression, Literal, Term, Test},
    parse::KEYWORDS,
    pattern::Piece,
};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Term(term) => term.fmt(f),
            Self::Not(inner) => {
                f.write_str("-")?;
                inner.part(f, matches!(**inner, Self::And(_) | Self::Or(_)))
            }
            Self::And(parts) => join(f, parts, " ", |part| matches!(part, Self::Or(_))),
            Self::Or(parts) => join(f, parts, " OR ", |_| false),
        }
    }
}

impl Expression {
    fn part(&self, f: &mut fmt::Formatter<'_>, parentheses: bool) -> fmt::Result {
        if parentheses { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expression],
    between: &str,
    parentheses: fn(&Expression) -> bool,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        f.write_str(if at > 0 { between } else { "" })?;
        part.part(f, parentheses(part))?;
    }
    Ok(())
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{}:", name.text)?;
        }
        match &self.test {
            Test::OneOf(tests) => {
                for (at, test) in tests.iter().enumerate() {
                    f.write_str(if at > 0 { " OR " } else { "(" })?;
                    test.write(f, true)?;
                }
                f.write_str(")")
            }
            test => test.write(f, self.name.is_some()),
        }
    }
}

impl Test {
    /// A value; behind a facet's name negative numbers and colons need no quotes.
    fn write(&self, f: &mut fmt::Formatter<'_>, named: bool) -> fmt::Result {
        match self {
            Self::Present(_) => f.write_str("*"),
            Self::Like(literal) => literal.write(f, named),
            Self::Compare(comparison, literal) => {
                f.write_str(match comparison {
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                })?;
                literal.escaped(f)
            }
            Self::Range(from, to, _) => {
                let inclusive = |edge: &Option<Edge>| edge.as_ref().is_none_or(|edge| edge.inclusive);
                f.write_str(if inclusive(from) { "[" } else { "{" })?;
                edge(f, from.as_ref())?;
                f.write_str(" TO ")?;
                edge(f, to.as_ref())?;
                f.write_str(if inclusive(to) { "]" } else { "}" })
            }
            Self::OneOf(_) => Ok(()),
        }
    }
}

fn edge(f: &mut fmt::Formatter<'_>, edge: Option<&Edge>) -> fmt::Result {
    match edge {
        Some(edge) => edge.literal.escaped(f),
        None => f.write_str("*"),
    }
}

impl Literal {
    fn write(&self, f: &mut fmt::Formatter<'_>, named: bool) -> fmt::Result {
        let Some(text) = self.pattern.exact() else { return self.escaped(f) };
        let safe = text.chars().all(|c| is_safe(c) || (named && c == ':'))
            && !text.is_empty()
            && !KEYWORDS.contains(&text)
            && (!text.starts_with('-') || (named && Number::parse(text).is_some()));
        if safe {
            return f.write_str(text);
        }
        f.write_str("\"")?;
        for c in text.chars() {
            f.write_str(if matches!(c, '"' | '\\') { "\\" } else { "" })?;
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }

    /// Without quotes.
    fn escaped(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pieces = self.pattern.pieces();
        let number = self.pattern.exact().is_some_and(|text| Number::parse(text).is_some());
        for (at, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::One => f.write_str("?")?,
                Piece::Many => f.write_str("*")?,
                Piece::Text(text) => {
                    for (offset, c) in text.char_indices() {
                        let sign = c == '-' && at == 0 && offset == 0 && !number;
                        f.write_str(if is_safe(c) && !sign { "" } else { "\\" })?;
                        write!(f, "{c}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Characters that mean nothing in any place but the first of a word.
fn is_safe(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '%' | '=' | '+' | '~' | '#' | '$' | ';' | '\'')
}
