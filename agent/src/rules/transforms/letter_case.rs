//! `lowercase`, `uppercase`: ASCII letters; other bytes stay.
//!
//! `SeLeCT ÄÖ` → `select ÄÖ`

pub(super) fn lower(value: &[u8], out: &mut Vec<u8>) -> bool {
    let changes = any(value, u8::is_ascii_uppercase);
    if changes {
        out.extend(value.iter().map(u8::to_ascii_lowercase));
    }
    changes
}

pub(super) fn upper(value: &[u8], out: &mut Vec<u8>) -> bool {
    let changes = any(value, u8::is_ascii_lowercase);
    if changes {
        out.extend(value.iter().map(u8::to_ascii_uppercase));
    }
    changes
}

/// Looks at 32 bytes at once: without a way out in between it is done by vector instructions.
fn any(value: &[u8], is: impl Fn(&u8) -> bool) -> bool {
    value.chunks(32).any(|chunk| chunk.iter().fold(false, |found, byte| found | is(byte)))
}

#[cfg(test)]
#[test]
fn letter_case() {
    super::vectors(
        super::Transform::Lowercase,
        7,
        &[
            (b"", b""),
            (b"select", b"select"),
            (b"SeLeCT", b"select"),
            ("ÄÖ A".as_bytes(), "ÄÖ a".as_bytes()),
            (b"\xff\0Z[", b"\xff\0z["),
            (b"@AZ[`az{", b"@az[`az{"),
            (b"a text that is longer than 32 byteS", b"a text that is longer than 32 bytes"),
        ],
    );
    super::vectors(
        super::Transform::Uppercase,
        5,
        &[
            (b"", b""),
            (b"SELECT 1", b"SELECT 1"),
            (b"SeLeCT", b"SELECT"),
            ("äö a".as_bytes(), "äö A".as_bytes()),
            (b"@AZ[`az{\0\xff", b"@AZ[`AZ{\0\xff"),
        ],
    );
}
