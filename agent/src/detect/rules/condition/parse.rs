//! From tokens to an expression: one function a line of the grammar.

use super::{ConditionError, Expression, Operator, token::Token};
use crate::limits;

/// Reads all of the tokens; `end` is the column behind them.
pub(super) fn whole(
    tokens: &[(usize, Token<'_>)],
    end: usize,
    names: &[&str],
) -> Result<Expression, ConditionError> {
    let mut parser = Parser { tokens, at: 0, end, names, depth: 0 };
    let expression = parser.or()?;
    if let Some((column, token)) = parser.tokens.get(parser.at) {
        let problem = format!("expected an operator or the end, not {}", token.shown());
        return Err(ConditionError { column: *column, problem });
    }
    Ok(expression)
}

struct Parser<'a> {
    tokens: &'a [(usize, Token<'a>)],
    at: usize,
    end: usize,
    names: &'a [&'a str],
    depth: usize,
}

impl Parser<'_> {
    fn column(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(column, _)| *column)
    }

    fn error<T>(&self, problem: impl Into<String>) -> Result<T, ConditionError> {
        Err(ConditionError { column: self.column(), problem: problem.into() })
    }

    /// The next operator, if it is one of these.
    fn operator(&mut self, wanted: impl Fn(Operator) -> bool) -> Option<Operator> {
        match self.tokens.get(self.at) {
            Some((_, Token::Operator(operator))) if wanted(*operator) => {
                self.at += 1;
                Some(*operator)
            }
            _ => None,
        }
    }

    fn two(
        &mut self,
        column: usize,
        operator: Operator,
        left: Expression,
        right: Expression,
    ) -> Result<Expression, ConditionError> {
        for side in [&left, &right] {
            if side.is_logical() != operator.is_logical() {
                let problem = if operator.is_logical() {
                    "`&&` and `||` join conditions, and this side is a number: compare it, for example `a > 0`"
                } else {
                    "numbers are compared and reckoned with, and this side is a condition"
                };
                return Err(ConditionError { column, problem: problem.to_owned() });
            }
        }
        Ok(Expression::Two(operator, Box::new(left), Box::new(right)))
    }

    fn or(&mut self) -> Result<Expression, ConditionError> {
        let mut left = self.and()?;
        loop {
            let column = self.column();
            let Some(operator) = self.operator(|operator| operator == Operator::Or) else { return Ok(left) };
            let right = self.and()?;
            left = self.two(column, operator, left, right)?;
        }
    }

    fn and(&mut self) -> Result<Expression, ConditionError> {
        let mut left = self.not()?;
        loop {
            let column = self.column();
            let Some(operator) = self.operator(|operator| operator == Operator::And) else { return Ok(left) };
            let right = self.not()?;
            left = self.two(column, operator, left, right)?;
        }
    }

    fn not(&mut self) -> Result<Expression, ConditionError> {
        if let Some((_, Token::Not)) = self.tokens.get(self.at) {
            let column = self.column();
            self.at += 1;
            let inner = self.deeper(Self::not)?;
            if !inner.is_logical() {
                let problem = "`!` turns a condition round, and this is a number: compare it".to_owned();
                return Err(ConditionError { column, problem });
            }
            return Ok(Expression::Not(Box::new(inner)));
        }
        self.compare()
    }

    fn compare(&mut self) -> Result<Expression, ConditionError> {
        let left = self.sum()?;
        let column = self.column();
        let compares = |operator: Operator| !operator.is_logical() && !operator.is_arithmetic();
        let Some(operator) = self.operator(compares) else { return Ok(left) };
        let right = self.sum()?;
        self.two(column, operator, left, right)
    }

    fn sum(&mut self) -> Result<Expression, ConditionError> {
        let mut left = self.term()?;
        loop {
            let column = self.column();
            let sums = |operator| matches!(operator, Operator::Add | Operator::Subtract);
            let Some(operator) = self.operator(sums) else { return Ok(left) };
            let right = self.term()?;
            left = self.two(column, operator, left, right)?;
        }
    }

    fn term(&mut self) -> Result<Expression, ConditionError> {
        let mut left = self.unary()?;
        loop {
            let column = self.column();
            let multiplies = |operator: Operator| {
                matches!(operator, Operator::Multiply | Operator::Divide | Operator::Remainder)
            };
            let Some(operator) = self.operator(multiplies) else { return Ok(left) };
            let right = self.unary()?;
            left = self.two(column, operator, left, right)?;
        }
    }

    fn unary(&mut self) -> Result<Expression, ConditionError> {
        let Some((column, token)) = self.tokens.get(self.at) else {
            return self.error("a number or the name of a query is missing");
        };
        match token {
            Token::Number(number) => {
                self.at += 1;
                Ok(Expression::Number(*number))
            }
            Token::Name(name) => {
                let Some(place) = self.names.iter().position(|known| known == name) else {
                    let known = self.names.join("`, `");
                    return self.error(format!("there is no `{name}`; the names here are `{known}`"));
                };
                self.at += 1;
                Ok(Expression::Value(place))
            }
            Token::Operator(Operator::Subtract) => {
                self.at += 1;
                let inner = self.deeper(Self::unary)?;
                if inner.is_logical() {
                    let problem = "`-` is for numbers, and this is a condition".to_owned();
                    return Err(ConditionError { column: *column, problem });
                }
                Ok(Expression::Negative(Box::new(inner)))
            }
            Token::Open => {
                self.at += 1;
                let inner = self.deeper(Self::or)?;
                if let Some((_, Token::Close)) = self.tokens.get(self.at) {
                    self.at += 1;
                    return Ok(inner);
                }
                self.error(format!("`)` is missing; its `(` is in column {column}"))
            }
            other => self.error(format!("expected a number or the name of a query, not {}", other.shown())),
        }
    }

    fn deeper(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Expression, ConditionError>,
    ) -> Result<Expression, ConditionError> {
        if self.depth >= limits::DETECT_CONDITION_DEPTH {
            return self
                .error(format!("a condition is nested at most {} deep", limits::DETECT_CONDITION_DEPTH));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }
}
