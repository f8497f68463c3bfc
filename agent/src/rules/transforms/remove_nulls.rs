//! `remove_nulls`: zero bytes go. Some browsers and C programs pass over them; ASCII in UTF-16 is
//! every second byte zero.
//!
//! `<scr\0ipt>` → `<script>`

use memchr::memchr;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let changes = memchr(0, value).is_some();
    if changes {
        out.extend(value.iter().copied().filter(|&byte| byte != 0));
    }
    changes
}

#[cfg(test)]
#[test]
fn remove_nulls() {
    super::vectors(
        super::Transform::RemoveNulls,
        4,
        &[(b"", b""), (b"abc", b"abc"), (b"<scr\0ipt>", b"<script>"), (b"\0\0", b"")],
    );
}
