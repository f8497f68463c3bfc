//! `url_path`, `url_basename`, `url_querystring`: the parts of a URL (RFC 3986 section 3), as In-App
//! WAF takes them: the path is all up to the first `?` or `#`, scheme and host too, if there are any.
//!
//! `/a/b.php?x=1#y` → `/a/b.php`, `b.php`, `x=1`

use memchr::{memchr, memchr2, memrchr};

pub(super) fn path(value: &[u8], out: &mut Vec<u8>) -> bool {
    take(value, before_query(value), out)
}

pub(super) fn basename(value: &[u8], out: &mut Vec<u8>) -> bool {
    let path = before_query(value);
    let name = memrchr(b'/', path).and_then(|slash| path.get(slash + 1..));
    take(value, name.unwrap_or(path), out)
}

/// What is behind the path's end, `?` not included, up to `#`; nothing if that comes first.
pub(super) fn querystring(value: &[u8], out: &mut Vec<u8>) -> bool {
    let after = value.get(before_query(value).len()..).unwrap_or_default();
    let query = after.strip_prefix(b"?").unwrap_or_default();
    take(value, memchr(b'#', query).and_then(|end| query.get(..end)).unwrap_or(query), out)
}

fn before_query(value: &[u8]) -> &[u8] {
    memchr2(b'?', b'#', value).and_then(|end| value.get(..end)).unwrap_or(value)
}

fn take(value: &[u8], part: &[u8], out: &mut Vec<u8>) -> bool {
    let changes = part.len() != value.len();
    if changes {
        out.extend_from_slice(part);
    }
    changes
}

#[cfg(test)]
#[test]
fn url_parts() {
    use super::Transform;
    super::vectors(
        Transform::UrlPath,
        8,
        &[
            (b"", b""),
            (b"/a/b.php", b"/a/b.php"),
            (b"/a/b.php?x=1#y", b"/a/b.php"),
            (b"/a#y?x", b"/a"),
            (b"?x", b""),
            (b"#", b""),
            (b"http://h/a?b?c", b"http://h/a"),
            (b"/a\0?\0", b"/a\0"),
        ],
    );
    super::vectors(
        Transform::UrlBasename,
        9,
        &[
            (b"", b""),
            (b"b.php", b"b.php"),
            (b"/a/b.php?x=/1#y", b"b.php"),
            (b"b.php?x", b"b.php"),
            (b"/a/", b""),
            (b"/", b""),
            (b"/x", b"x"),
            (b"#/a", b""),
            (b"a/b/c", b"c"),
        ],
    );
    super::vectors(
        Transform::UrlQuerystring,
        9,
        &[
            (b"", b""),
            (b"/a/b.php", b""),
            (b"/a/b.php?x=1#y", b"x=1"),
            (b"/a?x=1?y=2", b"x=1?y=2"),
            (b"/a?", b""),
            (b"/a#y?x", b""),
            (b"?x", b"x"),
            (b"?#", b""),
            (b"x=1", b""),
        ],
    );
}
