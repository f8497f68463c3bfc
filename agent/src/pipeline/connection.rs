//! One connection: its two directions put in order, its HTTP read, its requests waiting for answers.

use std::{
    collections::VecDeque,
    mem,
    net::IpAddr,
    sync::{Arc, Weak},
};

use picket_common::{
    advice::{self, Advice},
    conn::Direction,
};

use super::{chains::Part, parked, policies::Place, tls::Tls};
use crate::{
    capture::{Origin, Segment, record::Peer},
    http::{self, Output, Request},
    limits,
    rules::{
        Match,
        policy::Policy,
        program::{
            judge::Saved,
            verdict::{Attribute, Verdict},
        },
    },
    service::Service,
    stream::{self, Reassembler, StreamStats},
    time::Ktime,
};

/// A connection of a service.
pub struct Connection {
    /// Who.
    pub peer: Peer,
    /// Whose it is; found at the first request.
    pub service: Option<Arc<Service>>,
    /// The service's policy.
    pub policy: Option<Bound>,
    /// Judged requests whose response is still to come, in order.
    pub open: VecDeque<Judged>,
    /// When the last record came.
    pub last_seen: Ktime,
    /// Memory it holds, as counted by the table; bytes.
    pub held: usize,
    /// The kernel was told something about it.
    pub advised: bool,
    /// It speaks TLS.
    pub tls: Option<Box<Tls>>,
    /// Its other end was looked for among the processes of this host.
    pub client_sought: bool,
    /// What waits until other workers have read what came before; `None`: nothing.
    pub parked: Option<VecDeque<Output>>,
    reading: Option<Box<Reading>>,
}

/// Which policy a connection's service has, as of some settings.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Of these settings.
    pub generation: u64,
    /// Its place among their policies.
    pub at: Place,
}

/// A request that was judged.
pub struct Judged {
    /// The request.
    pub request: Box<Request>,
    /// What held on it.
    pub matches: Vec<Match>,
    /// What rules and processors write on it.
    pub attributes: Vec<Attribute>,
    /// What the rules say beside.
    pub verdict: Told,
    /// What the rules need to judge the response, and the policy that began. It does not keep rules in memory
    /// that were replaced: a connection may wait for hours.
    pub saved: Option<(Box<Saved>, Weak<Policy>)>,
    /// The policy's name; none: the default.
    pub policy: Option<Arc<str>>,
    /// Who sent it, behind trusted proxies.
    pub client_ip: IpAddr,
    /// The other end of the client's own connection.
    pub origin: IpAddr,
    /// It led to a block.
    pub blocked: bool,
    /// Its part in chains.
    pub part: Option<Box<Part>>,
}

/// What a program says of a transaction beside its matches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// It would be kept from the service.
    pub would_block: bool,
    /// CRS's anomaly score.
    pub score: Option<i64>,
}

impl Told {
    /// In short.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        Self { would_block: verdict.blocks(), score: verdict.score() }
    }
}

/// What is needed while the connection is of interest.
struct Reading {
    ingress: Reassembler,
    egress: Reassembler,
    http: http::Connection,
}

impl Reading {
    fn new(limits: http::Limits, known_start: bool) -> Box<Self> {
        Box::new(Self {
            ingress: Reassembler::new(stream::Limits::default()),
            egress: Reassembler::new(stream::Limits::default()),
            http: http::Connection::new(limits, known_start),
        })
    }
}

impl Connection {
    /// A connection of which nothing was read yet.
    #[must_use]
    pub fn new(peer: Peer, limits: http::Limits, known_start: bool, now: Ktime) -> Self {
        Self {
            peer,
            service: None,
            policy: None,
            open: VecDeque::new(),
            last_seen: now,
            held: 0,
            advised: false,
            tls: None,
            client_sought: false,
            parked: None,
            reading: Some(Reading::new(limits, known_start)),
        }
    }

    /// Reads a part of a TLS handshake.
    pub fn handshake(&mut self, segment: &Segment<'_>, now: Ktime, stats: &mut StreamStats) {
        self.tls.get_or_insert_default().handshake(segment, now, stats);
    }

    /// What is to come is plaintext of a TLS library; with `fresh` from a new beginning.
    pub fn plaintext(&mut self, origin: Origin, limits: http::Limits, known_start: bool) {
        let tls = self.tls.get_or_insert_default();
        tls.pid = Some(origin.pid);
        if origin.fresh {
            self.reading = Some(Reading::new(limits, known_start));
        }
    }

