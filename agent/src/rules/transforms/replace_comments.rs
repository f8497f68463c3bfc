//! `replace_comments`: each `/* … */` becomes a space, also one without an end; a `*/` alone stays.
//!
//! `UNION/**/SELECT` → `UNION SELECT`

use memchr::memmem;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = value;
    let mut changed = false;
    while let Some((before, comment)) =
        memmem::find(rest, b"/*").and_then(|at| Some((rest.get(..at)?, rest.get(at + 2..)?)))
    {
        changed = true;
        out.extend_from_slice(before);
        out.push(b' ');
        rest = memmem::find(comment, b"*/").and_then(|end| comment.get(end + 2..)).unwrap_or_default();
    }
    if changed {
        out.extend_from_slice(rest);
    }
    changed
}

#[cfg(test)]
#[test]
fn replace_comments() {
    super::vectors(
        super::Transform::ReplaceComments,
        13,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"a\0b", b"a\0b"),
            (b"/* c */", b" "),
            (b"a/* c */b", b"a b"),
            (b"a /* c */ b", b"a   b"),
            (b"a/**//**/b", b"a  b"),
            (b"a/* c\r\nd ", b"a "),
            (b"a */ b", b"a */ b"),
            (b"/*/", b" "),
            (b"/*/*/", b" "),
            (b"/* /* */ */", b"  */"),
            (b"a -- b # c <!-- d -->", b"a -- b # c <!-- d -->"),
        ],
    );
}
