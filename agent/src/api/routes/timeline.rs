//! Counts by time, as they are shown.

use std::collections::BTreeMap;

use super::{
    answer::{count, since, timestamp},
    facet::Facet,
};
use crate::{
    api::types::{TimelineBucket, TimelineView},
    store::read::Timeline,
};

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// Points of all, and of each value of a facet.
pub(super) fn view(found: Timeline, by: Option<&Facet>) -> TimelineView {
    let Timeline { width, points, series, reach } = found;
    let bucket = |(start, all)| {
        (start, TimelineBucket { start: timestamp(start), count: count(all), values: BTreeMap::new() })
    };
    let mut buckets: BTreeMap<i64, TimelineBucket> = points.into_iter().map(bucket).collect();
    for series in series {
        let value = by.map_or_else(String::new, |facet| facet.shown(series.value).to_string());
        for (start, of_value) in series.points {
            if let Some(bucket) = buckets.get_mut(&start) {
                *bucket.values.entry(value.clone()).or_default() += count(of_value);
            }
        }
    }
    TimelineView {
        width_seconds: count(width / SECOND),
        by: by.map(|facet| facet.name.clone()),
        items: buckets.into_values().collect(),
        complete: reach.complete,
        since: since(reach),
    }
}
