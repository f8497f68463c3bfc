//! Requests from processes of this host that wait until other workers have read what came before them.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::connection::Connection;
use crate::{http::Output, limits, time::Ktime};

/// What waits, of one worker. A host with one worker has none.
#[derive(Default)]
pub struct Parked {
    /// By when the request began, and connection: since when it waits.
    queue: BTreeMap<(Ktime, u64), Ktime>,
    /// Connections that have closed meanwhile.
    closed: HashMap<u64, Connection>,
}

impl Parked {
    /// Whether another may wait.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.queue.len() < limits::CHAIN_WAITING
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// A connection begins to wait with a request that began at `began`.
    pub fn push(&mut self, cookie: u64, began: Ktime, now: Ktime) {
        self.queue.insert((began, cookie), now);
    }

    /// The connection whose request began first: its cookie, its request's beginning, its wait's.
    #[must_use]
    pub fn first(&self) -> Option<(u64, Ktime, Ktime)> {
        self.queue.first_key_value().map(|(&(began, cookie), &since)| (cookie, began, since))
    }

    /// The [first](Self::first) need not wait longer.
    pub fn pop(&mut self) {
        self.queue.pop_first();
    }

    /// Keeps a connection that closed while it waited.
    pub fn close(&mut self, connection: Connection) {
        self.closed.insert(connection.peer.cookie, connection);
    }

    /// The connection, if it closed while it waited.
    #[must_use]
    pub fn take_closed(&mut self, cookie: u64) -> Option<Connection> {
        self.closed.remove(&cookie)
    }
}

/// Memory of what waits on a connection, bytes.
#[must_use]
pub fn memory(outputs: &VecDeque<Output>) -> usize {
    let of = |output: &Output| match output {
        Output::Request(request) => {
            request.target.len() + request.body.data.len() + request.headers.len() * 64
        }
        Output::Response(response) => response.body.data.len() + response.headers.len() * 64,
        _ => 0,
    };
    outputs.iter().map(|output| size_of::<Output>() + of(output)).sum()
}
