//! Chains of transformers, one after the other over any bytes.

use picket::limits;
use picket::rules::{ByteSet, model::Transform};

use super::Input;

/// Transformers of one input, at most.
const CHAIN: u8 = 8;

/// Input: how many transformers, which (a byte each, taken modulo their number), then the value.
///
/// Each says truly whether it changed the value, changes none that lacks its triggers, makes none longer
/// than it says, and does the same again.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let count = input.u8() % (CHAIN + 1);
    let chain: Vec<_> =
        (0..count).map(|_| Transform::ALL[usize::from(input.u8()) % Transform::ALL.len()]).collect();
    let mut value = input.0.to_vec();
    let (mut out, mut again) = (b"left over".to_vec(), Vec::new());
    for transform in chain {
        value.truncate(limits::JUDGED_VALUE);
        let changed = transform.apply(&value, &mut out);
        assert_eq!(transform.apply(&value, &mut again), changed, "{transform:?} the second time");
        if !changed {
            continue;
        }
        assert_eq!(out, again, "{transform:?} the second time");
        assert_ne!(out, value, "{transform:?} changed nothing");
        assert!(out.len() <= transform.longest(value.len()), "{transform:?} made {} bytes", out.len());
        let expected = match value.is_empty() {
            true => transform.changes_empty(),
            false => ByteSet::of(&value).intersects(transform.triggers()),
        };
        assert!(expected, "{transform:?} changed a value without its triggers");
        std::mem::swap(&mut value, &mut out);
    }
}
