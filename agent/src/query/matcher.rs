//! Tests events and signals that are at hand.

use std::{cmp::Ordering, net::IpAddr, ops::Bound, sync::Arc};

use ipnet::IpNet;

use super::{
    Facets, Fields, Number, Query, QueryError, Sql, Value,
    plan::{Check, Look, Plan},
    sql,
};

/// A query, ready to test events or signals. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Matcher {
    plan: Arc<Plan>,
}

impl Matcher {
    /// Looks up a query's facets.
    ///
    /// # Errors
    /// A facet is not known, or a value does not fit its facet.
    pub fn new(query: &Query, facets: &'static Facets) -> Result<Self, QueryError> {
        Ok(Self { plan: Arc::new(Plan::new(query, facets)?) })
    }

    /// Whether the query takes it. Allocates nothing.
    #[must_use]
    pub fn matches<F: Fields + ?Sized>(&self, fields: &F) -> bool {
        holds(&self.plan, fields)
    }

    /// The same as a condition of SQL.
    #[must_use]
    pub fn to_sql(&self) -> Sql {
        sql::write(&self.plan)
    }
}

/// As deep as the query: [`QUERY_DEPTH`](crate::limits::QUERY_DEPTH).
fn holds<F: Fields + ?Sized>(plan: &Plan, fields: &F) -> bool {
    match plan {
        Plan::All => true,
        Plan::Not(inner) => !holds(inner, fields),
        Plan::And(parts) => parts.iter().all(|part| holds(part, fields)),
        Plan::Or(parts) => parts.iter().any(|part| holds(part, fields)),
        Plan::Some(Look { fields: places, check, .. }) => {
            places.iter().any(|field| fields.any(field, &mut |value| check.passes(value)))
        }
    }
}

impl Check {
    fn passes(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Present, _) => true,
            (Self::Equal(text) | Self::Written { text, .. }, Value::Text(value)) => {
                value.eq_ignore_ascii_case(text)
            }
            (Self::Like(_, glob), Value::Text(value)) => glob.matches(value),
            (Self::Within(from, to), Value::Number(number)) => within(*from, *to, number),
            (Self::Is(flag), Value::Flag(value)) => *flag == value,
            (Self::In(network), Value::Address(address)) => network.contains(&address),
            (Self::In(network), Value::Text(address)) => contains(network, address),
            (Self::Written { number, .. }, Value::Number(value)) => *number == Some(value),
            (Self::Written { flag, .. }, Value::Flag(value)) => *flag == Some(value),
            _ => false,
        }
    }
}

/// Whether a text is an address of a network; what is no address is in none.
pub(super) fn contains(network: &IpNet, address: &str) -> bool {
    address.parse().is_ok_and(|address: IpAddr| network.contains(&address.to_canonical()))
}

fn within(from: Bound<Number>, to: Bound<Number>, number: Number) -> bool {
    let above = match from {
        Bound::Included(from) => number.compare(from) != Ordering::Less,
        Bound::Excluded(from) => number.compare(from) == Ordering::Greater,
        Bound::Unbounded => true,
    };
    above
        && match to {
            Bound::Included(to) => number.compare(to) != Ordering::Greater,
            Bound::Excluded(to) => number.compare(to) == Ordering::Less,
            Bound::Unbounded => true,
        }
}
