//! Corrupt and half-written databases, and directories that are not safe.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink},
};

use super::*;
use crate::store::{read::Between, sql::Sql};

const EVENTS: u64 = 6000;

/// A database with something in each table, closed.
fn filled() -> TempDir {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..EVENTS);
    write(&store, others::changes()).unwrap();
    directory
}

fn damage(directory: &Path, mut with: impl FnMut(&File, u64)) {
    let file = OpenOptions::new().read(true).write(true).open(directory.join(FILE)).unwrap();
    let length = file.metadata().unwrap().len();
    with(&file, length);
}

#[test]
fn what_can_be_read_of_a_corrupt_database_is_copied() {
    type Damage = fn(&File, u64);
    // What is done to it, and how many of the events have to be there still.
    let cases: [(&str, Damage, u64); 6] = [
        (
            "a page in the middle",
            |file, length| {
                file.write_all_at(&[0xa5; 4096], length / 2 / 4096 * 4096).unwrap();
            },
            EVENTS * 9 / 10,
        ),
        (
            "the last third missing",
            |file, length| file.set_len(length * 2 / 3 / 4096 * 4096).unwrap(),
            EVENTS / 4,
        ),
        ("half a page at the end", |file, length| file.set_len(length - 1000).unwrap(), EVENTS * 9 / 10),
        ("the header", |file, _| file.write_all_at(&[0; 100], 0).unwrap(), 0),
        (
            "something else altogether",
            |file, _| {
                file.set_len(0).unwrap();
                file.write_all_at(b"not a database, but long enough to be looked at", 0).unwrap();
            },
            0,
        ),
        (
            "zeros in every tenth page",
            |file, length| {
                for page in (20..length / 4096).step_by(10) {
                    file.write_all_at(&[0; 4096], page * 4096).unwrap();
                }
            },
            1,
        ),
    ];
    let mut ran = 0;
    for (name, with, at_least) in cases {
        let directory = filled();
        damage(directory.path(), with);
        let kept = fs::read(directory.path().join(FILE)).unwrap();
        let store = open(directory.path());
        let salvaged = store.salvaged().unwrap_or_else(|| panic!("{name}: not noticed"));
        let events = salvaged.rows_of("event_bodies") as u64;
        assert!(events >= at_least, "{name}: {salvaged}");
        assert!(salvaged.to_string().contains("kept as"), "{salvaged}");
        assert!(salvaged.kept_as.to_string_lossy().contains("picket.db.corrupt-2"), "{salvaged}");
        assert!(fs::read(&salvaged.kept_as).unwrap() == kept, "{name}: the file is not kept as it was");
        // What was copied is whole, and the store goes on.
        let reader = store.reader();
        assert_eq!(reader.count(&Sql::all(), Between::any()).unwrap().count as u64, events, "{name}");
        fill(&store, EVENTS..EVENTS + 100);
        drop(store);
        let db = raw(directory.path());
        check_rollups(&db);
        assert_eq!(number(&db, "SELECT count(*) FROM pragma_quick_check WHERE quick_check != 'ok'"), 0);
        assert!(open(directory.path()).salvaged().is_none(), "{name}: it is sound now");
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[test]
fn lists_and_audit_outlive_a_damage_to_events() {
    let directory = filled();
    // The root page of the events' bodies.
    let root =
        number(&raw(directory.path()), "SELECT rootpage FROM sqlite_schema WHERE name = 'event_bodies'");
    damage(directory.path(), |file, _| file.write_all_at(&[0xff; 4096], (root as u64 - 1) * 4096).unwrap());
    let store = open(directory.path());
    let salvaged = store.salvaged().expect("noticed");
    assert!(salvaged.damaged.contains(&"event_bodies") && !salvaged.damaged.contains(&"lists"), "{salvaged}");
    others::check(&store.reader());
}

#[test]
fn the_store_is_private() {
    let directory = directory();
    let state = directory.path().join("a/b");
    let store = open(&state);
    fill(&store, 0..10);
    let mut modes = Vec::new();
    for entry in fs::read_dir(&state).unwrap() {
        let entry = entry.unwrap();
        modes.push((entry.file_name().into_string().unwrap(), entry.metadata().unwrap().mode() & 0o777));
    }
    modes.sort();
    let expected = ["lists.journal", "picket.db", "picket.db-shm", "picket.db-wal", "picket.db.lock"]
        .map(|n| (n.to_owned(), 0o600));
    assert_eq!(modes, expected);
    assert_eq!(fs::metadata(&state).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn unsafe_places_and_a_second_agent_are_refused() {
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("open")).unwrap();
    fs::set_permissions(at("open"), Permissions::from_mode(0o777)).unwrap();
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("link")).unwrap();
    symlink("/dev/null", at("link").join(FILE)).unwrap();
    let mut ran = 0;
    for (name, says) in
        [("open", "others may write it"), ("file", "needs a directory"), ("link", "symbolic link")]
    {
        let error = Store::open(&at(name), &options()).err().expect("refused").to_string();
        assert!(error.contains(says), "{name}: {error}");
        ran += 1;
    }
    assert_eq!(ran, 3);
    let store = open(&at("mine"));
    let error = Store::open(&at("mine"), &options()).err().expect("refused");
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(store);
    drop(open(&at("mine")));
}
