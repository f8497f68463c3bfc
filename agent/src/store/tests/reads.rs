//! Facets, counts and timelines: what they give is what a plain query gives, from rollups or not.

use super::*;
use crate::store::{
    read::{Between, FacetValue, Reader, Series},
    sql::{FacetExpression, Sql},
};

/// Conditions, and whether a rollup answers them: not where an index finds the few events there are.
fn conditions() -> Vec<(Sql, bool)> {
    let network = "203.0.113.4";
    vec![
        (Sql::all(), true),
        (Sql::new("e.service = ?", ["shop".into()]), true),
        (Sql::new("e.service = ? AND NOT e.status >= ?", ["shop".into(), 500.into()]), true),
        (Sql::new("e.status IS NULL", []), true),
        (Sql::new("instr(e.types, ?) > 0", ["\"sqli\"".into()]), true),
        (Sql::new("e.attack IS NOT NULL", []), true),
        (Sql::new("instr(e.rules, ?) > 0", ["\"sqli-2\"".into()]), true),
        (Sql::new("e.client_ip = ?", [network.into()]), false),
        (Sql::new("e.user_id IS NOT NULL OR e.client_ip = ?", [network.into()]), false),
        (Sql::new("e.user_id = ? COLLATE NOCASE", ["USER1".into()]), false),
        (Sql::new("e.user_id IS NOT NULL AND instr(e.business, ?) > 0", ["failure".into()]), false),
        (Sql::new("e.path GLOB ?", ["/p1*".into()]), true),
        (Sql::new("e.path = ? AND e.client_ip != ?", ["/p3".into(), network.into()]), false),
        (Sql::new("json_extract(e.json, '$.path') = ?", ["/p3".into()]), false),
        (Sql::new("e.service = ?", ["nobody".into()]), false),
        (Sql::new("e.id > ? AND e.method = ?", [id(100).to_string().as_str().into(), "GET".into()]), false),
    ]
}

fn facets() -> Vec<FacetExpression> {
    let plain = [
        "e.service",
        "e.status",
        "e.client_ip",
        "e.path",
        "e.user_id",
        "e.blocked",
        "json_extract(e.json, '$.method')",
    ];
    plain
        .into_iter()
        .map(FacetExpression::of)
        .chain(["e.types", "e.rules"].map(FacetExpression::each))
        .collect()
}

fn stretches() -> Vec<Between> {
    vec![
        Between::any(),
        Between { from: Some(START + 5 * HOUR + 7), to: None },
        Between::new(START + HOUR / 2, START + 50 * HOUR + 1),
        Between::new(START + 24 * HOUR, START + 48 * HOUR),
        Between::new(START + 10 * SECOND, START + 20 * SECOND),
        Between::new(START + HOUR, START),
    ]
}

