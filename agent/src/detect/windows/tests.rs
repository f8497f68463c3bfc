use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::{series::When, *};
use crate::{
    detect::rules::{Aggregation, Anomaly, Method, NewValue},
    limits,
};

const SECOND: u64 = 1_000_000_000;

fn at(time: u64) -> When {
    When { time, now: time }
}

fn series(aggregation: &Aggregation) -> Series {
    Series::new(aggregation, &Method::Threshold)
}

proptest! {
    /// A window holds all of its last nineteen twentieths and nothing that is older than it says.
    #[test]
    fn counts_are_right_to_a_bucket(
        mut times in prop::collection::vec(0_u64..3000 * SECOND, 1..200),
        window in 20_u64..1000,
    ) {
        times.sort_unstable();
        let clock = Clock::new(window);
        let mut counts = series(&Aggregation::Count);
        for (index, time) in times.iter().enumerate() {
            counts.add(Measure::Event, at(*time), clock, NewValue::default(), Anomaly::default());
            let counted = counts.value(*time, window, clock, Anomaly::default());
            let since = |seconds: u64| {
                let from = time.saturating_sub(seconds * SECOND / 20);
                times[..=index].iter().filter(|other| **other > from || (from == 0)).count() as f64
            };
            prop_assert!(counted <= since(window * 20), "{counted} of {}", since(window * 20));
            prop_assert!(counted >= since(window * 19), "{counted} of {}", since(window * 19));
        }
        prop_assert!(counts.is_sound(&series(&Aggregation::Count)));
    }

    /// The order in which late events come changes nothing.
    #[test]
    fn late_events_count_in_their_bucket(mut times in prop::collection::vec(0_u64..60 * SECOND, 1..50), seed in any::<u64>()) {
        let clock = Clock::new(100);
        let now = 60 * SECOND;
        let count = |times: &[u64]| {
            let mut counts = series(&Aggregation::Count);
            let mut sums = series(&Aggregation::Sum("x".into()));
            for time in times {
                let when = When { time: *time, now };
                counts.add(Measure::Event, when, clock, NewValue::default(), Anomaly::default());
                sums.add(Measure::Number(2.0), when, clock, NewValue::default(), Anomaly::default());
            }
            (counts.value(now, 100, clock, Anomaly::default()), sums.value(now, 100, clock, Anomaly::default()))
        };
        let first = count(&times);
        let length = times.len();
        times.rotate_left((seed % length as u64) as usize);
        prop_assert_eq!(count(&times), first);
        prop_assert_eq!(first, (length as f64, 2.0 * length as f64));
    }

    /// Exact while there are few.
    #[test]
    fn few_values_are_exact(values in prop::collection::vec(0_u64..100, 1..300)) {
        let key = HashKey([1; 16]);
        let mut distinct = Distinct::default();
        let mut model = HashSet::new();
        for value in values {
            distinct.add(key.hash(&value.to_le_bytes()), 5, 5);
            model.insert(value);
            prop_assert_eq!(distinct.count(5, 20), model.len() as f64);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However it is asked in between, and for whatever part of the window, the answer is that of one that is asked
    /// only once: what is kept up to date is what looking through everything gives. Few values and many.
    #[test]
    fn counts_that_are_kept_are_right(
        steps in prop::collection::vec((0_u64..600, 0_u32..3, 0_u32..8, 1_u32..=20, prop::bool::weighted(0.1)), 1..900),
    ) {
        let key = HashKey([1; 16]);
        let (mut kept, mut now) = (Distinct::default(), 100);
        for (value, later, before, buckets, asked) in steps {
            now += later / 2;
            kept.add(key.hash(&value.to_le_bytes()), now - before, now);
            if asked {
                // What it says is kept is not saved.
                let saved = postcard::to_allocvec(&kept).unwrap();
                let mut fresh: Distinct = postcard::from_bytes(&saved).unwrap();
                prop_assert_eq!(kept.count(now, 20), fresh.count(now, 20));
                let mut fresh: Distinct = postcard::from_bytes(&saved).unwrap();
                prop_assert_eq!(kept.clone().count(now, buckets), fresh.count(now, buckets));
            }
        }
    }
}

/// Four standard errors, in twenty runs at each of five sizes; a fault in the estimator shows in their mean.
#[test]
fn many_values_are_estimated_within_the_error() {
    let mut worst: f64 = 0.0;
    for size in [257_u64, 1000, 3000, 10_000, 100_000] {
        let (mut sum, runs) = (0.0, 20);
        for run in 0..runs {
            let key = HashKey([run; 16]);
            let mut distinct = Distinct::default();
            for value in 0..size {
                distinct.add(key.hash(&value.to_le_bytes()), 1, 1);
            }
            let off = distinct.count(1, 20) / size as f64 - 1.0;
            assert!(off.abs() < 4.0 * STANDARD_ERROR, "{size}: off by {off}");
            worst = worst.max(off.abs());
            sum += off;
            assert!(distinct.is_sound());
        }
        let bias = sum / f64::from(runs);
        assert!(bias.abs() < 4.0 * STANDARD_ERROR / f64::from(runs).sqrt(), "{size}: bias {bias}");
    }
    assert!(worst > 0.0);
}

#[test]
fn distinct_values_leave_the_window() {
    let key = HashKey([1; 16]);
    let mut distinct = Distinct::default();
    for bucket in 0..40_u32 {
        for value in 0..100_u32 {
            distinct.add(key.hash(&(bucket * 100 + value).to_le_bytes()), bucket, bucket);
        }
    }
    assert!(matches!(distinct, Distinct::Estimated(_)));
    let count = distinct.count(39, 20);
    assert!((1700.0..2300.0).contains(&count), "{count}");
    assert!((80.0..120.0).contains(&distinct.count(39, 1)));
    assert_eq!(distinct.count(100, 20), 0.0);
    assert!(distinct.heap() < 32 * 1024);
}

#[test]
fn new_values() {
    let learning = NewValue { learn: 3600, forget: 86_400 };
    let mut known = Known::default();
    let mut add = |value: u64, seconds: u64| known.add(value, (seconds + 1) * SECOND, (0, 0), learning);
    // (value, at, new)
    let vectors = [
        (1, 0, false),
        (2, 100, false),
        (3, 4000, true),
        (3, 4001, false),
        (1, 5000, false),
        (2, 100 + 86_400 + 1, true),
        (4, 100_000, true),
        (1, 91_000, false),
    ];
    for (value, at, new) in vectors {
        assert_eq!(add(value, at), new, "{value} at {at}");
    }
    assert_eq!(vectors.len(), 8);
    for value in 10..2000 {
        add(value, 100_001);
    }
    assert!(known.is_sound() && known.heap() < 16 * limits::DETECT_KNOWN * 2);
    // Without learning, all but the first are told.
    let at_once = NewValue { learn: 0, ..learning };
    let mut known = Known::default();
    let told: Vec<bool> =
        [1, 1, 2, 2, 3].iter().map(|value| known.add(*value, SECOND, (0, 0), at_once)).collect();
    assert_eq!(told, [false, false, true, false, true]);
}

#[test]
fn baselines() {
    let anomaly = Anomaly { bucket: 60, learn: 3600, tolerance: 3 };
    // About ten a minute, for so many minutes; then so many in one minute.
    let score = |minutes: u64, then: u64, anomaly: Anomaly| {
        let mut baseline = Baseline::default();
        for minute in 0..minutes {
            for event in 0..8 + minute % 5 {
                baseline.add((minute * 60 + event + 1) * SECOND, anomaly);
            }
        }
        let time = (minutes * 60 + 30) * SECOND;
        for _ in 0..then {
            baseline.add(time, anomaly);
        }
        assert!(baseline.is_sound());
        baseline.score(time, anomaly)
    };
    assert_eq!(score(30, 1000, anomaly), 0.0, "it is being learned");
    assert_eq!(score(120, 9, anomaly), 0.0, "as many as usual");
    assert!(score(120, 15, anomaly) < 0.8, "{}", score(120, 15, anomaly));
    assert!(score(120, 100, anomaly) > 0.995, "{}", score(120, 100, anomaly));
    assert!(score(120, 100, anomaly) > score(120, 50, anomaly));
    assert!(score(120, 100, Anomaly { tolerance: 5, ..anomaly }) < score(120, 100, anomaly));
    // A spike does not make the next one usual.
    let mut baseline = Baseline::default();
    let mut scores = BTreeMap::new();
    for minute in 0..200 {
        let many = if minute == 150 || minute == 160 { 300 } else { 10 };
        for _ in 0..many {
            baseline.add((minute * 60 + 1) * SECOND, anomaly);
        }
        scores.insert(minute, baseline.score((minute * 60 + 1) * SECOND, anomaly));
    }
    assert!(scores[&150] > 0.995 && scores[&160] > 0.995 && scores[&170] < 0.1, "{scores:?}");
}

#[test]
fn greatest_and_sums() {
    let clock = Clock::new(20);
    let mut most = series(&Aggregation::Max("x".into()));
    let mut sum = series(&Aggregation::Sum("x".into()));
    for (time, number) in [(1, 5.0), (2, 9.0), (12, 3.0), (25, 4.0)] {
        for series in [&mut most, &mut sum] {
            series.add(
                Measure::Number(number),
                at(time * SECOND),
                clock,
                NewValue::default(),
                Anomaly::default(),
            );
        }
    }
    assert_eq!(most.value(25 * SECOND, 20, clock, Anomaly::default()), 4.0);
    assert_eq!(sum.value(25 * SECOND, 20, clock, Anomaly::default()), 7.0);
    assert_eq!(sum.value(25 * SECOND, 5, clock, Anomaly::default()), 4.0, "a part of the window");
}
