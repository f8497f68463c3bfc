//! What of TLS is seen: counted for each service, and told with the reason where it is not.

use std::{collections::VecDeque, sync::Arc};

use super::{connection::Connection, counters::Counters, judge::service_of, shared::Shared};
use crate::{
    api::tls::{Http2View, TlsFailure, TlsLatency, TlsStats, TlsView},
    binary::Inspection,
    discover::{self, Snapshot, View},
    limits,
    service::{Service, family::Family},
    time::{self, Ktime},
    tls::sight::{self, Mapped, Reason, TlsRuntime},
};

/// A service has answered a handshake: whose connection it is is looked up now, because its process may be gone when the
/// connection ends.
pub fn established(shared: &Shared, connection: &mut Connection) {
    if connection.service.is_none() && is_established(connection) {
        service_of(shared, &connection.peer, &mut connection.service);
    }
}

/// Connections that ended without plaintext. A client that resets its connection ends it before the service has read what
/// it sent: they wait a little before they count as unseen.
#[derive(Default)]
pub struct Ended {
    /// Since when, which, whose; the oldest first.
    waiting: VecDeque<(Ktime, u64, Arc<Service>)>,
}

/// How long plaintext may come after the end, nanoseconds.
const LATE: Ktime = time::SECOND;

impl Ended {
    /// Plaintext of a connection came for the first time.
    pub fn seen(&mut self, shared: &Shared, connection: &mut Connection) {
        shared.counters.tls_seen.add(1);
        service_of(shared, &connection.peer, &mut connection.service).note_tls(true);
        self.forget(connection.peer.cookie);
    }

    /// A connection has ended, or nothing was heard of it for long. One that was never established counts as nothing: the
    /// client or the service refused.
    pub fn end(&mut self, shared: &Shared, connection: &mut Connection, now: Ktime) {
        if is_unseen(connection) {
            let service = service_of(shared, &connection.peer, &mut connection.service);
            self.wait(&shared.counters, connection.peer.cookie, Arc::clone(service), now);
        }
    }

    /// Counts those that have waited long enough.
    pub fn count(&mut self, counters: &Counters, now: Ktime) {
        while self.waiting.front().is_some_and(|(since, ..)| since.saturating_add(LATE) <= now) {
            self.count_first(counters);
        }
    }

    fn wait(&mut self, counters: &Counters, cookie: u64, service: Arc<Service>, now: Ktime) {
        if self.waiting.len() >= limits::UNSEEN_WAITING {
            self.count_first(counters);
        }
        self.waiting.push_back((now, cookie, service));
    }

    fn forget(&mut self, cookie: u64) {
        self.waiting.retain(|(_, other, _)| *other != cookie);
    }

    fn count_first(&mut self, counters: &Counters) {
        if let Some((.., service)) = self.waiting.pop_front() {
            counters.tls_unseen.add(1);
            service.note_tls(false);
        }
    }
}

/// A connection is not HTTP/1.x, for this reason.
pub fn ignored(shared: &Shared, connection: &mut Connection, reason: &str) {
    if reason != "http2" {
        shared.counters.not_http.add(1);
        return;
    }
    let tls = connection.tls.is_some();
    if tls { &shared.counters.http2_tls } else { &shared.counters.http2_clear }.add(1);
    service_of(shared, &connection.peer, &mut connection.service).note_http2(tls);
}

fn is_unseen(connection: &Connection) -> bool {
    connection.tls.as_deref().is_some_and(|tls| tls.pid.is_none()) && is_established(connection)
}

/// The service has answered with its hello.
fn is_established(connection: &Connection) -> bool {
    let facts = connection.tls.as_deref().and_then(|tls| tls.facts.as_deref());
    facts.is_some_and(|facts| facts.version.is_some())
}

/// Discovery of TLS libraries, or why there is none.
pub type Looking = Result<Arc<discover::Stats>, String>;

/// What is told of services' TLS; as of one moment.
pub struct Teller<'a> {
    looking: &'a Looking,
    libraries: &'a View<Inspection>,
    family: Family,
}