/// The same from the events alone, grouped by SQLite.
fn plainly(
    db: &Connection,
    condition: &Sql,
    facet: &FacetExpression,
    between: Between,
) -> Vec<(FacetValue, i64)> {
    let (key, join) = if facet.each {
        ("v.value".to_owned(), format!(", json_each({}) v", facet.expression))
    } else {
        (facet.expression.clone(), String::new())
    };
    let clause = condition.text();
    let (from, to) = (between.from.unwrap_or(0), between.to.unwrap_or(i64::MAX));
    let text = format!(
        "SELECT {key} AS k, count(*) FROM events e{join} WHERE {clause} AND e.time >= {from} AND e.time < {to}
         AND k IS NOT NULL GROUP BY k"
    );
    let mut statement = db.prepare(&text).unwrap();
    let rows = statement.query_map(rusqlite::params_from_iter(&condition.params), |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => (FacetValue::Integer(number), row.get(1)?),
            _ => (FacetValue::Text(row.get(0)?), row.get(1)?),
        })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn facets_counts_and_timelines_are_those_of_the_events() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..4500);
    let (db, reader) = (raw(directory.path()), store.reader());
    let mut compared = 0;
    for (condition, _) in conditions() {
        for between in stretches() {
            for facet in facets() {
                let got = reader.facet(&condition, &facet, between, 1000).unwrap();
                assert!(got.reach.complete);
                assert!(got.values.is_sorted_by(|a, b| a.1 >= b.1));
                let mut values = got.values;
                values.sort();
                let mut expected = plainly(&db, &condition, &facet, between);
                expected.sort();
                assert_eq!(values, expected, "{condition:?} {facet:?} {between:?}");
                compared += 1;
            }
            let all = plainly(&db, &condition, &FacetExpression::of("1"), between);
            let all = all.first().map_or(0, |(_, count)| *count);
            assert_eq!(reader.count(&condition, between).unwrap().count, all);
            let together: Vec<FacetExpression> = facets();
            let found = reader.facets(&condition, &together.iter().collect::<Vec<_>>(), between, 5).unwrap();
            assert_eq!(found.len(), together.len());
            for (facet, found) in together.iter().zip(found) {
                assert_eq!(
                    found,
                    reader.facet(&condition, facet, between, 5).unwrap(),
                    "{condition:?} {facet:?}"
                );
            }
            let line = reader.timeline(&condition, between, 30, None).unwrap();
            let width = line.width;
            let expected: Vec<(i64, i64)> = plainly(
                &db,
                &condition,
                &FacetExpression::of(format!("e.time / {width} * {width}")),
                between,
            )
            .into_iter()
            .map(|(start, count)| match start {
                FacetValue::Integer(start) => (start, count),
                FacetValue::Text(text) => panic!("{text}"),
            })
            .collect();
            assert_eq!(line.points, expected, "{condition:?} {between:?}");
            assert!(line.points.len() <= 32);
            for facet in [FacetExpression::each("e.types"), FacetExpression::of("e.client_ip")] {
                let by = reader.timeline(&condition, between, 30, Some((&facet, 3))).unwrap();
                assert_eq!((by.width, &by.points), (width, &line.points));
                let most = reader.facet(&condition, &facet, between, 3).unwrap().values;
                let sums: Vec<(FacetValue, i64)> =
                    by.series.iter().map(|of| (of.value.clone(), sum(&of.points))).collect();
                assert_eq!(sums, most, "{condition:?} {facet:?} {between:?}");
                for Series { value, points } in by.series {
                    let start = FacetExpression::of(format!("e.time / {width} * {width}"));
                    let narrower = with(&condition, &facet, &value);
                    let expected = plainly(&db, &narrower, &start, between);
                    let points: Vec<(FacetValue, i64)> = points
                        .into_iter()
                        .map(|(start, count)| (FacetValue::Integer(start), count))
                        .collect();
                    assert_eq!(points, expected, "{narrower:?} {between:?}");
                }
            }
        }
    }
    assert_eq!(compared, 16 * 6 * 9);
}

fn sum(points: &[(i64, i64)]) -> i64 {
    points.iter().map(|(_, count)| count).sum()
}

/// A condition, and that a facet has a value.
fn with(condition: &Sql, facet: &FacetExpression, value: &FacetValue) -> Sql {
    let FacetValue::Text(value) = value else { panic!("{value:?}") };
    let own = if facet.each {
        format!("EXISTS (SELECT 1 FROM json_each({}) WHERE value = ?)", facet.expression)
    } else {
        format!("{} = ?", facet.expression)
    };
    let params = condition.params.iter().cloned().chain([value.as_str().into()]);
    Sql::new(format!("({}) AND {own}", condition.text()), params)
}

#[test]
fn a_timeline_by_what_has_too_many_values_is_drawn_in_two_goes() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..1500);
    let facet = FacetExpression::of("e.client_ip");
    let line = |held| {
        let by = Some((&facet, 3));
        store.reader().timeline_holding(&Sql::all(), Between::any(), 30, by, held).unwrap()
    };
    let (roomy, crowded) = (line(usize::MAX), line(10));
    assert_eq!(roomy.series.len(), 3);
    assert_eq!(roomy, crowded);
}

