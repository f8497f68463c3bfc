//! The patterns in which a service gets its requests.

use std::thread;

use anyhow::{Result, anyhow, ensure};

use super::requests::Question;
use super::{Client, Cut, Manner, Pace, Secured, Version};
use crate::ledger::Ledger;
use crate::servers::Server;

/// Threads of a load with many connections.
const THREADS: usize = 4;
/// Connections of [`Pattern::Hundred`].
const CONCURRENT: usize = 100;
/// Requests on each connection of [`Pattern::KeepAlive`].
const KEPT_FOR: usize = 10;
/// Connections that are opened beforehand.
pub const OLDER: usize = 20;

/// A pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// All on one connection (TLS 1.3), one after the other.
    One,
    /// On a hundred connections with one request each in flight at the same time.
    Hundred,
    /// Connections with ten requests each, four at a time, that resume sessions of those before.
    KeepAlive,
    /// On connections that were opened, and used, beforehand.
    Older,
}

impl Pattern {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::One, Self::Hundred, Self::KeepAlive, Self::Older];

    /// What the table calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "one connection",
            Self::Hundred => "100 concurrent",
            Self::KeepAlive => "keep-alive",
            Self::Older => "older",
        }
    }
}

/// Load on one service.
pub struct Load<'l> {
    /// The service.
    pub server: &'l Server,
    /// Who sends.
    pub client: &'l Client,
    /// How many requests, in all.
    pub requests: usize,
    /// How fast.
    pub pace: Pace,
}

impl Load<'_> {
    /// Sends the requests in a pattern; gives them with their answers. Each was answered as it must be.
    pub fn run(&self, pattern: Pattern) -> Result<Ledger> {
        let ledger = match pattern {
            Pattern::One => self.one(),
            Pattern::Hundred => self.hundred(),
            Pattern::KeepAlive => self.keep_alive(),
            Pattern::Older => self.with(&mut self.open_older()?),
        }?;
        ensure!(ledger.len() == self.requests, "{} requests were sent, not {}", ledger.len(), self.requests);
        Ok(ledger)
    }

    /// Opens connections for [`Load::with`], with one request each, which is not entered.
    pub fn open_older(&self) -> Result<Vec<Secured>> {
        (0..OLDER)
            .map(|n| {
                let mut connection = self.client.connect(self.server, Manner::nth(n))?;
                self.exchange(&mut connection, &Question::small(), &mut Ledger::default())?;
                Ok(connection)
            })
            .collect()
    }

    /// Sends the requests on connections that are open, on one after the other.
    pub fn with(&self, open: &mut [Secured]) -> Result<Ledger> {
        let mut ledger = Ledger::default();
        let count = open.len().max(1);
        for n in 0..self.requests {
            if let Some(connection) = open.get_mut(n % count) {
                self.exchange(connection, &Question::next(), &mut ledger)?;
            }
        }
        Ok(ledger)
    }

    fn one(&self) -> Result<Ledger> {
        let manner = Manner { version: Version::V13, resume: false, cut: Cut::No, v6: false };
        self.with(&mut [self.client.connect(self.server, manner)?])
    }

    fn hundred(&self) -> Result<Ledger> {
        let connections = CONCURRENT.min(self.requests);
        self.in_threads(|thread| {
            let open = share(connections, thread);
            let mut open: Vec<Secured> = (0..open)
                .map(|n| self.client.connect(self.server, Manner::nth(n * THREADS + thread)))
                .collect::<Result<_>>()?;
            let mut ledger = Ledger::default();
            let mut left = share(self.requests, thread);
            while left > 0 {
                let mut asked = Vec::new();
                for connection in open.iter_mut().take(left) {
                    self.pace.keep();
                    let question = Question::next();
                    question.ask(connection)?;
                    asked.push((question, connection));
                }
                left -= asked.len();
                for (question, connection) in asked {
                    question.heed(self.server, connection, &mut ledger)?;
                }
            }
            Ok(ledger)
        })
    }

    fn keep_alive(&self) -> Result<Ledger> {
        self.in_threads(|thread| {
            let mut ledger = Ledger::default();
            let mut left = share(self.requests, thread);
            for n in 0.. {
                if left == 0 {
                    break;
                }
                let manner = Manner { resume: true, ..Manner::nth(n) };
                let mut connection = self.client.connect(self.server, manner)?;
                for _ in 0..left.min(KEPT_FOR) {
                    self.exchange(&mut connection, &Question::next(), &mut ledger)?;
                    left -= 1;
                }
                // Half of all clients end as the book says, the others just close.
                if n % 2 == 0 {
                    connection.stream_mut().finish()?;
                }
            }
            Ok(ledger)
        })
    }

    fn exchange(&self, connection: &mut Secured, question: &Question, ledger: &mut Ledger) -> Result<()> {
        self.pace.keep();
        question.ask(connection)?;
        question.heed(self.server, connection, ledger)
    }

    fn in_threads(&self, work: impl Fn(usize) -> Result<Ledger> + Sync) -> Result<Ledger> {
        let mut ledger = Ledger::default();
        thread::scope(|scope| -> Result<()> {
            let work = &work;
            let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || work(n))).collect();
            for thread in threads {
                ledger.append(thread.join().map_err(|_| anyhow!("a client thread panicked"))??);
            }
            Ok(())
        })?;
        Ok(ledger)
    }
}

/// What falls to one thread of all.
fn share(count: usize, thread: usize) -> usize {
    count / THREADS + usize::from(thread < count % THREADS)
}