    /// Reads a segment: what it completes goes to `out`; what the tap should know is returned.
    pub fn segment(
        &mut self,
        segment: &Segment<'_>,
        now: Ktime,
        stats: &mut StreamStats,
        out: &mut Vec<Output>,
    ) -> Option<Advice> {
        let reading = self.reading.as_deref_mut()?;
        let direction = segment.direction;
        let (stream, http) = match direction {
            Direction::Ingress => (&mut reading.ingress, &mut reading.http),
            Direction::Egress => (&mut reading.egress, &mut reading.http),
        };
        let mut skips = false;
        stream.push(segment, now, stats, |piece| {
            let from = out.len();
            http.feed(direction, piece, now, out);
            skips |= out[from..].iter().any(|o| matches!(o, Output::Skip { .. } | Output::Ignore { .. }));
        });
        if stream.ended() && direction == Direction::Egress {
            http.ended(direction, now, out);
        }
        if !skips {
            return None;
        }
        let mut advice = Advice::default();
        match (http.unneeded(direction), stream.next_seq()) {
            (u64::MAX, _) => {
                advice.flags = advice::flags::IGNORE;
                self.reading = None;
            }
            (bytes @ 1.., Some(at)) => skip(&mut advice, direction, at, bytes),
            _ => {}
        }
        (advice.flags != 0).then_some(advice)
    }

    /// Gives up holes that were waited for too long.
    pub fn expire(&mut self, now: Ktime, stats: &mut StreamStats, out: &mut Vec<Output>) {
        let Some(reading) = self.reading.as_deref_mut() else { return };
        let Reading { ingress, egress, http } = reading;
        ingress.expire(now, stats, |piece| http.feed(Direction::Ingress, piece, now, out));
        egress.expire(now, stats, |piece| http.feed(Direction::Egress, piece, now, out));
    }

    /// The connection is gone, or will not be followed any longer.
    pub fn close(&mut self, now: Ktime, stats: &mut StreamStats, out: &mut Vec<Output>) {
        let Some(mut reading) = self.reading.take() else { return };
        let Reading { ingress, egress, http } = &mut *reading;
        ingress.finish(stats, |piece| http.feed(Direction::Ingress, piece, now, out));
        egress.finish(stats, |piece| http.feed(Direction::Egress, piece, now, out));
        http.close(now, out);
    }

    /// Whether it holds bytes out of order, so that a hole may have to be given up.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.reading.as_deref().is_some_and(|r| r.ingress.held() + r.egress.held() > 0)
    }

    /// Memory it holds now, bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let reading = self
            .reading
            .as_deref()
            .map_or(0, |r| mem::size_of::<Reading>() + r.ingress.held() + r.egress.held() + r.http.held());
        let open: usize = self.open.iter().map(Judged::memory).sum();
        let tls = self.tls.as_deref().map_or(0, Tls::memory);
        let parked = self.parked.as_ref().map_or(0, parked::memory);
        mem::size_of::<Self>() + reading + open + tls + parked
    }
}

impl Judged {
    fn memory(&self) -> usize {
        let headers: usize = self.request.headers.iter().map(|h| h.name.len() + h.value.len() + 64).sum();
        let matches: usize = self.matches.iter().map(|m| m.location.len() + m.value.len() + 128).sum();
        mem::size_of::<Self>()
            + mem::size_of::<Request>()
            + self.request.target.len()
            + self.request.body.data.len()
            + headers
            + matches
            + self.saved.as_ref().map_or(0, |(saved, _)| saved.held())
    }
}

/// Notes that `bytes` from `at` on are not needed. A sequence number can say so of less than 2 GiB;
/// what is longer is skipped by the budget.
fn skip(advice: &mut Advice, direction: Direction, at: u32, bytes: u64) {
    let until = at.wrapping_add(u32::try_from(bytes.min(limits::MAX_SKIP)).unwrap_or(0));
    match direction {
        Direction::Ingress => {
            advice.flags |= advice::flags::SKIP_INGRESS;
            advice.ingress_until = until;
        }
        Direction::Egress => {
            advice.flags |= advice::flags::SKIP_EGRESS;
            advice.egress_until = until;
        }
    }
}
