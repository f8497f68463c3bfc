//! Request bodies: complete, more than is kept, answered before they are.

use super::{Open, State};
use crate::{
    http::{Connection, anomaly::note, coding, detect, lenient, message::Output},
    time::Ktime,
};

impl Connection {
    /// Hands the open request on when its body is complete, or more than will be kept.
    pub(super) fn body_progress(&mut self, now: Ktime, out: &mut Vec<Output>) {
        let State::Body(open) = &self.ingress.state else { return };
        if open.body.is_done() || open.body.is_over() || (open.answered && open.body.is_unknown()) {
            self.close_request(now, out);
        }
        self.leave_unknown();
    }

    /// Hands the open request on with what is there of its body; the body is read on.
    pub(super) fn close_request(&mut self, now: Ktime, out: &mut Vec<Output>) {
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
        let head = request.headers.len();
        lenient::append_trailer(&mut request.headers, raw.trailer, &self.limits, &mut request.anomalies);
        request.trailers = request.headers.len().saturating_sub(head);
        request.ended = now;
        self.ingress.state = if body.is_done() { State::Head } else { State::Rest(body) };
        self.emit_request(request, out);
    }

    /// The final response to this request begins: what does that say about its body?
    pub(in crate::http) fn answered_in_body(&mut self, number: u64, now: Ktime, out: &mut Vec<Output>) {
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
    pub(super) fn leave_unknown(&mut self) {
        if matches!(&self.ingress.state, State::Rest(body) if body.is_unknown()) && self.pairing.is_empty() {
            self.ingress.state = State::Seeking;
            self.pairing.lost_requests();
        }
    }

    pub(super) fn body_or_head(&mut self, data: &[u8]) {
        let State::BodyOrHead(body) = std::mem::replace(&mut self.ingress.state, State::Head) else { return };
        if detect::could_start_request(data) {
            self.ingress.provisional = true;
            self.pairing.lost_requests();
        } else {
            self.ingress.state = State::Rest(body);
        }
    }

    /// The request that is being read is handed on as it is.
    pub(in crate::http) fn finish_open_request(&mut self, now: Ktime, out: &mut Vec<Output>) {
        self.close_request(now, out);
    }
}
