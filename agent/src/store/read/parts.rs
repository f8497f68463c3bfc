//! A stretch of time as whole days, whole hours, and what is left at its ends.

use super::super::rollup::{ALL, DAYS, HOURS};

/// A piece of time, and where its events are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In the events: nanoseconds, the end not included.
    Events(i64, i64),
    /// In a rollup's level: units of its size, the end not included.
    Level((i64, i64), i64, i64),
}

/// A stretch of time, and at which of its ends there is nothing beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub from: i64,
    pub to: i64,
    /// Nothing is stored that is older.
    pub oldest: bool,
    /// Nothing is stored that is newer.
    pub newest: bool,
}

impl Stretch {
    /// It as one part, when it is all there is.
    pub fn all(self) -> Option<Part> {
        (self.oldest && self.newest).then_some(Part::Level(ALL, 0, 1))
    }

    /// Splits it, the newest first. Ends with nothing beyond are moved to where a day (or an hour, of hours) ends: what is
    /// whole is counted already.
    pub fn split(self, coarsest: i64) -> Vec<Part> {
        let unit = if coarsest >= DAYS.1 { DAYS.1 } else { HOURS.1 };
        let from = if self.oldest { self.from.div_euclid(unit) * unit } else { self.from };
        let to =
            if self.newest { (self.to.saturating_add(unit - 1)).div_euclid(unit) * unit } else { self.to };
        split(from, to, coarsest)
    }
}

/// Splits `from..to`, the newest first. Levels coarser than `coarsest` (nanoseconds) are not used.
fn split(from: i64, to: i64, coarsest: i64) -> Vec<Part> {
    let mut parts = Vec::new();
    let levels = [DAYS, HOURS].into_iter().filter(|(_, size)| *size <= coarsest);
    within(from, to, &levels.collect::<Vec<_>>(), &mut parts);
    parts
}

fn within(from: i64, to: i64, levels: &[(i64, i64)], parts: &mut Vec<Part>) {
    if from >= to {
        return;
    }
    let Some((level, finer)) = levels.split_first() else {
        parts.push(Part::Events(from, to));
        return;
    };
    let size = level.1;
    let first = from.div_euclid(size) + i64::from(from.rem_euclid(size) != 0);
    let end = to.div_euclid(size);
    if first >= end {
        return within(from, to, finer, parts);
    }
    within(end * size, to, finer, parts);
    parts.push(Part::Level(*level, first, end));
    within(from, first * size, finer, parts);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_parts_are_the_whole_without_overlap(
            from in 0..10 * DAYS.1, length in 0..10 * DAYS.1, coarsest in prop::sample::select(vec![0, HOURS.1, DAYS.1]),
        ) {
            let mut end = from + length;
            for part in split(from, from + length, coarsest) {
                let (first, last, size) = match part {
                    Part::Events(first, last) => (first, last, 0),
                    Part::Level((_, size), first, last) => (first * size, last * size, size),
                };
                prop_assert!(first < last && last == end && size <= coarsest);
                // What is looked up in events is less than an hour at each end.
                prop_assert!(size > 0 || coarsest == 0 || last - first < 2 * HOURS.1);
                end = first;
            }
            prop_assert_eq!(end, from);
        }
    }
}
