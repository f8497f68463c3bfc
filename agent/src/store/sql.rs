//! Conditions and expressions over the store's tables, with bound parameters.
#![forbid(unsafe_code)]

use crate::query::Found;
pub use crate::query::{Sql, SqlValue};

/// Scalars; the members of an object have texts for keys.
const SCALAR: &str = "typeof(v.key) <> 'text' AND v.type NOT IN ('null', 'array', 'object')";

/// What is counted by value.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetExpression {
    /// An expression over `e`, such as `e.service` or `json_extract(e.json, '$.host')`.
    pub expression: String,
    /// Values of its `?`.
    pub params: Vec<SqlValue>,
    /// It gives a JSON array, whose elements are counted (`e.rules`, `e.types`).
    pub each: bool,
}

impl FacetExpression {
    /// One value an event.
    #[must_use]
    pub fn of(expression: impl Into<String>) -> Self {
        Self { expression: expression.into(), params: Vec::new(), each: false }
    }

    /// Of a query's facet: its column where the store has one, otherwise its places in the JSON. An event counts once
    /// for each of its values.
    #[must_use]
    pub fn found(found: &Found) -> Self {
        if let Some(column) = found.column {
            let expression = format!("e.{}", column.name);
            return if column.list { Self::each(expression) } else { Self::of(expression) };
        }
        let path = |names: &mut dyn Iterator<Item = &str>| {
            SqlValue::Text(names.fold("$".to_owned(), |path, name| format!("{path}.\"{name}\"")))
        };
        let mut params = Vec::new();
        let mut places = Vec::new();
        for field in &found.fields {
            let members = path(&mut field.path().names());
            if let Some(list) = field.path().list() {
                params.extend([path(&mut std::iter::once(list)), members]);
                places.push(format!(
                    "SELECT v.value FROM json_each(e.json, ?) m,
                     json_each(CASE m.type WHEN 'object' THEN m.value ELSE '{{}}' END, ?) v
                     WHERE typeof(m.key) = 'integer' AND {SCALAR}"
                ));
            } else {
                params.push(members);
                places.push(format!("SELECT v.value FROM json_each(e.json, ?) v WHERE {SCALAR}"));
            }
        }
        let places = places.join(" UNION ALL ");
        let expression = format!("(SELECT json_group_array(DISTINCT value) FROM ({places}))");
        Self { expression, params, each: true }
    }

    /// A JSON array of values an event.
    #[must_use]
    pub fn each(expression: impl Into<String>) -> Self {
        Self { each: true, ..Self::of(expression) }
    }
}
