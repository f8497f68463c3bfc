//! Segments of a known stream, in any order, cut, copied, lost: each byte that comes out must
//! stand where it belongs.

use picket::{
    capture::record::{Hole, Segment},
    stream::{Limits, Piece, Reassembler, StreamStats},
};
use picket_common::conn::Direction;

use super::Input;

/// Longest reference stream.
const LEN: usize = 1 << 16;

/// The byte at an offset of the reference stream.
fn byte_at(offset: usize) -> u8 {
    (offset.wrapping_mul(0x9e37_79b1) >> 9) as u8
}

/// Input: initial sequence number (4 bytes), then 6 bytes a step: kind, length, offset (2), time (2).
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let isn = input.u32();
    let limits = Limits { out_of_order_bytes: 4096, out_of_order_segments: 12, hole_timeout: 5000 };
    let reference: Vec<u8> = (0..LEN + 256).map(byte_at).collect();
    let mut stats = StreamStats::default();
    let mut reassembler = Reassembler::new(limits);
    let mut at = 0_usize;
    let mut missing = 0_usize;
    let mut now = 0_u64;
    let mut check = |piece: Piece<'_>| match piece {
        Piece::Data(bytes) => {
            assert!(!bytes.is_empty());
            assert_eq!(bytes, &reference[at..at + bytes.len()], "bytes stand where they belong");
            at += bytes.len();
        }
        Piece::Gap { len, .. } => {
            at += len as usize;
            missing += len as usize;
        }
    };
    let segment = |seq: u32, data, wire_len: usize, hole, fin| Segment {
        direction: Direction::Ingress,
        seq: isn.wrapping_add(seq),
        data,
        wire_len: wire_len as u32,
        known_start: true,
        hole,
        fin,
        tls: false,
    };
    // The first segment fixes the start.
    reassembler.push(&segment(0, &reference[..1], 1, None, false), 0, &mut stats, &mut check);
    while !input.is_empty() {
        let (kind, len) = (input.u8(), usize::from(input.u8()));
        let offset = usize::from(input.u16());
        now += u64::from(input.u16());
        let data = &reference[offset..offset + len];
        let hole = match kind & 7 {
            0 => Some(Hole::Skipped),
            1 => Some(Hole::Lost),
            _ => None,
        };
        let captured = if kind & 8 != 0 { &data[..len / 2] } else { data };
        let segment = segment(offset as u32, captured, len, hole, kind & 16 != 0);
        reassembler.push(&segment, now, &mut stats, &mut check);
        assert!(reassembler.held() <= limits.out_of_order_bytes, "the cap holds");
        if kind & 32 != 0 {
            reassembler.expire(now, &mut stats, &mut check);
        }
    }
    reassembler.finish(&mut stats, &mut check);
    assert_eq!(reassembler.held(), 0);
    assert_eq!(reassembler.next_seq(), Some(isn.wrapping_add(at as u32)));
    assert_eq!(stats.bytes as usize + missing, at, "every byte is delivered or missing");
}
