//! A query as a condition of SQLite, with every text of the user as a parameter.
//!
//! The condition stands behind `WHERE`, over a table with the alias `e` that has a column `json`, and for each
//! facet with a [`Column`] that column. It is true exactly for the rows whose JSON the
//! [`Matcher`](super::Matcher) takes. [`register`](super::register) gives a connection the functions in it.

use std::ops::Bound;

use ipnet::IpNet;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::{
    Column, Number,
    field::Path,
    plan::{Check, Look, Plan},
};
use crate::config::network_text;

/// A condition over a table that is called `e`. What a person typed stands in `params`, never in `clause`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sql {
    /// An expression with a `?` for each parameter; put it in parentheses. Empty: anything.
    pub clause: String,
    /// Values, in the order of their `?`.
    pub params: Vec<SqlValue>,
}

impl Sql {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// A condition.
    #[must_use]
    pub fn new(clause: impl Into<String>, params: impl IntoIterator<Item = SqlValue>) -> Self {
        Self { clause: clause.into(), params: params.into_iter().collect() }
    }

    /// It in parentheses; `TRUE` for anything.
    pub(crate) fn text(&self) -> String {
        if self.clause.trim().is_empty() { "TRUE".to_owned() } else { format!("({})", self.clause) }
    }
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// Any number.
    Real(f64),
    /// Text.
    Text(String),
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Integer(integer) => ToSqlOutput::from(*integer),
            Self::Real(real) => ToSqlOutput::from(*real),
        })
    }
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for SqlValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<Number> for SqlValue {
    fn from(number: Number) -> Self {
        match number {
            Number::Integer(integer) => Self::Integer(integer),
            Number::Real(real) => Self::Real(real),
        }
    }
}

pub(super) fn write(plan: &Plan) -> Sql {
    let mut writer = Writer { clause: String::new(), params: Vec::new() };
    writer.plan(plan);
    Sql { clause: writer.clause, params: writer.params }
}

struct Writer {
    clause: String,
    params: Vec<SqlValue>,
}

impl Writer {
    fn add(&mut self, clause: &str) {
        self.clause.push_str(clause);
    }

    fn bind(&mut self, value: impl Into<SqlValue>) {
        self.clause.push('?');
        self.params.push(value.into());
    }

    fn text(&mut self, text: impl Into<String>) {
        self.bind(SqlValue::Text(text.into()));
    }

    /// As deep as the query.
    fn plan(&mut self, plan: &Plan) {
        match plan {
            Plan::All => self.add("TRUE"),
            Plan::Not(inner) => {
                // What a row has not is NULL, and so is its negation: both have to be false and true.
                self.add("NOT ifnull(");
                self.plan(inner);
                self.add(", FALSE)");
            }
            Plan::And(parts) => self.join(parts, " AND "),
            Plan::Or(parts) => self.join(parts, " OR "),
            Plan::Some(look) => self.look(look),
        }
    }

    fn join(&mut self, parts: &[Plan], between: &str) {
        self.add("(");
        for (at, part) in parts.iter().enumerate() {
            self.add(if at > 0 { between } else { "" });
            self.plan(part);
        }
        self.add(")");
    }

    fn look(&mut self, look: &Look) {
        match look.column {
            Some(Column { name, list: false }) => return self.column(&format!("e.{name}"), &look.check),
            Some(Column { name, list: true }) => {
                match &look.check {
                    // What has none may be NULL, which is not equal to anything either.
                    Check::Present => return self.add(&format!("e.{name} <> '[]'")),
                    Check::Equal(text) => {
                        self.add(&format!("picket_has(e.{name}, "));
                        self.text(&**text);
                        return self.add(")");
                    }
                    Check::Like(pattern, _) => {
                        self.add(&format!("picket_has_like(e.{name}, "));
                        self.text(pattern.escaped());
                        return self.add(")");
                    }
                    _ => (),
                }
                self.add(&format!("EXISTS (SELECT 1 FROM json_each(e.{name}) v WHERE "));
                self.value(&look.check);
                return self.add(")");
            }
            None => (),
        }
        self.add("(");
        for (at, field) in look.fields.iter().enumerate() {
            self.add(if at > 0 { " OR " } else { "" });
            self.field(&field.path, &look.check);
        }
        self.add(")");
    }

    /// A scalar of the kind that its facet says, or NULL.
    fn column(&mut self, column: &str, check: &Check) {
        match check {
            Check::Present => self.add(&format!("{column} IS NOT NULL")),
            Check::Equal(text) => {
                self.add(&format!("{column} = "));
                self.text(&**text);
                self.add(" COLLATE NOCASE");
            }
            Check::In(network) => self.network(column, *network),
            Check::Is(flag) => {
                self.add(&format!("{column} = "));
                self.bind(SqlValue::Integer((*flag).into()));
            }
            Check::Within(from, to) => self.within(column, *from, *to),
            Check::Like(pattern, _) => {
                self.add(&format!("picket_like({column}, "));
                self.text(pattern.escaped());
                self.add(")");
            }
            // Columns have a kind, so nothing is compared as it is written.
            Check::Written { .. } => self.add("FALSE"),
        }
    }

