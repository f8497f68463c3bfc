//! rules, event, respond: what a worker does with requests and responses.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::{Arc, Mutex, Weak},
};

use bytes::Bytes;
use jiff::Timestamp;
use smallvec::SmallVec;

use super::{
    chains::Part,
    connection::{Bound, Connection, Judged, Told},
    known::lock,
    settings::Settings,
    shared::Shared,
    sight,
    transaction::Transaction,
};
use crate::{
    capture::record::Peer,
    chain::{Hop, Link},
    http::{Output, Request, Response},
    limits,
    rules::{
        policy::{Mode, Policy, Rules},
        program::{
            collections::Collections,
            judge::Saved,
            run::{Facts, Scratch},
        },
    },
    service::Service,
    time::Ktime,
    tls::hello::TlsFacts,
    user::{self, Observed, Observer},
};

/// One worker's judgement.
pub struct Judge {
    shared: Arc<Shared>,
    /// Who did it: this worker's part.
    observer: Arc<Mutex<Observer>>,
    settings: Arc<Settings>,
    scratches: Scratches,
    /// Transactions that are no event, until enough of them are there or the worker rests.
    plain: Vec<Transaction>,
    /// Transactions that are over, but of which others may come that a worker is still to read.
    late: VecDeque<(Ktime, Arc<Hop>, Transaction)>,
}

/// What judging needs, one for each of the compiled rules that are in use: changing between rules would make it anew
/// each time.
struct Scratches {
    by_rules: BTreeMap<u64, Scratch>,
    /// What rules keep for later transactions, for all workers.
    collections: Arc<Collections>,
}

impl Judge {
    /// Judges by the settings in force.
    #[must_use]
    pub fn new(shared: Arc<Shared>, observer: Arc<Mutex<Observer>>) -> Self {
        let scratches = Scratches { by_rules: BTreeMap::new(), collections: Arc::clone(&shared.collections) };
        Self {
            settings: shared.settings(),
            shared,
            observer,
            scratches,
            plain: Vec::new(),
            late: VecDeque::new(),
        }
    }

    /// Takes over settings that were reloaded.
    pub fn refresh(&mut self) {
        if self.shared.generation() == self.settings.generation {
            return;
        }
        let before = std::mem::replace(&mut self.settings, self.shared.settings());
        // What was learned stays where nothing about users was changed.
        if !Arc::ptr_eq(&before.users, &self.settings.users) {
            lock(&self.observer).use_settings(Arc::clone(&self.settings.users));
        }
        // Responses to requests that the rules before have judged are still to come.
        let used: Vec<u64> = [&before, &self.settings]
            .iter()
            .flat_map(|s| s.policies.rules())
            .map(|rules| rules.id())
            .collect();
        self.scratches.by_rules.retain(|rules, _| used.contains(rules));
    }

    /// The settings in force for this worker.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes what the http stage found on a connection.
    pub fn output(&mut self, connection: &mut Connection, output: Output) {
        match output {
            Output::Request(request) => self.request(connection, request),
            Output::Response(response) => self.response(connection, response),
            Output::Unanswered { number, at, reason } => {
                if let Some(judged) = take(connection, number) {
                    self.finish(connection, judged, Err((reason, at)));
                }
            }
            Output::Ignore { reason } => sight::ignored(&self.shared, connection, reason),
            Output::Skip { .. } => {}
        }
    }

    /// Ends what still waits on a connection that is not followed any longer.
    pub fn abandon(&mut self, connection: &mut Connection, now: Ktime, reason: &'static str) {
        while let Some(judged) = connection.open.pop_front() {
            self.finish(connection, judged, Err((reason, now)));
        }
    }

