//! `normalize_path`: `//` and `/./` become `/`, `/x/../` becomes `/`; `..` that has nothing left to
//! take away is kept in a relative path and dropped at the root. Only what ended in `/` ends so: of
//! `/a/..` nothing is left. `normalize_path_win` first makes each `\` a `/`.
//!
//! The manual's meaning. ModSecurity's code takes any segment that ends in two dots for `..` (`a../b`
//! becomes `b`), and lets `..` take away one that was kept (of `../a/../..` nothing is left).
//!
//! `/a/./b//../../etc/passwd` → `/etc/passwd`

use memchr::{memchr, memmem, memrchr};

pub(super) fn apply_win(value: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr(b'\\', value).is_none() {
        return apply(value, out);
    }
    normalize(value, |byte| matches!(byte, b'/' | b'\\'), out);
    true
}

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let dots = memmem::find(value, b"/.").is_some() || value.starts_with(b".");
    if !dots && memmem::find(value, b"//").is_none() {
        return false;
    }
    normalize(value, |byte| byte == b'/', out);
    out.as_slice() != value
}

fn normalize(value: &[u8], is_slash: impl Fn(u8) -> bool, out: &mut Vec<u8>) {
    let absolute = value.first().is_some_and(|&byte| is_slash(byte));
    // Bytes of `out` that no `..` takes away: those of `..` kept before.
    let mut floor = 0;
    for segment in value.split(|&byte| is_slash(byte)) {
        match segment {
            b"" | b"." => {}
            b".." if out.len() > floor => {
                let kept = out.get(floor..).and_then(|path| memrchr(b'/', path));
                out.truncate(floor + kept.unwrap_or(0));
            }
            b".." if absolute => {}
            _ => {
                if absolute || !out.is_empty() {
                    out.push(b'/');
                }
                out.extend_from_slice(segment);
                if segment == b".." {
                    floor = out.len();
                }
            }
        }
    }
    if value.last().is_some_and(|&byte| is_slash(byte)) && (absolute || !out.is_empty()) {
        out.push(b'/');
    }
}

#[cfg(test)]
#[test]
fn normalize_path() {
    super::vectors(
        super::Transform::NormalizePath,
        44,
        &[
            (b"", b""),
            (b"/", b"/"),
            (b"x", b"x"),
            (b"/a/b", b"/a/b"),
            (b"/foo/bar\0/baz", b"/foo/bar\0/baz"),
            (b"/a//b///c", b"/a/b/c"),
            (b"//", b"/"),
            (b"//a", b"/a"),
            (b"a//", b"a/"),
            (b"/a/./b/.", b"/a/b"),
            (b"/a/./b/./", b"/a/b/"),
            (b"/a/b/../c", b"/a/c"),
            (b"/a/./b//../../etc/passwd", b"/etc/passwd"),
            (b"/../../etc", b"/etc"),
            (b"/./.././../../../x/../etc/./passwd", b"/etc/passwd"),
            (b"../../etc", b"../../etc"),
            (b"a/../../b", b"../b"),
            (b"a/..", b""),
            (b"a/../", b""),
            (b"/a/..", b""),
            (b"/a/../", b"/"),
            (b"/.hidden/..data", b"/.hidden/..data"),
            (b"./a", b"a"),
            (b"..", b".."),
            (b".", b""),
            (b"./", b""),
            (b"./..", b".."),
            (b"./../", b"../"),
            (b"../", b"../"),
            (b"../.", b".."),
            (b".././", b"../"),
            (b"../../", b"../../"),
            (b"/.", b""),
            (b"/..", b""),
            (b"dir/foo//bar/", b"dir/foo/bar/"),
            (b"dir/./.././../../foo/bar", b"../../foo/bar"),
            (b"dir/./.././../../foo/bar/..", b"../../foo"),
            (b"dir/./.././../../foo/bar/../", b"../../foo/"),
            (b"dir//.//..//.//..//..//foo//bar//", b"../../foo/bar/"),
            (b"dir/./subdir/../subsubdir/../subsubsubdir/..", b"dir"),
            (b"a/b/c/../../..", b""),
            (b"/a../.../b", b"/a../.../b"),
            (b"../a/../..", b"../.."),
            (b"b/../b/../a/", b"a/"),
        ],
    );
    super::vectors(
        super::Transform::NormalizePathWin,
        13,
        &[
            (b"", b""),
            (b"a\\b", b"a/b"),
            (b"\\a\\..\\boot.ini", b"/boot.ini"),
            (b"/a//b", b"/a/b"),
            (b"plain", b"plain"),
            (b".\\", b""),
            (b".\\..\\", b"../"),
            (b"..\\..", b"../.."),
            (b"\\dir\\foo\\\\bar", b"/dir/foo/bar"),
            (b"dir\\..\\..\\foo", b"../foo"),
            (b"dir\\\\.\\\\..\\/.\\..\\..\\foo\\bar\\\\", b"../../foo/bar/"),
            (b"\\", b"/"),
            (b"c:\\windows\\system32\\..\\win.ini", b"c:/windows/win.ini"),
        ],
    );
}
