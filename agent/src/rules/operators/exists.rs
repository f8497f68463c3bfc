//! `exists` and `!exists`: something, whatever it is, stands at a path; or nothing does.
//!
//! `"inputs": [{"address": "server.request.jwt", "key_path": ["payload", "exp"]}]`

/// What is found at the path of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Found {
    /// The address has no value (yet).
    NoAddress,
    /// A value; null and empty ones are some, too.
    Value,
    /// The address has a value, and none under this path.
    Nothing,
    /// An exclusion keeps it out of sight: nobody can say whether more of the path is there.
    Hidden,
}

/// Whether the condition holds on the input. Of `exists` one of several inputs is enough; `!exists` has one.
pub(in crate::rules) fn holds(negated: bool, found: Found) -> bool {
    found == if negated { Found::Nothing } else { Found::Value }
}

#[cfg(test)]
#[test]
fn vectors() {
    let vectors = [
        (Found::NoAddress, false, false),
        (Found::Value, true, false),
        (Found::Nothing, false, true),
        (Found::Hidden, false, false),
    ];
    let mut ran = 0;
    for (found, exists, not) in vectors {
        assert_eq!((holds(false, found), holds(true, found)), (exists, not), "{found:?}");
        ran += 1;
    }
    assert_eq!(ran, 4);
}
