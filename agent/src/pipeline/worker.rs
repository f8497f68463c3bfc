//! A worker: one ring buffer, its connections, and every stage up to the event.
//!
//! Workers share nothing per connection: the tap chooses the ring by the connection's addresses.

use std::{
    collections::VecDeque,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    connection::Connection,
    connections::{Connections, Over},
    judge::Judge,
    libraries,
    parked::Parked,
    shared::Shared,
    sight::{self, Ended},
};
use crate::{
    capture::{Origin, Record, Segment, record::Peer},
    http::Output,
    limits,
    probe::rings::Ring,
    stream::StreamStats,
    time::{self, Ktime},
    user::Observer,
};

/// Entries read from the ring before settings are looked at again.
const BATCH: usize = 1024;
/// How long a worker leaves the ring alone once it has read it empty: entries gather, and one wake-up
/// serves many. Small beside the 5 ms a block may take.
const PAUSE: Duration = Duration::from_micros(300);
/// The same under load.
const PAUSE_BUSY: Duration = Duration::from_millis(1);
/// So many entries in a look at the ring are load: the next look comes by itself, not because an entry
/// woke the worker.
const BUSY: usize = 16;
/// Time between two looks at what is overdue, nanoseconds.
const TICK: Ktime = time::SECOND / 4;

/// How much later than its time a record may come into the ring, nanoseconds: its CPU was interrupted.
const DISORDER: Ktime = time::SECOND / 1000;
/// Time for what is in the ring when the worker is told to stop, nanoseconds.
const LAST_WORDS: Ktime = time::SECOND / 2;

/// Reads one ring until told to stop.
pub struct Worker {
    index: usize,
    ring: Ring,
    stop: Arc<OwnedFd>,
    flow: Flow,
}

/// Everything behind the ring.
struct Flow {
    shared: Arc<Shared>,
    connections: Connections,
    stream: StreamStats,
    outputs: Vec<Output>,
    judge: Judge,
    view: Arc<Mutex<View>>,
    index: usize,
    parked: Parked,
    /// When the latest record was written.
    latest: Ktime,
    /// Of that, what others were told last.
    told: Ktime,
    /// TLS connections that ended, and of which nothing was seen so far.
    ended: Ended,
}

/// What others may see of a worker; renewed at every tick.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// Counters of the stream stage.
    pub stream: StreamStats,
    /// Connections in the table.
    pub connections: usize,
    /// Bytes they hold.
    pub memory: usize,
}

impl Worker {
    /// The worker with this number, for `ring`, that stops when `stop` can be read.
    #[must_use]
    pub fn new(
        index: usize,
        ring: Ring,
        shared: Arc<Shared>,
        stop: Arc<OwnedFd>,
        view: Arc<Mutex<View>>,
        observer: Arc<Mutex<Observer>>,
    ) -> Self {
        let caps = shared.caps;
        let flow = Flow {
            connections: Connections::new(caps.connections, caps.memory),
            stream: StreamStats::default(),
            outputs: Vec::new(),
            judge: Judge::new(Arc::clone(&shared), observer),
            view,
            shared,
            index,
            parked: Parked::default(),
            latest: 0,
            told: 0,
            ended: Ended::default(),
        };
        Self { index, ring, stop, flow }
    }

    /// Works until stopped.
    pub fn run(mut self) {
        let Self { index, ring, stop, flow } = &mut self;
        let mut ticked = time::now();
        while !flow.shared.stopping() {
            flow.judge.refresh();
            let before = time::now();
            let count = ring.drain(BATCH, |entry| flow.record(entry));
            flow.has_read(before, count < BATCH && ring.is_read());
            if count >= BUSY {
                ring.poll_from_now_on(true);
                if count < BATCH {
                    std::thread::sleep(PAUSE_BUSY);
                }
            } else if ring.is_polled() {
                // What comes from now on wakes the worker; what came just before is there already.
                ring.poll_from_now_on(false);
            } else if count > 0 {
                std::thread::sleep(PAUSE);
            } else {
                flow.judge.hand_over();
                flow.publish();
                // Nothing there: sleep until there is something, then let a few gather.
                let longest = if flow.is_ahead() { PAUSE_BUSY } else { Duration::from_nanos(TICK) };
                flow.shared.chains.progress.sleeps(*index, true);
                let nudge = flow.shared.chains.nudged(*index);
                let woken = ring.wait([stop.as_fd()].into_iter().chain(nudge), longest);
                flow.shared.chains.awake(*index);
                if woken {
                    std::thread::sleep(PAUSE);
                }
            }
            let now = time::now();
            if now.saturating_sub(ticked) >= TICK {
                ticked = now;
                flow.judge.hand_over();
                flow.tick(now);
            }
        }
        // What is in the ring now. Traffic goes on while the tap is attached, so there is an end to it.
        let end = time::now() + LAST_WORDS;
        while ring.drain(BATCH, |entry| flow.record(entry)) > 0 && time::now() < end {}
        flow.finish(time::now());
    }
}

