//! What one query keeps of one group.

use serde::{Deserialize, Serialize};

use super::{Baseline, Buckets, Clock, Distinct, Hash, Known};
use crate::detect::rules::{Aggregation, Anomaly, Method, NewValue};

/// What one query keeps of one group. What is large is not there before the first event that counts: most groups never
/// meet most queries of their rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Series {
    /// Events.
    Count(Buckets<u32>),
    /// Different values.
    Distinct(Option<Box<Distinct>>),
    /// A sum. Seldom asked for: kept apart, so that counts are small.
    Sum(Option<Box<Buckets<f64>>>),
    /// A greatest value.
    Max(Option<Box<Buckets<f64>>>),
    /// Values it has had.
    New(Option<Box<Known>>),
    /// What is usual.
    Usual(Option<Box<Baseline>>),
}

/// What an event says to a query.
#[derive(Clone, Copy, Debug)]
pub enum Measure<'a> {
    /// That it came.
    Event,
    /// Values, each counts.
    Values(&'a [Hash]),
    /// A number.
    Number(f64),
}

/// When an event happened, seen from now; both nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// The event's time.
    pub time: u64,
    /// The newest time.
    pub now: u64,
}

impl Series {
    /// For a query of a rule with this method.
    #[must_use]
    pub fn new(aggregation: &Aggregation, method: &Method) -> Self {
        match (aggregation, method) {
            (Aggregation::Count, Method::Anomaly(_)) => Self::Usual(None),
            (Aggregation::Count, _) => Self::Count(Buckets::default()),
            (Aggregation::Cardinality(_), _) => Self::Distinct(None),
            (Aggregation::Sum(_), _) => Self::Sum(None),
            (Aggregation::Max(_), _) => Self::Max(None),
            (Aggregation::NewValue(_), _) => Self::New(None),
        }
    }

    /// An event came.
    pub fn add(
        &mut self,
        measure: Measure<'_>,
        when: When,
        clock: Clock,
        learning: NewValue,
        anomaly: Anomaly,
    ) {
        let (bucket, now) = (clock.bucket(when.time), clock.bucket(when.now));
        match (self, measure) {
            (Self::Count(counts), _) => {
                counts.change(bucket, now, 0, |count| *count = count.saturating_add(1));
            }
            (Self::Distinct(distinct), Measure::Values(values)) => {
                let distinct = distinct.get_or_insert_default();
                for value in values {
                    distinct.add(*value, bucket, now);
                }
            }
            (Self::Sum(sums), Measure::Number(number)) => {
                sums.get_or_insert_default().change(bucket, now, 0.0, |sum| *sum += number);
            }
            (Self::Max(most), Measure::Number(number)) => {
                let most = most.get_or_insert_default();
                most.change(bucket, now, f64::MIN, |greatest| *greatest = greatest.max(number));
            }
            (Self::New(known), Measure::Values(values)) => {
                let known = known.get_or_insert_default();
                for value in values {
                    known.add(*value, when.time, (bucket, now), learning);
                }
            }
            (Self::Usual(baseline), _) => baseline.get_or_insert_default().add(when.time, anomaly),
            // An event without the facet says nothing.
            (Self::Distinct(_) | Self::Sum(_) | Self::Max(_) | Self::New(_), _) => {}
        }
    }

    /// What conditions see: the newest `window` seconds.
    pub fn value(&mut self, now: u64, window: u64, clock: Clock, anomaly: Anomaly) -> f64 {
        let (bucket, buckets) = (clock.bucket(now), clock.buckets(window));
        match self {
            Self::Count(counts) => counts.amounts(bucket, buckets).map(f64::from).sum(),
            Self::Distinct(Some(distinct)) => distinct.count(bucket, buckets),
            Self::Sum(Some(sums)) => sums.amounts(bucket, buckets).sum(),
            Self::Max(Some(most)) => most.amounts(bucket, buckets).fold(0.0, f64::max),
            Self::New(Some(known)) => known.count(bucket, buckets),
            Self::Usual(Some(baseline)) => baseline.score(now, anomaly),
            Self::Distinct(None)
            | Self::Sum(None)
            | Self::Max(None)
            | Self::New(None)
            | Self::Usual(None) => 0.0,
        }
    }

    /// What came before does not count any more. What was learned from it stays.
    pub fn forget_counts(&mut self) {
        match self {
            Self::New(Some(known)) => known.forget_counts(),
            Self::New(None) | Self::Usual(_) => {}
            counts => counts.clear(),
        }
    }

    /// As if nothing had come.
    pub fn clear(&mut self) {
        match self {
            Self::Count(counts) => *counts = Buckets::default(),
            Self::Distinct(distinct) => *distinct = None,
            Self::Sum(sums) | Self::Max(sums) => *sums = None,
            Self::New(known) => *known = None,
            Self::Usual(baseline) => *baseline = None,
        }
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap(&self) -> usize {
        match self {
            Self::Count(counts) => counts.heap(),
            Self::Distinct(Some(distinct)) => size_of::<Distinct>() + distinct.heap(),
            Self::Sum(Some(sums)) | Self::Max(Some(sums)) => size_of::<Buckets<f64>>() + sums.heap(),
            Self::New(Some(known)) => size_of::<Known>() + known.heap(),
            Self::Usual(Some(_)) => size_of::<Baseline>(),
            Self::Distinct(None)
            | Self::Sum(None)
            | Self::Max(None)
            | Self::New(None)
            | Self::Usual(None) => 0,
        }
    }

    /// Whether a saved state is one of this query's, within its bounds.
    #[must_use]
    pub fn is_sound(&self, fresh: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(fresh)
            && match self {
                Self::Count(counts) => counts.is_sound(),
                Self::Distinct(distinct) => distinct.as_ref().is_none_or(|distinct| distinct.is_sound()),
                Self::Sum(sums) | Self::Max(sums) => sums.as_ref().is_none_or(|sums| sums.is_sound()),
                Self::New(known) => known.as_ref().is_none_or(|known| known.is_sound()),
                Self::Usual(baseline) => baseline.as_ref().is_none_or(|baseline| baseline.is_sound()),
            }
    }
}
