//! `normalize_path`: `//` and `/./` become `/`, `/x/../` becomes `/`; `..` that has nothing left to
//! take away is kept in a relative path and dropped at the root. `normalize_path_win` first makes
//! each `\` a `/`.
//!
//! `/a/./b//../../etc/passwd` → `/etc/passwd`

use memchr::{memchr, memmem};

pub(super) fn apply_win(value: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr(b'\\', value).is_none() {
        return apply(value, out);
    }
    let slashes: Vec<u8> = value.iter().map(|&b| if b == b'\\' { b'/' } else { b }).collect();
    if !apply(&slashes, out) {
        out.clear();
        out.extend(slashes);
    }
    true
}

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let dots = memmem::find(value, b"/.").is_some() || value.starts_with(b".");
    if !dots && memmem::find(value, b"//").is_none() {
        return false;
    }
    let absolute = value.starts_with(b"/");
    if absolute {
        out.push(b'/');
    }
    // Bytes of `out` that no `..` takes away: the root, and `..` kept before.
    let mut floor = out.len();
    let mut segments = value.split(|&byte| byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            b"" | b"." => {}
            b".." if out.len() > floor => {
                let kept = out.get(..out.len() - 1).and_then(|path| memchr::memrchr(b'/', path));
                out.truncate(kept.map_or(floor, |slash| slash + 1).max(floor));
            }
            b".." if absolute => {}
            _ => {
                out.extend(segment);
                if !last {
                    out.push(b'/');
                }
                if segment == b".." {
                    floor = out.len();
                }
            }
        }
    }
    out.as_slice() != value
}

#[cfg(test)]
#[test]
fn normalize_path() {
    super::vectors(
        super::Transform::NormalizePath,
        15,
        &[
            (b"", b""),
            (b"/", b"/"),
            (b"/a/b", b"/a/b"),
            (b"/a//b///c", b"/a/b/c"),
            (b"/a/./b/.", b"/a/b/"),
            (b"/a/b/../c", b"/a/c"),
            (b"/a/./b//../../etc/passwd", b"/etc/passwd"),
            (b"/../../etc", b"/etc"),
            (b"../../etc", b"../../etc"),
            (b"a/../../b", b"../b"),
            (b"a/..", b""),
            (b"/a/..", b"/"),
            (b"/.hidden/..data", b"/.hidden/..data"),
            (b"./a", b"a"),
            (b"..", b".."),
        ],
    );
    super::vectors(
        super::Transform::NormalizePathWin,
        4,
        &[(b"a\\b", b"a/b"), (b"\\a\\..\\boot.ini", b"/boot.ini"), (b"/a//b", b"/a/b"), (b"plain", b"plain")],
    );
}
