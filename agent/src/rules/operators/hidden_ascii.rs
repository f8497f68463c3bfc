//! `hidden_ascii_match`: a text repeats ASCII in code points that show nothing (U+E0000 to U+E007F, the block
//! Tags): prompts for language models are hidden so.
//!
//! libddwaf 2.1 takes four of them, anywhere in the text, for such; flags of regions have up to seven, and
//! are found, too.

/// So many of them.
const LEAST: usize = 4;

/// From the first of these code points to the end of the fourth.
pub(in crate::rules) fn find(value: &[u8]) -> Option<(usize, usize)> {
    let tag = |at: usize| matches!(value.get(at..at + 4), Some([0xf3, 0xa0, 0x80 | 0x81, 0x80..=0xbf]));
    let mut tags = memchr::memchr_iter(0xf3, value).filter(|&at| tag(at));
    let start = tags.next()?;
    let last = tags.nth(LEAST - 2)?;
    Some((start, last + 4))
}

#[cfg(test)]
#[test]
fn vectors() {
    let t = "\u{e0041}";
    // Text, and where it is found; all asked of libddwaf 2.1.0, too.
    let vectors: [(String, Option<(usize, usize)>); 13] = [
        (String::new(), None),
        ("plain".to_owned(), None),
        (t.repeat(3), None),
        (t.repeat(4), Some((0, 16))),
        (format!("ab{}cd{}", t.repeat(2), t.repeat(3)), Some((2, 20))),
        (format!("{t}{}{t}{t}{t}", "a".repeat(500)), Some((0, 516))),
        ("\u{e0000}".repeat(4), Some((0, 16))),
        ("\u{e0001}".repeat(4), Some((0, 16))),
        ("\u{e007f}".repeat(4), Some((0, 16))),
        ("\u{e0080}".repeat(6), None),
        ("\u{dffff}".repeat(6), None),
        ("\u{e0100}".repeat(6), None),
        ("\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}".to_owned(), Some((4, 20))),
    ];
    let mut ran = 0;
    for (text, expected) in &vectors {
        assert_eq!(find(text.as_bytes()), *expected, "{}", text.escape_unicode());
        ran += 1;
    }
    assert_eq!(ran, 13);
    assert_eq!(find(&b"\xf3\xa0\x81".repeat(6)), None, "cut short");
    let split = [t.repeat(3).as_bytes(), b"\xff", t.as_bytes()].concat();
    assert_eq!(find(&split), Some((0, 17)), "bytes that are no UTF-8 between them");
}
