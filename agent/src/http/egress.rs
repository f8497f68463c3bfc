//! From the service: responses.

use bytes::Bytes;

use super::{
    Connection,
    anomaly::note,
    body::BodyReader,
    coding::{self, Coding},
    detect,
    framing::{self, Framing},
    head::HeadBuffer,
    lenient,
    message::{Body, Output, Response},
    pairing::{Answer, Kind},
    response,
};
use crate::time::Ktime;

/// The writing end of a service.
#[derive(Debug)]
pub(super) struct Egress {
    state: State,
    head: HeadBuffer,
    line_checked: bool,
    /// The head began where a piece began after a loss: its first line must prove it.
    provisional: bool,
    /// The request that the head being read answers, known from its status line on.
    answering: Option<(u64, Kind)>,
    started: Ktime,
}

#[derive(Debug)]
enum State {
    /// At a message's start or in its head.
    Head,
    /// In the body of a response.
    Body(Box<Open>),
    /// In the rest of a body whose response was handed on.
    Rest(BodyReader),
    /// After a loss.
    Seeking,
}

/// A response whose body is being read.
#[derive(Debug)]
struct Open {
    response: Box<Response>,
    body: BodyReader,
    codings: Vec<Option<Coding>>,
}

impl Egress {
    pub fn new(known_start: bool) -> Self {
        Self {
            state: if known_start { State::Head } else { State::Seeking },
            head: HeadBuffer::default(),
            line_checked: false,
            provisional: false,
            answering: None,
            started: 0,
        }
    }

    pub fn held(&self) -> usize {
        let body = match &self.state {
            State::Body(open) => open.body.capacity() + size_of::<Open>() + size_of::<Response>(),
            State::Rest(body) => body.capacity(),
            State::Head | State::Seeking => 0,
        };
        self.head.capacity() + body
    }

    pub fn skip(&mut self) -> Option<u64> {
        if let State::Rest(body) = &mut self.state { body.skip() } else { None }
    }

    pub fn unneeded(&self) -> u64 {
        if let State::Rest(body) = &self.state { body.unneeded() } else { 0 }
    }

    fn reset_head(&mut self) {
        self.head.clear();
        self.line_checked = false;
        self.provisional = false;
    }
}

impl Connection {
    pub(super) fn egress_data(&mut self, mut data: &[u8], now: Ktime, out: &mut Vec<Output>) {
        self.pairing.service_spoke();
        self.turn(now, out);
        let mut at_start = true;
        while !data.is_empty() && !self.ignored {
            let awaited = self.awaits_response();
            let used = match &mut self.egress.state {
                State::Head | State::Seeking if self.pairing.is_over() => data.len(),
                State::Head => self.response_head(data, now, out),
                State::Body(open) => {
                    let used = open.body.feed(data);
                    self.response_progress(now, out);
                    used
                }
                State::Rest(body) => {
                    let used = body.feed(data);
                    if body.is_done() {
                        self.egress.state = State::Head;
                    }
                    used
                }
                State::Seeking if at_start && awaited && detect::response_prefix(data) => {
                    self.egress.state = State::Head;
                    self.egress.provisional = true;
                    self.pairing.found();
                    0
                }
                State::Seeking => data.len(),
            };
            data = data.get(used..).unwrap_or_default();
            at_start = false;
        }
    }

    /// There is a request that a response could answer, even if its head is not complete.
    fn awaits_response(&self) -> bool {
        !self.pairing.is_empty() || self.ingress.in_head()
    }

    /// Reads a head. Returns the bytes used.
    fn response_head(&mut self, data: &[u8], now: Ktime, out: &mut Vec<Output>) -> usize {
        let egress = &mut self.egress;
        if egress.head.is_empty() {
            let blank = data.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            if blank > 0 {
                return blank;
            }
            egress.started = now;
            egress.line_checked = false;
        }
        let before = egress.head.len();
        let end = egress.head.look(data, self.limits.head);
        let egress = &mut self.egress;
        if !egress.line_checked {
            let bytes = egress.head.bytes(data);
            match egress.head.first_line() {
                Some(len) => {
                    egress.line_checked = true;
                    let status = detect::status_of(bytes.get(..len).unwrap_or(bytes));
                    if !self.status_line(status, now, out) {
                        return data.len();
                    }
                }
                None if !detect::response_prefix(bytes) => {
                    self.not_a_response(now, out);
                    return data.len();
                }
                None => {}
            }
        }
        let egress = &mut self.egress;
        let (len, complete) = match end {
            Some(end) => (end, true),
            None => {
                egress.head.keep(data, self.limits.head);
                if egress.head.len() < self.limits.head {
                    return data.len();
                }
                (self.limits.head, false)
            }
        };
        let bare_lf = egress.head.bare_lf();
        let head = egress.head.take(data, len);
        egress.reset_head();
        self.open_response(&head, complete, bare_lf, now, out);
        len.saturating_sub(before)
    }

    /// Where a response should begin stands something else.
    fn not_a_response(&mut self, now: Ktime, out: &mut Vec<Output>) {
        let provisional = self.egress.provisional;
        self.egress.reset_head();
        self.egress.state = State::Seeking;
        if provisional {
            self.pairing.not_found();
            return;
        }
        match self.pairing.front() {
            Some(expected) if expected.kind == Kind::Http09 => self.ignore("http09", now, out),
            // A service that has never answered in HTTP does not speak it.
            _ if !self.answers && !self.ingress.in_head() => self.ignore("not_http", now, out),
            _ if !self.proven => self.ignore("not_http", now, out),
            _ => self.lost_responses(false, now, out),
        }
    }

