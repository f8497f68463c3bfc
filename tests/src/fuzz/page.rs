//! Frames of blocked clients: answered with few and short frames to who sent them, or not at all.

use std::sync::Arc;

use picket::respond::page::{ANSWER_LIMIT, Answerer, Page, SEGMENT};

use super::Input;

/// Input: a moment, then frames, each behind its length (2 bytes). What follows a frame that opened a connection
/// acknowledges its answer: nobody guesses the cookie.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let answerer = Answerer::new([7; 16], Arc::new(Page::default()));
    let now = u64::from(input.u16());
    let mut number: Option<[u8; 4]> = None;
    while !input.is_empty() {
        let length = usize::from(input.u16());
        let mut frame = input.bytes(length).to_vec();
        // Where IPv4 without options, and IPv6, have it.
        for (kind, at) in [(0x0800_u16, 42), (0x86dd, 62)] {
            if let Some(number) = number
                && frame.get(12..14) == Some(&kind.to_be_bytes())
                && let Some(place) = frame.get_mut(at..at + 4)
            {
                place.copy_from_slice(&number);
            }
        }
        let (mut frames, mut bytes) = (0, 0);
        answerer.answer(&frame, now, |reply| {
            frames += 1;
            bytes += reply.len();
            // Back to who sent it.
            assert_eq!((reply.get(..6), reply.get(6..12)), (frame.get(6..12), frame.get(..6)));
            assert!(reply.len() <= SEGMENT + 60 + 14 + 3 * 8, "{}", reply.len());
            let begins = if reply.get(12..14) == Some(&[0x86, 0xdd]) { 58 } else { 38 };
            if frames == 1 && reply.get(begins + 9).is_some_and(|flags| flags & 2 != 0) {
                let sequence = reply.get(begins..begins + 4).and_then(|bytes| bytes.try_into().ok());
                number = sequence.map(|bytes| u32::from_be_bytes(bytes).wrapping_add(1).to_be_bytes());
            }
        });
        assert!(frames <= 11 && bytes <= ANSWER_LIMIT + 11 * 100, "{frames} frames, {bytes} bytes");
    }
}