impl Flow {
    /// capture: an entry of the ring is a record.
    fn record(&mut self, entry: &[u8]) {
        let record = Record::decode(entry);
        if let Ok(Record::Data(_, at, _) | Record::Plain(_, at, ..)) = &record {
            self.latest = self.latest.max(*at);
            if self.latest > self.told.saturating_add(DISORDER) {
                // A long batch: others need not wait until its end.
                self.told = self.latest;
                self.has_read(self.latest, false);
            }
        }
        match record {
            Ok(Record::Data(peer, at, segment)) if segment.tls => self.handshake(peer, at, &segment),
            Ok(Record::Data(peer, at, segment)) => self.segment(peer, at, &segment),
            Ok(Record::Plain(peer, at, segment, origin)) => {
                self.plaintext(peer, at, &segment, origin);
                self.segment(peer, at, &segment);
            }
            Ok(Record::Pending(peer, at, segment)) => {
                if !self.connections.keep(peer, at, &segment) {
                    self.shared.counters.pending_dropped.add(1);
                }
            }
            Ok(Record::Adopt(peer, _)) => {
                for kept in self.connections.adopt(&peer) {
                    let segment = kept.segment();
                    if segment.tls {
                        self.handshake(peer, kept.at, &segment);
                    } else {
                        self.segment(peer, kept.at, &segment);
                    }
                }
            }
            Ok(Record::Close(peer, at)) => {
                if let Some(mut connection) = self.connections.take(peer.cookie) {
                    self.ended.end(&self.shared, &mut connection, at);
                    self.close(connection, at);
                }
            }
            Err(error) => {
                self.shared.counters.bad_records.add(1);
                tracing::debug!(%error, "ring entry refused");
            }
        }
    }

    /// stream and tls: what a handshake says in the clear.
    fn handshake(&mut self, peer: Peer, at: Ktime, segment: &Segment<'_>) {
        let connection = open(&mut self.connections, &self.shared, &self.judge, peer, at, segment);
        connection.handshake(segment, at, &mut self.stream);
        sight::established(&self.shared, connection);
        self.settle(peer.cookie, at);
    }

    /// The connection speaks TLS, and its library says what.
    fn plaintext(&mut self, peer: Peer, at: Ktime, segment: &Segment<'_>, origin: Origin) {
        let http = self.judge.settings().http;
        let connection = open(&mut self.connections, &self.shared, &self.judge, peer, at, segment);
        let before = connection.tls.as_deref().and_then(|tls| tls.pid);
        let first = origin.fresh && before.is_none();
        connection.plaintext(origin, http, segment.known_start);
        if before != Some(origin.pid)
            && let Some(library) = origin.library
            && let Some(name) = libraries::name(&self.shared.libraries, origin.pid, library)
            && let Some(tls) = &mut connection.tls
        {
            tls.set_library(&name);
        }
        if first {
            self.ended.seen(&self.shared, connection);
        }
    }

    /// stream and http: payload of a connection becomes requests and responses, which are judged.
    fn segment(&mut self, peer: Peer, at: Ktime, segment: &Segment<'_>) {
        let connection = open(&mut self.connections, &self.shared, &self.judge, peer, at, segment);
        let advice = connection.segment(segment, at, &mut self.stream, &mut self.outputs);
        if let Some(advice) = advice {
            connection.advised = true;
            if let Err(error) = self.shared.advice.say(peer.cookie, advice) {
                self.shared.counters.advice_failed.add(1);
                tracing::debug!(%error, "the tap did not take advice");
            }
        }
        for output in self.outputs.drain(..) {
            if let Some(output) = waits(&self.shared, self.index, &mut self.parked, connection, output, at) {
                self.judge.output(connection, output);
            }
        }
        self.settle(peer.cookie, at);
    }

    /// Everything that the kernel wrote before a time is read: all of it when the ring was `empty` after, else up to
    /// about the latest record. Requests that wait elsewhere for this may go on; those that wait here may, too.
    fn has_read(&mut self, before: Ktime, empty: bool) {
        if !self.shared.chains.progress.is_shared() {
            return;
        }
        self.release(false);
        self.judge.tell_late(before, false);
        let read = (if empty { before } else { self.latest }).saturating_sub(DISORDER);
        // What waits here has not got to the next stage.
        let read = self.parked.first().map_or(read, |(_, began, _)| read.min(began.saturating_sub(1)));
        self.shared.chains.progress.read(self.index, read);
    }

    /// Whether it waits for other workers.
    fn is_ahead(&self) -> bool {
        !self.parked.is_empty() || self.judge.is_late()
    }

