//! Clients and users, with what is known of each: what a look at all events gives.

use std::collections::BTreeMap;

use super::*;
use crate::{
    query::{EVENTS, Query, register},
    store::{
        read::{Actor, Actors, Between, Cursor, Reader, question},
        sql::{FacetExpression, Sql},
    },
};

const COUNT: u64 = 3000;

fn sql(text: &str) -> Sql {
    Query::parse(text).expect("a query").to_sql(&EVENTS).expect("of events")
}

fn opened() -> (TempDir, Store) {
    let directory = directory();
    let options = Options { functions: Some(register), ..options() };
    let store = Store::open(directory.path(), &options).expect("opens");
    fill(&store, 0..COUNT);
    (directory, store)
}

/// The events that hold, by whom they are of, without the store.
fn plainly(holds: impl Fn(&Facts) -> bool, id: impl Fn(&Facts) -> Option<String>) -> Vec<Actor> {
    let mut all = BTreeMap::<String, Actor>::new();
    for facts in (0..COUNT).map(facts).filter(|facts| holds(facts)) {
        let Some(id) = id(&facts) else { continue };
        let actor = all.entry(id.clone()).or_insert_with(|| Actor { id, ..Actor::default() });
        actor.events += 1;
        *actor.services.entry(facts.service).or_default() += 1;
        facts.types.into_iter().for_each(|name| *actor.types.entry(name).or_default() += 1);
        facts.business.into_iter().for_each(|name| *actor.business.entry(name).or_default() += 1);
    }
    let mut all: Vec<Actor> = all.into_values().collect();
    all.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.id.cmp(&b.id)));
    all
}

type Shown = (String, i64, BTreeMap<String, i64>, BTreeMap<String, i64>);

fn shown(actors: &[Actor]) -> Vec<Shown> {
    let shown = |actor: &Actor| (actor.id.clone(), actor.events, actor.types.clone(), actor.services.clone());
    actors.iter().map(shown).collect()
}

#[test]
fn clients_and_users_are_those_of_the_events() {
    let (_directory, store) = opened();
    let reader = store.reader();
    type Holds = fn(&Facts) -> bool;
    let cases: [(&str, Holds); 7] = [
        ("", |_| true),
        ("service:SHOP", |facts| facts.service == "shop"),
        ("@rule.type:sqli", |facts| facts.types.iter().any(|name| name == "sqli")),
        ("service:blog @rule.type:(xss OR zz)", |facts| {
            facts.service == "blog" && facts.types.iter().any(|name| name == "xss" || name == "zz")
        }),
        ("@path:/p1*", |facts| facts.path.starts_with("/p1")),
        ("@business.name:users.login.failure", |facts| {
            facts.business.iter().any(|name| name == "users.login.failure")
        }),
        ("client_ip:203.0.113.4", |facts| facts.client_ip == "203.0.113.4"),
    ];
    let mut ran = 0;
    for (text, holds) in cases {
        let clients = reader.actors(&sql(text), Between::any(), 200, None).unwrap();
        assert!(clients.reach.complete);
        assert_eq!(
            shown(&clients.rows),
            shown(&plainly(holds, |facts| Some(facts.client_ip.clone()))),
            "{text}"
        );
        let users = reader.users(&sql(text), Between::any(), 200, None).unwrap();
        let expected = plainly(holds, |facts| facts.user_id.clone());
        assert_eq!(shown(&users.rows), shown(&expected), "{text}");
        let business =
            |actors: &[Actor]| actors.iter().map(|actor| actor.business.clone()).collect::<Vec<_>>();
        assert_eq!(business(&users.rows), business(&expected), "{text}");
        ran += 1;
    }
    assert_eq!(ran, 7);
    assert_eq!(reader.actors(&Sql::all(), Between::any(), 3, None).unwrap().rows.len(), 3);
}

/// However long pages are, together they are the whole.
#[test]
fn pages_are_the_whole() {
    let (_directory, store) = opened();
    let reader = store.reader();
    type Most = fn(&Reader, &Sql, Between, usize, Option<&Cursor>) -> Result<Actors, ReadError>;
    let mut pages = 0;
    for question in [Reader::actors as Most, Reader::users] {
        let whole = question(&reader, &Sql::all(), Between::any(), 200, None).unwrap();
        assert!(whole.next.is_none() && whole.rows.len() > 2, "{}", whole.rows.len());
        for limit in [1, 2, whole.rows.len() - 1, whole.rows.len()] {
            let (mut rows, mut after) = (Vec::new(), None);
            loop {
                let page = question(&reader, &Sql::all(), Between::any(), limit, after.as_ref()).unwrap();
                assert!(page.rows.len() <= limit && !page.rows.is_empty());
                rows.extend(page.rows);
                pages += 1;
                let Some(next) = page.next else { break };
                // As text, there and back.
                after = Some(next.to_string().parse().unwrap());
            }
            assert_eq!(rows, whole.rows, "by {limit}");
        }
    }
    assert!(pages > 12, "{pages}");
}

