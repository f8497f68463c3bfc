//! From a judged transaction to an event: names, redacts and cuts.
#![forbid(unsafe_code)]

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    sync::Arc,
};

use bytes::Bytes;
use jiff::Timestamp;
use lru::LruCache;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Event, EventAnomaly, EventIds, EventMatch, EventTls, Kind, Redactor, ServiceRef, WallClock,
    redact::{self, Known},
    target,
};
use crate::{
    http::{Anomaly, Header, Request, Response},
    limits,
    time::Ktime,
    tls::hello::TlsFacts,
};

/// A request, what came of it, and who was involved.
#[derive(Clone, Debug)]
pub struct Transaction<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its response, if one was seen.
    pub response: Option<&'a Response>,
    /// Why none was seen, or will be.
    pub unanswered: Option<&'a str>,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// The client, as [`ClientIp`](crate::client_ip::ClientIp) resolved it.
    pub client_ip: IpAddr,
    /// Who was asked.
    pub service: &'a Arc<ServiceRef>,
    /// The connection's TLS.
    pub tls: Option<&'a TlsFacts>,
}

/// A match as the rules stage reports it; nothing is redacted yet.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its tags.
    pub tags: &'a BTreeMap<String, String>,
    /// Where: `query.id`, `headers.user-agent`, `path`…
    pub location: &'a str,
    /// The name the value stands under: parameter, header, cookie or field; `None` for the request
    /// target, query, path or body as a whole.
    pub key: Option<&'a str>,
    /// The matched piece, after the rule's transformers.
    pub value: &'a str,
}

/// What the recorder counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecorderStats {
    /// Objects of kind `event` made.
    pub events: u64,
    /// Objects of kind `transaction` made.
    pub transactions: u64,
    /// Text fields cut at [`limits::EVENT_FIELD`].
    pub fields_cut: u64,
    /// Matches and anomalies beyond [`limits::EVENT_MATCHES`] and [`limits::EVENT_ANOMALIES`].
    pub left_out: u64,
}

/// Which event it is, and when: known before the event is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its id.
    pub id: Uuid,
    /// When the first byte of the request was seen.
    pub time: Timestamp,
}

/// Makes events of transactions, one per worker.
#[derive(Clone, Debug)]
pub struct Recorder {
    redactor: Arc<Redactor>,
    clock: WallClock,
    ids: EventIds,
    stats: Cell<RecorderStats>,
    /// User agents as they were sent, and as they are shown: there are few.
    agents: RefCell<LruCache<Bytes, Arc<str>>>,
}

/// User agents that are remembered, and how long they may be, bytes.
const AGENTS: NonZeroUsize = NonZeroUsize::new(256).expect("not 0");
const AGENT: usize = 512;

