//! Load in the background: clients that go on until they are told to stop, and count what fails.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};

use crate::client::{Connection, From, Request};
use crate::netns::Netns;
use crate::patience::wait_until;
use crate::workload::mark;

/// Clients in the background. Stopped when dropped.
pub struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Result<()>>>,
}

impl Load {
    /// Starts a client for each of the `sources`: each sends one GET after the other, a new connection
    /// after every `per_connection` of them, and expects 200.
    pub fn start(
        to: SocketAddr,
        netns: Option<Arc<Netns>>,
        sources: Vec<Option<SocketAddr>>,
        per_connection: usize,
    ) -> Self {
        Self::paced(to, netns, sources, per_connection, Duration::ZERO)
    }

    /// The same with a pause after each answer: for what the agent must not miss, with an agent built for debugging.
    pub fn paced(
        to: SocketAddr,
        netns: Option<Arc<Netns>>,
        sources: Vec<Option<SocketAddr>>,
        per_connection: usize,
        pause: Duration,
    ) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = sources
            .into_iter()
            .map(|source| {
                let (stop, done, netns) = (stop.clone(), done.clone(), netns.clone());
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let mut connection = Connection::open(to, From { netns: netns.as_deref(), source })?;
                        for _ in 0..per_connection {
                            let request = Request::new("GET", mark("load"));
                            let response = connection.exchange(&request)?;
                            if response.status != 200 {
                                bail!("{} was answered {}", request.path, response.status);
                            }
                            done.fetch_add(1, Ordering::Relaxed);
                            std::thread::sleep(pause);
                            if stop.load(Ordering::Relaxed) {
                                break;
                            }
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        Self { stop, done, clients }
    }

    /// Requests answered so far.
    pub fn answered(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Waits until so many more are answered; fails when a client has failed.
    pub fn wait_for_more(&self, count: usize) -> Result<()> {
        let target = self.answered() + count;
        let failed = || self.clients.iter().any(JoinHandle::is_finished);
        let waited = wait_until("requests under load to be answered", 20, || {
            (self.answered() >= target || failed()).then_some(())
        });
        if failed() { bail!("a client of the load has failed") } else { waited }
    }

    /// Stops; gives how many requests were answered. Fails when one of them failed.
    pub fn stop(mut self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.join().map_err(|_| anyhow!("a client of the load panicked"))??;
        }
        Ok(self.answered())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            let _ = client.join();
        }
    }
}