    /// A request is judged when it is complete, not when it is answered: a block must not wait.
    fn request(&mut self, connection: &mut Connection, request: Box<Request>) {
        let shared = &self.shared;
        shared.counters.requests.add(1);
        if !request.anomalies.is_empty() {
            shared.counters.malformed.add(1);
        }
        let peer_ip = connection.peer.remote_ip();
        let peer = connection.peer;
        let Self { shared, settings, scratches, .. } = self;
        let link = if shared.chains.is_inner(connection, &shared.services) {
            shared.chains.link(connection.peer.client, &request, &shared.services, &shared.counters)
        } else {
            None
        };
        let tls = tls_facts(connection);
        let worker = connection.tls.as_deref().and_then(|tls| tls.pid);
        let (service, policy) = whose(shared, settings, connection);
        service.note_request(request.ended);
        // What stands at the other end of the first connection counts, not what headers say.
        let (client_ip, origin) = match &link {
            Some(link) => (link.client, link.origin),
            None => (settings.client_ip.resolve(peer_ip, request.head_fields()), peer_ip),
        };
        let who = (client_ip, peer_ip);
        let hop = shared.chains.open(service, worker, &request, who, link.as_ref(), &shared.counters);
        let mut judged = Judged {
            matches: Vec::new(),
            attributes: Vec::new(),
            verdict: Told::default(),
            saved: None,
            policy: policy.and_then(|policy| policy.name.clone()),
            client_ip,
            origin,
            blocked: false,
            part: None,
            request,
        };
        match policy {
            Some(policy) if policy.mode != Mode::Off => {
                let scratch = scratches.of(policy.rules());
                scratch.serve(&service.name);
                let facts = facts(&peer, client_ip, tls);
                let (said, saved) = policy.judge_request(&judged.request, &facts, scratch);
                judged.verdict = Told::of(&said);
                judged.matches = said.matches();
                judged.saved = saved.map(|saved| (saved, Arc::downgrade(policy)));
                if !judged.matches.is_empty() {
                    judged.attributes = policy.attributes(&said, &judged.request, &facts);
                    shared.counters.events.add(1);
                    service.note_event();
                    // What CRS only takes note of is no attack yet.
                    let attack = !said.in_app.is_empty() || judged.verdict.would_block;
                    if attack && policy.mode == Mode::Block {
                        let at = judged.request.ended;
                        // One attack, on however many hops it is seen.
                        if link.as_ref().is_none_or(Link::count_attack) {
                            judged.blocked = shared.attack(origin, client_ip, at, &judged.matches);
                        }
                        if let Some(hop) = &hop {
                            hop.set_counted();
                        }
                    }
                }
            }
            _ => shared.counters.not_judged.add(1),
        }
        if link.is_some() || hop.is_some() {
            judged.part = Some(Box::new(Part { link, hop }));
        }
        connection.open.push_back(judged);
    }

    fn response(&mut self, connection: &mut Connection, response: Box<Response>) {
        self.shared.counters.responses.add(1);
        if let Some(judged) = take(connection, response.number) {
            self.finish(connection, judged, Ok(response));
        }
    }

