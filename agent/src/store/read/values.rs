//! Values of a facet, counted row by row.

use std::collections::HashMap;

use rusqlite::types::ValueRef;
use serde::Serialize;
use serde_json::Value;

use super::super::sql::FacetExpression;
use crate::limits;

/// A value of a facet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum FacetValue {
    /// A whole number.
    Integer(i64),
    /// Text, and what is neither.
    Text(String),
}

impl FacetValue {
    /// As SQLite has it; none: there is none.
    pub(super) fn of(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(Self::Integer(number)),
            ValueRef::Real(number) => Some(Self::Text(number.to_string())),
            ValueRef::Text(text) | ValueRef::Blob(text) => {
                Some(Self::Text(String::from_utf8_lossy(text).into_owned()))
            }
        }
    }

    /// Those of a JSON array, as SQLite's `json_each` has them.
    pub(super) fn of_list(list: &str) -> impl Iterator<Item = Self> {
        let list: Vec<Value> = serde_json::from_str(list).unwrap_or_default();
        list.into_iter().filter_map(|value| match value {
            Value::Null => None,
            Value::Bool(flag) => Some(Self::Integer(flag.into())),
            Value::Number(number) => Some(match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Self::Integer(number),
                (None, Some(number)) => Self::Text(number.to_string()),
                (None, None) => Self::Text(number.to_string()),
            }),
            Value::String(text) => Some(Self::Text(text)),
            other => Some(Self::Text(other.to_string())),
        })
    }
}

/// How often each value came.
pub(super) struct Values {
    /// Texts; where a row has a list of values, the lists as they are: there are few different ones.
    texts: HashMap<String, i64>,
    numbers: HashMap<i64, i64>,
    /// Where a row has a list: their entries, of lists that were taken apart already.
    entries: HashMap<FacetValue, i64>,
    is_list: bool,
    /// The text of the rows before, and how often it came: rows lie in the order of their columns.
    run: (String, i64),
    /// Nothing was left out.
    pub complete: bool,
}

impl Values {
    pub fn of(facet: &FacetExpression) -> Self {
        Self::new(facet.each)
    }

    fn new(is_list: bool) -> Self {
        Self {
            texts: HashMap::new(),
            numbers: HashMap::new(),
            entries: HashMap::new(),
            is_list,
            run: (String::new(), 0),
            complete: true,
        }
    }

    /// None yet, of the same facet.
    pub fn anew(&self) -> Self {
        Self::new(self.is_list)
    }

    /// Adds what a row has.
    pub fn add(&mut self, value: ValueRef<'_>, count: i64) {
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(number) => add(&mut self.numbers, &mut self.complete, number, count),
            ValueRef::Real(number) => self.add_text(&number.to_string(), count),
            ValueRef::Text(text) | ValueRef::Blob(text) => match std::str::from_utf8(text) {
                Ok(text) => self.add_text(text, count),
                Err(_) => self.add_text(&String::from_utf8_lossy(text), count),
            },
        }
    }

    fn add_text(&mut self, text: &str, count: i64) {
        if self.run.1 != 0 && self.run.0 == text {
            self.run.1 += count;
            return;
        }
        self.end_run();
        self.run.0.push_str(text);
        self.run.1 = count;
    }

    fn end_run(&mut self) {
        if self.run.1 == 0 {
            self.run.0.clear();
            return;
        }
        if let Some(known) = self.texts.get_mut(&self.run.0) {
            *known += self.run.1;
        } else {
            if self.is_list && self.texts.len() >= limits::STORE_FACET_LISTS {
                self.take_apart();
            }
            if self.texts.len() < limits::STORE_FACET_VALUES {
                self.texts.insert(self.run.0.clone(), self.run.1);
            } else {
                self.complete = false;
            }
        }
        self.run.0.clear();
        self.run.1 = 0;
    }

    fn take_apart(&mut self) {
        for (list, count) in std::mem::take(&mut self.texts) {
            for value in FacetValue::of_list(&list) {
                add(&mut self.entries, &mut self.complete, value, count);
            }
        }
    }

    /// Adds what others came to.
    pub fn merge(&mut self, mut other: Self) {
        other.end_run();
        if self.texts.is_empty() && self.numbers.is_empty() && self.entries.is_empty() && self.run.1 == 0 {
            other.complete &= self.complete;
            *self = other;
            return;
        }
        self.complete &= other.complete;
        for (text, count) in other.texts {
            self.add_text(&text, count);
        }
        for (number, count) in other.numbers {
            add(&mut self.numbers, &mut self.complete, number, count);
        }
        for (value, count) in other.entries {
            add(&mut self.entries, &mut self.complete, value, count);
        }
    }

    /// All values, in no order, and whether nothing was left out.
    pub fn finish(mut self) -> (Vec<(FacetValue, i64)>, bool) {
        self.end_run();
        if self.is_list {
            self.take_apart();
        }
        let numbers = self.numbers.into_iter().map(|(number, count)| (FacetValue::Integer(number), count));
        let texts = self.texts.into_iter().map(|(text, count)| (FacetValue::Text(text), count));
        let all = numbers.chain(texts).chain(self.entries);
        (all.filter(|(_, count)| *count > 0).collect(), self.complete)
    }
}

/// Adds to a value's count; a new one only while there is room.
fn add<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, i64>, complete: &mut bool, value: K, count: i64) {
    let room = counts.len() < limits::STORE_FACET_VALUES;
    match counts.entry(value) {
        std::collections::hash_map::Entry::Occupied(mut known) => *known.get_mut() += count,
        std::collections::hash_map::Entry::Vacant(new) if room => drop(new.insert(count)),
        std::collections::hash_map::Entry::Vacant(_) => *complete = false,
    }
}

/// The most frequent first; of those that are as frequent, in the order of values.
pub(super) fn order(a: &(FacetValue, i64), b: &(FacetValue, i64)) -> std::cmp::Ordering {
    b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0))
}

/// The first ones in this order, behind `after`.
pub(super) fn first(
    mut values: Vec<(FacetValue, i64)>,
    limit: usize,
    after: Option<&(FacetValue, i64)>,
) -> Vec<(FacetValue, i64)> {
    if let Some(after) = after {
        values.retain(|value| order(value, after).is_gt());
    }
    if limit < values.len() && limit > 0 {
        values.select_nth_unstable_by(limit, order);
    }
    values.truncate(limit);
    values.sort_unstable_by(order);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_lists_and_parts_come_to_the_same() {
        let lists = ["[\"a\",\"b\"]", "[\"a\"]", "[]", "[1,2.5,true,null,{\"x\":[]}]", "no JSON"];
        let mut whole = Values::new(true);
        for part in 0..3 {
            let mut values = whole.anew();
            for list in lists {
                values.add(ValueRef::Text(list.as_bytes()), 1);
                values.add(ValueRef::Text(list.as_bytes()), part);
                values.add(ValueRef::Null, 7);
            }
            if part == 1 {
                values.take_apart();
            }
            whole.merge(values);
        }
        let (mut values, complete) = whole.finish();
        values.sort();
        let text = |text: &str| FacetValue::Text(text.to_owned());
        let expected = [
            (FacetValue::Integer(1), 12),
            (text("2.5"), 6),
            (text("a"), 12),
            (text("b"), 6),
            (text("{\"x\":[]}"), 6),
        ];
        assert!(complete);
        assert_eq!(values, expected);
    }
}
