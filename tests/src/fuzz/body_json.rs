//! JSON bodies.

use picket::limits::BODY_DEPTH;
use picket::rules::bodies::{Over, json};

use super::Told;

/// Any text is read to its end or to its bound, what is said of it holds inside it, and it is JSON exactly
/// when `serde_json` takes it.
pub fn run(data: &[u8]) {
    let (told, outcome) = Told::twice(|buffers, sink| json::read(data, BODY_DEPTH, false, buffers, sink));
    assert!(told.0.len() <= 2 * data.len());
    assert!(told.0.chunks(2).all(|pair| pair[0].starts_with(b"json")));
    assert!(outcome.error.is_none_or(|error| error.at <= data.len()));
    let depth = data.iter().filter(|byte| b"[{".contains(byte)).count();
    // serde_json's own bound.
    if depth < 120 && !data.is_empty() {
        let json = serde_json::from_slice::<serde_json::Value>(data).is_ok();
        // It also refuses numbers that no float can hold, and half surrogate pairs.
        assert!(!json || outcome.error.is_none(), "{:?}", outcome.error);
    }
    assert!(outcome.over.is_none_or(|over| over == Over::Depth && depth > BODY_DEPTH));
    // A text that was cut is never worse than the whole.
    let (told_cut, outcome_cut) =
        Told::twice(|buffers, sink| json::read(data, BODY_DEPTH, true, buffers, sink));
    assert_eq!(told, told_cut);
    assert!(outcome_cut.error.is_none() || outcome.error.is_some());
}