#[test]
fn a_timeline_is_cut_as_the_time_that_was_asked_for() {
    const DAY: i64 = 86_400_000_000_000;
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..100);
    let asked = |between| store.reader().timeline(&Sql::all(), between, 100, None).unwrap();
    let own = asked(Between::any()).width;
    assert_eq!(asked(Between::new(START, START + DAY)).width, 3_600_000_000_000);
    assert!(own < 3_600_000_000_000, "{own}: without a start or an end, of what there is");
    assert_eq!(asked(Between { from: Some(i64::MIN), to: None }).points.len(), 1);
    assert!(asked(Between { from: Some(i64::MAX), to: Some(0) }).points.is_empty());
}

#[test]
fn the_most_impatient_question_gives_the_newest() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..4500);
    let newest = raw(directory.path())
        .query_row("SELECT max(time) FROM event_facts", [], |row| row.get::<_, i64>(0))
        .unwrap();
    let reader = store.reader().with_patience(std::time::Duration::ZERO);
    let mut asked = 0;
    for between in [Between::any(), Between { from: Some(START + HOUR / 2), to: None }] {
        for facet in facets() {
            let found = reader.facet(&Sql::all(), &facet, between, 10).unwrap();
            assert!(found.reach.complete || found.reach.since <= newest, "{facet:?} {:?}", found.reach);
            assert!(found.reach.since > START || found.reach.complete);
            let counted = store.reader().facet(
                &Sql::all(),
                &facet,
                Between { from: Some(found.reach.since), to: None },
                10,
            );
            assert_eq!(found.values, counted.unwrap().values, "{facet:?} {between:?}");
            asked += 1;
        }
        let line = reader.timeline(&Sql::all(), between, 5, None).unwrap();
        assert!(!line.points.is_empty(), "{line:?}");
    }
    assert_eq!(asked, 18);
}

#[test]
fn the_top_of_a_facet_is_its_top() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..600);
    let facet = FacetExpression::of("e.path");
    let all = store.reader().facet(&Sql::all(), &facet, Between::any(), 100).unwrap().values;
    for limit in [0, 1, 5, 13, 14] {
        let top = store.reader().facet(&Sql::all(), &facet, Between::any(), limit).unwrap().values;
        assert_eq!(top, all[..limit.min(all.len())]);
    }
    assert_eq!(all.len(), 13);
}

#[test]
fn pages_under_a_condition_have_what_fits() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..2000);
    let (db, reader) = (raw(directory.path()), store.reader());
    let mut compared = 0;
    for (condition, _) in conditions() {
        for between in stretches() {
            let (mut times, mut after) = (Vec::new(), None);
            loop {
                let page = reader.events(&condition, between, 97, after.as_ref()).unwrap();
                times.extend(page.rows.iter().map(|event| FacetValue::Integer(event.time)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            times.reverse();
            let expected = plainly(&db, &condition, &FacetExpression::of("e.time"), between);
            let expected: Vec<FacetValue> = expected.into_iter().map(|(time, _)| time).collect();
            assert_eq!(times, expected, "{condition:?} {between:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 96);
}

/// Whether SQLite finds what a condition needs in a rollup.
#[test]
fn rollups_answer_what_they_can_and_nothing_else() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..100);
    // Without its events, what is answered comes from a rollup.
    raw(directory.path())
        .execute_batch(
            "DELETE FROM event_facts WHERE time > (SELECT min(time) FROM event_facts)
        AND time < (SELECT max(time) FROM event_facts)",
        )
        .unwrap();
    let mut answered = 0;
    for (condition, from_rollup) in conditions() {
        let count = store.reader().count(&condition, Between::new(START, START + HOUR)).unwrap().count;
        assert_eq!(count > 2, from_rollup, "{condition:?}: {count}");
        answered += 1;
    }
    assert_eq!(answered, 16);
}

/// What the rollup of everything has nothing of is not looked for anywhere else.
#[test]
fn that_there_is_nothing_is_known_at_once() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..100);
    let (all, reader) = (Between::any(), store.reader());
    let shop = Sql::new("e.service = ? AND e.attack IS NOT NULL", ["shop".into()]);
    let clients = FacetExpression::of("e.client_ip");
    assert!(!reader.facet(&shop, &clients, all, 10).unwrap().values.is_empty());
    raw(directory.path())
        .execute_batch("DELETE FROM rollup_facts_rows WHERE start = 0 AND service = 'shop'")
        .unwrap();
    let facet = reader.facet(&shop, &clients, all, 10).unwrap();
    assert!(facet.values.is_empty() && facet.reach.complete);
    assert!(reader.timeline(&shop, all, 30, None).unwrap().points.is_empty());
    assert_eq!(reader.count(&shop, all).unwrap().count, 0);
    let actors = reader.actors(&shop, all, 10, None).unwrap();
    assert!(actors.rows.is_empty() && actors.reach.complete);
    // Of others there is something still, and of what the rollup does not know it says nothing.
    assert!(reader.count(&Sql::new("e.service = ?", ["blog".into()]), all).unwrap().count > 0);
    let of_path = Sql::new("e.service = ? AND e.path IS NOT NULL", ["shop".into()]);
    assert!(reader.count(&of_path, all).unwrap().count > 0);
}

/// Takes a millisecond or two an event.
const SLOW: &str =
    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000 + length(e.json))
     SELECT count(*) FROM n) > 0";

