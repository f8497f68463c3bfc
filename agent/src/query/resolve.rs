//! From names and texts to fields and values of their kind.

use std::ops::Bound;

use super::{
    Facets, Field, Kind, Number, Query, QueryError,
    ast::{Comparison, Edge, Expression, Literal, Name, Place, Term, Test},
    glob::Glob,
    lookup::Found,
    plan::{Check, Look, Plan},
};
use crate::config::parse_network;

impl Plan {
    pub fn new(query: &Query, facets: &'static Facets) -> Result<Self, QueryError> {
        Resolver { text: &query.text, facets }.expression(&query.expression)
    }
}

struct Resolver<'q> {
    text: &'q str,
    facets: &'static Facets,
}

type Resolved<T> = Result<T, QueryError>;

impl Resolver<'_> {
    /// As deep as the query.
    fn expression(&self, expression: &Expression) -> Resolved<Plan> {
        let all = |parts: &[Expression]| {
            parts.iter().map(|part| self.expression(part)).collect::<Resolved<Vec<_>>>()
        };
        Ok(match expression {
            Expression::All => Plan::All,
            Expression::Not(inner) => Plan::Not(Box::new(self.expression(inner)?)),
            Expression::And(parts) => Plan::And(all(parts)?),
            Expression::Or(parts) => Plan::Or(all(parts)?),
            Expression::Term(Term { name: Some(name), test }) => self.facet(name, test)?,
            Expression::Term(Term { name: None, test }) => self.free(test),
        })
    }

    /// Text anywhere in the fields that free text looks at.
    fn free(&self, test: &Test) -> Plan {
        let Test::Like(literal) = test else { return Plan::All };
        let pattern = literal.pattern.anywhere();
        let glob = Glob::new(&pattern);
        let rows = self.facets.free.iter().filter_map(|name| self.facets.row(name));
        Plan::Or(
            rows.map(|row| {
                let Found { fields, column, .. } = row.found();
                Plan::Some(Look { fields, column, check: Check::Like(pattern.clone(), glob.clone()) })
            })
            .collect(),
        )
    }

    fn facet(&self, name: &Name, test: &Test) -> Resolved<Plan> {
        let found = self.facets.find(&name.text).map_err(|nearest| self.unknown(name, nearest))?;
        if found.kind == Kind::Time {
            let message = format!("`{}` is asked for beside the query", name.text);
            return Err(self.wrong(name.place, message).hint("such as --from -1h --to now"));
        }
        self.test(name, &found, test)
    }

    fn unknown(&self, name: &Name, nearest: Option<&'static str>) -> QueryError {
        let meant = nearest.map_or_else(String::new, |known| format!(": did you mean `{known}`?"));
        let message = format!("{} have no facet `{}`{meant}", self.facets.things, name.text);
        let error = self.wrong(name.place, message).hint(format!(
            "attributes of your own begin with @, as in @{}; a text with a colon needs quotes",
            name.text
        ));
        match nearest {
            Some(known) => error.expecting(&[known]),
            None => error,
        }
    }

    fn test(&self, name: &Name, found: &Found, test: &Test) -> Resolved<Plan> {
        let check = match test {
            Test::OneOf(tests) => {
                return tests
                    .iter()
                    .map(|test| self.test(name, found, test))
                    .collect::<Resolved<_>>()
                    .map(Plan::Or);
            }
            Test::Present(_) => Check::Present,
            Test::Like(literal) => {
                if let (Kind::Mark, Some(false)) = (found.kind, flag(literal)) {
                    let marked = look(found, Check::Is(true));
                    return Ok(Plan::Not(Box::new(marked)));
                }
                self.like(name, found.kind, literal)?
            }
            Test::Compare(comparison, literal) => {
                self.orders(name, found.kind, literal.place)?;
                let number = self.number(name, literal)?;
                let (from, to) = match comparison {
                    Comparison::Less => (Bound::Unbounded, Bound::Excluded(number)),
                    Comparison::LessOrEqual => (Bound::Unbounded, Bound::Included(number)),
                    Comparison::Greater => (Bound::Excluded(number), Bound::Unbounded),
                    Comparison::GreaterOrEqual => (Bound::Included(number), Bound::Unbounded),
                };
                Check::Within(from, to)
            }
            Test::Range(from, to, place) => {
                self.range(name, found.kind, (from.as_ref(), to.as_ref()), *place)?
            }
        };
        Ok(look(found, check))
    }

    fn like(&self, name: &Name, kind: Kind, literal: &Literal) -> Resolved<Check> {
        let Literal { pattern, place } = literal;
        let exact = pattern.exact();
        Ok(match (kind, exact) {
            (Kind::Text, Some(text)) => Check::Equal(text.into()),
            (Kind::Any, Some(text)) => {
                Check::Written { text: text.into(), number: Number::parse(text), flag: flag(literal) }
            }
            (Kind::Text | Kind::Any, None) => Check::Like(pattern.clone(), Glob::new(pattern)),
            (Kind::Number, Some(_)) => {
                let number = self.number(name, literal)?;
                Check::Within(Bound::Included(number), Bound::Included(number))
            }
            (Kind::Number, None) => {
                let message = format!("the values of `{}` are numbers, which have no wildcards", name.text);
                return Err(self
                    .wrong(*place, message)
                    .expecting(&["a number"])
                    .hint(format!("write a range, such as {}:[400 TO 499]", name.text)));
            }
            (Kind::Flag | Kind::Mark, _) => match flag(literal) {
                Some(flag) => Check::Is(flag),
                None => {
                    let message = format!("`{}` is true or false", name.text);
                    return Err(self.wrong(*place, message).expecting(&["true", "false", "`*`"]));
                }
            },
            (Kind::Address, Some(text)) => match parse_network(text) {
                Ok(network) => Check::In(network),
                Err(why) => {
                    let expected: &[&str] = &["an address", "a network such as 203.0.113.0/24"];
                    return Err(self.wrong(*place, why).expecting(expected));
                }
            },
            (Kind::Address, None) => {
                return Err(self
                    .wrong(*place, "addresses have no wildcards")
                    .expecting(&["an address", "a network such as 203.0.113.0/24"]));
            }
            (Kind::Object | Kind::Time, _) => {
                let message = format!("`{}` has parts, but no value of its own", name.text);
                return Err(self.wrong(*place, message).expecting(&["`*`"]));
            }
        })
    }

    fn range(
        &self,
        name: &Name,
        kind: Kind,
        (from, to): (Option<&Edge>, Option<&Edge>),
        place: Place,
    ) -> Resolved<Check> {
        self.orders(name, kind, place)?;
        let number = |edge: Option<&Edge>| edge.map(|edge| self.number(name, &edge.literal)).transpose();
        let (low, high) = (number(from)?, number(to)?);
        if let (Some(low), Some(high)) = (low, high)
            && low.compare(high).is_gt()
        {
            return Err(self
                .wrong(place, "nothing is in this range: its lower end is above the upper one")
                .hint("write the smaller number first"));
        }
        let bound = |edge: Option<&Edge>, number: Option<Number>| match (edge, number) {
            (Some(edge), Some(number)) if edge.inclusive => Bound::Included(number),
            (_, Some(number)) => Bound::Excluded(number),
            (_, None) => Bound::Unbounded,
        };
        Ok(Check::Within(bound(from, low), bound(to, high)))
    }

    /// Whether the values can be compared.
    fn orders(&self, name: &Name, kind: Kind, place: Place) -> Resolved<()> {
        let what = match kind {
            Kind::Number | Kind::Any => return Ok(()),
            Kind::Address => "addresses: write a network, such as 203.0.113.0/24",
            Kind::Flag | Kind::Mark => "true or false",
            Kind::Text => "texts",
            Kind::Object | Kind::Time => "no values",
        };
        let message = format!("ranges and comparisons are for numbers; `{}` has {what}", name.text);
        Err(self.wrong(place, message))
    }

    fn number(&self, name: &Name, literal: &Literal) -> Resolved<Number> {
        literal.pattern.exact().and_then(Number::parse).ok_or_else(|| {
            let message = format!("`{}` is compared with a number, and this is none", name.text);
            self.wrong(literal.place, message).expecting(&["a number"])
        })
    }

    fn wrong(&self, place: Place, message: impl Into<String>) -> QueryError {
        QueryError::at(self.text, place, message)
    }
}

fn look(found: &Found, check: Check) -> Plan {
    let fields: Vec<Field> = found.fields.clone();
    Plan::Some(Look { fields, column: found.column, check })
}

fn flag(literal: &Literal) -> Option<bool> {
    let text = literal.pattern.exact()?;
    [("true", true), ("false", false)]
        .into_iter()
        .find_map(|(word, flag)| text.eq_ignore_ascii_case(word).then_some(flag))
}
