//! `length`: how many bytes the value has, in decimal.
//!
//! `abc` → `3`

use std::io::Write as _;

/// Digits of `u64::MAX`.
pub(super) const LONGEST: usize = 20;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    // A vector takes all that is written.
    let written = write!(out, "{}", value.len());
    written.is_ok() && out.as_slice() != value
}

#[cfg(test)]
#[test]
fn length() {
    super::vectors(
        super::Transform::Length,
        6,
        &[
            (b"", b"0"),
            (b"1", b"1"),
            (b"2", b"1"),
            (b"0123456789abcdef", b"16"),
            (b"a\0b", b"3"),
            (b"12", b"2"),
        ],
    );
}
