//! Towards the service: requests.

use bytes::Bytes;

use super::{
    Connection,
    anomaly::{self, note},
    body::BodyReader,
    coding::{self, Coding},
    detect::{self, Line},
    framing::Framing,
    head::HeadBuffer,
    lenient,
    message::{Body, Output, Request},
    pairing::Kind,
    request,
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
                State::Seeking => {
                    self.seek(data.len(), now, out);
                    data.len()
                }
            };
            data = data.get(used..).unwrap_or_default();
            at_start = false;
        }
    }

    /// Reads a head. Returns the bytes used.
    fn request_head(&mut self, data: &[u8], now: Ktime, out: &mut Vec<Output>) -> usize {
        let ingress = &mut self.ingress;
        if ingress.head.is_empty() {
            // RFC 9112 section 2.2: empty lines before a request are passed over.
            let blank = data.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            if blank > 0 {
                return blank;
            }
            ingress.started = now;
            ingress.line_checked = false;
        }
        let before = ingress.head.len();
        let end = ingress.head.look(data, self.limits.head);
        let ingress = &mut self.ingress;
        if !ingress.line_checked {
            let bytes = ingress.head.bytes(data);
            let line = match ingress.head.first_line() {
                Some(len) => Some(detect::request_line(bytes.get(..len).unwrap_or(bytes))),
                None => (!detect::request_prefix(bytes)).then_some(Line::Other),
            };
            if let Some(line) = line {
                ingress.line_checked = true;
                if let Some(used) = self.first_line(line, data, before, now, out) {
                    return used;
                }
            }
        }
        let ingress = &mut self.ingress;
        let Some(end) = end else {
            ingress.head.keep(data, self.limits.head);
            if ingress.head.len() >= self.limits.head {
                let used = self.limits.head.saturating_sub(before);
                self.head_too_large(now, out);
                return used;
            }
            return data.len();
        };
        let bare_lf = ingress.head.bare_lf();
        let head = ingress.head.take(data, end);
        ingress.reset_head();
        self.open_request(&head, Whole::Yes, bare_lf, now, out);
        end.saturating_sub(before)
    }

    /// What the first line of a head means. `Some`: the head ends here, with the bytes used.
    fn first_line(
        &mut self,
        line: Line,
        data: &[u8],
        before: usize,
        now: Ktime,
        out: &mut Vec<Output>,
    ) -> Option<usize> {
        match line {
            Line::Http => {
                self.proven = true;
                self.ingress.provisional = false;
                None
            }
            Line::Http2 if !self.proven => {
                self.ignore("http2", now, out);
                Some(data.len())
            }
            _ if self.ingress.provisional => {
                self.ingress.reset_head();
                self.ingress.state = State::Seeking;
                self.seek(data.len(), now, out);
                Some(data.len())
            }
            Line::Simple => {
                self.proven = true;
                let len = self.ingress.head.first_line().unwrap_or_default();
                let head = self.ingress.head.take(data, len);
                self.ingress.reset_head();
                self.simple_request(&head, now, out);
                Some(len.saturating_sub(before))
            }
            // On a connection that speaks HTTP a malformed request is worth telling.
            _ if self.proven => None,
            _ => {
                self.ignore("not_http", now, out);
                Some(data.len())
            }
        }
    }

    /// An HTTP/0.9 request: a line. The service answers and closes.
    fn simple_request(&mut self, line: &Bytes, now: Ktime, out: &mut Vec<Output>) {
        let mut anomalies = Vec::new();
        let read = lenient::request_line(line, &mut anomalies);
        anomalies.retain(|a| a.kind != anomaly::BAD_REQUEST_LINE);
        note(&mut anomalies, anomaly::HTTP09, || "request line without a version".into());
        let number = self.number();
        let request = Box::new(Request {
            number,
            method: line.slice_ref(read.method),
            target: line.slice_ref(read.target),
            version: 0,
            headers: Vec::new(),
            body: Body::default(),
            anomalies,
            started: self.ingress.started,
            ended: now,
        });
        self.ingress.state = State::Seeking;
        self.emit_request(request, out);
        if let Some((numbers, reason)) = self.pairing.request(number, Kind::Http09) {
            self.emit_unanswered(numbers, reason, now, out);
        }
        self.pairing.lost_requests();
    }

    /// A head came, whole or not: the request is open, or handed on if it has no body.
    fn open_request(&mut self, head: &Bytes, whole: Whole, bare_lf: bool, now: Ktime, out: &mut Vec<Output>) {
        let mut read = request::parse(head, whole == Whole::Yes, bare_lf, &self.limits);
        match whole {
            Whole::Yes => {}
            Whole::TooLarge => {
                let limit = self.limits.head;
                note(&mut read.anomalies, anomaly::HEAD_TOO_LARGE, || format!("no end within {limit} bytes"));
                read.framing = Framing::Unknown;
            }
            Whole::Unfinished => {
                note(&mut read.anomalies, anomaly::HEAD_UNFINISHED, || {
                    format!("no end after {} bytes", head.len())
                });
                read.framing = Framing::None;
            }
            Whole::Gap => read.framing = Framing::None,
        }
        let number = self.number();
        let request = Box::new(Request {
            number,
            method: read.method,
            target: read.target,
            version: read.version,
            headers: read.headers,
            body: Body { cut: whole != Whole::Yes, ..Body::default() },
            anomalies: read.anomalies,
            started: self.ingress.started,
            ended: now,
        });
        let unanswered = self.pairing.request(number, read.kind);
        if read.framing == Framing::None {
            self.ingress.state = if read.kind == Kind::Connect {
                // What follows belongs to the tunnel, or, if there will be none, is found again.
                self.pairing.lost_requests();
                State::Seeking
            } else {
                State::Head
            };
            self.emit_request(request, out);
        } else {
            self.ingress.state = State::Body(Box::new(Open {
                body: BodyReader::new(read.framing, self.limits.request_body),
                request,
                codings: read.codings,
                expect_continue: read.expect_continue,
                answered: false,
            }));
        }
        if let Some((numbers, reason)) = unanswered {
            self.emit_unanswered(numbers, reason, now, out);
        }
        self.body_progress(now, out);
    }

    /// Hands the open request on when its body is complete, or more than will be kept.
    fn body_progress(&mut self, now: Ktime, out: &mut Vec<Output>) {
        let State::Body(open) = &self.ingress.state else { return };
        if open.body.is_done() || open.body.is_over() || (open.answered && open.body.is_unknown()) {
            self.close_request(now, out);
        }
        self.leave_unknown();
    }

    /// Hands the open request on with what is there of its body; the body is read on.
    fn close_request(&mut self, now: Ktime, out: &mut Vec<Output>) {
        let State::Body(open) = std::mem::replace(&mut self.ingress.state, State::Head) else { return };
        let Open { mut request, mut body, codings, .. } = *open;
        let raw = body.take();
        let (kept, raw) = coding::undo(raw, &codings, self.limits.decoded_body);
        let cut = request.body.cut;
        request.body = kept;
        request.body.cut |= cut;
        for a in raw.anomalies {
            note(&mut request.anomalies, a.kind, || a.detail);
        }
        super::egress::append_trailer(
            &mut request.headers,
            raw.trailer,
            &self.limits,
            &mut request.anomalies,
        );
        request.ended = now;
        self.ingress.state = if body.is_done() { State::Head } else { State::Rest(body) };
        self.emit_request(request, out);
    }

    /// The head is larger than what is kept.
    fn head_too_large(&mut self, now: Ktime, out: &mut Vec<Output>) {
        if self.ingress.provisional {
            self.ingress.reset_head();
            self.ingress.state = State::Seeking;
            return;
        }
        if !self.proven {
            self.proven = detect::could_start_request(self.ingress.head.bytes(&[]));
        }
        if !self.proven {
            self.ignore("not_http", now, out);
            return;
        }
        self.cut_head(Whole::TooLarge, now, out);
    }

    /// Hands on a request whose head did not come to its end, if there is enough of it to be one.
    /// Returns whether there was.
    fn cut_head(&mut self, whole: Whole, now: Ktime, out: &mut Vec<Output>) -> bool {
        let bytes = self.ingress.head.bytes(&[]);
        let has_line = self.ingress.head.first_line().is_some();
        let has_target = detect::could_start_request(bytes)
            && bytes.iter().position(|&b| b == b' ').is_some_and(|at| at + 1 < bytes.len());
        let is_request = (has_line && self.proven) || (has_target && !has_line);
        if !is_request || self.ingress.provisional {
            self.ingress.reset_head();
            return false;
        }
        self.proven = true;
        let bare_lf = self.ingress.head.bare_lf();
        let len = self.ingress.head.len();
        let head = self.ingress.head.take(&[], len);
        self.ingress.reset_head();
        self.open_request(&head, whole, bare_lf, now, out);
        true
    }

    /// The service answered what has not come to the end of its head. Returns whether there is
    /// such a request; it is handed on.
    pub(super) fn answered_in_head(&mut self, now: Ktime, out: &mut Vec<Output>) -> bool {
        if !self.ingress.in_head() || !self.cut_head(Whole::Unfinished, now, out) {
            return false;
        }
        self.ingress.state = State::Seeking;
        self.pairing.lost_requests();
        true
    }

    /// The final response to this request begins: what does that say about its body?
    pub(super) fn answered_in_body(&mut self, number: u64, now: Ktime, out: &mut Vec<Output>) {
        let State::Body(open) = &mut self.ingress.state else {
            self.leave_unknown();
            return;
        };
        if open.request.number != number {
            return;
        }
        open.answered = true;
        let unsent = open.expect_continue && open.body.is_untouched();
        if open.body.is_unknown() || unsent {
            self.close_request(now, out);
        }
        if unsent && let State::Rest(body) = std::mem::replace(&mut self.ingress.state, State::Head) {
            self.ingress.state = State::BodyOrHead(body);
        }
        self.leave_unknown();
    }

    /// Where a body of unknown length ends can't be told. Once its request is answered, the next
    /// one is looked for.
    fn leave_unknown(&mut self) {
        if matches!(&self.ingress.state, State::Rest(body) if body.is_unknown()) && self.pairing.is_empty() {
            self.ingress.state = State::Seeking;
            self.pairing.lost_requests();
        }
    }

    fn body_or_head(&mut self, data: &[u8]) {
        let State::BodyOrHead(body) = std::mem::replace(&mut self.ingress.state, State::Head) else { return };
        if detect::could_start_request(data) {
            self.ingress.provisional = true;
            self.pairing.lost_requests();
        } else {
            self.ingress.state = State::Rest(body);
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
                self.close_request(now, out);
                if exact {
                    return;
                }
            }
            State::Rest(body) | State::BodyOrHead(body) => {
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

    /// The request that is being read is handed on as it is.
    pub(super) fn finish_open_request(&mut self, now: Ktime, out: &mut Vec<Output>) {
        self.close_request(now, out);
    }
}

/// How much of a head is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Yes,
    TooLarge,
    /// The sender stopped.
    Unfinished,
    /// The rest was not seen.
    Gap,
}