#[test]
fn one_client_and_one_user_are_told_whole() {
    let (_directory, store) = opened();
    let body = |ip: &str| serde_json::json!({"actors": [ip], "users": ["user1"], "events": []}).to_string();
    for (number, ip) in ["203.0.113.5", "203.0.113.5", "203.0.113.6"].into_iter().enumerate() {
        let row = SignalRow {
            id: number.to_string(),
            time: START,
            first_seen: START,
            rule: "r".into(),
            severity: "low".into(),
            status: "open".into(),
            assignee: None,
            json: body(ip),
        };
        write(&store, vec![Change::Signal { row, events: Vec::new() }]).unwrap();
    }
    let reader = store.reader();
    let one = reader.actor("203.0.113.5".parse().unwrap(), Between::any()).unwrap().expect("is known");
    let numbers: Vec<u64> = (0..COUNT).filter(|number| number % 17 == 5).collect();
    assert_eq!(one.events, numbers.len() as i64);
    assert_eq!(one.first_seen, facts(5).time);
    assert_eq!(one.last_seen, facts(*numbers.last().unwrap()).time);
    assert_eq!(one.signals, 2);
    let mut users = one.users.clone();
    users.sort();
    assert_eq!(users, ["user0", "user1", "user2"]);
    assert_eq!(one.user_agents, ["curl/8"]);
    assert_eq!(one.business.keys().collect::<Vec<_>>(), ["users.login.failure", "users.login.success"]);
    let mapped = reader.actor("::ffff:203.0.113.5".parse().unwrap(), Between::any()).unwrap();
    assert_eq!(mapped.map(|actor| actor.events), Some(one.events));
    assert_eq!(reader.actor("192.0.2.77".parse().unwrap(), Between::any()).unwrap(), None);

    let user = reader.user("user1", Between::any()).unwrap().expect("is known");
    let events = (0..COUNT).filter(|number| number % 5 == 0 && number % 3 == 1).count();
    assert_eq!((user.events, user.signals, user.ips.len()), (events as i64, 3, 17));
    // Another case is another user.
    assert_eq!(reader.user("USER1", Between::any()).unwrap(), None);
    let hour = Between::new(START, START + HOUR);
    let within = reader.user("user1", hour).unwrap().expect("is known");
    assert!(within.last_seen < START + HOUR && within.events < user.events);
}

/// Facets that have an index are found by it, whatever the case of what was typed.
#[test]
fn an_index_finds_what_has_one() {
    let (_directory, store) = opened();
    let cases = [
        ("client_ip:203.0.113.7", "event_facts_client_ip (client_ip=? AND rowid>? AND rowid<?)"),
        ("client_ip:(203.0.113.7 OR 203.0.113.8)", "event_facts_client_ip"),
        ("user.id:USER1", "event_facts_user_id (user_id=? AND rowid>? AND rowid<?)"),
        ("user.id:user1 @path:/p*", "event_facts_user_id"),
        ("@usr.id:(user1 OR user2)", "event_facts_user_id"),
        // Columns without one: the time is the key.
        ("service:shop", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("@status:[500 TO 599]", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("@method:get", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("@path:/p1", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("kind:event", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("blocked:true", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("@rule.id:sqli-1", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("@rule.type:sqli", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("@matches:*", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("@business:*", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("@business.name:users.login.failure", "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
    ];
    let mut ran = 0;
    for (text, step) in cases {
        let condition = sql(text);
        let plan = store.reader().ask(|db, _| {
            let select = format!(
                "SELECT e.service FROM events e WHERE e.time >= 5 AND e.time < 900000 AND {} ORDER BY e.time DESC",
                condition.text()
            );
            question::plan(db, &select, rusqlite::params_from_iter(&condition.params))
        });
        let plan = plan.unwrap();
        assert!(plan.iter().any(|line| line.contains(step)), "{text}: {plan:?}");
        ran += 1;
    }
    assert_eq!(ran, 16);
    let columns = EVENTS.rows.iter().filter(|row| row.column.is_some()).count();
    assert_eq!(columns, 13, "each column has a case above");
}

#[test]
fn a_facet_without_a_column_is_counted_from_the_json() {
    let (_directory, store) = opened();
    let reader = store.reader();
    let facet = |name: &str| {
        let expression = FacetExpression::found(&EVENTS.find(name).unwrap());
        let facet = reader.facet(&Sql::all(), &expression, Between::any(), 100).unwrap();
        facet
            .values
            .into_iter()
            .map(|(value, count)| (format!("{value:?}"), count))
            .collect::<BTreeMap<_, _>>()
    };
    // The same from columns and from JSON.
    let from_json = |list: Option<&'static str>, name: &str| {
        let mut found = EVENTS.find(name).unwrap();
        assert_eq!(found.fields[0].path().list(), list);
        found.column = None;
        let expression = FacetExpression::found(&found);
        let facet = reader.facet(&Sql::all(), &expression, Between::any(), 100).unwrap();
        facet
            .values
            .into_iter()
            .map(|(value, count)| (format!("{value:?}"), count))
            .collect::<BTreeMap<_, _>>()
    };
    let mut ran = 0;
    for (name, list) in [
        ("service", None),
        ("@status", None),
        ("@path", None),
        ("user.id", None),
        ("@rule.id", Some("matches")),
        ("@rule.type", Some("matches")),
        ("@business.name", Some("business")),
    ] {
        assert_eq!(facet(name), from_json(list, name), "{name}");
        assert!(facet(name).len() > 1, "{name}");
        ran += 1;
    }
    assert_eq!(ran, 7);
    assert_eq!(facet("@user_agent"), BTreeMap::from([("Text(\"curl/8\")".to_owned(), COUNT as i64)]));
    assert!(facet("@nothing.here").is_empty());
}
