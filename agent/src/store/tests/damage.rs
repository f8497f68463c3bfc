//! Databases that are damaged at random places: never a crash, always a way on, and what people decided is there.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::*;
use crate::store::{
    read::Between,
    sql::{FacetExpression, Sql},
};

const CASES: u64 = 200;
const EVENTS: u64 = 1500;
const ENTRIES: u64 = 300;
const SIGNALS: u64 = 100;

fn entry(number: u64) -> ListEntry {
    ListEntry {
        reason: format!("reason {number}"),
        ..others::entry(&format!("198.51.{}.{}", number / 200, number % 200))
    }
}

/// Events, lists, signals and audit among each other, as they come. The directory is copied while the store is open
/// (the WAL is there), and when it is closed.
fn made() -> (TempDir, TempDir) {
    let (open_one, closed) = (directory(), directory());
    let store = open(closed.path());
    let each = EVENTS / ENTRIES;
    for number in 0..ENTRIES {
        fill(&store, number * each..(number + 1) * each);
        let mut changes = vec![
            Change::List(entry(number)),
            Change::Audit(AuditEntry {
                time: START + number as i64,
                who: "ada".into(),
                action: "block".into(),
                what: entry(number).value,
                before: None,
                after: None,
            }),
        ];
        if number % (ENTRIES / SIGNALS) == 0 {
            let row = SignalRow {
                id: format!("signal {number}"),
                time: START + number as i64,
                first_seen: START,
                rule: "rule".into(),
                severity: "high".into(),
                status: "open".into(),
                assignee: None,
                json: format!("{{\"filler\":\"{}\"}}", "s".repeat(1500)),
            };
            changes.push(Change::Signal { row, events: vec![id(number).to_string()] });
        }
        write(&store, changes).unwrap();
    }
    copy(closed.path(), open_one.path());
    drop(store);
    (open_one, closed)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}

/// Does something to a file; gives its name.
fn damage(file: &File, random: &mut Random) -> &'static str {
    let length = file.metadata().unwrap().len();
    let pages = length / 4096;
    match random.below(6) {
        0 => {
            file.set_len(random.below(length)).unwrap();
            "cut off"
        }
        1 => {
            for _ in 0..=random.below(8) {
                let bytes: Vec<u8> = (0..4096).map(|_| random.below(256) as u8).collect();
                file.write_all_at(&bytes, random.below(pages) * 4096).unwrap();
            }
            "pages of noise"
        }
        2 => {
            for _ in 0..=random.below(8) {
                file.write_all_at(&[0; 4096], random.below(pages) * 4096).unwrap();
            }
            "pages of zeros"
        }
        3 => {
            for _ in 0..=random.below(64) {
                file.write_all_at(&[random.below(256) as u8], random.below(length)).unwrap();
            }
            "bytes changed"
        }
        4 => {
            let from = random.below(length);
            file.set_len(from).unwrap();
            file.set_len(length).unwrap();
            "zeros to the end"
        }
        _ => {
            // The header and the schema.
            for _ in 0..=random.below(16) {
                file.write_all_at(&[random.below(256) as u8], random.below(4096)).unwrap();
            }
            "the first page"
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    noticed: u64,
    lists: u64,
    audit: u64,
    signals: u64,
    signals_whole: u64,
    events: u64,
    from_copy: u64,
}

/// Opens it and asks everything; what is there goes on.
fn look(directory: &Path, name: &str, seen: &mut Seen) {
    let store = match Store::open(directory, &options()) {
        Ok(store) => store,
        // A version of the schema that nobody has written yet: refused with the way back, and nothing is touched.
        Err(error @ StoreError::Newer { .. }) => {
            assert!(error.to_string().contains("move the file away"), "{error}");
            fs::rename(directory.join(FILE), directory.join("moved")).unwrap();
            open(directory)
        }
        Err(error) => panic!("{name}: {error}"),
    };
    let reader = store.reader();
    if let Some(salvaged) = store.salvaged() {
        seen.noticed += 1;
        assert!(salvaged.kept_as.exists() && salvaged.to_string().contains("kept as"), "{salvaged}");
        seen.from_copy += u64::from(salvaged.restored.0 > 0);
    }
    let lists = reader.lists(None, false).unwrap_or_default();
    let there = |number: &u64| lists.contains(&entry(*number));
    seen.lists += u64::from((0..ENTRIES).all(|number| there(&number)));
    let audit = reader.audit(Between::any(), None, 1000, None).unwrap_or_default();
    seen.audit += u64::from(audit.len() as u64 >= ENTRIES);
    let signals =
        reader.signals(&Sql::all(), Between::any(), 1000, None).map_or(0, |page| page.rows.len() as u64);
    seen.signals += signals;
    seen.signals_whole += u64::from(signals >= SIGNALS);
    seen.events += reader.count(&Sql::all(), Between::any()).map_or(0, |total| total.count as u64);
    // Answers or errors, but answers where it was noticed: then all is whole again.
    let asked = [
        reader.facet(&Sql::all(), &FacetExpression::of("e.path"), Between::any(), 10).map(drop),
        reader.events(&Sql::new("e.json LIKE '%shop%'", []), Between::any(), 1000, None).map(drop),
        reader.actors(&Sql::all(), Between::any(), 10, None).map(drop),
    ];
    if store.salvaged().is_some() {
        for answer in asked {
            answer.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        fill(&store, 100_000..100_010);
        write(&store, vec![Change::List(entry(9999))]).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn damage_at_two_hundred_places_is_survived() {
    let (open_one, closed) = made();
    let mut seen = Seen::default();
    let mut ran = 0;
    for case in 0..CASES {
        let mut random = Random(case);
        let place = directory();
        // A third was not closed; half of these are damaged in the WAL.
        let was_open = case % 3 == 0;
        copy(if was_open { open_one.path() } else { closed.path() }, place.path());
        let file = if was_open && case % 6 == 0 { format!("{FILE}-wal") } else { FILE.to_owned() };
        let file = OpenOptions::new().read(true).write(true).open(place.path().join(file)).unwrap();
        let what = damage(&file, &mut random);
        drop(file);
        let name = format!("case {case}: {what}{}", if was_open { ", not closed" } else { "" });
        let survived = catch_unwind(AssertUnwindSafe(|| look(place.path(), &name, &mut seen)));
        assert!(survived.is_ok(), "{name}");
        ran += 1;
    }
    let percent = |of: u64| of * 100 / CASES;
    println!(
        "{CASES} damages, {} of them noticed: all list entries in {} % of the cases (in {} from their second copy), all of \
         the audit in {} %, all signals in {} %; of all signals {} %, of all events {} %",
        seen.noticed,
        percent(seen.lists),
        seen.from_copy,
        percent(seen.audit),
        percent(seen.signals_whole),
        seen.signals * 100 / (CASES * SIGNALS),
        seen.events * 100 / (CASES * EVENTS),
    );
    assert_eq!(ran, CASES);
    // What is not noticed is a byte changed within a text: SQLite has no sums over its pages.
    assert!(percent(seen.lists) >= 95 && percent(seen.audit) >= 95, "{seen:?}");
    assert!(seen.noticed > CASES / 3, "{seen:?}");
}
