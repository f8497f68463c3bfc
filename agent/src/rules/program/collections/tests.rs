//! Records over time, at their bounds, and between workers.

use std::{collections::BTreeMap, thread};

use super::*;

fn to(key: &[u8], now: i64) -> To<'_> {
    To { key, now, timeout: 100, first: true }
}

fn members(kept: &Collections, key: &[u8], now: i64) -> BTreeMap<String, String> {
    let mut members = BTreeMap::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    kept.open(key, now, |name, value| {
        members.insert(text(name), text(value));
    });
    members
}

fn value(kept: &Collections, key: &[u8], now: i64, name: &str) -> Option<String> {
    members(kept, key, now).remove(name)
}

#[test]
fn nothing_is_kept_of_what_is_only_opened() {
    let kept = Collections::default();
    assert_eq!(kept.open(b"k", 5, |_, _| panic!("no member")), None);
    assert_eq!(kept.stats(), CollectionStats::default());
}

#[test]
fn a_record_tells_of_itself() {
    let kept = Collections::default();
    kept.set(to(b"k", 1000), b"a", b"1");
    kept.set(To { first: false, ..to(b"k", 1000) }, b"b", b"2");
    let built =
        Built { create_time: 1000, last_update_time: 1000, update_counter: 1, update_rate: 0, timeout: 100 };
    assert_eq!(kept.open(b"k", 1000, |_, _| {}), Some(built));
    kept.add(to(b"k", 1030), b"a", 4);
    let built = Built { last_update_time: 1030, update_counter: 2, update_rate: 4, ..built };
    assert_eq!(kept.open(b"k", 1030, |_, _| {}), Some(built));
    assert_eq!(
        members(&kept, b"k", 1030),
        BTreeMap::from([("a".into(), "5".into()), ("b".into(), "2".into())])
    );
    assert_eq!(members(&kept, b"other", 1030), BTreeMap::new());
}

#[test]
fn a_record_goes_when_nothing_is_written_to_it() {
    let kept = Collections::default();
    kept.set(to(b"k", 0), b"a", b"1");
    assert_eq!(value(&kept, b"k", 99, "a").as_deref(), Some("1"));
    kept.set(to(b"k", 99), b"b", b"1");
    assert_eq!(value(&kept, b"k", 198, "a").as_deref(), Some("1"));
    assert_eq!(value(&kept, b"k", 199, "a"), None);
    assert_eq!(kept.stats(), CollectionStats { timed_out: 1, ..CollectionStats::default() });
    kept.set(to(b"k", 300), b"a", b"2");
    kept.keep_for(to(b"k", 300), 1000);
    assert_eq!(kept.open(b"k", 1299, |_, _| {}).map(|built| built.timeout), Some(1000));
    assert_eq!(kept.add(to(b"k", 1300), b"a", 1), 1, "it is made anew");
}

#[test]
fn a_member_goes_when_its_time_is_over() {
    let kept = Collections::default();
    kept.set(to(b"k", 0), b"a", b"7");
    kept.expire(to(b"k", 0), b"a", 60);
    assert_eq!(value(&kept, b"k", 59, "a").as_deref(), Some("7"));
    assert_eq!(value(&kept, b"k", 60, "a"), None);
    assert_eq!(kept.add(to(b"k", 60), b"a", 1), 1, "what is over counts no more");
    assert_eq!(value(&kept, b"k", 120, "a").as_deref(), Some("1"), "and has no time to go any more");
    // The time may be said first.
    kept.expire(to(b"k", 60), b"b", 70);
    assert_eq!(value(&kept, b"k", 60, "b"), None);
    kept.set(to(b"k", 60), b"b", b"1");
    assert_eq!(value(&kept, b"k", 69, "b").as_deref(), Some("1"));
    assert_eq!(value(&kept, b"k", 70, "b"), None);
    kept.unset(to(b"k", 70), b"a");
    assert_eq!(members(&kept, b"k", 70), BTreeMap::new());
}

