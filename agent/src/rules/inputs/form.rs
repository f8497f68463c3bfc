//! `application/x-www-form-urlencoded`, as queries and bodies have it.

use super::{Address, Inputs, NodeId};

/// Parameters, names and values percent-decoded once, `+` as a space. A piece without `=` is both a
/// name and a value of its own.
pub(super) fn read(address: Address, text: &[u8], inputs: &mut Inputs<'_>) {
    let mut rest = text;
    while !rest.is_empty() {
        if inputs.is_full() {
            inputs.value_decoded(address, NodeId::ROOT, rest, true);
            return;
        }
        let end = memchr::memchr(b'&', rest).unwrap_or(rest.len());
        let (pair, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        if pair.is_empty() {
            continue;
        }
        match memchr::memchr(b'=', pair) {
            Some(at) => {
                let node = inputs.named_decoded(address, NodeId::ROOT, pair.get(..at).unwrap_or_default());
                inputs.value_decoded(address, node, pair.get(at + 1..).unwrap_or_default(), true);
            }
            None => {
                inputs.named_decoded(address, NodeId::ROOT, pair);
                inputs.value_decoded(address, NodeId::ROOT, pair, true);
            }
        }
    }
}
