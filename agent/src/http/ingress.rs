//! Towards the service: requests.

mod bodies;
mod heads;

use self::heads::Whole;
use super::{
    Connection,
    anomaly::{self, note},
    body::BodyReader,
    chunked,
    coding::Coding,
    detect,
    head::HeadBuffer,
    message::{Output, Request},
};
use crate::time::Ktime;

/// Turns (request after response) that a connection which has not shown HTTP yet may take, when it
/// was not seen from its first byte.
const MAX_SEEK_TURNS: u32 = 32;
/// Bytes that such a connection may send.
const MAX_SEEK_BYTES: u64 = 16 << 20;

/// The reading end of a direction.
#[derive(Debug)]
pub(super) struct Ingress {
    state: State,
    head: HeadBuffer,
    /// The first line of the head was looked at.
    line_checked: bool,
    /// The head began where a piece began after a loss: its first line must prove it.
    provisional: bool,
    /// When the message began.
    started: Ktime,
    /// The service spoke since bytes came from the client.
    turned: bool,
    seek_turns: u32,
    seek_bytes: u64,
    /// What is sought may begin inside a piece, behind the end of the chunked body that the gap fell into.
    seeks_end: bool,
}

#[derive(Debug)]
enum State {
    /// At a message's start or in its head.
    Head,
    /// In the body of a request.
    Body(Box<Open>),
    /// In the rest of a body whose request was handed on.
    Rest(BodyReader),
    /// Behind a head with `Expect: 100-continue` that got a final response: the body or the next
    /// request follows (RFC 9110 section 10.1.1).
    BodyOrHead(BodyReader),
    /// After a loss.
    Seeking,
}

/// A request whose body is being read.
#[derive(Debug)]
struct Open {
    request: Box<Request>,
    body: BodyReader,
    codings: Vec<Option<Coding>>,
    expect_continue: bool,
    /// Its response has begun.
    answered: bool,
}

impl Ingress {
    pub fn new(known_start: bool) -> Self {
        Self {
            state: if known_start { State::Head } else { State::Seeking },
            head: HeadBuffer::default(),
            line_checked: false,
            provisional: false,
            started: 0,
            turned: false,
            seek_turns: 0,
            seek_bytes: 0,
            seeks_end: false,
        }
    }

    pub fn held(&self) -> usize {
        let body = match &self.state {
            State::Body(open) => open.body.capacity() + size_of::<Open>() + size_of::<Request>(),
            State::Rest(body) | State::BodyOrHead(body) => body.capacity(),
            State::Head | State::Seeking => 0,
        };
        self.head.capacity() + body
    }

    /// The number of the request that is being read and not handed on yet.
    pub fn open_number(&self) -> Option<u64> {
        if let State::Body(open) = &self.state { Some(open.request.number) } else { None }
    }

    pub fn skip(&mut self) -> Option<u64> {
        if let State::Rest(body) = &mut self.state { body.skip() } else { None }
    }

    pub fn unneeded(&self) -> u64 {
        if let State::Rest(body) = &self.state { body.unneeded() } else { 0 }
    }

    /// A body of unknown length is being read.
    fn body_is_unknown(&self) -> bool {
        match &self.state {
            State::Body(open) => open.body.is_unknown(),
            State::Rest(body) => body.is_unknown(),
            _ => false,
        }
    }

    /// Some of a head is there.
    pub fn in_head(&self) -> bool {
        matches!(self.state, State::Head) && !self.head.is_empty()
    }

    fn reset_head(&mut self) {
        self.head.clear();
        self.line_checked = false;
        self.provisional = false;
    }
}

