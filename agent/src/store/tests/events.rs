//! Events: stored once, found again, counted whether stored or not.

use proptest::prelude::*;

use super::*;
use crate::store::{
    counts::Why,
    read::{Between, CountBy},
    sql::Sql,
};

#[test]
fn events_are_found_newest_first_page_by_page() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..250);
    let reader = store.reader();
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = reader.events(&Sql::all(), Between::any(), 40, after.as_ref()).unwrap();
        seen.extend(page.rows.into_iter().map(|event| event.id));
        pages += 1;
        // What comes meanwhile does not move a page.
        fill(&store, [1000 + pages]);
        after = match page.next {
            Some(next) => Some(next.to_string().parse().unwrap()),
            None => break,
        };
    }
    let expected: Vec<String> = (0..250).rev().map(|number| id(number).to_string()).collect();
    assert_eq!((seen, pages), (expected, 7));
    let one = reader.event(&id(77).to_string()).unwrap().unwrap();
    assert_eq!((one.json, one.time), (json(77), facts(77).time));
    assert!(reader.event("nothing").unwrap().is_none());
    assert!("x".parse::<read::Cursor>().is_err() && "-5-".parse::<read::Cursor>().is_err());
}

#[test]
fn an_event_is_stored_once_and_events_of_one_moment_all_are() {
    let directory = directory();
    let store = open(directory.path());
    let handle = store.handle();
    for number in 0..3000 {
        let facts = Facts { time: START, ..facts(number) };
        handle.event(id(number), facts, || json(number));
    }
    flush(&store);
    fill(&store, 0..100);
    assert_eq!((store.stats().stored, store.stats().repeated), (3000, 100));
    let total = store.reader().count(&Sql::all(), Between::new(START, START + SECOND)).unwrap();
    assert_eq!(total.count, 3000);
    check_rollups(&raw(directory.path()));
}

#[test]
fn over_the_rate_events_are_counted_exactly_and_left_out_is_known() {
    let directory = directory();
    let store = Store::open(directory.path(), &Options { events_per_second: 50, ..options() }).unwrap();
    let handle = store.handle();
    let (mut queued, mut asked) = (0, 0);
    for number in 0..5000 {
        let facts = Facts { rules: vec!["flood".into()], service: "shop".into(), ..facts(number) };
        let fate = handle.event_at(id(number), facts, SECOND as u64 + number * 1000, || {
            asked += 1;
            json(number)
        });
        match fate {
            Fate::Queued => queued += 1,
            Fate::LeftOut(why) => assert_eq!(why, Why::Sampled),
        }
    }
    // JSON is made only of what is stored.
    assert!(queued > 0 && queued <= 50 && asked == queued, "{queued}");
    let mut wanted = facts(1);
    wanted.rules = vec!["rare".into()];
    wanted.client_ip = "198.51.100.1".into();
    assert_eq!(handle.event_at(id(9999), wanted, SECOND as u64 + 5_000_000, || json(9999)), Fate::Queued);
    drop(store);
    let store = open(directory.path());
    let reader = store.reader();
    let of = |rule, by| reader.counters(Between::any(), by, (None, rule, None), 10_000).unwrap();
    assert_eq!(of(Some("flood"), CountBy::Service)[0].count, 5000);
    assert_eq!(of(None, CountBy::Rule).iter().map(|count| count.count).sum::<i64>(), 5001);
    assert_eq!(of(None, CountBy::Minute).iter().map(|count| count.count).sum::<i64>(), 5001);
    let left_out = reader.left_out(Between::any(), 10).unwrap();
    let known: Vec<_> = left_out.iter().map(|row| (row.rule.as_str(), row.why.as_str(), row.count)).collect();
    assert_eq!(known, [("", "sampled", 5000 - queued), ("flood", "sampled", 5000 - queued)]);
    assert_eq!(reader.count(&Sql::all(), Between::any()).unwrap().count, queued + 1);
}

#[test]
fn a_full_queue_holds_nobody_up() {
    let queue = queue::Queue::default();
    let mut taken = 0;
    for number in 0..2 * crate::limits::STORE_QUEUE_EVENTS as u64 {
        let event = facts::NewEvent { id: id(number), facts: facts(number), json: "{}".into() };
        taken += usize::from(queue.event(event).is_ok());
    }
    assert_eq!(taken, crate::limits::STORE_QUEUE_EVENTS);
    let large = "x".repeat(1024 * 1024);
    let queue = queue::Queue::default();
    let fits = (0..100)
        .filter(|number| {
            let event = facts::NewEvent { id: id(*number), facts: facts(*number), json: large.clone() };
            queue.event(event).is_ok()
        })
        .count();
    assert!(fits < 32 && fits > 20, "{fits}");
}

#[test]
fn facts_of_an_event_are_those_of_its_json() {
    let text = r#"{"kind":"event","id":"019f886e-c0a0-7003-8000-01abcdef0123","time":"2026-11-22T04:40:00.000000789Z",
        "service":{"name":"nginx","port":80},"client_ip":"203.0.113.7","peer_ip":"10.0.0.2","peer_port":40312,
        "method":"GET","host":null,"path":"/search","query":null,"status":500,"user_agent":null,"blocked":true,
        "duration_us":null,"matches":[
        {"rule":"b","name":"","tags":{"type":"xss"},"location":"","value":""},
        {"rule":"a","name":"","tags":{},"location":"","value":""},
        {"rule":"b","name":"","tags":{"type":"xss"},"location":"","value":""},
        {"rule":"c","name":"","tags":{"type":"sql_injection"},"location":"","value":""}]}"#;
    let event: crate::event::Event = serde_json::from_str(text).unwrap();
    let facts = Facts::of(&event, None);
    assert_eq!(facts.time, 1_795_322_400_000_000_789);
    assert_eq!((facts.rules.join(" "), facts.types.join(" ")), ("a b c".into(), "sql_injection xss".into()));
    let directory = directory();
    let store = open(directory.path());
    store.handle().event(event.id, facts, || event.json_line());
    fill(&store, 0..50);
    drop(store);
    let db = raw(directory.path());
    db.execute_batch("CREATE TEMP TABLE before AS SELECT * FROM event_facts; DELETE FROM event_facts")
        .unwrap();
    assert_eq!(db.execute(insert::FACTS_OF_JSON, []).unwrap(), 51);
    let rows = |table: &str| -> Vec<String> {
        let columns = "time, kind, service, client_ip, user_id, method, path, status, blocked, types, rules";
        let mut statement =
            db.prepare(&format!("SELECT json_array({columns}) FROM {table} ORDER BY time")).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(rows("event_facts"), rows("before"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes and goes in which order, rollups and events agree.
    #[test]
    fn rollups_hold_what_the_events_give(steps in prop::collection::vec((0_u64..400, 1_u64..80, any::<bool>()), 1..8)) {
        let directory = directory();
        let store = open(directory.path());
        for (first, count, remove) in steps {
            fill(&store, first..first + count);
            if remove {
                let mut db = raw(directory.path());
                rollup::prepare(&db).unwrap();
                let mut retention = retention(directory.path().join(FILE), &Options {
                    max_age: Duration::from_secs(0), ..options()
                });
                retention.tick_at(&mut db, facts(first + count / 2).time).unwrap();
            }
            check_rollups(&raw(directory.path()));
        }
    }
}