#[test]
fn a_question_ends_at_its_deadline() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..3000);
    let reader: Reader = store.reader().with_deadline(Duration::from_millis(300));
    let slow = Sql::new(SLOW, []);
    let start = Instant::now();
    let page = reader.events(&Sql::new(format!("NOT {SLOW}"), []), Between::any(), 10, None);
    assert!(matches!(page, Err(ReadError::Deadline { limit_ms: 300 })), "{page:?}");
    // A count gives what it has: the newest.
    let total = reader.count(&slow, Between::any()).unwrap();
    assert!(!total.reach.complete && total.count > 0 && total.reach.since > START, "{total:?}");
    assert_eq!(
        total.count,
        store.reader().count(&Sql::all(), Between::new(total.reach.since, i64::MAX)).unwrap().count
    );
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // And the connection is as good as before.
    assert_eq!(reader.count(&Sql::all(), Between::any()).unwrap().count, 3000);
}

#[test]
fn questions_can_only_read_and_their_names_have_to_be_columns() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..10);
    let reader = store.reader();
    let wrong = ["nothing = 1", "e.nothing = 1", "\"service\" = \"nothing\"", "1) UNION SELECT 1 --", "?"];
    for clause in wrong {
        let answer = reader.events(&Sql::new(clause, []), Between::any(), 10, None);
        assert!(matches!(answer, Err(ReadError::Database(_))), "{clause}: {answer:?}");
    }
    let write = reader.ask(|db, _| db.execute("DELETE FROM event_facts", []));
    assert!(write.is_err());
}

/// All connections are lent: who waits for one and goes away does not wait any longer.
#[test]
fn who_waits_for_a_connection_may_go_away() {
    let directory = directory();
    let store = Store::open(directory.path(), &options()).expect("opens");
    let reader = store.reader().with_deadline(Duration::from_secs(86_400));
    let (held, is_held) = std::sync::mpsc::channel();
    let release = std::sync::Barrier::new(crate::limits::STORE_READERS + 1);
    std::thread::scope(|scope| {
        for _ in 0..crate::limits::STORE_READERS {
            let (reader, held, release) = (reader.clone(), held.clone(), &release);
            scope.spawn(move || {
                reader.ask(|_, _| {
                    held.send(()).expect("the test waits");
                    release.wait();
                    Ok(())
                })
            });
        }
        for _ in 0..crate::limits::STORE_READERS {
            is_held.recv_timeout(LONGEST).expect("it is lent");
        }
        let gone = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (ended, has_ended) = std::sync::mpsc::channel();
        let waiting = reader.until(Arc::clone(&gone));
        scope.spawn(move || ended.send(waiting.count(&Sql::all(), Between::any()).map(drop)));
        gone.store(true, std::sync::atomic::Ordering::Relaxed);
        let answer = has_ended.recv_timeout(LONGEST);
        release.wait();
        assert!(matches!(answer, Ok(Err(ReadError::Deadline { .. }))), "{answer:?}");
    });
}
