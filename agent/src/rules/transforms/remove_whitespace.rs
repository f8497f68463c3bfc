//! `remove_whitespace`: space, `\t`, `\n`, `\v`, `\f`, `\r` and Latin-1's no-break space go.
//!
//! `eval (\n1)` → `eval(1)`

use super::whitespace::Spaces;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut spaces = Spaces::default();
    out.extend(value.iter().copied().filter(|&byte| !spaces.is_space(byte)));
    out.len() != value.len()
}

#[cfg(test)]
#[test]
fn remove_whitespace() {
    super::vectors(
        super::Transform::RemoveWhitespace,
        8,
        &[
            (b"", b""),
            (b"abc", b"abc"),
            (b"eval (\n1)", b"eval(1)"),
            (b" \t\r\n\x0b\x0c", b""),
            (b"a\xa0\xa0b", b"ab"),
            ("à la".as_bytes(), "àla".as_bytes()),
            (b"a\0 b", b"a\0b"),
            (b" a b ", b"ab"),
        ],
    );
}
