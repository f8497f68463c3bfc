//! Wire cases and properties of the http stage.

mod codings;
mod framing;
mod gaps;
mod heads;
mod pairing;
mod properties;
mod start;

use std::fmt::Write;

use picket_common::conn::Direction;

use super::{Connection, Limits, Output};
use crate::{stream::Piece, time::Ktime};

/// What happens on a connection.
#[derive(Clone, Debug)]
enum Step {
    /// Bytes from the client.
    In(Vec<u8>),
    /// Bytes from the service.
    Out(Vec<u8>),
    /// Bytes missing: direction, how many, on purpose.
    Gap(Direction, u32, bool),
    /// The connection is closed.
    Close,
}

fn i(bytes: impl AsRef<[u8]>) -> Step {
    Step::In(bytes.as_ref().to_vec())
}

fn o(bytes: impl AsRef<[u8]>) -> Step {
    Step::Out(bytes.as_ref().to_vec())
}

const CLOSE: Step = Step::Close;

/// Feeds steps, each piece cut into pieces of at most `cut` bytes.
fn feed(connection: &mut Connection, steps: &[Step], cut: usize) -> Vec<Output> {
    let mut out = Vec::new();
    let mut now: Ktime = 0;
    for step in steps {
        now += 1;
        match step {
            Step::In(bytes) | Step::Out(bytes) => {
                let direction =
                    if matches!(step, Step::In(_)) { Direction::Ingress } else { Direction::Egress };
                for piece in bytes.chunks(cut) {
                    connection.feed(direction, Piece::Data(piece), now, &mut out);
                }
            }
            Step::Gap(direction, len, skipped) => {
                connection.feed(*direction, Piece::Gap { len: *len, skipped: *skipped }, now, &mut out);
            }
            Step::Close => connection.close(now, &mut out),
        }
    }
    out
}

/// Outputs as text, one a line:
/// `0 GET /path [body] ~ !anomaly`, `0 <- 200 [body] ~`, `0 <- nothing: closed`, `ignore http2`,
/// `skip in 100000`. `~` marks a body that is cut.
fn spell(outputs: &[Output]) -> String {
    let mut text = String::new();
    for output in outputs {
        match output {
            Output::Request(r) => {
                let (method, target) = (r.method.escape_ascii(), r.target.escape_ascii());
                write!(text, "{} {method} {target}", r.number).unwrap();
                body(&mut text, &r.body, &r.anomalies);
            }
            Output::Response(r) => {
                write!(text, "{} <- {}", r.number, r.status).unwrap();
                body(&mut text, &r.body, &r.anomalies);
            }
            Output::Unanswered { number, reason, .. } => {
                write!(text, "{number} <- nothing: {reason}").unwrap()
            }
            Output::Skip { direction, bytes } => {
                let way = if *direction == Direction::Ingress { "in" } else { "out" };
                write!(text, "skip {way} {bytes}").unwrap();
            }
            Output::Ignore { reason } => write!(text, "ignore {reason}").unwrap(),
        }
        text.push('\n');
    }
    text
}

fn body(text: &mut String, body: &super::Body, anomalies: &[super::Anomaly]) {
    if !body.data.is_empty() {
        let shown = body.data.get(..40).unwrap_or(&body.data).escape_ascii();
        write!(text, " [{shown}]").unwrap();
    }
    if body.cut {
        text.push_str(" ~");
    }
    for a in anomalies {
        assert!(
            super::anomaly::ALL.iter().any(|(kind, _)| *kind == a.kind),
            "{} stands in the table",
            a.kind
        );
        write!(text, " !{}", a.kind).unwrap();
    }
}

/// A connection seen from its first byte.
fn run(steps: &[Step]) -> String {
    run_with(Limits::default(), true, steps, usize::MAX)
}

fn run_with(limits: Limits, known_start: bool, steps: &[Step], cut: usize) -> String {
    let mut connection = Connection::new(limits, known_start);
    let outputs = feed(&mut connection, steps, cut);
    check_order(&outputs);
    if matches!(steps.last(), Some(Step::Close)) {
        assert_eq!(connection.held(), 0, "close leaves nothing behind");
    }
    spell(&outputs)
}

fn answer(answered: &mut [bool], number: u64) {
    let seen = answered.get_mut(number as usize).expect("an answer comes after its request");
    assert!(!std::mem::replace(seen, true), "request {number} is answered twice");
}

/// Each request is handed on once, in order, and answered at most once, afterwards.
fn check_order(outputs: &[Output]) {
    let mut answered = Vec::new();
    for output in outputs {
        match output {
            Output::Request(r) => {
                assert_eq!(r.number, answered.len() as u64, "requests come in order");
                assert!(r.started <= r.ended);
                answered.push(false);
            }
            Output::Response(r) => answer(&mut answered, r.number),
            Output::Unanswered { number, .. } => answer(&mut answered, *number),
            Output::Skip { .. } | Output::Ignore { .. } => {}
        }
    }
}

/// Runs a case whole and cut into single bytes, twos and sevens; all must give the same.
fn case(name: &str, steps: &[Step], expected: &str) {
    let expected: String =
        expected.lines().map(|l| format!("{}\n", l.trim())).filter(|l| l != "\n").collect();
    for cut in [usize::MAX, 1, 2, 7] {
        let got = run_with(Limits::default(), true, steps, cut);
        assert_eq!(got, expected, "{name}, cut into pieces of {cut}");
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_simple_exchange() {
    let text = run(&[i("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"), o(OK), CLOSE]);
    assert_eq!(text, "0 GET /a?b=c\n0 <- 200 [ok]\n");
}

#[test]
fn fields_come_out_as_sent() {
    let mut connection = Connection::new(Limits::default(), true);
    let head = "POST /x HTTP/1.0\r\nHost:  a.example \r\nX-Two: 1\r\nx-two: 2\r\nEmpty:\r\nContent-Length: 1\r\n\r\nz";
    let out = feed(&mut connection, &[i(head)], usize::MAX);
    let [Output::Request(r)] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!((r.version, &r.method[..], &r.target[..]), (0, &b"POST"[..], &b"/x"[..]));
    let fields: Vec<_> = r.headers.iter().map(|h| (&h.name[..], &h.value[..])).collect();
    let expected: &[(&[u8], &[u8])] = &[
        (b"Host", b"a.example"),
        (b"X-Two", b"1"),
        (b"x-two", b"2"),
        (b"Empty", b""),
        (b"Content-Length", b"1"),
    ];
    assert_eq!(fields, expected);
    assert_eq!(r.header("x-TWO").map(|v| &v[..]), Some(&b"1"[..]));
    assert_eq!((&r.body.data[..], r.body.wire_len, r.body.cut), (&b"z"[..], 1, false));
}
