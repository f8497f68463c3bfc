//! The matcher and SQLite take the same events, whatever is in them.

use std::cell::Cell;

use proptest::{prelude::*, test_runner::TestRunner};
use rusqlite::{Connection, params_from_iter, types::Value as Stored};
use serde_json::Value as Json;

use super::samples;
use crate::query::{Column, EVENTS, Facet, Facets, Fields, Kind, Query, SIGNALS, Sql, Value, register};

/// Columns with the facet whose values they have. Whether there is any is asked of the same column.
fn columns(facets: &Facets) -> impl Iterator<Item = (&'static Facet, Column)> {
    let rows = facets.rows.iter().filter_map(|row| Some((row, row.column?)));
    rows.filter(|(row, column)| row.kind != Kind::Object || !column.list)
}

/// A table as the store has it: the JSON, and a column for each facet that has one.
fn table(facets: &Facets) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    register(&connection).unwrap();
    let columns: Vec<_> = columns(facets).map(|(_, column)| column.name).collect();
    connection.execute_batch(&format!("CREATE TABLE things (json TEXT, {})", columns.join(", "))).unwrap();
    connection
}

fn store(connection: &Connection, facets: &Facets, json: &Json) {
    let mut values = vec![Stored::Text(json.to_string())];
    for (row, column) in columns(facets) {
        let mut found = Vec::new();
        for field in row.found().fields {
            json.each(&field, &mut |value| {
                found.push(match value {
                    Value::Text(text) => Json::from(text),
                    Value::Number(number) => serde_json::from_str(&number.to_string()).unwrap(),
                    Value::Flag(flag) => Json::from(i64::from(flag)),
                    Value::Object => Json::from(1),
                    Value::Address(_) => panic!("JSON has none"),
                });
            });
        }
        assert!(
            row.kind != Kind::Any && (column.list || found.len() < 2 || row.kind == Kind::Object),
            "{}",
            row.name()
        );
        values.push(match (column.list, found.pop()) {
            (true, last) => {
                found.extend(last);
                Stored::Text(Json::from(found).to_string())
            }
            (false, None) => Stored::Null,
            (false, Some(Json::String(text))) => Stored::Text(text),
            (false, Some(number)) => Stored::Integer(number.as_i64().unwrap()),
        });
    }
    let marks = vec!["?"; values.len()].join(", ");
    let sql = format!("INSERT INTO things VALUES ({marks})");
    connection.prepare_cached(&sql).unwrap().execute(params_from_iter(values)).unwrap();
}

/// Rows that a condition takes, from 1.
fn found(connection: &Connection, sql: &Sql) -> Vec<i64> {
    let text = format!("SELECT rowid FROM things e WHERE ({}) ORDER BY rowid", sql.clause);
    let mut statement =
        connection.prepare(&text).unwrap_or_else(|error| panic!("{error}\n{text}\n{:?}", sql.params));
    let rows = statement.query_map(params_from_iter(&sql.params), |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}\n{text}\n{:?}", sql.params))
}

fn compare(connection: &Connection, facets: &'static Facets, things: &[Json], text: &str) -> usize {
    let query = Query::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let matcher = query.matcher(facets).unwrap_or_else(|error| panic!("{error}"));
    let sql = matcher.to_sql();
    assert_eq!(sql.clause.matches('?').count(), sql.params.len(), "{}", sql.clause);
    let stored = found(connection, &sql);
    for (number, thing) in (1..).zip(things) {
        let live = matcher.matches(thing);
        assert_eq!(live, stored.contains(&number), "{text}\n{}\n{:?}\n{thing}", sql.clause, sql.params);
    }
    stored.len()
}

#[test]
fn prop_stored_and_live_events_are_found_alike() {
    const EVENTS_EACH: usize = 12;
    const QUERIES_EACH: usize = 24;
    let (taken, asked) = (Cell::new(0), Cell::new(0));
    let strategy = (
        prop::collection::vec(samples::event(), EVENTS_EACH),
        prop::collection::vec(samples::query(), QUERIES_EACH),
    );
    let mut runner = TestRunner::default();
    runner
        .run(&strategy, |(events, queries)| {
            let connection = table(&EVENTS);
            events.iter().for_each(|event| store(&connection, &EVENTS, event));
            for query in queries {
                taken.set(taken.get() + compare(&connection, &EVENTS, &events, &query));
                asked.set(asked.get() + EVENTS_EACH);
            }
            Ok(())
        })
        .unwrap();
    let (taken, asked) = (taken.get(), asked.get());
    assert!(asked >= 256 * EVENTS_EACH * QUERIES_EACH, "{asked}");
    // Queries that take nothing or everything would agree on anything.
    assert!(taken > asked / 10 && taken < asked * 9 / 10, "{taken} of {asked}");
}