    /// The first line of a head came: which request is this the answer to? False: the rest of the
    /// head is of no use.
    fn status_line(&mut self, status: Option<u16>, now: Ktime, out: &mut Vec<Output>) -> bool {
        let Some(status) = status else {
            self.not_a_response(now, out);
            return false;
        };
        self.answers = true;
        self.egress.provisional = false;
        if is_interim(status) {
            return true;
        }
        if self.pairing.is_empty() {
            self.answered_in_head(now, out);
        }
        match self.pairing.answer() {
            Answer::To(number, kind) => {
                self.egress.answering = Some((number, kind));
                self.answered_in_body(number, now, out);
                return true;
            }
            Answer::Nothing => self.pairing.unasked(),
            Answer::Unsure(numbers) => self.emit_unanswered(numbers, "gap", now, out),
        }
        self.egress.reset_head();
        self.egress.state = State::Seeking;
        false
    }

    /// A head came: interim, or the response to a request.
    fn open_response(
        &mut self,
        head: &Bytes,
        complete: bool,
        bare_lf: bool,
        now: Ktime,
        out: &mut Vec<Output>,
    ) {
        self.egress.state = State::Head;
        let answering = self.egress.answering.take();
        let Some(mut read) = response::parse(head, complete, bare_lf, &self.limits) else { return };
        let Some((number, kind)) = answering else { return };
        let tunnel = kind == Kind::Connect && matches!(read.status, 200..=299);
        let framing = if tunnel || read.status == 101 {
            Framing::None
        } else {
            framing::of_response(&read.fields, read.status, kind, &mut read.anomalies)
        };
        let codings = read.fields.codings();
        let response = Box::new(Response {
            number,
            status: read.status,
            headers: read.headers,
            body: Body { cut: !complete, ..Body::default() },
            anomalies: read.anomalies,
            started: self.egress.started,
            ended: now,
        });
        if !complete {
            self.emit_response(response, out);
            self.lost_responses(false, now, out);
            return;
        }
        let status = read.status;
        let body = BodyReader::new(framing, self.limits.response_body);
        self.egress.state = State::Body(Box::new(Open { response, body, codings }));
        self.response_progress(now, out);
        if tunnel {
            self.ignore("tunnel", now, out);
        } else if status == 101 {
            self.ignore("upgraded", now, out);
        }
    }

    /// Hands the open response on when its body is complete, or more than will be kept.
    fn response_progress(&mut self, now: Ktime, out: &mut Vec<Output>) {
        let State::Body(open) = &self.egress.state else { return };
        if open.body.is_done() {
            self.pairing.answered();
            self.close_response(now, out);
        } else if open.body.is_over() {
            self.close_response(now, out);
        }
    }

    /// Hands the open response on with what is there of its body; the body is read on.
    fn close_response(&mut self, now: Ktime, out: &mut Vec<Output>) {
        let State::Body(open) = std::mem::replace(&mut self.egress.state, State::Head) else { return };
        let Open { mut response, mut body, codings } = *open;
        let raw = body.take();
        let codings = if self.limits.decode_responses { codings.as_slice() } else { &[] };
        let (kept, raw) = coding::undo(raw, codings, self.limits.decoded_body);
        response.body = kept;
        for a in raw.anomalies {
            note(&mut response.anomalies, a.kind, || a.detail);
        }
        lenient::append_trailer(&mut response.headers, raw.trailer, &self.limits, &mut response.anomalies);
        response.ended = now;
        self.egress.state = if body.is_done() { State::Head } else { State::Rest(body) };
        self.emit_response(response, out);
    }

    /// Bytes are missing.
    pub(super) fn egress_gap(&mut self, len: u32, skipped: bool, now: Ktime, out: &mut Vec<Output>) {
        let rest_skipped = skipped && matches!(self.egress.state, State::Body(_) | State::Rest(_));
        match &mut self.egress.state {
            State::Head if self.egress.head.is_empty() => {}
            State::Head => {
                if self.egress.answering.is_some() {
                    let bare_lf = self.egress.head.bare_lf();
                    let len = self.egress.head.len();
                    let head = self.egress.head.take(&[], len);
                    self.egress.reset_head();
                    self.open_response(&head, false, bare_lf, now, out);
                }
                self.egress.reset_head();
            }
            State::Body(open) => {
                let exact = open.body.gap(len, skipped);
                self.close_response(now, out);
                if exact {
                    return;
                }
            }
            State::Rest(body) => {
                if body.gap(len, skipped) {
                    if body.is_done() {
                        self.egress.state = State::Head;
                    }
                    return;
                }
            }
            State::Seeking => {}
        }
        if !self.ignored {
            self.lost_responses(rest_skipped, now, out);
        }
    }

    fn lost_responses(&mut self, rest_skipped: bool, now: Ktime, out: &mut Vec<Output>) {
        self.egress.state = State::Seeking;
        let numbers = self.pairing.lost_responses(rest_skipped);
        self.emit_unanswered(numbers, "gap", now, out);
    }

    /// The direction has ended.
    pub(super) fn egress_end(&mut self, now: Ktime, out: &mut Vec<Output>) {
        match &self.egress.state {
            State::Head if self.egress.answering.is_some() => {
                self.egress_gap(0, false, now, out);
            }
            State::Body(_) => self.close_response(now, out),
            _ => {}
        }
        self.egress.reset_head();
        self.egress.state = State::Seeking;
    }
}

/// Passed over: another response follows. 101 is the last one in HTTP.
fn is_interim(status: u16) -> bool {
    matches!(status, 100..=199) && status != 101
}
