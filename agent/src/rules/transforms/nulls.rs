//! `remove_nulls`, `replace_nulls`: zero bytes go, or become spaces. Some browsers and C programs pass
//! over them; ASCII in UTF-16 is every second byte zero.
//!
//! `<scr\0ipt>` → `<script>`

use memchr::memchr;

pub(super) fn remove(value: &[u8], out: &mut Vec<u8>) -> bool {
    let changes = memchr(0, value).is_some();
    if changes {
        out.extend(value.iter().copied().filter(|&byte| byte != 0));
    }
    changes
}

pub(super) fn replace(value: &[u8], out: &mut Vec<u8>) -> bool {
    let changes = memchr(0, value).is_some();
    if changes {
        out.extend(value.iter().map(|&byte| if byte == 0 { b' ' } else { byte }));
    }
    changes
}

#[cfg(test)]
#[test]
fn nulls() {
    super::vectors(
        super::Transform::RemoveNulls,
        5,
        &[(b"", b""), (b"abc", b"abc"), (b"<scr\0ipt>", b"<script>"), (b"\0\0", b""), (b"\0a\0\0b\0", b"ab")],
    );
    super::vectors(
        super::Transform::ReplaceNulls,
        5,
        &[
            (b"", b""),
            (b"abc", b"abc"),
            (b"union\0select", b"union select"),
            (b"\0\0", b"  "),
            (b"\0a\0\0b\0", b" a  b "),
        ],
    );
}