impl<'a> Teller<'a> {
    /// Reads who descends from whom.
    #[must_use]
    pub fn new(looking: &'a Looking, libraries: &'a View<Inspection>) -> Self {
        Self { looking, libraries, family: Family::now() }
    }

    /// Of one service; `None`: it had no TLS connection.
    #[must_use]
    pub fn of(&self, service: &Service) -> Option<TlsView> {
        let [seen, unseen] = service.tls();
        if seen + unseen == 0 {
            return None;
        }
        let runtimes = service.pid.and_then(|pid| self.family.first(pid, |pid| self.of_process(pid)));
        let runtimes = runtimes.unwrap_or_default();
        let reason = (unseen > 0).then(|| match self.looking {
            Err(why) => Reason {
                short: None,
                why: why.clone(),
                advice: "see picket doctor, and [capture] tls in the configuration".to_owned(),
            },
            Ok(_) => Reason::of(&runtimes, seen > 0),
        });
        let (short, why, advice) = match reason {
            Some(Reason { short, why, advice }) => (short, Some(why), Some(advice)),
            None => (None, None, None),
        };
        Some(TlsView { seen, unseen, runtimes, short, why, advice })
    }

    fn of_process(&self, pid: u32) -> Option<Vec<TlsRuntime>> {
        let mapped = self.libraries.of_process(pid)?;
        let files: Vec<Mapped<'_>> = mapped
            .iter()
            .map(|one| Mapped {
                file: one.file.path(),
                what: &one.what,
                unattached: one.unattached.as_deref(),
            })
            .collect();
        Some(sight::runtimes(&files)).filter(|runtimes| !runtimes.is_empty())
    }
}

/// What is told of a service's HTTP/2; `None`: it had no such connection.
#[must_use]
pub fn http2(service: &Service) -> Option<Http2View> {
    let [clear, tls] = service.http2();
    (clear + tls > 0).then_some(Http2View { clear, tls })
}

/// Discovery's counters, as gauges, times and failures.
#[must_use]
pub fn stats(looking: &Looking) -> (TlsStats, Option<Snapshot>) {
    let snapshot = match looking {
        Ok(stats) => stats.snapshot(),
        Err(why) => return (TlsStats { why_not: Some(why.clone()), ..TlsStats::default() }, None),
    };
    let count = |name| snapshot.counters.iter().find(|(other, _)| *other == name).map_or(0, |(_, n)| *n);
    let (wall, now) = (jiff::Timestamp::now(), time::now());
    let stats = TlsStats {
        why_not: None,
        processes: snapshot.processes as u64,
        files: snapshot.files as u64,
        attached: count("attached").saturating_sub(count("detached")),
        latency: TlsLatency {
            count: snapshot.latency.count,
            p50_ms: milliseconds(snapshot.latency.p50),
            p99_ms: milliseconds(snapshot.latency.p99),
            max_ms: milliseconds(snapshot.latency.max),
        },
        failures: snapshot
            .failures
            .iter()
            .map(|failed| TlsFailure {
                file: failed.path.to_string_lossy().into_owned(),
                pid: failed.pid,
                step: failed.step.name().to_owned(),
                reason: failed.reason.clone(),
                at: wall.checked_sub(std::time::Duration::from_nanos(now.saturating_sub(failed.at))).ok(),
            })
            .collect(),
    };
    (stats, Some(snapshot))
}

#[expect(clippy::cast_precision_loss, reason = "a time for people")]
fn milliseconds(time: Ktime) -> f64 {
    time as f64 / 1_000_000.0
}

#[cfg(test)]
mod tests {
    use picket_common::conn::Tuple;

    use super::*;
    use crate::{
        capture::record::Peer,
        http::Limits,
        pipeline::tls::Tls,
        tls::hello::{TlsFacts, Version},
    };