    /// event: hands the transaction over to be printed, if it is worth it.
    fn finish(
        &mut self,
        connection: &mut Connection,
        mut judged: Judged,
        response: Result<Box<Response>, (&'static str, Ktime)>,
    ) {
        if response.is_err() {
            self.shared.counters.unanswered.add(1);
        }
        if let Some(hop) = judged.part.as_ref().and_then(|part| part.hop.as_ref()) {
            hop.finish(response.as_ref().map_or_else(|(_, at)| *at, |response| response.ended));
        }
        if let Some((saved, policy)) = judged.saved.take() {
            self.judge_response(connection, &mut judged, *saved, &policy, response.as_deref().ok());
        }
        let service = Arc::clone(service_of(&self.shared, &connection.peer, &mut connection.service));
        if let Ok(response) = &response {
            let took = response.ended.saturating_sub(judged.request.started) / 1000;
            service.note_response(response.status, took);
        }
        let observed = self.observe(&service, connection, &judged, response.as_deref().ok());
        let part = judged.part.take();
        let mut transaction = Transaction {
            service,
            peer: connection.peer,
            client_ip: judged.client_ip,
            tls: tls_facts(connection),
            chain: part.as_ref().and_then(|part| part.place()),
            request: judged.request,
            response,
            policy: judged.policy,
            matches: judged.matches,
            attributes: judged.attributes,
            verdict: judged.verdict,
            origin: judged.origin,
            observed,
            blocked: judged.blocked,
        };
        if transaction.is_plain() && !self.settings.all {
            if let Some(hop) = part.and_then(|part| part.hop) {
                transaction.chain = transaction.chain.or_else(|| hop.place());
            }
            self.tell_plain(transaction);
            return;
        }
        if let Some(hop) = part.and_then(|part| part.hop)
            && transaction.chain.is_none()
        {
            if self.shared.chains.all_have_told(transaction.ended()) {
                // Another worker may have linked one to it since it was looked at.
                transaction.chain = hop.place();
            } else if self.late.len() < limits::CHAIN_TOLD_LATER {
                self.late.push_back((transaction.ended(), hop, transaction));
                return;
            } else {
                self.shared.counters.chains_hurried.add(1);
            }
        }
        self.tell(transaction);
    }

    /// Tells transactions that waited for other workers to read what may come from them; or all of them.
    pub fn tell_late(&mut self, now: Ktime, all: bool) {
        while let Some((ended, ..)) = self.late.front() {
            if !all && !self.shared.chains.all_have_told(*ended) {
                if now < ended.saturating_add(limits::CHAIN_TOLD_WITHIN) {
                    return;
                }
                self.shared.counters.chains_hurried.add(1);
            }
            let Some((_, hop, mut transaction)) = self.late.pop_front() else { return };
            transaction.chain = hop.place();
            self.tell(transaction);
        }
    }

    /// Whether transactions wait.
    #[must_use]
    pub fn is_late(&self) -> bool {
        !self.late.is_empty()
    }

    /// user: who did it, and what it was for the business.
    fn observe(
        &self,
        service: &Service,
        connection: &Connection,
        judged: &Judged,
        response: Option<&Response>,
    ) -> Observed {
        let mut attacks: SmallVec<[&str; 4]> =
            judged.matches.iter().filter_map(|m| m.rule.tags.get("type").map(String::as_str)).collect();
        attacks.sort_unstable();
        attacks.dedup();
        let transaction = user::Transaction {
            request: &judged.request,
            response,
            service: &service.name,
            port: service.listen.port(),
            trusted: self.settings.client_ip.trusts(connection.peer.remote_ip()),
            attacks: &attacks,
        };
        lock(&self.observer).observe(&transaction, Timestamp::now())
    }

    fn tell(&self, transaction: Transaction) {
        if !self.shared.events.send(transaction) {
            self.shared.counters.output_dropped.add(1);
        }
    }

    /// Detection rules count what is no event, too; but not in front of events.
    fn tell_plain(&mut self, mut transaction: Transaction) {
        if self.shared.events.waiting() >= limits::PLAIN_QUEUE {
            self.shared.counters.plain_skipped.add(1);
            return;
        }
        // Nothing looks at them any more, and many may wait.
        transaction.request.body.data = Bytes::new();
        if let Ok(response) = &mut transaction.response {
            response.body.data = Bytes::new();
            response.headers = Vec::new();
        }
        if self.plain.capacity() == 0 {
            self.plain = self.shared.events.room();
        }
        self.plain.push(transaction);
        if self.plain.len() >= limits::PLAIN_TOGETHER {
            self.hand_over();
        }
    }

    /// Hands over what was gathered: the worker rests, or enough is there.
    pub fn hand_over(&mut self) {
        let transactions = std::mem::take(&mut self.plain);
        let count = transactions.len() as u64;
        if !self.shared.events.send_plain(transactions) {
            self.shared.counters.plain_skipped.add(count);
        }
    }
}

impl Judge {
    /// Judges a response by the policy that judged its request.
    fn judge_response(
        &mut self,
        connection: &mut Connection,
        judged: &mut Judged,
        saved: Saved,
        policy: &Weak<Policy>,
        response: Option<&Response>,
    ) {
        let Some(policy) = policy.upgrade() else {
            self.shared.counters.rules_replaced.add(u64::from(response.is_some()));
            return;
        };
        let scratch = self.scratches.of(policy.rules());
        let Some(said) = policy.judge_response(&judged.request, saved, response, scratch) else { return };
        let none = judged.matches.is_empty();
        judged.matches = said.matches();
        judged.verdict = Told::of(&said);
        if !judged.matches.is_empty() {
            let tls = tls_facts(connection);
            let facts = facts(&connection.peer, judged.client_ip, tls);
            judged.attributes = policy.attributes(&said, &judged.request, &facts);
        }
        if none && !judged.matches.is_empty() {
            self.shared.counters.events.add(1);
            service_of(&self.shared, &connection.peer, &mut connection.service).note_event();
        }
    }
}

impl Scratches {
    fn of(&mut self, rules: &Rules) -> &mut Scratch {
        let make = || Scratch::sharing(Arc::clone(&self.collections));
        self.by_rules.entry(rules.id()).or_insert_with(make)
    }
}

/// What is known of the connection's TLS; of one that is older than the agent, nothing but that there is one.
fn tls_facts(connection: &mut Connection) -> Option<Arc<TlsFacts>> {
    connection.tls.as_deref_mut().map(|tls| Arc::clone(tls.facts.get_or_insert_default()))
}

/// Who talks to whom.
fn facts(peer: &Peer, client: IpAddr, tls: Option<Arc<TlsFacts>>) -> Facts {
    Facts {
        client,
        client_port: peer.tuple.remote_port,
        server: peer.local_ip(),
        server_port: peer.tuple.local_port,
        time: jiff::Timestamp::now().as_second(),
        peer: peer.remote_ip(),
        tls,
    }
}

/// Whose connection it is. A service that was not found is asked for again: its process may just have
/// been starting.
pub fn service_of<'c>(
    shared: &Shared,
    peer: &Peer,
    service: &'c mut Option<Arc<Service>>,
) -> &'c Arc<Service> {
    let known = service.take().filter(|service| service.is_known());
    service.insert(known.unwrap_or_else(|| shared.services.resolve(peer)))
}

/// Whose connection it is, and that service's policy: looked up once for the connection, and again when the settings
/// or what is known of the service have changed.
fn whose<'c, 's>(
    shared: &Shared,
    settings: &'s Settings,
    connection: &'c mut Connection,
) -> (&'c Arc<Service>, Option<&'s Arc<Policy>>) {
    let Connection { peer, service, policy, .. } = connection;
    let known = service.as_ref().is_some_and(|service| service.is_known());
    let service = service_of(shared, peer, service);
    let bound = policy.filter(|bound| known && bound.generation == settings.generation);
    let at = bound.map_or_else(|| settings.policies.place(service), |bound| bound.at);
    *policy = Some(Bound { generation: settings.generation, at });
    (service, settings.policies.at(at))
}

/// The request with this number, out of those that wait for their response.
fn take(connection: &mut Connection, number: u64) -> Option<Judged> {
    let at = connection.open.iter().position(|judged| judged.request.number == number)?;
    connection.open.remove(at)
}