#[test]
fn signals_are_found_alike() {
    let signals: Vec<Json> = [
        r#"{"id":"1","rule":"picket-brute","title":"Brute force","message":"m","severity":"high","status":"open",
            "actors":["203.0.113.7","2001:db8::1"],"users":["42"],"services":["shop","api"],"tags":["tactic:a"],
            "counts":{"events":7},"group":{"client_ip":"203.0.113.7"}}"#,
        r#"{"id":"2","rule":"picket-xss","title":"XSS","message":"m","severity":"LOW","status":"archived",
            "assignee":"jo","case":"C-1","actors":[],"tags":[],"counts":{"events":700}}"#,
    ]
    .into_iter()
    .map(|text| serde_json::from_str(text).unwrap())
    .collect();
    let connection = table(&SIGNALS);
    signals.iter().for_each(|signal| store(&connection, &SIGNALS, signal));
    let vectors = [
        ("", 2),
        ("severity:low", 1),
        ("severity:(low OR high)", 2),
        ("-severity:low", 1),
        ("status:open service:shop", 1),
        ("service:(shop OR api)", 1),
        ("-service:*", 1),
        ("client_ip:203.0.113.0/24", 1),
        ("client_ip:2001:db8::/32 user.id:42", 1),
        ("assignee:*", 1),
        ("-assignee:jo", 1),
        ("case:c-?", 1),
        ("tags:tactic*", 1),
        ("@events:>=700", 1),
        ("@group.client_ip:203.0.113.7", 1),
        ("brute", 1),
        ("\"203.0.113\"", 1),
        ("@title:x*", 1),
    ];
    let mut ran = 0;
    for (text, count) in vectors {
        assert_eq!(compare(&connection, &SIGNALS, &signals, text), count, "{text}");
        ran += 1;
    }
    assert_eq!(ran, 18);
}

#[test]
fn nothing_a_person_types_is_in_the_clause() {
    let text = r#"@a'b:x"#;
    assert!(Query::parse(text).is_err(), "a quote in a name");
    let nasty = r#"user.id:"'; DROP TABLE events; --" @x.y:"') OR 1=1 --" "evil' text" @path:evil*' client_ip:10.0.0.0/8"#;
    let sql = Query::parse(nasty).unwrap().to_sql(&EVENTS).unwrap();
    for piece in ["'; DROP", "1=1", "evil", "x.y", "\"x\"", "10."] {
        assert!(!sql.clause.contains(piece), "{piece} in {}", sql.clause);
    }
    assert!(found(&table(&EVENTS), &sql).is_empty());
}

#[test]
fn an_address_is_found_by_its_index() {
    let connection = table(&EVENTS);
    connection.execute_batch("CREATE INDEX by_client ON things (client_ip)").unwrap();
    let vectors = [
        ("client_ip:203.0.113.7", true),
        ("client_ip:203.0.113.0/24", true),
        ("client_ip:203.0.112.0/22 @path:/x", true),
        ("client_ip:2001:db8::1", true),
        ("client_ip:(203.0.113.7 OR 10.0.0.1)", true),
        ("-client_ip:203.0.113.7", false),
        ("peer_ip:203.0.113.7", false),
    ];
    let mut ran = 0;
    for (text, indexed) in vectors {
        let sql = Query::parse(text).unwrap().to_sql(&EVENTS).unwrap();
        let plan = format!("EXPLAIN QUERY PLAN SELECT rowid FROM things e WHERE {}", sql.clause);
        let mut statement = connection.prepare(&plan).unwrap();
        let rows = statement.query_map(params_from_iter(&sql.params), |row| row.get(3)).unwrap();
        let plan: Vec<String> = rows.collect::<Result<_, _>>().unwrap();
        assert_eq!(plan.iter().any(|step| step.contains("SEARCH e USING")), indexed, "{text}: {plan:?}");
        ran += 1;
    }
    assert_eq!(ran, 7);
}
