//! event: transactions made into events, on a thread of its own, which gives them to the desk and prints them.

use std::{
    io::Write,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    printer::Printer,
    queue::{Next, Queue},
    shared::Shared,
    transaction::Transaction,
};
use crate::{
    chain,
    event::{self, Event, EventChain, EventIds, Finding, Kind, Plain, Recorder, ServiceRef, WallClock},
    geo::{self, Lookup},
    service::Service,
    time,
};

/// How often the two clocks are compared anew.
const CLOCK_EVERY: Duration = Duration::from_secs(10);

/// How long nothing may come until it is looked whether there is anything to do.
const REST: Duration = Duration::from_secs(1);

/// Makes events of transactions until told to stop.
pub struct Events<W: Write> {
    transactions: Queue,
    shared: Arc<Shared>,
    recorder: Recorder,
    printer: Printer<W>,
    /// The last service and how events say it.
    service: Option<(Arc<Service>, Arc<ServiceRef>)>,
    /// Where clients are; none: no database is configured.
    geo: Option<Arc<Lookup>>,
    /// Also what is no event is printed.
    all: bool,
}

impl<W: Write> Events<W> {
    /// From this queue to the desk and to a printer.
    pub fn new(transactions: Queue, shared: Arc<Shared>, printer: Printer<W>) -> Self {
        let settings = shared.settings();
        let recorder = Recorder::new(Arc::clone(&settings.redactor), read_clocks(), EventIds::new(random()));
        Self {
            transactions,
            recorder,
            printer,
            service: None,
            geo: settings.geo.clone(),
            all: settings.all,
            shared,
        }
    }

    /// Works until told to stop.
    pub fn run(mut self) {
        let mut read = std::time::Instant::now();
        loop {
            let next = match self.transactions.try_next() {
                Next::Nothing => {
                    // Nothing waits: what was printed should be seen.
                    self.printer.flush();
                    self.transactions.next(REST)
                }
                next => next,
            };
            if read.elapsed() > CLOCK_EVERY {
                read = std::time::Instant::now();
                self.recorder.set_clock(read_clocks());
                let settings = self.shared.settings();
                self.recorder.redact_with(Arc::clone(&settings.redactor));
                self.geo.clone_from(&settings.geo);
                self.all = settings.all;
            }
            match next {
                Next::Transaction(transaction) => self.take(*transaction),
                Next::Plain(transactions) => {
                    transactions.iter().for_each(|transaction| self.take_plain(transaction));
                    self.transactions.give_back(transactions);
                }
                Next::Nothing => {}
                Next::Stop => break,
            }
        }
        self.printer.flush();
    }

    /// event, then detect, store and print.
    fn take(&mut self, mut transaction: Transaction) {
        let mut event = self.event(&mut transaction);
        self.shared.desk.mark(&mut event);
        let event = Arc::new(event);
        let signals = self.shared.desk.take(&event, transaction.origin);
        if event.kind == Kind::Event || self.all {
            self.printer.event(&event);
        }
        for change in &signals {
            self.printer.signal(change);
        }
    }

    /// detect: what is no event is made one only when somebody is to see it.
    fn take_plain(&mut self, transaction: &Transaction) {
        let service = self.service(&transaction.service);
        let told = told(transaction, &service);
        let stamp = self.recorder.stamp(told.request.started);
        let (desk, geo) = (&self.shared.desk, self.geo.as_deref());
        let finish = |event: &mut Event| {
            event.policy.clone_from(&transaction.policy);
            event.client_geo = place(geo, event.client_ip);
            desk.mark(event);
        };
        let chain = transaction.chain.map(chain);
        let plain = Plain::new(stamp, told, &transaction.observed, chain, &self.recorder, &finish);
        for change in &desk.take_plain(&plain, transaction.origin) {
            self.printer.signal(change);
        }
    }

    fn event(&mut self, transaction: &mut Transaction) -> Event {
        let service = self.service(&transaction.service);
        let findings: Vec<Finding<'_>> = transaction
            .matches
            .iter()
            .map(|m| Finding {
                rule: &m.rule.id,
                name: &m.rule.name,
                tags: &m.rule.tags,
                location: &m.location,
                key: m.key.as_deref(),
                value: &m.value,
            })
            .collect();
        let told = told(transaction, &service);
        let stamp = self.recorder.stamp(told.request.started);
        let mut event = self.recorder.record(stamp, &told, &findings, transaction.blocked);
        let attributes = transaction.attributes.iter();
        event.attributes =
            self.recorder.attributes(attributes.map(|a| (a.name.as_str(), &a.value, a.location.as_deref())));
        event.chain = transaction.chain.map(chain);
        event.would_block = transaction.verdict.would_block;
        event.score = transaction.verdict.score;
        event.policy.clone_from(&transaction.policy);
        event.client_geo = place(self.geo.as_deref(), event.client_ip);
        event.take_observed(std::mem::take(&mut transaction.observed));
        event
    }

    fn service(&mut self, service: &Arc<Service>) -> Arc<ServiceRef> {
        if let Some((last, told)) = &self.service
            && Arc::ptr_eq(last, service)
        {
            return Arc::clone(told);
        }
        let named = Arc::new(named(service));
        self.service = Some((Arc::clone(service), Arc::clone(&named)));
        named
    }
}

/// What the event stage is told of a transaction.
fn told<'t>(transaction: &'t Transaction, service: &'t Arc<ServiceRef>) -> event::Transaction<'t> {
    let (response, unanswered) = match &transaction.response {
        Ok(response) => (Some(&**response), None),
        Err((reason, _)) => (None, Some(*reason)),
    };
    event::Transaction {
        request: &transaction.request,
        response,
        unanswered,
        peer: SocketAddr::new(transaction.peer.remote_ip(), transaction.peer.tuple.remote_port),
        client_ip: transaction.client_ip,
        service,
        tls: transaction.tls.as_deref(),
    }
}

fn chain(place: chain::Place) -> EventChain {
    EventChain { id: format!("{:016x}", place.id), hop: place.hop, ambiguous: place.ambiguous }
}

fn place(geo: Option<&Lookup>, client: IpAddr) -> Option<Box<geo::Place>> {
    geo?.of(client).map(Box::new)
}

fn named(service: &Service) -> ServiceRef {
    ServiceRef {
        name: service.name.clone(),
        port: service.listen.port(),
        pid: service.pid,
        exe: service.exe.clone(),
        cmdline: service.cmdline.clone(),
        container_id: service.container_id.clone(),
        pod_uid: service.pod_uid.clone(),
        cgroup: (!service.cgroup.is_empty()).then(|| service.cgroup.clone()),
    }
}

fn read_clocks() -> WallClock {
    WallClock::new(Timestamp::now(), time::now())
}

/// A number no other agent has, for ids; from the kernel's random source (getrandom(2)).
pub(super) fn random() -> u64 {
    let mut bytes = [0; 8];
    match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()) {
        Ok(_) => u64::from_ne_bytes(bytes),
        Err(_) => time::now() ^ u64::from(std::process::id()) << 40,
    }
}
