//! A query as it was written, before it is known what its facets are.

use std::sync::Arc;

use super::{Facets, Matcher, Number, QueryError, Sql, pattern::Pattern};

/// What a person looks for. It displays as a text that parses to an equal query.
#[derive(Clone, Debug)]
pub struct Query {
    pub(super) text: Arc<str>,
    pub(super) expression: Expression,
}

/// Two queries are equal when they are written with the same terms in the same order; spaces, kinds of
/// quotation and parentheses that change nothing don't count.
impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl Eq for Query {}

impl Query {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { text: "".into(), expression: Expression::All }
    }

    /// Whether it takes everything.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.expression == Expression::All
    }

    /// Reads a query; an empty text is everything. Names of facets and kinds of values are checked by
    /// [`check`](Self::check).
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        super::parse::parse(text)
    }

    /// Both of them: what `self` and `other` take.
    ///
    /// # Errors
    /// Together they are over a cap.
    pub fn and(&self, other: &Self) -> Result<Self, QueryError> {
        match (self.is_all(), other.is_all()) {
            (true, _) => Ok(other.clone()),
            (_, true) => Ok(self.clone()),
            _ => Self::parse(&format!("({self}) ({other})")),
        }
    }

    /// Whether its facets are known and its values fit them.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self, facets: &'static Facets) -> Result<(), QueryError> {
        self.matcher(facets).map(|_| ())
    }

    /// What tests live events or signals.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn matcher(&self, facets: &'static Facets) -> Result<Matcher, QueryError> {
        Matcher::new(self, facets)
    }

    /// What finds stored ones.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn to_sql(&self, facets: &'static Facets) -> Result<Sql, QueryError> {
        self.matcher(facets).map(|matcher| matcher.to_sql())
    }

    /// Its structure.
    #[must_use]
    pub fn expression(&self) -> &Expression {
        &self.expression
    }
}

/// Terms and how they are joined. `And` and `Or` have two parts or more, none of their own kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Everything.
    All,
    /// One condition.
    Term(Term),
    /// What the other one does not take.
    Not(Box<Self>),
    /// What all take.
    And(Vec<Self>),
    /// What one of them takes.
    Or(Vec<Self>),
}

/// A condition on a facet; without one, on the texts that free text looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The facet.
    pub(super) name: Option<Name>,
    /// What its value has to be.
    pub(super) test: Test,
}

impl Term {
    /// The facet's name as it was written, with its `@`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.text.as_str())
    }

    /// What its value has to be.
    #[must_use]
    pub fn test(&self) -> &Test {
        &self.test
    }

    /// Whether it takes no number that is less than this one.
    #[must_use]
    pub fn is_at_least(&self, least: u64) -> bool {
        self.test.is_at_least(least.into())
    }
}

impl Test {
    fn is_at_least(&self, least: Number) -> bool {
        let number = |literal: &Literal| literal.pattern.exact().and_then(Number::parse);
        let above = |literal: &Literal| number(literal).is_some_and(|number| number.compare(least).is_ge());
        match self {
            Self::Like(literal) => above(literal),
            Self::Compare(Comparison::Greater | Comparison::GreaterOrEqual, literal) => above(literal),
            Self::Range(Some(edge), ..) => above(&edge.literal),
            Self::OneOf(tests) => tests.iter().all(|test| test.is_at_least(least)),
            Self::Present(_) | Self::Compare(..) | Self::Range(None, ..) => false,
        }
    }
}

/// The name of a facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// As it was written, with its `@`.
    pub text: String,
    pub place: Place,
}

/// What a value has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `facet:*`: there.
    Present(Place),
    /// `facet:text`, `facet:a*`, `text`.
    Like(Literal),
    /// `facet:>=5`.
    Compare(Comparison, Literal),
    /// `facet:[1 TO 5}`; an end that is not there is open.
    Range(Option<Edge>, Option<Edge>, Place),
    /// `facet:(a OR b)`: two or more.
    OneOf(Vec<Self>),
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub(super) literal: Literal,
    pub(super) inclusive: bool,
}

/// A text, perhaps with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    pub(super) pattern: Pattern,
    pub(super) place: Place,
}

/// Bytes of the query's text. Equal to any other: where something stands is not what it means.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}
