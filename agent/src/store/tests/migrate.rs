//! From each version to the newest, with the data.

use super::*;
use crate::store::{
    read::Between,
    schema::STEPS,
    sql::{FacetExpression, Sql},
};

/// A database as the Picket of version 1 would have left it.
fn version_1(path: &Path) {
    let db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;").unwrap();
    db.execute_batch(STEPS[0]).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    for number in 0..500 {
        let list = |list: &[String]| serde_json::to_string(list).unwrap();
        let facts = facts(number);
        db.execute(
            "INSERT INTO event_bodies (time, id, json) VALUES (?, ?, ?)",
            (facts.time, id(number).to_string(), json(number)),
        )
        .unwrap();
        db.execute(
            "INSERT INTO event_facts (time, kind, service, client_ip, user_id, method, path, status, blocked, types, rules)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                facts.time,
                &facts.kind,
                &facts.service,
                &facts.client_ip,
                &facts.user_id,
                &facts.method,
                &facts.path,
                facts.status,
                facts.blocked,
                list(&facts.types),
                list(&facts.rules),
            ),
        )
        .unwrap();
    }
    db.execute_batch(
        "INSERT INTO lists VALUES ('deny', 'ip', '192.0.2.1', 1, NULL, 'why', 'who', NULL, 1, 'active');
         INSERT INTO audit (time, who, action, what) VALUES (1, 'who', 'block', '192.0.2.1');
         INSERT INTO signals VALUES ('s', 2, 1, 'rule', 'high', 'open', NULL, '{}');
         INSERT INTO counters VALUES (1, 'shop', '', '192.0.2.1', 7);",
    )
    .unwrap();
}

#[test]
fn a_database_of_version_1_goes_through_all_steps_with_its_data() {
    let directory = directory();
    let path = directory.path().join(FILE);
    version_1(&path);
    let store = open(directory.path());
    assert!(store.salvaged().is_none());
    let reader = store.reader();
    assert_eq!(reader.count(&Sql::all(), Between::any()).unwrap().count, 500);
    let services = reader.facet(&Sql::all(), &FacetExpression::of("e.service"), Between::any(), 10).unwrap();
    assert_eq!(services.values.iter().map(|(_, count)| count).sum::<i64>(), 500);
    assert_eq!(reader.event(&id(499).to_string()).unwrap().unwrap().json, json(499));
    assert_eq!(reader.lists(None, true).unwrap().len(), 1);
    assert_eq!(reader.audit(Between::any(), None, 10, None).unwrap().len(), 1);
    assert!(reader.signal("s").unwrap().is_some());
    let business =
        reader.facet(&Sql::all(), &FacetExpression::each("e.business"), Between::any(), 10).unwrap();
    let expected: i64 = (0..500).map(|number| facts(number).business.len() as i64).sum();
    assert_eq!(business.values.iter().map(|(_, count)| count).sum::<i64>(), expected);
    fill(&store, 500..600);
    let db = raw(directory.path());
    assert_eq!(number(&db, "PRAGMA user_version"), VERSION);
    assert_eq!(number(&db, "SELECT sum(count) FROM counters WHERE minute < 60"), 7);
    check_rollups(&db);
}

#[test]
fn all_versions_lead_to_the_same_schema() {
    let schema = |from: usize| {
        let mut db = Connection::open_in_memory().unwrap();
        for (number, step) in STEPS.iter().enumerate().take(from) {
            db.execute_batch(step).unwrap();
            db.pragma_update(None, "user_version", number as i64 + 1).unwrap();
        }
        assert_eq!(schema::migrate(&mut db).unwrap(), STEPS.len() - from);
        let mut statement =
            db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<Vec<String>, _>>().unwrap()
    };
    let all: Vec<_> = (0..=STEPS.len()).map(schema).collect();
    assert!(all.iter().all(|one| *one == all[0] && one.len() > 20));
}

#[test]
fn a_step_that_fails_leaves_the_version_before() {
    let directory = directory();
    let path = directory.path().join(FILE);
    version_1(&path);
    // Something of the same name is in the way of the last statements of the step.
    raw(directory.path()).execute_batch("CREATE TABLE rollup_rules_rows (x)").unwrap();
    let error = Store::open(directory.path(), &options()).err().expect("fails").to_string();
    assert!(error.contains("rollup_rules_rows"), "{error}");
    let db = raw(directory.path());
    assert_eq!(number(&db, "PRAGMA user_version"), 1);
    assert_eq!(number(&db, "SELECT count(*) FROM sqlite_schema WHERE name = 'rollup_facts'"), 0);
    assert_eq!(number(&db, "SELECT count(*) FROM event_bodies"), 500);
}

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let directory = directory();
    drop(open(directory.path()));
    raw(directory.path()).pragma_update(None, "user_version", VERSION + 1).unwrap();
    let error = Store::open(directory.path(), &options()).err().expect("fails");
    assert!(matches!(error, StoreError::Newer { found, known, .. } if found == known + 1), "{error}");
    assert!(error.to_string().contains("run the Picket that wrote it"), "{error}");
    assert_eq!(number(&raw(directory.path()), "PRAGMA user_version"), VERSION + 1);
    assert_eq!(
        std::fs::read_dir(directory.path())
            .unwrap()
            .filter(|entry| { entry.as_ref().unwrap().file_name().to_string_lossy().contains("corrupt") })
            .count(),
        0
    );
}
