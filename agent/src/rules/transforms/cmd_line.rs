//! `cmd_line`: what shells of Unix and Windows pass over. Quotes, `\` and `^` go; each run of white
//! space, `,` and `;` becomes one space, none before `/` and `(`; ASCII capitals become small letters.
//! White space is space, `\t`, `\r`, `\n`, as in ModSecurity's code (libddwaf: `\v` and `\f` too).
//!
//! `C^OMMAND /C "DIR"` → `command/c dir`

use crate::rules::bytes::ByteSet;

const REMOVED: &[u8] = b"\\\"'^";
const SPACES: &[u8] = b" ,;\t\r\n";

pub(super) const TRIGGERS: ByteSet =
    ByteSet::range(b'A', b'Z').union(ByteSet::from_text(REMOVED)).union(ByteSet::from_text(SPACES));

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    if !value.iter().any(|&byte| TRIGGERS.contains(byte)) {
        return false;
    }
    // The last byte written is a space.
    let mut space = false;
    for &byte in value {
        if REMOVED.contains(&byte) {
            continue;
        }
        let is_space = SPACES.contains(&byte);
        if is_space && space {
            continue;
        }
        if space && matches!(byte, b'/' | b'(') {
            out.pop();
        }
        out.push(if is_space { b' ' } else { byte.to_ascii_lowercase() });
        space = is_space;
    }
    out.as_slice() != value
}

#[cfg(test)]
#[test]
fn cmd_line() {
    super::vectors(
        super::Transform::CmdLine,
        17,
        &[
            (b"", b""),
            (b"test", b"test"),
            (b"a b", b"a b"),
            (b"C^OMMAND /C DIR", b"command/c dir"),
            (b"cmd,/c DiR", b"cmd/c dir"),
            (b"\"command\" /c DiR", b"command/c dir"),
            (b"c'a't  \\/etc/p\\asswd", b"cat/etc/passwd"),
            (b"a,;\t\r\n b", b"a b"),
            (b"system (1)", b"system(1)"),
            (b"a ^ \"/", b"a/"),
            (b"  /", b"/"),
            (b"a ", b"a "),
            (b" ", b" "),
            (b"\\", b""),
            (b";", b" "),
            (b"a\x0b\x0cb\0\xff", b"a\x0b\x0cb\0\xff"),
            (b" '' ", b" "),
        ],
    );
}
