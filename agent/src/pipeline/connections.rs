//! The connections of one worker, within a number and an amount of memory.

use std::collections::{BTreeSet, VecDeque};

use lru::LruCache;
use picket_common::conn::Direction;

use super::connection::Connection;
use crate::{
    capture::{Segment, record::Peer},
    limits,
    time::Ktime,
};

/// Connections by socket cookie, the least recently used first to go.
pub struct Connections {
    table: LruCache<u64, Connection>,
    /// Connections that wait for bytes out of order.
    waiting: BTreeSet<u64>,
    /// Payload that came before its connection had a cookie.
    pending: VecDeque<Kept>,
    max_connections: usize,
    max_memory: usize,
    memory: usize,
}

impl Connections {
    /// An empty table for at most `max_connections` that hold at most `max_memory` bytes.
    #[must_use]
    pub fn new(max_connections: usize, max_memory: usize) -> Self {
        Self {
            table: LruCache::unbounded(),
            waiting: BTreeSet::new(),
            pending: VecDeque::new(),
            max_connections: max_connections.max(1),
            max_memory,
            memory: 0,
        }
    }

    /// The connection with this cookie, made by `make` when it is new.
    pub fn open(&mut self, cookie: u64, make: impl FnOnce() -> Connection) -> &mut Connection {
        self.table.get_or_insert_mut(cookie, make)
    }

    /// The connection with this cookie, without marking it as used.
    pub fn peek_mut(&mut self, cookie: u64) -> Option<&mut Connection> {
        self.table.peek_mut(&cookie)
    }

    /// Takes a connection out.
    pub fn take(&mut self, cookie: u64) -> Option<Connection> {
        let connection = self.table.pop(&cookie)?;
        Some(self.taken(cookie, connection))
    }

    /// Counts anew what a connection holds.
    pub fn settle(&mut self, cookie: u64) {
        let Some(connection) = self.table.peek_mut(&cookie) else { return };
        let now = connection.memory();
        self.memory = (self.memory + now).saturating_sub(connection.held);
        connection.held = now;
        if connection.waits() {
            self.waiting.insert(cookie);
        } else if !self.waiting.is_empty() {
            self.waiting.remove(&cookie);
        }
    }

    /// Cookies of the connections that wait for bytes out of order.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        self.waiting.iter().copied().collect()
    }

    /// The next connection to give up because the table holds too much.
    pub fn over(&mut self) -> Option<(Over, Connection)> {
        let why = if self.table.len() > self.max_connections {
            Over::Connections
        } else if self.memory > self.max_memory {
            Over::Memory
        } else {
            return None;
        };
        Some((why, self.any()?))
    }

    /// The next connection that nothing was heard of since `before`.
    pub fn idle(&mut self, before: Ktime) -> Option<Connection> {
        let (_, oldest) = self.table.peek_lru()?;
        if oldest.last_seen < before { self.any() } else { None }
    }

    /// The least recently used connection.
    pub fn any(&mut self) -> Option<Connection> {
        let (cookie, connection) = self.table.pop_lru()?;
        Some(self.taken(cookie, connection))
    }

    fn taken(&mut self, cookie: u64, connection: Connection) -> Connection {
        self.memory = self.memory.saturating_sub(connection.held);
        self.waiting.remove(&cookie);
        connection
    }

    /// Keeps payload until its connection has a cookie. False: the oldest had to go for it.
    pub fn keep(&mut self, peer: Peer, at: Ktime, segment: &Segment<'_>) -> bool {
        let full = self.pending.len() >= limits::MAX_PENDING;
        if full {
            self.pending.pop_front();
        }
        let data = segment.data.to_vec();
        let Segment { seq, wire_len, fin, tls, .. } = *segment;
        self.pending.push_back(Kept { peer, at, seq, wire_len, fin, tls, data });
        !full
    }

    /// Payload kept for the connection with this tuple and listener, in order.
    pub fn adopt(&mut self, peer: &Peer) -> VecDeque<Kept> {
        let (its, others) = self
            .pending
            .drain(..)
            .partition(|kept| kept.peer.listener == peer.listener && kept.peer.tuple == peer.tuple);
        self.pending = others;
        its
    }

    /// How many, and bytes they hold.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.table.len(), self.memory)
    }
}

/// Payload of a connection without cookie, owned.
pub struct Kept {
    peer: Peer,
    /// When it came.
    pub at: Ktime,
    seq: u32,
    wire_len: u32,
    fin: bool,
    tls: bool,
    data: Vec<u8>,
}

impl Kept {
    /// As it came.
    #[must_use]
    pub fn segment(&self) -> Segment<'_> {
        Segment {
            direction: Direction::Ingress,
            seq: self.seq,
            data: &self.data,
            wire_len: self.wire_len,
            known_start: true,
            hole: None,
            fin: self.fin,
            tls: self.tls,
        }
    }
}

/// Which cap was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Too many connections.
    Connections,
    /// Too many bytes.
    Memory,
}
