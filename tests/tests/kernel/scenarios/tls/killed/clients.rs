//! Clients that go on until they are told to stop, each request checked.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::client::tls::patterns::Load;
use crate::client::tls::{Client, Manner, Pace, Secured};
use crate::ledger::Ledger;
use crate::patience::{factor, patient, wait_until};
use crate::servers::Server;

/// Requests on each of the others, which one client a service opens one after the other.
const FLEETING: usize = 8;
/// Between an answer and the next request of a client: what an agent built for debugging can follow.
const PAUSE: Duration = Duration::from_millis(50);
/// Seconds that no answer may take.
const SLOWEST: u64 = 5;

/// A connection that lives through everything.
pub struct Steady<'s> {
    /// The service.
    pub server: &'s Server,
    /// To it.
    pub connection: Secured,
}

/// What clients do, together.
pub struct Clients<'c> {
    client: &'c Client,
    stop: AtomicBool,
    failed: AtomicBool,
    answered: AtomicUsize,
}

/// What a client has done.
#[derive(Default)]
pub struct Done {
    /// Its requests.
    pub ledger: Ledger,
    /// The longest time to an answer.
    pub slowest: Duration,
}

impl Steady<'_> {
    /// The service's process, the client's port.
    pub fn name(&self) -> (u32, u16) {
        (self.server.service.pid, self.connection.local().port())
    }
}

impl<'c> Clients<'c> {
    /// None of them has begun.
    pub fn new(client: &'c Client) -> Self {
        Self {
            client,
            stop: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
        }
    }

    /// Tells all of them to stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Requests on one connection until it is told to stop.
    pub fn on_one(&self, steady: &mut Steady<'_>) -> Result<Done> {
        self.while_wanted(|done| self.exchange(steady.server, &mut steady.connection, done))
    }

    /// The same on one connection after the other.
    pub fn on_many(&self, server: &Server) -> Result<Done> {
        let mut opened = 0;
        self.while_wanted(|done| {
            opened += 1;
            let mut connection =
                self.client.connect(server, Manner { resume: true, ..Manner::nth(opened) })?;
            for _ in 0..FLEETING {
                self.exchange(server, &mut connection, done)?;
            }
            Ok(())
        })
    }

    fn while_wanted(&self, mut work: impl FnMut(&mut Done) -> Result<()>) -> Result<Done> {
        let mut done = Done::default();
        while !self.stop.load(Ordering::Relaxed) {
            work(&mut done).inspect_err(|_| self.failed.store(true, Ordering::Relaxed))?;
        }
        Ok(done)
    }

    /// A request, its answer, a pause.
    fn exchange(&self, server: &Server, connection: &mut Secured, done: &mut Done) -> Result<()> {
        let load = Load { server, client: self.client, requests: 1, pace: Pace::new(None) };
        let began = Instant::now();
        done.ledger.append(load.with(std::slice::from_mut(connection)).with_context(|| server.printed())?);
        done.slowest = done.slowest.max(began.elapsed());
        ensure!(done.slowest < patient(SLOWEST), "an answer took {:?}", done.slowest);
        self.answered.fetch_add(1, Ordering::Relaxed);
        thread::sleep(PAUSE * factor());
        Ok(())
    }

    /// Waits until so many more are answered; fails when a client has failed.
    pub fn wait_for_more(&self, count: usize) -> Result<()> {
        let answered = || self.answered.load(Ordering::Relaxed);
        let target = answered() + count;
        let failed = || self.failed.load(Ordering::Relaxed);
        wait_until("requests to be answered", 20, || (answered() >= target || failed()).then_some(()))?;
        ensure!(!failed(), "a client has failed");
        Ok(())
    }
}

impl Done {
    /// What all clients have done, once they are through.
    pub fn of_all(threads: Vec<ScopedJoinHandle<'_, Result<Self>>>) -> Result<Self> {
        let mut all = Self::default();
        for thread in threads {
            let one = thread.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            all.ledger.append(one.ledger);
            all.slowest = all.slowest.max(one.slowest);
        }
        Ok(all)
    }
}