    /// Lets requests go on for which all is read that came before them, or that waited too long; or all of them.
    fn release(&mut self, all: bool) {
        while let Some((cookie, began, since)) = self.parked.first() {
            if !all && !self.shared.chains.all_have_read(self.index, began) {
                if time::now() < since.saturating_add(limits::CHAIN_WAIT) {
                    return;
                }
                self.shared.counters.chains_hurried.add(1);
            }
            self.parked.pop();
            if let Some(mut connection) = self.parked.take_closed(cookie) {
                for output in connection.parked.take().into_iter().flatten() {
                    self.judge.output(&mut connection, output);
                }
                self.forget(connection, since);
            } else if let Some(connection) = self.connections.peek_mut(cookie) {
                let mut first = true;
                for output in connection.parked.take().into_iter().flatten() {
                    let output = match output {
                        // The next request on it has a beginning of its own.
                        output if first || all => Some(output),
                        output => {
                            waits(&self.shared, self.index, &mut self.parked, connection, output, since)
                        }
                    };
                    first = false;
                    if let Some(output) = output {
                        self.judge.output(connection, output);
                    }
                }
                self.connections.settle(cookie);
            }
        }
    }

    /// Counts what a connection holds now, and gives up others where that is too much.
    fn settle(&mut self, cookie: u64, at: Ktime) {
        self.connections.settle(cookie);
        while let Some((over, connection)) = self.connections.over() {
            match over {
                Over::Connections => self.shared.counters.evicted_table_full.add(1),
                Over::Memory => self.shared.counters.evicted_memory_full.add(1),
            }
            self.close(connection, at);
        }
    }

    /// The connection is not followed any longer: what waits for an answer goes without.
    fn close(&mut self, mut connection: Connection, now: Ktime) {
        connection.close(now, &mut self.stream, &mut self.outputs);
        for output in self.outputs.drain(..) {
            if let Some(output) =
                waits(&self.shared, self.index, &mut self.parked, &mut connection, output, now)
            {
                self.judge.output(&mut connection, output);
            }
        }
        if connection.parked.is_some() {
            self.parked.close(connection);
        } else {
            self.forget(connection, now);
        }
    }

    fn forget(&mut self, mut connection: Connection, now: Ktime) {
        self.judge.abandon(&mut connection, now, "closed");
        if connection.advised {
            self.shared.advice.forget(connection.peer.cookie);
        }
    }

    /// Gives up what is overdue: holes, and connections nothing was heard of.
    fn tick(&mut self, now: Ktime) {
        let cookies = self.connections.waiting();
        for cookie in cookies {
            let Some(connection) = self.connections.peek_mut(cookie) else { continue };
            connection.expire(now, &mut self.stream, &mut self.outputs);
            for output in self.outputs.drain(..) {
                if let Some(output) =
                    waits(&self.shared, self.index, &mut self.parked, connection, output, now)
                {
                    self.judge.output(connection, output);
                }
            }
            self.connections.settle(cookie);
        }
        while let Some(mut connection) = self.connections.idle(now.saturating_sub(limits::CONNECTION_IDLE)) {
            self.shared.counters.expired_idle.add(1);
            self.ended.end(&self.shared, &mut connection, now);
            self.close(connection, now);
        }
        self.shared.chains.sweep(now);
        self.ended.count(&self.shared.counters, now);
        self.publish();
    }

    fn publish(&self) {
        let (connections, memory) = self.connections.size();
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        *view = View { stream: self.stream, connections, memory };
    }

    fn finish(&mut self, now: Ktime) {
        self.release(true);
        // The other workers come to their ends on their own.
        self.shared.chains.progress.read(self.index, Ktime::MAX);
        while let Some(connection) = self.connections.any() {
            self.close(connection, now);
        }
        self.release(true);
        self.judge.tell_late(now, true);
        self.judge.hand_over();
        self.publish();
    }
}

/// The connection that a record is about.
fn open<'c>(
    connections: &'c mut Connections,
    shared: &Shared,
    judge: &Judge,
    peer: Peer,
    at: Ktime,
    segment: &Segment<'_>,
) -> &'c mut Connection {
    let connection = connections.open(peer.cookie, || {
        shared.counters.connections.add(1);
        Connection::new(peer, judge.settings().http, segment.known_start, at)
    });
    connection.last_seen = at;
    if connection.peer.client == 0 {
        connection.peer.client = peer.client;
    }
    connection
}

/// Keeps what a connection says until all workers have read what came before it, if that matters: it is a request of a
/// process of this host, or comes behind one. Else it is given back.
fn waits(
    shared: &Shared,
    me: usize,
    parked: &mut Parked,
    connection: &mut Connection,
    output: Output,
    now: Ktime,
) -> Option<Output> {
    if let Some(before) = &mut connection.parked {
        before.push_back(output);
        return None;
    }
    let Output::Request(request) = &output else { return Some(output) };
    if !shared.chains.progress.is_shared() || !shared.chains.is_inner(connection, &shared.services) {
        return Some(output);
    }
    if parked.is_empty() && shared.chains.all_have_read(me, request.started) {
        return Some(output);
    }
    if !parked.has_room() {
        shared.counters.chains_hurried.add(1);
        return Some(output);
    }
    parked.push(connection.peer.cookie, request.started, now);
    connection.parked = Some(VecDeque::from([output]));
    None
}
