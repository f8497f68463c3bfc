//! The loop of all decoders: text is copied up to where an escape may begin, and the escape decoded.

use memchr::memchr;

/// Copies a value into `out`, escapes decoded, which begin with `start`: `escape` takes what begins
/// there, writes what it stands for and says how many bytes it took; nothing if it is none, and the
/// first byte stays. Whether anything was decoded.
pub(super) fn escapes(
    start: u8,
    value: &[u8],
    out: &mut Vec<u8>,
    escape: impl FnMut(&[u8], &mut Vec<u8>) -> Option<usize>,
) -> bool {
    found(|rest| memchr(start, rest), value, out, escape)
}

/// The same, where `find` finds what may begin an escape.
pub(super) fn found(
    find: impl Fn(&[u8]) -> Option<usize>,
    value: &[u8],
    out: &mut Vec<u8>,
    mut escape: impl FnMut(&[u8], &mut Vec<u8>) -> Option<usize>,
) -> bool {
    let Some(mut at) = find(value) else { return false };
    let mut rest = value;
    let mut changed = false;
    loop {
        let (before, begins) = rest.split_at(at.min(rest.len()));
        out.extend_from_slice(before);
        rest = match escape(begins, out) {
            Some(used) => {
                changed = true;
                begins.get(used..).unwrap_or_default()
            }
            None => {
                out.extend(begins.first());
                begins.get(1..).unwrap_or_default()
            }
        };
        match find(rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.extend_from_slice(rest);
    changed
}