impl Connection {
    pub(super) fn ingress_data(&mut self, mut data: &[u8], now: Ktime, out: &mut Vec<Output>) {
        let mut at_start = true;
        while !data.is_empty() && !self.ignored {
            let used = match &mut self.ingress.state {
                State::Head => self.request_head(data, now, out),
                State::Body(open) => {
                    let used = open.body.feed(data);
                    self.body_progress(now, out);
                    used
                }
                State::Rest(body) => {
                    let used = body.feed(data);
                    if body.is_done() {
                        self.ingress.state = State::Head;
                    }
                    self.leave_unknown();
                    used
                }
                State::BodyOrHead(_) => {
                    self.body_or_head(data);
                    0
                }
                State::Seeking if at_start && detect::could_start_request(data) => {
                    self.ingress.state = State::Head;
                    self.ingress.provisional = true;
                    0
                }
                State::Seeking => match self.body_end(data) {
                    Some(end) => {
                        self.ingress.state = State::Head;
                        self.ingress.provisional = true;
                        end
                    }
                    None => {
                        self.seek(data.len(), now, out);
                        data.len()
                    }
                },
            };
            data = data.get(used..).unwrap_or_default();
            at_start = false;
        }
    }

    /// Bytes are missing.
    pub(super) fn ingress_gap(&mut self, len: u32, skipped: bool, now: Ktime, out: &mut Vec<Output>) {
        match &mut self.ingress.state {
            State::Head if self.ingress.head.is_empty() => {}
            State::Head => {
                self.cut_head(Whole::Gap, now, out);
            }
            State::Body(open) => {
                let exact = open.body.gap(len, skipped);
                self.ingress.seeks_end = open.body.is_chunked();
                self.close_request(now, out);
                if exact {
                    return;
                }
            }
            State::Rest(body) | State::BodyOrHead(body) => {
                self.ingress.seeks_end = body.is_chunked();
                if body.gap(len, skipped) {
                    let state = std::mem::replace(&mut self.ingress.state, State::Head);
                    if let State::Rest(body) | State::BodyOrHead(body) = state
                        && !body.is_done()
                    {
                        self.ingress.state = State::Rest(body);
                    }
                    return;
                }
            }
            State::Seeking => {}
        }
        self.ingress.state = State::Seeking;
        self.pairing.lost_requests();
    }

    /// Where the chunked body ends that a gap fell into, if it does in this piece and a request may follow.
    fn body_end(&self, data: &[u8]) -> Option<usize> {
        if !self.ingress.seeks_end {
            return None;
        }
        let mut ends = chunked::ends(data);
        ends.find(|&end| data.get(end..).is_some_and(detect::could_start_request))
    }

    /// Bytes that begin no request, after a loss.
    fn seek(&mut self, bytes: usize, now: Ktime, out: &mut Vec<Output>) {
        if self.proven {
            return;
        }
        self.ingress.seek_bytes += bytes as u64;
        self.ingress.seek_turns += u32::from(std::mem::take(&mut self.ingress.turned));
        if self.ingress.seek_turns > MAX_SEEK_TURNS || self.ingress.seek_bytes > MAX_SEEK_BYTES {
            self.ignore("not_http", now, out);
        }
    }

    /// The service speaks.
    pub(super) fn turn(&mut self, now: Ktime, out: &mut Vec<Output>) {
        self.ingress.turned = true;
        // Where a body of unknown length ends would be told by its answer, were answers paired.
        if self.pairing.is_over() && self.ingress.body_is_unknown() {
            self.close_request(now, out);
            self.ingress.state = State::Seeking;
        }
    }

    /// The direction has ended.
    pub(super) fn ingress_end(&mut self, now: Ktime, out: &mut Vec<Output>) {
        match &mut self.ingress.state {
            State::Head if !self.ingress.head.is_empty() => {
                self.cut_head(Whole::Unfinished, now, out);
            }
            State::Body(open) => {
                if !open.body.is_unknown() {
                    note(&mut open.request.anomalies, anomaly::BODY_UNFINISHED, || {
                        "closed before the end of the body".into()
                    });
                }
                self.close_request(now, out);
            }
            _ => {}
        }
        self.ingress.reset_head();
        self.ingress.state = State::Seeking;
    }
}
