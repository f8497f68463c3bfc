//! `compress_whitespace`: each run of space, `\t`, `\n`, `\v`, `\f`, `\r` or a Latin-1 no-break space
//! standing alone (not as a byte of a UTF-8 character) becomes one space.
//!
//! `union \t\n select` → `union select`

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut before = 0;
    let mut in_run = false;
    let mut changes = false;
    for (at, &byte) in value.iter().enumerate() {
        // 0xA0 after a byte over 0x7F is a continuation byte of UTF-8.
        let space = is_space(byte) || (byte == 0xa0 && before < 0x80);
        changes |= space && (in_run || byte != b' ');
        if changes && out.is_empty() {
            out.extend(&value[..at]);
        }
        if changes && !(space && in_run) {
            out.push(if space { b' ' } else { byte });
        }
        in_run = space;
        before = byte;
    }
    changes
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
#[test]
fn compress_whitespace() {
    super::vectors(
        super::Transform::CompressWhitespace,
        9,
        &[
            (b"", b""),
            (b"a b", b"a b"),
            (b"a  b", b"a b"),
            (b"a\tb", b"a b"),
            (b"union \t\r\n\x0b\x0c select", b"union select"),
            (b"\t", b" "),
            (b"a b  ", b"a b "),
            (b"a\xa0b", b"a b"),
            ("à la".as_bytes(), "à la".as_bytes()),
        ],
    );
}
