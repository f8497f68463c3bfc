//! `lowercase`: ASCII capitals become small letters; other bytes stay.
//!
//! `SeLeCT ÄÖ` → `select ÄÖ`

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let changes = value.iter().any(u8::is_ascii_uppercase);
    if changes {
        out.extend(value.iter().map(u8::to_ascii_lowercase));
    }
    changes
}

#[cfg(test)]
#[test]
fn lowercase() {
    super::vectors(
        super::Transform::Lowercase,
        5,
        &[
            (b"", b""),
            (b"select", b"select"),
            (b"SeLeCT", b"select"),
            ("ÄÖ A".as_bytes(), "ÄÖ a".as_bytes()),
            (b"\xff\0Z[", b"\xff\0z["),
        ],
    );
}
