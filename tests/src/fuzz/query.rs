//! A query, checked, written, and asked of an event.

use std::sync::LazyLock;

use picket::{
    event::Event,
    query::{EVENTS, Query, SIGNALS},
};
use serde_json::Value;

static EVENT: LazyLock<(Event, Value)> = LazyLock::new(|| {
    let text = include_str!("../../data/query/event.json");
    let event: Event = serde_json::from_str(text).expect("an event");
    let json = serde_json::from_str(&event.json_line()).expect("its JSON");
    (event, json)
});

/// A text is a query or an error inside it. A query that is written reads as the same one. One that fits events
/// gives the same for the struct and for its JSON, and SQL with as many parameters as it names. Completion takes
/// any place in it.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let chars = text.chars().count();
    for column in [1, chars / 2, chars + 1] {
        let completions = Query::complete(&text, column, &EVENTS);
        assert!(completions.column >= 1 && completions.column + completions.length <= chars + 2);
    }
    let query = match Query::parse(&text) {
        Ok(query) => query,
        Err(error) => {
            assert!(error.column >= 1 && error.column + error.length <= chars + 2, "{error}");
            assert!(!error.to_string().chars().any(|c| c.is_control() && c != '\n'), "{error:?}");
            return;
        }
    };
    let written = query.to_string();
    // Escapes may make it longer than a query may be.
    if written.len() <= picket::limits::QUERY_BYTES {
        assert_eq!(Query::parse(&written).as_ref(), Ok(&query), "{written}");
    }
    let (event, json) = &*EVENT;
    for facets in [&EVENTS, &SIGNALS] {
        match query.matcher(facets) {
            Err(error) => assert!(error.column >= 1 && error.column + error.length <= chars + 2, "{error}"),
            Ok(matcher) => {
                let sql = matcher.to_sql();
                assert_eq!(sql.clause.matches('?').count(), sql.params.len(), "{}", sql.clause);
                assert_eq!(query.check(facets), Ok(()));
                if std::ptr::eq(facets, &EVENTS) {
                    assert_eq!(matcher.matches(event), matcher.matches(json), "{written}");
                }
            }
        }
    }
}
