//! A connection: both directions, and what they have to do with each other.

use picket_common::conn::Direction;

use super::{
    Limits, Output, egress::Egress, ingress::Ingress, message::Request, message::Response, pairing::Pairing,
};
use crate::{stream::Piece, time::Ktime};

/// Reads the two directions of one connection.
///
/// `Output::Request` n always comes before `Output::Response` n or `Output::Unanswered` n, of which
/// each request gets exactly one.
#[derive(Debug)]
pub struct Connection {
    pub(super) limits: Limits,
    pub(super) ingress: Ingress,
    pub(super) egress: Egress,
    pub(super) pairing: Pairing,
    /// A request line was seen: what is malformed from here on is an observation.
    pub(super) proven: bool,
    /// A status line was seen.
    pub(super) answers: bool,
    /// Nothing more is looked at.
    pub(super) ignored: bool,
    next_number: u64,
    /// What must wait until the request that is being read is handed on. There is at most one:
    /// its answer.
    after_request: Option<Output>,
}

impl Connection {
    /// A connection. `known_start`: it is seen from its first byte; otherwise it is picked up at
    /// the next request.
    #[must_use]
    pub fn new(limits: Limits, known_start: bool) -> Self {
        Self {
            ingress: Ingress::new(known_start),
            egress: Egress::new(known_start),
            pairing: Pairing::new(limits.pipelined, known_start),
            limits,
            proven: false,
            answers: false,
            ignored: false,
            next_number: 0,
            after_request: None,
        }
    }

    /// Takes the next piece of a direction.
    ///
    /// An [`Output::Skip`] that comes out of it counts from the end of this piece.
    pub fn feed(&mut self, direction: Direction, piece: Piece<'_>, now: Ktime, out: &mut Vec<Output>) {
        if self.ignored {
            return;
        }
        match (direction, piece) {
            (Direction::Ingress, Piece::Data(data)) => self.ingress_data(data, now, out),
            (Direction::Ingress, Piece::Gap { len, skipped }) => self.ingress_gap(len, skipped, now, out),
            (Direction::Egress, Piece::Data(data)) => self.egress_data(data, now, out),
            (Direction::Egress, Piece::Gap { len, skipped }) => self.egress_gap(len, skipped, now, out),
        }
        let skip = match direction {
            _ if self.ignored => None,
            Direction::Ingress => self.ingress.skip(),
            Direction::Egress => self.egress.skip(),
        };
        if let Some(bytes) = skip {
            out.push(Output::Skip { direction, bytes });
        }
    }

    /// How many of the next bytes of a direction are not needed, as of now: the rest of a long body.
    #[must_use]
    pub fn unneeded(&self, direction: Direction) -> u64 {
        match direction {
            _ if self.ignored => u64::MAX,
            Direction::Ingress => self.ingress.unneeded(),
            Direction::Egress => self.egress.unneeded(),
        }
    }

    /// A direction has ended (FIN) and all of it was fed. Not needed when [`close`](Self::close)
    /// follows anyway; it makes what only the end of a direction ends come out earlier.
    pub fn ended(&mut self, direction: Direction, now: Ktime, out: &mut Vec<Output>) {
        if self.ignored {
            return;
        }
        match direction {
            Direction::Ingress => self.ingress_end(now, out),
            Direction::Egress => self.egress_end(now, out),
        }
    }

    /// The connection is closed: hands on what was begun. Requests without a response are named.
    pub fn close(&mut self, now: Ktime, out: &mut Vec<Output>) {
        if !self.ignored {
            self.ingress_end(now, out);
            self.egress_end(now, out);
            self.unanswered_all("closed", now, out);
        }
        self.release();
    }

    /// Memory held, bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        let waiting = match &self.after_request {
            Some(Output::Response(response)) => response.body.data.len() + size_of::<Response>(),
            _ => 0,
        };
        self.ingress.held() + self.egress.held() + self.pairing.capacity() + waiting
    }

    /// The number of a new request.
    pub(super) fn number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    pub(super) fn emit_request(&mut self, request: Box<Request>, out: &mut Vec<Output>) {
        out.push(Output::Request(request));
        out.extend(self.after_request.take());
    }

    pub(super) fn emit_response(&mut self, response: Box<Response>, out: &mut Vec<Output>) {
        self.emit_answer(response.number, Output::Response(response), out);
    }

    pub(super) fn emit_unanswered(
        &mut self,
        numbers: Vec<u64>,
        reason: &'static str,
        at: Ktime,
        out: &mut Vec<Output>,
    ) {
        for number in numbers {
            self.emit_answer(number, Output::Unanswered { number, at, reason }, out);
        }
    }

    /// What concludes a request comes after it.
    fn emit_answer(&mut self, number: u64, answer: Output, out: &mut Vec<Output>) {
        if self.ingress.open_number() == Some(number) {
            self.after_request = Some(answer);
        } else {
            out.push(answer);
        }
    }

    pub(super) fn unanswered_all(&mut self, reason: &'static str, now: Ktime, out: &mut Vec<Output>) {
        let numbers = self.pairing.drain();
        self.emit_unanswered(numbers, reason, now, out);
    }

    /// The connection speaks something else, from the start or from here on.
    pub(super) fn ignore(&mut self, reason: &'static str, now: Ktime, out: &mut Vec<Output>) {
        self.finish_open_request(now, out);
        self.unanswered_all(reason, now, out);
        self.release();
        out.push(Output::Ignore { reason });
    }

    fn release(&mut self) {
        self.ignored = true;
        self.ingress = Ingress::new(true);
        self.egress = Egress::new(true);
        self.pairing = Pairing::new(0, true);
        self.after_request = None;
    }
}
