use picket_common::conn::Direction;
use proptest::prelude::*;

use super::*;
use crate::capture::record::{Hole, Segment};

/// A segment of plain bytes.
fn seg(seq: u32, data: &[u8]) -> Segment<'_> {
    Segment {
        direction: Direction::Ingress,
        seq,
        data,
        wire_len: data.len() as u32,
        known_start: true,
        hole: None,
        fin: false,
        tls: false,
    }
}

/// What came out, spelled: data as text, gaps as `<len>` (skipped) or `[len]` (lost).
#[derive(Default)]
struct Spelled(String);

impl Spelled {
    fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Data(data) => self.0.push_str(std::str::from_utf8(data).unwrap()),
            Piece::Gap { len, skipped: true } => self.0.push_str(&format!("<{len}>")),
            Piece::Gap { len, skipped: false } => self.0.push_str(&format!("[{len}]")),
        }
    }
}

/// Pushes segments one after the other and spells what comes out, and what `finish` adds after a `|`.
fn run(segments: &[Segment<'_>]) -> (String, StreamStats) {
    let (mut out, mut stats) = (Spelled::default(), StreamStats::default());
    let mut reassembler = Reassembler::new(Limits::default());
    for (at, segment) in segments.iter().enumerate() {
        reassembler.push(segment, at as u64, &mut stats, |p| out.piece(p));
    }
    out.0.push('|');
    reassembler.finish(&mut stats, |p| out.piece(p));
    assert_eq!(reassembler.held(), 0, "finish leaves nothing behind");
    (out.0, stats)
}

fn spelled(segments: &[Segment<'_>]) -> String {
    run(segments).0
}

#[test]
fn wire_cases() {
    let skipped = |s| Segment { hole: Some(Hole::Skipped), ..s };
    let lost = |s| Segment { hole: Some(Hole::Lost), ..s };
    let tail = |s, wire_len| Segment { wire_len, ..s };
    let far = 1000_u32.wrapping_add(3 << 29);
    let cases: &[(&str, &[Segment<'_>], &str)] = &[
        ("in order", &[seg(1, b"ab"), seg(3, b"cd")], "abcd|"),
        ("out of order", &[seg(1, b"ab"), seg(5, b"ef"), seg(3, b"cd")], "abcdef|"),
        ("sent twice", &[seg(1, b"ab"), seg(1, b"ab"), seg(3, b"cd")], "abcd|"),
        ("delivered bytes win", &[seg(1, b"abc"), seg(2, b"XXde")], "abcde|"),
        ("in-order bytes win over held", &[seg(1, b"a"), seg(4, b"DE"), seg(2, b"bcdef")], "abcdef|"),
        (
            "within a held one: dropped",
            &[seg(1, b"a"), seg(3, b"cdef"), seg(4, b"XX"), seg(2, b"b")],
            "abcdef|",
        ),
        (
            "covers held ones: replaces",
            &[seg(1, b"a"), seg(4, b"XX"), seg(3, b"cdef"), seg(2, b"b")],
            "abcdef|",
        ),
        ("same start, longer: replaces", &[seg(1, b"a"), seg(3, b"X"), seg(3, b"cd"), seg(2, b"b")], "abcd|"),
        (
            "overlap: the earlier start wins",
            &[seg(1, b"a"), seg(3, b"cde"), seg(5, b"XfG"), seg(2, b"b")],
            "abcdefG|",
        ),
        (
            "overlap: even if it came later",
            &[seg(1, b"a"), seg(5, b"Xfg"), seg(3, b"cde"), seg(2, b"b")],
            "abcdefg|",
        ),
        ("a hole nothing fills", &[seg(1, b"ab"), seg(10, b"j")], "ab|[7]j"),
        ("two holes", &[seg(1, b"a"), seg(3, b"c"), seg(5, b"e")], "a|[1]c[1]e"),
        ("skipped tail", &[tail(seg(1, b"ab"), 12), seg(13, b"m")], "ab<10>m|"),
        ("nothing captured at all", &[seg(1, b"a"), tail(seg(2, b""), 5), seg(7, b"g")], "a<5>g|"),
        (
            "skipped tail, held",
            &[seg(1, b"a"), tail(seg(3, b"c"), 3), seg(2, b"b"), seg(6, b"f")],
            "abc<2>f|",
        ),
        ("skipped before", &[seg(1, b"a"), skipped(seg(100, b"z"))], "a<98>z|"),
        ("lost before", &[seg(1, b"a"), lost(seg(100, b"z"))], "a[98]z|"),
        ("lost before, others held", &[seg(1, b"a"), seg(3, b"c"), lost(seg(6, b"f"))], "a[1]c[2]f|"),
        ("lost before, held beyond", &[seg(1, b"a"), seg(9, b"i"), lost(seg(3, b"c"))], "a[1]c|[5]i"),
        (
            "lost before, held reaches over it",
            &[seg(1, b"a"), seg(3, b"cdefg"), lost(seg(5, b"XX"))],
            "a[1]cdefg|",
        ),
        ("flag without a hole", &[seg(1, b"a"), lost(seg(2, b"b"))], "ab|"),
        ("flag on old bytes", &[seg(1, b"abc"), skipped(seg(2, b"b")), seg(4, b"d")], "abcd|"),
        ("lost before the first", &[lost(seg(5, b"a")), seg(6, b"b")], "[0]ab|"),
        ("mid-stream start", &[seg(500, b"a"), seg(499, b"X"), seg(501, b"b")], "ab|"),
        ("keep-alive probe", &[seg(1, b"ab"), seg(2, b"\0"), seg(3, b"cd")], "abcd|"),
        ("sequence wrap", &[seg(u32::MAX, b"ab"), seg(3, b"e"), seg(1, b"cd")], "abcde|"),
        ("wrap in the queue", &[seg(u32::MAX - 1, b"a"), seg(1, b"d"), seg(u32::MAX, b"bc")], "abcd|"),
        ("a jump alone is not believed", &[seg(1, b"a"), seg(far, b"Z"), seg(2, b"b")], "ab|"),
        (
            "a jump that goes on is",
            &[seg(1000, b"a"), seg(far, b"Z"), seg(far.wrapping_add(1), b"y")],
            "a[1610612736]y|",
        ),
        ("a skip of nearly 2 GiB", &[seg(1, b"a"), skipped(seg(0x8000_0000, b"z"))], "a<2147483646>z|"),
        ("a skip of 2.5 GiB", &[seg(0, b"a"), skipped(seg(0xa000_0001, b"z"))], "a<2684354560>z|"),
        ("empty segments", &[seg(1, b"a"), seg(2, b""), seg(9, b""), seg(2, b"b")], "ab|"),
        ("empty with a hole before", &[seg(1, b"a"), skipped(seg(9, b"")), seg(9, b"i")], "a<7>i|"),
    ];
    for (name, segments, expected) in cases {
        assert_eq!(spelled(segments), *expected, "{name}");
    }
    assert_eq!(cases.len(), 33);
}

#[test]
fn counters_say_what_happened() {
    let (_, stats) = run(&[
        seg(1, b"ab"),
        seg(1, b"ab"),
        seg(2, b"bc"),
        seg(6, b"f"),
        seg(6, b"f"),
        Segment { hole: Some(Hole::Skipped), ..seg(20, b"t") },
    ]);
    let expected = StreamStats {
        segments: 6,
        bytes: 5,
        retransmitted: 4,
        overlaps: 1,
        out_of_order: 1,
        gaps_skipped: 2,
        ..StreamStats::default()
    };
    assert_eq!(stats, expected);
    let mut sum = stats;
    sum.merge(&stats);
    assert_eq!(sum.iter().find(|(name, _)| *name == "segments"), Some(("segments", 12)));
}

#[test]
fn a_hole_is_given_up_in_time() {
    let (mut out, mut stats) = (Spelled::default(), StreamStats::default());
    let mut r = Reassembler::new(Limits { hole_timeout: 100, ..Limits::default() });
    r.push(&seg(1, b"a"), 0, &mut stats, |p| out.piece(p));
    r.push(&seg(3, b"c"), 10, &mut stats, |p| out.piece(p));
    r.push(&seg(5, b"e"), 50, &mut stats, |p| out.piece(p));
    r.expire(109, &mut stats, |p| out.piece(p));
    assert_eq!(out.0, "a");
    r.expire(110, &mut stats, |p| out.piece(p));
    assert_eq!(out.0, "a[1]c", "the second hole is younger");
    r.expire(150, &mut stats, |p| out.piece(p));
    assert_eq!(out.0, "a[1]c[1]e");
    assert_eq!((stats.hole_timeouts, stats.gaps_lost, r.held()), (2, 2, 0));
}

#[test]
fn caps_hold() {
    let limits = Limits { out_of_order_bytes: 4096, out_of_order_segments: 8, ..Limits::default() };
    let (mut out, mut stats) = (Spelled::default(), StreamStats::default());
    let mut r = Reassembler::new(limits);
    r.push(&seg(0, b"a"), 0, &mut stats, |p| out.piece(p));
    for i in 1..=9 {
        r.push(&seg(10 * i, b"x"), 0, &mut stats, |p| out.piece(p));
    }
    assert_eq!((out.0.as_str(), stats.over_cap), ("a[9]x", 1), "the ninth held segment is one too many");
    let big = vec![b'y'; 3000];
    r.push(&seg(10_000, &big), 0, &mut stats, |p| out.piece(p));
    r.push(&seg(20_000, &big), 0, &mut stats, |p| out.piece(p));
    assert!(r.held() <= 4096);
}

#[test]
fn the_end_is_noted() {
    let mut stats = StreamStats::default();
    let mut r = Reassembler::new(Limits::default());
    r.push(&seg(1, b"a"), 0, &mut stats, |_| {});
    r.push(&Segment { fin: true, ..seg(3, b"c") }, 0, &mut stats, |_| {});
    assert!(!r.ended(), "a byte before the FIN is missing");
    r.push(&seg(2, b"b"), 0, &mut stats, |_| {});
    assert!(r.ended());
    assert_eq!(r.next_seq(), Some(4));

    let (text, _) = run(&[seg(1, b"a"), Segment { fin: true, ..seg(9, b"") }]);
    assert_eq!(text, "a|[7]", "the FIN shows that bytes are missing");
}

/// Byte of the reference stream at an offset.
fn byte_at(offset: usize) -> u8 {
    (offset.wrapping_mul(2_654_435_761) >> 7) as u8
}

fn stream(len: usize) -> Vec<u8> {
    (0..len).map(byte_at).collect()
}

/// Pieces put at their offsets must be the reference stream; what is between them are the gaps.
struct Checked<'a> {
    stream: &'a [u8],
    at: usize,
    missing: usize,
}

impl Checked<'_> {
    fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Data(data) => {
                assert!(!data.is_empty());
                assert_eq!(data, &self.stream[self.at..self.at + data.len()]);
                self.at += data.len();
            }
            Piece::Gap { len, .. } => {
                self.at += len as usize;
                self.missing += len as usize;
            }
        }
    }
}

