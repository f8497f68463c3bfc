//! XML bodies.

use picket::limits::BODY_DEPTH;
use picket::rules::bodies::{Over, xml};

use super::Told;

/// Any body is read to its end or to a bound, what is said of it holds inside it, and it gets no longer by
/// decoding.
pub fn run(data: &[u8]) {
    let (told, outcome) = Told::twice(|buffers, sink| xml::read(data, BODY_DEPTH, false, buffers, sink));
    assert!(outcome.error.is_none_or(|error| error.at <= data.len()));
    assert!(outcome.over.is_none_or(|over| matches!(over, Over::Depth | Over::Attributes)));
    assert!(told.0.iter().map(Vec::len).sum::<usize>() <= data.len());
    let (_, outcome_cut) = Told::twice(|buffers, sink| xml::read(data, BODY_DEPTH, true, buffers, sink));
    // A body that was cut is never worse than the whole.
    assert!(outcome_cut.error.is_none() || outcome.error.is_some());
}
