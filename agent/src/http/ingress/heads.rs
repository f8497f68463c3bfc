//! Request heads: whole, too large, cut off.

use bytes::Bytes;

use super::{Open, State};
use crate::{
    http::{
        Connection,
        anomaly::{self, note},
        body::BodyReader,
        detect::{self, Line},
        framing::Framing,
        lenient,
        message::{Anomaly, Body, Output, Request},
        pairing::Kind,
        request,
    },
    time::Ktime,
};

/// How much of a head is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Yes,
    TooLarge,
    /// The sender stopped.
    Unfinished,
    /// The rest was not seen.
    Gap,
}

impl Connection {
    /// Reads a head. Returns the bytes used.
    pub(super) fn request_head(&mut self, data: &[u8], now: Ktime, out: &mut Vec<Output>) -> usize {
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
                self.ingress.seeks_end = false;
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
            protocol: Bytes::new(),
            version: 0,
            headers: Vec::new(),
            trailers: 0,
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
                forget_cut_line(&mut read.anomalies, head);
                note(&mut read.anomalies, anomaly::HEAD_UNFINISHED, || {
                    format!("no end after {} bytes", head.len())
                });
                read.framing = Framing::None;
            }
            Whole::Gap => {
                forget_cut_line(&mut read.anomalies, head);
                read.framing = Framing::None;
            }
        }
        let number = self.number();
        let request = Box::new(Request {
            number,
            method: read.method,
            target: read.target,
            protocol: read.protocol,
            version: read.version,
            headers: read.headers,
            trailers: 0,
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
    pub(super) fn cut_head(&mut self, whole: Whole, now: Ktime, out: &mut Vec<Output>) {
        let bytes = self.ingress.head.bytes(&[]);
        let has_line = self.ingress.head.first_line().is_some();
        let has_target = detect::could_start_request(bytes)
            && bytes.iter().position(|&b| b == b' ').is_some_and(|at| at + 1 < bytes.len());
        let is_request = (has_line && self.proven) || (has_target && !has_line);
        if !is_request || self.ingress.provisional {
            self.ingress.reset_head();
            return;
        }
        self.proven = true;
        let bare_lf = self.ingress.head.bare_lf();
        let len = self.ingress.head.len();
        let head = self.ingress.head.take(&[], len);
        self.ingress.reset_head();
        self.open_request(&head, whole, bare_lf, now, out);
    }

    /// The service speaks while nothing but the beginning of a head is there: it answers that, and
    /// the request is handed on as it is.
    pub(in crate::http) fn answered_in_head(&mut self, now: Ktime, out: &mut Vec<Output>) {
        if self.ingress.in_head() {
            self.cut_head(Whole::Unfinished, now, out);
            self.ingress.state = State::Seeking;
            self.pairing.lost_requests();
        }
    }
}

/// A request line that was cut off is not malformed.
fn forget_cut_line(anomalies: &mut Vec<Anomaly>, head: &Bytes) {
    if !head.contains(&b'\n') {
        anomalies.retain(|a| a.kind != anomaly::BAD_REQUEST_LINE);
    }
}
