//! Pieces of both directions of a connection: nothing panics, each request is answered or named
//! once, memory is bounded.

use picket::{
    http::{Connection, Limits, Output, anomaly},
    stream::Piece,
};
use picket_common::conn::Direction;

use super::Input;

/// Input: a byte of flags (1: seen from the start, 2: small limits), then steps, each after a byte
/// 0xff: `i`/`o` and bytes in and out; `j`/`p` the same with a 0xff before them; `g`/`h` and a number:
/// bytes missing in, out; `s`/`t`: skipped in, out; `e`/`f`: the end of a direction.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let flags = input.u8();
    let limits = if flags & 2 != 0 {
        Limits {
            request_body: 100,
            response_body: 50,
            decoded_body: 500,
            decode_responses: true,
            head: 300,
            headers: 4,
            pipelined: 3,
        }
    } else {
        Limits::default()
    };
    // A buffer may be twice as large as what is in it; a trailer section has 8 KiB.
    let bound = 2 * (2 * limits.head + limits.request_body + limits.response_body + 2 * 8192)
        + limits.decoded_body
        + 16 * 1024;
    let mut connection = Connection::new(limits, flags & 1 != 0);
    let mut told = Told::default();
    let mut out = Vec::new();
    for (now, step) in input.0.split(|&b| b == 0xff).enumerate() {
        let Some((&tag, bytes)) = step.split_first() else { continue };
        let now = now as u64;
        let mut with_ff = vec![0xff];
        with_ff.extend_from_slice(bytes);
        let data = if matches!(tag, b'j' | b'p') { with_ff.as_slice() } else { bytes };
        let len = Input(bytes).u32();
        match tag {
            b'i' | b'j' if !data.is_empty() => {
                connection.feed(Direction::Ingress, Piece::Data(data), now, &mut out);
            }
            b'o' | b'p' if !data.is_empty() => {
                connection.feed(Direction::Egress, Piece::Data(data), now, &mut out);
            }
            b'g' | b's' => {
                let gap = Piece::Gap { len, skipped: tag == b's' };
                connection.feed(Direction::Ingress, gap, now, &mut out);
            }
            b'h' | b't' => {
                let gap = Piece::Gap { len, skipped: tag == b't' };
                connection.feed(Direction::Egress, gap, now, &mut out);
            }
            b'e' => connection.ended(Direction::Ingress, now, &mut out),
            b'f' => connection.ended(Direction::Egress, now, &mut out),
            _ => {}
        }
        assert!(connection.held() <= bound, "{} bytes held", connection.held());
        told.check(&out, &limits);
        out.clear();
    }
    connection.close(u64::MAX, &mut out);
    assert_eq!(connection.held(), 0, "close leaves nothing behind");
    told.check(&out, &limits);
    assert!(told.answered.iter().all(|a| *a), "each request is answered or named");
}

/// What was said so far.
#[derive(Default)]
struct Told {
    answered: Vec<bool>,
    ignored: bool,
}

impl Told {
    fn check(&mut self, out: &[Output], limits: &Limits) {
        for output in out {
            assert!(!self.ignored, "nothing comes after Ignore");
            match output {
                Output::Request(r) => {
                    assert_eq!(r.number, self.answered.len() as u64, "requests come in order");
                    assert!(r.started <= r.ended);
                    assert!(r.headers.len() <= limits.headers);
                    assert!(r.body.data.len() <= limits.decoded_body + limits.request_body);
                    for a in &r.anomalies {
                        assert!(anomaly::ALL.iter().any(|(kind, _)| *kind == a.kind));
                    }
                    self.answered.push(false);
                }
                Output::Response(r) => {
                    assert!(r.body.data.len() <= limits.decoded_body + limits.response_body);
                    self.answer(r.number);
                }
                Output::Unanswered { number, .. } => self.answer(*number),
                Output::Skip { bytes, .. } => assert!(*bytes > 0 && *bytes <= 1 << 30),
                Output::Ignore { .. } => self.ignored = true,
            }
        }
    }

    fn answer(&mut self, number: u64) {
        let answered = self.answered.get_mut(number as usize).expect("an answer comes after its request");
        assert!(!std::mem::replace(answered, true), "request {number} is answered twice");
    }
}