    /// An index takes a single address, and the text that all addresses of an IPv4 network begin with.
    fn network(&mut self, column: &str, network: IpNet) {
        if network.prefix_len() == network.max_prefix_len() {
            self.add(&format!("{column} = "));
            return self.text(network.addr().to_string());
        }
        self.add("(");
        if let IpNet::V4(v4) = network
            && v4.prefix_len() >= 8
        {
            let octets = v4.network().octets();
            let whole = octets.iter().take(usize::from(v4.prefix_len() / 8));
            let start = whole.map(|octet| format!("{octet}.")).collect::<String>();
            self.add(&format!("{column} >= "));
            self.text(start.as_str());
            self.add(&format!(" AND {column} < "));
            // The character behind the dot.
            self.text(format!("{}/", start.trim_end_matches('.')));
            self.add(" AND ");
        }
        self.add(&format!("picket_in_network({column}, "));
        self.text(network_text(network));
        self.add("))");
    }

    fn within(&mut self, value: &str, from: Bound<Number>, to: Bound<Number>) {
        let (from, to) = match (from, to) {
            (Bound::Included(from), Bound::Included(to)) if from == to => {
                self.add(&format!("{value} = "));
                return self.bind(from);
            }
            (Bound::Unbounded, Bound::Unbounded) => return self.add(&format!("{value} IS NOT NULL")),
            ends => ends,
        };
        let signs = [(from, ">", ">="), (to, "<", "<=")];
        let mut and = "(";
        for (bound, excluded, included) in signs {
            let (sign, number) = match bound {
                Bound::Included(number) => (included, number),
                Bound::Excluded(number) => (excluded, number),
                Bound::Unbounded => continue,
            };
            self.add(&format!("{and}{value} {sign} "));
            self.bind(number);
            and = " AND ";
        }
        self.add(")");
    }

    fn field(&mut self, path: &Path, check: &Check) {
        match path.list() {
            None => self.values("e.json", path, check),
            Some(list) => {
                self.add("EXISTS (SELECT 1 FROM json_each(e.json, ");
                self.text(sql_path([list].into_iter()));
                // Only a list's entries have numbers for keys, and only objects have members.
                self.add(") m WHERE typeof(m.key) = 'integer' AND ");
                self.values("CASE m.type WHEN 'object' THEN m.value ELSE '{}' END", path, check);
                self.add(")");
            }
        }
    }

    /// A scalar, or a list's entries; the members of an object have texts for keys.
    fn values(&mut self, json: &str, path: &Path, check: &Check) {
        let path = sql_path(path.names());
        if matches!(check, Check::Present) {
            self.add(&format!("(json_type({json}, "));
            self.text(path.as_str());
            self.add(") = 'object' OR ");
        }
        self.add(&format!("EXISTS (SELECT 1 FROM json_each({json}, "));
        self.text(path);
        self.add(") v WHERE typeof(v.key) <> 'text' AND ");
        self.value(check);
        self.add(")");
        if matches!(check, Check::Present) {
            self.add(")");
        }
    }

    fn value(&mut self, check: &Check) {
        const NUMBER: &str = "v.type IN ('integer', 'real') AND ";
        match check {
            Check::Present => self.add("v.type NOT IN ('null', 'array')"),
            Check::Equal(text) => self.equal(text),
            Check::Like(pattern, _) => {
                self.add("v.type = 'text' AND picket_like(v.value, ");
                self.text(pattern.escaped());
                self.add(")");
            }
            Check::Within(from, to) => {
                self.add(NUMBER);
                self.within("v.value", *from, *to);
            }
            Check::Is(flag) => {
                self.add("v.type = ");
                self.text(flag.to_string());
            }
            Check::In(network) => {
                self.add("v.type = 'text' AND picket_in_network(v.value, ");
                self.text(network_text(*network));
                self.add(")");
            }
            Check::Written { text, number, flag } => {
                self.add("(");
                self.equal(text);
                if let Some(number) = number {
                    self.add(" OR ");
                    self.add(NUMBER);
                    self.add("v.value = ");
                    self.bind(*number);
                }
                if let Some(flag) = flag {
                    self.add(" OR v.type = ");
                    self.text(flag.to_string());
                }
                self.add(")");
            }
        }
    }

    fn equal(&mut self, text: &str) {
        self.add("v.type = 'text' AND v.value = ");
        self.text(text);
        self.add(" COLLATE NOCASE");
    }
}

/// Names of facets have no quotes and no backslashes: see `parse::is_name`.
fn sql_path<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.fold("$".to_owned(), |path, name| format!("{path}.\"{name}\""))
}