#[test]
fn a_counter_goes_down_with_time() {
    let kept = Collections::default();
    kept.set(To { timeout: 10_000, ..to(b"k", 0) }, b"score", b"150");
    let mut ran = 0;
    for (now, expected, held) in [
        (299, None, "150"),
        (300, Some(90), "90"),
        (599, None, "90"),
        // Two spans, one of which had begun before.
        (1199, Some(0), "0"),
        (9000, None, "0"),
    ] {
        assert_eq!(kept.deprecate(to(b"k", now), b"score", 60, 300), expected, "at {now}");
        assert_eq!(value(&kept, b"k", now, "score").as_deref(), Some(held), "at {now}");
        ran += 1;
    }
    assert_eq!(ran, 5);
    assert_eq!(kept.deprecate(to(b"k", 9000), b"nothing", 60, 300), None);
    assert_eq!(kept.deprecate(to(b"none", 9000), b"score", 60, 300), None);
}

#[test]
fn no_increment_is_lost() {
    const WORKERS: i64 = 8;
    const EACH: i64 = 5_000;
    let kept = Collections::default();
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let kept = &kept;
            scope.spawn(move || {
                for round in 0..EACH {
                    kept.add(to(b"shared", 0), b"n", 1);
                    kept.set(to(b"shared", 0), b"last", &[b'a' + worker as u8; 3]);
                    kept.add(to(&[worker as u8, round as u8], 0), b"n", 1);
                }
            });
        }
    });
    assert_eq!(value(&kept, b"shared", 0, "n"), Some((WORKERS * EACH).to_string()));
    assert_eq!(kept.stats().records, 1 + WORKERS as u64 * 256);
}

#[test]
fn bounds_hold_and_what_goes_is_counted() {
    let bounds = Bounds { records: 4 * SHARDS, bytes: 1024 * 1024 };
    let kept = Collections::new(bounds);
    for number in 0..1000_u32 {
        kept.set(to(&number.to_be_bytes(), 0), b"a", b"1");
    }
    let stats = kept.stats();
    assert!(stats.records <= bounds.records as u64, "{stats:?}");
    assert_eq!(stats.records + stats.evicted, 1000);
    assert_eq!(value(&kept, &999_u32.to_be_bytes(), 0, "a").as_deref(), Some("1"), "the last is there");

    let bounds = Bounds { records: 100_000, bytes: 64 * 1024 };
    let kept = Collections::new(bounds);
    for number in 0..1000_u32 {
        kept.set(to(&number.to_be_bytes(), 0), b"a", &[b'x'; 700]);
    }
    let stats = kept.stats();
    assert!(stats.bytes <= bounds.bytes as u64, "{stats:?}");
    assert_eq!(stats.records + stats.evicted, 1000);

    let kept = Collections::default();
    for number in 0..limits::COLLECTION_MEMBERS + 5 {
        kept.set(to(b"k", 0), format!("n{number}").as_bytes(), b"1");
    }
    assert_eq!((members(&kept, b"k", 0).len(), kept.stats().refused), (limits::COLLECTION_MEMBERS, 5));
    assert_eq!(kept.add(to(b"k", 0), b"one more", 3), 3);
    kept.set(to(b"k", 0), b"n0", &[b'x'; limits::COLLECTION_VALUE + 1]);
    assert_eq!(value(&kept, b"k", 0, "n0").map(|value| value.len()), Some(limits::COLLECTION_VALUE));
    assert_eq!(kept.stats().cut, 1);
}

/// Bytes are counted in where they are counted out: with everything gone there are none.
#[test]
fn bytes_are_those_of_what_is_there() {
    let kept = Collections::default();
    for round in 0..3_i64 {
        let now = round * 1000;
        for number in 0..50_u8 {
            let key = [number; 9];
            kept.set(to(&key, now), b"a", &vec![b'x'; usize::from(number) * 7]);
            kept.set(to(&key, now), b"a", b"short");
            kept.add(to(&key, now), b"b", 99);
            kept.expire(to(&key, now), b"c", now + 5);
            kept.set(to(&key, now + 6), b"c", b"again");
            kept.unset(to(&key, now + 6), b"b");
            kept.deprecate(to(&key, now + 7), b"a", 1, 1);
        }
        assert_eq!(kept.stats().records, 50);
        for number in 0..50_u8 {
            assert_eq!(kept.open(&[number; 9], now + 500, |_, _| {}), None);
        }
        let stats = kept.stats();
        assert_eq!((stats.records, stats.bytes, stats.timed_out), (0, 0, 50 * (round as u64 + 1)));
    }
}
