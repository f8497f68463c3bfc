//! event: transactions made into events and printed, on a thread of its own.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use jiff::Timestamp;

use super::{shared::Shared, transaction::Transaction};
use crate::{
    event::{self, Event, EventChain, EventIds, Finding, Recorder, Render, ServiceRef, WallClock},
    service::Service,
    time,
};

/// How often the two clocks are compared anew.
const CLOCK_EVERY: Duration = Duration::from_secs(10);

/// Prints transactions until told to stop by a `None`.
pub struct Printer<W: Write> {
    transactions: Receiver<Option<Transaction>>,
    shared: Arc<Shared>,
    recorder: Recorder,
    out: io::BufWriter<W>,
    style: Style,
    /// The last service and how events say it.
    service: Option<(Arc<Service>, Arc<ServiceRef>)>,
    closed: bool,
}

/// How events are printed.
pub enum Style {
    /// One JSON object a line.
    Json,
    /// For people.
    Human(Render),
}

impl<W: Write> Printer<W> {
    /// A printer that writes to `out`.
    pub fn new(
        transactions: Receiver<Option<Transaction>>,
        shared: Arc<Shared>,
        out: W,
        style: Style,
    ) -> Self {
        let redactor = Arc::clone(&shared.settings().redactor);
        let recorder = Recorder::new(redactor, read_clocks(), EventIds::new(random()));
        let out = io::BufWriter::with_capacity(64 * 1024, out);
        Self { transactions, shared, recorder, out, style, service: None, closed: false }
    }

    /// Works until told to stop.
    pub fn run(mut self) {
        let mut read = std::time::Instant::now();
        loop {
            let next = match self.transactions.try_recv() {
                Ok(transaction) => transaction,
                Err(_) => {
                    // Nothing waits: what was printed should be seen.
                    self.flush();
                    self.transactions.recv().unwrap_or(None)
                }
            };
            let Some(next) = next else { break };
            if read.elapsed() > CLOCK_EVERY {
                read = std::time::Instant::now();
                self.recorder.set_clock(read_clocks());
                self.recorder.redact_with(Arc::clone(&self.shared.settings().redactor));
            }
            self.print(&next);
        }
        self.flush();
    }

    fn print(&mut self, transaction: &Transaction) {
        let event = self.event(transaction);
        let line = match &self.style {
            Style::Json => event.json_line(),
            Style::Human(render) => render.event(&event),
        };
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        self.lost_if_failed(written);
    }

    fn flush(&mut self) {
        let flushed = self.out.flush();
        self.lost_if_failed(flushed);
    }

    /// A reader that went away does not stop the agent: it still watches and blocks.
    fn lost_if_failed(&mut self, result: io::Result<()>) {
        let Err(error) = result else { return };
        self.shared.counters.output_dropped.add(1);
        if !self.closed {
            self.closed = true;
            tracing::warn!(%error, "events can't be printed any more; watching and blocking go on");
        }
    }

    fn event(&mut self, transaction: &Transaction) -> Event {
        let service = self.service(&transaction.service);
        let peer = SocketAddr::new(transaction.peer.remote_ip(), transaction.peer.tuple.remote_port);
        let (response, unanswered) = match &transaction.response {
            Ok(response) => (Some(&**response), None),
            Err((reason, _)) => (None, Some(*reason)),
        };
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
        let told = event::Transaction {
            request: &transaction.request,
            response,
            unanswered,
            peer,
            client_ip: transaction.client_ip,
            service: &service,
            tls: transaction.tls.as_deref(),
        };
        let mut event = self.recorder.record(&told, &findings, transaction.blocked);
        let attributes = transaction.attributes.iter();
        event.attributes =
            self.recorder.attributes(attributes.map(|a| (a.name.as_str(), &a.value, a.location.as_deref())));
        event.chain = transaction.chain.map(|place| EventChain {
            id: format!("{:016x}", place.id),
            hop: place.hop,
            ambiguous: place.ambiguous,
        });
        event.would_block = transaction.verdict.would_block;
        event.score = transaction.verdict.score;
        event.policy.clone_from(&transaction.policy);
        event
    }

    fn service(&mut self, service: &Arc<Service>) -> Arc<ServiceRef> {
        if let Some((last, told)) = &self.service
            && Arc::ptr_eq(last, service)
        {
            return Arc::clone(told);
        }
        let told = Arc::new(told(service));
        self.service = Some((Arc::clone(service), Arc::clone(&told)));
        told
    }
}

fn told(service: &Service) -> ServiceRef {
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