proptest! {
    /// Whatever the cuts, copies and order: the same bytes come out.
    #[test]
    fn any_order_gives_the_same_bytes(
        isn in any::<u32>(),
        cuts in prop::collection::vec(1usize..700, 1..60),
        copies in prop::collection::vec((0.0f64..1.0, 1usize..900), 0..30),
        order in prop::collection::vec(any::<u32>(), 100),
    ) {
        let bytes = stream(cuts.iter().sum());
        let mut parts = Vec::new();
        let mut at = 0;
        for cut in cuts {
            parts.push(at..at + cut);
            at += cut;
        }
        for (from, len) in copies {
            let from = (from * bytes.len() as f64) as usize;
            parts.push(from..(from + len).min(bytes.len()));
        }
        // The first segment fixes the start; the rest comes in any order.
        let mut rest: Vec<_> = parts.drain(1..).zip(order).collect();
        rest.sort_by_key(|(_, key)| *key);
        parts.extend(rest.into_iter().map(|(part, _)| part));

        let mut out = Vec::new();
        let mut stats = StreamStats::default();
        let mut r = Reassembler::new(Limits::default());
        for part in parts {
            let seq = isn.wrapping_add(part.start as u32);
            r.push(&seg(seq, &bytes[part]), 0, &mut stats, |p| match p {
                Piece::Data(data) => out.extend_from_slice(data),
                Piece::Gap { .. } => panic!("nothing is missing"),
            });
        }
        prop_assert_eq!(r.held(), 0);
        prop_assert_eq!(out, bytes);
        prop_assert_eq!(stats.bytes as usize, at);
    }

    /// With losses, skips and tiny caps every byte still stands where it belongs, and memory is bounded.
    #[test]
    fn gaps_never_join_and_caps_hold(
        isn in any::<u32>(),
        parts in prop::collection::vec((0usize..5000, 1usize..300, 0u8..8, any::<bool>()), 1..200),
        bytes_cap in 200usize..5000,
    ) {
        let bytes = stream(6000);
        let mut checked = Checked { stream: &bytes, at: 0, missing: 0 };
        let limits = Limits { out_of_order_bytes: bytes_cap, out_of_order_segments: 5, hole_timeout: 20 };
        let mut stats = StreamStats::default();
        let mut r = Reassembler::new(limits);
        r.push(&seg(isn, &bytes[..1]), 0, &mut stats, |p| checked.piece(p));
        for (at, (from, len, kind, cut)) in parts.into_iter().enumerate() {
            let whole = &bytes[from..from + len];
            let data = if cut { &whole[..len / 2] } else { whole };
            let segment = Segment {
                hole: match kind { 0 => Some(Hole::Skipped), 1 => Some(Hole::Lost), _ => None },
                wire_len: len as u32,
                ..seg(isn.wrapping_add(from as u32), data)
            };
            r.push(&segment, at as u64, &mut stats, |p| checked.piece(p));
            prop_assert!(r.held() <= bytes_cap);
            r.expire(at as u64, &mut stats, |p| checked.piece(p));
            prop_assert_eq!(r.next_seq(), Some(isn.wrapping_add(checked.at as u32)));
        }
        r.finish(&mut stats, |p| checked.piece(p));
        prop_assert_eq!(r.held(), 0);
        prop_assert_eq!(stats.bytes as usize + checked.missing, checked.at);
    }
}
