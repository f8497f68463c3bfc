//! Conditions of cases and steps: `a > 3 && (b / a >= 0.5 || !(c == 0))`.
//!
//! ```text
//! or      = and { "||" and }
//! and     = not { "&&" not }
//! not     = "!" not | compare
//! compare = sum [ (">" | ">=" | "<" | "<=" | "==" | "!=") sum ]
//! sum     = term { ("+" | "-") term }
//! term    = unary { ("*" | "/" | "%") unary }
//! unary   = "-" unary | number | name | "(" or ")"
//! ```
//!
//! A condition is true or false, a comparison is between numbers; the two are told apart when it is read.

mod parse;
mod token;

use crate::limits;

/// A condition that was read, and as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Expression, Box<str>);

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {problem}")]
pub struct ConditionError {
    /// From 1, in characters.
    pub column: usize,
    /// What was expected, and what to do.
    pub problem: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Number(f64),
    /// A query (or step), by its place in the rule.
    Value(usize),
    Negative(Box<Expression>),
    Not(Box<Expression>),
    Two(Operator, Box<Expression>, Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Equal,
    Unequal,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    const fn is_logical(self) -> bool {
        matches!(self, Self::Or | Self::And)
    }

    const fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Remainder)
    }
}

impl Condition {
    /// Reads a condition over these names.
    ///
    /// # Errors
    /// Where it stops being one, or which name is not known.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, ConditionError> {
        if text.len() > limits::DETECT_CONDITION {
            let problem = format!("a condition has at most {} bytes", limits::DETECT_CONDITION);
            return Err(ConditionError { column: 1, problem });
        }
        let end = text.chars().count() + 1;
        let expression = parse::whole(&token::all(text)?, end, names)?;
        if !expression.is_logical() {
            let problem = "this is a number; a condition compares, for example `a > 3`".to_owned();
            return Err(ConditionError { column: 1, problem });
        }
        Ok(Self(expression, text.into()))
    }

    /// `name > 0` for the one at this place.
    #[must_use]
    pub fn any_of(place: usize, name: &str) -> Self {
        let (value, zero) = (Expression::Value(place), Expression::Number(0.0));
        let greater = Expression::Two(Operator::Greater, Box::new(value), Box::new(zero));
        Self(greater, format!("{name} > 0").into())
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.1
    }

    /// Whether it holds; values by the place of their names. A missing value is 0, and so is what can't be divided.
    #[must_use]
    pub fn holds(&self, values: &[f64]) -> bool {
        self.holds_with(&mut |place| values.get(place).copied().unwrap_or(0.0))
    }

    /// The same with values that are worked out when they are asked for. Behind `&&` and `||`, what does not decide any
    /// more is not asked for.
    #[must_use]
    pub fn holds_with(&self, value_of: &mut dyn FnMut(usize) -> f64) -> bool {
        self.0.value(value_of) != 0.0
    }

    /// The places of the names in it, each once.
    #[must_use]
    pub fn uses(&self) -> Vec<usize> {
        let mut places = Vec::new();
        self.0.places(&mut places);
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl Expression {
    const fn is_logical(&self) -> bool {
        match self {
            Self::Number(_) | Self::Value(_) | Self::Negative(_) => false,
            Self::Not(_) => true,
            Self::Two(operator, ..) => !operator.is_arithmetic(),
        }
    }

    fn places(&self, places: &mut Vec<usize>) {
        match self {
            Self::Number(_) => {}
            Self::Value(place) => places.push(*place),
            Self::Negative(inner) | Self::Not(inner) => inner.places(places),
            Self::Two(_, left, right) => {
                left.places(places);
                right.places(places);
            }
        }
    }

    #[expect(clippy::float_cmp, reason = "counts are whole numbers, exact in a float up to 2^53")]
    fn value(&self, value_of: &mut dyn FnMut(usize) -> f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Self::Number(number) => *number,
            Self::Value(place) => value_of(*place),
            Self::Negative(inner) => -inner.value(value_of),
            Self::Not(inner) => truth(inner.value(value_of) == 0.0),
            Self::Two(operator, left, right) => {
                let left = left.value(value_of);
                match operator {
                    Operator::Or => truth(left != 0.0 || right.value(value_of) != 0.0),
                    Operator::And => truth(left != 0.0 && right.value(value_of) != 0.0),
                    Operator::Greater => truth(left > right.value(value_of)),
                    Operator::GreaterEqual => truth(left >= right.value(value_of)),
                    Operator::Less => truth(left < right.value(value_of)),
                    Operator::LessEqual => truth(left <= right.value(value_of)),
                    Operator::Equal => truth(left == right.value(value_of)),
                    Operator::Unequal => truth(left != right.value(value_of)),
                    Operator::Add => left + right.value(value_of),
                    Operator::Subtract => left - right.value(value_of),
                    Operator::Multiply => left * right.value(value_of),
                    Operator::Divide => finite(left / right.value(value_of)),
                    Operator::Remainder => finite(left % right.value(value_of)),
                }
            }
        }
    }
}

/// What divided by nothing is nothing: a condition with it does not hold by accident.
fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

#[cfg(test)]
mod tests;
