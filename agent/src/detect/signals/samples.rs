//! Some events of a signal: the first of each kind, and the latest.

use jiff::Timestamp;

use super::signal::Sample;
use crate::limits;

/// Keeps an event if it shows something new. The last place is the latest event's.
pub(super) fn keep(samples: &mut Vec<Sample>, id: &str, what: &str, time: Timestamp) {
    let sample = || Sample { id: id.to_owned(), time, what: what.to_owned() };
    let Some((latest, kinds)) = samples.split_last_mut() else {
        samples.push(sample());
        return;
    };
    let shown = kinds.iter().any(|known| known.what == latest.what);
    // The latest gives way to a later one, unless it is the first of its kind and there is room.
    if shown || kinds.len() + 1 >= limits::SIGNAL_EVENTS {
        *latest = sample();
    } else {
        samples.push(sample());
    }
}
