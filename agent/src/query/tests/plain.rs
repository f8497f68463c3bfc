//! A transaction that is no event gives what its event has, mostly without making it.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;

use crate::{
    detect::{Detection, rules},
    event::{EventChain, EventIds, Plain, Recorder, ServiceRef, Transaction, WallClock},
    http::{Anomaly, Body, Header, Request, Response},
    query::{EVENTS, Field, Fields},
    user::{Observed, Session, Source, User},
};

/// What may differ between two of them.
#[derive(Clone, Debug)]
struct Made {
    target: String,
    agent: Option<String>,
    status: Option<u16>,
    user: Option<(Source, bool)>,
    known: bool,
    odd: [bool; 2],
    place: Option<u8>,
    client: [u8; 4],
    mapped: bool,
}

prop_compose! {
    fn made()(
        target in "(/[a-z]{0,4}){1,3}(\\?(token|q)=[a-z%0-9]{0,8})?",
        agent in prop::option::of("[a-z/0-9 ]{0,12}(password=[a-z]{3})?"),
        status in prop::option::of(100..600_u16),
        user in prop::option::of((
            prop::sample::select(vec![Source::Session, Source::Jwt, Source::Header, Source::Basic, Source::Login]),
            any::<bool>(),
        )),
        known in any::<bool>(),
        odd in any::<[bool; 2]>(),
        place in prop::option::of(0..3_u8),
        client in any::<[u8; 4]>(),
        mapped in any::<bool>(),
    ) -> Made {
        Made { target, agent, status, user, known, odd, place, client, mapped }
    }
}

fn anomalies(odd: bool) -> Vec<Anomaly> {
    odd.then(|| Anomaly { kind: "bad_chunk_size", detail: "password=abc".to_owned() }).into_iter().collect()
}

impl Made {
    fn request(&self) -> Request {
        let agent =
            self.agent.iter().map(|agent| Header { name: "User-Agent".into(), value: agent.clone().into() });
        let host = Header { name: "Host".into(), value: "shop.example".into() };
        Request {
            number: 0,
            method: Bytes::from("GET"),
            target: self.target.clone().into(),
            protocol: "HTTP/1.1".into(),
            version: 1,
            headers: agent.chain([host]).collect(),
            trailers: 0,
            body: Body::default(),
            anomalies: anomalies(self.odd[0]),
            started: 5_000_000_000,
            ended: 5_000_100_000,
        }
    }

    fn response(&self) -> Option<Response> {
        Some(Response {
            number: 0,
            status: self.status?,
            headers: Vec::new(),
            body: Body { wire_len: 512, ..Body::default() },
            anomalies: anomalies(self.odd[1]),
            started: 5_001_000_000,
            ended: 5_001_234_567,
        })
    }

    fn observed(&self) -> Observed {
        Observed {
            user: self.user.map(|(source, claimed)| User { id: "jo".into(), source, claimed }),
            session: self.known.then(|| Session { id: "5e55".into() }),
            business: Vec::new(),
            endpoint: self.known.then(|| "/a/{id}".into()),
        }
    }

    fn service(&self) -> Arc<ServiceRef> {
        let known = |text: &str| self.known.then(|| text.to_owned());
        Arc::new(ServiceRef {
            name: "shop".into(),
            port: 80,
            pid: self.known.then_some(812),
            exe: known("/usr/sbin/nginx"),
            cmdline: vec!["nginx".to_owned(), "-g".to_owned()],
            container_id: known("c0ffee"),
            pod_uid: known("p0d"),
            cgroup: known("/system.slice"),
        })
    }

    /// Shows the transaction.
    fn see(&self, see: impl FnOnce(&Plain<'_>)) {
        let wall: Timestamp = "2026-11-22T04:39:56.000000789Z".parse().unwrap();
        let clock = WallClock::new(wall, 1_000_000_000);
        let mut recorder = Recorder::new(Arc::default(), clock, EventIds::new(7));
        let (request, response, observed, service) =
            (self.request(), self.response(), self.observed(), self.service());
        let client: std::net::Ipv4Addr = self.client.into();
        let client = if self.mapped { client.to_ipv6_mapped().into() } else { client.into() };
        let transaction = Transaction {
            request: &request,
            response: response.as_ref(),
            unanswered: response.is_none().then_some("closed"),
            peer: SocketAddr::new(client, 40312),
            client_ip: client,
            service: &service,
            tls: None,
        };
        let chain = self.place.map(|hop| EventChain { id: "c0de".to_owned(), hop, ambiguous: false });
        let stamp = recorder.stamp(request.started);
        let finish = |event: &mut crate::event::Event| {
            event.policy = Some("strict".into());
            event.security_response.flag_ip = true;
        };
        see(&Plain::new(stamp, transaction, &observed, chain, &recorder, &finish));
    }
}

/// All values of a field, in words.
fn values(of: &impl Fields, field: &Field) -> Vec<String> {
    let mut values = Vec::new();
    of.each(field, &mut |value| values.push(format!("{value:?}")));
    values
}

proptest! {
    #[test]
    fn it_has_what_its_event_has(made in made()) {
        made.see(|plain| {
            let event = plain.event().clone();
            for field in EVENTS.rows.iter().flat_map(|row| EVENTS.find(row.name()).unwrap().fields) {
                assert_eq!(values(plain, &field), values(&event, &field), "{}", field.path());
            }
            for name in ["@a.b", "@_dd.appsec.fp.http.endpoint", "@usr.exists"] {
                for field in EVENTS.find(name).unwrap().fields {
                    assert_eq!(values(plain, &field), values(&event, &field), "{name}");
                }
            }
        });
    }
}

/// What the rules that everybody has ask of ordinary traffic is there without the event.
#[test]
fn the_default_rules_need_no_event() {
    let rules: Vec<_> = rules::builtin().unwrap().into_iter().map(Arc::new).collect();
    let mut detection = Detection::new(&rules, [7; 16]).unwrap();
    for status in [200, 301, 401, 403, 404, 500] {
        for (known, user) in [(false, None), (true, None), (true, Some((Source::Jwt, false)))] {
            let agent = Some("curl/8".to_owned());
            let (target, client) = ("/a/1?q=x".to_owned(), [192, 0, 2, 7]);
            let (odd, place, mapped) = ([false; 2], None, false);
            let made = Made { target, agent, status: Some(status), user, known, odd, place, client, mapped };
            made.see(|plain| {
                let mut changes = Vec::new();
                detection.observe(plain, 1_795_305_600_000_000_000, &mut changes);
                assert!(changes.is_empty() && !plain.is_made(), "{made:?}");
            });
        }
    }
}
