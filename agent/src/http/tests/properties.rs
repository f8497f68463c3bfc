//! Properties over random conversations.

use proptest::{collection::vec, prelude::*, sample::Index};

use super::{
    codings::{brotli, deflate, gzip, zlib, zstd},
    *,
};
use crate::{
    capture::record::Segment,
    stream::{self, Reassembler, StreamStats},
};

/// How a body is sent.
#[derive(Clone, Copy, Debug)]
enum Sent {
    Length,
    Chunked { size: usize, extension: bool, trailer: bool },
}

/// A body and how it is coded and sent.
#[derive(Clone, Debug)]
struct Sending {
    plain: Vec<u8>,
    coding: &'static str,
    sent: Sent,
}

/// A request and its response.
#[derive(Clone, Debug)]
struct Exchange {
    method: &'static str,
    target: String,
    request: Option<Sending>,
    interim: bool,
    status: u16,
    response: Sending,
    /// Sent right behind the request before it.
    pipelined: bool,
}

fn sending() -> impl Strategy<Value = Sending> {
    let sent =
        prop_oneof![
            Just(Sent::Length),
            (1usize..400, any::<bool>(), any::<bool>())
                .prop_map(|(size, extension, trailer)| Sent::Chunked { size, extension, trailer }),
        ];
    let coding = prop::sample::select(vec!["", "", "", "gzip", "deflate", "raw", "br", "zstd", "br, gzip"]);
    (vec(any::<u8>(), 0..900), coding, sent).prop_map(|(plain, coding, sent)| Sending { plain, coding, sent })
}

fn exchange() -> impl Strategy<Value = Exchange> {
    (
        prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "BREW"]),
        "[a-z0-9/?=&%+.<>'\"-]{0,80}",
        prop::option::weighted(0.6, sending()),
        prop::bool::weighted(0.2),
        prop::sample::select(vec![200_u16, 200, 201, 204, 304, 404, 500]),
        sending(),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(method, path, request, interim, status, response, pipelined)| Exchange {
            method,
            target: format!("/{path}"),
            request,
            interim,
            status,
            response,
            pipelined,
        })
}

impl Sending {
    /// Fields and bytes.
    fn wire(&self) -> (String, Vec<u8>) {
        let coded = match self.coding {
            "gzip" => gzip(&self.plain),
            "deflate" => zlib(&self.plain),
            "raw" => deflate(&self.plain),
            "br" => brotli(&self.plain),
            "zstd" => zstd(&self.plain),
            "br, gzip" => gzip(&brotli(&self.plain)),
            _ => self.plain.clone(),
        };
        let coding = match self.coding {
            "" => String::new(),
            "raw" => "Content-Encoding: deflate\r\n".into(),
            name => format!("Content-Encoding: {name}\r\n"),
        };
        match self.sent {
            Sent::Length => (format!("{coding}Content-Length: {}\r\n", coded.len()), coded),
            Sent::Chunked { size, extension, trailer } => {
                let mut bytes = Vec::new();
                for chunk in coded.chunks(size) {
                    let extension = if extension { ";a=\"b\"" } else { "" };
                    bytes.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(if trailer { b"0\r\nX-T: 1\r\n\r\n" } else { b"0\r\n\r\n" });
                (format!("{coding}Transfer-Encoding: chunked\r\n"), bytes)
            }
        }
    }
}

impl Exchange {
    fn request_wire(&self) -> Vec<u8> {
        let (fields, body) = self.request.as_ref().map(Sending::wire).unwrap_or_default();
        let head = format!("{} {} HTTP/1.1\r\nHost: a\r\n{fields}\r\n", self.method, self.target);
        [head.into_bytes(), body].concat()
    }

    fn has_no_response_body(&self) -> bool {
        self.method == "HEAD" || matches!(self.status, 204 | 304)
    }

    fn response_wire(&self) -> Vec<u8> {
        let (fields, body) = self.response.wire();
        let interim = if self.interim { "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" } else { "" };
        let head = format!("{interim}HTTP/1.1 {} Reason\r\n{fields}\r\n", self.status);
        let body = if self.has_no_response_body() { Vec::new() } else { body };
        [head.into_bytes(), body].concat()
    }