    #[test]
    fn a_connection_is_unseen_when_its_handshake_was_answered_and_nothing_came() {
        let answered = || Some(Arc::new(TlsFacts { version: Some(Version::TLS_1_3), ..TlsFacts::default() }));
        let offered = || Some(Arc::new(TlsFacts::default()));
        for (tls, unseen) in [
            (None, false),
            (Some((None, None)), false),
            (Some((offered(), None)), false),
            (Some((answered(), None)), true),
            (Some((answered(), Some(7))), false),
            // Older than the agent: only its plaintext was ever seen.
            (Some((None, Some(7))), false),
        ] {
            let peer = Peer { cookie: 1, listener: 2, cgroup: 3, tuple: Tuple::default(), client: 0 };
            let mut connection = Connection::new(peer, Limits::default(), true, 0);
            connection.tls = tls.map(|(facts, pid)| {
                let mut tls = Box::<Tls>::default();
                (tls.facts, tls.pid) = (facts, pid);
                tls
            });
            assert_eq!(is_unseen(&connection), unseen, "{:?}", connection.tls.as_deref().map(|tls| tls.pid));
        }
    }

    #[test]
    fn what_comes_after_the_end_is_seen_all_the_same() {
        let (counters, service) = (Counters::default(), Arc::new(Service::named("shop", 443)));
        let mut ended = Ended::default();
        for cookie in [1, 2, 3] {
            ended.wait(&counters, cookie, Arc::clone(&service), 10 * cookie);
        }
        ended.forget(2);
        ended.forget(4);
        ended.count(&counters, LATE + 9);
        assert_eq!(counters.tls_unseen.value(), 0);
        ended.count(&counters, LATE + 20);
        assert_eq!((counters.tls_unseen.value(), service.tls()), (1, [0, 1]));
        ended.count(&counters, LATE + 30);
        assert_eq!((counters.tls_unseen.value(), service.tls()), (2, [0, 2]));
        // Not more than there is room for.
        let cap = limits::UNSEEN_WAITING as u64;
        for cookie in 0..cap + 5 {
            ended.wait(&counters, cookie, Arc::clone(&service), 100);
        }
        assert_eq!((counters.tls_unseen.value(), ended.waiting.len() as u64), (7, cap));
    }

    #[test]
    fn services_tell_their_counts_and_the_reason() {
        let (on, libraries): (Looking, _) = (Ok(Arc::default()), View::default());
        let off: Looking = Err("TLS is not looked into: it is off".into());
        let service = Service::named("shop", 443);
        let told = |looking| Teller::new(looking, &libraries).of(&service);
        assert_eq!((told(&on), http2(&service)), (None, None));

        service.note_tls(true);
        service.note_tls(true);
        service.note_http2(true);
        service.note_http2(false);
        service.note_http2(true);
        let view = told(&on).expect("it had TLS");
        assert_eq!((view.seen, view.unseen, view.why), (2, 0, None));
        assert_eq!(http2(&service), Some(Http2View { clear: 1, tls: 2 }));

        service.note_tls(false);
        let view = told(&on).expect("it had TLS");
        assert_eq!((view.seen, view.unseen, view.why.as_deref()), (2, 1, Some(sight::NO_LIBRARY)));
        let view = told(&off).expect("it had TLS");
        assert_eq!(view.why.as_deref(), Some("TLS is not looked into: it is off"));
        assert!(view.advice.is_some_and(|advice| advice.contains("[capture] tls")));
    }

    #[test]
    fn discovery_tells_what_is_attached() {
        let stats = discover::Stats::default();
        stats.attached.add(5);
        stats.detached.add(2);
        let (told, snapshot) = super::stats(&Ok(Arc::new(stats)));
        assert_eq!((told.attached, told.why_not), (3, None));
        assert!(snapshot.is_some_and(|snapshot| snapshot.counters.contains(&("attached", 5))));
        let (told, snapshot) = super::stats(&Err("off".into()));
        assert_eq!(told.why_not.as_deref(), Some("off"));
        assert!(snapshot.is_none());
    }
}
