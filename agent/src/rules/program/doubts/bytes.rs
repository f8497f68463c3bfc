//! Which bytes texts have behind a chain of transformations.

use crate::rules::{bytes::ByteSet, model::Transform};

/// The bytes that the texts may have which a chain makes of any value.
pub(super) fn behind(chain: &[Transform]) -> ByteSet {
    chain.iter().fold(ByteSet::ALL, |before, transform| after(*transform, before))
}

/// The bytes that a transformation may leave of texts with these; more than it does for most.
fn after(transform: Transform, before: ByteSet) -> ByteSet {
    const SMALL: ByteSet = ByteSet::range(b'a', b'z');
    const CAPITALS: ByteSet = ByteSet::range(b'A', b'Z');
    const DIGITS: ByteSet = ByteSet::range(b'0', b'9');
    match transform {
        Transform::Lowercase => before.without(CAPITALS).union(SMALL),
        Transform::Uppercase => before.without(SMALL).union(CAPITALS),
        Transform::CmdLine => {
            before.without(CAPITALS).without(ByteSet::from_text(b"\"'\\^,;\t\n\r")).union(SMALL).with(b' ')
        }
        Transform::RemoveNulls => before.without(ByteSet::from_text(b"\0")),
        Transform::ReplaceNulls => before.without(ByteSet::from_text(b"\0")).with(b' '),
        Transform::RemoveWhitespace => before.without(ByteSet::from_text(b" \t\n\x0b\x0c\r")),
        Transform::CompressWhitespace => before.without(ByteSet::from_text(b"\t\n\x0b\x0c\r")).with(b' '),
        Transform::HexEncode => DIGITS.union(ByteSet::range(b'a', b'f')),
        Transform::Length => DIGITS,
        Transform::Base64Encode => DIGITS.union(SMALL).union(CAPITALS).union(ByteSet::from_text(b"+/=")),
        Transform::ParityZero7bit => ByteSet::range(0, 0x7f),
        Transform::Trim | Transform::TrimLeft | Transform::TrimRight => before,
        _ => ByteSet::ALL,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// No transformation leaves a byte that it is said not to leave.
        #[test]
        fn what_is_left_is_as_said(
            value in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"aAzZ ,;'\"\\^%&x41/*\t\0+="[..])], 0..40),
            chain in prop::collection::vec(prop::sample::select(&Transform::ALL[..]), 0..4),
        ) {
            let (mut text, mut out) = (value, Vec::new());
            for transform in &chain {
                if transform.apply(&text, &mut out) {
                    std::mem::swap(&mut text, &mut out);
                }
            }
            let left = ByteSet::of(&text);
            prop_assert!(left.is_subset(behind(&chain)), "{:?}: {}", chain, text.escape_ascii());
        }
    }
}
