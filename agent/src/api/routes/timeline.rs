//! Counts by time, as they are shown.

use std::collections::BTreeMap;

use super::answer::{count, timestamp};
use crate::api::types::{TimelineBucket, TimelineView};

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;
/// Widths of stretches, seconds; those of the store.
const WIDTHS: [i64; 16] =
    [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000, 31_536_000];

/// A round width that cuts a stretch of time into at most about so many pieces; nanoseconds.
pub(super) fn width(from: i64, to: i64, buckets: usize) -> i64 {
    let least = to.saturating_sub(from) / i64::try_from(buckets.max(1)).unwrap_or(i64::MAX);
    let widths = WIDTHS.iter().map(|seconds| seconds * SECOND);
    widths.into_iter().find(|width| *width >= least).unwrap_or(31_536_000 * SECOND)
}

/// Points of all, and of each value. What came between the questions about them falls into the stretch it is in.
pub(super) fn view(
    width: i64,
    by: Option<String>,
    points: Vec<(i64, i64)>,
    series: Vec<(String, Vec<(i64, i64)>)>,
) -> TimelineView {
    let bucket = |start: i64, all: i64| TimelineBucket {
        start: timestamp(start),
        count: count(all),
        values: BTreeMap::new(),
    };
    let mut buckets: BTreeMap<i64, TimelineBucket> =
        points.into_iter().map(|(start, all)| (start, bucket(start, all))).collect();
    for (value, points) in series {
        for (start, all) in points {
            let start = start / width.max(1) * width.max(1);
            let of = buckets.entry(start).or_insert_with(|| bucket(start, 0));
            let of_value = of.values.entry(value.clone()).or_default();
            *of_value += count(all);
            of.count = of.count.max(*of_value);
        }
    }
    TimelineView {
        width_seconds: count(width / SECOND),
        by,
        items: buckets.into_values().collect(),
        complete: true,
        since: None,
    }
}

/// The same, with how far it was counted.
pub(super) fn reaching(mut view: TimelineView, complete: bool, since: i64) -> TimelineView {
    view.complete = complete;
    view.since = (!complete).then(|| timestamp(since));
    view
}
