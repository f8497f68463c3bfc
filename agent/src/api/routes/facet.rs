//! Values of facets and how many have them.

use serde::Serialize;

use super::{
    answer::since,
    params::{Params, bad},
    short,
};
use crate::{
    api::{
        ApiError,
        types::{FacetCount, FacetValue, FacetView, List},
    },
    query::{Column, Facets, Field, Kind, Query},
    store::{self, read::Reach, sql::FacetExpression},
};

/// A facet that is counted by.
#[derive(Clone, Debug)]
pub(super) struct Facet {
    /// As it was asked for.
    pub name: String,
    kind: Kind,
    pub expression: FacetExpression,
}

impl Facet {
    /// Finds a facet by its name.
    pub fn find(name: &str, facets: &'static Facets) -> Result<Self, ApiError> {
        if facets.find(name).is_ok_and(|found| matches!(found.kind, Kind::Time | Kind::Object)) {
            return Err(bad(format!("facet: {} has no values to count", short(name)))
                .hint("a timeline counts by time"));
        }
        // The language says what a name is; nothing else becomes a path in JSON.
        let probe = Query::parse(&format!("{name}:*")).and_then(|query| query.matcher(facets));
        let mut known = facets.rows.iter().map(|row| row.name());
        let found = facets.find(name).ok().filter(|_| probe.is_ok() && is_name(name));
        let Some(found) = found else {
            let near = facets.find(name).err().flatten().map(|near| format!("did you mean {near}?"));
            let expected = known.by_ref().collect::<Vec<_>>().join(", ");
            return Err(bad(format!("facet: {} have no facet {:?}", facets.things, short(name)))
                .hint(near.unwrap_or_else(|| format!("expected one of {expected}"))));
        };
        let expression = match found.column {
            Some(Column { name, list: true }) => FacetExpression::each(format!("e.{name}")),
            Some(Column { name, list: false }) => FacetExpression::of(format!("e.{name}")),
            None => in_json(&found.fields),
        };
        Ok(Self { name: name.to_owned(), kind: found.kind, expression })
    }

    /// A value as it is shown.
    pub fn shown(&self, value: store::read::FacetValue) -> FacetValue {
        match (value, self.kind) {
            (store::read::FacetValue::Integer(flag @ (0 | 1)), Kind::Flag | Kind::Mark) => {
                FacetValue::Text((flag == 1).to_string())
            }
            (store::read::FacetValue::Integer(number), _) => FacetValue::Number(number),
            (store::read::FacetValue::Text(text), _) => FacetValue::Text(text),
        }
    }

    pub fn counts(&self, values: Vec<(store::read::FacetValue, i64)>) -> Vec<FacetCount> {
        let values = values.into_iter();
        values
            .map(|(value, count)| FacetCount { value: self.shown(value), count: super::answer::count(count) })
            .collect()
    }
}

/// Facets that one request asks for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    One(Facet),
    Several(Vec<Facet>),
}

/// Facets of a request at most.
const FACETS: usize = 20;

impl Asked {
    /// `facet=`, or `facets=` with names between commas.
    pub fn read(params: &Params, example: &str, facets: &'static Facets) -> Result<Self, ApiError> {
        if params.text("facet").is_some() && params.text("facets").is_some() {
            return Err(bad("expected exactly one of facet and facets"));
        }
        match params.names("facets", FACETS)? {
            None => Ok(Self::One(Facet::find(params.needed("facet", example)?, facets)?)),
            Some(names) => {
                let found = names.into_iter().map(|name| Facet::find(name, facets));
                found.collect::<Result<_, _>>().map(Self::Several)
            }
        }
    }

    fn all(&self) -> &[Facet] {
        match self {
            Self::One(facet) => std::slice::from_ref(facet),
            Self::Several(facets) => facets,
        }
    }

    pub fn expressions(&self) -> Vec<&FacetExpression> {
        self.all().iter().map(|facet| &facet.expression).collect()
    }

    /// What was found of each, in their order.
    pub fn answer(&self, found: impl Iterator<Item = (Vec<(store::read::FacetValue, i64)>, Reach)>) -> Views {
        let view = |(facet, (values, reach)): (&Facet, (_, Reach))| FacetView {
            facet: facet.name.clone(),
            items: facet.counts(values),
            complete: reach.complete,
            since: since(reach),
        };
        let mut views: Vec<FacetView> = self.all().iter().zip(found).map(view).collect();
        match (self, views.pop()) {
            (Self::One(_), Some(view)) => Views::One(view),
            (_, last) => {
                views.extend(last);
                Views::Several(List { items: views, next: None })
            }
        }
    }
}

/// The answer: of one its view, of several a list.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Views {
    One(FacetView),
    Several(List<FacetView>),
}

/// Letters, digits and what joins them: no quotes and no brackets, which mean something in a path of JSON.
fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || "@._-".contains(c))
}

/// All values that lie at these places, as a JSON array.
fn in_json(fields: &[Field]) -> FacetExpression {
    let mut params = Vec::new();
    let mut parts = Vec::new();
    for field in fields {
        let path = path(field.path().names());
        let (from, value) = match field.path().list() {
            None => (String::new(), "e.json"),
            Some(list) => {
                params.push(self::path([list].into_iter()).as_str().into());
                (
                    ", json_each(e.json, ?) m".to_owned(),
                    "CASE m.type WHEN 'object' THEN m.value ELSE '{}' END",
                )
            }
        };
        params.push(path.as_str().into());
        // A list at the end stands for each of its entries; objects are no values.
        parts.push(format!(
            "SELECT CASE v.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE v.value END AS value
             FROM (SELECT 1){from}, json_each({value}, ?) v
             WHERE typeof(v.key) <> 'text' AND v.type NOT IN ('null', 'array', 'object')"
        ));
    }
    let all = parts.join(" UNION ALL ");
    FacetExpression {
        expression: format!("(SELECT json_group_array(value) FROM ({all}))"),
        params,
        each: true,
    }
}

fn path<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.fold("$".to_owned(), |path, name| format!("{path}.\"{name}\""))
}
