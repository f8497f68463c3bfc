//! Which response answers which request.
//!
//! Responses carry no number: they answer requests in order (RFC 9112 section 9.3.2). As long as
//! nothing was lost, counting is enough. After a loss it is not, and these rules hold:
//!
//! 1. *Loss towards the service* (requests may be hidden in it): the requests before it keep their
//!    places. One after it is answered by the next response only if it is the only one waiting: a
//!    client that waits for each answer has no other one open.
//! 2. *Loss from the service* (responses may be hidden in it): every request waiting goes
//!    unanswered, because its response may be in what was lost. A request that comes afterwards is
//!    answered by the next response that begins a piece. What the tap *skips* is the rest of a
//!    response that has begun: with one request waiting behind it, that one keeps its place.
//! 3. While responses are sought after a loss and another request comes, the one that waits was
//!    answered unseen; it goes unanswered. If the service said nothing in between, so does the new
//!    one.
//! 4. A client that was seen not to wait (the response to one request began while another request
//!    was already there) gives no such certainty: after a loss none of its requests is paired any
//!    more, because no later response can be told from one that was late.
//!
//! A request that was paired under these rules makes the order certain again. Losses are noticed
//! with the next bytes of their direction, so these rules hold for several losses both ways, too;
//! a property test loses bytes at random and looks for a wrong pair.

use std::collections::VecDeque;

/// What about a request decides how its response is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// HEAD: the response has no body.
    Head,
    /// CONNECT: a 2xx response opens a tunnel.
    Connect,
    /// HTTP/0.9: the response has no head.
    Http09,
    /// Anything else.
    Other,
}

impl Kind {
    pub fn of(method: &[u8]) -> Self {
        match method {
            b"HEAD" => Self::Head,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// A request waiting for its response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub number: u64,
    pub kind: Kind,
    /// Requests may be hidden before it.
    unsure: bool,
}

/// What the next final response is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The answer to this request.
    To(u64, Kind),
    /// An answer to none that is known.
    Nothing,
    /// Not certain: these requests go unanswered.
    Unsure(Vec<u64>),
}

/// Requests waiting for their response, in order.
#[derive(Debug)]
pub(super) struct Pairing {
    waiting: VecDeque<Expected>,
    max: usize,
    /// Requests may be hidden before the next one.
    unsure: bool,
    /// Responses may be hidden before the next one.
    seeking: bool,
    /// The client was seen not to wait for answers.
    pipelines: bool,
    /// Bytes from the service came since the last request.
    service_spoke: bool,
    /// Why no further request is paired.
    given_up: Option<&'static str>,
}

impl Pairing {
    pub fn new(max: usize, known_start: bool) -> Self {
        Self {
            waiting: VecDeque::new(),
            max,
            unsure: !known_start,
            seeking: !known_start,
            pipelines: false,
            service_spoke: false,
            given_up: None,
        }
    }

    /// Memory held.
    pub fn capacity(&self) -> usize {
        self.waiting.capacity() * size_of::<Expected>()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The request the next final response answers, if all is well.
    pub fn front(&self) -> Option<Expected> {
        self.waiting.front().copied()
    }

    /// Nothing the service says can be paired any more.
    pub fn is_over(&self) -> bool {
        self.given_up.is_some() && self.waiting.is_empty()
    }

    /// A request's head came. Returns the requests that therefore go unanswered, and why; the new
    /// one may be among them.
    pub fn request(&mut self, number: u64, kind: Kind) -> Option<(Vec<u64>, &'static str)> {
        let spoke = std::mem::take(&mut self.service_spoke);
        let mut unanswered = Vec::new();
        if let Some(reason) = self.given_up {
            return Some((vec![number], reason));
        }
        if self.waiting.len() >= self.max {
            self.given_up = Some("too_many_pipelined");
            return Some((vec![number], "too_many_pipelined"));
        }
        if self.seeking && !self.waiting.is_empty() {
            unanswered = self.drain();
            self.unsure = true;
            if self.pipelines {
                self.given_up = Some("gap");
            }
            if self.pipelines || !spoke {
                unanswered.push(number);
                return Some((unanswered, "gap"));
            }
        }
        self.waiting.push_back(Expected { number, kind, unsure: self.unsure });
        (!unanswered.is_empty()).then_some((unanswered, "gap"))
    }

    /// Bytes came from the service.
    pub fn service_spoke(&mut self) {
        self.service_spoke = true;
    }

    /// A final response begins.
    pub fn answer(&mut self) -> Answer {
        let Some(front) = self.waiting.front().copied() else { return Answer::Nothing };
        let others = self.waiting.len() > 1;
        if front.unsure && (others || self.pipelines) {
            self.given_up = Some("gap");
            return Answer::Unsure(self.drain());
        }
        self.waiting.pop_front();
        self.pipelines |= others;
        self.seeking = false;
        if front.unsure {
            self.unsure = false;
        }
        Answer::To(front.number, front.kind)
    }

    /// What looks like a response begins, after a loss.
    pub fn found(&mut self) {
        self.seeking = false;
    }

    /// It was none.
    pub fn not_found(&mut self) {
        self.seeking = true;
    }

    /// A response came to its end, seen to the last byte.
    pub fn answered(&mut self) {
        self.pipelines |= !self.waiting.is_empty();
    }

    /// A response came that answers no request that is known: one was missed, or the service said
    /// something by itself.
    pub fn unasked(&mut self) {
        self.unsure = true;
        self.seeking = true;
    }

    /// Requests may have been lost.
    pub fn lost_requests(&mut self) {
        self.unsure = true;
    }

    /// Responses may have been lost. `rest_skipped`: only the rest of one that had begun, on
    /// purpose. Returns the requests that therefore go unanswered.
    pub fn lost_responses(&mut self, rest_skipped: bool) -> Vec<u64> {
        self.seeking = true;
        if rest_skipped && self.waiting.len() <= 1 {
            return Vec::new();
        }
        if self.pipelines {
            self.given_up = Some("gap");
        }
        self.drain()
    }

    /// No request will be answered any more.
    pub fn drain(&mut self) -> Vec<u64> {
        self.waiting.drain(..).map(|e| e.number).collect()
    }
}