impl Recorder {
    /// With the process's redactor, a reading of the clocks and the worker's source of ids.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>, clock: WallClock, ids: EventIds) -> Self {
        let agents = RefCell::new(LruCache::new(AGENTS));
        Self { redactor, clock, ids, stats: Cell::default(), agents }
    }

    /// After a reload of the configuration.
    pub fn redact_with(&mut self, redactor: Arc<Redactor>) {
        if !Arc::ptr_eq(&self.redactor, &redactor) {
            self.agents.get_mut().clear();
        }
        self.redactor = redactor;
    }

    /// A new reading of the clocks.
    pub fn set_clock(&mut self, clock: WallClock) {
        self.clock = clock;
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> RecorderStats {
        self.stats.get()
    }

    fn tally(&self, count: impl FnOnce(&mut RecorderStats)) {
        let mut stats = self.stats.get();
        count(&mut stats);
        self.stats.set(stats);
    }

    /// The next event's, whose request began then.
    pub fn stamp(&mut self, started: Ktime) -> Stamp {
        let time = self.clock.at(started);
        Stamp { id: self.ids.next(time), time }
    }

    /// The event of a transaction; of kind [`Kind::Transaction`] without findings.
    pub fn record(
        &self,
        stamp: Stamp,
        transaction: &Transaction<'_>,
        findings: &[Finding<'_>],
        blocked: bool,
    ) -> Event {
        let Transaction { request, response, unanswered, peer, client_ip, service, tls } = *transaction;
        let text = String::from_utf8_lossy(&request.target);
        let target = target::split(&request.method, &text);
        let anomalies = || request.anomalies.iter().chain(response.iter().flat_map(|r| &r.anomalies));
        let left_out = findings.len().saturating_sub(limits::EVENT_MATCHES)
            + anomalies().count().saturating_sub(limits::EVENT_ANOMALIES);
        let kind = if findings.is_empty() { Kind::Transaction } else { Kind::Event };
        self.tally(|stats| {
            stats.left_out += left_out as u64;
            match kind {
                Kind::Event => stats.events += 1,
                Kind::Transaction => stats.transactions += 1,
            }
        });
        Event {
            kind,
            id: stamp.id,
            time: stamp.time,
            service: service.clone(),
            client_ip: client_ip.to_canonical(),
            client_geo: None,
            peer_ip: peer.ip().to_canonical(),
            peer_port: peer.port(),
            chain: None,
            tls: tls.map(|facts| Box::new(self.tls(facts, request.version))),
            method: self.text(&String::from_utf8_lossy(&request.method)),
            host: self.host(&request.headers, target.authority),
            path: self.text(target.path),
            query: target.query.map(|query| self.text(query)),
            status: response.map(|response| response.status),
            response_bytes: response.map(|response| response.body.wire_len),
            user_agent: self.user_agent(request).map(|agent| (*agent).to_owned()),
            user: None,
            session: None,
            business: Vec::new(),
            endpoint: None,
            policy: None,
            matches: self.matches(request, findings),
            attributes: serde_json::Map::new(),
            blocked,
            security_response: super::SecurityResponse::default(),
            would_block: false,
            score: None,
            duration_us: response.map(|response| response.ended.saturating_sub(request.started) / 1000),
            unanswered: unanswered.map(str::to_owned),
            truncated: request.body.cut,
            anomalies: anomalies()
                .take(limits::EVENT_ANOMALIES)
                .map(|anomaly| self.anomaly(anomaly))
                .collect(),
            left_out,
        }
    }

    /// The path of a request's target, as events show it.
    pub(super) fn path(&self, request: &Request) -> String {
        self.text(target::split(&request.method, &String::from_utf8_lossy(&request.target)).path)
    }

    /// Its `User-Agent`, as events show it.
    pub(super) fn user_agent(&self, request: &Request) -> Option<Arc<str>> {
        let sent = request.header("user-agent")?;
        let show = || Arc::from(self.text(&String::from_utf8_lossy(sent)));
        let Ok(mut agents) = self.agents.try_borrow_mut() else { return Some(show()) };
        if let Some(known) = agents.get(&**sent) {
            return Some(Arc::clone(known));
        }
        let shown: Arc<str> = show();
        if sent.len() <= AGENT {
            // A copy: what was sent may be a piece of something longer.
            agents.put(Bytes::copy_from_slice(sent), Arc::clone(&shown));
        }
        Some(shown)
    }

    fn matches(&self, request: &Request, findings: &[Finding<'_>]) -> Vec<EventMatch> {
        if findings.is_empty() {
            return Vec::new();
        }
        let redactor = &self.redactor;
        // Only values matched in the target or body as a whole are compared with it.
        let whole = findings.iter().any(|finding| finding.key.is_none());
        let known = if whole { redactor.known(request) } else { Known::default() };
        let mut matches = Vec::with_capacity(findings.len().min(limits::EVENT_MATCHES));
        for finding in findings.iter().take(limits::EVENT_MATCHES) {
            let value = redactor.matched(finding.location, finding.key, finding.value, &known);
            matches.push(EventMatch {
                rule: finding.rule.to_owned(),
                name: finding.name.to_owned(),
                tags: finding.tags.clone(),
                location: self.text(finding.location),
                value: self.cut(value.into()),
            });
        }
        matches
    }

    /// What rules and processors wrote, by name; a value taken from the transaction stands at its location.
    pub fn attributes<'a>(
        &self,
        attributes: impl Iterator<Item = (&'a str, &'a Value, Option<&'a str>)>,
    ) -> Map<String, Value> {
        attributes.map(|(name, value, location)| (name.to_owned(), self.attribute(value, location))).collect()
    }

    fn attribute(&self, value: &Value, location: Option<&str>) -> Value {
        match value {
            Value::String(text) => {
                let redactor = &self.redactor;
                let shown = match location {
                    Some(location) => {
                        let key = location.rsplit('.').next();
                        redactor.matched(location, key, text, &Known::default()).into()
                    }
                    None => redactor.text(text),
                };
                self.cut(shown).into()
            }
            Value::Array(items) => items.iter().map(|item| self.attribute(item, location)).collect(),
            Value::Object(entries) => {
                let entry = |(name, value): (&String, &Value)| {
                    let value = if self.redactor.is_credential(name) && value.is_string() {
                        redact::REDACTED.into()
                    } else {
                        self.attribute(value, location)
                    };
                    (name.clone(), value)
                };
                entries.iter().map(entry).collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    /// Without userinfo: who is asked does not depend on it.
    fn host(&self, headers: &[Header], authority: Option<&str>) -> Option<String> {
        let field = headers.iter().find(|h| h.name.eq_ignore_ascii_case(b"host"));
        let host: Cow<'_, str> = match (authority, field) {
            // The absolute form wins over the header (RFC 9112 section 3.2.2).
            (Some(authority), _) => authority.into(),
            (None, Some(field)) => String::from_utf8_lossy(&field.value),
            (None, None) => return None,
        };
        Some(match host.rsplit_once('@') {
            Some((_, host)) => self.text(&format!("{}@{host}", redact::REDACTED)),
            None => self.text(&host),
        })
    }

    /// Names of hosts and protocols are what the client wrote.
    fn tls(&self, facts: &TlsFacts, minor: u8) -> EventTls {
        let alpn = facts.alpn_spoken(minor).map(|name| self.text(name));
        let offered = facts.alpn_offered.iter().filter(|_| alpn.is_none());
        EventTls {
            library: facts.library.as_deref().map(str::to_owned),
            version: facts.version.map(|version| version.to_string()),
            cipher: facts.cipher.map(|cipher| cipher.to_string()),
            sni: facts.sni.as_deref().map(|name| self.text(name)),
            alpn_offered: offered.map(|name| self.text(name)).collect(),
            alpn,
            ja4: facts.ja4.map(|ja4| ja4.to_string()),
        }
    }

    fn anomaly(&self, anomaly: &Anomaly) -> EventAnomaly {
        EventAnomaly { kind: anomaly.kind.to_owned(), detail: self.text(&anomaly.detail) }
    }

    /// A shown text: redacted first, cut then, so that a cut can't hide what makes a credential one.
    fn text(&self, text: &str) -> String {
        self.cut(self.redactor.text(text))
    }

    fn cut(&self, text: Cow<'_, str>) -> String {
        if text.len() <= limits::EVENT_FIELD {
            return text.into_owned();
        }
        self.tally(|stats| stats.fields_cut += 1);
        let room = limits::EVENT_FIELD - '…'.len_utf8();
        let end = (0..=room).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let mut cut = text.get(..end).unwrap_or_default().to_owned();
        cut.push('…');
        cut
    }
}