    fn expected(&self, number: usize) -> Transaction {
        let request = self.request.as_ref().map(|b| b.plain.clone()).unwrap_or_default();
        let response = if self.has_no_response_body() { Vec::new() } else { self.response.plain.clone() };
        Transaction {
            number: number as u64,
            request: (self.method.into(), self.target.clone(), request),
            response: Some((self.status, response)),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Transaction {
    number: u64,
    request: (String, String, Vec<u8>),
    response: Option<(u16, Vec<u8>)>,
}

/// Outputs as transactions; nothing in them may be cut or malformed.
fn transactions(outputs: &[Output]) -> Vec<Transaction> {
    check_order(outputs);
    let mut transactions: Vec<Transaction> = Vec::new();
    for output in outputs {
        match output {
            Output::Request(r) => {
                assert!(!r.body.cut && r.anomalies.is_empty(), "{r:?}");
                let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
                let request = (text(&r.method), text(&r.target), r.body.data.to_vec());
                transactions.push(Transaction { number: r.number, request, response: None });
            }
            Output::Response(r) => {
                assert!(!r.body.cut && r.anomalies.is_empty(), "{r:?}");
                transactions[r.number as usize].response = Some((r.status, r.body.data.to_vec()));
            }
            other => panic!("{other:?}"),
        }
    }
    transactions
}

/// Requests and responses as they are on the wire, in turns: a pipelined request joins the turn of
/// the one before it.
fn turns(exchanges: &[Exchange]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut turns: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (n, exchange) in exchanges.iter().enumerate() {
        if n == 0 || !exchange.pipelined {
            turns.push(Default::default());
        }
        let turn = turns.last_mut().unwrap();
        turn.0.extend(exchange.request_wire());
        turn.1.extend(exchange.response_wire());
    }
    turns
}

/// One direction under a network that cuts, copies and reorders.
struct Wire {
    direction: Direction,
    reassembler: Reassembler,
    isn: u32,
    sent: usize,
}

impl Wire {
    fn new(direction: Direction, isn: u32) -> Self {
        Self { direction, reassembler: Reassembler::new(stream::Limits::default()), isn, sent: 0 }
    }

    /// Sends bytes in segments that end at `cuts`; `copies` are sent once more; all of them in the
    /// order of `order`, but for the very first one.
    fn send(
        &mut self,
        bytes: &[u8],
        cuts: &[Index],
        copies: &[(Index, Index)],
        order: &[u32],
        connection: &mut Connection,
        out: &mut Vec<Output>,
    ) {
        let mut ends: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len())).collect();
        ends.extend([0, bytes.len()]);
        ends.sort_unstable();
        ends.dedup();
        let mut parts: Vec<_> = ends.windows(2).map(|w| w[0]..w[1]).collect();
        for (a, b) in copies {
            let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
            parts.push(a.min(b)..a.max(b) + 1);
        }
        let fixed = usize::from(self.sent == 0);
        let mut keys = order.iter().copied().cycle();
        parts[fixed..].sort_by_cached_key(|_| keys.next());
        for part in parts {
            let data = &bytes[part.clone()];
            let segment = Segment {
                direction: self.direction,
                seq: self.isn.wrapping_add((self.sent + part.start) as u32),
                data,
                wire_len: data.len() as u32,
                known_start: true,
                hole: None,
                fin: false,
                tls: false,
            };
            let direction = self.direction;
            self.reassembler.push(&segment, 7, &mut StreamStats::default(), |piece| {
                connection.feed(direction, piece, 7, out);
            });
        }
        self.sent += bytes.len();
        assert_eq!(self.reassembler.held(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any split, reordering and retransmission of the same bytes gives the same transactions.
    #[test]
    fn segmentation_does_not_matter(
        exchanges in vec(exchange(), 1..6),
        isn in any::<u32>(),
        cuts in vec(any::<Index>(), 0..40),
        copies in vec((any::<Index>(), any::<Index>()), 0..6),
        order in vec(any::<u32>(), 1..60),
    ) {
        let mut connection = Connection::new(Limits::default(), true);
        let mut out = Vec::new();
        let mut ingress = Wire::new(Direction::Ingress, isn);
        let mut egress = Wire::new(Direction::Egress, isn.wrapping_mul(3));
        for (requests, responses) in turns(&exchanges) {
            ingress.send(&requests, &cuts, &copies, &order, &mut connection, &mut out);
            egress.send(&responses, &cuts, &copies, &order, &mut connection, &mut out);
        }
        connection.close(9, &mut out);
        let expected: Vec<_> = exchanges.iter().enumerate().map(|(n, e)| e.expected(n)).collect();
        prop_assert_eq!(transactions(&out), expected);
        prop_assert_eq!(connection.held(), 0);
    }

    /// With limits small enough to cut bodies, what is handed on does not depend on the split either.
    #[test]
    fn limits_do_not_depend_on_the_split(
        exchanges in vec(exchange(), 1..5),
        size in 1usize..300,
        request_body in 0usize..600,
        response_body in 0usize..600,
    ) {
        let limits = Limits { request_body, response_body, decoded_body: 500, ..Limits::default() };
        let steps: Vec<Step> = turns(&exchanges).into_iter().flat_map(|(a, b)| [Step::In(a), Step::Out(b)]).collect();
        let outputs = |cut: usize| {
            let mut out = feed(&mut Connection::new(limits, true), &steps, cut);
            out.retain(|o| !matches!(o, Output::Skip { .. }));
            check_order(&out);
            prop_assert_eq!(out.len(), 2 * exchanges.len());
            for o in &out {
                if let Output::Request(r) = o {
                    prop_assert!(r.body.data.len() <= request_body.max(500));
                }
            }
            // Emitted early, a request may come before or after a response to one before it.
            let mut spelled: Vec<String> = out.iter().map(|o| spell(std::slice::from_ref(o))).collect();
            spelled.sort();
            Ok(spelled)
        };
        prop_assert_eq!(outputs(usize::MAX)?, outputs(size)?);
    }
}

/// What random input is made of: fragments that lead deep, and noise.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\nExpect: 100-continue\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Encoding: br, zstd, deflate\r\nContent-Length: 9\r\n\r\n",
        b"GET /old\r\n",
        b"GET /",
        b" HTTP/1.1\r\n",
        b"A: b\r\n",
        b" fold\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"5\r\nabcde\r\n",
        b"0\r\n\r\n",
        b"fffffffff\r\n",
        b"0\r\nT: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 80000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 No\r\n\r\n",
        b"HTTP/1.1 ",
        b"404",
        b"\x1f\x8b\x08\x00",
        b"\x28\xb5\x2f\xfd",
        b"\0",
    ];
    prop_oneof![
        6 => prop::sample::select(known).prop_map(<[u8]>::to_vec),
        2 => vec(any::<u8>(), 0..40),
        1 => (any::<u8>(), 0usize..3000).prop_map(|(b, n)| vec![b; n]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let gap = prop_oneof![3 => 0u32..20, 1 => 0u32..100_000, 1 => any::<u32>()];
    prop_oneof![
        6 => vec(fragment(), 1..3).prop_map(|f| Step::In(f.concat())),
        6 => vec(fragment(), 1..3).prop_map(|f| Step::Out(f.concat())),
        1 => (any::<bool>(), gap, any::<bool>()).prop_map(|(ingress, len, skipped)| {
            Step::Gap(if ingress { Direction::Ingress } else { Direction::Egress }, len, skipped)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// No bytes and no gaps make it panic, answer twice, or hold more than its limits.
    #[test]
    fn anything_goes(steps in vec(step(), 1..40), known_start in any::<bool>()) {
        let limits = Limits {
            request_body: 500,
            response_body: 300,
            decoded_body: 2000,
            head: 1000,
            headers: 6,
            pipelined: 5,
            ..Limits::default()
        };
        // Buffers may be twice as large as what is in them; a trailer section has 8 KiB.
        let bound = 2 * (2 * limits.head + limits.request_body + limits.response_body + 2 * 8192)
            + limits.decoded_body + 4096;
        let mut connection = Connection::new(limits, known_start);
        let mut outputs = Vec::new();
        for step in &steps {
            outputs.extend(feed(&mut connection, std::slice::from_ref(step), usize::MAX));
            prop_assert!(connection.held() <= bound, "{} bytes held", connection.held());
        }
        outputs.extend(feed(&mut connection, &[Step::Close], usize::MAX));
        prop_assert_eq!(connection.held(), 0);
        let (mut requests, mut answers) = (0, 0);
        for output in &outputs {
            match output {
                Output::Request(r) => {
                    prop_assert_eq!(r.number, requests);
                    requests += 1;
                    prop_assert!(r.body.data.len() <= limits.decoded_body + limits.request_body);
                    prop_assert!(r.headers.len() <= limits.headers);
                }
                Output::Response(r) => {
                    prop_assert!(r.number < requests);
                    answers += 1;
                }
                Output::Unanswered { number, .. } => {
                    prop_assert!(*number < requests);
                    answers += 1;
                }
                Output::Skip { .. } | Output::Ignore { .. } => {}
            }
        }
        prop_assert_eq!(requests, answers, "each request is answered once, or named");
    }

    /// A client that waits for its answers, and losses both ways: what is handed on is true. Every
    /// body is a part of the one that was sent, and every response the one to its request.
    #[test]
    fn losses_join_nothing_and_pair_nothing_wrong(
        bodies in vec((0usize..3000, any::<bool>(), 0usize..3000, any::<bool>()), 1..8),
        cuts in vec(any::<Index>(), 0..12),
        losses in vec((any::<Index>(), 1usize..2000, any::<bool>()), 0..5),
        known_start in any::<bool>(),
    ) {
        let mut connection = Connection::new(Limits::default(), known_start);
        let mut out = Vec::new();
        let sent: Vec<_> = bodies.iter().enumerate().map(|(n, &(a, a_chunked, b, b_chunked))| {
            // Every word of a body says whose it is and where it stands.
            let body = |who: &str, len: usize| -> String {
                (0..len).step_by(8).map(|at| format!("{who}{n}.{at:05}")).collect()
            };
            let sending = |plain: String, chunked| Sending {
                plain: plain.into_bytes(),
                coding: "",
                sent: if chunked { Sent::Chunked { size: 700, extension: false, trailer: false } } else { Sent::Length },
            };
            Exchange {
                method: "POST",
                target: format!("/{n}"),
                request: Some(sending(body("q", a), a_chunked)),
                interim: false,
                status: 210 + n as u16,
                response: sending(body("r", b), b_chunked),
                pipelined: false,
            }
        }).collect();
        let mut messages: Vec<_> = turns(&sent)
            .into_iter()
            .flat_map(|(a, b)| [(Direction::Ingress, a), (Direction::Egress, b)])
            .collect();
        let total = messages.len();
        let mut holes: Vec<Vec<(usize, usize, bool)>> = vec![Vec::new(); total];
        let lossless = losses.is_empty();
        for (at, len, skipped) in losses {
            let message = at.index(total);
            let start = at.index(messages[message].1.len());
            holes[message].push((start, len, skipped));
        }
        // What is lost at the end of a direction shows with its next bytes only.
        let mut pending = [(0_u32, false); 2];
        for ((direction, bytes), holes) in messages.drain(..).zip(holes) {
            let mut ends: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len())).collect();
            ends.extend([0, bytes.len()]);
            for (start, len, _) in &holes {
                ends.extend([*start, (start + len).min(bytes.len())]);
            }
            ends.sort_unstable();
            ends.dedup();
            let pending = &mut pending[direction as usize];
            for part in ends.windows(2) {
                let lost = holes.iter().find(|(start, len, _)| (*start..start + len).contains(&part[0]));
                if let Some((_, _, skipped)) = lost {
                    *pending = (pending.0 + (part[1] - part[0]) as u32, *skipped);
                    continue;
                }
                if pending.0 > 0 {
                    connection.feed(direction, Piece::Gap { len: pending.0, skipped: pending.1 }, 1, &mut out);
                    pending.0 = 0;
                }
                connection.feed(direction, Piece::Data(&bytes[part[0]..part[1]]), 1, &mut out);
            }
        }
        connection.close(2, &mut out);
        check_order(&out);
        let part_of = |part: &[u8], whole: &[u8]| part.is_empty() || whole.windows(part.len()).any(|w| w == part);
        let mut whose = Vec::new();
        for output in &out {
            match output {
                Output::Request(r) => {
                    let target = std::str::from_utf8(&r.target).unwrap();
                    // A head that was cut may have lost the rest of its target.
                    let n = target.trim_start_matches('/').parse::<usize>();
                    prop_assert!(n.is_ok() || r.body.cut, "{}", target);
                    if let Ok(n) = n {
                        let plain = &sent[n].request.as_ref().unwrap().plain;
                        prop_assert!(part_of(&r.body.data, plain), "{:?}", r);
                        prop_assert!(r.body.cut || r.body.data == plain[..]);
                    }
                    whose.push(n.ok());
                }
                Output::Response(r) => {
                    let n = usize::from(r.status - 210);
                    prop_assert!(whose[r.number as usize].is_none_or(|asked| asked == n), "{} answered by {}", r.number, n);
                    let plain = &sent[n].response.plain;
                    prop_assert!(part_of(&r.body.data, plain), "{:?}", r);
                    prop_assert!(r.body.cut || r.body.data == plain[..]);
                }
                other => prop_assert!(!lossless && matches!(other, Output::Unanswered { .. }), "{:?}", other),
            }
        }
    }
}
